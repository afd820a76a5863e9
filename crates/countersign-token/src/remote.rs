//! Keys that another issuer publishes over HTTPS, fetched when they are needed and kept meanwhile.
//!
//! This module alone of the crate does I/O, and only under the feature `remote`. When to fetch is decided in
//! `schedule`, without I/O and without a clock: the elapsed time comes from the caller. How to fetch is `fetch`.

mod fetch;
mod schedule;
mod url;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::algorithm::Algorithm;
use crate::key::{JwkSetError, KeySet};

pub use fetch::{FetchError, SetupError};
pub use url::{KeySetUrl, KeySetUrlError};

use fetch::Fetcher;
use schedule::{Keep, Schedule};

/// A JWK Set at a URL, and what of it is held at the moment.
///
/// # What it promises
/// - **Few fetches.** One per [`lifetime`](RemoteTimes::lifetime), however many ask; all who need its result wait
///   for the same one. A token that names an unknown key causes one more, at most once per
///   [`cool_down`](RemoteTimes::cool_down), whoever sends such tokens and however many.
/// - **What was good stays.** While the set cannot be fetched, or is none, the last good one counts, at most for
///   [`longest_stale`](RemoteTimes::longest_stale). Then no key does.
/// - **Nobody else is asked.** HTTPS outside loopback, no redirect, no proxy; time and size are bounded.
/// - **Only keys for us.** Keys for encryption and of other algorithms are left out, as
///   [`KeySet::from_published_jwk_set`] says.
///
/// Elapsed time is that of the caller's steady clock: any moment may be its zero, but it must be the same one in
/// every call, and no clock setting may move it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_token::remote::{KeySetUrl, RemoteKeySet, RemoteLimits};
/// use countersign_token::{Access, Algorithm, UnixMillis, Verifier};
/// use std::time::Duration;
///
/// let url = KeySetUrl::parse("https://id.example/.well-known/jwks.json")?;
/// let issuer = RemoteKeySet::new(url, &[Algorithm::Es256], RemoteLimits::default(), |fetched| {
///     eprintln!("{fetched:?}"); // into the log
/// })?;
///
/// # let (token, kid) = ("", "");
/// # let now = UnixMillis::from_seconds(1_893_456_000);
/// let elapsed = Duration::from_secs(12); // since the program started, say
/// let verifier = Verifier::new(issuer.keys(elapsed).await).issuer("https://id.example");
/// let verified = verifier.verify::<Access>(token, now);
/// // `VerifyError::UnknownKey` is the one reason to look again.
/// let newer = issuer.keys_naming(kid, elapsed).await;
/// # Ok(())
/// # }
/// ```
pub struct RemoteKeySet {
    inner: Arc<Inner>,
}

/// When a set is fetched. All of it is elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteTimes {
    /// How long a set counts before it is fetched again. Default 300 s.
    pub lifetime: Duration,
    /// How long after a fetch for an unknown key no other unknown key causes one. Default 60 s; less lets strangers
    /// make this program a burden to the issuer.
    pub cool_down: Duration,
    /// How long after a fetch that failed the next one is tried. Default 10 s.
    pub retry_pause: Duration,
    /// How long a set counts at most while it cannot be fetched again. Default 24 h: whoever keeps us from the
    /// issuer keeps a key alive that the issuer has withdrawn.
    pub longest_stale: Duration,
}

/// What a fetch may cost, and when there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteLimits {
    /// When to fetch.
    pub times: RemoteTimes,
    /// How long a fetch may take, from the look-up of the name to the last byte. Default 5 s.
    pub fetch_time: Duration,
    /// How many bytes a set may have. Default 256 KiB.
    pub bytes: usize,
}

impl Default for RemoteTimes {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_mins(5),
            cool_down: Duration::from_mins(1),
            retry_pause: Duration::from_secs(10),
            longest_stale: Duration::from_hours(24),
        }
    }
}

impl Default for RemoteLimits {
    fn default() -> Self {
        Self {
            times: RemoteTimes::default(),
            fetch_time: Duration::from_secs(5),
            bytes: 256 * 1024,
        }
    }
}

/// What came of a fetch; for logs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fetched {
    /// The set was fetched, whether or not anything in it is new.
    Renewed {
        /// How many of its keys are for us. None is a set, too: the issuer's word counts.
        keys: usize,
    },
    /// It was not.
    Failed {
        /// Why.
        error: RemoteError,
        /// How old the set is that goes on to count; `None` if there is none, and no token verifies.
        age: Option<Duration>,
    },
}

/// Why a set was not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It could not be fetched.
    #[error("the key set could not be fetched")]
    Fetch(#[source] FetchError),
    /// What was fetched is no set of public keys.
    #[error("what was fetched is not acceptable")]
    Set(#[source] JwkSetError),
}

struct Inner {
    fetcher: Fetcher,
    accepted: Box<[Algorithm]>,
    report: Box<dyn Fn(&Fetched) + Send + Sync>,
    keys: ArcSwap<KeySet>,
    /// From when on a fetch may be due, in milliseconds of elapsed time: what most calls look at, and no more.
    due_at: AtomicU64,
    /// Held while the set is fetched: who needs the result waits here, and finds it when the lock opens.
    schedule: Arc<Mutex<Schedule>>,
}

impl RemoteKeySet {
    /// A set that has not been fetched yet. `report` is told what came of every fetch.
    ///
    /// # Errors
    /// [`SetupError`] if there can be no client, such as where the system has no CA certificates.
    pub fn new(
        url: KeySetUrl,
        accepted: &[Algorithm],
        limits: RemoteLimits,
        report: impl Fn(&Fetched) + Send + Sync + 'static,
    ) -> Result<Self, SetupError> {
        let inner = Inner {
            fetcher: Fetcher::new(url, &limits)?,
            accepted: accepted.into(),
            report: Box::new(report),
            keys: ArcSwap::default(),
            due_at: AtomicU64::new(0),
            schedule: Arc::new(Mutex::new(Schedule::new(limits.times))),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The keys that count now. It is the same [`Arc`] as long as they are the same keys.
    ///
    /// Fetches them first if their time has come. While somebody else does so, the last good ones are returned at
    /// once; only where there are none yet, everybody waits.
    pub async fn keys(&self, elapsed: Duration) -> Arc<KeySet> {
        if self.inner.is_settled(elapsed) {
            return self.inner.keys.load_full();
        }
        let known = self.inner.keys.load_full();
        let schedule = match Arc::clone(&self.inner.schedule).try_lock_owned() {
            Ok(schedule) => schedule,
            Err(_) if !known.is_empty() => return known,
            Err(_) => Arc::clone(&self.inner.schedule).lock_owned().await,
        };
        if schedule.is_due(elapsed) {
            self.fetch(schedule, elapsed).await;
        }
        self.inner.keys.load_full()
    }

    /// The keys that count now, for a token that names a key which was not among them: fetches them once more, unless
    /// that was done a short time ago.
    pub async fn keys_naming(&self, key_id: &str, elapsed: Duration) -> Arc<KeySet> {
        let mut schedule = Arc::clone(&self.inner.schedule).lock_owned().await;
        let known = self.inner.keys.load_full();
        if known.get(key_id).is_some() {
            return known;
        }
        if !schedule.is_due(elapsed) {
            if !schedule.may_look_again(elapsed) {
                return known;
            }
            schedule.look_again(elapsed);
        }
        self.fetch(schedule, elapsed).await;
        self.inner.keys.load_full()
    }

    /// Fetches in a task of its own, which ends within the time that a fetch may take: a caller that goes away must not
    /// take the answer from everybody else.
    async fn fetch(&self, mut schedule: OwnedMutexGuard<Schedule>, elapsed: Duration) {
        schedule.begin(elapsed);
        let inner = Arc::clone(&self.inner);
        let task = tokio::spawn(async move { inner.renew(&mut schedule, elapsed).await });
        // Nothing in it panics, and nobody aborts it but the end of the runtime: then there is nothing to tell.
        drop(task.await);
    }
}

impl fmt::Debug for RemoteKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeySet")
            .field("url", self.inner.fetcher.url())
            .field("keys", &self.inner.keys.load())
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// Whether nothing is to be fetched for the sake of time alone.
    fn is_settled(&self, elapsed: Duration) -> bool {
        whole_millis(elapsed) < self.due_at.load(Ordering::Acquire)
    }

    async fn renew(&self, schedule: &mut Schedule, elapsed: Duration) {
        let fetched = match self.fetch_keys().await {
            Ok(keys) => {
                schedule.succeed(elapsed);
                let count = keys.len();
                self.replace(keys);
                Fetched::Renewed { keys: count }
            }
            Err(error) => {
                if schedule.fail(elapsed) == Keep::Nothing {
                    self.replace(KeySet::default());
                }
                let age = schedule.age(elapsed);
                Fetched::Failed { error, age }
            }
        };
        let due_at = whole_millis(schedule.due_at());
        self.due_at.store(due_at, Ordering::Release);
        (self.report)(&fetched);
    }

    async fn fetch_keys(&self) -> Result<KeySet, RemoteError> {
        let text = self.fetcher.fetch().await.map_err(RemoteError::Fetch)?;
        KeySet::from_published_jwk_set(&self.accepted, &text).map_err(RemoteError::Set)
    }

    /// Keeps the old value where nothing is new: what was remembered of tokens goes by it.
    fn replace(&self, keys: KeySet) {
        if self.keys.load().jwk_set() != keys.jwk_set() {
            self.keys.store(Arc::new(keys));
        }
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
