//! A password as it is stored.

use std::fmt;

use zeroize::Zeroize;

use super::scheme::Scheme;

/// A password hash in Django's encoded form: `algorithm$…`. Accepted verbatim, shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPassword(String);

impl EncodedPassword {
    /// Takes an encoded form as it was stored or imported.
    pub fn from_stored(encoded: String) -> Self {
        Self(encoded)
    }

    /// Reads an encoded form that somebody sends: of a scheme that we verify and within its bounds, or Django's
    /// unusable form. Anything else, a password in clear above all, is not to be stored.
    pub fn parse(encoded: String) -> Option<Self> {
        let encoded = Self(encoded);
        if encoded.0.len() > LONGEST {
            return None;
        }
        let is_unusable = encoded
            .0
            .strip_prefix('!')
            .is_some_and(|suffix| suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        (is_unusable || Scheme::parse(&encoded).is_some()).then_some(encoded)
    }

    /// A form that no password matches; `suffix` makes it unique, as Django does.
    pub fn unusable(suffix: &str) -> Self {
        Self(format!("!{suffix}"))
    }

    /// The encoded text, for stores.
    pub fn as_stored(&self) -> &str {
        &self.0
    }

    /// Whether there may be a password that matches: the form is whole, known and within bounds.
    pub fn is_usable(&self) -> bool {
        Scheme::parse(self).is_some()
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

/// Longer than any form that we or Django write.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_encoded_form_is_not_taken_for_one() {
        for text in [
            "",
            "hunter2",
            "a$b$c$d",
            "md5$salt",
            "pbkdf2_sha256$600000$salt",
            "pbkdf2_sha256$99999999999$salt$hash",
            "! not a form",
            &format!("!{}", "x".repeat(600)),
        ] {
            assert!(
                EncodedPassword::parse(text.to_owned()).is_none(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn unusable_and_known_forms_are_taken_as_they_are() {
        let hash = "5f4dcc3b5aa765d61d8327deb882cf99";
        for text in ["!", "!Xy7", &format!("md5$salt${hash}")] {
            let parsed = EncodedPassword::parse(text.to_owned());
            assert_eq!(parsed.as_ref().map(EncodedPassword::as_stored), Some(text));
        }
    }
}
