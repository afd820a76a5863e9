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

    /// Reads an encoded form that somebody sends: of a scheme that we verify, which costs at most four times what
    /// Django's newest defaults and our own do, or Django's unusable form. What an import brings may cost more: it is
    /// an operator who imports, and here each sign-in to one account would keep a core busy for whoever sent it.
    ///
    /// # Errors
    /// [`UnfitEncoding`]: it is not to be stored.
    pub fn parse(encoded: String) -> Result<Self, UnfitEncoding> {
        let encoded = Self(encoded);
        if encoded.0.len() > LONGEST {
            return Err(UnfitEncoding::Unknown);
        }
        let is_unusable = encoded
            .0
            .strip_prefix('!')
            .is_some_and(|suffix| suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        match Scheme::parse(&encoded) {
            None if is_unusable => Ok(encoded),
            None => Err(UnfitEncoding::Unknown),
            Some(scheme) if scheme.is_costly() => Err(UnfitEncoding::TooCostly),
            Some(_) => Ok(encoded),
        }
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

/// Why an encoded password that somebody sends is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnfitEncoding {
    /// It is of no scheme that we verify, beyond all bounds, or a password in clear.
    Unknown,
    /// Each sign-in would cost too much.
    TooCostly,
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
            let parsed = EncodedPassword::parse(text.to_owned());
            assert_eq!(parsed, Err(UnfitEncoding::Unknown), "{text:?}");
        }
    }

    #[test]
    fn unusable_and_known_forms_are_taken_as_they_are() {
        let hash = "5f4dcc3b5aa765d61d8327deb882cf99";
        for text in ["!", "!Xy7", &format!("md5$salt${hash}")] {
            let parsed = EncodedPassword::parse(text.to_owned());
            assert_eq!(parsed.as_ref().map(EncodedPassword::as_stored), Ok(text));
        }
    }

    /// Each at four times the default and just above; those above still verify where an import brings them.
    #[test]
    fn who_sends_a_form_may_not_make_sign_ins_cost_more_than_four_of_djangos() {
        let argon2 =
            |cost: &str| format!("argon2$argon2id$v=19${cost}$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA");
        let pbkdf2 = |rounds: u32| format!("pbkdf2_sha256${rounds}$salt$hash");
        let bcrypt = |cost: u32| format!("bcrypt$$2b${cost}${}", "x".repeat(53));
        let scrypt = |cost: &str| format!("scrypt${cost}$hash");
        for (fits, costly) in [
            (argon2("m=102400,t=8,p=8"), argon2("m=102400,t=9,p=8")),
            (argon2("m=204800,t=4,p=1"), argon2("m=262144,t=4,p=1")),
            (pbkdf2(6_000_000), pbkdf2(6_000_001)),
            (bcrypt(14), bcrypt(15)),
            (scrypt("65536$salt$8$5"), scrypt("65536$salt$8$6")),
        ] {
            assert!(EncodedPassword::parse(fits.clone()).is_ok(), "{fits}");
            assert_eq!(
                EncodedPassword::parse(costly.clone()),
                Err(UnfitEncoding::TooCostly),
                "{costly}"
            );
            assert!(EncodedPassword::from_stored(costly).is_usable());
        }
    }
}
