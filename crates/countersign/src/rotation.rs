//! What happens to a refresh token that is presented: one pure function that covers every case.
//!
//! A session's row holds the current generation, a refresh token carries its own, `g`:
//!
//! | case, judged from the top | answer |
//! |---|---|
//! | ended (also its root); disabled; token blacklisted; account gone, inactive or changed; past the deadline; `g > current` | refused with its cause |
//! | `g = current`, rotation off | a new access token, no write |
//! | `g = current`, old tokens stay good | a fork: a row of its own; the generation stays |
//! | `g = current`, rotation | one compare-and-set decides who moves it to `g + 1` |
//! | `g = current − 1` within the grace, same client | the same successor again |
//! | `g = current − 1` within the grace, another client | refused; the session lives |
//! | any other `g < current` | reuse: the session ends, where detection is on |
//!
//! Where reuse detection is off and there is no grace, a spent token is refused as blacklisted *before* the
//! account is looked at: that is the order in which SimpleJWT answers, and nothing else hangs on it.

use std::time::Duration;

use countersign_token::{Timestamp, UnixMillis};

use crate::account::AccountId;
use crate::sealed_id::GenerationAddress;
use crate::session::{
    ClientDigest, EndCause, Generation, Lineage, Salt, SessionNumber, SessionRecord, SessionState,
};

/// What a refresh does with the token it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationMode {
    /// The refresh token stays; only an access token is issued.
    Off,
    /// A new refresh token is issued and the old one stays good (`ROTATE_REFRESH_TOKENS` alone).
    Fork,
    /// A new refresh token is issued and the old one is spent.
    Rotate,
}

/// Whether presenting a spent token ends its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReuseDetection {
    /// The session ends with [`EndCause::ReuseDetected`] (RFC 9700 §4.14.2).
    On,
    /// The token is refused and nothing ends, as SimpleJWT does.
    Off,
}

/// The settings that rotation hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationPolicy {
    /// What a refresh does.
    pub mode: RotationMode,
    /// What a spent token does.
    pub reuse_detection: ReuseDetection,
    /// How long the token before the current one returns the same successor; zero switches it off.
    pub reuse_grace: Duration,
}

/// A refresh token that has proved genuine, as far as rotation must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedToken {
    /// The session that its id names.
    pub session: SessionNumber,
    /// Its generation.
    pub generation: Generation,
    /// The salt in its id; `None` for a foreign token, which has none.
    pub salt: Option<Salt>,
    /// The account that its user claim names; `None` for a token without account.
    pub account: Option<AccountId>,
}

impl PresentedToken {
    /// The token of an address that an id of ours opened to.
    pub const fn of(address: GenerationAddress, account: Option<AccountId>) -> Self {
        Self {
            session: address.session,
            generation: address.generation,
            salt: Some(address.salt),
            account,
        }
    }
}

/// What is known of the account at this refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAtRefresh {
    /// Not read: whatever would disqualify it ends its sessions in the same transaction.
    Unread,
    /// Present and allowed to sign in.
    Fit,
    /// Present but deactivated.
    Inactive,
    /// There is no such account.
    Gone,
    /// Its password changed since the login.
    PasswordChanged,
}

/// What to do about a presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Issue an access token and write nothing.
    IssueAccess,
    /// Open a fork: a new row under the same root.
    Fork,
    /// Try to move the generation on; whoever succeeds issues the successor.
    Rotate,
    /// Issue the same successor once more.
    Replay,
    /// Refuse.
    Refuse(Refusal),
    /// Refuse, and end the session's root with this cause. The end is committed although the request fails.
    EndAndRefuse(EndCause),
}

/// Why a refresh token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id opens, but no such session exists, or it belongs to another account, salt or kind.
    #[error("the token names no session of its account")]
    Unknown,
    /// The session is over.
    #[error("the session has ended: {}", .0.name())]
    Ended(EndCause),
    /// The session waits to be enabled.
    #[error("the session is disabled")]
    Disabled,
    /// The token itself was blacklisted, its family lives.
    #[error("the token is blacklisted")]
    Blacklisted,
    /// The token was spent, and reuse detection is off.
    #[error("the token was spent")]
    Spent,
    /// The token before the current one, within the grace, from another client.
    #[error("the token was spent by another client")]
    OtherClient,
    /// The account no longer exists.
    #[error("the account does not exist")]
    AccountGone,
    /// The account is deactivated.
    #[error("the account is inactive")]
    AccountInactive,
    /// The account's password changed since the login.
    #[error("the password has been changed")]
    PasswordChanged,
    /// The session is past its absolute deadline.
    #[error("the session is past its deadline")]
    PastDeadline,
    /// The token is ahead of the store: the store was rolled back to an older state.
    #[error("the token is newer than the store")]
    StoreRolledBack,
    /// The row says it was rotated in the future: the clock stepped back.
    #[error("the session was rotated in the future")]
    RotatedInFuture,
}

/// Decides about a refresh token. Pure: the same arguments always give the same answer.
///
/// `lineage` is the row the token names together with its root. Elapsed time is judged in milliseconds;
/// a row that was rotated up to five seconds in the future counts as rotated now.
///
/// # Source
/// RFC 9700 §4.14.2; SimpleJWT `ROTATE_REFRESH_TOKENS`, `BLACKLIST_AFTER_ROTATION`.
pub fn decide(
    policy: &RotationPolicy,
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    client: ClientDigest,
    now: UnixMillis,
) -> Decision {
    let session = &lineage.session;
    if let Some(refusal) = refusal(policy, lineage, account, token, now) {
        return Decision::Refuse(refusal);
    }
    if token.generation == session.generation {
        return current(policy.mode, session);
    }
    if token.generation.precedes(session.generation)
        && let Some(decision) = within_grace(policy, session, client, now)
    {
        return decision;
    }
    match policy.reuse_detection {
        ReuseDetection::On => Decision::EndAndRefuse(EndCause::ReuseDetected),
        ReuseDetection::Off => Decision::Refuse(Refusal::Spent),
    }
}

/// Decides about a sliding token: it is never spent, so that nothing but the standing of its session and its
/// account counts. Pure, and judged in the order of [`decide`].
///
/// # Errors
/// The [`Refusal`].
pub fn decide_sliding(
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    now: UnixMillis,
) -> Result<(), Refusal> {
    const NEVER_SPENT: RotationPolicy = RotationPolicy {
        mode: RotationMode::Off,
        reuse_detection: ReuseDetection::Off,
        reuse_grace: Duration::ZERO,
    };
    refusal(&NEVER_SPENT, lineage, account, token, now).map_or(Ok(()), Err)
}

/// One attempt to move a session on to its next generation: the store's compare-and-set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationStep {
    /// The presented token; its generation is the expected one.
    pub token: PresentedToken,
    /// The client that asks.
    pub client: ClientDigest,
    /// The moment of the rotation.
    pub now: UnixMillis,
    /// The successor's `exp` before it is capped to the session's deadline.
    pub refresh_expires_at: Timestamp,
    /// How much longer than the refresh token any token of the session may live, leeway included, in seconds.
    pub keep_beyond_seconds: i64,
    /// Whether the presented token is recorded as rotated out.
    pub rotated_out: RotatedOut,
}

/// What becomes of the record of a token that is rotated out. It decides nothing: the row knows the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotatedOut {
    /// It is kept for the lists (`[blacklist] history`), in the transaction of the rotation.
    Recorded,
    /// There is none.
    Forgotten,
}

/// The condition of the store's fast path, on rows: exactly where [`decide`] says [`Decision::Rotate`] for a
/// session whose account need not be read.
///
/// SQL stores write the same condition into their one statement; the contract suite compares the two.
pub fn may_rotate(lineage: &Lineage, step: &RotationStep) -> bool {
    let SessionRecord { generation, .. } = lineage.session;
    belongs(&lineage.session, &step.token)
        && lineage.session.state == SessionState::Live
        && lineage.root == SessionState::Live
        && lineage.session.blacklisted_at.is_none()
        && generation == step.token.generation
        && generation < Generation::LAST
        && !past_deadline(&lineage.session, step.now)
}

/// Moves a row that [`may_rotate`] on to its next generation.
pub fn rotated(session: &SessionRecord, step: &RotationStep) -> SessionRecord {
    let refresh_expires_at = session
        .deadline
        .map_or(step.refresh_expires_at, |deadline| {
            deadline.min(step.refresh_expires_at)
        });
    SessionRecord {
        generation: session.generation.next(),
        rotated_at: step.now,
        refresh_expires_at,
        keep_until: session
            .keep_until
            .max(later(refresh_expires_at, step.keep_beyond_seconds)),
        client: step.client,
        ..session.clone()
    }
}

/// A moment so many seconds later.
pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_seconds(at.seconds().saturating_add(seconds))
}

fn refusal(
    policy: &RotationPolicy,
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    now: UnixMillis,
) -> Option<Refusal> {
    standing_refusal(policy, lineage, token)
        .or_else(|| account_refusal(account))
        .or_else(|| clock_refusal(&lineage.session, token, now))
}

fn standing_refusal(
    policy: &RotationPolicy,
    lineage: &Lineage,
    token: &PresentedToken,
) -> Option<Refusal> {
    let session = &lineage.session;
    if !belongs(session, token) {
        return Some(Refusal::Unknown);
    }
    let states = [session.state, lineage.root];
    for state in states {
        if let SessionState::Ended { cause, .. } = state {
            return Some(Refusal::Ended(cause));
        }
    }
    if states.contains(&SessionState::Disabled) {
        return Some(Refusal::Disabled);
    }
    if session.blacklisted_at.is_some() {
        return Some(Refusal::Blacklisted);
    }
    let answers_like_simplejwt =
        policy.reuse_detection == ReuseDetection::Off && policy.reuse_grace.is_zero();
    (answers_like_simplejwt && token.generation < session.generation).then_some(Refusal::Spent)
}

const fn account_refusal(account: AccountAtRefresh) -> Option<Refusal> {
    match account {
        AccountAtRefresh::Unread | AccountAtRefresh::Fit => None,
        AccountAtRefresh::Inactive => Some(Refusal::AccountInactive),
        AccountAtRefresh::Gone => Some(Refusal::AccountGone),
        AccountAtRefresh::PasswordChanged => Some(Refusal::PasswordChanged),
    }
}

fn clock_refusal(
    session: &SessionRecord,
    token: &PresentedToken,
    now: UnixMillis,
) -> Option<Refusal> {
    if past_deadline(session, now) {
        return Some(Refusal::PastDeadline);
    }
    (token.generation > session.generation).then_some(Refusal::StoreRolledBack)
}

fn current(mode: RotationMode, session: &SessionRecord) -> Decision {
    match mode {
        RotationMode::Off => Decision::IssueAccess,
        RotationMode::Fork => Decision::Fork,
        RotationMode::Rotate if session.generation < Generation::LAST => Decision::Rotate,
        RotationMode::Rotate => Decision::EndAndRefuse(EndCause::GenerationExhausted),
    }
}

fn within_grace(
    policy: &RotationPolicy,
    session: &SessionRecord,
    client: ClientDigest,
    now: UnixMillis,
) -> Option<Decision> {
    if policy.reuse_grace.is_zero() {
        return None;
    }
    let elapsed = now.since(session.rotated_at);
    if elapsed < -TOLERATED_FUTURE_MILLIS {
        return Some(Decision::Refuse(Refusal::RotatedInFuture));
    }
    let grace = i64::try_from(policy.reuse_grace.as_millis()).unwrap_or(i64::MAX);
    if elapsed > grace {
        return None;
    }
    Some(if client == session.client {
        Decision::Replay
    } else {
        Decision::Refuse(Refusal::OtherClient)
    })
}

fn belongs(session: &SessionRecord, token: &PresentedToken) -> bool {
    session.number == token.session
        && session.account == token.account
        && token.salt.is_none_or(|salt| salt == session.sid.salt())
}

fn past_deadline(session: &SessionRecord, now: UnixMillis) -> bool {
    session
        .deadline
        .is_some_and(|deadline| deadline <= now.timestamp())
}

/// How far ahead of the clock a row's `rotated_at` may lie, in milliseconds: two nodes' clocks differ.
const TOLERATED_FUTURE_MILLIS: i64 = 5_000;

#[cfg(test)]
mod tests;
