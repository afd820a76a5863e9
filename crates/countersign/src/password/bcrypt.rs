//! Django's `bcrypt_sha256` and `bcrypt`: verified, never written.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

/// The names before the first `$` of Django's encoded form.
pub(super) const NAMES: [&str; 2] = ["bcrypt_sha256", "bcrypt"];

/// A stored password taken apart: `$2b$cost$salt-and-hash`.
pub(super) struct Stored {
    preparation: Preparation,
    cost: u32,
    hash: String,
}

/// What bcrypt is given.
enum Preparation {
    /// The lower-case hex digits of the password's SHA-256.
    Digest,
    /// The password itself, as long as bcrypt takes all of it.
    Plain,
}

impl Stored {
    pub(super) fn parse(name: &str, hash: &str) -> Option<Self> {
        let preparation = match name {
            "bcrypt_sha256" => Preparation::Digest,
            _ => Preparation::Plain,
        };
        let mut fields = hash.split('$');
        let known = fields.next() == Some("") && ["2a", "2b", "2y"].contains(&fields.next()?);
        let cost: u32 = fields.next()?.parse().ok()?;
        let whole = hash.len() == 60 && COST.contains(&cost);
        (known && whole).then(|| Self {
            preparation,
            cost,
            hash: hash.to_owned(),
        })
    }

    /// See [`Scheme::is_costly`](super::scheme::Scheme::is_costly).
    pub(super) fn is_costly(&self) -> bool {
        self.cost > DJANGO_COST + 2
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        match self.preparation {
            Preparation::Digest => {
                let digits = Zeroizing::new(hex(digest(&SHA256, password).as_ref()));
                bcrypt::verify(digits.as_bytes(), &self.hash).unwrap_or(false)
            }
            // bcrypt would cut the rest off, and so accept it.
            Preparation::Plain => {
                password.len() <= MOST_BYTES
                    && bcrypt::verify(password, &self.hash).unwrap_or(false)
            }
        }
    }
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// bcrypt reads no more than this of a password.
const MOST_BYTES: usize = 72;

/// Django's default.
const DJANGO_COST: u32 = 12;

/// Costs that an imported hash may ask for; each step doubles the work.
const COST: std::ops::RangeInclusive<u32> = 4..=16;
