//! `POST refresh/`: a refresh token for a new access token and its own successor.

use axum::response::Response;
use countersign::authority::Refresh;

use super::REFRESH;
use crate::body::fields::Fields;
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::{allauth, simplejwt};

/// The refresh token to use.
pub(crate) struct RefreshToken(String);

impl Viewed for RefreshToken {
    const VIEW: &'static View = &View {
        name: "Token Refresh",
        description: "Takes a refresh token and returns a new access token and the next refresh token.",
        method: Answers::ToPost,
        fields: &[REFRESH],
    };
}

impl Submission for RefreshToken {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.text(REFRESH.name))
    }
}

/// Refreshes. An answer that only repeats an earlier one says so in a header.
pub(crate) async fn refresh(posted: Posted<RefreshToken>) -> Response {
    let Posted {
        exchange,
        sender,
        form: RefreshToken(token),
    } = posted;
    let refreshed = exchange.authority().refresh(&token, &sender.client()).await;
    exchange.answer(match refreshed {
        Ok(Refresh::Issued(tokens)) => simplejwt::refreshed(&tokens),
        Ok(Refresh::Refused(refusal)) => allauth::token_refused(&refusal),
        Err(error) => failure::answer(&error),
    })
}
