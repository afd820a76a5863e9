//! What comes out of verification: values that are their own proof.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::claim::{Text, UserClaim};
use super::error::VerifyError;
use super::facts::{KindClaim, TokenIdentity};
use crate::claims::{ClaimsError, ClaimsSet};
use crate::key::{KeyId, KeyIdentity, VerificationKey};
use crate::kind::TokenKind;
use crate::time::Timestamp;

/// A token whose signature, times, issuer and audience were found good; its kind is still open.
///
/// # Invariants
/// Only [`Verifier::authenticate`](super::Verifier::authenticate) makes one. It has a token id and
/// an expiration time. It keeps the claims, not the token: nobody can take the token out of it.
///
/// # What it is not
/// It was in force when it was judged. It does not follow the clock, and it does not know of
/// revocations.
#[derive(Clone)]
pub struct Authenticated {
    payload: String,
    identity: TokenIdentity,
    key: Arc<KeyIdentity>,
}

impl Authenticated {
    pub(super) fn new(payload: String, identity: TokenIdentity, key: &VerificationKey) -> Self {
        Self {
            payload,
            identity,
            key: Arc::clone(key.identity()),
        }
    }

    /// The id of the token: 1 to 255 bytes without NUL.
    pub fn token_id(&self) -> &str {
        self.text(&self.identity.token_id)
    }

    /// How the token names its user; `None` if the claim is absent. `null` is
    /// [`UserClaim::Other`].
    pub fn user(&self) -> Option<UserClaim<'_>> {
        let (value, text) = self.identity.user.as_ref()?;
        let value = self.payload.get(value.clone()).unwrap_or_default();
        Some(UserClaim::of_value(
            text.as_ref().map(|text| self.text(text)),
            value,
        ))
    }

    /// The user claim as text: the string itself, or the digits of an integer.
    pub fn subject(&self) -> Option<&str> {
        let (value, text) = self.identity.user.as_ref()?;
        match self.user()? {
            UserClaim::Text(_) => text.as_ref().map(|text| self.text(text)),
            UserClaim::Integer(_) => self.payload.get(value.clone()),
            UserClaim::Other => None,
        }
    }

    /// From this second on the token is refused.
    pub fn expires_at(&self) -> Timestamp {
        self.identity.expires_at
    }

    /// When the token was issued, if it says so.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.identity.issued_at
    }

    /// The session of the token, if the verifier was told in which claim to look.
    pub fn session(&self) -> Option<&str> {
        self.identity.session.as_ref().map(|text| self.text(text))
    }

    /// The value of the type claim, if it is a string and kinds are looked at.
    pub fn token_type(&self) -> Option<&str> {
        match &self.identity.kind {
            KindClaim::Text(text) => Some(self.text(text)),
            KindClaim::Unchecked | KindClaim::Absent | KindClaim::NotText => None,
        }
    }

    /// The name of the key that verified the token, whatever `kid` the token itself carries.
    pub fn key_id(&self) -> &KeyId {
        &self.key.key_id
    }

    /// All claims, in their order.
    ///
    /// # Errors
    /// [`ClaimsError`] for no payload that was authenticated; the signature is what allows for it.
    pub fn claims(&self) -> Result<ClaimsSet, ClaimsError> {
        ClaimsSet::parse(&self.payload)
    }

    /// Reads one claim into a type; `None` if it is absent.
    ///
    /// # Errors
    /// The inner [`ClaimsError`] if the value is there and of another type.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Option<Result<T, ClaimsError>> {
        let value = serde_json::from_str(self.raw_claim(name)?);
        Some(value.map_err(|source| ClaimsError::value(name, source)))
    }

    /// Reads all claims into one type: a struct with a field for each claim that matters, say.
    ///
    /// # Errors
    /// [`ClaimsError`] if they do not fit it.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        serde_json::from_str(&self.payload).map_err(ClaimsError::Unfit)
    }

    /// The JSON text of a claim. The payload was scanned before it came in here.
    pub(super) fn raw_claim(&self, name: &str) -> Option<&str> {
        let mut found = None;
        let scanned = crate::json::scan_object(&self.payload, |member, value| {
            if member == name {
                found = Some(value);
            }
        });
        scanned.ok().and(found)
    }

    /// Whether the token is of kind `K`.
    ///
    /// # Errors
    /// - [`VerifyError::MissingType`] if it does not say of which kind it is.
    /// - [`VerifyError::WrongType`] if it is of another one.
    pub fn has_kind<K: TokenKind>(&self) -> Result<(), VerifyError> {
        match &self.identity.kind {
            KindClaim::Unchecked => Ok(()),
            KindClaim::Absent => Err(VerifyError::MissingType),
            KindClaim::Text(text) if self.text(text) == K::TYPE => Ok(()),
            KindClaim::Text(_) | KindClaim::NotText => Err(VerifyError::WrongType),
        }
    }

    /// The same token, known to be of kind `K`.
    ///
    /// # Errors
    /// As [`has_kind`](Self::has_kind).
    pub fn into_kind<K: TokenKind>(self) -> Result<Verified<K>, VerifyError> {
        self.has_kind::<K>()?;
        Ok(Verified {
            token: self,
            kind: PhantomData,
        })
    }

    fn text<'a>(&'a self, text: &'a Text) -> &'a str {
        text.as_str(&self.payload)
    }
}

/// Shows what identifies the token and nothing that could be used or is personal.
impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("token_id", &self.token_id())
            .field("token_type", &self.token_type())
            .field("expires_at", &self.expires_at())
            .field("key_id", self.key_id())
            .finish_non_exhaustive()
    }
}

/// An [`Authenticated`] token that is of kind `K`.
///
/// A function that needs a checked access token asks for `&Verified<Access>`: there is no other way
/// to get one than [`Verifier::verify`](super::Verifier::verify) or [`Authenticated::into_kind`].
///
/// ```compile_fail
/// # use countersign_token::{Access, Refresh, Verified};
/// fn protected(token: &Verified<Access>) {}
/// fn handler(token: &Verified<Refresh>) { protected(token) }
/// ```
pub struct Verified<K> {
    token: Authenticated,
    kind: PhantomData<fn() -> K>,
}

impl<K> Verified<K> {
    /// Forgets the kind.
    pub fn into_inner(self) -> Authenticated {
        self.token
    }
}

impl<K> Deref for Verified<K> {
    type Target = Authenticated;

    fn deref(&self) -> &Authenticated {
        &self.token
    }
}

impl<K> Clone for Verified<K> {
    fn clone(&self) -> Self {
        Self {
            token: self.token.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> fmt::Debug for Verified<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verified").field(&self.token).finish()
    }
}
