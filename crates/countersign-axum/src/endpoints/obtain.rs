//! `POST /api/token/`: a password for two tokens.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::response::Response;
use countersign::authority::SignIn;
use countersign::password::PlainPassword;
use countersign::policy::LoginName;

use crate::api::Api;
use crate::body::fields::Fields;
use crate::exchange::{Access, Answers, Field, View, Viewed};
use crate::failure;
use crate::posted::{Posted, Submission};
use crate::wire::simplejwt;

/// How a body calls what somebody signs in with: as the account's field is called.
pub(crate) trait LoginField: Send + Sync + 'static {
    /// The fields of a sign-in, this one first.
    const CREDENTIALS: &'static [Field; 2];
}

/// People sign in with their user name; in bodies of `token-views` that is what an address is called, too.
pub(crate) struct Username;

/// People sign in with their e-mail address.
pub(crate) struct Email;

impl LoginField for Username {
    const CREDENTIALS: &'static [Field; 2] = &[submitted("username", "Username"), PASSWORD];
}

impl LoginField for Email {
    const CREDENTIALS: &'static [Field; 2] = &[submitted("email", "Email"), PASSWORD];
}

const PASSWORD: Field = submitted("password", "Password");

const fn submitted(name: &'static str, label: &'static str) -> Field {
    Field {
        name,
        label,
        access: Access::Submitted,
    }
}

/// What somebody signs in with.
pub(crate) struct Login<F> {
    pub(super) name: String,
    pub(super) password: PlainPassword,
    field: PhantomData<F>,
}

impl<F: LoginField> Viewed for Login<F> {
    const VIEW: &'static View = &View {
        name: "Token Obtain Pair",
        description: "Takes a name and a password and returns an access and a refresh token.",
        method: Answers::ToPost,
        fields: F::CREDENTIALS,
    };
}

impl<F: LoginField> Submission for Login<F> {
    fn read(fields: &mut Fields<'_>) -> Self {
        let [name, password] = F::CREDENTIALS;
        Self {
            name: fields.text(name.name),
            password: PlainPassword::new(fields.text(password.name)),
            field: PhantomData,
        }
    }
}

/// Signs in with what the settings say that people sign in with.
pub(crate) async fn obtain(State(api): State<Arc<Api>>, request: Request) -> Response {
    match api.authority.policy().accounts.login {
        LoginName::Username => obtain_by::<Username>.call(request, api).await,
        LoginName::Email => obtain_by::<Email>.call(request, api).await,
    }
}

/// Signs in. Unknown name, wrong password and inactive account get the same answer.
pub(crate) async fn obtain_by<F: LoginField>(posted: Posted<Login<F>>) -> Response {
    let Posted {
        exchange,
        sender,
        form,
    } = posted;
    let signed_in = exchange
        .authority()
        .login(&form.name, form.password, &sender.client())
        .await;
    exchange.answer(match signed_in {
        Ok(SignIn::Opened(pair)) => simplejwt::pair(&pair),
        Ok(SignIn::Refused) => simplejwt::sign_in_refused(),
        Ok(SignIn::Throttled { retry_after }) => simplejwt::throttled(retry_after),
        Err(error) => failure::answer(&error),
    })
}
