//! The ledger as one page of plain code: what the authority should answer, computed from what has happened.
//!
//! It shares no decision with the authority: no row of a store, no `decide`, no revocation index.

use countersign::Policy;
use countersign::authority::TokenRefusal;
use countersign::policy::{OnAccountChange, SessionCheck};
use countersign::rotation::{Refusal, ReuseDetection, RotationMode};
use countersign::session::EndCause;
use countersign_token::VerifyError;

use super::story::By;

pub(super) struct Model {
    pub(super) policy: Policy,
    pub(super) accounts: Vec<Account>,
    pub(super) sessions: Vec<Session>,
    /// The wall clock of each node, in milliseconds.
    pub(super) now: [i64; 2],
    /// How much time has passed, in milliseconds.
    pub(super) elapsed: u64,
}

pub(super) struct Account {
    pub(super) is_active: bool,
    pub(super) is_deleted: bool,
    /// How often its password has been changed.
    pub(super) password: u32,
    /// Where and when it was last changed: nodes remember accounts, and hear of changes as they do of revocations.
    pub(super) changed: Option<Seen>,
}

/// One row: a sign-in or a fork.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) account: usize,
    /// Where its family lives and dies.
    root: usize,
    ended: Option<End>,
    blacklisted: bool,
    pub(super) generation: u32,
    rotated_at: i64,
    rotated_by: By,
    pub(super) refresh_exp: i64,
    deadline: Option<i64>,
    keep_until: i64,
}

#[derive(Clone, Copy, Debug)]
struct End {
    cause: EndCause,
    seen: Seen,
}

/// Where and when something was revoked: there it is known at once, elsewhere after the poll interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    node: usize,
    elapsed: u64,
}

/// What is known of a refresh token besides its text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) session: usize,
    pub(super) generation: u32,
    pub(super) iat: i64,
    pub(super) exp: i64,
    /// The password at its session's sign-in.
    pub(super) password: u32,
}

/// What a refresh should answer.
#[derive(Debug)]
pub(super) enum Expected {
    Refused(TokenRefusal),
    /// An access token alone.
    Access {
        session: usize,
    },
    /// The current token of this session, for the first time or again.
    Pair {
        session: usize,
        again: bool,
    },
}

/// What a resource should answer to an access token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    Refused,
    /// This node may not have heard yet.
    Either,
}

impl Model {
    pub(super) fn seen_at(&self, node: usize) -> Seen {
        Seen {
            node,
            elapsed: self.elapsed,
        }
    }

    /// A session is opened. The oldest of the account end above the limit.
    pub(super) fn open(&mut self, account: usize, by: By, node: usize) -> usize {
        let now = self.now[node];
        let number = self.sessions.len();
        let live: Vec<_> = (0..number)
            .filter(|&one| {
                let session = &self.sessions[one];
                session.account == account
                    && session.root == one
                    && session.ended.is_none()
                    && session.keep_until > now.div_euclid(1000)
            })
            .collect();
        if let Some(limit) = self.policy.sessions.limit {
            let places = usize::try_from(limit).unwrap() - 1;
            for &oldest in live.iter().take(live.len().saturating_sub(places)) {
                self.end(oldest, EndCause::SessionLimit, node);
            }
        }
        let lifetime = self.policy.sessions.lifetime;
        let deadline = lifetime.map(|life| now.div_euclid(1000) + seconds(life));
        let session = self.row(account, number, by, now, deadline);
        self.sessions.push(session);
        number
    }

    fn row(&self, account: usize, root: usize, by: By, now: i64, deadline: Option<i64>) -> Session {
        let refresh_exp = self.refresh_exp(now, deadline);
        Session {
            account,
            root,
            ended: None,
            blacklisted: false,
            generation: 0,
            rotated_at: now,
            rotated_by: by,
            refresh_exp,
            deadline,
            keep_until: refresh_exp + self.keep_beyond(),
        }
    }

    pub(super) fn may_sign_in(&self, account: usize) -> bool {
        let account = &self.accounts[account];
        account.is_active && !account.is_deleted
    }

    pub(super) fn refresh(&mut self, token: &Token, by: By, node: usize) -> Expected {
        match self.judge(token, by, node) {
            Ok(expected) => expected,
            Err(refusal) => Expected::Refused(refusal),
        }
    }

    fn judge(&mut self, token: &Token, by: By, node: usize) -> Result<Expected, TokenRefusal> {
        self.check_times(token.iat, token.exp, node)?;
        let now = self.now[node];
        let rotation = self.policy.rotation;
        let (mode, grace) = (rotation.mode, rotation.reuse_grace);
        let detects = rotation.reuse_detection == ReuseDetection::On;
        self.check_standing(token)?;
        let session = token.session;
        let row = &self.sessions[session];
        let (current, rotated_at, rotated_by) = (row.generation, row.rotated_at, row.rotated_by);
        let is_spent = token.generation < current;
        if is_spent && !detects && grace.is_zero() {
            return Err(Refusal::Spent.into());
        }
        self.check_account(token, node)?;
        let deadline = self.sessions[session].deadline;
        if deadline.is_some_and(|deadline| deadline <= now.div_euclid(1000)) {
            return Err(Refusal::PastDeadline.into());
        }
        if !is_spent {
            return Ok(match mode {
                RotationMode::Off => Expected::Access { session },
                RotationMode::Rotate => self.rotate(session, by, now),
                RotationMode::Fork => self.fork(session, by, now),
            });
        }
        if token.generation + 1 == current && !grace.is_zero() {
            let elapsed = now - rotated_at;
            if elapsed < -5_000 {
                return Err(Refusal::RotatedInFuture.into());
            }
            if elapsed <= i64::try_from(grace.as_millis()).unwrap() {
                return if by == rotated_by {
                    Ok(Expected::Pair {
                        session,
                        again: true,
                    })
                } else {
                    Err(Refusal::OtherClient.into())
                };
            }
        }
        if !detects {
            return Err(Refusal::Spent.into());
        }
        self.end(session, EndCause::ReuseDetected, node);
        Err(Refusal::Ended(EndCause::ReuseDetected).into())
    }

    fn check_times(&self, iat: i64, exp: i64, node: usize) -> Result<(), TokenRefusal> {
        let now = self.now[node];
        let leeway = i64::try_from(self.policy.tokens.leeway.as_millis()).unwrap();
        if iat * 1000 > now + leeway.max(5_000) {
            return Err(VerifyError::IssuedInFuture.into());
        }
        if exp * 1000 <= now - leeway {
            return Err(VerifyError::Expired.into());
        }
        Ok(())
    }

    fn check_standing(&self, token: &Token) -> Result<(), TokenRefusal> {
        if let Some(cause) = self.cause_of_end(token.session) {
            return Err(Refusal::Ended(cause).into());
        }
        if self.sessions[token.session].blacklisted {
            return Err(Refusal::Blacklisted.into());
        }
        Ok(())
    }

    /// What the account has to do with it, where its changes do not end the sessions.
    fn check_account(&mut self, token: &Token, node: usize) -> Result<(), TokenRefusal> {
        let checks_mark = self.policy.tokens.check_password_mark;
        let ends = self.policy.accounts.on_deactivation == OnAccountChange::EndSessions;
        if ends && !checks_mark {
            return Ok(());
        }
        let account = &self.accounts[self.sessions[token.session].account];
        if account.is_deleted {
            return Err(Refusal::AccountGone.into());
        }
        if !account.is_active {
            return Err(Refusal::AccountInactive.into());
        }
        if checks_mark && account.password != token.password {
            self.take_out_of_use(token.session, EndCause::PasswordChanged, node);
            return Err(Refusal::PasswordChanged.into());
        }
        Ok(())
    }

    fn rotate(&mut self, session: usize, by: By, now: i64) -> Expected {
        let refresh_exp = self.refresh_exp(now, self.sessions[session].deadline);
        let keep_until = refresh_exp + self.keep_beyond();
        let row = &mut self.sessions[session];
        row.generation += 1;
        row.rotated_at = now;
        row.rotated_by = by;
        row.refresh_exp = refresh_exp;
        row.keep_until = row.keep_until.max(keep_until);
        Expected::Pair {
            session,
            again: false,
        }
    }

    fn fork(&mut self, from: usize, by: By, now: i64) -> Expected {
        let (account, root) = (self.sessions[from].account, self.sessions[from].root);
        let fork = self.row(account, root, by, now, self.sessions[from].deadline);
        let family = &mut self.sessions[root];
        family.keep_until = family.keep_until.max(fork.keep_until);
        self.sessions.push(fork);
        Expected::Pair {
            session: self.sessions.len() - 1,
            again: false,
        }
    }

    /// A client gives a token back.
    pub(super) fn blacklist(&mut self, token: &Token, node: usize) -> Result<(), TokenRefusal> {
        self.check_times(token.iat, token.exp, node)?;
        let is_spent = token.generation < self.sessions[token.session].generation;
        if is_spent && self.policy.rotation.reuse_detection == ReuseDetection::Off {
            return Err(Refusal::Spent.into());
        }
        self.check_standing(token)?;
        self.take_out_of_use(token.session, EndCause::Logout, node);
        Ok(())
    }

    fn take_out_of_use(&mut self, session: usize, cause: EndCause, node: usize) {
        if self.policy.rotation.mode == RotationMode::Fork {
            self.sessions[session].blacklisted = true;
        } else {
            self.end(session, cause, node);
        }
    }

    /// The operator revokes a refresh token; `Err` with the cause if its session had ended before, `None` if the
    /// token is not accepted anyway.
    pub(super) fn revoke(&mut self, token: &Token, node: usize) -> Option<Result<(), EndCause>> {
        self.can_be_revoked(token.exp, token.iat, node)?;
        if let Some(cause) = self.cause_of_end(token.session) {
            return Some(Err(cause));
        }
        self.end(token.session, EndCause::EndedByOperator, node);
        Some(Ok(()))
    }

    /// Whether a token is not expired by the clock, or by its own where that is ahead.
    pub(super) fn can_be_revoked(&self, exp: i64, iat: i64, node: usize) -> Option<()> {
        match self.check_times(iat, exp, node) {
            Ok(()) => Some(()),
            // By then it is valid, unless it never was.
            Err(TokenRefusal::Token(VerifyError::IssuedInFuture)) => {
                let leeway = i64::try_from(self.policy.tokens.leeway.as_secs()).unwrap();
                (exp > iat - leeway).then_some(())
            }
            Err(_) => None,
        }
    }

    /// Ends every session of an account.
    pub(super) fn end_all(&mut self, account: usize, cause: EndCause, node: usize) {
        for session in 0..self.sessions.len() {
            if self.sessions[session].account == account {
                self.end(session, cause, node);
            }
        }
    }

    fn end(&mut self, session: usize, cause: EndCause, node: usize) {
        let seen = self.seen_at(node);
        let root = self.sessions[session].root;
        let family = &mut self.sessions[root];
        family.ended = family.ended.or(Some(End { cause, seen }));
    }

    pub(super) fn cause_of_end(&self, session: usize) -> Option<EndCause> {
        let root = self.sessions[session].root;
        self.sessions[root].ended.map(|end| end.cause)
    }

    pub(super) fn admits(&self, token: &Token, revoked: Option<Seen>, node: usize) -> Admission {
        let account = &self.accounts[self.sessions[token.session].account];
        let has_another_password =
            self.policy.tokens.check_password_mark && account.password != token.password;
        let is_refused = account.is_deleted
            || (!account.is_active && self.policy.accounts.check_active)
            || has_another_password;
        let has_heard = account
            .changed
            .is_none_or(|changed| self.is_known(changed, node));
        if self.check_times(token.iat, token.exp, node).is_err() || (is_refused && has_heard) {
            return Admission::Refused;
        }
        let root = self.sessions[token.session].root;
        let checks = self.policy.sessions.check == SessionCheck::On;
        let ended = self.sessions[root].ended.filter(|_| checks);
        let by: Vec<_> = ended
            .map(|end| end.seen)
            .into_iter()
            .chain(revoked)
            .collect();
        if by.iter().any(|seen| self.is_known(*seen, node)) {
            Admission::Refused
        } else if by.is_empty() && has_heard {
            Admission::Admitted
        } else {
            Admission::Either
        }
    }

    fn is_known(&self, seen: Seen, node: usize) -> bool {
        seen.node == node || self.elapsed - seen.elapsed >= POLL_INTERVAL_MILLIS
    }

    /// The live sign-ins of an account.
    pub(super) fn live(&self, account: usize) -> usize {
        let sessions = self.sessions.iter().enumerate();
        sessions
            .filter(|(number, row)| {
                row.account == account && row.root == *number && row.ended.is_none()
            })
            .count()
    }

    /// The `iat` of a session's current refresh token.
    pub(super) fn refresh_iat(&self, session: usize) -> i64 {
        self.sessions[session].rotated_at.div_euclid(1000)
    }

    /// The `exp` of an access token issued now: no later than anything that ends it.
    pub(super) fn access_exp(&self, session: usize, node: usize) -> i64 {
        let row = &self.sessions[session];
        let life = seconds(self.policy.tokens.access_lifetime);
        let own = self.now[node].div_euclid(1000) + life;
        let kept = row.keep_until - seconds(self.policy.tokens.leeway);
        own.min(row.deadline.unwrap_or(own)).min(kept)
    }

    fn refresh_exp(&self, now: i64, deadline: Option<i64>) -> i64 {
        let own = now.div_euclid(1000) + seconds(self.policy.tokens.refresh_lifetime);
        deadline.map_or(own, |deadline| deadline.min(own))
    }

    fn keep_beyond(&self) -> i64 {
        seconds(self.policy.tokens.access_lifetime) + seconds(self.policy.tokens.leeway)
    }
}

fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap()
}

const POLL_INTERVAL_MILLIS: u64 = 20;
