//! The two units of time: whole seconds on the wire, milliseconds inside.
//!
//! Nothing here reads a clock. All arithmetic saturates, so that no `i64` that a token can carry
//! makes it panic.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time as tokens carry it: whole seconds since 1970-01-01T00:00:00Z.
///
/// The *`NumericDate`* of RFC 7519 §2, without fractions.
///
/// # What it is not
/// Not a reading of a clock: a clock is read once per operation as [`UnixMillis`], and every
/// `iat` and `exp` of that operation is derived from the one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This point in time, later by the whole seconds of `duration`; stays in range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One reading of a clock: milliseconds since 1970-01-01T00:00:00Z.
///
/// Whoever asks for a decision that depends on time hands one in. Rotation measures its grace in
/// milliseconds, which is why a reading is finer than a [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// Takes milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Takes seconds since the epoch; stays in range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS_PER_SECOND))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The second in which this reading lies: rounded down, also before the epoch.
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0.div_euclid(MILLIS_PER_SECOND))
    }

    /// This reading, later by the whole milliseconds of `duration`; stays in range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }

    /// This reading, earlier by the whole milliseconds of `duration`; stays in range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }

    /// Milliseconds from `earlier` to this reading; negative if `earlier` is the later one.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<Timestamp> for UnixMillis {
    fn from(timestamp: Timestamp) -> Self {
        Self::from_seconds(timestamp.seconds())
    }
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

const MILLIS_PER_SECOND: i64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_belongs_to_the_second_it_lies_in() {
        assert_eq!(
            UnixMillis::from_millis(1999).timestamp(),
            Timestamp::from_seconds(1)
        );
        assert_eq!(
            UnixMillis::from_millis(-1).timestamp(),
            Timestamp::from_seconds(-1)
        );
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let forever = Duration::from_secs(u64::MAX);
        assert_eq!(UnixMillis::from_millis(5).plus(forever).millis(), i64::MAX);
        assert_eq!(
            UnixMillis::from_millis(-5).minus(forever).millis(),
            i64::MIN
        );
        assert_eq!(Timestamp::from_seconds(5).plus(forever).seconds(), i64::MAX);
        assert_eq!(UnixMillis::from_seconds(i64::MAX).millis(), i64::MAX);
        let first = UnixMillis::from_millis(i64::MIN);
        assert_eq!(first.since(UnixMillis::from_millis(1)), i64::MIN);
    }

    #[test]
    fn a_timestamp_is_written_as_a_number() {
        let text = serde_json::to_string(&Timestamp::from_seconds(1_893_456_000)).unwrap();
        assert_eq!(text, "1893456000");
    }
}
