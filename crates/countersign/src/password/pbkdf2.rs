//! Django's `pbkdf2_sha256` and `pbkdf2_sha1`: verified, never written.

use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The names before the first `$` of Django's encoded form.
pub(super) const NAMES: [&str; 2] = ["pbkdf2_sha256", "pbkdf2_sha1"];

/// A stored password taken apart: `iterations$salt$hash`.
pub(super) struct Stored {
    algorithm: Algorithm,
    hash_bytes: usize,
    iterations: NonZeroU32,
    salt: String,
    /// Base64 as it stands: like Django, the whole re-encoded text is compared, so that another spelling of the
    /// same bytes never matches.
    hash: String,
}

impl Stored {
    pub(super) fn parse(name: &str, fields: &str) -> Option<Self> {
        let mut fields = fields.splitn(3, '$');
        let (iterations, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        let (algorithm, hash_bytes) = match name {
            "pbkdf2_sha256" => (PBKDF2_HMAC_SHA256, 32),
            _ => (PBKDF2_HMAC_SHA1, 20),
        };
        let canonical =
            iterations.bytes().all(|b| b.is_ascii_digit()) && !iterations.starts_with('0');
        let rounds: NonZeroU32 = iterations.parse().ok()?;
        (canonical && !salt.is_empty() && rounds.get() <= MAX_ITERATIONS).then(|| Self {
            algorithm,
            hash_bytes,
            iterations: rounds,
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut out = Zeroizing::new(vec![0; self.hash_bytes]);
        pbkdf2::derive(
            self.algorithm,
            self.iterations,
            self.salt.as_bytes(),
            password,
            &mut out,
        );
        let computed = Zeroizing::new(STANDARD.encode(out.as_slice()));
        verify_slices_are_equal(computed.as_bytes(), self.hash.as_bytes()).is_ok()
    }
}

/// An imported hash may ask for this many rounds and no more: several times Django's own highest default.
const MAX_ITERATIONS: u32 = 10_000_000;
