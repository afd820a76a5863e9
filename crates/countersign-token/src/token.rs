//! A token as text, fresh from the signing key.

use std::fmt;
use std::mem;

use zeroize::Zeroizing;

/// A signed token in compact serialization (RFC 7515 §7.1).
///
/// Whoever holds the text may use it, so it is handled like a password: `Debug` prints `****`,
/// there is no `Display`, and the memory is wiped on drop.
pub struct SignedToken(Zeroizing<String>);

impl SignedToken {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, to be handed to the client.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the text away; wiping it is then the caller's business.
    pub fn into_string(mut self) -> String {
        mem::take(&mut *self.0)
    }
}

impl fmt::Debug for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedToken(****)")
    }
}
