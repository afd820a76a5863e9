//! jwt-allauth's surface: its texts and bodies, quoted exactly, where they are not SimpleJWT's. In English only, as
//! there.
//!
//! # Source
//! django-jwt-allauth.

use axum::http::StatusCode;
use countersign::account::Account;
use countersign::authority::{AccountError, LoggedOut, TokenPair, TokenRefusal};
use countersign::rotation::Refusal;

use super::Answer;
use super::simplejwt::{coded, detail, no_field_of, quoted, untranslated, verify_text, with_cause};
use crate::code::Code;

/// A sign-in that succeeded.
pub(crate) fn pair(tokens: &TokenPair) -> Answer {
    let (access, refresh) = (tokens.access.as_str(), tokens.refresh.as_str());
    Answer::ok(
        [
            r#"{"access":""#,
            access,
            r#"","refresh":""#,
            refresh,
            r#""}"#,
        ]
        .concat(),
    )
}

/// A sign-in that was refused, whatever was wrong.
pub(crate) fn sign_in_refused() -> Answer {
    coded(
        untranslated("Incorrect credentials"),
        Code::IncorrectCredentials,
    )
}

/// A refused refresh token. Whoever holds a token of an ended session is told why it ended.
pub(crate) fn token_refused(refusal: &TokenRefusal) -> Answer {
    let answer = match refusal {
        TokenRefusal::Token(error) => coded(verify_text(error), Code::TokenNotValid),
        TokenRefusal::Ledger(Refusal::PastDeadline) => coded(
            untranslated("Session reached its maximum lifetime. Please log in again"),
            Code::SessionExpired,
        ),
        _ => coded(
            untranslated("Token is invalid or expired"),
            Code::TokenNotValid,
        ),
    };
    with_cause(answer, refusal)
}

/// How giving a refresh token back went.
pub(crate) fn logged_out(outcome: &LoggedOut) -> Answer {
    match outcome {
        LoggedOut::Done => Answer::ok(r#"{"detail":"Successfully logged out."}"#),
        LoggedOut::Already | LoggedOut::Refused(_) | LoggedOut::OtherAccount => {
            detail(StatusCode::BAD_REQUEST, untranslated("Invalid token."))
        }
    }
}

/// All sessions ended.
pub(crate) fn logged_out_everywhere() -> Answer {
    Answer::ok(r#"{"detail":"Successfully logged out from all devices."}"#)
}

/// The account, as its owner sees it.
pub(crate) fn user(account: &Account) -> Answer {
    let name = |member| {
        let name = account.attributes.get::<String>(member);
        quoted(&name.and_then(Result::ok).unwrap_or_default())
    };
    Answer::ok(format!(
        r#"{{"email":{},"first_name":{},"last_name":{}}}"#,
        quoted(&account.email),
        name(FIRST_NAME),
        name(LAST_NAME),
    ))
}

/// Names that the account has no room for, or its tokens.
pub(crate) fn names_refused(error: &AccountError) -> Answer {
    no_field_of(untranslated(error.to_string()))
}

/// The attributes that hold the names.
pub(crate) const FIRST_NAME: &str = "first_name";
pub(crate) const LAST_NAME: &str = "last_name";
