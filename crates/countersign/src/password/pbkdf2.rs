//! Django's `pbkdf2_sha256` and `pbkdf2_sha1`: both verify, and the first is written where Django is to read it.

use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::EncodedPassword;
use crate::random::{NoRandomness, Random, draw};

/// The cost of a password that is written in Django's own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pbkdf2Cost {
    /// Rounds of HMAC-SHA256.
    pub iterations: NonZeroU32,
}

impl Pbkdf2Cost {
    /// The default of Django 6.1; OWASP asks for 600 000. Django hashes a password with fewer rounds than its
    /// own default anew at its sign-in.
    pub const DJANGO: Self = Self {
        iterations: NonZeroU32::MIN.saturating_add(1_499_999),
    };
    /// For tests only: `[passwords] danger_cheap_hashes`.
    pub const DANGER_CHEAP: Self = Self {
        iterations: NonZeroU32::MIN,
    };
}

/// Encodes a password under a salt.
pub(super) fn encode(
    password: &[u8],
    salt: &[u8; SALT_CHARACTERS],
    cost: Pbkdf2Cost,
) -> EncodedPassword {
    let mut hash = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        PBKDF2_HMAC_SHA256,
        cost.iterations,
        salt,
        password,
        hash.as_mut_slice(),
    );
    let [name, _] = NAMES;
    let (rounds, salt) = (cost.iterations, String::from_utf8_lossy(salt));
    let hash = Zeroizing::new(STANDARD.encode(hash.as_slice()));
    EncodedPassword::from_stored(format!("{name}${rounds}${salt}${}", hash.as_str()))
}

/// Draws a salt as Django does: 22 letters and digits, 131 bits.
pub(super) fn draw_salt(random: &dyn Random) -> Result<[u8; SALT_CHARACTERS], NoRandomness> {
    let mut salt = [0; SALT_CHARACTERS];
    let mut places = salt.iter_mut();
    let mut place = places.next();
    while place.is_some() {
        for byte in draw::<64>(random)? {
            // The 248 lowest values stand four times for each letter; the others would prefer some.
            let letter = ALPHABET.get(usize::from(byte % 62)).filter(|_| byte < 248);
            if let (Some(at), Some(letter)) = (place.as_deref_mut(), letter) {
                *at = *letter;
                place = places.next();
            }
        }
    }
    Ok(salt)
}

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

    /// See [`Scheme::is_costly`](super::scheme::Scheme::is_costly).
    pub(super) fn is_costly(&self) -> bool {
        self.iterations.get() > 4 * Pbkdf2Cost::DJANGO.iterations.get()
    }

    /// Whether this is what would be written today at `cost`.
    pub(super) fn is_current(&self, cost: Pbkdf2Cost) -> bool {
        self.hash_bytes == 32
            && self.iterations == cost.iterations
            && self.salt.len() >= SALT_CHARACTERS
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

const SALT_CHARACTERS: usize = 22;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
