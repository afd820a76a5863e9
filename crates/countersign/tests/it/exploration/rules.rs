//! What is explored: the pure functions of the ledger, and the three promises that stores and nodes make about them.

use std::sync::OnceLock;
use std::time::Duration;

use countersign::account::AccountId;
use countersign::rotation::{
    AccountAtRefresh, Decision, PresentedToken, ReuseDetection, RotatedOut, RotationMode,
    RotationPolicy, RotationStep, decide, may_rotate, rotated,
};
use countersign::sealed_id::SealingKeyId;
use countersign::session::{
    ClientDigest, FirstToken, Generation, Lineage, SessionId, SessionNumber, SessionRecord,
    SessionState,
};
use countersign_token::{
    KeyId, RevocationEntry, RevocationIndex, RevocationScope, SessionAddress, TokenFacts,
    UnixMillis,
};

use super::world::{Row, Settings, Who};

/// [`decide`], or something else in its place.
type Decide = fn(
    &RotationPolicy,
    &Lineage,
    AccountAtRefresh,
    &PresentedToken,
    ClientDigest,
    UnixMillis,
) -> Decision;

/// What the world runs by. The ledger's own rules, or these with one of them broken.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) decide: Decide,
    /// The condition of the store's fast path.
    pub(super) may_rotate: fn(&Lineage, &RotationStep) -> bool,
    pub(super) end_by_reuse: EndByReuse,
    pub(super) looks: Looks,
}

/// What becomes of the end that a refused refresh entails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EndByReuse {
    /// It is committed although the request fails.
    Committed,
    /// It is rolled back with the request.
    RolledBack,
}

/// How a node keeps up with the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// No verdict rests on a look of an earlier tick.
    Again,
    /// One look is enough.
    Once,
}

impl Rules {
    /// Those of the ledger.
    pub(super) const OURS: Self = Self {
        decide,
        may_rotate,
        end_by_reuse: EndByReuse::Committed,
        looks: Looks::Again,
    };
}

/// What a store and a node answer to a refresh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Judged {
    /// This caller moved the row on to this.
    Won(Row),
    /// The token of this generation once more.
    Replayed(u8),
    /// Refused; the session has ended.
    Over,
    /// Refused, and the session is to be ended for it.
    ToEnd,
    /// Refused for another reason.
    Refused,
}

/// The store's conditional write, and `decide` where that was lost; `None` if `decide` does not say why it was.
pub(super) fn refresh(
    rules: &Rules,
    settings: &Settings,
    row: Row,
    generation: u8,
    by: Who,
    clock: i8,
) -> Option<Judged> {
    let session = record(settings, row);
    let lineage = Lineage {
        root: session.state,
        session,
    };
    let now = moment(clock);
    let token = PresentedToken {
        session: number(),
        generation: generation_of(generation),
        salt: Some(lineage.session.sid.salt()),
        account: Some(ACCOUNT),
    };
    let step = RotationStep {
        token,
        client: settings.client_of(by),
        now,
        refresh_expires_at: now.plus(Duration::from_hours(1)).timestamp(),
        keep_beyond_seconds: 60,
        rotated_out: RotatedOut::Forgotten,
    };
    if (rules.may_rotate)(&lineage, &step) {
        let next = rotated(&lineage.session, &step);
        return Some(Judged::Won(Row {
            generation: u8::try_from(next.generation.get()).unwrap(),
            rotated_at: clock,
            rotated_by: by,
            ..row
        }));
    }
    let policy = policy(settings);
    let account = AccountAtRefresh::Unread;
    let decision = (rules.decide)(&policy, &lineage, account, &token, step.client, now);
    match decision {
        Decision::Replay => Some(Judged::Replayed(row.generation)),
        Decision::Refuse(_) if row.ended.is_some() => Some(Judged::Over),
        Decision::Refuse(_) => Some(Judged::Refused),
        Decision::EndAndRefuse(_) => Some(Judged::ToEnd),
        Decision::Rotate | Decision::Fork | Decision::IssueAccess => None,
    }
}

/// Whether an access token of the session is accepted by a node that has seen the session's entry of the log, or not.
pub(super) fn accepts_access(knows_end: bool) -> bool {
    static VERDICTS: OnceLock<[bool; 2]> = OnceLock::new();
    VERDICTS.get_or_init(|| [false, true].map(ask_index))[usize::from(knows_end)]
}

fn ask_index(knows_end: bool) -> bool {
    let revoked = RevocationIndex::new();
    let session = SessionAddress::Number(number().get());
    if knows_end {
        revoked.apply(&RevocationEntry {
            sequence: 1,
            scope: RevocationScope::Session { address: session },
            forget_at: moment(100).timestamp(),
        });
    }
    let key_id = KeyId::parse("k1").unwrap();
    let facts = TokenFacts {
        token_id: "an access token",
        key_id: &key_id,
        session: Some(session),
        number: Some(number().get()),
        account: Some(ACCOUNT.get()),
    };
    revoked.check(&facts).is_none()
}

/// The row as a store holds it.
fn record(settings: &Settings, row: Row) -> SessionRecord {
    let expires_at = moment(0).plus(Duration::from_hours(1)).timestamp();
    SessionRecord {
        number: number(),
        sid: SessionId::from_random([0x5a; 16]),
        root: number(),
        account: Some(ACCOUNT),
        generation: generation_of(row.generation),
        sealing_key: SealingKeyId::new(1),
        first_token: FirstToken::Refresh,
        created_at: moment(0),
        rotated_at: moment(row.rotated_at),
        refresh_expires_at: expires_at,
        deadline: settings.deadline.map(|tick| moment(tick).timestamp()),
        keep_until: expires_at,
        credential_version: 1,
        client: settings.client_of(row.rotated_by),
        state: row
            .ended
            .map_or(SessionState::Live, |cause| SessionState::Ended {
                at: moment(0),
                cause,
            }),
        blacklisted_at: None,
    }
}

fn policy(settings: &Settings) -> RotationPolicy {
    RotationPolicy {
        mode: RotationMode::Rotate,
        reuse_detection: ReuseDetection::On,
        reuse_grace: Duration::from_secs(settings.grace.into()),
    }
}

/// A tick is a second.
fn moment(tick: i8) -> UnixMillis {
    UnixMillis::from_seconds(1_893_456_000 + i64::from(tick))
}

fn number() -> SessionNumber {
    SessionNumber::new(77).unwrap()
}

fn generation_of(generation: u8) -> Generation {
    Generation::new(generation.into()).unwrap()
}

const ACCOUNT: AccountId = AccountId::new(7);
