//! Token ids that are sealed addresses: 32 hex digits that look like SimpleJWT's `jti` and open, without any
//! look-up, to the session and the generation they belong to.
//!
//! Layout of the one AES-256 block, most significant bit first:
//!
//! | bits | refresh, sliding | access, websocket, custom kinds |
//! |---|---|---|
//! | 2 + 4 | layout version · kind | same |
//! | 42 | session number | number of the root |
//! | 48 | generation 24 · salt 24 | random nonce |
//! | 32 | zero: the check | same |
//!
//! An id that opens under none of our keys is *foreign*: somebody else minted it. A foreign id opens by
//! chance once in 2³², and is then refused like any id of ours without its row.
//!
//! # What it is not
//! Not a secret and no proof of anything: the token's signature proves, the id only tells where to look.

use std::fmt;

use aws_lc_rs::cipher::{AES_256, DecryptingKey, EncryptingKey, UnboundCipherKey};
use zeroize::Zeroizing;

use crate::session::{Generation, Salt, SessionNumber};

/// The kinds of token an id can belong to, as the id's four bits say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealedKind {
    /// A refresh token.
    Refresh,
    /// A sliding token.
    Sliding,
    /// An access token.
    Access,
    /// A websocket token.
    Websocket,
    /// A token of a kind that the settings name. Which one its type claim says: the names may change, ids may not.
    Custom,
}

impl SealedKind {
    const fn bits(self) -> u128 {
        match self {
            Self::Refresh => 0,
            Self::Sliding => 1,
            Self::Access => 2,
            Self::Websocket => 3,
            Self::Custom => 4,
        }
    }

    const fn from_bits(bits: u128) -> Option<Self> {
        match bits {
            0 => Some(Self::Refresh),
            1 => Some(Self::Sliding),
            2 => Some(Self::Access),
            3 => Some(Self::Websocket),
            4 => Some(Self::Custom),
            _ => None,
        }
    }
}

/// What an id says once it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAddress {
    /// A refresh token: a function of its session's row and generation.
    Refresh(GenerationAddress),
    /// A sliding token, addressed like a refresh token.
    Sliding(GenerationAddress),
    /// An access token of a login and all its forks.
    Access(NonceAddress),
    /// A websocket token, addressed like an access token.
    Websocket(NonceAddress),
    /// A token of a custom kind, addressed like an access token.
    Custom(NonceAddress),
}

/// The address in refresh and sliding ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerationAddress {
    /// The session's own number.
    pub session: SessionNumber,
    /// The token's generation.
    pub generation: Generation,
    /// The last 24 bits of the session's id.
    pub salt: Salt,
}

/// The address in ids of access, websocket and custom tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceAddress {
    /// The number of the session's root.
    pub root: SessionNumber,
    /// 48 random bits that make the id unique.
    pub nonce: Nonce,
}

/// 48 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(u64);

impl Nonce {
    /// A nonce from six random bytes.
    pub fn from_bytes(bytes: [u8; 6]) -> Self {
        let bits = bytes
            .into_iter()
            .fold(0, |bits, byte| (bits << 8) | u64::from(byte));
        Self(bits)
    }
}

impl TokenAddress {
    /// The kind of token the id was made for.
    pub const fn kind(self) -> SealedKind {
        match self {
            Self::Refresh(_) => SealedKind::Refresh,
            Self::Sliding(_) => SealedKind::Sliding,
            Self::Access(_) => SealedKind::Access,
            Self::Websocket(_) => SealedKind::Websocket,
            Self::Custom(_) => SealedKind::Custom,
        }
    }

    /// The session number in the id: the session's own, or its root's.
    pub const fn session(self) -> SessionNumber {
        match self {
            Self::Refresh(at) | Self::Sliding(at) => at.session,
            Self::Access(at) | Self::Websocket(at) | Self::Custom(at) => at.root,
        }
    }

    fn to_block(self) -> [u8; 16] {
        let tail = match self {
            Self::Refresh(at) | Self::Sliding(at) => {
                (u128::from(at.generation.get()) << 24) | u128::from(at.salt.get())
            }
            Self::Access(at) | Self::Websocket(at) | Self::Custom(at) => u128::from(at.nonce.0),
        };
        let head = (LAYOUT_VERSION << 4) | self.kind().bits();
        let number = u128::from(self.session().get());
        ((head << 122) | (number << 80) | (tail << 32)).to_be_bytes()
    }

    fn from_block(block: [u8; 16]) -> Option<Self> {
        let bits = u128::from_be_bytes(block);
        if bits & 0xffff_ffff != 0 || bits >> 126 != LAYOUT_VERSION {
            return None;
        }
        let kind = SealedKind::from_bits((bits >> 122) & 0xf)?;
        let number = SessionNumber::new(low_u64(bits >> 80) & SessionNumber::MAX.get())?;
        let tail = low_u64(bits >> 32) & 0xffff_ffff_ffff;
        let generation = || {
            Some(GenerationAddress {
                session: number,
                generation: Generation::new(u32::try_from(tail >> 24).ok()?)?,
                salt: Salt::from_low_bits(u32::try_from(tail & 0xff_ffff).ok()?),
            })
        };
        let nonce = NonceAddress {
            root: number,
            nonce: Nonce(tail),
        };
        Some(match kind {
            SealedKind::Refresh => Self::Refresh(generation()?),
            SealedKind::Sliding => Self::Sliding(generation()?),
            SealedKind::Access => Self::Access(nonce),
            SealedKind::Websocket => Self::Websocket(nonce),
            SealedKind::Custom => Self::Custom(nonce),
        })
    }
}

/// Which sealing key: its row in the store. Sessions remember it for their whole life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealingKeyId(i64);

impl SealingKeyId {
    /// A key's id, as its store numbers it.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The plain number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A key that seals and opens token ids.
pub struct SealingKey {
    id: SealingKeyId,
    seal: EncryptingKey,
    open: DecryptingKey,
}

/// The library refused a sealing key or a block. It does not happen with 32-byte keys and 16-byte blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealing key could not be used")]
pub struct SealingError;

impl SealingKey {
    /// A key from its 32 secret bytes.
    ///
    /// # Errors
    /// [`SealingError`] if the crypto library refuses the bytes.
    pub fn new(id: SealingKeyId, secret: &Zeroizing<[u8; 32]>) -> Result<Self, SealingError> {
        let key = || UnboundCipherKey::new(&AES_256, secret.as_slice()).map_err(|_| SealingError);
        Ok(Self {
            id,
            seal: EncryptingKey::ecb(key()?).map_err(|_| SealingError)?,
            open: DecryptingKey::ecb(key()?).map_err(|_| SealingError)?,
        })
    }

    /// The key's id.
    pub const fn id(&self) -> SealingKeyId {
        self.id
    }

    /// Seals an address into the 32 hex digits of a `jti`.
    ///
    /// # Errors
    /// [`SealingError`] if the crypto library fails.
    pub fn seal(&self, address: TokenAddress) -> Result<String, SealingError> {
        let mut block = address.to_block();
        self.seal.encrypt(&mut block).map_err(|_| SealingError)?;
        Ok(format!("{:032x}", u128::from_be_bytes(block)))
    }

    fn open(&self, mut block: [u8; 16]) -> Option<TokenAddress> {
        self.open
            .decrypt(&mut block, aws_lc_rs::cipher::DecryptionContext::None)
            .ok()?;
        TokenAddress::from_block(block)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({}, ****)", self.id.get())
    }
}

/// What a token id turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// We made it.
    Ours {
        /// What it says.
        address: TokenAddress,
        /// The key that opened it.
        key: SealingKeyId,
    },
    /// It opens under no key of ours.
    Foreign,
}

/// All keys whose ids we still know, at most [`SealingKeys::MAX`]; the newest seals new sessions.
#[derive(Debug)]
pub struct SealingKeys {
    keys: Vec<SealingKey>,
}

impl SealingKeys {
    /// How many keys may be in use at once.
    pub const MAX: usize = 4;

    /// A ring of keys, oldest first. `None` if it is empty or larger than [`SealingKeys::MAX`].
    pub fn new(keys: Vec<SealingKey>) -> Option<Self> {
        (!keys.is_empty() && keys.len() <= Self::MAX).then_some(Self { keys })
    }

    /// The key for new sessions.
    pub fn newest(&self) -> Option<&SealingKey> {
        self.keys.last()
    }

    /// The key of that id, for a session that was opened under it.
    pub fn get(&self, id: SealingKeyId) -> Option<&SealingKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The ids of all keys, oldest first.
    pub fn ids(&self) -> Vec<SealingKeyId> {
        self.keys.iter().map(SealingKey::id).collect()
    }

    /// Opens a token id.
    pub fn open(&self, token_id: &str) -> Opened {
        let Some(block) = parse_hex(token_id) else {
            return Opened::Foreign;
        };
        self.keys
            .iter()
            .rev()
            .find_map(|key| {
                key.open(block).map(|address| Opened::Ours {
                    address,
                    key: key.id,
                })
            })
            .unwrap_or(Opened::Foreign)
    }
}

fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let plain = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    plain
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
        .map(u128::to_be_bytes)
}

/// The lowest 64 bits of a block.
fn low_u64(bits: u128) -> u64 {
    u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(u64::MAX)
}

/// Two bits. A later layout takes another value, so that old ids keep opening.
const LAYOUT_VERSION: u128 = 0;

#[cfg(test)]
mod tests;
