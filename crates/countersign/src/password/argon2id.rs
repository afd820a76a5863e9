//! argon2id (RFC 9106), in Django's spelling of the PHC string.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::EncodedPassword;

/// The cost of hashing one password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Argon2Cost {
    /// OWASP's recommendation, and the least that is written: 19 MiB, two passes, one lane.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };
    /// For tests only: `[passwords] danger_cheap_hashes`.
    pub const DANGER_CHEAP: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn params(self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).ok()
    }
}

/// The name before the first `$` of Django's encoded form.
pub(super) const NAME: &str = "argon2";

/// Encodes a password under a salt.
pub(super) fn encode(
    password: &[u8],
    salt: &[u8; 16],
    cost: Argon2Cost,
) -> Option<EncodedPassword> {
    let hash = hash(password, salt, cost)?;
    let Argon2Cost {
        memory_kib,
        passes,
        lanes,
    } = cost;
    Some(EncodedPassword::from_stored(format!(
        "{NAME}$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash.as_slice()),
    )))
}

/// A stored argon2id password taken apart.
pub(super) struct Stored {
    pub(super) cost: Argon2Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    /// Reads `argon2$argon2id$v=19$m=…,t=…,p=…$salt$hash`; `None` for anything else, and for costs beyond bounds.
    pub(super) fn parse(encoded: &EncodedPassword) -> Option<Self> {
        let rest = encoded.as_stored().strip_prefix("argon2$argon2id$v=19$")?;
        let mut fields = rest.split('$');
        let (cost, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        let stored = Self {
            cost: parse_cost(cost)?,
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            hash: STANDARD_NO_PAD.decode(hash).ok()?,
        };
        (fields.next().is_none() && stored.hash.len() == HASH_BYTES).then_some(stored)
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        hash(password, &self.salt, self.cost).is_some_and(|computed| {
            verify_slices_are_equal(computed.as_slice(), &self.hash).is_ok()
        })
    }
}

fn parse_cost(text: &str) -> Option<Argon2Cost> {
    let mut fields = text.split(',');
    let mut field = |name: &str| -> Option<u32> { fields.next()?.strip_prefix(name)?.parse().ok() };
    let cost = Argon2Cost {
        memory_kib: field("m=")?,
        passes: field("t=")?,
        lanes: field("p=")?,
    };
    let bounded = cost.memory_kib <= MAX_MEMORY_KIB && cost.passes <= 16 && cost.lanes <= 16;
    (bounded && fields.next().is_none()).then_some(cost)
}

fn hash(password: &[u8], salt: &[u8], cost: Argon2Cost) -> Option<Zeroizing<[u8; HASH_BYTES]>> {
    let mut out = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?)
        .hash_password_into(password, salt, out.as_mut_slice())
        .ok()?;
    Some(out)
}

const HASH_BYTES: usize = 32;

/// An imported hash may ask for this much memory, 256 MiB, and no more.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
