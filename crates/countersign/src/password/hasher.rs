//! Hashing off the async threads, at most so many at once, with a bounded queue before it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::argon2::{self, Workspace};
use super::decoy::Decoys;
use super::scheme::Scheme;
use super::{EncodedPassword, PlainPassword, WrittenForm, pbkdf2};
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
    written: WrittenForm,
    random: Arc<dyn Random>,
    /// What unknown names are checked against. Replaced as a whole; a check under way keeps those it began with.
    decoys: ArcSwap<Decoys>,
    slots: Arc<Semaphore>,
    /// Memory to hash in, nineteen megabytes each: one that is kept for the next sign-in, and one for each slot while
    /// sign-ins wait.
    workspaces: Mutex<Vec<Workspace>>,
    /// Whether anything was hashed since [`PasswordHasher::release_idle_memory`] last looked.
    used: AtomicBool,
    /// Who has a slot, and who waits for one.
    waiting: AtomicUsize,
    slot_count: usize,
    longest_queue: usize,
}

/// Whether a stored form that is not today's is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    /// If the password matches.
    IfOutdated,
    /// Not now: the sign-in is refused anyway, and the work would tell that the password was right.
    Never,
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
        written: WrittenForm,
        slots: usize,
        random: Arc<dyn Random>,
    ) -> Result<Self, HasherError> {
        let slots = slots.max(1);
        let decoy = encode(
            random.as_ref(),
            b"decoy",
            written,
            &mut Workspace::default(),
        )?;
        Ok(Self {
            shared: Arc::new(Shared {
                written,
                random,
                decoys: ArcSwap::from_pointee(Decoys::only(decoy)),
                slots: Arc::new(Semaphore::new(slots)),
                workspaces: Mutex::default(),
                used: AtomicBool::new(false),
                waiting: AtomicUsize::new(0),
                slot_count: slots,
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
        upgrade: Upgrade,
    ) -> Result<Check, HasherError> {
        self.run(move |shared, workspace| {
            let check = shared.check(&password, stored.as_ref(), name_digest, workspace);
            match (check, upgrade) {
                (Outcome::Differs, _) => Ok(Check::Differs),
                (Outcome::MatchesOutdated, Upgrade::IfOutdated) => Ok(Check::Matches {
                    upgrade: Some(shared.encode(password.as_bytes(), workspace)?),
                }),
                (Outcome::MatchesOutdated, Upgrade::Never) | (Outcome::Matches, _) => {
                    Ok(Check::Matches { upgrade: None })
                }
            }
        })
        .await?
    }

    /// Takes a sample of the stored passwords, spread over all accounts, for the decoys of unknown names.
    pub fn learn(&self, mut samples: Vec<EncodedPassword>) {
        samples.retain(|sample| Scheme::parse(sample).is_some());
        if let Some(decoys) = Decoys::of(samples) {
            self.shared.decoys.store(Arc::new(decoys));
        }
    }

    /// Gives the memory back that was kept for the next sign-in, if nothing was hashed since the last call. Whoever
    /// wants a small process calls this every few seconds.
    pub fn release_idle_memory(&self) {
        if !self.shared.used.swap(false, Ordering::AcqRel) {
            self.shared.lock_workspaces().clear();
        }
    }

    /// Encodes a new password.
    ///
    /// # Errors
    /// [`HasherError`]; nothing was made.
    pub async fn encode(&self, password: PlainPassword) -> Result<EncodedPassword, HasherError> {
        self.run(move |shared, workspace| shared.encode(password.as_bytes(), workspace))
            .await?
    }

    /// Does `work` on a blocking thread. Place and slot go with it: whoever stops waiting frees neither, because
    /// the work goes on.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &mut Workspace) -> T + Send + 'static,
    ) -> Result<T, HasherError> {
        let place = Place::take(&self.shared)?;
        let slots = Arc::clone(&self.shared.slots);
        let slot = slots
            .acquire_owned()
            .await
            .map_err(|_| HasherError::Failed)?;
        let working = spawn_blocking(move || {
            let shared = &place.0;
            let mut workspace = shared.take_workspace();
            let done = work(shared, &mut workspace);
            shared.give_back(workspace);
            drop(slot);
            done
        });
        working.await.map_err(|_| HasherError::Failed)
    }
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher")
            .field("written", &self.shared.written)
            .finish_non_exhaustive()
    }
}

/// How a password compared, before anything is done about it.
enum Outcome {
    Differs,
    Matches,
    MatchesOutdated,
}

impl Shared {
    fn check(
        &self,
        password: &PlainPassword,
        stored: Option<&EncodedPassword>,
        name_digest: u64,
        workspace: &mut Workspace,
    ) -> Outcome {
        let password = password.as_bytes();
        let Some(scheme) = stored.and_then(Scheme::parse) else {
            // The work is the point, and the answer is not; it must not be optimized away.
            std::hint::black_box(self.matches_decoy(password, name_digest, workspace));
            return Outcome::Differs;
        };
        match (
            scheme.matches(password, workspace),
            scheme.is_current(self.written),
        ) {
            (false, _) => Outcome::Differs,
            (true, true) => Outcome::Matches,
            (true, false) => Outcome::MatchesOutdated,
        }
    }

    /// Whether the password is that of the decoy which the name meets.
    fn matches_decoy(&self, password: &[u8], name_digest: u64, workspace: &mut Workspace) -> bool {
        let decoys = self.decoys.load();
        let scheme = decoys.choose(name_digest).and_then(Scheme::parse);
        scheme.is_some_and(|scheme| scheme.matches(password, workspace))
    }

    fn encode(
        &self,
        password: &[u8],
        workspace: &mut Workspace,
    ) -> Result<EncodedPassword, HasherError> {
        encode(self.random.as_ref(), password, self.written, workspace)
    }

    fn take_workspace(&self) -> Workspace {
        self.used.store(true, Ordering::Release);
        self.lock_workspaces().pop().unwrap_or_default()
    }

    /// Keeps a workspace for whoever waits for it, or as the one that is there for the next sign-in.
    fn give_back(&self, workspace: Workspace) {
        if let WrittenForm::Argon2id(cost) = self.written
            && !workspace.is_of(cost)
        {
            return;
        }
        let somebody_waits = self.waiting.load(Ordering::Acquire) > self.slot_count;
        let mut workspaces = self.lock_workspaces();
        if workspaces.is_empty() || somebody_waits {
            workspaces.push(workspace);
        }
    }

    fn lock_workspaces(&self) -> MutexGuard<'_, Vec<Workspace>> {
        self.workspaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, given back when dropped: also when the request that waits is dropped.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Result<Self, HasherError> {
        let place = Self(Arc::clone(shared));
        let before = shared.waiting.fetch_add(1, Ordering::AcqRel);
        if before >= shared.longest_queue {
            return Err(HasherError::Overloaded);
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn encode(
    random: &dyn Random,
    password: &[u8],
    written: WrittenForm,
    workspace: &mut Workspace,
) -> Result<EncodedPassword, HasherError> {
    match written {
        WrittenForm::Argon2id(cost) => {
            let salt = draw::<16>(random).map_err(|_| HasherError::Failed)?;
            argon2::encode(password, &salt, cost, workspace).ok_or(HasherError::Failed)
        }
        WrittenForm::Django(cost) => {
            let salt = pbkdf2::draw_salt(random).map_err(|_| HasherError::Failed)?;
            Ok(pbkdf2::encode(password, &salt, cost))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{Argon2Cost, Pbkdf2Cost};
    use crate::random::SystemRandom;

    fn hasher() -> PasswordHasher {
        hasher_of(WrittenForm::Argon2id(Argon2Cost::DANGER_CHEAP))
    }

    fn hasher_of(written: WrittenForm) -> PasswordHasher {
        PasswordHasher::new(written, 1, Arc::new(SystemRandom)).unwrap()
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
        let check = |text| hasher.check(plain(text), Some(encoded.clone()), 0, Upgrade::IfOutdated);
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
    async fn p02_every_character_counts_and_none_is_folded() {
        let hasher = hasher();
        let long = "correct horse ".repeat(40);
        let text = format!("Caf\u{e9}\0{long}x");
        let encoded = hasher.encode(plain(&text)).await.unwrap();
        let others = [
            "Caf\u{e9}".to_owned(),
            format!("Caf\u{e9}\0{long}y"),
            format!("Caf\u{e9}\0{long}"),
            format!("caf\u{e9}\0{long}x"),
            format!("Cafe\u{301}\0{long}x"),
            format!("{text} "),
        ];
        let check = |text| hasher.check(plain(text), Some(encoded.clone()), 0, Upgrade::IfOutdated);
        assert_eq!(check(&text).await, Ok(Check::Matches { upgrade: None }));
        for other in &others {
            assert_eq!(check(other).await, Ok(Check::Differs), "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_django_hash_matches_and_is_upgraded() {
        let stored = EncodedPassword::from_stored(DJANGO.to_owned());
        let checked = hasher()
            .check(plain("pw1"), Some(stored), 0, Upgrade::IfOutdated)
            .await
            .unwrap();
        let Check::Matches {
            upgrade: Some(upgrade),
        } = checked
        else {
            panic!("{checked:?}")
        };
        assert_eq!(upgrade.algorithm(), "argon2");
    }

    #[tokio::test]
    async fn on_the_way_back_passwords_are_written_as_django_writes_them() {
        let iterations = std::num::NonZeroU32::new(1000).unwrap();
        let back = hasher_of(WrittenForm::Django(Pbkdf2Cost { iterations }));
        let written = back.encode(plain("pw1")).await.unwrap();
        let parts: Vec<_> = written.as_stored().split('$').collect();
        assert_eq!(parts[..2], ["pbkdf2_sha256", "1000"]);
        assert_eq!((parts[2].len(), parts[3].len()), (22, 44));
        assert!(parts[2].bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(written, back.encode(plain("pw1")).await.unwrap());

        let ours = hasher().encode(plain("pw1")).await.unwrap();
        let few = DJANGO.replace("$1000$", "$999$");
        let django = EncodedPassword::from_stored(DJANGO.to_owned());
        assert!(!EncodedPassword::from_stored(few.replace('$', "!")).is_usable());
        for (stored, upgraded) in [(written, false), (django, false), (ours, true)] {
            let check = back.check(plain("pw1"), Some(stored), 0, Upgrade::IfOutdated);
            let Check::Matches { upgrade } = check.await.unwrap() else {
                panic!("it matches");
            };
            assert_eq!(upgrade.is_some(), upgraded);
            assert!(upgrade.is_none_or(|to| to.algorithm() == "pbkdf2_sha256"));
        }
    }

    #[tokio::test]
    async fn a_sign_in_that_is_refused_anyway_makes_no_new_hash() {
        let stored = EncodedPassword::from_stored(DJANGO.to_owned());
        let hasher = hasher();
        let checked = hasher.check(plain("pw1"), Some(stored), 0, Upgrade::Never);
        assert_eq!(checked.await, Ok(Check::Matches { upgrade: None }));
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
                hasher()
                    .check(plain("pw1"), Some(stored), 0, Upgrade::IfOutdated)
                    .await,
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
                hasher()
                    .check(plain("decoy"), stored, 0, Upgrade::IfOutdated)
                    .await,
                Ok(Check::Differs)
            );
        }
    }

    /// Only who does the whole work of a scheme can tell the right password from a wrong one.
    #[tokio::test]
    async fn an_unknown_name_meets_the_whole_work_of_a_stored_password() {
        let hasher = hasher();
        let sample = |text: &str| EncodedPassword::from_stored(text.to_owned());
        hasher.learn(vec![sample("!unusable"), sample(DJANGO), sample("md5$$b")]);
        let mut workspace = Workspace::default();
        for digest in [0, u64::MAX / 2, u64::MAX] {
            let mut meets = |password: &[u8]| {
                hasher
                    .shared
                    .matches_decoy(password, digest, &mut workspace)
            };
            assert!(meets(b"pw1") && !meets(b"pw2"), "{digest}");
        }
        let signed_in = hasher.check(plain("pw1"), None, 0, Upgrade::IfOutdated);
        assert_eq!(signed_in.await, Ok(Check::Differs), "and nobody gets in");
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

    #[tokio::test]
    async fn work_whose_caller_has_gone_keeps_its_slot_until_it_is_done() {
        let hasher = hasher();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let work = hasher.clone();
        let request = tokio::spawn(async move {
            work.run(move |_, _| {
                let _ = started.send(());
                let _ = held.recv();
            })
            .await
        });
        running.await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.shared.slots.available_permits(), 0);
        assert_eq!(hasher.shared.waiting.load(Ordering::Acquire), 1);
        release.send(()).unwrap();
        assert!(hasher.encode(plain("x")).await.is_ok());
    }

    fn kept(hasher: &PasswordHasher) -> usize {
        hasher.shared.lock_workspaces().len()
    }

    #[tokio::test]
    async fn memory_is_kept_for_the_next_sign_in_and_goes_when_there_is_none() {
        let hasher = hasher();
        for _ in 0..3 {
            hasher.encode(plain("x")).await.unwrap();
        }
        assert_eq!(kept(&hasher), 1);
        hasher.release_idle_memory();
        assert_eq!(kept(&hasher), 1, "somebody signed in since the last look");
        hasher.release_idle_memory();
        assert_eq!(kept(&hasher), 0);
        hasher.encode(plain("x")).await.unwrap();
        assert_eq!(kept(&hasher), 1);
    }

    #[tokio::test]
    async fn more_memory_than_for_one_is_kept_only_while_somebody_waits() {
        let hasher = hasher();
        let give_back_two = || {
            hasher.shared.lock_workspaces().clear();
            hasher.shared.give_back(Workspace::default());
            hasher.shared.give_back(Workspace::default());
            kept(&hasher)
        };
        let at_work = Place::take(&hasher.shared).unwrap();
        assert_eq!(give_back_two(), 1);
        let waiting = Place::take(&hasher.shared).unwrap();
        assert_eq!(give_back_two(), 2);
        drop((at_work, waiting));
        assert_eq!(give_back_two(), 1);
    }

    #[tokio::test]
    async fn the_memory_of_a_costlier_hash_from_elsewhere_is_not_kept() {
        let hasher = hasher();
        for (memory_kib, expected) in [(16, 0), (8, 1)] {
            let stored = format!(
                "argon2$argon2id$v=19$m={memory_kib},t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"
            );
            let stored = Some(EncodedPassword::from_stored(stored));
            let checked = hasher.check(plain("x"), stored, 0, Upgrade::Never).await;
            assert_eq!(checked, Ok(Check::Differs));
            assert_eq!(kept(&hasher), expected, "{memory_kib}");
        }
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
