//! `POST logout/`: signs out, with an access token in the header and a refresh token of the same account in the body.

use axum::response::Response;

use super::REFRESH;
use crate::body::fields::Fields;
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::posted::Submission;
use crate::signed_post::SignedPost;
use crate::wire::allauth;

/// The refresh token that is given back.
pub(crate) struct GivenBack(String);

impl Viewed for GivenBack {
    const VIEW: &'static View = &View {
        name: "Logout",
        description: "Takes a refresh token and ends its session.",
        method: Answers::ToPost,
        fields: &[REFRESH],
    };
}

impl Submission for GivenBack {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.text(REFRESH.name))
    }
}

/// Signs out.
pub(crate) async fn logout(posted: SignedPost<GivenBack>) -> Response {
    let SignedPost {
        exchange,
        sender,
        identified,
        form: GivenBack(token),
    } = posted;
    let owner = Some(identified.account.id);
    let outcome = exchange
        .authority()
        .logout(&token, owner, &sender.client())
        .await;
    exchange.answer(match outcome {
        Ok(outcome) => allauth::logged_out(&outcome),
        Err(error) => failure::answer(&error),
    })
}
