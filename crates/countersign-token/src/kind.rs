//! Token kinds as types: what a function asks for, it gets.

/// A kind of token, told apart by the value of its type claim (`token_type` by default).
///
/// Kinds are types and not values so that a handler for access tokens cannot be handed a refresh
/// token: the mistake does not compile (RFC 8725 §3.12). A program may add kinds of its own.
///
/// ```
/// use countersign_token::TokenKind;
///
/// /// A token that opens one download.
/// #[derive(Debug)]
/// struct Download;
///
/// impl TokenKind for Download {
///     const TYPE: &'static str = "download";
/// }
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
