//! `POST /api/token/blacklist/`: a client gives its refresh token back.

use axum::response::Response;
use countersign::authority::Blacklisted;

use crate::body::fields::Fields;
use crate::exchange::{Access, Answers, Field, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// The refresh token that is given back.
pub(crate) struct ReturnedToken(String);

impl Viewed for ReturnedToken {
    const VIEW: &'static View = &View {
        name: "Token Blacklist",
        description: "Takes a refresh token, which is refused from then on.",
        method: Answers::ToPost,
        fields: &[Field {
            name: "refresh",
            label: "Refresh",
            access: Access::Submitted,
        }],
    };
}

impl Submission for ReturnedToken {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(fields.text("refresh"))
    }
}

/// Blacklists. Where there is no blacklist there is no endpoint either: never a false success.
pub(crate) async fn blacklist(posted: Posted<ReturnedToken>) -> Response {
    let Posted {
        exchange,
        sender,
        form,
    } = posted;
    let ReturnedToken(token) = form;
    exchange.answer(
        match exchange
            .authority()
            .blacklist(&token, &sender.client())
            .await
        {
            Ok(Blacklisted::Done) => simplejwt::done(),
            Ok(Blacklisted::Refused(refusal)) => simplejwt::token_refused(&refusal),
            Ok(Blacklisted::NotOffered) => simplejwt::not_found(),
            Err(error) => failure::answer(&error),
        },
    )
}
