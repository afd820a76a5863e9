//! What the clauses are told with: a moment, an account, sessions of it.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_token::{ClaimsSet, Timestamp, UnixMillis};

use crate::account::{Account, AccountId, Privileges, Standing};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::password::EncodedPassword;
use crate::rotation::{PresentedToken, RotatedOut, RotationStep};
use crate::sealed_id::SealingKeyId;
use crate::session::{
    ClientDigest, EndCause, FirstToken, Generation, SessionId, SessionNumber, SessionRecord,
    SessionState,
};
use crate::store::{
    AccountChange, AccountCreation, AccountEdit, AccountGuard, Adoption, EditTarget, Ending, Fork,
    Forked, KeyRecords, LogEntry, LogScope, NewAccount, NewForeignToken, NewSession, Opening,
    Purged, SealingKeyRecord, SessionsOnChange, Store, StoreError,
};
use crate::uuid::Uuid;

/// So many seconds into the story, with odd milliseconds that a store must keep.
pub(super) fn at(seconds: i64) -> UnixMillis {
    UnixMillis::from_millis((START + seconds) * 1000 + 437)
}

/// The second of [`at`].
pub(super) fn second(seconds: i64) -> Timestamp {
    at(seconds).timestamp()
}

pub(super) fn client(bits: u64) -> ClientDigest {
    ClientDigest::from_bits(bits)
}

/// An event that is told apart by its kind.
pub(super) fn event(kind: AuditKind) -> AuditEvent {
    AuditEvent::new(at(0), kind, Actor::System)
}

/// A public name that no other session has.
pub(super) fn fresh_sid() -> SessionId {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let drawn = DRAWN.fetch_add(1, Ordering::Relaxed);
    SessionId::from_random((u128::from(drawn) << 64 | u128::from(drawn)).to_be_bytes())
}

pub(super) fn new_account(username: &str) -> NewAccount {
    NewAccount {
        uuid: Uuid::from_bytes(*fresh_sid().as_bytes()),
        username: username.to_owned(),
        email: format!("{username}@example.org"),
        email_verified: false,
        password: EncodedPassword::from_stored(format!("argon2$of {username}")),
        standing: Standing::Active,
        privileges: Privileges {
            staff: true,
            superuser: false,
        },
        role: 0,
        password_needs_reset: false,
        created_at: at(0),
        attributes: ClaimsSet::new(),
    }
}

pub(super) async fn create(store: &dyn Store, username: &str) -> Account {
    match store
        .create_account(&new_account(username), None)
        .await
        .unwrap()
    {
        AccountCreation::Created(account) => *account,
        AccountCreation::UsernameTaken => panic!("{username} is taken"),
    }
}

pub(super) async fn edit(store: &dyn Store, account: &Account, edit: AccountEdit) -> AccountChange {
    store
        .edit_account(
            EditTarget::any(account.id),
            &[edit],
            SessionsOnChange::Keep,
            at(5),
            &[],
        )
        .await
        .unwrap()
}

/// A login of an account as it stands.
pub(super) fn login(account: &Account) -> NewSession {
    NewSession {
        sid: fresh_sid(),
        account: Some(account.id),
        guard: AccountGuard::Stored {
            credential_version: account.credential_version,
            must_be_active: true,
        },
        sealing_key: SealingKeyId::new(1),
        first_token: FirstToken::Refresh,
        generation: Generation::FIRST,
        created_at: at(0),
        refresh_expires_at: second(1000),
        deadline: None,
        keep_until: second(1060),
        client: client(7),
        device: None,
        enabled: true,
        limit: None,
    }
}

/// A session without account.
pub(super) fn nobodys() -> NewSession {
    NewSession {
        account: None,
        guard: AccountGuard::Nobody,
        device: None,
        enabled: true,
        sid: fresh_sid(),
        sealing_key: SealingKeyId::new(1),
        first_token: FirstToken::GenericRefresh,
        generation: Generation::FIRST,
        created_at: at(0),
        refresh_expires_at: second(1000),
        deadline: None,
        keep_until: second(1060),
        client: client(7),
        limit: None,
    }
}

/// Whose a session is, which has an owner.
pub(super) fn owner(session: &SessionRecord) -> AccountId {
    session.account.unwrap()
}

pub(super) async fn open(store: &dyn Store, account: &Account) -> SessionRecord {
    opened(store.open_session(&login(account), None).await)
}

pub(super) fn opened(opening: Result<Opening, StoreError>) -> SessionRecord {
    match opening.unwrap() {
        Opening::Opened(record) => record,
        Opening::AccountChanged => panic!("the guard holds, yet opening was refused"),
    }
}

/// Opens a session for a new account.
pub(super) async fn signed_in(store: &dyn Store) -> SessionRecord {
    let account = create(store, "alice").await;
    open(store, &account).await
}

pub(super) fn fork_of(session: &SessionRecord) -> Fork {
    Fork {
        from: session.number,
        client: client(8),
        now: at(10),
        refresh_expires_at: second(1010),
        keep_beyond_seconds: 60,
    }
}

pub(super) async fn forked(store: &dyn Store, session: &SessionRecord) -> SessionRecord {
    match store.fork_session(&fork_of(session), None).await.unwrap() {
        Forked::Opened(record) => record,
        refused @ Forked::Refused(_) => panic!("{refused:?}"),
    }
}

pub(super) fn token_of(session: &SessionRecord) -> PresentedToken {
    PresentedToken {
        session: session.number,
        generation: session.generation,
        salt: Some(session.sid.salt()),
        account: session.account,
    }
}

/// A rotation with the session's own current token.
pub(super) fn step(session: &SessionRecord) -> RotationStep {
    RotationStep {
        token: token_of(session),
        client: client(9),
        now: at(20),
        refresh_expires_at: second(1020),
        keep_beyond_seconds: 60,
        rotated_out: RotatedOut::Forgotten,
    }
}

pub(super) async fn end(store: &dyn Store, number: SessionNumber, cause: EndCause) -> Ending {
    store
        .end_session(number, cause, at(30), None)
        .await
        .unwrap()
}

/// The state of the row's root.
pub(super) async fn root_state(store: &dyn Store, number: SessionNumber) -> SessionState {
    store.find_session(number).await.unwrap().unwrap().root
}

/// The row as the store has it now.
pub(super) async fn row(store: &dyn Store, number: SessionNumber) -> SessionRecord {
    store.find_session(number).await.unwrap().unwrap().session
}

pub(super) async fn is_live(store: &dyn Store, session: &SessionRecord) -> bool {
    root_state(store, session.number).await == SessionState::Live
}

/// The whole log.
pub(super) async fn log(store: &dyn Store) -> Vec<LogEntry> {
    store.log_entries_after(0, u32::MAX >> 1).await.unwrap()
}

pub(super) async fn log_scopes(store: &dyn Store) -> Vec<LogScope> {
    log(store)
        .await
        .into_iter()
        .map(|entry| entry.scope)
        .collect()
}

/// The kinds of all audit events, oldest first.
pub(super) async fn audited(store: &dyn Store) -> Vec<AuditKind> {
    let events = store.recent_audit(1_000).await.unwrap();
    events.into_iter().rev().map(|event| event.kind).collect()
}

pub(super) fn foreign(token_id: &str, account: &Account) -> NewForeignToken {
    NewForeignToken {
        token_id: token_id.to_owned(),
        account: Some(account.id),
        expires_at: second(1000),
        issued_at: second(-100),
    }
}

/// The first use of a foreign token, in a store that has never been given sealing keys.
pub(super) fn adoption(token_id: &str, account: &Account) -> Adoption {
    Adoption {
        token: foreign(token_id, account),
        unrecorded: true,
        session: NewSession {
            generation: Generation::FIRST.next(),
            first_token: FirstToken::Foreign,
            ..login(account)
        },
        sealing_keys: Vec::new(),
    }
}

/// Keys to found a store with: no signing key, one sealing key.
pub(super) fn first_keys(sealing_key: i64) -> KeyRecords {
    KeyRecords {
        check_value: vec![0, 1, 255],
        signing: Vec::new(),
        sealing: vec![sealing_key_record(sealing_key)],
    }
}

pub(super) fn sealing_key_record(id: i64) -> SealingKeyRecord {
    SealingKeyRecord {
        id: SealingKeyId::new(id),
        wrapped: vec![0, 2, 254],
        created_at: at(0),
    }
}

/// Adds up the batches of a purge until none is left, and checks that each keeps to `limit`.
#[derive(Debug, Default)]
pub(super) struct Batches {
    pub(super) removed: u64,
    runs: u32,
}

impl Batches {
    /// Whether another batch is due.
    pub(super) fn add(&mut self, batch: Purged, limit: u32) -> bool {
        assert!(
            batch.removed <= u64::from(limit),
            "{batch:?} exceeds {limit}"
        );
        assert!(
            batch.more || batch.removed < u64::from(limit),
            "a full batch must say `more`"
        );
        self.removed += batch.removed;
        self.runs += 1;
        assert!(self.runs < 1_000, "purging never comes to an end");
        batch.more
    }
}

const START: i64 = 1_893_456_000;
