//! Dates at which something ends: `exp`, and whatever else a program lets end.

use std::time::Duration;

use crate::json;
use crate::time::{Timestamp, UnixMillis};

/// Why a claim does not say that something still lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpiryError {
    /// The claim is absent: what never ends is not meant to last.
    #[error("the claim is absent")]
    Absent,
    /// The claim is not a JSON number from 1970 to the end of the year 9999.
    #[error("the claim is not a date")]
    NotADate,
    /// The date has been reached.
    #[error("the date has passed")]
    Passed,
}

/// Judges the JSON text of a claim by the rules of `exp` (RFC 7519 §4.1.4).
pub(crate) fn check(
    value: Option<&str>,
    now: UnixMillis,
    leeway: Duration,
) -> Result<Timestamp, ExpiryError> {
    let end = calendar_date(value.ok_or(ExpiryError::Absent)?).ok_or(ExpiryError::NotADate)?;
    if UnixMillis::from(end) <= now.minus(leeway) {
        return Err(ExpiryError::Passed);
    }
    Ok(end)
}

/// A *`NumericDate`* that calendars know; fractions of a second are cut off.
pub(crate) fn calendar_date(value: &str) -> Option<Timestamp> {
    json::whole_part(value)
        .filter(|seconds| (0..=END_OF_YEAR_9999).contains(seconds))
        .map(Timestamp::from_seconds)
}

const END_OF_YEAR_9999: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_over_in_the_second_that_it_names() {
        let now = UnixMillis::from_seconds(100);
        let judge = |value, leeway| check(value, now, Duration::from_secs(leeway));
        assert_eq!(judge(Some("101"), 0), Ok(Timestamp::from_seconds(101)));
        assert_eq!(judge(Some("100.9"), 0), Err(ExpiryError::Passed));
        assert_eq!(judge(Some("91"), 10), Ok(Timestamp::from_seconds(91)));
        assert_eq!(judge(Some("90"), 10), Err(ExpiryError::Passed));
        assert_eq!(judge(None, 0), Err(ExpiryError::Absent));
        for value in [
            "null",
            "\"101\"",
            "true",
            "-1",
            "1e400",
            "253402300800",
            "[]",
        ] {
            assert_eq!(judge(Some(value), 0), Err(ExpiryError::NotADate), "{value}");
        }
    }
}
