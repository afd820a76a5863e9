//! Roles: one number in a claim, for programs that go by more than staff and superuser.

use std::fmt;

use crate::verifier::Authenticated;

/// The role code of an account, as tokens carry it: the higher, the more it opens.
///
/// Three codes mean the same everywhere; a program puts its own between them.
///
/// ```
/// use countersign_token::Role;
///
/// const EDITOR: Role = Role::new(300);
/// assert!(Role::USER < EDITOR && EDITOR < Role::SUPERUSER && Role::SUPERUSER < Role::STAFF);
/// assert!(Role::STAFF.is_administrative() && !EDITOR.is_administrative());
/// ```
///
/// # What it is not
/// Not the two flags of an account: who may administer accounts and read the lists of tokens is decided by those,
/// and by the account as it is now.
///
/// # Source
/// jwt-allauth `STAFF_CODE`, `SUPER_USER_CODE`, `USER_CODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(i64);

impl Role {
    /// Anybody with an account.
    pub const USER: Self = Self(0);

    /// A superuser who is not staff.
    pub const SUPERUSER: Self = Self(900);

    /// A member of staff.
    pub const STAFF: Self = Self(1000);

    /// The claim that carries it.
    pub const CLAIM: &'static str = "role";

    /// The role of this code.
    pub const fn new(code: i64) -> Self {
        Self(code)
    }

    /// The plain number.
    pub const fn code(self) -> i64 {
        self.0
    }

    /// Whether it is one of the two that lists of roles need not name: superuser or staff, and no other.
    pub fn is_administrative(self) -> bool {
        [Self::SUPERUSER, Self::STAFF].contains(&self)
    }

    /// The role that a token carries. `None` if it has no such claim, or one that is no integer: `"700"`, `700.0`,
    /// `true` and `null` are none.
    pub fn in_token(token: &Authenticated) -> Option<Self> {
        token.claim(Self::CLAIM)?.ok().map(Self)
    }
}

impl From<i64> for Role {
    fn from(code: i64) -> Self {
        Self(code)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier};

    fn role_in(members: &str) -> Option<i64> {
        let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap();
        let claims = format!(r#"{{"exp":1893456300,"jti":"1"{members}}}"#);
        let claims = ClaimsSet::parse(&claims).unwrap();
        let token = key.encode(HeaderForm::Plain, &claims).unwrap();
        let verifier = Verifier::new(KeySet::new(vec![key.verification_key()]).unwrap());
        let now = UnixMillis::from_seconds(1_893_456_000);
        let token = verifier.authenticate(token.as_str(), now).unwrap();
        Role::in_token(&token).map(Role::code)
    }

    #[test]
    fn a_role_is_an_integer_and_nothing_else() {
        let rows = [
            ("", None),
            (r#","role":700"#, Some(700)),
            (r#","role":0"#, Some(0)),
            (r#","role":-1"#, Some(-1)),
            (r#","role":"700""#, None),
            (r#","role":700.0"#, None),
            (r#","role":7e2"#, None),
            (r#","role":true"#, None),
            (r#","role":null"#, None),
            (r#","role":[700]"#, None),
            (r#","role":9223372036854775808"#, None),
            (r#","Role":700"#, None),
        ];
        for (members, role) in rows {
            assert_eq!(role_in(members), role, "{members}");
        }
    }
}
