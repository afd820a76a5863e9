//! Lengths of time as configuration files write them: `"5m"`, `"1d"`, `"10s"`, or whole seconds.

use std::time::Duration;

/// Reads a length of time: digits and one unit (`ms`, `s`, `m`, `h`, `d`, `w`); digits alone are seconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = text.strip_prefix(digits)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    if unit == "ms" {
        return Some(Duration::from_millis(count));
    }
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    count.checked_mul(seconds).map(Duration::from_secs)
}

/// Writes a length of time in the largest unit that divides it.
pub(crate) fn show(duration: Duration) -> String {
    if duration.subsec_nanos() != 0 {
        return format!("{}ms", duration.as_millis());
    }
    let seconds = duration.as_secs();
    let fitting = UNITS
        .into_iter()
        .filter(|(name, size)| {
            !name.is_empty() && *name != "w" && seconds != 0 && seconds.is_multiple_of(*size)
        })
        .max_by_key(|(_, size)| *size);
    let (unit, size) = fitting.unwrap_or(("s", 1));
    format!("{}{unit}", seconds / size)
}

/// What a refused length of time is answered with.
pub(crate) const EXPECTED: &str =
    r#"a length of time such as "10s", "5m", "2h", "1d", "1w", or whole seconds"#;

const UNITS: [(&str, u64); 6] = [
    ("", 1),
    ("s", 1),
    ("m", 60),
    ("h", 3_600),
    ("d", 86_400),
    ("w", 604_800),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_and_one_unit_are_read() {
        let rows = [
            ("5m", 300),
            ("1d", 86_400),
            ("10s", 10),
            ("2h", 7_200),
            ("1w", 604_800),
            ("90", 90),
            ("0s", 0),
        ];
        for (text, seconds) in rows {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "m",
            "-5m",
            "+5m",
            "5 m",
            "5M",
            "1h30m",
            "1.5h",
            "5min",
            "1month",
            "18446744073709551615w",
            "٥m",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for text in ["0s", "10s", "90s", "5m", "2h", "1d", "30d", "250ms"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
    }
}
