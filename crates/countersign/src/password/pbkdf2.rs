//! Django's `pbkdf2_sha256`: verified, never written.

use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::EncodedPassword;

/// The name before the first `$` of Django's encoded form.
pub(super) const NAME: &str = "pbkdf2_sha256";

/// Whether `password` encodes to `encoded`. Like Django, it compares the whole re-encoded text, so that another
/// spelling of the same numbers never matches.
pub(super) fn matches(password: &[u8], encoded: &EncodedPassword) -> bool {
    let stored = encoded.as_stored();
    reencode(password, stored).is_some_and(|computed| {
        verify_slices_are_equal(computed.as_bytes(), stored.as_bytes()).is_ok()
    })
}

fn reencode(password: &[u8], stored: &str) -> Option<Zeroizing<String>> {
    let mut fields = stored.strip_prefix(NAME)?.strip_prefix('$')?.splitn(3, '$');
    let iterations: u32 = fields.next()?.parse().ok()?;
    let salt = fields.next().filter(|salt| !salt.is_empty())?;
    let rounds = NonZeroU32::new(iterations).filter(|_| iterations <= MAX_ITERATIONS)?;
    let mut out = Zeroizing::new([0_u8; 32]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        salt.as_bytes(),
        password,
        out.as_mut_slice(),
    );
    let hash = STANDARD.encode(out.as_slice());
    Some(Zeroizing::new(format!("{NAME}${iterations}${salt}${hash}")))
}

/// An imported hash may ask for this many rounds and no more: several times Django's own highest default.
const MAX_ITERATIONS: u32 = 10_000_000;
