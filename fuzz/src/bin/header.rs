//! The JOSE header over good claims, and under a signature that fits it: what is in it decides alone.
//!
//! Whatever is accepted also means something acceptable to another JSON reader, and names no other
//! key; a signature made for one header fits no other.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use countersign_fuzz::{
    HEADER, NOW, OTHERS, OURS, base64url, forge, forge_segments, from_base64url, verifier,
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|data: &[u8]| {
    assert!(!accepts(&forge(data, CLAIMS.as_bytes())) || is_acceptable(data));

    let stolen = format!("{}.{}", base64url(data), *CLAIMS_AND_SIGNATURE);
    assert_eq!(accepts(&stolen), data == HEADER.as_bytes());

    // The same bytes as the segment itself, which should be base64url and rarely is.
    let segment = String::from_utf8_lossy(data);
    let token = forge_segments(&segment, &base64url(CLAIMS.as_bytes()));
    if accepts(&token) {
        let header = from_base64url(&segment).expect("a segment with one spelling");
        assert!(is_acceptable(&header));
    }
});

fn accepts(token: &str) -> bool {
    let verdict = verifier().authenticate(token, NOW);
    verdict.is_ok_and(|token| token.key_id().as_str() == OURS)
}

fn is_acceptable(header: &[u8]) -> bool {
    let Ok(members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(header) else {
        return false;
    };
    let is = |name: &str, fits: &dyn Fn(&str) -> bool| {
        members.get(name).map(|value| {
            let text = serde_json::from_str::<String>(value.get());
            text.is_ok_and(|text| fits(&text))
        })
    };
    is("alg", &|alg| alg == "HS256") == Some(true)
        && is("typ", &|typ| {
            ["jwt", "at+jwt"].contains(&&*typ.to_ascii_lowercase())
        }) != Some(false)
        && is("kid", &|kid| kid.len() <= 200 && !OTHERS.contains(&kid)) != Some(false)
        && ["crit", "b64", "zip", "cty"]
            .iter()
            .all(|extension| !members.contains_key(*extension))
}

static CLAIMS_AND_SIGNATURE: LazyLock<String> = LazyLock::new(|| {
    let token = forge(HEADER.as_bytes(), CLAIMS.as_bytes());
    let (_, rest) = token.split_once('.').expect("three segments");
    rest.to_owned()
});

const CLAIMS: &str = r#"{"token_type":"access","exp":1893456300,"jti":"1","user_id":"7"}"#;
