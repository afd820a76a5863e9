//! The claims set: read, written, read again; and signed as they are, judged as a token's.
//!
//! What is accepted keeps the documented bounds, by a count that knows no grammar; what another
//! JSON reader takes and is within them is accepted; a token in force is in force by its claims.

#![no_main]

use countersign_fuzz::{HEADER, NOW, NOW_SECONDS, forge, verifier};
use countersign_token::{Access, Authenticated, ClaimsSet, Refresh, Sliding};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    let token = verifier().authenticate(&forge(HEADER.as_bytes(), data), NOW);
    let Some(text) = str::from_utf8(data).ok() else {
        assert!(token.is_err());
        return;
    };
    let claims = ClaimsSet::parse(text).ok();
    compare(text, claims.as_ref());
    if let Some(claims) = &claims {
        let written = claims.to_json();
        let again = ClaimsSet::parse(&written).expect("what was written is read");
        assert_eq!(&again, claims);
        assert_eq!(again.to_json(), written);
    }
    if let Ok(token) = token {
        is_in_force(&token, &claims.expect("acceptable claims"));
    }
});

/// Compares the verdict with that of `serde_json` and with a count of what is in the text.
fn compare(text: &str, claims: Option<&ClaimsSet>) {
    let count = Count::of(text);
    let bounded = count.depth <= 32 && count.members <= 1000 && count.digits <= 40;
    match (claims, serde_json::from_str::<Map<String, Value>>(text)) {
        (Some(claims), Ok(object)) => {
            assert!(bounded);
            assert_eq!(members(&object), count.members, "a name is there twice");
            for (name, value) in &object {
                let read: Value = claims.get(name).expect("the claim").expect("a value");
                assert_eq!(&read, value);
            }
        }
        (Some(_), Err(error)) => {
            assert!(bounded);
            // Numbers are kept as text; `serde_json` has none for them beyond 1.8e308.
            assert!(
                error.to_string().starts_with("number out of range"),
                "{error}"
            );
        }
        (None, Ok(object)) => assert!(!bounded || members(&object) < count.members),
        (None, Err(_)) => {}
    }
}

fn is_in_force(token: &Authenticated, claims: &ClaimsSet) {
    assert_eq!(&token.claims().expect("its claims"), claims);
    assert_eq!(Some(token.token_id()), claims.token_id().as_deref());
    assert!((1..=255).contains(&token.token_id().len()) && !token.token_id().contains('\0'));
    let now = NOW_SECONDS as f64;
    let date = |name| claims.get(name).map(|date| date.expect("a number"));
    assert!(date("exp").is_some_and(|exp: f64| exp >= now + 1.0));
    assert!(date("nbf").is_none_or(|nbf| nbf < now + 1.0));
    assert!(date("iat").is_none_or(|iat| iat < now + 1.0));
    let kinds = [
        ("access", token.has_kind::<Access>()),
        ("refresh", token.has_kind::<Refresh>()),
        ("sliding", token.has_kind::<Sliding>()),
    ];
    let said = claims.get::<String>("token_type").and_then(Result::ok);
    for (kind, verdict) in kinds {
        assert_eq!(verdict.is_ok(), said.as_deref() == Some(kind));
    }
}

/// Members of an object and of all objects in it. Of those with one name `serde_json` keeps one.
fn members(object: &Map<String, Value>) -> usize {
    object.len() + object.values().map(members_below).sum::<usize>()
}

fn members_below(value: &Value) -> usize {
    match value {
        Value::Object(object) => members(object),
        Value::Array(values) => values.iter().map(members_below).sum(),
        _ => 0,
    }
}

/// How much there is in a JSON text, by looking at single characters outside of strings.
#[derive(Default)]
struct Count {
    depth: usize,
    members: usize,
    digits: usize,
}

impl Count {
    fn of(text: &str) -> Self {
        let mut count = Self::default();
        let (mut open, mut digits) = (0_usize, 0);
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => skip_string(&mut characters),
                '{' | '[' => open += 1,
                '}' | ']' => open = open.saturating_sub(1),
                ':' => count.members += 1,
                _ => {}
            }
            digits = match character {
                '0'..='9' => digits + 1,
                '.' | '+' | '-' | 'e' | 'E' => digits,
                _ => 0,
            };
            count.depth = count.depth.max(open);
            count.digits = count.digits.max(digits);
        }
        count
    }
}

fn skip_string(characters: &mut std::str::Chars<'_>) {
    while let Some(character) = characters.next() {
        match character {
            '"' => return,
            '\\' => drop(characters.next()),
            _ => {}
        }
    }
}
