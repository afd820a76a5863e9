//! Every text that a client may read in its own language: which one it is, and what it says in English.
//!
//! English is the wire contract and stands here; `locales/en.ftl` repeats it for translators, and a test compares them.

use std::borrow::Cow;

use super::translation::Translation;

/// A text in an answer, not yet in any language.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// A message as it stands.
    Plain(Message),
    /// A message with a value in the place that it has for one.
    Filled(Message, Cow<'static, str>),
    /// For programmers, or about a request that no endpoint saw: English in every language.
    Untranslated(Cow<'static, str>),
}

impl Text {
    /// The text in a language; in English without one.
    pub(crate) fn told<'a>(&'a self, translation: Option<&'a Translation>) -> Cow<'a, str> {
        let told = |message: Message| {
            translation
                .and_then(|translation| translation.of(message))
                .unwrap_or(message.english())
        };
        match self {
            Self::Plain(message) => told(*message).into(),
            Self::Filled(message, value) => filled(told(*message), value).into(),
            Self::Untranslated(text) => text.as_ref().into(),
        }
    }
}

impl From<Message> for Text {
    fn from(message: Message) -> Self {
        Self::Plain(message)
    }
}

/// A message that is translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Message {
    SignInRefused,
    AccountNotFound,
    PasswordChanged,
    CredentialsMalformed,
    NoTypeFits,
    NoUserClaim,
    UserNotFound,
    UserInactive,
    TokenInvalid,
    TokenExpired,
    TokenBlacklisted,
    TokenNoId,
    TokenNoType,
    TokenWrongType,
    TokenNoClaim,
    TokenClaimExpired,
    CredentialsAbsent,
    NotAcceptable,
    NotFound,
    MethodNotAllowed,
    UnsupportedType,
    UnsupportedEncoding,
    BodyTooLarge,
    BodyTooSlow,
    BodyUnreadable,
    Throttled,
    ThrottledBriefly,
    NoData,
    NotAnObject,
    FieldRequired,
    FieldNull,
    FieldBlank,
    FieldNotText,
    FieldNul,
    FieldSurrogate,
    Unavailable,
    Broken,
}

impl Message {
    /// Every message, in the order of the files under `locales/`.
    pub(crate) const ALL: [Self; 37] = [
        Self::SignInRefused,
        Self::AccountNotFound,
        Self::PasswordChanged,
        Self::CredentialsMalformed,
        Self::NoTypeFits,
        Self::NoUserClaim,
        Self::UserNotFound,
        Self::UserInactive,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::TokenBlacklisted,
        Self::TokenNoId,
        Self::TokenNoType,
        Self::TokenWrongType,
        Self::TokenNoClaim,
        Self::TokenClaimExpired,
        Self::CredentialsAbsent,
        Self::NotAcceptable,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnsupportedType,
        Self::UnsupportedEncoding,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::BodyUnreadable,
        Self::Throttled,
        Self::ThrottledBriefly,
        Self::NoData,
        Self::NotAnObject,
        Self::FieldRequired,
        Self::FieldNull,
        Self::FieldBlank,
        Self::FieldNotText,
        Self::FieldNul,
        Self::FieldSurrogate,
        Self::Unavailable,
        Self::Broken,
    ];

    /// The message with a value in its place.
    pub(crate) fn with(self, value: impl Into<Cow<'static, str>>) -> Text {
        Text::Filled(self, value.into())
    }

    /// What it says in English. Braces name the place of a value; no message has more than one.
    pub(crate) const fn english(self) -> &'static str {
        self.row().1
    }

    /// Its name in the files under `locales/`.
    pub(crate) const fn id(self) -> &'static str {
        self.row().0
    }

    /// The name of the value that belongs into it.
    pub(crate) fn placeholder(self) -> Option<&'static str> {
        split(self.english()).map(|(_, name, _)| name)
    }

    #[rustfmt::skip]
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::SignInRefused => ("sign-in-refused", "No active account found with the given credentials"),
            Self::AccountNotFound => ("account-not-found", "No active account found for the given token."),
            Self::PasswordChanged => ("password-changed", "The user's password has been changed."),
            Self::CredentialsMalformed => ("credentials-malformed", "Authorization header must contain two space-delimited values"),
            Self::NoTypeFits => ("no-type-fits", "Given token not valid for any token type"),
            Self::NoUserClaim => ("no-user-claim", "Token contained no recognizable user identification"),
            Self::UserNotFound => ("user-not-found", "User not found"),
            Self::UserInactive => ("user-inactive", "User is inactive"),
            Self::TokenInvalid => ("token-invalid", "Token is invalid"),
            Self::TokenExpired => ("token-expired", "Token is expired"),
            Self::TokenBlacklisted => ("token-blacklisted", "Token is blacklisted"),
            Self::TokenNoId => ("token-no-id", "Token has no id"),
            Self::TokenNoType => ("token-no-type", "Token has no type"),
            Self::TokenWrongType => ("token-wrong-type", "Token has wrong type"),
            Self::TokenNoClaim => ("token-no-claim", "Token has no '{claim}' claim"),
            Self::TokenClaimExpired => ("token-claim-expired", "Token '{claim}' claim has expired"),
            Self::CredentialsAbsent => ("credentials-absent", "Authentication credentials were not provided."),
            Self::NotAcceptable => ("not-acceptable", "Could not satisfy the request Accept header."),
            Self::NotFound => ("not-found", "Not found."),
            Self::MethodNotAllowed => ("method-not-allowed", "Method \"{method}\" not allowed."),
            Self::UnsupportedType => ("unsupported-type", "Unsupported media type \"{type}\" in request."),
            Self::UnsupportedEncoding => ("unsupported-encoding", "Unsupported content encoding \"{encoding}\" in request."),
            Self::BodyTooLarge => ("body-too-large", "Request body is too large."),
            Self::BodyTooSlow => ("body-too-slow", "Request body did not arrive in time."),
            Self::BodyUnreadable => ("body-unreadable", "Request body could not be read."),
            Self::Throttled => ("throttled", "Request was throttled. Expected available in {wait} seconds."),
            Self::ThrottledBriefly => ("throttled-briefly", "Request was throttled. Expected available in 1 second."),
            Self::NoData => ("no-data", "No data provided"),
            Self::NotAnObject => ("not-an-object", "Invalid data. Expected a dictionary, but got {datatype}."),
            Self::FieldRequired => ("field-required", "This field is required."),
            Self::FieldNull => ("field-null", "This field may not be null."),
            Self::FieldBlank => ("field-blank", "This field may not be blank."),
            Self::FieldNotText => ("field-not-text", "Not a valid string."),
            Self::FieldNul => ("field-nul", "Null characters are not allowed."),
            Self::FieldSurrogate => ("field-surrogate", "Surrogate characters are not allowed: {unit}."),
            Self::Unavailable => ("unavailable", "Service temporarily unavailable, try again later."),
            Self::Broken => ("broken", "A server error occurred."),
        }
    }
}

/// Puts a value into its place in a text.
fn filled(text: &str, value: &str) -> String {
    match split(text) {
        Some((before, _, behind)) => [before, value, behind].concat(),
        None => text.to_owned(),
    }
}

/// What stands before the braces of a text, in them, and behind them.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, behind) = rest.split_once('}')?;
    Some((before, name, behind))
}
