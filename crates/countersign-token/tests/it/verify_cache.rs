//! The verify cache, as a verifier uses it: what it must never change.

use std::thread;
use std::time::Duration;

use countersign_token::{
    Access, Algorithm, HeaderForm, KeySet, Refresh, RevocationEntry, RevocationIndex,
    RevocationScope, RevokedBy, SigningKey, TokenFacts, UnixMillis, Verifier, VerifyCache,
    VerifyError,
};

use crate::support::{NOW, NOW_SECONDS, access_claims, access_token, claims_with, one_key_each};

const REMOTE: [Algorithm; 2] = [Algorithm::Es256, Algorithm::EdDsa];

fn caching(keys: &[&SigningKey]) -> Verifier {
    let keys = keys.iter().map(|key| key.verification_key()).collect();
    Verifier::new(KeySet::new(keys).unwrap()).cache(VerifyCache::new(100).unwrap())
}

fn remembered(verifier: &Verifier) -> usize {
    verifier.verify_cache().unwrap().len()
}

fn at(seconds_after_now: i64) -> UnixMillis {
    UnixMillis::from_seconds(NOW_SECONDS + seconds_after_now)
}

fn refusal(verifier: &Verifier, token: &str, now: UnixMillis) -> VerifyError {
    verifier.authenticate(token, now).unwrap_err()
}

/// The token with one bit of it changed, and still in the base64url alphabet.
fn with_change_at(token: &str, place: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_remembered_token_gives_the_same_answer() {
    for key in one_key_each() {
        let verifier = caching(&[&key]);
        let token = access_token(&key);
        let answers = [(); 3].map(|()| verifier.verify::<Access>(&token, NOW).unwrap());
        for answer in &answers {
            assert_eq!(answer.token_id(), "0123456789abcdef0123456789abcdef");
            assert_eq!(answer.key_id(), key.key_id());
            assert_eq!(answer.claims().unwrap(), answers[0].claims().unwrap());
        }
        let expected = usize::from(!key.algorithm().is_symmetric());
        assert_eq!(remembered(&verifier), expected, "{}", key.algorithm());
    }
}

#[test]
fn without_a_cache_nothing_is_remembered() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = KeySet::new(vec![key.verification_key()]).unwrap();
    assert!(Verifier::new(keys).verify_cache().is_none());
}

#[test]
fn a_change_anywhere_is_refused_although_the_token_is_remembered() {
    for algorithm in REMOTE {
        let key = SigningKey::generate(algorithm).unwrap();
        let verifier = caching(&[&key]);
        let token = access_token(&key);
        verifier.authenticate(&token, NOW).unwrap();
        for place in 0..token.len() {
            let changed = with_change_at(&token, place);
            if changed != token {
                assert!(verifier.authenticate(&changed, NOW).is_err(), "{changed}");
            }
        }
        assert_eq!(remembered(&verifier), 1, "{algorithm}");
        assert!(verifier.authenticate(&token, NOW).is_ok());
    }
}

#[test]
fn refused_tokens_are_not_remembered() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let verifier = caching(&[&key]).issuer("https://id.example");
    let forged = access_token(&stranger);
    let of_nobody = access_token(&key);
    for _ in 0..2 {
        assert_eq!(refusal(&verifier, &forged, NOW), VerifyError::BadSignature);
        assert_eq!(
            refusal(&verifier, &of_nobody, NOW),
            VerifyError::IssuerMismatch
        );
        assert_eq!(
            refusal(&verifier, &of_nobody, at(300)),
            VerifyError::Expired
        );
        assert_eq!(remembered(&verifier), 0);
    }
}

#[test]
fn times_are_judged_on_every_use() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let verifier = caching(&[&key]).leeway(Duration::from_secs(10));
    let token = access_token(&key);
    assert!(verifier.authenticate(&token, at(299)).is_ok());
    assert!(verifier.authenticate(&token, at(305)).is_ok(), "leeway");
    assert_eq!(
        remembered(&verifier),
        1,
        "checked anew, and remembered anew"
    );
    assert_eq!(refusal(&verifier, &token, at(310)), VerifyError::Expired);
    assert_eq!(remembered(&verifier), 0);
    assert!(verifier.authenticate(&token, NOW).is_ok());
    assert_eq!(
        refusal(&verifier, &token, at(-11)),
        VerifyError::IssuedInFuture
    );
}

#[test]
fn issuer_audience_and_kind_are_judged_on_every_use() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let lenient = caching(&[&key]);
    let claims = claims_with(r#","iss":"https://id.example","aud":"jobs""#);
    let claims = countersign_token::ClaimsSet::parse(&claims).unwrap();
    let token = key.encode(HeaderForm::WithKeyId, &claims).unwrap();
    let token = token.as_str();
    let strict = |verifier: Verifier| verifier.issuer("https://id.example").audience("jobs");

    // Clones share what is remembered, so every one of these finds the signature good already.
    lenient.authenticate(token, NOW).unwrap();
    assert!(strict(lenient.clone()).verify::<Access>(token, NOW).is_ok());
    let rows = [
        (
            lenient.clone().issuer("https://other.example"),
            VerifyError::IssuerMismatch,
        ),
        (
            lenient.clone().audience("mail"),
            VerifyError::AudienceMismatch,
        ),
    ];
    for (verifier, expected) in rows {
        assert_eq!(refusal(&verifier, token, NOW), expected);
        assert_eq!(remembered(&verifier), 1);
    }
    let as_refresh = lenient.verify::<Refresh>(token, NOW).unwrap_err();
    assert_eq!(as_refresh, VerifyError::WrongType);
    let too_long = lenient.clone().max_token_bytes(token.len() - 1);
    assert!(too_long.authenticate(token, NOW).is_err());
}

#[test]
fn revocation_is_judged_on_every_use() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let verifier = caching(&[&key]);
    let index = RevocationIndex::new();
    let token = access_token(&key);
    let revoked_by = || {
        let token = verifier.verify::<Access>(&token, NOW).unwrap();
        index.check(&TokenFacts {
            token_id: token.token_id(),
            key_id: token.key_id(),
            session: None,
            number: None,
            account: None,
        })
    };
    assert_eq!(revoked_by(), None);
    let forget_at = at(300).timestamp();
    let kid = key.key_id().clone();
    index.apply(&RevocationEntry {
        sequence: 1,
        scope: RevocationScope::Key { kid },
        forget_at,
    });
    assert_eq!(revoked_by(), Some(RevokedBy::Key));
    let id = "0123456789abcdef0123456789abcdef".into();
    index.apply(&RevocationEntry {
        sequence: 2,
        scope: RevocationScope::Token { id },
        forget_at,
    });
    assert_eq!(revoked_by(), Some(RevokedBy::Token));
}

#[test]
fn a_verifier_with_other_keys_knows_nothing_of_it() {
    let [leaving, staying] = [(); 2].map(|()| SigningKey::generate(Algorithm::Es256).unwrap());
    let before = caching(&[&leaving, &staying]);
    let token = access_token(&leaving);
    assert!(before.authenticate(&token, NOW).is_ok());

    let after = caching(&[&staying]);
    for _ in 0..2 {
        assert_eq!(refusal(&after, &token, NOW), VerifyError::BadSignature);
    }
    assert_eq!([remembered(&before), remembered(&after)], [1, 0]);
}

#[test]
fn a_name_that_passed_to_another_key_does_not_bring_the_verdict_along() {
    let [old, new] = [(); 2].map(|()| SigningKey::generate(Algorithm::Es256).unwrap());
    let name = countersign_token::KeyId::parse("current").unwrap();
    let [old, new] = [old, new].map(|key| key.with_key_id(name.clone()));
    let token = old.encode(HeaderForm::WithKeyId, &access_claims()).unwrap();
    assert!(caching(&[&old]).authenticate(token.as_str(), NOW).is_ok());
    assert_eq!(
        refusal(&caching(&[&new]), token.as_str(), NOW),
        VerifyError::BadSignature
    );
}

#[test]
fn many_threads_share_a_small_cache_and_agree_with_a_verifier_without_one() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = KeySet::new(vec![key.verification_key()]).unwrap();
    let bare = Verifier::new(keys);
    let verifier = bare.clone().cache(VerifyCache::new(8).unwrap());
    let good: Vec<String> = (0..24)
        .map(|number| {
            let mut claims = access_claims();
            claims.insert("number", number).unwrap();
            let token = key.encode(HeaderForm::WithKeyId, &claims).unwrap();
            token.into_string()
        })
        .collect();
    let forged = good
        .iter()
        .map(|token| with_change_at(token, token.len() - 20));
    let tokens: Vec<String> = forged.chain(good.iter().cloned()).collect();
    let expected: Vec<bool> = tokens
        .iter()
        .map(|token| bare.authenticate(token, NOW).is_ok())
        .collect();
    assert!(expected.iter().filter(|good| **good).count() >= good.len());
    thread::scope(|scope| {
        for step in [1, 5, 7, 11] {
            let (verifier, tokens, expected) = (&verifier, &tokens, &expected);
            scope.spawn(move || {
                for turn in 0..240 {
                    let place = turn * step % tokens.len();
                    let answer = verifier.authenticate(&tokens[place], NOW).is_ok();
                    assert_eq!(answer, expected[place], "{}", tokens[place]);
                    assert!(remembered(verifier) <= 8);
                }
            });
        }
    });
}
