//! JWK Sets (RFC 7517 §5). In a file of one's own each key counts, and one bad key refuses the set; in a
//! set that others publish a key that we cannot use is one that we do not have.

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

/// Whose set it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Own,
    Published,
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
        read_verifying(accepted, text, Origin::Own)
    }

    /// Reads a JWK Set that somebody else publishes, and leaves out the keys that we cannot use.
    ///
    /// Those are keys for encryption and of algorithms that are not accepted, and those that are
    /// too short, off their curve, or lack a member (RFC 7517 §5): tokens signed with them are
    /// refused, and one old key does not shut out the good ones beside it. What remains may be
    /// empty.
    ///
    /// # Errors
    /// [`JwkSetError`] for what speaks against the whole set: it is no list of at most 64 objects,
    /// two keys have one name, or one of them, whatever it is for, has a private member or is a
    /// shared secret: such a set was not made to be published, and nothing in it is trusted.
    /// Also if a key names no `alg` and several of those accepted fit: that is for the caller to
    /// decide.
    ///
    /// ```
    /// use countersign_token::{Algorithm, KeySet};
    ///
    /// let set = r#"{"keys":[{"kty":"RSA","alg":"RS256","kid":"2009","n":"u1SU1LfV","e":"Aw"},
    ///     {"kty":"OKP","crv":"Ed25519","kid":"2026",
    ///      "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// let keys = KeySet::from_published_jwk_set(&[Algorithm::Rs256, Algorithm::EdDsa], set)?;
    /// assert!(keys.get("2009").is_none() && keys.get("2026").is_some());
    /// # Ok::<(), countersign_token::JwkSetError>(())
    /// ```
    pub fn from_published_jwk_set(accepted: &[Algorithm], text: &str) -> Result<Self, JwkSetError> {
        read_verifying(accepted, text, Origin::Published)
    }
}

impl SigningKey {
    /// Reads a JWK Set of private keys or of shared secrets.
    ///
    /// # Errors
    /// [`JwkSetError`] as in [`KeySet::from_jwk_set`]; a public key is refused.
    pub fn from_jwk_set(accepted: &[Algorithm], text: &str) -> Result<Vec<Self>, JwkSetError> {
        let keys = read_keys(text, Origin::Own, |members| {
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
    origin: Origin,
) -> Result<KeySet, JwkSetError> {
    let keys = read_keys(text, origin, |members| {
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
    origin: Origin,
    read: impl Fn(&Members<'_>) -> Result<K, KeyError>,
) -> Result<Vec<K>, JwkSetError> {
    let entries = split(text)?;
    refuse_mixed(&entries)?;
    if origin == Origin::Published {
        refuse_private(&entries)?;
    }
    refuse_repeated_names(&entries)?;
    let mut keys = Vec::with_capacity(entries.len());
    for (position, members) in (1..).zip(&entries) {
        match read(members) {
            Ok(key) => keys.push(key),
            Err(source) if origin == Origin::Own || is_for_the_caller(&source) => {
                return Err(JwkSetError::Key { position, source });
            }
            Err(_) => {}
        }
    }
    Ok(keys)
}

/// Whether the key may be good, and what is accepted does not say how to use it.
fn is_for_the_caller(error: &KeyError) -> bool {
    *error == KeyError::Jwk(JwkFault::SeveralAlgorithmsFit)
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

fn refuse_private(entries: &[Members<'_>]) -> Result<(), JwkSetError> {
    if entries.iter().any(Members::is_symmetric) {
        return Err(JwkSetError::PublishedSecret);
    }
    match (1..).zip(entries).find(|(_, key)| key.is_private()) {
        Some((position, _)) => Err(broken(position, JwkFault::Private)),
        None => Ok(()),
    }
}

/// Also among keys that are left out: whoever names two keys alike cannot be told apart. A name that
/// is none is told of when its key is read.
fn refuse_repeated_names(entries: &[Members<'_>]) -> Result<(), JwkSetError> {
    let mut known: Vec<KeyId> = Vec::with_capacity(entries.len());
    for key_id in entries.iter().filter_map(|key| key.key_id().ok().flatten()) {
        if known.contains(&key_id) {
            return Err(KeySetError::DuplicateKeyId { key_id }.into());
        }
        known.push(key_id);
    }
    Ok(())
}

fn broken(position: usize, fault: JwkFault) -> JwkSetError {
    let source = KeyError::Jwk(fault);
    JwkSetError::Key { position, source }
}
