//! `POST logout-all/`: signs out everywhere, here as well.

use axum::response::Response;

use crate::client::Sender;
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::signed_in::SignedIn;
use crate::wire::allauth;

/// The endpoint. It looks at no body.
pub(crate) struct Everywhere;

impl Viewed for Everywhere {
    const VIEW: &'static View = &View {
        name: "Logout All",
        description: "Ends all sessions of the account.",
        method: Answers::ToPost,
        fields: &[],
    };
}

/// Ends all sessions of the account.
pub(crate) async fn logout_all(sender: Sender, signed_in: SignedIn<Everywhere>) -> Response {
    let SignedIn {
        exchange,
        identified,
        ..
    } = signed_in;
    let client = sender.client();
    let ended = exchange
        .authority()
        .sessions_of_owner(&identified, &client)
        .end_all()
        .await;
    exchange.answer(match ended {
        Ok(_) => allauth::logged_out_everywhere(),
        Err(error) => failure::answer(&error),
    })
}
