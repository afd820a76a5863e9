//! One history, told to the authority and to the model; whatever they disagree about fails.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::Policy;
use countersign::account::{AccountId, Standing};
use countersign::authority::{
    Administrator, Blacklisted, Client, Identification, Refresh, Revoked, SignIn, TokenPair,
};
use countersign::password::PlainPassword;
use countersign::policy::OnAccountChange;
use countersign::session::EndCause;
use countersign_token::{ClaimsSet, SignedToken, UnixMillis};

use super::house::{House, NOON};
use super::model::{Account, Admission, Expected, Model, Seen, Token};
use super::story::{Answer, By, Password, Step};

struct Walk<'a> {
    house: &'a mut House,
    model: Model,
    accounts: Vec<(String, AccountId)>,
    /// Every refresh token that anybody was given, oldest first.
    refresh: Vec<(SignedText, Token)>,
    access: Vec<(SignedText, Token, Option<Seen>)>,
}

struct SignedText {
    text: String,
    id: String,
}

/// Walks through a history in a house where others have walked before, beside a model of these settings.
pub(super) async fn walk(house: &mut House, modeled: &Policy, story: &[Step]) {
    let mut walk = Walk::begin(house, modeled).await;
    for &step in story {
        walk.take(step).await;
    }
    walk.compare_live_sessions().await;
}

impl<'a> Walk<'a> {
    async fn begin(house: &'a mut House, modeled: &Policy) -> Self {
        let mut accounts = Vec::new();
        for _ in 0..2 {
            accounts.push(house.new_account(&password(0)).await);
        }
        for node in &house.nodes {
            node.clock.set(NOON);
            node.clock.stand_still_for_millis(40);
        }
        let model = Model {
            policy: modeled.clone(),
            accounts: [0, 1]
                .map(|_| Account {
                    is_active: true,
                    is_deleted: false,
                    password: 0,
                    changed: None,
                })
                .into(),
            sessions: Vec::new(),
            now: [NOON.millis(); 2],
            elapsed: 0,
        };
        let mut walk = Self {
            house,
            model,
            accounts,
            refresh: Vec::new(),
            access: Vec::new(),
        };
        for account in 0..2 {
            walk.sign_in(account, By::Owner, 0).await;
        }
        walk
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::SignIn { account, by, node } => self.sign_in(account, by, node).await,
            Step::Login {
                account,
                password,
                node,
            } => self.login(account, password, node).await,
            Step::Refresh {
                token,
                by,
                node,
                answer,
            } => self.refresh(token, by, node, answer).await,
            Step::UseAccess { token, node } => self.use_access(token, node).await,
            Step::Blacklist { token, node } => self.blacklist(token, node).await,
            Step::Revoke { token, node } => self.revoke(token, node).await,
            Step::RevokeAccess { token, node } => self.revoke_access(token, node).await,
            Step::EndAll { account, node } => self.end_all(account, node).await,
            Step::SetPassword { account, node } => self.set_password(account, node).await,
            Step::Deactivate { account, node } => {
                self.set_standing(account, Standing::Inactive, node).await;
            }
            Step::Activate { account, node } => {
                self.set_standing(account, Standing::Active, node).await;
            }
            Step::Delete { account, node } => self.delete(account, node).await,
            Step::Wait { millis } => self.wait(millis),
            Step::SetClock { node, millis } => self.set_clock(node, millis),
            Step::Restart { node } => self.house.restart(node).await,
        }
    }

    async fn sign_in(&mut self, account: usize, by: By, node: usize) {
        let (_, id) = self.accounts[account];
        let opened = self.house.node(node).open_session(id, &client(by)).await;
        let opened = opened.unwrap();
        assert_eq!(opened.is_some(), self.model.may_sign_in(account));
        if let Some(pair) = opened {
            self.met(&pair, account, by, node);
        }
    }

    async fn login(&mut self, account: usize, which: Password, node: usize) {
        let current = self.model.accounts[account].password;
        let (number, is_right) = match which {
            Password::Current => (current, true),
            Password::Former => (current.wrapping_sub(1), false),
        };
        let (name, _) = &self.accounts[account];
        let password = PlainPassword::new(password(number));
        let outcome = self.house.node(node).login(name, password, &OWNER).await;
        match outcome.unwrap() {
            SignIn::Opened(pair) => {
                assert!(is_right && self.model.may_sign_in(account));
                self.met(&pair, account, By::Owner, node);
            }
            SignIn::Refused => assert!(!is_right || !self.model.may_sign_in(account)),
            SignIn::Throttled { .. } => panic!("nobody counts failures here"),
        }
    }

    fn met(&mut self, pair: &TokenPair, account: usize, by: By, node: usize) {
        let session = self.model.open(account, by, node);
        let password = self.model.accounts[account].password;
        self.keep_refresh(&pair.refresh, session, false, password);
        self.keep_access(&pair.access, session, node, password);
    }

    async fn refresh(&mut self, token: usize, by: By, node: usize, answer: Answer) {
        let Some(at) = newest(self.refresh.len(), token) else {
            return;
        };
        let (text, token) = (self.refresh[at].0.text.clone(), self.refresh[at].1.clone());
        let outcome = self.house.node(node).refresh(&text, &client(by)).await;
        let expected = self.model.refresh(&token, by, node);
        match (outcome.unwrap(), expected) {
            (Refresh::Refused(refusal), Expected::Refused(expected)) => {
                assert_eq!(refusal, expected);
            }
            (Refresh::Issued(issued), Expected::Access { session }) => {
                assert!(issued.refresh.is_none() && !issued.replayed);
                self.keep_access(&issued.access, session, node, token.password);
            }
            (Refresh::Issued(issued), Expected::Pair { session, again }) => {
                assert_eq!(issued.replayed, again);
                let successor = issued.refresh.unwrap();
                let (kept, access) = (self.refresh.len(), self.access.len());
                self.keep_refresh(&successor, session, again, token.password);
                self.keep_access(&issued.access, session, node, token.password);
                if answer != Answer::Arrives {
                    self.refresh.truncate(kept);
                    self.access.truncate(access);
                }
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
        if answer == Answer::Crash {
            self.house.restart(node).await;
        }
    }

    async fn use_access(&mut self, token: usize, node: usize) {
        let Some(at) = newest(self.access.len(), token) else {
            return;
        };
        let (text, token, revoked) = &self.access[at];
        let outcome = self.house.node(node).identify(&text.text).await.unwrap();
        let is_admitted = matches!(outcome, Identification::Known(_));
        match self.model.admits(token, *revoked, node) {
            Admission::Admitted => assert!(is_admitted, "{outcome:?}"),
            Admission::Refused => assert!(!is_admitted, "{outcome:?}"),
            Admission::Either => {}
        }
    }

    async fn blacklist(&mut self, token: usize, node: usize) {
        let Some(at) = newest(self.refresh.len(), token) else {
            return;
        };
        let (text, token) = &self.refresh[at];
        let outcome = self.house.node(node).blacklist(&text.text, &OWNER).await;
        let expected = match self.model.blacklist(token, node) {
            Ok(()) => Blacklisted::Done,
            Err(refusal) => Blacklisted::Refused(refusal),
        };
        assert_eq!(outcome.unwrap(), expected);
    }

    async fn revoke(&mut self, token: usize, node: usize) {
        let Some(at) = newest(self.refresh.len(), token) else {
            return;
        };
        let (text, token) = &self.refresh[at];
        let outcome = self.house.node(node).revoke(&text.text).await.unwrap();
        match (&outcome, self.model.revoke(token, node)) {
            (Revoked::Session(_), Some(Ok(()))) | (Revoked::Refused(_), None) => {}
            (Revoked::AlreadyEnded(cause), Some(Err(expected))) => assert_eq!(*cause, expected),
            (_, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
    }

    async fn revoke_access(&mut self, token: usize, node: usize) {
        let Some(at) = newest(self.access.len(), token) else {
            return;
        };
        let (text, token, revoked) = &mut self.access[at];
        let outcome = self.house.node(node).revoke(&text.text).await.unwrap();
        let expected = self.model.can_be_revoked(token.exp, token.iat, node);
        assert_eq!(outcome == Revoked::Token, expected.is_some(), "{outcome:?}");
        if expected.is_some() {
            *revoked = revoked.or(Some(self.model.seen_at(node)));
        }
    }

    async fn end_all(&mut self, account: usize, node: usize) {
        let (_, id) = self.accounts[account];
        let operator = Administrator::Operator;
        let administration = self.house.node(node).administered_by(operator, &OWNER);
        let outcome = administration.end_sessions(id).await;
        self.count_ended(outcome.ok(), account, Some(EndCause::EndedByOperator), node);
    }

    async fn set_password(&mut self, account: usize, node: usize) {
        let (_, id) = self.accounts[account];
        let next = self.model.accounts[account].password + 1;
        let password = PlainPassword::new(password(next));
        let outcome = self.house.node(node).set_password(id, password).await;
        let policy = self.model.policy.accounts.on_password_change;
        let cause = ends(policy, EndCause::PasswordChanged);
        self.count_ended(outcome.ok(), account, cause, node);
        if !self.model.accounts[account].is_deleted {
            self.model.accounts[account].password = next;
            self.model.accounts[account].changed = Some(self.model.seen_at(node));
        }
    }

    async fn set_standing(&mut self, account: usize, standing: Standing, node: usize) {
        let (_, id) = self.accounts[account];
        let outcome = self.house.node(node).set_standing(id, standing).await;
        let policy = self.model.policy.accounts.on_deactivation;
        let cause = match standing {
            Standing::Active => None,
            Standing::Inactive => ends(policy, EndCause::AccountDeactivated),
        };
        self.count_ended(outcome.ok(), account, cause, node);
        self.model.accounts[account].is_active = standing == Standing::Active;
        self.model.accounts[account].changed = Some(self.model.seen_at(node));
    }

    async fn delete(&mut self, account: usize, node: usize) {
        let (_, id) = self.accounts[account];
        let outcome = self.house.node(node).delete_account(id).await;
        let policy = self.model.policy.accounts.on_deactivation;
        let cause = ends(policy, EndCause::AccountDeleted);
        self.count_ended(outcome.ok(), account, cause, node);
        self.model.accounts[account].is_deleted = true;
        self.model.accounts[account].changed = Some(self.model.seen_at(node));
    }

    /// `outcome` is how many sessions ended; `None` if there was no such account.
    fn count_ended(
        &mut self,
        outcome: Option<u64>,
        account: usize,
        cause: Option<EndCause>,
        node: usize,
    ) {
        if self.model.accounts[account].is_deleted {
            assert_eq!(outcome, None);
            return;
        }
        let live = self.model.live(account);
        if let Some(cause) = cause {
            self.model.end_all(account, cause, node);
        }
        let ended = live - self.model.live(account);
        assert_eq!(outcome, Some(u64::try_from(ended).unwrap()));
    }

    fn wait(&mut self, millis: u32) {
        self.model.elapsed += u64::from(millis);
        for (node, now) in self.house.nodes.iter().zip(&mut self.model.now) {
            node.clock.advance_millis(millis.into());
            *now += i64::from(millis);
        }
    }

    fn set_clock(&mut self, node: usize, millis: i32) {
        let now = &mut self.model.now[node];
        *now += i64::from(millis);
        self.house.nodes[node]
            .clock
            .set(UnixMillis::from_millis(*now));
    }

    /// Keeps a refresh token that was given out, and holds its claims against the model. One generation of one
    /// session has one token: the same when it is given again, and one that nobody has seen when it is new.
    fn keep_refresh(&mut self, token: &SignedToken, session: usize, again: bool, password: u32) {
        let (signed, iat, exp) = read(token);
        assert_eq!(iat, self.model.refresh_iat(session));
        assert_eq!(exp, self.model.sessions[session].refresh_exp);
        let generation = self.model.sessions[session].generation;
        for (known, other) in &self.refresh {
            let is_same = (other.session, other.generation) == (session, generation);
            assert_eq!(
                known.id == signed.id,
                is_same,
                "one token for one generation"
            );
            assert!(again || !is_same, "a second successor");
        }
        let token = Token {
            session,
            generation,
            iat,
            exp,
            password,
        };
        self.refresh.push((signed, token));
    }

    fn keep_access(&mut self, token: &SignedToken, session: usize, node: usize, password: u32) {
        let (signed, iat, exp) = read(token);
        assert_eq!(iat, self.model.now[node].div_euclid(1000));
        assert_eq!(exp, self.model.access_exp(session, node));
        let token = Token {
            session,
            generation: 0,
            iat,
            exp,
            password,
        };
        self.access.push((signed, token, None));
    }

    async fn compare_live_sessions(&self) {
        for (account, (name, id)) in self.accounts.iter().enumerate() {
            let live = self.house.node(0).store().live_sessions_of(*id).await;
            assert_eq!(live.unwrap().len(), self.model.live(account), "{name}");
        }
    }
}

fn ends(policy: OnAccountChange, cause: EndCause) -> Option<EndCause> {
    (policy == OnAccountChange::EndSessions).then_some(cause)
}

/// One of so many, counted from the newest.
fn newest(len: usize, back: usize) -> Option<usize> {
    (len > 0).then(|| len - 1 - back % len)
}

fn read(token: &SignedToken) -> (SignedText, i64, i64) {
    let payload = token.as_str().split('.').nth(1).unwrap();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let claims = ClaimsSet::parse(&payload).unwrap();
    let text = SignedText {
        text: token.as_str().to_owned(),
        id: claims.token_id().unwrap(),
    };
    let (iat, exp) = (claims.issued_at().unwrap(), claims.expiration().unwrap());
    (text, iat.seconds(), exp.seconds())
}

fn client(by: By) -> Client<'static> {
    match by {
        By::Owner => OWNER,
        By::Thief => Client {
            user_agent: Some("curl/8"),
            ip: None,
        },
    }
}

fn password(number: u32) -> String {
    format!("correct horse {number}")
}

const OWNER: Client<'static> = Client {
    user_agent: Some("Mozilla/5.0"),
    ip: None,
};
