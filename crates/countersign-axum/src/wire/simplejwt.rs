//! SimpleJWT's surface: every status, text and body that its clients are used to, quoted exactly, and nowhere else.
//!
//! Keys stand in the original's order, without blanks.
//!
//! # Source
//! djangorestframework-simplejwt, and Django REST framework where the text is the framework's.

use std::borrow::Cow;

use axum::http::{HeaderValue, Method, StatusCode, header};
use countersign::account::Account;
use countersign::authority::{AccessRefusal, Refreshed, TokenPair, TokenRefusal};
use countersign::policy::{TokenClass, WireBodies};
use countersign::rotation::Refusal;
use countersign_token::{SignedToken, VerifyError};

use super::Answer;
use crate::body::fields::{FieldErrors, FieldFault};
use crate::body::{BodyFault, NotAnObject};
use crate::headers;
use crate::negotiation::NotAcceptable;

/// A sign-in that succeeded.
pub(crate) fn pair(tokens: &TokenPair) -> Answer {
    Answer::ok(
        [
            r#"{"refresh":""#,
            tokens.refresh.as_str(),
            r#"","access":""#,
            tokens.access.as_str(),
            r#""}"#,
        ]
        .concat(),
    )
}

/// A refresh that succeeded.
pub(crate) fn refreshed(tokens: &Refreshed) -> Answer {
    let access = tokens.access.as_str();
    let answer = Answer::ok(match &tokens.refresh {
        None => [r#"{"access":""#, access, r#""}"#].concat(),
        Some(refresh) => [
            r#"{"access":""#,
            access,
            r#"","refresh":""#,
            refresh.as_str(),
            r#""}"#,
        ]
        .concat(),
    });
    if tokens.replayed {
        answer.with(headers::REFRESH_NOTE, headers::REPLAYED)
    } else {
        answer
    }
}

/// A sliding token, new or refreshed.
pub(crate) fn sliding(token: &SignedToken) -> Answer {
    Answer::ok([r#"{"token":""#, token.as_str(), r#""}"#].concat())
}

/// A success with nothing to say.
pub(crate) fn done() -> Answer {
    Answer::ok("{}")
}

/// The account behind an access token.
pub(crate) fn account(account: &Account) -> Answer {
    let (username, email) = (quoted(&account.username), quoted(&account.email));
    Answer::ok(format!(
        r#"{{"id":{},"username":{username},"email":{email}}}"#,
        account.id
    ))
}

/// A sign-in that was refused, whatever was wrong.
pub(crate) fn sign_in_refused() -> Answer {
    detail(
        StatusCode::UNAUTHORIZED,
        "No active account found with the given credentials",
    )
}

/// A refused refresh token, at the endpoints that take one. Whoever holds a token of an ended session is told
/// why it ended.
pub(crate) fn token_refused(refusal: &TokenRefusal) -> Answer {
    with_cause(verification_refused(refusal), refusal)
}

/// A refused token at the verify endpoint. No cause: whoever verifies a token need not be its owner.
pub(crate) fn verification_refused(refusal: &TokenRefusal) -> Answer {
    match told(refusal) {
        Told::OfTheToken(text) => coded(&text, TOKEN_NOT_VALID),
        Told::OfTheAccount(text) => detail(StatusCode::UNAUTHORIZED, text),
    }
}

/// A refresh or sliding token at the verify endpoint that the ledger refuses: the original answers with a field
/// error there, and so do `drf` bodies.
pub(crate) fn verification_of_spent(refusal: Refusal, bodies: WireBodies) -> Answer {
    match (ledger_told(refusal), bodies) {
        (Told::OfTheToken(text), WireBodies::Drf) => Answer::new(
            StatusCode::BAD_REQUEST,
            format!(r#"{{"non_field_errors":["{text}"]}}"#),
        ),
        _ => verification_refused(&refusal.into()),
    }
}

/// A refused access token at a protected endpoint.
pub(crate) fn access_refused(refusal: &AccessRefusal) -> Answer {
    match refusal {
        AccessRefusal::Token(refusals) => {
            let messages = refusals.iter().map(|of_class| {
                let text = match told(&of_class.refusal) {
                    Told::OfTheToken(text) => text,
                    Told::OfTheAccount(text) => text.into(),
                };
                message(of_class.class, &text)
            });
            refusals
                .iter()
                .fold(no_type_fits(messages), |answer, of_class| {
                    with_cause(answer, &of_class.refusal)
                })
        }
        AccessRefusal::NoUserClaim => coded(
            "Token contained no recognizable user identification",
            TOKEN_NOT_VALID,
        ),
        AccessRefusal::AccountUnknown => coded("User not found", "user_not_found"),
        AccessRefusal::AccountInactive => coded("User is inactive", "user_inactive"),
        AccessRefusal::PasswordChanged => {
            coded("The user's password has been changed.", "password_changed")
        }
    }
}

/// A protected endpoint without any credentials.
pub(crate) fn credentials_absent() -> Answer {
    detail(
        StatusCode::UNAUTHORIZED,
        "Authentication credentials were not provided.",
    )
}

/// Credentials that are not a scheme and one value.
pub(crate) fn credentials_malformed() -> Answer {
    coded(
        "Authorization header must contain two space-delimited values",
        "bad_authorization_header",
    )
}

/// Credentials that cannot be a token, of whatever class.
pub(crate) fn credentials_not_text(classes: &[TokenClass]) -> Answer {
    no_type_fits(classes.iter().map(|class| message(*class, INVALID)))
}

/// A client that can read nothing of what we write.
pub(crate) fn not_acceptable(problem: NotAcceptable) -> Answer {
    match problem {
        NotAcceptable::Format => not_found(),
        NotAcceptable::Accept => detail(
            StatusCode::NOT_ACCEPTABLE,
            "Could not satisfy the request Accept header.",
        ),
    }
}

/// A path, or a feature, that is not there.
pub(crate) fn not_found() -> Answer {
    detail(StatusCode::NOT_FOUND, "Not found.")
}

/// A method that the endpoint does not answer to.
pub(crate) fn method_not_allowed(method: &Method) -> Answer {
    detail(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!("Method \"{method}\" not allowed."),
    )
}

/// A body that cannot be used.
pub(crate) fn body_refused(fault: &BodyFault) -> Answer {
    match fault {
        BodyFault::TooLarge => detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large."),
        BodyFault::TooSlow => detail(
            StatusCode::REQUEST_TIMEOUT,
            "Request body did not arrive in time.",
        ),
        BodyFault::Broken => detail(StatusCode::BAD_REQUEST, "Request body could not be read."),
        BodyFault::UnsupportedType(name) => detail(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            &format!("Unsupported media type \"{name}\" in request."),
        ),
        BodyFault::UnsupportedEncoding(name) => detail(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            &format!("Unsupported content encoding \"{name}\" in request."),
        ),
        BodyFault::UnsupportedCharset { name, status } => detail(
            *status,
            &format!("Unsupported charset \"{name}\" in request Content-Type header."),
        ),
        BodyFault::Json(text) => detail(
            StatusCode::BAD_REQUEST,
            &format!("JSON parse error - {text}"),
        ),
        BodyFault::Multipart(fault) => {
            let text = fault.told();
            detail(
                StatusCode::BAD_REQUEST,
                &format!("Multipart form parse error - {text}"),
            )
        }
        BodyFault::NotAnObject(value) => not_an_object(*value),
        BodyFault::Fields(errors) => field_errors(errors),
    }
}

/// Something that is needed is out of order for now.
pub(crate) fn unavailable() -> Answer {
    detail(
        StatusCode::SERVICE_UNAVAILABLE,
        "Service temporarily unavailable, try again later.",
    )
    .with(header::RETRY_AFTER, headers::ONE_SECOND)
}

/// Something is out of order, and trying again does not help.
pub(crate) fn broken() -> Answer {
    detail(
        StatusCode::INTERNAL_SERVER_ERROR,
        "A server error occurred.",
    )
}

/// A request that took too long.
pub(crate) fn timed_out() -> Answer {
    unavailable()
}

/// A request without exactly one host.
pub(crate) fn host_refused() -> Answer {
    detail(
        StatusCode::BAD_REQUEST,
        "Exactly one Host header is required.",
    )
    .with(header::CONNECTION, headers::CLOSE)
}

/// A request for a target that no endpoint has.
pub(crate) fn target_too_long() -> Answer {
    detail(StatusCode::URI_TOO_LONG, "Request target is too long.")
        .with(header::CONNECTION, headers::CLOSE)
}

/// A body in a transfer coding that is not undone here.
pub(crate) fn transfer_coding_refused() -> Answer {
    detail(
        StatusCode::BAD_REQUEST,
        "No transfer coding but chunked is supported.",
    )
    .with(header::CONNECTION, headers::CLOSE)
}

/// What a refusal says, and of what: texts about the account come without `code`.
enum Told {
    OfTheToken(Cow<'static, str>),
    OfTheAccount(&'static str),
}

fn told(refusal: &TokenRefusal) -> Told {
    match refusal {
        TokenRefusal::Token(error) => Told::OfTheToken(verify_text(error).into()),
        TokenRefusal::Ledger(refusal) => ledger_told(*refusal),
        TokenRefusal::Foreign | TokenRefusal::NoAccount => Told::OfTheToken(INVALID.into()),
        TokenRefusal::NoRefreshWindow { claim } => {
            Told::OfTheToken(format!("Token has no '{claim}' claim").into())
        }
        TokenRefusal::RefreshWindowClosed { claim } => {
            Told::OfTheToken(format!("Token '{claim}' claim has expired").into())
        }
    }
}

const fn verify_text(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::Expired => EXPIRED,
        VerifyError::MissingExpiration => "Token has no 'exp' claim",
        VerifyError::MissingTokenId => "Token has no id",
        VerifyError::MissingType => "Token has no type",
        VerifyError::WrongType => "Token has wrong type",
        _ => INVALID,
    }
}

const fn ledger_told(refusal: Refusal) -> Told {
    match refusal {
        Refusal::Unknown
        | Refusal::Ended(_)
        | Refusal::Disabled
        | Refusal::Blacklisted
        | Refusal::Spent
        | Refusal::OtherClient
        | Refusal::StoreRolledBack
        | Refusal::RotatedInFuture => Told::OfTheToken(Cow::Borrowed("Token is blacklisted")),
        Refusal::PastDeadline => Told::OfTheToken(Cow::Borrowed(EXPIRED)),
        Refusal::AccountGone | Refusal::AccountInactive => {
            Told::OfTheAccount("No active account found for the given token.")
        }
        Refusal::PasswordChanged => Told::OfTheAccount("The user's password has been changed."),
    }
}

fn with_cause(answer: Answer, refusal: &TokenRefusal) -> Answer {
    match refusal {
        TokenRefusal::Ledger(Refusal::Ended(cause)) => {
            answer.with(headers::CAUSE, HeaderValue::from_static(cause.name()))
        }
        _ => answer,
    }
}

/// The answer to a token that is of none of the classes, with a message for each.
fn no_type_fits(messages: impl Iterator<Item = String>) -> Answer {
    let messages: Vec<_> = messages.collect();
    Answer::new(
        StatusCode::UNAUTHORIZED,
        [
            r#"{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":["#,
            &messages.join(","),
            "]}",
        ]
        .concat(),
    )
}

fn message(class: TokenClass, text: &str) -> String {
    let name = match class {
        TokenClass::Access => "AccessToken",
        TokenClass::Sliding => "SlidingToken",
        TokenClass::Refresh => "RefreshToken",
        TokenClass::Untyped => "UntypedToken",
    };
    format!(
        r#"{{"token_class":"{name}","token_type":"{}","message":{}}}"#,
        class.name(),
        quoted(text),
    )
}

fn not_an_object(value: NotAnObject) -> Answer {
    let text = match value {
        NotAnObject::Null => "No data provided".to_owned(),
        NotAnObject::Value(python_type) => {
            format!("Invalid data. Expected a dictionary, but got {python_type}.")
        }
    };
    Answer::new(
        StatusCode::BAD_REQUEST,
        format!(r#"{{"non_field_errors":["{text}"]}}"#),
    )
}

fn field_errors(errors: &FieldErrors) -> Answer {
    let fields: Vec<String> = errors
        .iter()
        .map(|(name, faults)| {
            let texts: Vec<String> = faults
                .iter()
                .map(|fault| quoted(&field_text(*fault)))
                .collect();
            format!(r#""{name}":[{}]"#, texts.join(","))
        })
        .collect();
    Answer::new(StatusCode::BAD_REQUEST, format!("{{{}}}", fields.join(",")))
}

fn field_text(fault: FieldFault) -> String {
    match fault {
        FieldFault::Absent => "This field is required.".to_owned(),
        FieldFault::Null => "This field may not be null.".to_owned(),
        FieldFault::Blank => "This field may not be blank.".to_owned(),
        FieldFault::NotText => "Not a valid string.".to_owned(),
        FieldFault::Nul => "Null characters are not allowed.".to_owned(),
        FieldFault::Surrogate(unit) => format!("Surrogate characters are not allowed: U+{unit:X}."),
    }
}

fn detail(status: StatusCode, text: &str) -> Answer {
    Answer::new(status, format!(r#"{{"detail":{}}}"#, quoted(text)))
}

fn coded(text: &str, code: &str) -> Answer {
    let body = format!(r#"{{"detail":{},"code":"{code}"}}"#, quoted(text));
    Answer::new(StatusCode::UNAUTHORIZED, body)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const TOKEN_NOT_VALID: &str = "token_not_valid";
const INVALID: &str = "Token is invalid";
const EXPIRED: &str = "Token is expired";
