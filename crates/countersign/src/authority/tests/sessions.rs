//! What owners and operators do with sessions, and the revocations that a second could not tell apart.

use async_trait::async_trait;

use super::*;
use crate::audit::Actor;
use crate::session::SessionId;
use crate::store::StoreError;

impl House {
    async fn logout(&self, token: &str) -> LoggedOut {
        self.authority.logout(token, None, &BROWSER).await.unwrap()
    }

    async fn owner(&self, pair: &TokenPair) -> Box<Identified> {
        match self.authority.identify(pair.access.as_str()).await.unwrap() {
            Identification::Known(identified) => identified,
            Identification::Refused(refusal) => panic!("refused: {refusal:?}"),
        }
    }

    /// The owner's sessions as the holder of a pair sees them.
    async fn listed(&self, pair: &TokenPair) -> Vec<(SessionId, bool)> {
        let owner = self.owner(pair).await;
        let sessions = self.authority.sessions_of_owner(&owner, &BROWSER);
        let listed = sessions.list().await.unwrap().into_iter();
        listed.map(|own| (own.session.id, own.is_current)).collect()
    }

    async fn standing(&self, pair: &TokenPair) -> SessionStanding {
        let found = self.authority.session(pair.session).await.unwrap();
        found.unwrap().standing
    }

    async fn is_alive(&self, pair: &TokenPair) -> bool {
        self.is_identified(pair.access.as_str()).await
            && self.standing(pair).await == SessionStanding::Live
    }

    async fn add_bob(&self) -> TokenPair {
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        let bob = self
            .authority
            .create_account("bob".into(), password, with_email("bob"))
            .await
            .unwrap();
        let opened = self.authority.open_session(bob.id, &BROWSER).await;
        opened.unwrap().unwrap()
    }
}

#[tokio::test]
async fn logout_with_any_generation_ends_the_session_and_may_be_repeated() {
    for token_of_generation in 0..=2 {
        let house = House::modern().await;
        let other = house.login().await;
        let pair = house.login().await;
        let first = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
        let second = house.refresh(first.as_str()).await.refresh.unwrap();
        let tokens = [pair.refresh.as_str(), first.as_str(), second.as_str()];
        let given_back = tokens[token_of_generation];
        for outcome in [LoggedOut::Done, LoggedOut::Already] {
            assert_eq!(house.logout(given_back).await, outcome);
        }
        let ended = SessionStanding::Ended {
            at: NOON,
            cause: EndCause::Logout,
        };
        assert_eq!(house.standing(&pair).await, ended);
        assert!(!house.is_identified(pair.access.as_str()).await);
        assert_eq!(
            house.refusal(second.as_str()).await,
            Refusal::Ended(EndCause::Logout).into()
        );
        assert!(house.is_alive(&other).await);
    }
}

#[tokio::test]
async fn logout_with_a_spent_token_ends_the_session_where_reuse_is_not_detected() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    assert_eq!(house.logout(pair.refresh.as_str()).await, LoggedOut::Done);
    assert_eq!(
        house.refusal(next.as_str()).await,
        Refusal::Ended(EndCause::Logout).into()
    );
}

#[tokio::test]
async fn logout_with_a_fork_ends_its_root_and_all_its_forks() {
    let house = House::simplejwt(RotationMode::Fork).await;
    let pair = house.login().await;
    let fork = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    let sibling = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    assert_eq!(house.logout(fork.as_str()).await, LoggedOut::Done);
    for token in [&pair.refresh, &fork, &sibling] {
        assert_eq!(
            house.refusal(token.as_str()).await,
            Refusal::Ended(EndCause::Logout).into()
        );
    }
}

#[tokio::test]
async fn logout_with_a_sliding_token_ends_its_session() {
    let house = House::modern().await;
    let password = PlainPassword::new(PASSWORD.to_owned());
    let signed_in = house.authority.login_sliding("alice", password, &BROWSER);
    let SignIn::Opened(token) = signed_in.await.unwrap() else {
        panic!()
    };
    assert_eq!(house.logout(token.as_str()).await, LoggedOut::Done);
    let refreshed = house.authority.refresh_sliding(token.as_str(), &BROWSER);
    assert!(matches!(refreshed.await.unwrap(), Refresh::Refused(_)));
}

/// A token that somebody else minted is ended as it is blacklisted: by itself, or with the session that it opened.
#[tokio::test]
async fn logout_with_a_foreign_token_ends_what_it_stands_for() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let unused = house.forge("refresh", FOREIGN_ID, "1");
    for outcome in [LoggedOut::Done, LoggedOut::Already] {
        assert_eq!(house.logout(&unused).await, outcome);
    }
    assert_eq!(house.refusal(&unused).await, Refusal::Blacklisted.into());

    let used = house.forge("refresh", "00000000000000000000000000000001", "1");
    let next = house.refresh(&used).await.refresh.unwrap();
    for outcome in [LoggedOut::Done, LoggedOut::Already] {
        assert_eq!(house.logout(&used).await, outcome);
    }
    assert_eq!(
        house.refusal(next.as_str()).await,
        Refusal::Ended(EndCause::Logout).into()
    );
}

#[tokio::test]
async fn logout_refuses_what_is_no_refresh_token_and_what_is_not_good() {
    let house = House::modern().await;
    let pair = house.login().await;
    let wrong_type = LoggedOut::Refused(VerifyError::WrongType.into());
    assert_eq!(house.logout(pair.access.as_str()).await, wrong_type);
    assert!(matches!(
        house.logout("no token").await,
        LoggedOut::Refused(TokenRefusal::Token(_))
    ));
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    assert_eq!(
        house.logout(&foreign).await,
        LoggedOut::Refused(TokenRefusal::Foreign)
    );
    let of_nobody = house.forge("refresh", &token_id(&pair.refresh), "2");
    assert_eq!(
        house.logout(&of_nobody).await,
        LoggedOut::Refused(Refusal::Unknown.into())
    );
    let salted = GenerationAddress {
        session: number(1),
        generation: Generation::FIRST,
        salt: Salt::from_low_bits(0),
    };
    let elsewhere = house.forge("refresh", &house.seal(TokenAddress::Refresh(salted)), "1");
    assert_eq!(
        house.logout(&elsewhere).await,
        LoggedOut::Refused(Refusal::Unknown.into())
    );
    assert!(house.is_alive(&pair).await);
    house.clock.advance_millis(31 * 86_400_000);
    assert_eq!(
        house.logout(pair.refresh.as_str()).await,
        LoggedOut::Refused(VerifyError::Expired.into())
    );
}

#[tokio::test]
async fn logout_with_somebody_elses_token_ends_nothing() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let (alice, bob) = (house.login().await, house.add_bob().await);
    let foreign = house.forge("refresh", FOREIGN_ID, "2");
    for token in [bob.refresh.as_str(), &foreign] {
        let asked = house
            .authority
            .logout(token, Some(AccountId::new(1)), &BROWSER);
        assert_eq!(asked.await.unwrap(), LoggedOut::OtherAccount);
        house.refresh(token).await;
    }
    let own = house
        .authority
        .logout(alice.refresh.as_str(), Some(AccountId::new(1)), &BROWSER);
    assert_eq!(own.await.unwrap(), LoggedOut::Done);
}

#[tokio::test]
async fn an_owner_sees_the_sessions_that_are_there_newest_first() {
    let house = House::modern().await;
    let (first, ended, last) = (
        house.login().await,
        house.login().await,
        house.login().await,
    );
    house.add_bob().await;
    house.logout(ended.refresh.as_str()).await;
    assert_eq!(
        house.listed(&first).await,
        [(last.session, false), (first.session, true)]
    );
    house.clock.advance_millis(1_000);
    house.refresh(first.refresh.as_str()).await;
    let owner = house.owner(&first).await;
    let sessions = house.authority.sessions_of_owner(&owner, &BROWSER);
    let own = sessions.list().await.unwrap().remove(1).session;
    assert_eq!(
        (own.created_at, own.last_used_at),
        (NOON, UnixMillis::from_millis(NOON.millis() + 1_000))
    );
    let deadline = NOON.plus(Duration::from_hours(30 * 24)).timestamp();
    assert_eq!(own.expires_at, deadline, "rotation stretches no session");
}

#[tokio::test]
async fn a_session_is_listed_until_nobody_can_refresh_it() {
    let house = House::simplejwt(RotationMode::Fork).await;
    let pair = house.login().await;
    house.clock.advance_millis(86_000_000);
    let fork = house.refresh(pair.refresh.as_str()).await;
    house.clock.advance_millis(400_001);
    let late = TokenPair {
        access: house.refresh(fork.refresh.unwrap().as_str()).await.access,
        ..pair
    };
    assert_eq!(
        house.listed(&late).await,
        [(late.session, true)],
        "its forks live on"
    );
    house.clock.advance_millis(2 * 86_400_000);
    assert_eq!(house.standing(&late).await, SessionStanding::Expired);
    let account = AccountId::new(1);
    let there = house.authority.sessions_of(account, SessionList::Live);
    assert_eq!(there.await.unwrap(), []);
    let all = house.authority.sessions_of(account, SessionList::All);
    assert_eq!(all.await.unwrap().len(), 1);
}

#[tokio::test]
async fn sessions_revoked_with_everybodys_are_not_there() {
    let house = House::modern().await;
    let old = house.login().await;
    house.store.revoke_everything(NOON, None).await.unwrap();
    let new = house.login().await;
    assert_eq!(house.listed(&new).await, [(new.session, true)]);
    assert_eq!(house.standing(&old).await, SessionStanding::Revoked);
}

#[tokio::test]
async fn an_owner_ends_own_sessions_and_no_others() {
    let house = House::modern().await;
    let (phone, laptop, bob) = (
        house.login().await,
        house.login().await,
        house.add_bob().await,
    );
    let owner = house.owner(&phone).await;
    let own = house.authority.sessions_of_owner(&owner, &BROWSER);
    let stranger = SessionId::from_random([9; 16]);
    for id in [bob.session, stranger] {
        assert_eq!(own.end(id).await.unwrap(), OwnEnding::Unknown);
    }
    assert!(house.is_alive(&bob).await);
    assert_eq!(own.end(laptop.session).await.unwrap(), OwnEnding::Ended);
    assert_eq!(own.end(laptop.session).await.unwrap(), OwnEnding::Unknown);
    assert_eq!(
        house.refusal(laptop.refresh.as_str()).await,
        Refusal::Ended(EndCause::EndedByOwner).into()
    );
    assert!(house.is_alive(&phone).await);
    assert_eq!(own.log_out().await.unwrap(), OwnEnding::Ended);
    assert_eq!(
        house.refusal(phone.refresh.as_str()).await,
        Refusal::Ended(EndCause::Logout).into()
    );
}

#[tokio::test]
async fn ending_all_others_spares_the_callers_session_and_ending_all_does_not() {
    let house = House::modern().await;
    let (phone, laptop, bob) = (
        house.login().await,
        house.login().await,
        house.add_bob().await,
    );
    let owner = house.owner(&phone).await;
    let own = house.authority.sessions_of_owner(&owner, &BROWSER);
    assert_eq!(own.end_others().await.unwrap(), 1);
    assert!(house.is_alive(&phone).await);
    assert!(!house.is_alive(&laptop).await);
    assert_eq!(own.end_others().await.unwrap(), 0);
    assert_eq!(own.end_all().await.unwrap(), 1);
    assert!(!house.is_alive(&phone).await);
    assert!(house.is_alive(&bob).await);
    let again = house.login().await;
    assert!(house.is_alive(&again).await);
}

/// A foreign access token proves its account and no session.
#[tokio::test]
async fn whoever_comes_with_a_foreign_token_has_no_session_to_spare() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let access = house.forge("access", FOREIGN_ID, "1");
    let Identification::Known(owner) = house.authority.identify(&access).await.unwrap() else {
        panic!()
    };
    let own = house.authority.sessions_of_owner(&owner, &BROWSER);
    assert!(own.list().await.unwrap().iter().all(|own| !own.is_current));
    assert_eq!(own.log_out().await.unwrap(), OwnEnding::Unknown);
    assert_eq!(own.end_others().await.unwrap(), 1);
    assert!(!house.is_alive(&pair).await);
}

#[tokio::test]
async fn an_operator_finds_ends_and_explains_sessions() {
    let house = House::modern().await;
    let (spared, ended, bob) = (
        house.login().await,
        house.login().await,
        house.add_bob().await,
    );
    let authority = &house.authority;
    let alice = AccountId::new(1);
    assert_eq!(
        authority.end_session(ended.session).await.unwrap(),
        SessionEnding::Ended
    );
    assert_eq!(
        authority.end_session(ended.session).await.unwrap(),
        SessionEnding::Already(EndCause::EndedByOperator)
    );
    let stranger = SessionId::from_random([9; 16]);
    assert_eq!(
        authority.end_session(stranger).await.unwrap(),
        SessionEnding::Unknown
    );
    assert_eq!(authority.why(stranger).await.unwrap(), None);
    for exception in [ended.session, bob.session, stranger] {
        let refused = authority.end_sessions_of(alice, Some(exception)).await;
        assert_eq!(refused.unwrap(), EndedSessions::UnknownException);
    }
    house.clock.advance_millis(1_000);
    let third = house.login().await;
    let outcome = authority.end_sessions_of(alice, Some(spared.session)).await;
    assert_eq!(outcome.unwrap(), EndedSessions::Ended(1));
    assert!(house.is_alive(&spared).await && house.is_alive(&bob).await);

    let story = authority.why(third.session).await.unwrap().unwrap();
    assert_eq!(
        story.session.standing,
        SessionStanding::Ended {
            at: UnixMillis::from_millis(NOON.millis() + 1_000),
            cause: EndCause::EndedByOperator
        }
    );
    let told: Vec<_> = story
        .events
        .iter()
        .map(|event| (event.kind, event.actor.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (AuditKind::Login, Actor::Client),
            (AuditKind::SessionsEnded, Actor::Operator)
        ],
        "the login names the session, the end its account"
    );
}

#[tokio::test]
async fn same_second_login_and_password_change_kill_the_old_pair_and_spare_the_new_one() {
    let house = House::modern().await;
    let old = house.login().await;
    let new_password = PlainPassword::new("another one 77".to_owned());
    let changed = house
        .authority
        .set_password(AccountId::new(1), new_password);
    assert_eq!(changed.await.unwrap(), 1);
    let SignIn::Opened(new) = house.try_login("alice", "another one 77").await else {
        panic!()
    };
    assert_eq!(
        claims(&old.access).issued_at(),
        claims(&new.access).issued_at()
    );
    assert!(!house.is_alive(&old).await);
    assert!(house.is_alive(&new).await);
    house.refresh(new.refresh.as_str()).await;
    assert_eq!(
        house.refusal(old.refresh.as_str()).await,
        Refusal::Ended(EndCause::PasswordChanged).into()
    );
}

/// Accounts whose password changes the moment after they were read for a sign-in.
struct Overtaken {
    store: MemoryStore,
    changes: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Accounts for Overtaken {
    fn residence(&self) -> Residence {
        Residence::InStore
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        use crate::store::{AccountEdit, AccountTable as _, EditTarget, SessionsOnChange};
        let found = self.store.find_account_by(key).await?;
        if let Some(account) = &found
            && self.changes.swap(false, Ordering::Relaxed)
        {
            let edit = AccountEdit::Password(EncodedPassword::from_stored("!".to_owned()));
            let ending = SessionsOnChange::End(EndCause::PasswordChanged);
            let target = EditTarget::any(account.id);
            self.store
                .edit_account(target, &[edit], ending, NOON, &[])
                .await?;
        }
        Ok(found)
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.store.find_account(id).await
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.store.usernames_of(accounts).await
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.store.sample_passwords(limit).await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        self.store.upgrade_password(id, from, to).await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.store.record_login(id, at).await
    }
}

#[tokio::test]
async fn a_login_with_the_old_password_racing_the_change_opens_nothing() {
    let house = House::modern().await;
    let accounts = Arc::new(Overtaken {
        store: house.store.clone(),
        changes: true.into(),
    });
    let master = MasterKey::from_bytes([7; 32]);
    let source = SigningKeySource::Configured(house.key.clone());
    let keys = KeyRing::load(&house.store, master, source).await.unwrap();
    let policy = house.authority.policy().clone();
    let (store, clock) = (Arc::new(house.store.clone()), Arc::clone(&house.clock));
    let racing = Authority::new(policy, keys, store, accounts, clock).unwrap();
    let password = PlainPassword::new(PASSWORD.to_owned());
    let signed_in = racing.login("alice", password, &BROWSER).await.unwrap();
    assert!(matches!(signed_in, SignIn::Refused));
    let opened = house.store.sessions_of(AccountId::new(1), 10).await;
    assert_eq!(opened.unwrap(), []);
}

#[tokio::test]
async fn deletion_ends_every_session_and_the_name_taken_again_inherits_none() {
    let house = House::modern().await;
    let old = house.login().await;
    let ended = house.authority.delete_account(AccountId::new(1)).await;
    assert_eq!(ended.unwrap(), 1);
    let password = Some(PlainPassword::new(PASSWORD.to_owned()));
    let made = house
        .authority
        .create_account("alice".into(), password, with_email("alice"))
        .await
        .unwrap();
    let new = house.login().await;
    assert!(!house.is_alive(&old).await);
    assert_eq!(
        house.refusal(old.refresh.as_str()).await,
        Refusal::Ended(EndCause::AccountDeleted).into()
    );
    assert_eq!(house.listed(&new).await, [(new.session, true)]);
    let all = house.authority.sessions_of(made.id, SessionList::All).await;
    assert_eq!(all.unwrap().len(), 1, "no row of the one before");
}
