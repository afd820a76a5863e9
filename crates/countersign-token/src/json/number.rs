//! Whole numbers out of JSON number texts, without a detour through floating point.

/// The whole part of a number, cut towards zero: `1.9` is 1, `15e-1` is 1, `2E3` is 2000.
///
/// `None` if the text is not a number, or its whole part does not fit an `i64`: `1e400` is neither
/// infinite nor absent, it is not acceptable.
pub(crate) fn whole_part(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return starts_like_json(text).then_some(number);
    }
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, text),
    };
    let (mantissa, exponent) = split_exponent(magnitude)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = shifted(whole, fraction, exponent)?;
    let sign = if negative { "-" } else { "" };
    format!("{sign}{digits}").parse().ok()
}

/// `i64::from_str` also takes a plus sign, which JSON does not have.
fn starts_like_json(text: &str) -> bool {
    !text.starts_with('+')
}

fn split_exponent(magnitude: &str) -> Option<(&str, i64)> {
    match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => Some((mantissa, exponent.parse().ok()?)),
        None => Some((magnitude, 0)),
    }
}

/// The digits that stand before the decimal point once it has moved by `exponent` places.
fn shifted(whole: &str, fraction: &str, exponent: i64) -> Option<String> {
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    if all.bytes().all(|digit| digit == b'0') {
        return Some("0".to_owned());
    }
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let point = usize::try_from(point.max(0)).ok()?;
    if point > all.len() + MAX_ZEROS {
        return None;
    }
    let zeros = "0".repeat(point.saturating_sub(all.len()));
    let digits = all.get(..point).unwrap_or(&all);
    Some(if point == 0 {
        "0".to_owned()
    } else {
        [digits, &zeros].concat()
    })
}

/// An `i64` has 19 digits: whatever is longer than its digits and this many zeros does not fit.
const MAX_ZEROS: usize = 20;

#[cfg(test)]
mod tests {
    use super::whole_part;

    #[test]
    fn fractions_are_cut_towards_zero() {
        let rows = [
            ("0", 0),
            ("-0", 0),
            ("7", 7),
            ("1.0", 1),
            ("1.999999999999999999999", 1),
            ("-1.9", -1),
            ("15e-1", 1),
            ("2E3", 2000),
            ("2e+3", 2000),
            ("1.5e1", 15),
            ("1.8934560009e9", 1_893_456_000),
            ("0.00012e4", 1),
            ("1e-400", 0),
            ("0e400", 0),
            ("0.0e-9", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775807.9", i64::MAX),
            ("0.9223372036854775807e19", i64::MAX),
        ];
        for (text, expected) in rows {
            assert_eq!(whole_part(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_no_number() {
        let rows = [
            "1e400",
            "-1e400",
            "1e19",
            "9223372036854775808",
            "1e99999999999999999999999",
            "1e-99999999999999999999999",
            "",
            "-",
            "e5",
            ".",
            "\"5\"",
            "true",
            "null",
            "[5]",
            "{}",
            "+5",
            "5x",
            "NaN",
        ];
        for text in rows {
            assert_eq!(whole_part(text), None, "{text}");
        }
    }
}
