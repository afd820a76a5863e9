//! Time as a value: the only place below the binary that may look at a clock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign_token::UnixMillis;

/// Tells the time to an [`Authority`](crate::Authority).
///
/// A clock never runs backwards within one process: a token that has been refused as expired stays
/// refused, whatever is done to the machine's clock.
pub trait Clock: Send + Sync {
    /// The present moment, in milliseconds since the epoch. For what tokens and records say.
    fn now(&self) -> UnixMillis;

    /// How much time has passed since some moment in the past, whatever is done to the wall clock. For how old a
    /// look at something may be.
    fn elapsed(&self) -> Duration;
}

/// The machine's wall clock, held at its highest reading.
#[derive(Debug)]
pub struct SystemClock {
    highest: AtomicI64,
    started: Instant,
}

impl Default for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this type is the sanctioned way to the clocks; whoever builds an Authority hands it in"
    )]
    fn default() -> Self {
        Self {
            highest: AtomicI64::new(0),
            started: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this type is the sanctioned way to the wall clock; whoever builds an Authority hands it in"
    )]
    fn now(&self) -> UnixMillis {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
            .unwrap_or(0);
        let before = self.highest.fetch_max(wall, Ordering::Relaxed);
        UnixMillis::from_millis(before.max(wall))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until it is told to move; for tests of programs that embed the authority.
#[derive(Debug)]
pub struct ManualClock {
    millis: AtomicI64,
    elapsed_millis: AtomicU64,
}

impl ManualClock {
    /// A clock standing at `now`.
    pub const fn at(now: UnixMillis) -> Self {
        Self {
            millis: AtomicI64::new(now.millis()),
            elapsed_millis: AtomicU64::new(0),
        }
    }

    /// Sets the wall clock, forwards or back, without any time passing.
    pub fn set(&self, now: UnixMillis) {
        self.millis.store(now.millis(), Ordering::SeqCst);
    }

    /// Lets so many milliseconds pass.
    pub fn advance_millis(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
        self.stand_still_for_millis(u64::try_from(millis).unwrap_or(0));
    }

    /// Lets so many milliseconds pass while the wall clock stands still, as one does that was set back.
    pub fn stand_still_for_millis(&self, millis: u64) {
        self.elapsed_millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed_millis.load(Ordering::SeqCst))
    }
}
