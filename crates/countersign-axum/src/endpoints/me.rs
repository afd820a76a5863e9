//! `GET /api/me/`: whose token is this?

use axum::response::Response;

use crate::exchange::{Answers, View, Viewed};
use crate::signed_in::SignedIn;
use crate::wire::simplejwt;

/// The endpoint.
pub(crate) struct Me;

impl Viewed for Me {
    const VIEW: &'static View = &View {
        name: "Me",
        description: "Tells the holder of an access token who they are.",
        method: Answers::ToGet,
        fields: &[],
    };
}

/// Shows the account behind the token.
pub(crate) async fn me(signed_in: SignedIn<Me>) -> Response {
    let SignedIn {
        exchange,
        identified,
        ..
    } = signed_in;
    exchange.answer(simplejwt::account(&identified.account))
}
