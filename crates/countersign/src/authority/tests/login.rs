//! Signing in, and accounts that live elsewhere.

use super::*;

#[tokio::test]
async fn unknown_name_wrong_password_and_inactive_account_get_one_answer() {
    let house = House::modern().await;
    let id = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    for (name, password) in [
        ("nobody", PASSWORD),
        ("alice", "wrong"),
        ("ALICE", PASSWORD),
        ("", PASSWORD),
        ("a\0", "x"),
    ] {
        assert!(
            matches!(house.try_login(name, password).await, SignIn::Refused),
            "{name:?}"
        );
    }
    house
        .authority
        .set_standing(id, Standing::Inactive)
        .await
        .unwrap();
    assert!(matches!(
        house.try_login("alice", PASSWORD).await,
        SignIn::Refused
    ));
    let failures = house
        .events()
        .await
        .into_iter()
        .filter(|kind| *kind == AuditKind::LoginFailed);
    assert_eq!(failures.count(), 6);
}

#[tokio::test]
async fn a_password_longer_than_the_limit_is_refused_even_if_it_was_set() {
    let house = House::modern().await;
    let long = "x".repeat(PlainPassword::MAX_BYTES + 1);
    assert!(matches!(
        house.try_login("alice", &long).await,
        SignIn::Refused
    ));
    let made = house
        .authority
        .create_account(
            "bob".into(),
            Some(PlainPassword::new(long)),
            AccountRequest::default(),
        )
        .await;
    assert!(matches!(made, Err(AccountError::UnusablePassword)));
}

#[tokio::test]
async fn simplejwt_tokens_carry_exactly_the_claims_of_the_original_in_its_order() {
    let house = House::simplejwt(RotationMode::Off).await;
    let pair = house.login().await;
    let names = |token| {
        claims(token)
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&pair.refresh),
        ["token_type", "exp", "iat", "jti", "user_id"]
    );
    assert_eq!(
        names(&pair.access),
        ["token_type", "exp", "iat", "jti", "user_id"]
    );
    assert_eq!(claims(&pair.access).raw("user_id"), Some("\"1\""));
    let life = |token| {
        let claims = claims(token);
        claims.expiration().unwrap().seconds() - claims.issued_at().unwrap().seconds()
    };
    assert_eq!((life(&pair.access), life(&pair.refresh)), (300, 86_400));
    assert_eq!(token_id(&pair.refresh).len(), 32);
}

#[tokio::test]
async fn audience_issuer_and_session_claims_are_written_where_they_are_set() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.tokens.issuer = Some("https://id.example".to_owned());
    policy.tokens.audience = vec!["a".to_owned(), "b".to_owned()];
    let house = House::build(policy).await;
    let pair = house.login().await;
    for token in [&pair.access, &pair.refresh] {
        let claims = claims(token);
        assert_eq!(claims.raw("aud"), Some("[\"a\",\"b\"]"));
        assert_eq!(claims.raw("iss"), Some("\"https://id.example\""));
        assert_eq!(
            claims.get::<String>("sid").unwrap().unwrap(),
            pair.session.to_string()
        );
    }
    assert!(house.is_identified(pair.access.as_str()).await);
}

/// Accounts that live elsewhere, whose password changes after every look at it by name.
struct Elsewhere(MemoryStore);

#[async_trait::async_trait]
impl Accounts for Elsewhere {
    fn residence(&self) -> Residence {
        Residence::Elsewhere
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        self.0.find_account_by(key).await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let found = self.0.find_account(id).await?;
        Ok(found.map(|account| Account {
            credential_version: account.credential_version + 1,
            ..account
        }))
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.0.sample_passwords(limit).await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        self.0.upgrade_password(id, from, to).await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.0.record_login(id, at).await
    }
}

#[tokio::test]
async fn a_password_that_changes_elsewhere_during_a_sign_in_leaves_no_session() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let keys = KeyRing::load(&house.store, MasterKey::from_bytes([7; 32]), source)
        .await
        .unwrap();
    let accounts = Arc::new(Elsewhere(house.store.clone()));
    let authority = Authority::new(
        house.authority.policy().clone(),
        keys,
        Arc::new(house.store.clone()),
        accounts,
        house.clock.clone(),
    )
    .unwrap();
    let password = PlainPassword::new(PASSWORD.to_owned());
    let outcome = authority.login("alice", password, &BROWSER).await.unwrap();
    assert!(matches!(outcome, SignIn::Refused));
    let alice = AccountId::new(1);
    assert!(
        house
            .store
            .live_sessions_of(alice)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_password_that_changes_elsewhere_ends_the_session_at_its_next_refresh() {
    let house = House::modern().await;
    let pair = house.login().await;
    let authority = elsewhere(&house).await;
    let refused = authority.refresh(pair.refresh.as_str(), &BROWSER).await;
    let Refresh::Refused(refusal) = refused.unwrap() else {
        panic!("it was accepted")
    };
    assert_eq!(refusal, Refusal::Ended(EndCause::PasswordChanged).into());
    assert!(!house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn a_password_that_changes_elsewhere_ends_the_session_at_its_next_sliding_refresh() {
    let house = House::modern().await;
    let token = house.login_sliding().await;
    let authority = elsewhere(&house).await;
    let refused = authority.refresh_sliding(token.as_str()).await.unwrap();
    let Refresh::Refused(refusal) = refused else {
        panic!("it was accepted")
    };
    assert_eq!(refusal, Refusal::Ended(EndCause::PasswordChanged).into());
}

/// Another authority on the same store, whose accounts live elsewhere.
async fn elsewhere(house: &House) -> Authority {
    let source = SigningKeySource::Configured(house.key.clone());
    let master = MasterKey::from_bytes([7; 32]);
    let keys = KeyRing::load(&house.store, master, source).await.unwrap();
    Authority::new(
        house.authority.policy().clone(),
        keys,
        Arc::new(house.store.clone()),
        Arc::new(Elsewhere(house.store.clone())),
        house.clock.clone(),
    )
    .unwrap()
}
