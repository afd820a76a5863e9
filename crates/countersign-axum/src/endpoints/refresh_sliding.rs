//! `POST /api/token/sliding/refresh/`: the same sliding token for a while longer.

use axum::response::Response;
use countersign::authority::Refresh;

use crate::body::fields::Fields;
use crate::exchange::{Access, Answers, Field, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// The sliding token to refresh.
pub(crate) struct SlidingToken(String);

impl Viewed for SlidingToken {
    const VIEW: &'static View = &View {
        name: "Token Refresh Sliding",
        description: "Takes a sliding token and returns it with a new expiry while its window is open.",
        method: Answers::ToPost,
        fields: &[Field {
            name: "token",
            label: "Token",
            access: Access::Submitted,
        }],
    };
}

impl Submission for SlidingToken {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.text("token"))
    }
}

/// Refreshes. The token that was sent stays good until its own expiry.
pub(crate) async fn refresh(posted: Posted<SlidingToken>) -> Response {
    let Posted {
        exchange,
        sender,
        form: SlidingToken(token),
    } = posted;
    let refreshed = exchange
        .authority()
        .refresh_sliding(&token, &sender.client())
        .await;
    exchange.answer(match refreshed {
        Ok(Refresh::Issued(token)) => simplejwt::sliding(&token),
        Ok(Refresh::Refused(refusal)) => simplejwt::token_refused(&refusal),
        Err(error) => failure::answer(&error),
    })
}
