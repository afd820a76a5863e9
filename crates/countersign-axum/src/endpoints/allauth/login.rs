//! `POST login/`: an e-mail address and a password for two tokens.

use axum::response::Response;
use countersign::authority::SignIn;
use countersign::policy::LoginName;

use crate::body::fields::Fields;
use crate::endpoints::obtain::{Email, Login, LoginField as _};
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::{allauth, simplejwt};

/// An address and a password.
pub(crate) struct AddressLogin(Login<Email>);

impl Viewed for AddressLogin {
    const VIEW: &'static View = &View {
        name: "Login",
        description: "Takes an e-mail address and a password and returns an access and a refresh token.",
        method: Answers::ToPost,
        fields: Email::CREDENTIALS,
    };
}

impl Submission for AddressLogin {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(Login::read(fields))
    }
}

/// Signs in by address, whatever people sign in with elsewhere. Unknown address, wrong password and inactive account
/// get the same answer.
pub(crate) async fn login(posted: Posted<AddressLogin>) -> Response {
    let Posted {
        exchange,
        sender,
        form: AddressLogin(form),
    } = posted;
    let client = sender.client();
    let signed_in = exchange
        .authority()
        .login_by(LoginName::Email, &form.name, form.password, &client)
        .await;
    exchange.answer(match signed_in {
        Ok(SignIn::Opened(pair)) => allauth::pair(&pair),
        Ok(SignIn::Refused) => allauth::sign_in_refused(),
        Ok(SignIn::Throttled { retry_after }) => simplejwt::throttled(retry_after),
        Err(error) => failure::answer(&error),
    })
}
