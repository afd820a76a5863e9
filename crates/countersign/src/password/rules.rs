//! What a new password must be like. Nobody asks this of a password that is there already, at a sign-in or an import.

use std::collections::HashSet;
use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::PlainPassword;

/// The rules for new passwords; part of `[passwords]` in configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRules {
    /// The fewest characters, from 1 to [`MOST_MIN_LENGTH`](Self::MOST_MIN_LENGTH).
    pub min_length: usize,
    /// Whether the passwords that everybody guesses first are refused, in any case.
    pub refuse_common: bool,
    /// Whether what the operator sets at the command line, or an embedding program sets as one, goes unjudged, as in
    /// Django's `create_user`. Whoever asks over HTTP is always judged.
    pub operator_exempt: bool,
}

impl PasswordRules {
    /// The largest [`min_length`](Self::min_length): passwords of as many characters are possible in any script.
    pub const MOST_MIN_LENGTH: usize = 256;

    /// Judges a password that somebody wants for an account of this name and address.
    ///
    /// # Errors
    /// The first [`WeakPassword`] reason to refuse it.
    pub(crate) fn judge(
        &self,
        password: &PlainPassword,
        username: &str,
        email: &str,
    ) -> Result<(), WeakPassword> {
        if password.text().chars().count() < self.min_length {
            return Err(WeakPassword::TooShort {
                min_length: self.min_length,
            });
        }
        // Kept from growing, which would leave a copy behind: no text is four times as long in lower case.
        let mut lower = Zeroizing::new(String::with_capacity(4 * password.text().len()));
        lower.extend(password.text().chars().flat_map(char::to_lowercase));
        if self.refuse_common && COMMON.contains(lower.trim()) {
            return Err(WeakPassword::Common);
        }
        let local_part = email.rsplit_once('@').map_or("", |(local, _)| local);
        if [username, email, local_part]
            .into_iter()
            .any(|name| !name.is_empty() && *lower == lower_case(name))
        {
            return Err(WeakPassword::NamesAccount);
        }
        Ok(())
    }
}

/// Why a password is too weak for anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakPassword {
    /// It has too few characters.
    #[error("a password has at least {min_length} characters")]
    TooShort {
        /// The fewest that are enough.
        min_length: usize,
    },
    /// It is one of those that everybody guesses first.
    #[error("this password is one of the most common, which are guessed first")]
    Common,
    /// It is the account's own name or address.
    #[error("the password is the user name or the e-mail address")]
    NamesAccount,
}

fn lower_case(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// In lower case.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common/passwords.txt").lines().collect());

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PasswordRules = PasswordRules {
        min_length: 8,
        refuse_common: true,
        operator_exempt: false,
    };

    fn judge(rules: PasswordRules, password: &str) -> Result<(), WeakPassword> {
        let password = PlainPassword::new(password.to_owned());
        rules.judge(&password, "Jonathan", "mary.smith@example.org")
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let short = Err(WeakPassword::TooShort { min_length: 8 });
        for (password, judged) in [
            ("", short),
            ("pw-Zoe7", short),
            ("ŽšČřďťň", short),
            ("🦀🦀🦀🦀🦀🦀🦀", short),
            ("pw-Zoe77", Ok(())),
            ("ŽšČřďťňů", Ok(())),
            ("🦀🐎🔋🧷🦀🐎🔋🧷", Ok(())),
        ] {
            assert_eq!(judge(RULES, password), judged, "{password}");
        }
        let longest = PasswordRules {
            min_length: PasswordRules::MOST_MIN_LENGTH,
            ..RULES
        };
        assert_eq!(judge(longest, &"🦀".repeat(256)), Ok(()));
        assert!(judge(longest, &"🦀".repeat(255)).is_err());
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_between_blanks() {
        for password in ["password", "PassWord1", "  iloveyou1 ", "QWERTYUIOP"] {
            assert_eq!(
                judge(RULES, password),
                Err(WeakPassword::Common),
                "{password}"
            );
            let lenient = PasswordRules {
                refuse_common: false,
                ..RULES
            };
            assert_eq!(judge(lenient, password), Ok(()), "{password}");
        }
        assert_eq!(judge(RULES, "password of mine"), Ok(()));
    }

    #[test]
    fn the_accounts_own_name_is_no_password() {
        for password in [
            "Jonathan",
            "jONATHAN",
            "Mary.Smith",
            "mary.smith@example.org",
        ] {
            let lenient = PasswordRules {
                refuse_common: false,
                ..RULES
            };
            assert_eq!(
                judge(lenient, password),
                Err(WeakPassword::NamesAccount),
                "{password}"
            );
        }
        assert_eq!(judge(RULES, "jonathan and mary"), Ok(()));
        let nobody = PlainPassword::new("pw-Zoe77".to_owned());
        assert_eq!(RULES.judge(&nobody, "zoe", ""), Ok(()));
    }

    #[test]
    fn the_list_is_long_enough_and_spelled_as_it_is_looked_up() {
        let possible = COMMON.iter().filter(|text| text.chars().count() >= 8);
        assert!(possible.count() > 3000, "of those that are long enough");
        for text in COMMON.iter() {
            assert_eq!(*text, lower_case(text).trim());
        }
    }

    #[test]
    fn reasons_do_not_repeat_the_password() {
        let refusal = judge(RULES, "QWERTYUIOP").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("QWERTYUIOP"));
    }
}
