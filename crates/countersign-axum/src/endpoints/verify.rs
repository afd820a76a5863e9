//! `POST /api/token/verify/`: is this token good, whatever its kind?

use axum::response::Response;
use countersign::authority::Verification;

use crate::body::fields::Fields;
use crate::exchange::{Access, Answers, Field, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// The token in question.
pub(crate) struct AnyToken(String);

impl Viewed for AnyToken {
    const VIEW: &'static View = &View {
        name: "Token Verify",
        description: "Takes a token and says whether it is valid, not what it is good for.",
        method: Answers::ToPost,
        fields: &[Field {
            name: "token",
            label: "Token",
            access: Access::Submitted,
        }],
    };
}

impl Submission for AnyToken {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.text("token"))
    }
}

/// Verifies.
pub(crate) async fn verify(posted: Posted<AnyToken>) -> Response {
    let Posted { exchange, form, .. } = posted;
    let AnyToken(token) = form;
    exchange.answer(match exchange.authority().verify_token(&token).await {
        Ok(Verification::Valid) => simplejwt::done(),
        Ok(Verification::Refused(refusal)) => simplejwt::verification_refused(&refusal),
        Ok(Verification::Spent(refusal)) => {
            simplejwt::verification_of_spent(refusal, exchange.api().bodies())
        }
        Err(error) => failure::answer(&error),
    })
}
