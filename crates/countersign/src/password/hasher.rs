//! Hashing off the async threads, at most so many at once, with a bounded queue before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::argon2::{self, Argon2Cost};
use super::decoy::Decoys;
use super::scheme::Scheme;
use super::{EncodedPassword, PlainPassword};
use crate::random::{Random, draw};

/// Checks and makes password hashes for the whole process.
///
/// At most `slots` hashes are computed at once and at most [`PasswordHasher::QUEUE_PER_SLOT`] times as many wait;
/// beyond that the answer is [`HasherError::Overloaded`], so that a flood of sign-ins cannot hold the memory or
/// the threads that token checks need.
#[derive(Clone)]
pub struct PasswordHasher {
    shared: Arc<Shared>,
}

struct Shared {
    cost: Argon2Cost,
    random: Arc<dyn Random>,
    /// What unknown names are checked against. Replaced as a whole; a check under way keeps those it began with.
    decoys: ArcSwap<Decoys>,
    slots: Semaphore,
    waiting: AtomicUsize,
    longest_queue: usize,
}

/// How a password compared with the stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It matches.
    Matches {
        /// What the stored form should be replaced by, if it is not today's.
        upgrade: Option<EncodedPassword>,
    },
    /// It does not match, or nothing could.
    Differs,
}

/// Hashing could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HasherError {
    /// Too many sign-ins are waiting; try again.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded,
    /// The crypto library or the source of randomness failed.
    #[error("the password could not be hashed")]
    Failed,
}

impl PasswordHasher {
    /// How many sign-ins may wait for each slot.
    pub const QUEUE_PER_SLOT: usize = 64;

    /// A hasher with so many slots, usually one for each core.
    ///
    /// # Errors
    /// [`HasherError::Failed`] if not even one hash can be made.
    pub fn new(
        cost: Argon2Cost,
        slots: usize,
        random: Arc<dyn Random>,
    ) -> Result<Self, HasherError> {
        let slots = slots.max(1);
        let decoy = encode(random.as_ref(), b"decoy", cost)?;
        Ok(Self {
            shared: Arc::new(Shared {
                cost,
                random,
                decoys: ArcSwap::from_pointee(Decoys::only(decoy)),
                slots: Semaphore::new(slots),
                waiting: AtomicUsize::new(0),
                longest_queue: slots.saturating_mul(Self::QUEUE_PER_SLOT),
            }),
        })
    }

    /// Compares a password with a stored form. `None` stands for an unknown name: a decoy is checked, which the
    /// keyed digest of the name chooses, and the answer is [`Check::Differs`] after the same work.
    ///
    /// # Errors
    /// [`HasherError`]; nothing is known about the password then.
    pub async fn check(
        &self,
        password: PlainPassword,
        stored: Option<EncodedPassword>,
        name_digest: u64,
    ) -> Result<Check, HasherError> {
        self.run(move |shared| shared.check(&password, stored.as_ref(), name_digest))
            .await?
    }

    /// Takes a sample of the stored passwords, spread over all accounts, for the decoys of unknown names.
    pub fn learn(&self, mut samples: Vec<EncodedPassword>) {
        samples.retain(|sample| Scheme::parse(sample).is_some());
        if let Some(decoys) = Decoys::of(samples) {
            self.shared.decoys.store(Arc::new(decoys));
        }
    }

    /// Encodes a new password.
    ///
    /// # Errors
    /// [`HasherError`]; nothing was made.
    pub async fn encode(&self, password: PlainPassword) -> Result<EncodedPassword, HasherError> {
        self.run(move |shared| encode(shared.random.as_ref(), password.as_bytes(), shared.cost))
            .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<T, HasherError> {
        let shared = Arc::clone(&self.shared);
        let _place = Place::take(&shared)?;
        let _slot = shared
            .slots
            .acquire()
            .await
            .map_err(|_| HasherError::Failed)?;
        let worker = Arc::clone(&shared);
        spawn_blocking(move || work(&worker))
            .await
            .map_err(|_| HasherError::Failed)
    }
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher")
            .field("cost", &self.shared.cost)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn check(
        &self,
        password: &PlainPassword,
        stored: Option<&EncodedPassword>,
        name_digest: u64,
    ) -> Result<Check, HasherError> {
        let password = password.as_bytes();
        let Some(scheme) = stored.and_then(Scheme::parse) else {
            self.check_decoy(password, name_digest);
            return Ok(Check::Differs);
        };
        if !scheme.matches(password) {
            return Ok(Check::Differs);
        }
        let upgrade = (!scheme.is_current(self.cost))
            .then(|| encode(self.random.as_ref(), password, self.cost))
            .transpose()?;
        Ok(Check::Matches { upgrade })
    }

    /// The work is the point, and the answer is not; it must not be optimized away.
    fn check_decoy(&self, password: &[u8], name_digest: u64) {
        let decoys = self.decoys.load();
        let scheme = decoys.choose(name_digest).and_then(Scheme::parse);
        std::hint::black_box(scheme.is_some_and(|scheme| scheme.matches(password)));
    }
}

/// A place in the queue, given back when dropped: also when the request that waits is dropped.
struct Place<'a>(&'a Shared);

impl<'a> Place<'a> {
    fn take(shared: &'a Shared) -> Result<Self, HasherError> {
        let place = Self(shared);
        let before = shared.waiting.fetch_add(1, Ordering::AcqRel);
        if before >= shared.longest_queue {
            return Err(HasherError::Overloaded);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn encode(
    random: &dyn Random,
    password: &[u8],
    cost: Argon2Cost,
) -> Result<EncodedPassword, HasherError> {
    let salt = draw::<16>(random).map_err(|_| HasherError::Failed)?;
    argon2::encode(password, &salt, cost).ok_or(HasherError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(Argon2Cost::DANGER_CHEAP, 1, Arc::new(SystemRandom)).unwrap()
    }

    fn plain(text: &str) -> PlainPassword {
        PlainPassword::new(text.to_owned())
    }

    /// `pw1` under Django's `pbkdf2_sha256`, from the golden data in `tests/vectors`.
    const DJANGO: &str =
        "pbkdf2_sha256$1000$Abcdefghij0123456789XY$3MqmR+YgqDTTc/XgI3KPZw4MW5ltsFgA1OJUatAiRoc=";

    #[tokio::test]
    async fn a_fresh_hash_matches_its_password_only_and_needs_no_upgrade() {
        let hasher = hasher();
        let encoded = hasher.encode(plain("correct horse")).await.unwrap();
        let check = |text| hasher.check(plain(text), Some(encoded.clone()), 0);
        assert_eq!(
            check("correct horse").await,
            Ok(Check::Matches { upgrade: None })
        );
        assert_eq!(check("correct horsf").await, Ok(Check::Differs));
        assert!(
            encoded
                .as_stored()
                .starts_with("argon2$argon2id$v=19$m=8,t=1,p=1$")
        );
    }

    #[tokio::test]
    async fn a_django_hash_matches_and_is_upgraded() {
        let stored = EncodedPassword::from_stored(DJANGO.to_owned());
        let checked = hasher().check(plain("pw1"), Some(stored), 0).await.unwrap();
        let Check::Matches {
            upgrade: Some(upgrade),
        } = checked
        else {
            panic!("{checked:?}")
        };
        assert_eq!(upgrade.algorithm(), "argon2");
    }

    #[tokio::test]
    async fn other_spellings_of_a_django_hash_never_match() {
        for changed in [
            DJANGO.replace("$1000$", "$01000$"),
            DJANGO.replace("$1000$", "$+1000$"),
            DJANGO.trim_end_matches('=').to_owned(),
            DJANGO.replace("Abcdefghij0123456789XY", ""),
            DJANGO.replace("$1000$", "$0$"),
            DJANGO.replace("$1000$", "$99999999999$"),
        ] {
            let stored = EncodedPassword::from_stored(changed.clone());
            assert_eq!(
                hasher().check(plain("pw1"), Some(stored), 0).await,
                Ok(Check::Differs),
                "{changed}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_matches_an_unknown_name_or_an_unusable_password() {
        for stored in [
            None,
            Some("!x"),
            Some(""),
            Some("md5$a$b"),
            Some("argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
        ] {
            let stored = stored.map(|text| EncodedPassword::from_stored(text.to_owned()));
            assert_eq!(
                hasher().check(plain("decoy"), stored, 0).await,
                Ok(Check::Differs)
            );
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_recovers() {
        let hasher = hasher();
        let longest = hasher.shared.longest_queue;
        let places: Vec<_> = (0..longest)
            .map(|_| Place::take(&hasher.shared).unwrap())
            .collect();
        assert_eq!(
            hasher.encode(plain("x")).await,
            Err(HasherError::Overloaded)
        );
        drop(places);
        assert!(hasher.encode(plain("x")).await.is_ok());
    }

    #[test]
    fn debug_shows_no_password() {
        let shown = format!(
            "{:?} {:?}",
            plain("secret"),
            EncodedPassword::from_stored(DJANGO.to_owned())
        );
        assert_eq!(shown, "PlainPassword(****) EncodedPassword(****)");
    }
}
