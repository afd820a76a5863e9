//! Clauses: on a random walk the store under test and the reference give the same answers.
//!
//! Both stores are told the same verbs. Numbers and ids may differ between them, because a store may leave
//! gaps; every answer of the store under test is therefore translated into the reference's numbers before
//! the two are compared.

mod choices;
mod compare;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_token::UnixMillis;

use self::choices::Random;
use self::compare::{comparable, comparable_row};
use super::fixture::{at, create, foreign, fork_of, login};
use crate::account::{Account, Standing};
use crate::audit::AuditKind;
use crate::memory::MemoryStore;
use crate::password::EncodedPassword;
use crate::rotation::{
    AccountAtRefresh, Decision, ReuseDetection, RotationMode, RotationPolicy, decide, may_rotate,
};
use crate::session::{SessionNumber, SessionRecord};
use crate::store::{
    AccountEdit, AccountGuard, AccountTable, Adopted, Adoption, EditTarget, ForeignTokens, Fork,
    Forked, NewSession, Opening, Rotation, Sessions, SessionsOnChange, Store,
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
        let ours = self.some_session_of(&reference);
        let guard = match ours.guard {
            AccountGuard::Nobody => AccountGuard::Nobody,
            AccountGuard::Stored { .. } | AccountGuard::Elsewhere { .. } => login(&tested).guard,
        };
        let theirs = NewSession {
            account: ours.account.map(|_| tested.id),
            guard,
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
            .edit_account(
                EditTarget::any(tested.id),
                std::slice::from_ref(&edit),
                sessions,
                now,
                &[],
            )
            .await;
        let expected = AccountTable::edit_account(
            &self.reference,
            EditTarget::any(reference.id),
            std::slice::from_ref(&edit),
            sessions,
            now,
            &[],
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
                account: Some(tested.id),
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
        let answer = self
            .tested
            .blacklist_foreign_token(&theirs, &[], now, None)
            .await;
        let expected = self
            .reference
            .blacklist_foreign_token(&ours, &[], now, None)
            .await;
        assert_eq!(self.blacklisting(answer.unwrap()), expected.unwrap());
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
}

const STEPS: u32 = 500;
const ROTATING: RotationPolicy = RotationPolicy {
    mode: RotationMode::Rotate,
    reuse_detection: ReuseDetection::On,
    reuse_grace: Duration::from_secs(10),
};
