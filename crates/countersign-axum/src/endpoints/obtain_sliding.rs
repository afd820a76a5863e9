//! `POST /api/token/sliding/`: a password for one token that renews itself.

use axum::response::Response;
use countersign::authority::SignIn;

use super::obtain::{CREDENTIALS, Login};
use crate::body::fields::Fields;
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// A name and a password, for a sliding token.
pub(crate) struct SlidingLogin(Login);

impl Viewed for SlidingLogin {
    const VIEW: &'static View = &View {
        name: "Token Obtain Sliding",
        description: "Takes a name and a password and returns a sliding token.",
        method: Answers::ToPost,
        fields: CREDENTIALS,
    };
}

impl Submission for SlidingLogin {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(Login::read(fields))
    }
}

/// Signs in, and refuses as the endpoint for pairs does.
pub(crate) async fn obtain(posted: Posted<SlidingLogin>) -> Response {
    let Posted {
        exchange,
        sender,
        form: SlidingLogin(Login { username, password }),
    } = posted;
    let signed_in = exchange
        .authority()
        .login_sliding(&username, password, &sender.client())
        .await;
    exchange.answer(match signed_in {
        Ok(SignIn::Opened(token)) => simplejwt::sliding(&token),
        Ok(SignIn::Refused) => simplejwt::sign_in_refused(),
        Err(error) => failure::answer(&error),
    })
}
