//! Clauses: on a random walk the store under test and the reference give the same answers.
//!
//! Both stores are told the same verbs. Numbers and ids may differ between them, because a store may leave
//! gaps; every answer of the store under test is therefore translated into the reference's numbers before
//! the two are compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_token::UnixMillis;

use super::fixture::{adoption, at, client, create, event, foreign, fork_of, login, token_of};
use crate::account::{Account, AccountId, Accounts, Standing};
use crate::audit::{AuditEvent, AuditKind};
use crate::memory::MemoryStore;
use crate::password::EncodedPassword;
use crate::rotation::{
    AccountAtRefresh, Decision, PresentedToken, ReuseDetection, RotationMode, RotationPolicy,
    RotationStep, decide, later, may_rotate,
};
use crate::sealed_id::SealingKeyId;
use crate::session::{EndCause, Generation, Lineage, Salt, SessionNumber, SessionRecord};
use crate::store::{
    AccountEdit, Adopted, Adoption, AuditLog, ForeignToken, ForeignTokens, Fork, Forked, LogEntry,
    LogScope, NewSession, Opening, Revocations, Rotation, Sessions, SessionsOnChange, Store,
};

pub(super) async fn a_random_walk_gives_the_references_answers(store: Arc<dyn Store>) {
    let mut walk = Walk::begin(store, 0x5eed).await;
    for _ in 0..STEPS {
        match walk.random.below(16) {
            0..3 => walk.open().await,
            3 => walk.fork().await,
            4..9 => walk.rotate().await,
            9 => walk.blacklist().await,
            10 => walk.end().await,
            11 => walk.end_all().await,
            12 => walk.edit().await,
            13 => walk.adopt().await,
            14 => walk.blacklist_foreign().await,
            _ => walk.purge().await,
        }
        walk.compare_log().await;
        walk.let_time_pass();
    }
    walk.compare_everything().await;
}

pub(super) async fn rotation_wins_exactly_where_decide_says_rotate(store: Arc<dyn Store>) {
    let mut walk = Walk::begin(store, 0xdec_1de).await;
    for _ in 0..STEPS {
        match walk.random.below(16) {
            0..2 => walk.open().await,
            2 => walk.fork().await,
            3 => walk.blacklist().await,
            4 => walk.end().await,
            _ => walk.rotate_and_ask_decide().await,
        }
        walk.let_time_pass();
    }
}

/// The two stores side by side, and which number of the one stands for which of the other.
struct Walk {
    tested: Arc<dyn Store>,
    reference: MemoryStore,
    sessions: BTreeMap<SessionNumber, SessionNumber>,
    /// As they were made, in the store under test and in the reference.
    accounts: Vec<(Account, Account)>,
    random: Random,
    now: UnixMillis,
    /// How far the two logs have been compared.
    compared: (u64, u64),
}

impl Walk {
    async fn begin(tested: Arc<dyn Store>, seed: u64) -> Self {
        let mut walk = Self {
            tested,
            reference: MemoryStore::new(),
            sessions: BTreeMap::new(),
            accounts: Vec::new(),
            random: Random(seed),
            now: at(0),
            compared: (0, 0),
        };
        for _ in 0..3 {
            walk.create_account().await;
        }
        walk.open().await;
        walk
    }

    fn let_time_pass(&mut self) {
        self.now = self
            .now
            .plus(Duration::from_millis(self.random.below(3_000)));
    }

    async fn create_account(&mut self) {
        let username = format!("user {}", self.accounts.len());
        let tested = create(&*self.tested, &username).await;
        let reference = create(&self.reference, &username).await;
        self.accounts.push((tested, reference));
    }

    async fn open(&mut self) {
        let (tested, reference) = self.some_account().await;
        let ours = self.some_login(&reference);
        let theirs = NewSession {
            account: tested.id,
            guard: login(&tested).guard,
            ..ours.clone()
        };
        let event = self.some_event(AuditKind::Login);
        let answer = self
            .tested
            .open_session(&theirs, event.as_ref())
            .await
            .unwrap();
        let expected = self
            .reference
            .open_session(&ours, event.as_ref())
            .await
            .unwrap();
        match (answer, expected) {
            (Opening::Opened(answer), Opening::Opened(expected)) => self.met(answer, expected),
            (answer, expected) => assert_eq!(answer, expected),
        }
    }

    async fn fork(&mut self) {
        let (tested, reference) = self.some_session();
        let Some(from) = self.reference.find_session(reference).await.unwrap() else {
            return;
        };
        let ours = Fork {
            now: self.now,
            refresh_expires_at: self.some_expiry(),
            ..fork_of(&from.session)
        };
        let theirs = Fork {
            from: tested,
            ..ours.clone()
        };
        let event = self.some_event(AuditKind::Refreshed);
        let answer = self
            .tested
            .fork_session(&theirs, event.as_ref())
            .await
            .unwrap();
        let expected = self
            .reference
            .fork_session(&ours, event.as_ref())
            .await
            .unwrap();
        match (answer, expected) {
            (Forked::Opened(answer), Forked::Opened(expected)) => self.met(answer, expected),
            (Forked::Refused(answer), Forked::Refused(expected)) => {
                assert_eq!(self.lineage(answer), expected.map(comparable));
            }
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }

    async fn rotate(&mut self) {
        let (tested, reference) = self.some_session();
        let Some(lineage) = self.reference.find_session(reference).await.unwrap() else {
            return;
        };
        let ours = self.some_step(&lineage.session);
        let theirs = self.as_in_tested(ours, tested);
        let event = self.some_event(AuditKind::Refreshed);
        let answer = self.tested.rotate(&theirs, event.as_ref()).await.unwrap();
        let expected = self.reference.rotate(&ours, event.as_ref()).await.unwrap();
        match (answer, expected) {
            (Rotation::Won(answer), Rotation::Won(expected)) => {
                assert_eq!(self.session(answer), comparable_row(expected));
            }
            (Rotation::Lost(answer), Rotation::Lost(expected)) => {
                assert_eq!(self.lineage(answer), expected.map(comparable));
            }
            (answer, expected) => panic!("{answer:?} instead of {expected:?} for {ours:?}"),
        }
        self.compare_session(tested, reference).await;
    }

    async fn rotate_and_ask_decide(&mut self) {
        let (tested, reference) = self.some_session();
        let lineage = self.tested.find_session(tested).await.unwrap().unwrap();
        let step = self.some_step(&lineage.session);
        let decision = decide(
            &ROTATING,
            &lineage,
            AccountAtRefresh::Unread,
            &step.token,
            step.client,
            step.now,
        );
        let rotation = self.tested.rotate(&step, None).await.unwrap();
        let won = matches!(rotation, Rotation::Won(_));
        assert_eq!(
            won,
            decision == Decision::Rotate,
            "{rotation:?}, but {decision:?}"
        );
        assert_eq!(
            won,
            may_rotate(&lineage, &step),
            "{rotation:?} against may_rotate"
        );
        // Keeps the reference in step for the verbs in between.
        let ours = self.as_in_reference(step, reference);
        self.reference.rotate(&ours, None).await.unwrap();
    }

    async fn blacklist(&mut self) {
        let (tested, reference) = self.some_session();
        let (id, now) = (format!("token {}", reference.get()), self.now);
        let event = self.some_event(AuditKind::TokenBlacklisted);
        let event = event.as_ref();
        let answer = self
            .tested
            .blacklist_session_token(tested, &id, now, event)
            .await;
        let expected = self
            .reference
            .blacklist_session_token(reference, &id, now, event)
            .await;
        assert_eq!(answer.unwrap(), expected.unwrap());
        self.compare_session(tested, reference).await;
    }

    async fn end(&mut self) {
        let (tested, reference) = self.some_session();
        let (cause, now) = (self.some_cause(), self.now);
        let event = self.some_event(AuditKind::SessionEnded);
        let event = event.as_ref();
        let answer = self
            .tested
            .end_session(tested, cause, now, event)
            .await
            .unwrap();
        let expected = self
            .reference
            .end_session(reference, cause, now, event)
            .await
            .unwrap();
        assert_eq!(answer, expected);
        self.compare_session(tested, reference).await;
    }

    async fn end_all(&mut self) {
        let (tested, reference) = self.some_account().await;
        let (cause, now) = (self.some_cause(), self.now);
        let (theirs, ours) = if self.random.one_in(2) {
            let (theirs, ours) = self.some_session();
            (Some(theirs), Some(ours))
        } else {
            (None, None)
        };
        let answer = self
            .tested
            .end_sessions_of(tested.id, theirs, cause, now, None)
            .await;
        let expected = self
            .reference
            .end_sessions_of(reference.id, ours, cause, now, None)
            .await;
        assert_eq!(answer.unwrap(), expected.unwrap());
    }

    async fn edit(&mut self) {
        let (tested, reference) = self.some_account().await;
        let edit = match self.random.below(8) {
            0 => AccountEdit::Deletion,
            1..4 => AccountEdit::Password(EncodedPassword::from_stored(format!(
                "argon2${}",
                self.random.next()
            ))),
            _ if reference.is_active() => AccountEdit::Standing(Standing::Inactive),
            _ => AccountEdit::Standing(Standing::Active),
        };
        let sessions = if self.random.one_in(2) {
            SessionsOnChange::Keep
        } else {
            SessionsOnChange::End(self.some_cause())
        };
        let now = self.now;
        let answer = self
            .tested
            .edit_account(tested.id, &edit, sessions, now, None)
            .await;
        let expected = crate::store::AccountTable::edit_account(
            &self.reference,
            reference.id,
            &edit,
            sessions,
            now,
            None,
        );
        assert_eq!(
            answer.unwrap(),
            expected.await.unwrap(),
            "{edit:?}, {sessions:?}"
        );
        if edit == AccountEdit::Deletion {
            self.create_account().await;
        }
    }

    async fn adopt(&mut self) {
        let (tested, reference) = self.some_account().await;
        let ours = self.some_adoption(&reference);
        let mut theirs = Adoption {
            session: NewSession {
                account: tested.id,
                guard: login(&tested).guard,
                ..ours.session.clone()
            },
            ..ours.clone()
        };
        theirs.token.account = Some(tested.id);
        let event = self.some_event(AuditKind::Refreshed);
        let answer = self
            .tested
            .adopt_foreign_token(&theirs, event.as_ref())
            .await
            .unwrap();
        let expected = self
            .reference
            .adopt_foreign_token(&ours, event.as_ref())
            .await
            .unwrap();
        match (answer, expected) {
            (Adopted::Opened(answer), Adopted::Opened(expected)) => self.met(answer, expected),
            (Adopted::Known(answer), expected) => {
                assert_eq!(Adopted::Known(self.foreign(answer)), expected);
            }
            (answer, expected) => assert_eq!(answer, expected),
        }
    }

    async fn blacklist_foreign(&mut self) {
        let (tested, reference) = self.some_account().await;
        let (id, now) = (self.some_foreign_id(), self.now);
        let (theirs, ours) = (foreign(&id, &tested), foreign(&id, &reference));
        self.tested
            .blacklist_foreign_token(&theirs, &[], now, None)
            .await
            .unwrap();
        self.reference
            .blacklist_foreign_token(&ours, &[], now, None)
            .await
            .unwrap();
        self.compare_foreign(&id).await;
    }

    /// Purges sessions, not the log: the log is compared as it grows.
    async fn purge(&mut self) {
        let horizon = self.now.minus(Duration::from_mins(1)).timestamp();
        let answer = self.tested.purge_sessions(horizon, 10_000).await.unwrap();
        let expected = self
            .reference
            .purge_sessions(horizon, 10_000)
            .await
            .unwrap();
        assert_eq!(answer.removed, expected.removed);
    }

    fn met(&mut self, answer: SessionRecord, expected: SessionRecord) {
        self.sessions.insert(answer.number, expected.number);
        assert_eq!(self.session(answer), comparable_row(expected));
    }

    async fn compare_log(&mut self) {
        let theirs = self
            .tested
            .log_entries_after(self.compared.0, 1_000)
            .await
            .unwrap();
        let ours = self
            .reference
            .log_entries_after(self.compared.1, 1_000)
            .await
            .unwrap();
        self.compared.0 = theirs
            .last()
            .map_or(self.compared.0, |entry| entry.sequence);
        self.compared.1 = ours.last().map_or(self.compared.1, |entry| entry.sequence);
        let told = |entry: LogEntry, scope| format!("{scope:?} {:?} {:?}", entry.cause, entry.at);
        let mut answer: Vec<_> = theirs
            .into_iter()
            .map(|entry| told(entry.clone(), self.scope(entry.scope)))
            .collect();
        let mut expected: Vec<_> = ours
            .into_iter()
            .map(|entry| told(entry.clone(), entry.scope))
            .collect();
        // One verb may append several entries; only their set is promised.
        answer.sort_unstable();
        expected.sort_unstable();
        assert_eq!(answer, expected);
    }

    async fn compare_everything(&self) {
        for (&tested, &reference) in &self.sessions {
            self.compare_session(tested, reference).await;
        }
        for number in 0..FOREIGN_IDS {
            self.compare_foreign(&format!("foreign {number}")).await;
        }
        for (tested, reference) in &self.accounts {
            self.compare_account(tested.id, reference.id).await;
        }
        let answer = self.tested.recent_audit(10_000).await.unwrap();
        let expected = self.reference.recent_audit(10_000).await.unwrap();
        assert_eq!(answer, expected);
    }

    async fn compare_session(&self, tested: SessionNumber, reference: SessionNumber) {
        let answer = self.tested.find_session(tested).await.unwrap();
        let expected = self.reference.find_session(reference).await.unwrap();
        assert_eq!(self.lineage(answer), expected.map(comparable));
    }

    async fn compare_foreign(&self, id: &str) {
        let answer = self.tested.find_foreign_token(id).await.unwrap();
        let expected = self.reference.find_foreign_token(id).await.unwrap();
        assert_eq!(answer.map(|token| self.foreign(token)), expected);
    }

    async fn compare_account(&self, tested: AccountId, reference: AccountId) {
        let answer = self.tested.find_account(tested).await.unwrap();
        let expected = self.reference.find_account(reference).await.unwrap();
        let like_reference = |account: Account| Account {
            id: reference,
            credential_version: expected
                .as_ref()
                .map_or(0, |account| account.credential_version),
            ..account
        };
        assert_eq!(answer.map(like_reference), expected.clone());
        let theirs = self.tested.live_sessions_of(tested).await.unwrap();
        let ours = self.reference.live_sessions_of(reference).await.unwrap();
        let answer: Vec<_> = theirs.into_iter().map(|row| self.session(row)).collect();
        let expected: Vec<_> = ours.into_iter().map(comparable_row).collect();
        assert_eq!(answer, expected);
    }

    /// A row of the store under test, in the reference's numbers.
    fn session(&self, mut row: SessionRecord) -> SessionRecord {
        row.number = self.sessions[&row.number];
        row.root = self.sessions[&row.root];
        row.account = self.account(row.account);
        comparable_row(row)
    }

    fn lineage(&self, lineage: Option<Lineage>) -> Option<Lineage> {
        lineage.map(|Lineage { session, root }| Lineage {
            session: self.session(session),
            root,
        })
    }

    fn foreign(&self, token: ForeignToken) -> ForeignToken {
        ForeignToken {
            account: token.account.map(|account| self.account(account)),
            session: token.session.map(|session| self.sessions[&session]),
            ..token
        }
    }

    fn account(&self, tested: AccountId) -> AccountId {
        let pair = self
            .accounts
            .iter()
            .find(|(account, _)| account.id == tested);
        pair.unwrap().1.id
    }

    fn scope(&self, scope: LogScope) -> LogScope {
        let highest_upto = |upto: u64| {
            let drawn = self
                .sessions
                .iter()
                .filter(|(tested, _)| tested.get() <= upto);
            drawn
                .map(|(_, reference)| reference.get())
                .max()
                .unwrap_or(0)
        };
        match scope {
            LogScope::Session { number, sid } => LogScope::Session {
                number: self.sessions[&number],
                sid,
            },
            LogScope::AccountUpto {
                account,
                upto,
                except,
            } => LogScope::AccountUpto {
                account: self.account(account),
                upto: highest_upto(upto),
                except: except.map(|root| self.sessions[&root]),
            },
            LogScope::EverythingUpto(upto) => LogScope::EverythingUpto(highest_upto(upto)),
            LogScope::AccountState { account, state } => LogScope::AccountState {
                account: self.account(account),
                state,
            },
            LogScope::Token(_) | LogScope::Key(_) => scope,
        }
    }

    fn as_in_tested(&self, step: RotationStep, session: SessionNumber) -> RotationStep {
        let known = self
            .accounts
            .iter()
            .find(|(_, account)| account.id == step.token.account);
        let account = known.map_or(step.token.account, |(tested, _)| tested.id);
        RotationStep {
            token: PresentedToken {
                session,
                account,
                ..step.token
            },
            ..step
        }
    }

    fn as_in_reference(&self, step: RotationStep, session: SessionNumber) -> RotationStep {
        let known = self
            .accounts
            .iter()
            .find(|(account, _)| account.id == step.token.account);
        let account = known.map_or(step.token.account, |(_, reference)| reference.id);
        RotationStep {
            token: PresentedToken {
                session,
                account,
                ..step.token
            },
            ..step
        }
    }

    /// An account as it is now, or, now and then, as it was when it was made.
    async fn some_account(&mut self) -> (Account, Account) {
        let pick = self.random.index(self.accounts.len());
        let (tested, reference) = self.accounts[pick].clone();
        if self.random.one_in(6) {
            return (tested, reference);
        }
        let theirs = self.tested.find_account(tested.id).await.unwrap();
        let ours = self.reference.find_account(reference.id).await.unwrap();
        (theirs.unwrap_or(tested), ours.unwrap_or(reference))
    }

    /// Mostly one of the newest, which are more likely to live.
    fn some_session(&mut self) -> (SessionNumber, SessionNumber) {
        let recent = if self.random.one_in(4) { usize::MAX } else { 6 };
        let choice: Vec<_> = self.sessions.iter().rev().take(recent).collect();
        let (&tested, &reference) = choice[self.random.index(choice.len())];
        (tested, reference)
    }

    fn some_login(&mut self, account: &Account) -> NewSession {
        let last = self.random.one_in(8);
        let refresh_expires_at = self.some_expiry();
        NewSession {
            generation: if last {
                Generation::LAST
            } else {
                Generation::FIRST
            },
            created_at: self.now,
            refresh_expires_at,
            deadline: self.random.one_in(3).then(|| self.some_expiry()),
            keep_until: later(refresh_expires_at, 60),
            limit: self.random.one_in(3).then_some(3),
            ..login(account)
        }
    }

    fn some_adoption(&mut self, account: &Account) -> Adoption {
        let mut adoption = adoption(&self.some_foreign_id(), account);
        adoption.session = self.some_login(account);
        adoption.unrecorded = !self.random.one_in(4);
        let ahead = i64::try_from(self.random.below(40)).unwrap() - 20;
        adoption.token.issued_at = later(self.now.timestamp(), ahead);
        if self.random.one_in(8) {
            adoption.sealing_keys.push(SealingKeyId::new(9));
        }
        adoption
    }

    fn some_step(&mut self, session: &SessionRecord) -> RotationStep {
        let mut token = token_of(session);
        let generation = token.generation.get();
        match self.random.below(12) {
            0 | 1 => token.generation = generation_of(generation.saturating_sub(1)),
            2 => token.generation = generation_of(generation.saturating_sub(2)),
            3 => token.generation = token.generation.next(),
            4 => token.salt = Some(Salt::from_low_bits(session.sid.salt().get() ^ 0x80_0000)),
            5 => token.account = AccountId::new(-1),
            6 => token.salt = None,
            _ => {}
        }
        RotationStep {
            token,
            client: client(self.random.below(3)),
            now: self.now,
            refresh_expires_at: self.some_expiry(),
            keep_beyond_seconds: 60,
        }
    }

    /// Soon enough that some sessions are past their deadline or purged before the walk is over.
    fn some_expiry(&mut self) -> countersign_token::Timestamp {
        let seconds = i64::try_from(self.random.below(180)).unwrap();
        later(self.now.timestamp(), seconds)
    }

    fn some_cause(&mut self) -> EndCause {
        EndCause::ALL[self.random.index(EndCause::ALL.len())]
    }

    fn some_event(&mut self, kind: AuditKind) -> Option<AuditEvent> {
        self.random.one_in(2).then(|| AuditEvent {
            at: self.now,
            ..event(kind)
        })
    }

    fn some_foreign_id(&mut self) -> String {
        format!("foreign {}", self.random.below(FOREIGN_IDS))
    }
}

/// Credential versions count from where a store likes; what they are is another clause's business.
fn comparable_row(mut row: SessionRecord) -> SessionRecord {
    row.credential_version = 0;
    row
}

fn comparable(lineage: Lineage) -> Lineage {
    Lineage {
        session: comparable_row(lineage.session),
        ..lineage
    }
}

fn generation_of(number: u32) -> Generation {
    Generation::new(number).unwrap()
}

/// A small generator, so that every run takes the same walk (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap())).unwrap()
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

const STEPS: u32 = 500;
const FOREIGN_IDS: u64 = 12;
const ROTATING: RotationPolicy = RotationPolicy {
    mode: RotationMode::Rotate,
    reuse_detection: ReuseDetection::On,
    reuse_grace: Duration::from_secs(10),
};
