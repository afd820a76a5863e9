//! SimpleJWT's surface: every status, text and body that its clients are used to, quoted exactly, and nowhere else.
//!
//! Keys stand in the original's order, without blanks. The texts are named here and worded in `text`.
//!
//! # Source
//! djangorestframework-simplejwt, and Django REST framework where the text is the framework's.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, header};
use countersign::account::Account;
use countersign::authority::{AccessRefusal, Refreshed, TokenPair, TokenRefusal};
use countersign::policy::{TokenClass, WireBodies};
use countersign::rotation::Refusal;
use countersign_token::{SignedToken, VerifyError};

use super::Answer;
use super::answer::Content;
use super::text::{Message, Text};
use crate::body::fields::{FieldErrors, FieldFault};
use crate::body::{BodyFault, NotAnObject};
use crate::code::Code;
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
    detail(StatusCode::UNAUTHORIZED, Message::SignInRefused)
}

/// A sign-in after too many have failed, in whole seconds: whoever comes then is not too early.
pub(crate) fn throttled(retry_after: Duration) -> Answer {
    let begun = u64::from(retry_after.subsec_nanos() > 0);
    let seconds = retry_after.as_secs().saturating_add(begun).max(1);
    let text: Text = match seconds {
        1 => Message::ThrottledBriefly.into(),
        _ => Message::Throttled.with(seconds.to_string()),
    };
    detail(StatusCode::TOO_MANY_REQUESTS, text).with(header::RETRY_AFTER, seconds.into())
}

/// A refused refresh token, at the endpoints that take one. Whoever holds a token of an ended session is told
/// why it ended.
pub(crate) fn token_refused(refusal: &TokenRefusal) -> Answer {
    with_cause(verification_refused(refusal), refusal)
}

/// A refused token at the verify endpoint. No cause: whoever verifies a token need not be its owner.
pub(crate) fn verification_refused(refusal: &TokenRefusal) -> Answer {
    match told(refusal) {
        Told::OfTheToken(text) => coded(text, Code::TokenNotValid),
        Told::OfTheAccount(message) => detail(StatusCode::UNAUTHORIZED, message),
    }
}

/// A refresh or sliding token at the verify endpoint that the ledger refuses: the original answers with a field
/// error there, and so do `drf` bodies.
pub(crate) fn verification_of_spent(refusal: Refusal, bodies: WireBodies) -> Answer {
    match (ledger_told(refusal), bodies) {
        (Told::OfTheToken(text), WireBodies::Drf) => no_field_of(text),
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
                    Told::OfTheAccount(message) => message.into(),
                };
                (of_class.class, text)
            });
            refusals
                .iter()
                .fold(no_type_fits(messages), |answer, of_class| {
                    with_cause(answer, &of_class.refusal)
                })
        }
        AccessRefusal::NoUserClaim => coded(Message::NoUserClaim, Code::TokenNotValid),
        AccessRefusal::AccountUnknown => coded(Message::UserNotFound, Code::UserNotFound),
        AccessRefusal::AccountInactive => coded(Message::UserInactive, Code::UserInactive),
        AccessRefusal::PasswordChanged => coded(Message::PasswordChanged, Code::PasswordChanged),
    }
}

/// A protected endpoint without any credentials.
pub(crate) fn credentials_absent() -> Answer {
    detail(StatusCode::UNAUTHORIZED, Message::CredentialsAbsent)
}

/// Credentials that are not a scheme and one value.
pub(crate) fn credentials_malformed() -> Answer {
    coded(Message::CredentialsMalformed, Code::BadAuthorizationHeader)
}

/// A token that is good, and whose claims are not those that the endpoint needs.
pub(crate) fn claims_unfit() -> Answer {
    no_type_fits([(TokenClass::Access, Message::TokenInvalid.into())].into_iter())
}

/// A token that is good, and opens less than this.
pub(crate) fn permission_denied() -> Answer {
    forbidden(
        "You do not have permission to perform this action.",
        Code::PermissionDenied,
    )
}

/// The same, for want of a verified address.
///
/// # Source
/// jwt-allauth `IsEmailVerified`.
pub(crate) fn email_not_verified() -> Answer {
    forbidden("E-mail address is not verified.", Code::EmailNotVerified)
}

/// Credentials that cannot be a token, of whatever class.
pub(crate) fn credentials_not_text(classes: &[TokenClass]) -> Answer {
    let invalid = || Message::TokenInvalid.into();
    no_type_fits(classes.iter().map(|class| (*class, invalid())))
}

/// A client that can read nothing of what we write.
pub(crate) fn not_acceptable(problem: NotAcceptable) -> Answer {
    match problem {
        NotAcceptable::Format => not_found(),
        NotAcceptable::Accept => detail(StatusCode::NOT_ACCEPTABLE, Message::NotAcceptable),
    }
}

/// A path, or a feature, that is not there.
pub(crate) fn not_found() -> Answer {
    detail(StatusCode::NOT_FOUND, Message::NotFound)
}

/// A method that the endpoint does not answer to.
pub(crate) fn method_not_allowed(method: &Method) -> Answer {
    detail(
        StatusCode::METHOD_NOT_ALLOWED,
        Message::MethodNotAllowed.with(method.to_string()),
    )
}

/// A body that cannot be used. What is wrong with its encoding is said in English: it concerns programmers.
pub(crate) fn body_refused(fault: &BodyFault) -> Answer {
    match fault {
        BodyFault::TooLarge => detail(StatusCode::PAYLOAD_TOO_LARGE, Message::BodyTooLarge),
        BodyFault::TooSlow => detail(StatusCode::REQUEST_TIMEOUT, Message::BodyTooSlow),
        BodyFault::Broken => detail(StatusCode::BAD_REQUEST, Message::BodyUnreadable),
        BodyFault::UnsupportedType(name) => detail(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Message::UnsupportedType.with(name.clone()),
        ),
        BodyFault::UnsupportedEncoding(name) => detail(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Message::UnsupportedEncoding.with(name.clone()),
        ),
        BodyFault::UnsupportedCharset { name, status } => detail(
            *status,
            untranslated(format!(
                "Unsupported charset \"{name}\" in request Content-Type header."
            )),
        ),
        BodyFault::Json(text) => detail(
            StatusCode::BAD_REQUEST,
            untranslated(format!("JSON parse error - {text}")),
        ),
        BodyFault::Multipart(fault) => {
            let text = fault.told();
            detail(
                StatusCode::BAD_REQUEST,
                untranslated(format!("Multipart form parse error - {text}")),
            )
        }
        BodyFault::NotAnObject(value) => no_field_of(match value {
            NotAnObject::Null => Message::NoData.into(),
            NotAnObject::Value(python_type) => Message::NotAnObject.with(*python_type),
        }),
        BodyFault::Fields(errors) => field_errors(errors),
    }
}

/// Something that is needed is out of order for now.
pub(crate) fn unavailable() -> Answer {
    detail(StatusCode::SERVICE_UNAVAILABLE, Message::Unavailable)
        .with(header::RETRY_AFTER, headers::ONE_SECOND)
}

/// Something is out of order, and trying again does not help.
pub(crate) fn broken() -> Answer {
    detail(StatusCode::INTERNAL_SERVER_ERROR, Message::Broken)
}

/// A request that took too long.
pub(crate) fn timed_out() -> Answer {
    unavailable()
}

/// A request without exactly one host.
pub(crate) fn host_refused() -> Answer {
    detail(
        StatusCode::BAD_REQUEST,
        untranslated("Exactly one Host header is required."),
    )
    .with(header::CONNECTION, headers::CLOSE)
}

/// A request for a target that no endpoint has.
pub(crate) fn target_too_long() -> Answer {
    detail(
        StatusCode::URI_TOO_LONG,
        untranslated("Request target is too long."),
    )
    .with(header::CONNECTION, headers::CLOSE)
}

/// A body in a transfer coding that is not undone here.
pub(crate) fn transfer_coding_refused() -> Answer {
    detail(
        StatusCode::BAD_REQUEST,
        untranslated("No transfer coding but chunked is supported."),
    )
    .with(header::CONNECTION, headers::CLOSE)
}

/// What a refusal says, and of what: texts about the account come without `code`.
enum Told {
    OfTheToken(Text),
    OfTheAccount(Message),
}

fn told(refusal: &TokenRefusal) -> Told {
    match refusal {
        TokenRefusal::Token(error) => Told::OfTheToken(verify_text(error)),
        TokenRefusal::Ledger(refusal) => ledger_told(*refusal),
        TokenRefusal::Foreign | TokenRefusal::NoAccount => {
            Told::OfTheToken(Message::TokenInvalid.into())
        }
        TokenRefusal::NoRefreshWindow { claim } => {
            Told::OfTheToken(Message::TokenNoClaim.with(claim.to_string()))
        }
        TokenRefusal::RefreshWindowClosed { claim } => {
            Told::OfTheToken(Message::TokenClaimExpired.with(claim.to_string()))
        }
    }
}

pub(super) fn verify_text(error: &VerifyError) -> Text {
    match error {
        VerifyError::MissingExpiration => Message::TokenNoClaim.with("exp"),
        VerifyError::Expired => Message::TokenExpired.into(),
        VerifyError::MissingTokenId => Message::TokenNoId.into(),
        VerifyError::MissingType => Message::TokenNoType.into(),
        VerifyError::WrongType => Message::TokenWrongType.into(),
        _ => Message::TokenInvalid.into(),
    }
}

fn ledger_told(refusal: Refusal) -> Told {
    match refusal {
        Refusal::Unknown
        | Refusal::Ended(_)
        | Refusal::Disabled
        | Refusal::Blacklisted
        | Refusal::Spent
        | Refusal::OtherClient
        | Refusal::StoreRolledBack
        | Refusal::RotatedInFuture => Told::OfTheToken(Message::TokenBlacklisted.into()),
        Refusal::PastDeadline => Told::OfTheToken(Message::TokenExpired.into()),
        Refusal::AccountGone | Refusal::AccountInactive => {
            Told::OfTheAccount(Message::AccountNotFound)
        }
        Refusal::PasswordChanged => Told::OfTheAccount(Message::PasswordChanged),
    }
}

pub(super) fn with_cause(answer: Answer, refusal: &TokenRefusal) -> Answer {
    match refusal {
        TokenRefusal::Ledger(Refusal::Ended(cause)) => {
            answer.with(headers::CAUSE, HeaderValue::from_static(cause.name()))
        }
        _ => answer,
    }
}

/// The answer to a token that is of none of the classes, with a message for each.
fn no_type_fits(messages: impl Iterator<Item = (TokenClass, Text)>) -> Answer {
    Answer::new(
        StatusCode::UNAUTHORIZED,
        Content::NoTypeFits {
            text: Message::NoTypeFits.into(),
            code: Code::TokenNotValid,
            messages: messages.collect(),
        },
    )
}

/// Something is wrong with what was sent as a whole.
pub(super) fn no_field_of(text: Text) -> Answer {
    let fields = vec![("non_field_errors", vec![text])];
    Answer::new(StatusCode::BAD_REQUEST, Content::Fields(fields))
}

fn field_errors(errors: &FieldErrors) -> Answer {
    let fields = errors
        .iter()
        .map(|(name, faults)| (*name, faults.iter().copied().map(field_text).collect()));
    Answer::new(StatusCode::BAD_REQUEST, Content::Fields(fields.collect()))
}

fn field_text(fault: FieldFault) -> Text {
    match fault {
        FieldFault::Absent => Message::FieldRequired.into(),
        FieldFault::Null => Message::FieldNull.into(),
        FieldFault::Blank => Message::FieldBlank.into(),
        FieldFault::NotText => Message::FieldNotText.into(),
        FieldFault::Nul => Message::FieldNul.into(),
        FieldFault::Surrogate(unit) => Message::FieldSurrogate.with(format!("U+{unit:X}")),
        FieldFault::TooLong(longest) => untranslated(format!(
            "Ensure this field has no more than {longest} characters."
        )),
    }
}

pub(super) fn detail(status: StatusCode, text: impl Into<Text>) -> Answer {
    let text = text.into();
    Answer::new(status, Content::Detail { text, code: None })
}

fn forbidden(text: &'static str, code: Code) -> Answer {
    let (text, code) = (untranslated(text), Some(code));
    Answer::new(StatusCode::FORBIDDEN, Content::Detail { text, code })
}

pub(super) fn coded(text: impl Into<Text>, code: Code) -> Answer {
    let (text, code) = (text.into(), Some(code));
    Answer::new(StatusCode::UNAUTHORIZED, Content::Detail { text, code })
}

pub(super) fn untranslated(text: impl Into<Cow<'static, str>>) -> Text {
    Text::Untranslated(text.into())
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
