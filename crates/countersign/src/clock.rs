//! Time as a value: the only place below the binary that may look at a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_token::UnixMillis;

/// Tells the time to an [`Authority`](crate::Authority).
///
/// A clock never runs backwards within one process: a token that has been refused as expired stays
/// refused, whatever is done to the machine's clock.
pub trait Clock: Send + Sync {
    /// The present moment, in milliseconds since the epoch.
    fn now(&self) -> UnixMillis;
}

/// The machine's wall clock, held at its highest reading.
#[derive(Debug, Default)]
pub struct SystemClock {
    highest: AtomicI64,
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
}

/// A clock that stands still until it is told to move; for tests of programs that embed the authority.
#[derive(Debug)]
pub struct ManualClock {
    millis: AtomicI64,
}

impl ManualClock {
    /// A clock standing at `now`.
    pub const fn at(now: UnixMillis) -> Self {
        Self {
            millis: AtomicI64::new(now.millis()),
        }
    }

    /// Sets the clock, forwards or back.
    pub fn set(&self, now: UnixMillis) {
        self.millis.store(now.millis(), Ordering::SeqCst);
    }

    /// Moves the clock forward by so many milliseconds.
    pub fn advance_millis(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.millis.load(Ordering::SeqCst))
    }
}
