//! argon2 (RFC 9106), in Django's spelling of the PHC string: argon2id is written, all of the family verify.

use argon2::{Algorithm, Argon2, Block, Params, Version};
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
}

/// The name before the first `$` of Django's encoded form.
pub(super) const NAME: &str = "argon2";

/// Encodes a password under a salt.
pub(super) fn encode(
    password: &[u8],
    salt: &[u8; 16],
    cost: Argon2Cost,
    workspace: &mut Workspace,
) -> Option<EncodedPassword> {
    let mut hash = Zeroizing::new(vec![0; WRITTEN_HASH_BYTES]);
    let work = Work {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        cost,
    };
    work.fill(password, salt, &mut hash, workspace)?;
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

/// A stored argon2 password taken apart.
pub(super) struct Stored {
    work: Work,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// What is to be computed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Work {
    algorithm: Algorithm,
    version: Version,
    cost: Argon2Cost,
}

impl Stored {
    /// Reads `variety$v=…$m=…,t=…,p=…$salt$hash`; `None` for anything else, and for costs beyond bounds.
    pub(super) fn parse(fields: &str) -> Option<Self> {
        let mut fields = fields.split('$');
        let stored = Self {
            work: Work {
                algorithm: Algorithm::new(fields.next()?).ok()?,
                version: match fields.next()? {
                    "v=16" => Version::V0x10,
                    "v=19" => Version::V0x13,
                    _ => return None,
                },
                cost: parse_cost(fields.next()?)?,
            },
            salt: STANDARD_NO_PAD.decode(fields.next()?).ok()?,
            hash: STANDARD_NO_PAD.decode(fields.next()?).ok()?,
        };
        let whole = fields.next().is_none() && HASH_BYTES.contains(&stored.hash.len());
        whole.then_some(stored)
    }

    /// See [`Scheme::is_costly`](super::scheme::Scheme::is_costly). Lanes cost nothing: they are filled one by one.
    pub(super) fn is_costly(&self) -> bool {
        let Argon2Cost {
            memory_kib, passes, ..
        } = self.work.cost;
        memory_kib.saturating_mul(passes) > 4 * DJANGO_KIB_FILLED
    }

    /// Whether this is what would be written today at `cost`.
    pub(super) fn is_current(&self, cost: Argon2Cost) -> bool {
        let today = Work {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            cost,
        };
        self.work == today && self.hash.len() == WRITTEN_HASH_BYTES
    }

    pub(super) fn matches(&self, password: &[u8], workspace: &mut Workspace) -> bool {
        let mut computed = Zeroizing::new(vec![0; self.hash.len()]);
        self.work
            .fill(password, &self.salt, &mut computed, workspace)
            .is_some()
            && verify_slices_are_equal(&computed, &self.hash).is_ok()
    }
}

impl Work {
    fn fill(
        self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        workspace: &mut Workspace,
    ) -> Option<()> {
        let Argon2Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(out.len())).ok()?;
        let memory = workspace.blocks(params.block_count());
        Argon2::new(self.algorithm, self.version, params)
            .hash_password_into_with_memory(password, salt, out, memory)
            .ok()
    }
}

/// Memory to hash in. Fresh memory costs nearly half as much again as a hash, so that it pays to keep it from one
/// password to the next while there is a next one.
#[derive(Default)]
pub(super) struct Workspace(Vec<Block>);

impl Workspace {
    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            if count >= FEWEST_BLOCKS_APART {
                // Only what is written to takes memory.
                self.0
                    .reserve_exact(BLOCKS_APART.saturating_sub(self.0.len()));
            }
            self.0.resize(count, Block::default());
        }
        self.0.get_mut(..count).unwrap_or_default()
    }

    /// Whether it is no larger than hashes of ours need: a costlier, imported one may have taken more.
    pub(super) fn is_of(&self, cost: Argon2Cost) -> bool {
        usize::try_from(cost.memory_kib).is_ok_and(|ours| self.0.len() <= ours)
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

const WRITTEN_HASH_BYTES: usize = 32;

/// Allocations above 32 MiB are always mapped by themselves, and go back to the system when they are freed. The C
/// library keeps smaller ones for later once it has seen a few, and the server would never shrink again.
const BLOCKS_APART: usize = 33 * 1024;
/// Below a mebibyte it does not matter.
const FEWEST_BLOCKS_APART: usize = 1024;

/// What imported hashes may have.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// What Django's default fills: 100 MiB, twice.
const DJANGO_KIB_FILLED: u32 = 2 * 100 * 1024;

/// An imported hash may ask for this much memory, 256 MiB, and no more.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
