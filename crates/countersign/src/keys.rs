//! The key ring of a running authority: the key that signs, those that verify, those that seal.
//!
//! Keys live in the store, wrapped by the [`MasterKey`]. A signing key that the configuration names owns the
//! ring instead: it signs and verifies alone, and the store keeps only the sealing keys.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use countersign_token::{Algorithm, KeyError, KeyId, KeySet, KeySetError, SigningKey, UnixMillis};
use zeroize::Zeroizing;

use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::random::{NoRandomness, Random, draw};
use crate::sealed_id::{Opened, SealingError, SealingKey, SealingKeyId, SealingKeys};
use crate::secrets::{MasterKey, WrongMasterKey};
use crate::session::ClientDigest;
use crate::store::{
    KeyRecords, KeyVault, SealingKeyRecord, SigningKeyRecord, SigningKeyState, StoreError,
};

/// Every key that an authority works with.
#[derive(Debug)]
pub struct KeyRing {
    signing: SigningKey,
    verification: Arc<KeySet>,
    /// Replaced as a whole when another node adds or drops a key; readers never wait.
    sealing: ArcSwap<SealingKeys>,
    client_digest: hmac::Key,
    name_digest: hmac::Key,
    master: MasterKey,
}

/// The keys could not be made ready. Each stops the start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The store was made under another master key.
    #[error("the master key is not the one that this store was made with")]
    WrongMasterKey(#[from] WrongMasterKey),
    /// The store has no keys yet.
    #[error("the store has no keys yet")]
    NotFounded,
    /// The store has keys, but none that signs.
    #[error("the store has no active signing key")]
    NoActiveKey,
    /// The active key is for another algorithm than the settings.
    #[error("the active signing key is for {active}, and the settings ask for {wanted}")]
    OtherAlgorithm {
        /// The key's algorithm.
        active: &'static str,
        /// The algorithm in the settings.
        wanted: &'static str,
    },
    /// The store holds no usable set of sealing keys.
    #[error("the store has no usable sealing keys")]
    NoSealingKeys,
    /// A key cannot be used.
    #[error("a signing key cannot be used")]
    Key(#[source] KeyError),
    /// Two keys share a name.
    #[error("the signing keys do not make a set")]
    KeySet(#[source] KeySetError),
    /// The crypto library refused a sealing key.
    #[error("a sealing key cannot be used")]
    Sealing(#[from] SealingError),
    /// There is no randomness to make keys from.
    #[error("no key could be drawn")]
    Randomness(#[from] NoRandomness),
    /// The store could not be read or written.
    #[error("the keys could not be read from the store or written to it")]
    Store(#[from] StoreError),
}

/// Where the signing key comes from.
#[derive(Debug, Clone)]
pub enum SigningKeySource {
    /// From the store, which made it.
    Stored(Algorithm),
    /// From the configuration, which owns the ring.
    Configured(SigningKey),
}

impl KeyRing {
    /// Gives an empty store its first keys: a sealing key, and a signing key where the store is its source.
    /// Returns whether this call did.
    ///
    /// # Errors
    /// [`KeyRingError`]: nothing was written.
    pub async fn found(
        vault: &dyn KeyVault,
        master: &MasterKey,
        source: &SigningKeySource,
        random: &dyn Random,
        now: UnixMillis,
    ) -> Result<bool, KeyRingError> {
        let signing = match source {
            SigningKeySource::Stored(algorithm) => {
                let key = SigningKey::generate(*algorithm).map_err(KeyRingError::Key)?;
                vec![wrap_signing(master, &key, SigningKeyState::Active, now)?]
            }
            SigningKeySource::Configured(_) => Vec::new(),
        };
        let sealing = wrap_sealing(
            master,
            SealingKeyId::new(1),
            &draw_sealing_key(random)?,
            now,
        )?;
        let records = KeyRecords {
            check_value: master.wrap(CHECK_LABEL, CHECK_TEXT)?,
            signing,
            sealing: vec![sealing],
        };
        Ok(vault.found_keys(&records).await?)
    }

    /// Loads the ring from a store.
    ///
    /// # Errors
    /// [`KeyRingError`] if anything about the keys is not as it should be.
    pub async fn load(
        vault: &dyn KeyVault,
        master: MasterKey,
        source: SigningKeySource,
    ) -> Result<Self, KeyRingError> {
        let records = vault.load_keys().await?.ok_or(KeyRingError::NotFounded)?;
        if master.unwrap(CHECK_LABEL, &records.check_value)?.as_slice() != CHECK_TEXT {
            return Err(WrongMasterKey.into());
        }
        let (signing, verification) = match source {
            SigningKeySource::Configured(key) => (key.clone(), vec![key.verification_key()]),
            SigningKeySource::Stored(algorithm) => stored_keys(&master, &records, algorithm)?,
        };
        Ok(Self {
            signing,
            verification: Arc::new(KeySet::new(verification).map_err(KeyRingError::KeySet)?),
            sealing: ArcSwap::from_pointee(sealing_keys(&master, &records)?),
            client_digest: master.mac_key("countersign client digest")?,
            name_digest: master.mac_key("countersign decoy of a name")?,
            master,
        })
    }

    /// Makes a signing key that is published and does not sign yet.
    ///
    /// # Errors
    /// [`KeyRingError`]: nothing was written.
    pub async fn generate(
        vault: &dyn KeyVault,
        master: &MasterKey,
        algorithm: Algorithm,
        now: UnixMillis,
    ) -> Result<KeyId, KeyRingError> {
        let key = SigningKey::generate(algorithm).map_err(KeyRingError::Key)?;
        let record = wrap_signing(master, &key, SigningKeyState::Standby, now)?;
        let event = AuditEvent::new(now, AuditKind::KeyGenerated, Actor::Operator);
        vault.add_signing_key(&record, Some(&event)).await?;
        Ok(record.kid)
    }

    /// Adds a sealing key, which seals the sessions that are opened from the next reload on.
    ///
    /// # Errors
    /// [`KeyRingError`]: nothing was written. At most [`SealingKeys::MAX`] keys are in use at once.
    pub async fn add_sealing_key(
        &self,
        vault: &dyn KeyVault,
        random: &dyn Random,
        now: UnixMillis,
    ) -> Result<SealingKeyId, KeyRingError> {
        let ids = self.sealing.load_full().ids();
        let newest = ids.iter().max().ok_or(KeyRingError::NoSealingKeys)?;
        if ids.len() >= SealingKeys::MAX {
            return Err(KeyRingError::NoSealingKeys);
        }
        let id = SealingKeyId::new(newest.get().saturating_add(1));
        let record = wrap_sealing(&self.master, id, &draw_sealing_key(random)?, now)?;
        vault.add_sealing_key(&record).await?;
        Ok(id)
    }

    /// Reads the sealing keys again.
    ///
    /// # Errors
    /// [`KeyRingError`]: the ring stays as it was.
    pub async fn reload_sealing_keys(&self, vault: &dyn KeyVault) -> Result<(), KeyRingError> {
        let records = vault.load_keys().await?.ok_or(KeyRingError::NotFounded)?;
        let known: Vec<_> = records.sealing.iter().map(|record| record.id).collect();
        if known != self.sealing.load().ids() {
            self.sealing
                .store(Arc::new(sealing_keys(&self.master, &records)?));
        }
        Ok(())
    }

    /// The key that signs.
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The keys that verify.
    pub const fn verification(&self) -> &Arc<KeySet> {
        &self.verification
    }

    /// The keys that seal token ids.
    pub fn sealing(&self) -> Arc<SealingKeys> {
        self.sealing.load_full()
    }

    /// Opens a token id under the keys that this node holds.
    pub fn open(&self, token_id: &str) -> Opened {
        self.sealing.load().open(token_id)
    }

    /// The keyed digest of a client, by its whole user-agent header.
    pub fn client_digest(&self, user_agent: Option<&str>) -> ClientDigest {
        let mut context = hmac::Context::with_key(&self.client_digest);
        context.update(&[u8::from(user_agent.is_some())]);
        context.update(user_agent.unwrap_or_default().as_bytes());
        ClientDigest::from_bits(first_bits(&context.sign()))
    }

    /// The keyed digest of a login name, which chooses the decoy that it meets if nobody has it.
    pub fn name_digest(&self, name: &str) -> u64 {
        first_bits(&hmac::sign(&self.name_digest, name.as_bytes()))
    }
}

/// The first 64 bits of a MAC.
fn first_bits(tag: &hmac::Tag) -> u64 {
    let bytes = tag.as_ref().iter().take(8);
    bytes.fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
}

fn stored_keys(
    master: &MasterKey,
    records: &KeyRecords,
    wanted: Algorithm,
) -> Result<(SigningKey, Vec<countersign_token::VerificationKey>), KeyRingError> {
    let mut signing = None;
    let mut verification = Vec::new();
    for record in records
        .signing
        .iter()
        .filter(|record| record.state.verifies())
    {
        let key = unwrap_signing(master, record)?;
        verification.push(key.verification_key());
        if record.state == SigningKeyState::Active {
            signing = Some(key);
        }
    }
    let signing = signing.ok_or(KeyRingError::NoActiveKey)?;
    if signing.algorithm() != wanted {
        return Err(KeyRingError::OtherAlgorithm {
            active: signing.algorithm().name(),
            wanted: wanted.name(),
        });
    }
    Ok((signing, verification))
}

fn wrap_signing(
    master: &MasterKey,
    key: &SigningKey,
    state: SigningKeyState,
    now: UnixMillis,
) -> Result<SigningKeyRecord, KeyRingError> {
    Ok(SigningKeyRecord {
        kid: key.key_id().clone(),
        algorithm: key.algorithm(),
        state,
        wrapped: master.wrap(
            &signing_label(key.key_id(), key.algorithm()),
            &key.export().map_err(KeyRingError::Key)?,
        )?,
        created_at: now,
    })
}

fn unwrap_signing(
    master: &MasterKey,
    record: &SigningKeyRecord,
) -> Result<SigningKey, KeyRingError> {
    let secret = master.unwrap(
        &signing_label(&record.kid, record.algorithm),
        &record.wrapped,
    )?;
    let key = SigningKey::from_exported(record.algorithm, &secret).map_err(KeyRingError::Key)?;
    Ok(key.with_key_id(record.kid.clone()))
}

fn signing_label(kid: &KeyId, algorithm: Algorithm) -> String {
    format!("countersign signing key {} {kid}", algorithm.name())
}

fn draw_sealing_key(random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, KeyRingError> {
    Ok(Zeroizing::new(draw::<32>(random)?))
}

fn wrap_sealing(
    master: &MasterKey,
    id: SealingKeyId,
    secret: &Zeroizing<[u8; 32]>,
    now: UnixMillis,
) -> Result<SealingKeyRecord, KeyRingError> {
    Ok(SealingKeyRecord {
        id,
        wrapped: master.wrap(&sealing_label(id), secret.as_slice())?,
        created_at: now,
    })
}

fn sealing_keys(master: &MasterKey, records: &KeyRecords) -> Result<SealingKeys, KeyRingError> {
    let keys = records
        .sealing
        .iter()
        .map(|record| {
            let secret = master.unwrap(&sealing_label(record.id), &record.wrapped)?;
            let secret: [u8; 32] = secret.as_slice().try_into().map_err(|_| SealingError)?;
            Ok(SealingKey::new(record.id, &Zeroizing::new(secret))?)
        })
        .collect::<Result<Vec<_>, KeyRingError>>()?;
    SealingKeys::new(keys).ok_or(KeyRingError::NoSealingKeys)
}

/// The id is part of the label: a wrapped key that is moved to another row no longer opens.
fn sealing_label(id: SealingKeyId) -> String {
    format!("countersign sealing key {}", id.get())
}

const CHECK_LABEL: &str = "countersign check value";
const CHECK_TEXT: &[u8] = b"countersign";
