//! The `Accept-Language` lines of `GET /api/me/`: any bytes that HTTP lets through, one line or several.
//!
//! The answer is in the language that a slower reader finds, which sorts all wishes before it looks at any.

#![no_main]

use std::cell::RefCell;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, Uri, header};
use countersign::Preset;
use countersign::language::Language;
use countersign_fuzz::site::Site;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    SITE.with_borrow(|site| {
        let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static("/api/me/");
        for line in &lines {
            // Bytes that no server would hand on.
            let Ok(line) = HeaderValue::from_bytes(line) else {
                return;
            };
            request.headers_mut().append(header::ACCEPT_LANGUAGE, line);
        }
        let reply = site.send(request);
        assert!(reply.is_in_order());
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        let named = reply.headers[header::CONTENT_LANGUAGE].to_str();
        let expected = wished(&lines).unwrap_or_else(|| "en".to_owned());
        assert_eq!(named.expect("a tag"), expected);
        let text = String::from_utf8_lossy(&reply.body);
        assert_eq!(text.contains("credentials were not"), expected == "en");
    });
});

/// The tag of the language, in small letters; `None` if the lines are no list of languages, or name none of ours.
fn wished(lines: &[&[u8]]) -> Option<String> {
    if lines.iter().map(|line| line.len()).sum::<usize>() > 500 {
        return None;
    }
    let joined = str::from_utf8(&lines.join(&b','))
        .ok()?
        .to_ascii_lowercase();
    let mut wishes = Vec::new();
    for wish in joined.split(',').map(unpadded) {
        if !wish.is_empty() {
            wishes.push(read(wish)?);
        }
    }
    wishes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    wishes
        .iter()
        .filter(|(_, quality)| *quality > 0.0)
        .find_map(|(tag, _)| nearest(tag))
}

fn read(wish: &str) -> Option<(String, f64)> {
    let mut parts = wish.split(';').map(unpadded);
    let tag = parts.next()?.to_owned();
    let quality = match (parts.next(), parts.next()) {
        (None, _) => 1.0,
        (Some(parameter), None) => quality(parameter.strip_prefix("q=")?)?,
        (Some(_), Some(_)) => return None,
    };
    let subtags = tag.split('-').enumerate().all(|(index, subtag)| {
        let letters = subtag.bytes().all(|byte| byte.is_ascii_lowercase());
        let word = subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (1..=8).contains(&subtag.len()) && word && (letters || index > 0)
    });
    (subtags || tag == "*").then_some((tag, quality))
}

fn quality(value: &str) -> Option<f64> {
    let zeros_or_digits = match value.get(..2) {
        None => value == "0" || value == "1",
        Some("0.") => value[2..].bytes().all(|byte| byte.is_ascii_digit()),
        Some("1.") => value[2..].bytes().all(|byte| byte == b'0'),
        Some(_) => false,
    };
    (zeros_or_digits && value.len() <= 5).then(|| value.parse().ok())?
}

fn nearest(tag: &str) -> Option<String> {
    if tag == "*" {
        return Some("en".to_owned());
    }
    let ours = Language::ALL.map(|language| language.tag().to_ascii_lowercase());
    let subtags: Vec<&str> = tag.split('-').collect();
    for length in (1..=subtags.len()).rev() {
        let prefix = subtags[..length].join("-");
        if ours.contains(&prefix) {
            return Some(prefix);
        }
    }
    let script = subtags.get(1).is_some_and(|subtag| {
        subtag.len() == 4 && subtag.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    // Of what is left, only Chinese has a variant.
    let simplified = subtags[0] == "zh" && !script && !["zh-tw", "zh-hk", "zh-mo"].contains(&tag);
    simplified.then(|| "zh-hans".to_owned())
}

fn unpadded(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

thread_local! {
    static SITE: RefCell<Site> = RefCell::new(Site::new(Preset::Modern));
}
