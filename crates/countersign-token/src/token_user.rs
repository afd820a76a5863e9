//! A user made of claims alone: what a resource server without a database knows of whoever asks.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::DeserializeOwned;

use crate::claims::ClaimsError;
use crate::verifier::{Authenticated, Verified};

/// Whoever a token is about, as far as its claims tell.
///
/// Two of them are equal, and hash alike, if their ids are: the tokens may be different ones. Ids are
/// those of one issuer; a server that accepts several compares `iss` as well.
///
/// ```
/// # use countersign_token::{Access, Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier};
/// use countersign_token::TokenUser;
///
/// # let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48])?;
/// # let claims = ClaimsSet::parse(r#"{"token_type":"access","exp":1893456300,"jti":"1","user_id":"7",
/// #     "username":"ann","is_staff":true,"team":"blue"}"#)?;
/// # let text = key.encode(HeaderForm::Plain, &claims)?.into_string();
/// # let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
/// # let now = UnixMillis::from_seconds(1_893_456_000);
/// let user = TokenUser::of(verifier.verify::<Access>(&text, now)?)?;
/// assert_eq!(user.to_string(), "TokenUser 7");
/// assert_eq!((user.id(), user.username().as_str()), ("7", "ann"));
/// assert!(user.is_staff() && !user.is_superuser());
/// assert_eq!(user.claim::<String>("team").transpose()?.as_deref(), Some("blue"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it is not
/// No account: whether one exists, is active, or has other rights by now is not asked. `is_staff` and
/// `is_superuser` are what the issuer wrote down when it signed, until `exp`. It has no permissions and
/// no groups, and whatever would take a database is not refused when it is called: it is not there.
///
/// ```compile_fail,E0599
/// # fn of(user: &mut countersign_token::TokenUser) {
/// user.set_password("a new one");
/// # }
/// ```
/// ```compile_fail,E0599
/// # fn of(user: &countersign_token::TokenUser) {
/// user.save();
/// # }
/// ```
/// ```compile_fail,E0599
/// # fn of(user: &countersign_token::TokenUser) -> bool {
/// user.has_permission("orders.change")
/// # }
/// ```
///
/// # Source
/// SimpleJWT `TokenUser`, `TOKEN_USER_CLASS`.
#[derive(Clone)]
pub struct TokenUser {
    id: Box<str>,
    token: Authenticated,
}

impl TokenUser {
    /// The user of a token of one kind.
    ///
    /// # Errors
    /// [`NoUser`] if the user claim is absent, or nothing that names anybody: `""`, `null`, `true`, a list.
    pub fn of<K>(token: Verified<K>) -> Result<Self, NoUser> {
        Self::of_any_kind(token.into_inner())
    }

    /// The user of a token, whatever its kind is.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_any_kind(token: Authenticated) -> Result<Self, NoUser> {
        let id = token
            .subject()
            .filter(|id| !id.is_empty())
            .ok_or(NoUser)?
            .into();
        Ok(Self { id, token })
    }

    /// The user claim as text: `7` for `"7"` and for `7`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The claim `username`; empty if there is none, or it is no text.
    pub fn username(&self) -> String {
        self.read("username").unwrap_or_default()
    }

    /// Whether the claim `is_staff` says `true`.
    pub fn is_staff(&self) -> bool {
        self.read("is_staff").unwrap_or(false)
    }

    /// Whether the claim `is_superuser` says `true`.
    pub fn is_superuser(&self) -> bool {
        self.read("is_superuser").unwrap_or(false)
    }

    /// Reads any other claim into a type; `None` if it is absent.
    ///
    /// # Errors
    /// The inner [`ClaimsError`] if the value is there and of another type.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Option<Result<T, ClaimsError>> {
        self.token.claim(name)
    }

    /// The token: its id, session and times.
    pub fn token(&self) -> &Authenticated {
        &self.token
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.claim(name).and_then(Result::ok)
    }
}

impl PartialEq for TokenUser {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for TokenUser {}

impl Hash for TokenUser {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for TokenUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenUser {}", self.id)
    }
}

/// Shows the id; all other claims may be personal.
impl fmt::Debug for TokenUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A token names no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token names no user")]
pub struct NoUser;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        Access, Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier,
    };

    const NOW: UnixMillis = UnixMillis::from_seconds(1_893_456_000);

    /// The user of a token with these members besides those that every token has.
    fn user(members: &str) -> Result<TokenUser, NoUser> {
        let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap();
        let claims = format!(r#"{{"token_type":"access","exp":1893456300,"jti":"1"{members}}}"#);
        let claims = ClaimsSet::parse(&claims).unwrap();
        let token = key.encode(HeaderForm::Plain, &claims).unwrap();
        let verifier = Verifier::new(KeySet::new(vec![key.verification_key()]).unwrap());
        TokenUser::of(verifier.verify::<Access>(token.as_str(), NOW).unwrap())
    }

    #[test]
    fn users_are_equal_by_id_whatever_else_their_tokens_say() {
        let ann = user(r#","user_id":"7","username":"ann""#).unwrap();
        let renamed = user(r#","user_id":7,"username":"anna","is_staff":true"#).unwrap();
        let other = user(r#","user_id":"8","username":"ann""#).unwrap();
        assert_eq!(ann, renamed);
        assert_ne!(ann, other);
        assert_eq!(HashSet::from([ann, renamed, other]).len(), 2);
    }

    #[test]
    fn what_a_token_does_not_say_is_empty_or_false() {
        let user = user(r#","user_id":"7""#).unwrap();
        assert_eq!(user.username(), "");
        assert!(!user.is_staff() && !user.is_superuser());
        assert!(user.claim::<String>("team").is_none());
    }

    #[test]
    fn only_true_is_true() {
        for value in ["false", "null", "1", r#""true""#, "[true]"] {
            let user = user(&format!(
                r#","user_id":"7","is_staff":{value},"is_superuser":{value}"#
            ));
            let user = user.unwrap();
            assert!(!user.is_staff() && !user.is_superuser(), "{value}");
        }
    }

    #[test]
    fn what_names_nobody_is_no_user() {
        assert_eq!(user(""), Err(NoUser));
        for value in [r#""""#, "null", "true", "1.5", "[7]", r#"{"id":7}"#] {
            assert_eq!(
                user(&format!(r#","user_id":{value}"#)),
                Err(NoUser),
                "{value}"
            );
        }
    }

    #[test]
    fn debug_shows_the_id_alone() {
        let user = user(r#","user_id":"7","username":"ann""#).unwrap();
        assert_eq!(format!("{user:?}"), r#"TokenUser { id: "7", .. }"#);
    }
}
