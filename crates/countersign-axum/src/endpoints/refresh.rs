//! `POST /api/token/refresh/`: a refresh token for a new access token and, with rotation, its own successor.

use axum::response::Response;
use countersign::authority::Refresh;

use crate::body::fields::Fields;
use crate::exchange::{Access, Answers, Field, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// The refresh token to use.
pub(crate) struct RefreshToken(String);

impl Viewed for RefreshToken {
    const VIEW: &'static View = &View {
        name: "Token Refresh",
        description: "Takes a refresh token and returns a new access token.",
        method: Answers::ToPost,
        fields: &[
            Field {
                name: "refresh",
                label: "Refresh",
                access: Access::Submitted,
            },
            Field {
                name: "access",
                label: "Access",
                access: Access::Answered,
            },
        ],
    };
}

impl Submission for RefreshToken {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.text("refresh"))
    }
}

/// Refreshes. An answer that only repeats an earlier one says so in a header.
pub(crate) async fn refresh(posted: Posted<RefreshToken>) -> Response {
    let Posted {
        exchange,
        sender,
        form,
    } = posted;
    let RefreshToken(token) = form;
    exchange.answer(
        match exchange.authority().refresh(&token, &sender.client()).await {
            Ok(Refresh::Issued(tokens)) => simplejwt::refreshed(&tokens),
            Ok(Refresh::Refused(refusal)) => simplejwt::token_refused(&refusal),
            Err(error) => failure::answer(&error),
        },
    )
}
