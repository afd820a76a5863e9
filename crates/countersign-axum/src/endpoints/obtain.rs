//! `POST /api/token/`: a password for two tokens.

use axum::response::Response;
use countersign::authority::SignIn;
use countersign::password::PlainPassword;

use crate::body::fields::Fields;
use crate::exchange::{Access, Answers, Field, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// A name and a password.
pub(crate) struct Login {
    pub(super) username: String,
    pub(super) password: PlainPassword,
}

/// The fields of every sign-in.
pub(super) const CREDENTIALS: &[Field] = &[
    Field {
        name: "username",
        label: "Username",
        access: Access::Submitted,
    },
    Field {
        name: "password",
        label: "Password",
        access: Access::Submitted,
    },
];

impl Viewed for Login {
    const VIEW: &'static View = &View {
        name: "Token Obtain Pair",
        description: "Takes a name and a password and returns an access and a refresh token.",
        method: Answers::ToPost,
        fields: CREDENTIALS,
    };
}

impl Submission for Login {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            username: fields.text("username"),
            password: PlainPassword::new(fields.text("password")),
        }
    }
}

/// Signs in. Unknown name, wrong password and inactive account get the same answer.
pub(crate) async fn obtain(posted: Posted<Login>) -> Response {
    let Posted {
        exchange,
        sender,
        form,
    } = posted;
    let signed_in = exchange
        .authority()
        .login(&form.username, form.password, &sender.client())
        .await;
    exchange.answer(match signed_in {
        Ok(SignIn::Opened(pair)) => simplejwt::pair(&pair),
        Ok(SignIn::Refused) => simplejwt::sign_in_refused(),
        Err(error) => failure::answer(&error),
    })
}
