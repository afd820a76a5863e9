//! What language the client wants: `Accept-Language`, as Django reads it.
//!
//! The highest quality wins, of equals the first; `q=0` is no wish. Of a tag that is not on offer the subtags fall away
//! from the end, and then any variant of its language will do. A header that is no list of languages is not believed
//! in any part.
//!
//! # Source
//! RFC 9110 §12.5.4, RFC 4647 §3.4; Django's `LocaleMiddleware`.

use axum::http::{HeaderMap, HeaderValue, header};
use countersign::language::Language;

/// The language to answer in; `None` if the client did not ask, or there is nothing to choose from.
///
/// The work is linear in the length of the header, which is bounded.
pub(crate) fn wanted(fields: &HeaderMap, offered: &[Language]) -> Option<Language> {
    let lines = fields.get_all(header::ACCEPT_LANGUAGE);
    if offered.is_empty() || lines.iter().next().is_none() {
        return None;
    }
    let bytes: usize = lines.iter().map(HeaderValue::len).sum();
    let best = (bytes <= MOST_BYTES).then(|| best(lines.iter(), offered));
    Some(best.flatten().unwrap_or(Language::English))
}

/// `None` if the lines are no list of languages, or if it has none that is on offer.
fn best<'a>(
    lines: impl Iterator<Item = &'a HeaderValue>,
    offered: &[Language],
) -> Option<Language> {
    let mut best = (0, None);
    for line in lines {
        for range in line.to_str().ok()?.split(',').map(trimmed) {
            if range.is_empty() {
                continue;
            }
            let (tag, quality) = parse(range)?;
            if quality > best.0
                && let Some(language) = find(tag, offered)
            {
                best = (quality, Some(language));
            }
        }
    }
    best.1
}

/// A tag and its quality, in thousandths.
fn parse(range: &str) -> Option<(&str, u16)> {
    let (tag, parameter) = match range.split_once(';') {
        None => (range, None),
        Some((tag, parameter)) => (trimmed(tag), Some(trimmed(parameter))),
    };
    let quality = parameter.map_or(Some(1000), |parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("q")
            .then(|| thousandths(value))
            .flatten()
    })?;
    is_language_range(tag).then_some((tag, quality))
}

/// `0`, `1`, and up to three digits behind a point (RFC 9110 §12.4.2).
fn thousandths(value: &str) -> Option<u16> {
    let (whole, digits) = value.split_once('.').unwrap_or((value, ""));
    if digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = digits
        .bytes()
        .chain([b'0'; 3])
        .take(3)
        .fold(0, |part, digit| part * 10 + u16::from(digit - b'0'));
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// A `language-range` of RFC 4647 §2.1.
fn is_language_range(tag: &str) -> bool {
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    tag == "*"
        || (tag.split('-').all(is_subtag)
            && language_of(tag).bytes().all(|b| b.is_ascii_alphabetic()))
}

/// The language on offer that comes closest; for whoever takes any, English.
fn find(tag: &str, offered: &[Language]) -> Option<Language> {
    if tag == "*" {
        return Some(Language::English);
    }
    let on_offer = || [Language::English].iter().chain(offered).copied();
    let mut shorter = Some(tag);
    while let Some(tag) = shorter {
        let exact = on_offer().find(|language| language.tag().eq_ignore_ascii_case(tag));
        if exact.is_some() {
            return exact;
        }
        shorter = tag.rsplit_once('-').map(|(tag, _)| tag);
    }
    if is_in_other_script(tag) {
        return None;
    }
    on_offer().find(|language| language_of(language.tag()).eq_ignore_ascii_case(language_of(tag)))
}

/// Whether a variant of the language would be in another script than the one that the client reads.
fn is_in_other_script(tag: &str) -> bool {
    let subtag = tag.split('-').nth(1).unwrap_or_default();
    let is_script = subtag.len() == 4 && subtag.bytes().all(|b| b.is_ascii_alphabetic());
    is_script
        || TRADITIONAL_CHINESE
            .iter()
            .any(|place| tag.eq_ignore_ascii_case(place))
}

fn language_of(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Places whose Chinese is in traditional characters.
const TRADITIONAL_CHINESE: [&str; 3] = ["zh-TW", "zh-HK", "zh-MO"];

/// The longest header that is read, as in Django.
const MOST_BYTES: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&str], offered: &[Language]) -> Option<&'static str> {
        let mut fields = HeaderMap::new();
        for line in lines {
            let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            fields.append(header::ACCEPT_LANGUAGE, line);
        }
        wanted(&fields, offered).map(Language::tag)
    }

    #[test]
    fn the_best_language_on_offer_wins() {
        for (header, expected) in [
            ("de", "de"),
            ("DE", "de"),
            ("en", "en"),
            ("de-CH", "de"),
            ("de-Latn-CH-1996", "de"),
            ("de;q=0.2,fr;q=0.9", "fr"),
            ("de;q=0.9 , fr;q=0.901", "fr"),
            ("de;q=0.5,fr;q=0.5", "de"),
            ("de ; Q=0.5,\tfr ;\tq=1.000", "fr"),
            ("de;q=0,fr;q=0.001", "fr"),
            ("de;q=0", "en"),
            ("de;q=0.000,*", "en"),
            ("*,de;q=0.9", "en"),
            ("*;q=0.1,de;q=0.9", "de"),
            ("*;q=0,de;q=0.1", "de"),
            ("en-US,en;q=0.9,de;q=0.8", "en"),
            ("xx,yy-ZZ;q=0.9,cs;q=0.1", "cs"),
            ("xx", "en"),
            ("", "en"),
            (",, de,", "de"),
            ("es", "es"),
            ("es-AR", "es-AR"),
            ("es-ar-x-tango", "es-AR"),
            ("es-MX", "es"),
            ("pt", "pt"),
            ("pt-br", "pt-BR"),
            ("pt-AO", "pt"),
            ("fa-AF", "fa"),
            ("zh", "zh-Hans"),
            ("zh-CN", "zh-Hans"),
            ("zh-hans-sg", "zh-Hans"),
            ("zh-TW", "en"),
            ("zh-Hant-HK,ko;q=0.1", "ko"),
        ] {
            assert_eq!(asked(&[header], &Language::ALL), Some(expected), "{header}");
        }
    }

    #[test]
    fn a_header_that_is_no_list_of_languages_is_not_believed() {
        for header in [
            "de;q=1.1",
            "de;q=2",
            "de;q=0.1234",
            "de;q=-1",
            "de;q=",
            "de;q",
            "de;",
            "de;level=1",
            "de;q=0.5;q=0.6",
            "de;q= 0.5",
            "de;q=0.+5",
            "de_DE",
            "de fr",
            "de-",
            "-de",
            "d3",
            "verylongtag",
            "de-*",
            "**",
            "fr,de;;q=1",
            "fr,\u{e4}",
            "fr,<script>",
        ] {
            assert_eq!(asked(&[header], &Language::ALL), Some("en"), "{header}");
        }
    }

    #[test]
    fn lines_are_read_as_one() {
        let all = &Language::ALL;
        assert_eq!(asked(&["de;q=0.5", "fr"], all), Some("fr"));
        assert_eq!(asked(&["de", "???"], all), Some("en"));
    }

    #[test]
    fn longer_headers_than_any_client_sends_are_not_read() {
        let just = format!("de{}", ",".repeat(MOST_BYTES - 2));
        assert_eq!(asked(&[&just], &Language::ALL), Some("de"));
        assert_eq!(asked(&[&just, ","], &Language::ALL), Some("en"));
        let deep = format!("de{}", "-a".repeat(249));
        assert_eq!(asked(&[&deep], &Language::ALL), Some("de"));
    }

    #[test]
    fn only_what_is_on_offer_is_chosen() {
        let offered = [Language::French, Language::BrazilianPortuguese];
        assert_eq!(asked(&["de,fr;q=0.1"], &offered), Some("fr"));
        assert_eq!(asked(&["pt"], &offered), Some("pt-BR"));
        assert_eq!(asked(&["pt-PT"], &offered), Some("pt-BR"));
        assert_eq!(asked(&["de,en;q=0.1"], &offered), Some("en"));
        assert_eq!(asked(&["de"], &[Language::English]), Some("en"));
    }

    #[test]
    fn nobody_is_asked_where_there_is_no_choice_and_nobody_answers_unasked() {
        assert_eq!(asked(&["de"], &[]), None);
        assert_eq!(asked(&[], &Language::ALL), None);
    }
}
