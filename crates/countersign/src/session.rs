//! What a session is: the one narrow row that decides about its refresh tokens for its whole life.

use std::fmt;

use countersign_token::{Timestamp, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::sealed_id::SealingKeyId;
use crate::uuid::Uuid;

/// The session's address: drawn from a counter, 42 bits, never reused.
///
/// Numbers leave the store only inside sealed token ids; everywhere else a session is named by its [`SessionId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionNumber(u64);

impl SessionNumber {
    /// The largest number that fits a sealed id.
    pub const MAX: Self = Self((1 << 42) - 1);

    /// The number, if it fits 42 bits.
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The plain number, for stores and the sealing.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The public name of a session: 16 random bytes, shared by a root and its forks.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Takes 16 random bytes and marks them as a version 4 UUID (RFC 9562 §5.4).
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(*Uuid::from_random(bytes).as_bytes())
    }

    /// An id as a store kept it.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The last 24 bits: what a refresh token's id repeats, so that a number alone proves nothing.
    pub fn salt(&self) -> Salt {
        let [.., a, b, c] = self.0;
        Salt(u32::from_be_bytes([0, a, b, c]))
    }

    /// The 32 hex digits without hyphens.
    pub fn hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// Reads the hyphenated form that [`Display`](fmt::Display) writes, or 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|&c| c != '-').collect();
        let well_formed = text.len() == 32 || (text.len() == 36 && digits.len() == 32);
        let value = u128::from_str_radix(&digits, 16).ok()?;
        (well_formed && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(value.to_be_bytes()))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Uuid::from_bytes(self.0), f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The last 24 bits of a [`SessionId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(u32);

impl Salt {
    /// A salt from its lowest 24 bits.
    pub const fn from_low_bits(bits: u32) -> Self {
        Self(bits & 0x00ff_ffff)
    }

    /// The 24 bits as a number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// How often a session's refresh token has been rotated: 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

impl Generation {
    /// The generation of a login.
    pub const FIRST: Self = Self(0);
    /// The generation at which a session ends with [`EndCause::GenerationExhausted`] instead of rotating.
    pub const LAST: Self = Self((1 << 24) - 2);

    /// A generation, if it fits 24 bits.
    pub const fn new(generation: u32) -> Option<Self> {
        if generation < 1 << 24 {
            Some(Self(generation))
        } else {
            None
        }
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Whether this is the generation just before `current`.
    pub const fn precedes(self, current: Self) -> bool {
        self.next().0 == current.0
    }
}

/// 64 bits of a keyed digest of the client that rotated last.
///
/// A request without a user agent has its own value. It tells a lost answer asked for again from a
/// token in another client's hands; it proves nothing about who the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientDigest(u64);

impl ClientDigest {
    /// A digest as it was computed or stored.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// Why a session ended. A closed list: shown to its owner, to the operator, in metrics and in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The owner signed out, or the client blacklisted its refresh token.
    Logout,
    /// The owner ended it from another session, or signed out everywhere.
    EndedByOwner,
    /// An operator ended it.
    EndedByOperator,
    /// A spent refresh token was presented outside the grace (RFC 9700 §4.14.2).
    ReuseDetected,
    /// The account's password was changed.
    PasswordChanged,
    /// The account was deactivated.
    AccountDeactivated,
    /// The account was deleted.
    AccountDeleted,
    /// A newer login took its place under the limit of live sessions.
    SessionLimit,
    /// It was rotated 2²⁴ − 2 times.
    GenerationExhausted,
}

impl EndCause {
    /// Every cause there is.
    pub const ALL: [Self; 9] = [
        Self::Logout,
        Self::EndedByOwner,
        Self::EndedByOperator,
        Self::ReuseDetected,
        Self::PasswordChanged,
        Self::AccountDeactivated,
        Self::AccountDeleted,
        Self::SessionLimit,
        Self::GenerationExhausted,
    ];

    /// The stable name, as stored, logged and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::EndedByOwner => "ended_by_owner",
            Self::EndedByOperator => "ended_by_operator",
            Self::ReuseDetected => "reuse_detected",
            Self::PasswordChanged => "password_changed",
            Self::AccountDeactivated => "account_deactivated",
            Self::AccountDeleted => "account_deleted",
            Self::SessionLimit => "session_limit",
            Self::GenerationExhausted => "generation_exhausted",
        }
    }

    /// The cause of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// What a session was opened with: the token of [`Generation::FIRST`]. Every later one is a refresh token of ours.
///
/// It admits and refuses nothing: it says what the id of that token looks like, for whoever lists it, and what a
/// refresh carries over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FirstToken {
    /// A refresh token of ours.
    Refresh,
    /// A sliding token of ours.
    Sliding,
    /// A refresh token that somebody else minted; its id is kept with it.
    Foreign,
    /// A refresh token of ours with data of its own, which its successors keep.
    GenericRefresh,
    /// Another token, the only one: the session has no refresh token.
    Single,
}

/// Whether a session may be used. An ended session stays ended and keeps its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It may be used.
    Live,
    /// It waits to be enabled; until then it cannot refresh.
    Disabled,
    /// It is over.
    Ended {
        /// When it ended.
        at: UnixMillis,
        /// Why it ended.
        cause: EndCause,
    },
}

impl SessionState {
    /// Whether the session is over.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Ended { .. })
    }

    /// When the session ended, if it did.
    pub const fn ended_at(self) -> Option<UnixMillis> {
        match self {
            Self::Ended { at, .. } => Some(at),
            Self::Live | Self::Disabled => None,
        }
    }
}

/// One session as a store holds it: `ledger` row, every column on the decision path.
///
/// # Invariants
/// - `root == number` for a login; a fork names the login it came from and shares its `sid`.
/// - `generation`, `rotated_at`, `refresh_expires_at` and `client` move together, in one compare-and-set.
/// - `keep_until` only grows: no token of the session, its forks included, outlives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session's address.
    pub number: SessionNumber,
    /// The session's public name.
    pub sid: SessionId,
    /// Its own number, or that of the session it was forked from.
    pub root: SessionNumber,
    /// Whose session it is; stays after the account's deletion. `None`: nobody's, its tokens stand for themselves.
    pub account: Option<AccountId>,
    /// The generation of the one refresh token that is current.
    pub generation: Generation,
    /// The key that seals the session's token ids.
    pub sealing_key: SealingKeyId,
    /// What generation 0 is.
    pub first_token: FirstToken,
    /// When the login happened.
    pub created_at: UnixMillis,
    /// When the current generation was made; its second is the refresh token's `iat`.
    pub rotated_at: UnixMillis,
    /// The `exp` of the current refresh token.
    pub refresh_expires_at: Timestamp,
    /// The absolute end of the session, if it has one.
    pub deadline: Option<Timestamp>,
    /// Until when the row must be kept: the latest `exp` of any of its tokens, plus leeway.
    pub keep_until: Timestamp,
    /// The account's credential version at login.
    pub credential_version: i64,
    /// The client that rotated last.
    pub client: ClientDigest,
    /// Whether it may be used.
    pub state: SessionState,
    /// When this row's own refresh token was blacklisted although its family lives on (forks only; see `rotation`).
    pub blacklisted_at: Option<UnixMillis>,
}

impl SessionRecord {
    /// Whether this row is a login's own, not a fork.
    pub fn is_root(&self) -> bool {
        self.number == self.root
    }
}

/// A session with the root that decides about its life. For a login both are the same row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The row that the token names.
    pub session: SessionRecord,
    /// The state of its root.
    pub root: SessionState,
}

impl Lineage {
    /// Whether a fork may be opened: the session, its root and its own token are all good.
    pub fn may_fork(&self) -> bool {
        self.session.state == SessionState::Live
            && self.root == SessionState::Live
            && self.session.blacklisted_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_id_prints_as_a_version_4_uuid_and_reads_back() {
        let sid = SessionId::from_random([0xff; 16]);
        assert_eq!(sid.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(SessionId::parse(&sid.to_string()), Some(sid));
        assert_eq!(SessionId::parse(&sid.hex()), Some(sid));
        assert_eq!(
            SessionId::parse(&sid.to_string().replace('-', "")),
            Some(sid)
        );
    }

    #[test]
    fn session_id_refuses_other_spellings() {
        for text in [
            "",
            "zz",
            "+fffffff-ffff-4fff-bfff-ffffffffffff",
            &"f".repeat(33),
            &"-".repeat(36),
        ] {
            assert_eq!(SessionId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn salt_is_the_last_three_bytes() {
        let mut bytes = [0; 16];
        bytes[13..].copy_from_slice(&[1, 2, 3]);
        assert_eq!(SessionId::from_bytes(bytes).salt().get(), 0x01_02_03);
    }

    #[test]
    fn every_cause_reads_back_by_its_name() {
        for cause in EndCause::ALL {
            assert_eq!(EndCause::parse(cause.name()), Some(cause));
        }
    }

    #[test]
    fn numbers_and_generations_keep_to_their_bits() {
        assert!(SessionNumber::new(1 << 42).is_none());
        assert!(SessionNumber::new((1 << 42) - 1).is_some());
        assert!(Generation::new(1 << 24).is_none());
        assert!(Generation::new((1 << 24) - 1).is_some());
    }
}
