//! The mark of a password: what tokens carry of it where `CHECK_REVOKE_TOKEN` is on.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use md5::{Digest as _, Md5};

use super::EncodedPassword;
use super::bcrypt::hex;

/// The upper-case hex MD5 of a stored password, taken when the password changes and kept when the same one is
/// merely hashed anew. Tokens carry it in their `revoke_token_claim`; its `Debug` shows nothing.
///
/// # Source
/// SimpleJWT `get_md5_hash_password`, which takes it again at every look and so logs everybody out whose hash is
/// upgraded.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordMark(String);

impl PasswordMark {
    /// The mark of a password that has just been set or imported.
    pub fn of(password: &EncodedPassword) -> Self {
        Self(hex(&Md5::digest(password.as_stored())).to_ascii_uppercase())
    }

    /// A mark as a store kept it.
    pub fn from_stored(mark: String) -> Self {
        Self(mark)
    }

    /// The text, for stores and claims.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a token's claim is this mark; in constant time.
    pub fn is(&self, claim: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), claim.as_bytes()).is_ok()
    }
}

impl fmt::Debug for PasswordMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordMark(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_upper_case_md5_of_the_stored_text() {
        let mark = PasswordMark::of(&EncodedPassword::from_stored("abc".to_owned()));
        assert_eq!(mark.as_str(), "900150983CD24FB0D6963F7D28E17F72"); // RFC 1321 A.5
        assert!(mark.is("900150983CD24FB0D6963F7D28E17F72"));
        assert!(!mark.is("900150983cd24fb0d6963f7d28e17f72") && !mark.is(""));
        assert!(!format!("{mark:?}").contains("9001"));
    }
}
