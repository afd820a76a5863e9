//! What the store under test answers, in the reference's numbers and held against the reference's answer.

use super::Walk;
use super::choices::FOREIGN_IDS;
use crate::account::{Account, AccountId, Accounts};
use crate::rotation::{PresentedToken, RotationStep};
use crate::session::{Lineage, SessionNumber, SessionRecord};
use crate::store::{
    AuditLog, ForeignBlacklisting, ForeignToken, ForeignTokens, LogEntry, LogScope, RecordedToken,
    Revocations, SealedToken, Sessions, TokenFilter, TokenList, TokenRecord, TokenRecords,
};

impl Walk {
    pub(super) async fn compare_log(&mut self) {
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

    pub(super) async fn compare_everything(&self) {
        for (&tested, &reference) in &self.sessions {
            self.compare_session(tested, reference).await;
        }
        for number in 0..FOREIGN_IDS {
            self.compare_foreign(&format!("foreign {number}")).await;
        }
        for (tested, reference) in &self.accounts {
            self.compare_account(tested.id, reference.id).await;
        }
        self.compare_records().await;
        let answer = self.tested.recent_audit(10_000).await.unwrap();
        let expected = self.reference.recent_audit(10_000).await.unwrap();
        assert_eq!(answer, expected);
    }

    /// Numbers rise in both stores, so that both lists are in one order.
    async fn compare_records(&self) {
        for list in [TokenList::Outstanding, TokenList::Blacklisted] {
            let filter = TokenFilter {
                list,
                account: None,
            };
            let answer = self.tested.list_tokens(&filter, None, 10_000).await;
            let expected = self.reference.list_tokens(&filter, None, 10_000).await;
            let answer: Vec<_> = answer
                .unwrap()
                .into_iter()
                .map(|record| self.record(record))
                .collect();
            assert_eq!(answer, expected.unwrap());
        }
    }

    fn record(&self, record: TokenRecord) -> TokenRecord {
        let known = |mut token: SealedToken| {
            token.at.session = self.sessions[&token.at.session];
            token
        };
        TokenRecord {
            token: match record.token {
                RecordedToken::Current(token) => RecordedToken::Current(known(token)),
                RecordedToken::RotatedOut(token) => RecordedToken::RotatedOut(known(token)),
                foreign @ RecordedToken::Foreign(_) => foreign,
            },
            account: record.account.map(|account| self.account(account)),
            ..record
        }
    }

    pub(super) async fn compare_session(&self, tested: SessionNumber, reference: SessionNumber) {
        let answer = self.tested.find_session(tested).await.unwrap();
        let expected = self.reference.find_session(reference).await.unwrap();
        assert_eq!(self.lineage(answer), expected.map(comparable));
    }

    pub(super) async fn compare_foreign(&self, id: &str) {
        let answer = self.tested.find_foreign_token(id).await.unwrap();
        let expected = self.reference.find_foreign_token(id).await.unwrap();
        assert_eq!(answer.map(|token| self.foreign(token)), expected);
    }

    pub(super) async fn compare_account(&self, tested: AccountId, reference: AccountId) {
        let answer = self.tested.find_account(tested).await.unwrap();
        let expected = self.reference.find_account(reference).await.unwrap();
        let like_reference = |account: Account| Account {
            id: reference,
            uuid: expected
                .as_ref()
                .map_or(account.uuid, |account| account.uuid),
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
    pub(super) fn session(&self, mut row: SessionRecord) -> SessionRecord {
        row.number = self.sessions[&row.number];
        row.root = self.sessions[&row.root];
        row.account = row.account.map(|account| self.account(account));
        comparable_row(row)
    }

    pub(super) fn lineage(&self, lineage: Option<Lineage>) -> Option<Lineage> {
        lineage.map(|Lineage { session, root }| Lineage {
            session: self.session(session),
            root,
        })
    }

    pub(super) fn foreign(&self, token: ForeignToken) -> ForeignToken {
        ForeignToken {
            account: token.account.map(|account| self.account(account)),
            session: token.session.map(|session| self.sessions[&session]),
            ..token
        }
    }

    pub(super) fn blacklisting(&self, answer: ForeignBlacklisting) -> ForeignBlacklisting {
        match answer {
            ForeignBlacklisting::Adopted(session) => {
                ForeignBlacklisting::Adopted(self.sessions[&session])
            }
            other => other,
        }
    }

    pub(super) fn account(&self, tested: AccountId) -> AccountId {
        let pair = self
            .accounts
            .iter()
            .find(|(account, _)| account.id == tested);
        pair.unwrap().1.id
    }

    pub(super) fn scope(&self, scope: LogScope) -> LogScope {
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
            LogScope::Token(_) | LogScope::Key(_) | LogScope::KeyRing => scope,
        }
    }

    pub(super) fn as_in_tested(&self, step: RotationStep, session: SessionNumber) -> RotationStep {
        let known = self
            .accounts
            .iter()
            .find(|(_, account)| Some(account.id) == step.token.account);
        let account = known.map_or(step.token.account, |(tested, _)| Some(tested.id));
        RotationStep {
            token: PresentedToken {
                session,
                account,
                ..step.token
            },
            ..step
        }
    }

    pub(super) fn as_in_reference(
        &self,
        step: RotationStep,
        session: SessionNumber,
    ) -> RotationStep {
        let known = self
            .accounts
            .iter()
            .find(|(account, _)| Some(account.id) == step.token.account);
        let account = known.map_or(step.token.account, |(_, reference)| Some(reference.id));
        RotationStep {
            token: PresentedToken {
                session,
                account,
                ..step.token
            },
            ..step
        }
    }
}

/// Credential versions count from where a store likes; what they are is another clause's business.
pub(super) fn comparable_row(mut row: SessionRecord) -> SessionRecord {
    row.credential_version = 0;
    row
}

pub(super) fn comparable(lineage: Lineage) -> Lineage {
    Lineage {
        session: comparable_row(lineage.session),
        ..lineage
    }
}
