//! A password as it is stored.

use std::fmt;

use zeroize::Zeroize;

/// A password hash in Django's encoded form: `algorithm$…`. Accepted verbatim, shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPassword(String);

impl EncodedPassword {
    /// Takes an encoded form as it was stored or imported.
    pub fn from_stored(encoded: String) -> Self {
        Self(encoded)
    }

    /// A form that no password matches; `suffix` makes it unique, as Django does.
    pub fn unusable(suffix: &str) -> Self {
        Self(format!("!{suffix}"))
    }

    /// The encoded text, for stores.
    pub fn as_stored(&self) -> &str {
        &self.0
    }

    /// The name before the first `$`; empty for an unusable password.
    pub fn algorithm(&self) -> &str {
        self.0.split_once('$').map_or("", |(name, _)| name)
    }
}

impl fmt::Debug for EncodedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedPassword(****)")
    }
}

impl Drop for EncodedPassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
