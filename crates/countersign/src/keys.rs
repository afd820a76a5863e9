//! The key ring of a running authority: the key that signs, those that verify, those that seal.
//!
//! Keys live in the store, wrapped by the [`MasterKey`]. A signing key that the configuration names owns the
//! ring instead: it signs and verifies alone, and the store keeps only the sealing keys.
//!
//! Beside them, tokens of another issuer may be verified by the keys that it publishes: [`IssuerKeys`].

mod genuine;
mod issuer;
mod life;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use countersign_token::{
    Algorithm, ClaimsSet, HeaderForm, KeyError, KeyId, KeySet, KeySetError, SignError, SignedToken,
    SigningKey, UnixMillis, VerificationKey, Verifier, VerifyError,
};
use zeroize::Zeroizing;

pub(crate) use self::genuine::{Genuine, Voucher};
pub use self::issuer::IssuerKeys;
pub use self::life::{
    KeyRefusal, PUBLICATION_TIME, check_retirement, is_published_from, plan_promotion,
    plan_revocation,
};

use self::issuer::OtherIssuer;
use crate::audit::AuditKind;
use crate::clock::Clock;
use crate::policy::KeyIdInHeader;
use crate::random::{NoRandomness, Random, draw};
use crate::sealed_id::{Opened, SealingError, SealingKey, SealingKeyId, SealingKeys};
use crate::secrets::{MasterKey, WrongMasterKey};
use crate::session::ClientDigest;
use crate::store::{
    KeyRecords, KeyVault, SealingKeyRecord, SigningKeyRecord, SigningKeyState, StoreError,
};

/// Every key that an authority works with.
pub struct KeyRing {
    source: SigningKeySource,
    /// Replaced as a whole when the log says that the keys have changed; readers never wait.
    in_force: ArcSwap<KeysInForce>,
    /// Makes the verifier for each new set of keys.
    verifier: MakeVerifier,
    /// Whose tokens are accepted, too.
    other_issuer: Option<OtherIssuer>,
    /// Replaced as a whole when another node adds or drops a key; readers never wait.
    sealing: ArcSwap<SealingKeys>,
    client_digest: hmac::Key,
    name_digest: hmac::Key,
    throttle_digest: hmac::Key,
    master: MasterKey,
}

/// The key that signs, and the verifier for what it and others signed, as of one moment.
struct KeysInForce {
    signing: SigningKey,
    verifier: Verifier,
}

type MakeVerifier = Box<dyn Fn(Arc<KeySet>) -> Verifier + Send + Sync>;

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
        let records = load_keys(vault, &master).await?;
        let (signing, verification) = match &source {
            SigningKeySource::Configured(key) => (key.clone(), vec![key.verification_key()]),
            SigningKeySource::Stored(wanted) => {
                let stored = stored_keys(&master, &records)?;
                must_be_for(*wanted, &stored.0)?;
                stored
            }
        };
        let verifier: MakeVerifier = Box::new(Verifier::new);
        Ok(Self {
            source,
            in_force: ArcSwap::from_pointee(in_force(signing, verification, &verifier)?),
            verifier,
            other_issuer: None,
            sealing: ArcSwap::from_pointee(sealing_keys(&master, &records)?),
            client_digest: master.mac_key("countersign client digest")?,
            name_digest: master.mac_key("countersign decoy of a name")?,
            throttle_digest: master.mac_key("countersign throttle of a name")?,
            master,
        })
    }

    /// Accepts tokens of another issuer, too, by the keys that it publishes (`JWK_URL`).
    ///
    /// From then on every token must name its key, also one of ours: a `kid` of ours means our key, any other one is
    /// looked for among the issuer's, and no key is tried that the token does not name. Ours are signed with
    /// `kid` where the settings say so ([`KeyIdInHeader`]).
    #[must_use]
    pub fn trusting(self, issuer: Arc<dyn IssuerKeys>) -> Self {
        Self {
            other_issuer: Some(OtherIssuer::new(issuer)),
            ..self
        }
    }

    /// Verifies with verifiers of this making, from now on and after every change of the keys.
    pub(crate) fn verifying(
        self,
        make: impl Fn(Arc<KeySet>) -> Verifier + Send + Sync + 'static,
    ) -> Self {
        let keys = self.in_force.load_full();
        let verifier: MakeVerifier = match self.other_issuer {
            Some(_) => Box::new(move |keys| make(keys).named_keys_only()),
            None => Box::new(make),
        };
        let in_force = KeysInForce {
            signing: keys.signing.clone(),
            verifier: verifier(Arc::clone(keys.verifier.keys())),
        };
        Self {
            in_force: ArcSwap::from_pointee(in_force),
            verifier,
            ..self
        }
    }

    /// Makes a signing key that running servers publish at once, and that does not sign yet.
    ///
    /// # Errors
    /// [`KeyRingError`]: nothing was written. At most [`KeySet::MAX_KEYS`] keys verify at once.
    pub async fn generate(
        vault: &dyn KeyVault,
        master: &MasterKey,
        algorithm: Algorithm,
        now: UnixMillis,
    ) -> Result<KeyId, KeyRingError> {
        // A key that is wrapped by the wrong master key would stop every server.
        let records = load_keys(vault, master).await?;
        let verifying = records.signing.iter().filter(|key| key.state.verifies());
        let count = verifying.count().saturating_add(1);
        if count > KeySet::MAX_KEYS {
            return Err(KeyRingError::KeySet(KeySetError::TooManyKeys { count }));
        }
        let key = SigningKey::generate(algorithm).map_err(KeyRingError::Key)?;
        let record = wrap_signing(master, &key, SigningKeyState::Standby, now)?;
        let event = life::event(AuditKind::KeyGenerated, &record.kid, now);
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

    /// Reads the signing keys again: one of another algorithm than the settings' may sign by now. A configured key
    /// stays what it is.
    ///
    /// # Errors
    /// [`KeyRingError`]: the ring stays as it was.
    pub async fn reload_signing_keys(&self, vault: &dyn KeyVault) -> Result<(), KeyRingError> {
        if matches!(self.source, SigningKeySource::Configured(_)) {
            return Ok(());
        }
        let records = vault.load_keys().await?.ok_or(KeyRingError::NotFounded)?;
        let (signing, verification) = stored_keys(&self.master, &records)?;
        let keys = in_force(signing, verification, &self.verifier)?;
        self.in_force.store(Arc::new(keys));
        Ok(())
    }

    /// The name of the key that signs.
    pub fn active(&self) -> KeyId {
        self.in_force.load().signing.key_id().clone()
    }

    /// The keys that verify.
    pub fn verification(&self) -> Arc<KeySet> {
        Arc::clone(self.in_force.load().verifier.keys())
    }

    /// Establishes that a token is genuine and in force at `now`, and who vouches for it. Only one that none of our
    /// keys can have signed is taken to the other issuer, if there is one.
    pub(crate) async fn authenticate(
        &self,
        token: &str,
        now: UnixMillis,
        clock: &dyn Clock,
    ) -> Result<Genuine, VerifyError> {
        let judged = self.in_force.load().verifier.authenticate(token, now);
        match (&judged, &self.other_issuer) {
            (
                Err(VerifyError::UnknownKey | VerifyError::UnacceptableAlgorithm),
                Some(other_issuer),
            ) => {
                let (elapsed, make) = (clock.elapsed(), &self.verifier);
                let judged = other_issuer.authenticate(token, now, elapsed, make).await;
                judged.map(|token| Genuine::new(token, Voucher::OtherIssuer))
            }
            _ => judged.map(|token| Genuine::new(token, Voucher::Ourselves)),
        }
    }

    /// Signs claims with the active key.
    pub(crate) fn sign(
        &self,
        named: KeyIdInHeader,
        claims: &ClaimsSet,
    ) -> Result<SignedToken, SignError> {
        let keys = self.in_force.load();
        let several = keys.verifier.keys().len() > 1;
        let header = match named {
            KeyIdInHeader::Always => HeaderForm::WithKeyId,
            KeyIdInHeader::WhenSeveral if several => HeaderForm::WithKeyId,
            KeyIdInHeader::WhenSeveral | KeyIdInHeader::Never => HeaderForm::Plain,
        };
        keys.signing.encode(header, claims)
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

    /// The keyed digest of a login name, under which its failed sign-ins are counted.
    pub(crate) fn throttle_digest(&self, name: &str) -> u64 {
        first_bits(&hmac::sign(&self.throttle_digest, name.as_bytes()))
    }
}

/// The first 64 bits of a MAC.
fn first_bits(tag: &hmac::Tag) -> u64 {
    let bytes = tag.as_ref().iter().take(8);
    bytes.fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("source", &self.source)
            .field("signing", &self.in_force.load().signing)
            .field("verifying", &self.verification().len())
            .field("other_issuer", &self.other_issuer.is_some())
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

/// The keys of a store that was made with this master key.
async fn load_keys(vault: &dyn KeyVault, master: &MasterKey) -> Result<KeyRecords, KeyRingError> {
    let records = vault.load_keys().await?.ok_or(KeyRingError::NotFounded)?;
    if master.unwrap(CHECK_LABEL, &records.check_value)?.as_slice() != CHECK_TEXT {
        return Err(WrongMasterKey.into());
    }
    Ok(records)
}

fn in_force(
    signing: SigningKey,
    verification: Vec<VerificationKey>,
    verifier: &MakeVerifier,
) -> Result<KeysInForce, KeyRingError> {
    let verification = KeySet::new(verification).map_err(KeyRingError::KeySet)?;
    Ok(KeysInForce {
        signing,
        verifier: verifier(Arc::new(verification)),
    })
}

/// The key that signs, and all that verify.
fn stored_keys(
    master: &MasterKey,
    records: &KeyRecords,
) -> Result<(SigningKey, Vec<VerificationKey>), KeyRingError> {
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
    Ok((signing.ok_or(KeyRingError::NoActiveKey)?, verification))
}

fn must_be_for(wanted: Algorithm, signing: &SigningKey) -> Result<(), KeyRingError> {
    if signing.algorithm() == wanted {
        return Ok(());
    }
    Err(KeyRingError::OtherAlgorithm {
        active: signing.algorithm().name(),
        wanted: wanted.name(),
    })
}

fn wrap_signing(
    master: &MasterKey,
    key: &SigningKey,
    state: SigningKeyState,
    now: UnixMillis,
) -> Result<SigningKeyRecord, KeyRingError> {
    let wrapped = master.wrap(
        &signing_label(key.key_id(), key.algorithm()),
        &key.export().map_err(KeyRingError::Key)?,
    )?;
    Ok(SigningKeyRecord {
        kid: key.key_id().clone(),
        algorithm: key.algorithm(),
        state,
        since: now,
        wrapped: Some(wrapped),
        created_at: now,
        promoted_at: (state == SigningKeyState::Active).then_some(now),
        keep_until: None,
    })
}

fn unwrap_signing(
    master: &MasterKey,
    record: &SigningKeyRecord,
) -> Result<SigningKey, KeyRingError> {
    let wrapped = record
        .wrapped
        .as_deref()
        .ok_or_else(|| StoreError::Corrupt(format!("the key {} has no secret", record.kid)))?;
    let secret = master.unwrap(&signing_label(&record.kid, record.algorithm), wrapped)?;
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
