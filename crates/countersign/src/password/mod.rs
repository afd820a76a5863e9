//! Passwords: Django's encoded forms, argon2id for everything new, and a bound on how many are hashed at once.

mod argon2;
mod bcrypt;
mod decoy;
mod encoded;
mod hasher;
mod mark;
mod md5;
mod pbkdf2;
mod rules;
mod scheme;
mod scrypt;
#[cfg(test)]
mod vectors;

pub use self::argon2::Argon2Cost;
pub use self::encoded::{EncodedPassword, UnfitEncoding};
pub use self::hasher::{Check, HasherError, PasswordHasher, Upgrade};
pub use self::mark::PasswordMark;
pub use self::pbkdf2::Pbkdf2Cost;
pub use self::rules::{PasswordRules, WeakPassword};

use zeroize::Zeroizing;

/// The form in which new passwords are stored, and others at their next sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenForm {
    /// argon2id, spelled as Django spells it.
    Argon2id(Argon2Cost),
    /// PBKDF2-SHA256, which a Django without further packages reads.
    Django(Pbkdf2Cost),
}

/// A password in clear, as somebody typed it. Wiped when dropped; its `Debug` shows nothing.
pub struct PlainPassword(Zeroizing<String>);

impl PlainPassword {
    /// The longest password that is ever hashed, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a password as it was typed.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Whether it is longer than anything we hash. Such a password is refused, never cut.
    pub fn is_too_long(&self) -> bool {
        self.0.len() > Self::MAX_BYTES
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainPassword(****)")
    }
}
