//! Django's `scrypt` (RFC 7914): verified, never written.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrypt::Params;
use zeroize::Zeroizing;

/// The name before the first `$` of Django's encoded form.
pub(super) const NAME: &str = "scrypt";

/// A stored password taken apart: `n$salt$r$p$hash`.
pub(super) struct Stored {
    params: Params,
    /// How many blocks are mixed: `n` times `r` times `p`.
    blocks: u64,
    salt: String,
    /// Base64 as it stands, see `pbkdf2`.
    hash: String,
}

impl Stored {
    /// `None` for anything malformed, and for costs beyond bounds.
    pub(super) fn parse(fields: &str) -> Option<Self> {
        let mut fields = fields.split('$');
        let n: u64 = fields.next()?.parse().ok()?;
        let salt = fields.next()?;
        let (r, p): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let hash = fields.next()?;
        let memory = n.checked_mul(u64::from(r))?.checked_mul(128)?;
        let bounded = n.is_power_of_two() && n > 1 && memory <= MAX_MEMORY && (1..=16).contains(&p);
        if !bounded || salt.is_empty() || fields.next().is_some() {
            return None;
        }
        Some(Self {
            params: Params::new(u8::try_from(n.trailing_zeros()).ok()?, r, p).ok()?,
            blocks: n.checked_mul(r.into())?.checked_mul(p.into())?,
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    /// See [`Scheme::is_costly`](super::scheme::Scheme::is_costly).
    pub(super) fn is_costly(&self) -> bool {
        self.blocks > 4 * DJANGO_BLOCKS
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut out = Zeroizing::new([0; 64]);
        if scrypt::scrypt(
            password,
            self.salt.as_bytes(),
            &self.params,
            out.as_mut_slice(),
        )
        .is_err()
        {
            return false;
        }
        let computed = Zeroizing::new(STANDARD.encode(out.as_slice()));
        verify_slices_are_equal(computed.as_bytes(), self.hash.as_bytes()).is_ok()
    }
}

/// What Django's default mixes.
const DJANGO_BLOCKS: u64 = 16_384 * 8 * 5;

/// An imported hash may ask for this much memory, 256 MiB, and no more.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
