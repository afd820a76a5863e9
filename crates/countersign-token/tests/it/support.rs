//! What the tests share: keys, a clock reading, and a way to sign anything at all.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use countersign_token::{
    Algorithm, Authenticated, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier,
    VerifyError,
};
use serde_json::Value;

/// 2030-01-01T00:00:00Z, in seconds.
pub(crate) const NOW_SECONDS: i64 = 1_893_456_000;

/// The clock reading of most tests.
pub(crate) const NOW: UnixMillis = UnixMillis::from_seconds(NOW_SECONDS);

/// The secret behind [`hs256`], for tests that sign by themselves.
pub(crate) const SECRET: &[u8] = b"only for the tests of this crate: 0123456789abcdef";

pub(crate) fn hs256() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap()
}

/// A key of each algorithm, made once: large primes take a moment to find.
pub(crate) fn one_key_each() -> Vec<SigningKey> {
    static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
        Algorithm::ALL
            .map(|algorithm| SigningKey::generate(algorithm).unwrap())
            .into()
    });
    KEYS.clone()
}

/// The keys that were recorded with the original's tokens, by name.
pub(crate) fn recorded_keys() -> BTreeMap<String, Value> {
    let file: Value = serde_json::from_str(RECORDED_KEYS).unwrap();
    let keys = file["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| (key["name"].as_str().unwrap().to_owned(), key.clone()))
        .collect()
}

pub(crate) fn verifier(key: &SigningKey) -> Verifier {
    Verifier::new(KeySet::new(vec![key.verification_key()]).unwrap())
}

/// Claims of an access token that is good at [`NOW`].
pub(crate) fn access_claims() -> ClaimsSet {
    ClaimsSet::parse(&claims_with("")).unwrap()
}

/// The text of good claims, with more members (each after a comma) at the end.
pub(crate) fn claims_with(more: &str) -> String {
    format!(
        r#"{{"token_type":"access","exp":{},"iat":{NOW_SECONDS},"jti":"0123456789abcdef0123456789abcdef","user_id":"1"{more}}}"#,
        NOW_SECONDS + 300
    )
}

pub(crate) fn access_token(key: &SigningKey) -> String {
    key.encode(HeaderForm::Plain, &access_claims())
        .unwrap()
        .into_string()
}

/// Signs a header and claims of any form, also such as the crate itself never writes.
pub(crate) fn forge(header: &[u8], claims: &[u8]) -> String {
    let input = format!("{}.{}", base64url(header), base64url(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", base64url(tag.as_ref()))
}

pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Verifies a forged token with these claims under an ordinary header.
pub(crate) fn judge_claims(claims: &str) -> Result<Authenticated, VerifyError> {
    verifier(&hs256()).authenticate(&forge(HEADER.as_bytes(), claims.as_bytes()), NOW)
}

/// Verifies a forged token with this header and good claims.
pub(crate) fn judge_header(header: &str) -> Result<Authenticated, VerifyError> {
    verifier(&hs256()).authenticate(&forge(header.as_bytes(), claims_with("").as_bytes()), NOW)
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64url(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap()
}

/// A PEM block around DER bytes.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap()
}

/// The bytes in a PEM block.
pub(crate) fn der_of(pem: &str) -> Vec<u8> {
    pem_rfc7468::decode_vec(pem.as_bytes()).unwrap().1
}

const RECORDED_KEYS: &str = include_str!("../vectors/simplejwt/keys.json");
