//! Token kinds as types: what a function asks for, it gets.

/// A kind of token, told apart by the value of its type claim (`token_type` by default).
///
/// Kinds are types and not values so that a handler for access tokens cannot be handed a refresh
/// token: the mistake does not compile (RFC 8725 §3.12). A program may add kinds of its own.
///
/// ```
/// use std::time::Duration;
/// use countersign_token::{
///     Algorithm, ClaimsSet, HeaderForm, KeySet, SignedToken, SigningKey, TokenKind, UnixMillis,
///     Verified, Verifier,
/// };
///
/// /// Opens one download.
/// #[derive(Debug)]
/// struct Download;
///
/// impl TokenKind for Download {
///     const TYPE: &'static str = "download";
/// }
///
/// impl Download {
///     const LIFETIME: Duration = Duration::from_mins(2);
///
///     fn issue(key: &SigningKey, file: &str, now: UnixMillis) -> Result<SignedToken, Failure> {
///         let mut claims = ClaimsSet::new();
///         claims.insert("token_type", Self::TYPE)?;
///         claims.set_expiration(now.plus(Self::LIFETIME).timestamp());
///         claims.set_token_id("0123456789abcdef")?; // drawn at random, in earnest
///         claims.insert("file", file)?;
///         Ok(key.encode(HeaderForm::Plain, &claims)?)
///     }
/// }
///
/// /// No other token opens a file: the caller could not even ask.
/// fn open(download: &Verified<Download>) -> Option<String> {
///     download.claim("file")?.ok()
/// }
///
/// # type Failure = Box<dyn std::error::Error>;
/// # fn main() -> Result<(), Failure> {
/// # let key = SigningKey::generate(Algorithm::EdDsa)?;
/// # let now = UnixMillis::from_seconds(1_893_456_000);
/// let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
/// let token = Download::issue(&key, "report.pdf", now)?;
/// let verified = verifier.verify::<Download>(token.as_str(), now)?;
/// assert_eq!(open(&verified).as_deref(), Some("report.pdf"));
/// # Ok(())
/// # }
/// ```
pub trait TokenKind {
    /// The value of the type claim, compared byte for byte.
    const TYPE: &'static str;
}

/// Shown to resource servers; short-lived (RFC 6749 §1.4).
#[derive(Clone, Copy, Debug)]
pub struct Access;

/// Shown to the authority alone, to get the next access token (RFC 6749 §1.5).
#[derive(Clone, Copy, Debug)]
pub struct Refresh;

/// One token that is both: it renews itself inside a refresh window of its own.
#[derive(Clone, Copy, Debug)]
pub struct Sliding;

/// Opens one websocket connection.
#[derive(Clone, Copy, Debug)]
pub struct Websocket;

impl TokenKind for Access {
    const TYPE: &'static str = "access";
}

impl TokenKind for Refresh {
    const TYPE: &'static str = "refresh";
}

impl TokenKind for Sliding {
    const TYPE: &'static str = "sliding";
}

impl TokenKind for Websocket {
    const TYPE: &'static str = "websocket";
}
