//! A token as it comes off the wire: any text, and real tokens with something cut out and put in.
//!
//! Only the very texts that were signed verify, whether the verifier remembers them or not.

#![no_main]

use std::sync::LazyLock;

use countersign_fuzz::NOW;
use countersign_token::{Algorithm, KeySet, SigningKey, Verifier, VerifyCache, dangerous};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    judge(&String::from_utf8_lossy(data));
    if let [which, high, low, cut, put @ ..] = data {
        let real = REAL[usize::from(*which) % REAL.len()];
        // Counted from the end, where signatures are: zero appends.
        let from_end = usize::from(u16::from_be_bytes([*high, *low])) % (real.len() + 1);
        let at = real.len() - from_end;
        let after = real.len().min(at + usize::from(*cut));
        let put = String::from_utf8_lossy(put);
        judge(&[&real[..at], &put, &real[after..]].concat());
    }
});

fn judge(text: &str) {
    let id_of = |verifier: &Verifier| {
        let token = verifier.authenticate(text, NOW)?;
        Ok::<_, countersign_token::VerifyError>(token.token_id().to_owned())
    };
    let verdict = id_of(&FORGETFUL);
    assert_eq!(verdict.is_ok(), REAL.contains(&text), "{verdict:?}");
    assert_eq!(verdict, id_of(&REMEMBERING));
    let read = dangerous::read_without_verifying(text);
    assert!(verdict.is_err() || read.is_ok());
}

static FORGETFUL: LazyLock<Verifier> = LazyLock::new(|| {
    let public = KeySet::from_jwk_set(&Algorithm::ALL, include_str!("../public_keys.json"));
    let secret = SigningKey::from_secret(Algorithm::Hs256, countersign_fuzz::SECRET);
    let mut keys: Vec<_> = public.expect("public keys").iter().cloned().collect();
    keys.push(secret.expect("a secret").verification_key());
    Verifier::new(KeySet::new(keys).expect("different names"))
});

/// It has seen every real token.
static REMEMBERING: LazyLock<Verifier> = LazyLock::new(|| {
    let cache = VerifyCache::new(100).expect("randomness");
    let verifier = Verifier::clone(&FORGETFUL).cache(cache);
    for token in REAL {
        verifier.authenticate(token, NOW).expect("a real token");
    }
    verifier
});

/// One of each, good at the clock reading of the targets.
const REAL: [&str; 3] = [
    include_str!("../../corpus/compact_token/hs256"),
    include_str!("../../corpus/compact_token/es256"),
    include_str!("../../corpus/compact_token/eddsa"),
];
