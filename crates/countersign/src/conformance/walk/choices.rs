//! What is told to the two stores next: drawn from a seed, so that every run takes the same walk.

use countersign_token::Timestamp;

use super::Walk;
use crate::account::{Account, AccountId, Accounts};
use crate::audit::{AuditEvent, AuditKind};
use crate::conformance::fixture::{adoption, client, event, login, token_of};
use crate::rotation::{RotatedOut, RotationStep, later};
use crate::sealed_id::SealingKeyId;
use crate::session::{EndCause, FirstToken, Generation, Salt, SessionNumber, SessionRecord};
use crate::store::{AccountGuard, Adoption, NewSession};

impl Walk {
    /// An account as it is now, or, now and then, as it was when it was made.
    pub(super) async fn some_account(&mut self) -> (Account, Account) {
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
    pub(super) fn some_session(&mut self) -> (SessionNumber, SessionNumber) {
        let recent = if self.random.one_in(4) { usize::MAX } else { 6 };
        let choice: Vec<_> = self.sessions.iter().rev().take(recent).collect();
        let (&tested, &reference) = choice[self.random.index(choice.len())];
        (tested, reference)
    }

    pub(super) fn some_login(&mut self, account: &Account) -> NewSession {
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
            device: None,
            limit: self.random.one_in(3).then_some(3),
            ..login(account)
        }
    }

    /// A session of an account, or sometimes of nobody.
    pub(super) fn some_session_of(&mut self, account: &Account) -> NewSession {
        let login = self.some_login(account);
        if !self.random.one_in(6) {
            return login;
        }
        let first_token = if self.random.one_in(2) {
            FirstToken::GenericRefresh
        } else {
            FirstToken::Single
        };
        NewSession {
            account: None,
            guard: AccountGuard::Nobody,
            first_token,
            limit: None,
            ..login
        }
    }

    pub(super) fn some_adoption(&mut self, account: &Account) -> Adoption {
        let mut adoption = adoption(&self.some_foreign_id(), account);
        adoption.session = self.some_login(account);
        adoption.session.first_token = FirstToken::Foreign;
        adoption.unrecorded = !self.random.one_in(4);
        let ahead = i64::try_from(self.random.below(40)).unwrap() - 20;
        adoption.token.issued_at = later(self.now.timestamp(), ahead);
        if self.random.one_in(8) {
            adoption.sealing_keys.push(SealingKeyId::new(9));
        }
        adoption
    }

    pub(super) fn some_step(&mut self, session: &SessionRecord) -> RotationStep {
        let mut token = token_of(session);
        let generation = token.generation.get();
        match self.random.below(12) {
            0 | 1 => token.generation = generation_of(generation.saturating_sub(1)),
            2 => token.generation = generation_of(generation.saturating_sub(2)),
            3 => token.generation = token.generation.next(),
            4 => token.salt = Some(Salt::from_low_bits(session.sid.salt().get() ^ 0x80_0000)),
            5 => token.account = Some(AccountId::new(-1)),
            6 => token.salt = None,
            _ => {}
        }
        RotationStep {
            token,
            client: client(self.random.below(3)),
            now: self.now,
            refresh_expires_at: self.some_expiry(),
            keep_beyond_seconds: 60,
            rotated_out: if self.random.one_in(2) {
                RotatedOut::Recorded
            } else {
                RotatedOut::Forgotten
            },
        }
    }

    /// Soon enough that some sessions are past their deadline or purged before the walk is over.
    pub(super) fn some_expiry(&mut self) -> Timestamp {
        let seconds = i64::try_from(self.random.below(180)).unwrap();
        later(self.now.timestamp(), seconds)
    }

    pub(super) fn some_cause(&mut self) -> EndCause {
        EndCause::ALL[self.random.index(EndCause::ALL.len())]
    }

    pub(super) fn some_event(&mut self, kind: AuditKind) -> Option<AuditEvent> {
        self.random.one_in(2).then(|| AuditEvent {
            at: self.now,
            ..event(kind)
        })
    }

    pub(super) fn some_foreign_id(&mut self) -> String {
        format!("foreign {}", self.random.below(FOREIGN_IDS))
    }
}

/// A small generator of numbers (`SplitMix64`).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap())).unwrap()
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

fn generation_of(number: u32) -> Generation {
    Generation::new(number).unwrap()
}

/// How many foreign tokens there are to choose from.
pub(super) const FOREIGN_IDS: u64 = 12;
