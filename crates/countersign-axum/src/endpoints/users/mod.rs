//! `/api/users/`: accounts, for whoever may administer them. One file per operation.

mod create;
mod delete;
mod end_sessions;
mod list;
mod set;
mod set_password;
mod show;

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::routing::{MethodRouter, get, post};
use countersign::account::AccountId;
use countersign::authority::NewPassword;
use countersign::password::{EncodedPassword, PlainPassword, UnfitEncoding};

use crate::api::Api;
use crate::body::members::{MemberFault, Members};
use crate::problem::{self, Problem};

/// `/api/users/`
pub(crate) fn collection() -> MethodRouter<Arc<Api>> {
    get(list::list)
        .post(create::create)
        .fallback(problem::method_not_allowed)
}

/// `/api/users/{id}/`
pub(crate) fn member() -> MethodRouter<Arc<Api>> {
    get(show::show)
        .patch(set::set)
        .delete(delete::delete)
        .fallback(problem::method_not_allowed)
}

/// `/api/users/{id}/set-password/`
pub(crate) fn password() -> MethodRouter<Arc<Api>> {
    post(set_password::set_password).fallback(problem::method_not_allowed)
}

/// `/api/users/{id}/end-sessions/`
pub(crate) fn sessions() -> MethodRouter<Arc<Api>> {
    post(end_sessions::end_sessions).fallback(problem::method_not_allowed)
}

/// The account that a path names: a number from 1 on, in its one spelling. Anything else is no account.
struct NamedAccount(AccountId);

impl FromRequestParts<Arc<Api>> for NamedAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, api)
            .await
            .map_err(|_| Problem::NotFound)?;
        number(&text)
            .filter(|id| *id > 0)
            .map(|id| Self(AccountId::new(id)))
            .ok_or(Problem::NotFound)
    }
}

/// A whole number in its one spelling.
fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The password in a body, in one of its two forms, if there is one.
fn new_password(members: &mut Members) -> Result<Option<NewPassword>, MemberFault> {
    const ENCODED: &str = "encoded_password";
    let invalid = |expected| MemberFault::Invalid {
        name: ENCODED,
        expected,
    };
    match (members.text("password")?, members.text(ENCODED)?) {
        (None, None) => Ok(None),
        (Some(plain), None) => Ok(Some(NewPassword::Plain(PlainPassword::new(plain)))),
        (None, Some(encoded)) => match EncodedPassword::parse(encoded) {
            Ok(encoded) => Ok(Some(NewPassword::Encoded(encoded))),
            Err(UnfitEncoding::Unknown) => {
                Err(invalid("a password as Django stores it is expected"))
            }
            Err(UnfitEncoding::TooCostly) => Err(invalid(
                "a password that costs at most four times what Django's default does is expected",
            )),
        },
        (Some(_), Some(_)) => Err(invalid("there is a `password`, too")),
    }
}
