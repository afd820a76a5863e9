//! `POST /api/token/sliding/`: a password for one token that renews itself.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::response::Response;
use countersign::authority::SignIn;
use countersign::policy::LoginName;

use super::obtain::{Email, Login, LoginField, Username};
use crate::api::Api;
use crate::body::fields::Fields;
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// A name and a password, for a sliding token.
pub(crate) struct SlidingLogin<F>(Login<F>);

impl<F: LoginField> Viewed for SlidingLogin<F> {
    const VIEW: &'static View = &View {
        name: "Token Obtain Sliding",
        description: "Takes a name and a password and returns a sliding token.",
        method: Answers::ToPost,
        fields: F::CREDENTIALS,
    };
}

impl<F: LoginField> Submission for SlidingLogin<F> {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self(Login::read(fields))
    }
}

/// Signs in with what the settings say that people sign in with.
pub(crate) async fn obtain(State(api): State<Arc<Api>>, request: Request) -> Response {
    match api.authority.policy().accounts.login {
        LoginName::Username => obtain_by::<Username>.call(request, api).await,
        LoginName::Email => obtain_by::<Email>.call(request, api).await,
    }
}

/// Signs in, and refuses as the endpoint for pairs does.
async fn obtain_by<F: LoginField>(posted: Posted<SlidingLogin<F>>) -> Response {
    let Posted {
        exchange,
        sender,
        form: SlidingLogin(form),
    } = posted;
    let signed_in = exchange
        .authority()
        .login_sliding(&form.name, form.password, &sender.client())
        .await;
    exchange.answer(match signed_in {
        Ok(SignIn::Opened(token)) => simplejwt::sliding(&token),
        Ok(SignIn::Refused) => simplejwt::sign_in_refused(),
        Ok(SignIn::Throttled { retry_after }) => simplejwt::throttled(retry_after),
        Err(error) => failure::answer(&error),
    })
}
