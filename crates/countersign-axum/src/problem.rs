//! Errors of our own endpoints: RFC 9457 problems with a stable `code`.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign::authority::{AccountError, AuthorityError, IssueRefusal};
use countersign::service::ServiceScope;
use countersign::session::EndCause;
use serde::Serialize;

use crate::body::BodyFault;
use crate::body::members::MemberFault;
use crate::code::Code;
use crate::{failure, headers};

/// What went wrong at one of our own endpoints.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The endpoint does not know the method.
    MethodNotAllowed,
    /// Something that is needed is out of order for now.
    Unavailable,
    /// Something went wrong that nobody foresaw.
    Broken,
    /// There is no such thing.
    NotFound,
    /// The request shows no credentials that are meant for us.
    NotAuthenticated,
    /// The credentials are not a scheme and one value, or there are several.
    MalformedCredentials,
    /// The token or the secret is not accepted, whatever is wrong with it.
    InvalidCredentials,
    /// The token was good until its session ended.
    SessionEnded(EndCause),
    /// The request shows no token, and nothing else will do.
    TokenRequired,
    /// Two tokens were shown that are not of one account.
    OtherAccount,
    /// The service credential is good, and was made for something else.
    InsufficientScope(ServiceScope),
    /// The account is neither staff nor superuser.
    StaffRequired,
    /// The body cannot be read at all.
    Body(BodyFault),
    /// A member of the body cannot be used.
    Member(MemberFault),
    /// A parameter of the query cannot be used.
    Parameter {
        /// Its name, as it was sent.
        name: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The account cannot be made or changed like that.
    Account(AccountError),
    /// The token is not issued.
    Issue(IssueRefusal),
}

/// A problem in words. `detail` says what to do, where the title does not.
struct Told {
    status: StatusCode,
    code: Code,
    detail: Option<Cow<'static, str>>,
    /// The member of the body or parameter of the query that is at fault.
    name: Option<String>,
}

impl Told {
    const fn new(status: StatusCode, code: Code) -> Self {
        Self {
            status,
            code,
            detail: None,
            name: None,
        }
    }

    fn saying(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    fn about(self, name: &str) -> Self {
        Self {
            name: Some(name.chars().take(LONGEST_NAME).collect()),
            ..self
        }
    }
}

/// The members of a problem, in the order of RFC 9457 §3.1.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl Problem {
    fn told(&self) -> Told {
        match self {
            Self::MethodNotAllowed => {
                Told::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed)
            }
            Self::Unavailable => Told::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::Broken => Told::new(StatusCode::INTERNAL_SERVER_ERROR, Code::InternalError),
            Self::NotFound => Told::new(StatusCode::NOT_FOUND, Code::NotFound),
            Self::NotAuthenticated => Told::new(StatusCode::UNAUTHORIZED, Code::NotAuthenticated)
                .saying("show an access token or a service credential in the Authorization header"),
            Self::MalformedCredentials => {
                Told::new(StatusCode::UNAUTHORIZED, Code::MalformedCredentials)
                    .saying("send one Authorization header with a scheme and one value")
            }
            Self::InvalidCredentials => {
                Told::new(StatusCode::UNAUTHORIZED, Code::InvalidCredentials)
            }
            Self::SessionEnded(_) => Self::InvalidCredentials.told(),
            Self::TokenRequired => Told::new(StatusCode::UNAUTHORIZED, Code::NotAuthenticated)
                .saying("show an access token in the Authorization header"),
            Self::OtherAccount => Told::new(StatusCode::FORBIDDEN, Code::OtherAccount)
                .saying("the refresh token is of another account than the token in the header"),
            Self::InsufficientScope(scope) => {
                Told::new(StatusCode::FORBIDDEN, Code::InsufficientScope).saying(format!(
                    "the service credential lacks the scope {}",
                    scope.name()
                ))
            }
            Self::StaffRequired => Told::new(StatusCode::FORBIDDEN, Code::StaffRequired),
            Self::Body(fault) => body(fault),
            Self::Member(fault) => member(fault),
            Self::Parameter { name, detail } => {
                Told::new(StatusCode::BAD_REQUEST, Code::InvalidParameter)
                    .saying(*detail)
                    .about(name)
            }
            Self::Account(error) => account(error),
            Self::Issue(refusal) => issue(refusal),
        }
    }
}

fn body(fault: &BodyFault) -> Told {
    match fault {
        BodyFault::TooLarge => Told::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge),
        BodyFault::TooSlow => Told::new(StatusCode::REQUEST_TIMEOUT, Code::BodyTooSlow),
        BodyFault::UnsupportedType(_)
        | BodyFault::UnsupportedEncoding(_)
        | BodyFault::UnsupportedCharset { .. } => Told::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::UnsupportedMediaType,
        )
        .saying("send application/json in UTF-8, not compressed"),
        BodyFault::Json(why) => {
            Told::new(StatusCode::BAD_REQUEST, Code::MalformedJson).saying(why.clone())
        }
        BodyFault::Broken
        | BodyFault::Multipart(_)
        | BodyFault::NotAnObject(_)
        | BodyFault::Fields(_) => Told::new(StatusCode::BAD_REQUEST, Code::MalformedBody),
    }
}

fn member(fault: &MemberFault) -> Told {
    let told = |code| Told::new(StatusCode::BAD_REQUEST, code);
    match fault {
        MemberFault::Unknown(name) => told(Code::UnknownMember).about(name),
        MemberFault::Missing(name) => told(Code::MissingMember).about(name),
        MemberFault::Invalid { name, expected } => {
            told(Code::InvalidMember).saying(*expected).about(name)
        }
    }
}

fn account(error: &AccountError) -> Told {
    let (status, code) = match error {
        AccountError::UnusableName => (StatusCode::BAD_REQUEST, Code::UnusableUsername),
        AccountError::UnusableEmail => (StatusCode::BAD_REQUEST, Code::UnusableEmail),
        AccountError::UnusablePassword | AccountError::WeakPassword(_) => {
            (StatusCode::BAD_REQUEST, Code::WeakPassword)
        }
        AccountError::TooManyAttributes => (StatusCode::BAD_REQUEST, Code::TooManyAttributes),
        AccountError::UnfitClaims(unfit) => {
            return Told::new(StatusCode::BAD_REQUEST, Code::UnfitClaims)
                .saying(format!("{error}: {unfit}"));
        }
        AccountError::EmailNeeded => (StatusCode::BAD_REQUEST, Code::EmailNeeded),
        AccountError::EmailTaken => (StatusCode::CONFLICT, Code::EmailTaken),
        AccountError::NameTaken => (StatusCode::CONFLICT, Code::UsernameTaken),
        AccountError::SuperuserRequired => (StatusCode::FORBIDDEN, Code::SuperuserRequired),
        AccountError::Unknown => return Problem::NotFound.told(),
        AccountError::Authority(error) if error.is_temporary() => {
            return Problem::Unavailable.told();
        }
        _ => return Problem::Broken.told(),
    };
    Told::new(status, code).saying(error.to_string())
}

fn issue(refusal: &IssueRefusal) -> Told {
    let told = |code| Told::new(StatusCode::BAD_REQUEST, code);
    match refusal {
        IssueRefusal::UnknownKind => told(Code::UnknownKind)
            .saying("access, refresh, websocket and the custom kinds of the settings are known")
            .about("kind"),
        IssueRefusal::UnusableLifetime { .. } => told(Code::UnusableLifetime)
            .saying(refusal.to_string())
            .about("lifetime"),
        IssueRefusal::UnfitData(unfit) => told(Code::UnusableData)
            .saying(unfit.to_string())
            .about("data"),
        IssueRefusal::ClaimsOfAHook => told(Code::UnusableData)
            .saying(refusal.to_string())
            .about("kind"),
        IssueRefusal::AccountRefused => Told::new(StatusCode::FORBIDDEN, Code::AccountRefused)
            .saying("it does not exist, is inactive, or may not sign in"),
        _ => Problem::Broken.told(),
    }
}

impl From<AuthorityError> for Problem {
    /// Logs the error: this is where it ends.
    fn from(error: AuthorityError) -> Self {
        failure::log(&error);
        if error.is_temporary() {
            Self::Unavailable
        } else {
            Self::Broken
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Authority(error) => error.into(),
            refusal => Self::Account(refusal),
        }
    }
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        Self::Body(fault)
    }
}

impl From<MemberFault> for Problem {
    fn from(fault: MemberFault) -> Self {
        Self::Member(fault)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let told = self.told();
        let document = Document {
            r#type: "about:blank",
            title: told.status.canonical_reason().unwrap_or_default(),
            status: told.status.as_u16(),
            code: told.code.name(),
            detail: told.detail.as_deref(),
            name: told.name.as_deref(),
        };
        // Texts and a number: nothing that JSON cannot hold.
        let body = serde_json::to_string(&document).unwrap_or_default();
        let mut response = (told.status, body).into_response();
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, headers::PROBLEM);
        if told.status == StatusCode::SERVICE_UNAVAILABLE {
            let retry: HeaderValue = headers::ONE_SECOND;
            fields.insert(header::RETRY_AFTER, retry);
        }
        if told.status == StatusCode::UNAUTHORIZED {
            fields.insert(header::WWW_AUTHENTICATE, headers::CHALLENGE);
        }
        if let Self::SessionEnded(cause) = self {
            fields.insert(headers::CAUSE, HeaderValue::from_static(cause.name()));
        }
        response
    }
}

/// What our own endpoints say to a method that they do not know; the router adds `Allow`.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::MethodNotAllowed
}

/// How much of a name that a client made up is repeated, in characters.
const LONGEST_NAME: usize = 64;
