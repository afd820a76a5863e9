//! What the targets share: a clock reading, keys, a way to sign anything at all, and a server in process.

pub mod site;

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_token::{Algorithm, KeyId, KeySet, SigningKey, UnixMillis, Verifier};

/// 2030-01-01T00:00:00Z, in seconds.
pub const NOW_SECONDS: i64 = 1_893_456_000;

/// The clock reading of every target.
pub const NOW: UnixMillis = UnixMillis::from_seconds(NOW_SECONDS);

/// The header of [`forge`]d tokens whose header is not the question.
pub const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The name of the key behind [`forge`].
pub const OURS: &str = "ours";

/// The names of the other keys of [`verifier`]: one of the same algorithm, one of another.
pub const OTHERS: [&str; 2] = ["same algorithm", "another algorithm"];

/// A verifier that accepts what [`forge`] signs, and holds two more keys.
pub fn verifier() -> &'static Verifier {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
        let keys = [
            (OURS, SigningKey::from_secret(Algorithm::Hs256, SECRET)),
            (OTHERS[0], SigningKey::generate(Algorithm::Hs256)),
            (OTHERS[1], SigningKey::generate(Algorithm::Es256)),
        ];
        let keys = keys.map(|(name, key)| {
            let name = KeyId::parse(name).expect("a name");
            key.expect("a key").with_key_id(name).verification_key()
        });
        Verifier::new(KeySet::new(keys.into()).expect("different names"))
    });
    &VERIFIER
}

/// Signs a header and claims of any form, also such as the product never writes.
pub fn forge(header: &[u8], claims: &[u8]) -> String {
    forge_segments(&base64url(header), &base64url(claims))
}

/// Signs two segments of any form.
pub fn forge_segments(header: &str, claims: &str) -> String {
    let input = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let tag = hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", base64url(tag.as_ref()))
}

/// base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes behind a text in base64url, if it has just one spelling.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (base64url(&bytes) == text).then_some(bytes)
}

/// The secret behind [`forge`].
pub const SECRET: &[u8] = b"only for the fuzz targets: 0123456789abcdef";
