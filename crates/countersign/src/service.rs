//! Service credentials: what other programs show to the authority, each good for the scopes that it was made with.

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_token::{Timestamp, UnixMillis};
use zeroize::Zeroizing;

/// What a service credential is called: 1 to 64 ASCII letters, digits, dots, hyphens and underscores. The audit log
/// names whoever used it by this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(Box<str>);

/// A text is no name of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a service's name has 1 to 64 letters, digits, dots, hyphens or underscores")]
pub struct UnusableServiceName;

impl ServiceName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`UnusableServiceName`] if it is too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, UnusableServiceName> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if (1..=64).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(UnusableServiceName)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a service credential is good for. A closed list; the names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceScope {
    /// Asking whether a token is live (RFC 7662).
    Introspect,
    /// Revoking other people's tokens (RFC 7009).
    Revoke,
    /// Following the revocations.
    Feed,
    /// Issuing tokens of any kind for anybody.
    Issue,
    /// Making, changing and deleting accounts, those of administrators included.
    Users,
}

impl ServiceScope {
    /// Every scope there is.
    pub const ALL: [Self; 5] = [
        Self::Introspect,
        Self::Revoke,
        Self::Feed,
        Self::Issue,
        Self::Users,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::Feed => "feed",
            Self::Issue => "issue",
            Self::Users => "users",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// The scopes of one credential: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceScopes(BTreeSet<ServiceScope>);

impl ServiceScopes {
    /// These scopes; `None` if there are none.
    pub fn of(scopes: impl IntoIterator<Item = ServiceScope>) -> Option<Self> {
        let scopes: BTreeSet<_> = scopes.into_iter().collect();
        (!scopes.is_empty()).then_some(Self(scopes))
    }

    /// Reads what [`Display`](fmt::Display) writes; `None` also if one of the names means nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let scopes: Option<Vec<_>> = text.split(' ').map(ServiceScope::parse).collect();
        Self::of(scopes?)
    }

    /// Whether a scope is among them.
    pub fn contains(&self, scope: ServiceScope) -> bool {
        self.0.contains(&scope)
    }

    /// The scopes, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = ServiceScope> {
        self.0.iter().copied()
    }
}

/// The names with a blank between them, as OAuth writes scopes (RFC 6749 §3.3).
impl fmt::Display for ServiceScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(ServiceScope::name).collect();
        f.write_str(&names.join(" "))
    }
}

/// The secret of a service credential in clear: `cs_` and 256 random bits. Shown once, when it is made; wiped when
/// dropped; its `Debug` shows nothing.
pub struct ServiceSecret(Zeroizing<String>);

impl ServiceSecret {
    /// What every secret begins with, so that scanners know one where it should not be.
    pub const PREFIX: &'static str = "cs_";

    /// A secret made of freshly drawn bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
        Self(Zeroizing::new([Self::PREFIX, text.as_str()].concat()))
    }

    /// Whether a text is meant to be such a secret and no token: no token begins like this.
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(Self::PREFIX)
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a store keeps of it.
    pub fn digest(&self) -> ServiceDigest {
        ServiceDigest::of(&self.0)
    }
}

impl fmt::Debug for ServiceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceSecret(****)")
    }
}

/// The SHA-256 digest of a [`ServiceSecret`]: all that is ever stored of it. The secret has 256 random bits, so the
/// digest needs no salt and can be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceDigest([u8; 32]);

impl ServiceDigest {
    /// The digest of a secret as somebody presents it.
    pub fn of(secret: &str) -> Self {
        let mut bytes = [0; 32];
        for (byte, of_digest) in bytes
            .iter_mut()
            .zip(digest(&SHA256, secret.as_bytes()).as_ref())
        {
            *byte = *of_digest;
        }
        Self(bytes)
    }

    /// A digest as a store kept it.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ServiceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceDigest(****)")
    }
}

/// A service credential as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCredential {
    /// What it is called. Of the live ones each has a name of its own.
    pub name: ServiceName,
    /// The digest of its secret.
    pub digest: ServiceDigest,
    /// What it is good for.
    pub scopes: ServiceScopes,
    /// When it was made.
    pub created_at: UnixMillis,
    /// From this second on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked, if it is.
    pub revoked_at: Option<UnixMillis>,
}

/// Whether a credential counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// It does.
    Live,
    /// It did until its time ran out.
    Expired,
    /// An operator revoked it.
    Revoked,
}

impl ServiceState {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl ServiceCredential {
    /// Whether it counts at a moment.
    pub fn state(&self, now: UnixMillis) -> ServiceState {
        if self.revoked_at.is_some() {
            return ServiceState::Revoked;
        }
        match self.expires_at {
            Some(expires_at) if expires_at <= now.timestamp() => ServiceState::Expired,
            Some(_) | None => ServiceState::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in ["a", "billing", "ci.deploy-2_x", &"x".repeat(64)] {
            assert_eq!(
                ServiceName::parse(name).map(|name| name.to_string()),
                Ok(name.to_owned())
            );
        }
        for name in ["", " ", "a b", "a:b", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(
                ServiceName::parse(name),
                Err(UnusableServiceName),
                "{name:?}"
            );
        }
    }

    #[test]
    fn scopes_read_back_from_their_names() {
        let all = ServiceScopes::of(ServiceScope::ALL).unwrap();
        assert_eq!(all.to_string(), "introspect revoke feed issue users");
        assert_eq!(ServiceScopes::parse(&all.to_string()), Some(all));
        for text in [
            "",
            " ",
            "users ",
            "users  feed",
            "Users",
            "users,feed",
            "everything",
        ] {
            assert_eq!(ServiceScopes::parse(text), None, "{text:?}");
        }
        assert_eq!(ServiceScopes::of([]), None);
    }

    #[test]
    fn a_secret_has_its_prefix_and_every_bit_that_was_drawn() {
        let secret = ServiceSecret::from_random([0xfb; 32]);
        assert_eq!(
            secret.expose(),
            format!("cs_{}", URL_SAFE_NO_PAD.encode([0xfb; 32]))
        );
        assert_eq!(secret.expose().len(), 46);
        assert!(ServiceSecret::is_meant_by(secret.expose()));
        assert!(!ServiceSecret::is_meant_by("CS_x") && !ServiceSecret::is_meant_by("eyJ"));
    }

    #[test]
    fn a_digest_is_the_sha_256_of_the_text() {
        // FIPS 180-2, appendix B.1.
        let digest = ServiceDigest::of("abc");
        assert_eq!(digest.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(digest.as_bytes()[28..], [0xf2, 0x00, 0x15, 0xad]);
    }

    #[test]
    fn debug_shows_neither_secret_nor_digest() {
        let secret = ServiceSecret::from_random([7; 32]);
        assert_eq!(
            format!("{secret:?} {:?}", secret.digest()),
            "ServiceSecret(****) ServiceDigest(****)"
        );
    }

    #[test]
    fn a_credential_is_refused_from_the_second_on_in_which_it_expires() {
        let credential = ServiceCredential {
            name: ServiceName::parse("billing").unwrap(),
            digest: ServiceDigest::of("x"),
            scopes: ServiceScopes::of([ServiceScope::Feed]).unwrap(),
            created_at: UnixMillis::from_seconds(0),
            expires_at: Some(Timestamp::from_seconds(10)),
            revoked_at: None,
        };
        let at = UnixMillis::from_millis;
        assert_eq!(credential.state(at(9_999)), ServiceState::Live);
        assert_eq!(credential.state(at(10_000)), ServiceState::Expired);
        let revoked = ServiceCredential {
            revoked_at: Some(at(1)),
            ..credential
        };
        assert_eq!(revoked.state(at(0)), ServiceState::Revoked);
    }
}
