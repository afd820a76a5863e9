//! JWK Sets (RFC 7517 §5), read as a whole: one bad key refuses the set.

use serde_json::value::RawValue;

use super::{KeySet, KeySetError};
use crate::algorithm::Algorithm;
use crate::json::{JsonError, scan_object};
use crate::key::error::KeyError;
use crate::key::id::KeyId;
use crate::key::jwk::{JwkFault, Members, Purpose};
use crate::key::signing::SigningKey;
use crate::key::verification::VerificationKey;

/// Why a JWK Set is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// The text is not one JSON object, or repeats a name in it.
    #[error("the set is not a JSON object with unique names ({0})")]
    Json(JsonError),
    /// There is no member `keys` that is a list of objects.
    #[error("the set has no list `keys`")]
    NoList,
    /// Shared secrets and public keys stand side by side: such a file is either secret, and then
    /// it must not be handed to verifiers, or public, and then its secrets are burnt.
    #[error("shared secrets and public keys are mixed in one set: keep them in two")]
    Mixed,
    /// A set that was published holds a shared secret, with which everybody can sign now.
    #[error("the published set holds a shared secret: it is none any more, replace it")]
    PublishedSecret,
    /// One of the keys is not acceptable.
    #[error("key {position} of the set: {source}")]
    Key {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: KeyError,
    },
    /// Keys that are good one by one do not form a set.
    #[error(transparent)]
    Set(#[from] KeySetError),
}

/// What becomes of keys that are not for us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ForeignKeys {
    Refuse,
    LeaveOut,
}

impl KeySet {
    /// Reads a JWK Set of which every key is to be used: a file of one's own.
    ///
    /// `accepted` lists the algorithms that may be used (RFC 8725 §3.1). A key without `alg` is
    /// for the one of them that its `kty` and `crv` fit. A set of `oct` keys is a set of secrets.
    ///
    /// # Errors
    /// [`JwkSetError`] if any key is not acceptable: private, too short, off its curve, for
    /// encryption (`use`, `key_ops`), or of an algorithm that is not accepted; if two keys have one
    /// name; or if shared secrets and public keys are mixed.
    ///
    /// ```
    /// use countersign_token::{Algorithm, KeySet};
    ///
    /// let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026",
    ///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// let keys = KeySet::from_jwk_set(&[Algorithm::EdDsa], set)?;
    /// assert!(keys.get("2026").is_some());
    /// assert!(KeySet::from_jwk_set(&[Algorithm::Es256], set).is_err());
    /// # Ok::<(), countersign_token::JwkSetError>(())
    /// ```
    pub fn from_jwk_set(accepted: &[Algorithm], text: &str) -> Result<Self, JwkSetError> {
        read_verifying(accepted, text, ForeignKeys::Refuse)
    }

    /// Reads a JWK Set that somebody else publishes, and leaves out the keys that are not for us.
    ///
    /// Those are keys for encryption and of algorithms that are not accepted (RFC 7517 §5). What
    /// remains may be empty.
    ///
    /// # Errors
    /// [`JwkSetError`] as in [`from_jwk_set`](Self::from_jwk_set), but for the keys left out. Names
    /// must be unique, and secrets absent, in the whole set.
    pub fn from_published_jwk_set(accepted: &[Algorithm], text: &str) -> Result<Self, JwkSetError> {
        read_verifying(accepted, text, ForeignKeys::LeaveOut)
    }
}

impl SigningKey {
    /// Reads a JWK Set of private keys or of shared secrets.
    ///
    /// # Errors
    /// [`JwkSetError`] as in [`KeySet::from_jwk_set`]; a public key is refused.
    pub fn from_jwk_set(accepted: &[Algorithm], text: &str) -> Result<Vec<Self>, JwkSetError> {
        let keys = read_keys(text, ForeignKeys::Refuse, |members| {
            let algorithm = members
                .choose_algorithm(accepted, Purpose::Sign)
                .map_err(KeyError::Jwk)?;
            Self::from_members(algorithm, Purpose::Sign, members)
        })?;
        KeySet::new(keys.iter().map(Self::verification_key).collect())?;
        Ok(keys)
    }
}

fn read_verifying(
    accepted: &[Algorithm],
    text: &str,
    foreign: ForeignKeys,
) -> Result<KeySet, JwkSetError> {
    let keys = read_keys(text, foreign, |members| {
        let algorithm = members
            .choose_algorithm(accepted, Purpose::Verify)
            .map_err(KeyError::Jwk)?;
        if algorithm.is_symmetric() {
            SigningKey::from_members(algorithm, Purpose::Verify, members)
                .map(|key| key.verification_key())
        } else {
            VerificationKey::from_members(algorithm, members)
        }
    })?;
    Ok(KeySet::new(keys)?)
}

fn read_keys<K>(
    text: &str,
    foreign: ForeignKeys,
    read: impl Fn(&Members<'_>) -> Result<K, KeyError>,
) -> Result<Vec<K>, JwkSetError> {
    let entries = split(text)?;
    refuse_mixed(&entries)?;
    if foreign == ForeignKeys::LeaveOut && entries.iter().any(Members::is_symmetric) {
        return Err(JwkSetError::PublishedSecret);
    }
    refuse_repeated_names(&entries)?;
    let mut keys = Vec::with_capacity(entries.len());
    for (position, members) in (1..).zip(&entries) {
        match read(members) {
            Ok(key) => keys.push(key),
            Err(KeyError::Jwk(fault))
                if foreign == ForeignKeys::LeaveOut && fault.is_about_purpose() => {}
            Err(source) => return Err(JwkSetError::Key { position, source }),
        }
    }
    Ok(keys)
}

/// The members of each key. The text is scanned as a whole first, with all of its bounds.
fn split(text: &str) -> Result<Vec<Members<'_>>, JwkSetError> {
    let mut list = None;
    scan_object(text, |name, value| {
        if name == "keys" {
            list = Some(value);
        }
    })
    .map_err(JwkSetError::Json)?;
    let entries: Vec<&RawValue> = list
        .and_then(|list| serde_json::from_str(list).ok())
        .ok_or(JwkSetError::NoList)?;
    if entries.len() > KeySet::MAX_KEYS {
        let count = entries.len();
        return Err(KeySetError::TooManyKeys { count }.into());
    }
    let members = (1..).zip(entries).map(|(position, entry)| {
        Members::read(entry.get()).map_err(|fault| broken(position, fault))
    });
    members.collect()
}

fn refuse_mixed(entries: &[Members<'_>]) -> Result<(), JwkSetError> {
    let symmetric = entries.iter().filter(|key| key.is_symmetric()).count();
    if symmetric == 0 || symmetric == entries.len() {
        return Ok(());
    }
    Err(JwkSetError::Mixed)
}

/// Also among keys that are left out: whoever names two keys alike cannot be told apart.
fn refuse_repeated_names(entries: &[Members<'_>]) -> Result<(), JwkSetError> {
    let mut known: Vec<KeyId> = Vec::with_capacity(entries.len());
    for (position, members) in (1..).zip(entries) {
        let named = members.key_id().map_err(|fault| broken(position, fault))?;
        match named {
            Some(key_id) if known.contains(&key_id) => {
                return Err(KeySetError::DuplicateKeyId { key_id }.into());
            }
            named => known.extend(named),
        }
    }
    Ok(())
}

fn broken(position: usize, fault: JwkFault) -> JwkSetError {
    let source = KeyError::Jwk(fault);
    JwkSetError::Key { position, source }
}
