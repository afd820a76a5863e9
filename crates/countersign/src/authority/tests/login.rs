//! Signing in, and accounts that live elsewhere.

use std::collections::BTreeSet;

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

const HASHES: &str = include_str!("../../../tests/vectors/simplejwt/passwords.json");

/// One account for each scheme of Django, as an import leaves them.
#[tokio::test]
async fn every_hash_of_django_becomes_ours_at_its_first_sign_in_and_ends_nothing() {
    let house = House::modern().await;
    let golden: serde_json::Value = serde_json::from_str(HASHES).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    let mut schemes = BTreeSet::new();
    for case in cases.iter().filter(|case| case["fast"] == true) {
        let tries = case["tries"].as_array().unwrap();
        let Some(right) = tries.iter().find(|one| one["correct"] == true) else {
            continue;
        };
        let right = right["password"].as_str().unwrap();
        let encoded = EncodedPassword::from_stored(case["encoded"].as_str().unwrap().to_owned());
        // An empty password matches its hash, and is no password here.
        if right.is_empty() || !schemes.insert(encoded.algorithm().to_owned()) {
            continue;
        }
        let name = case["id"].as_str().unwrap();
        let id = import(&house, name, encoded.clone()).await;
        let stored = async || {
            house
                .store
                .find_account(id)
                .await
                .unwrap()
                .unwrap()
                .password
        };

        let wrong = house.try_login(name, "certainly wrong").await;
        assert!(matches!(wrong, SignIn::Refused), "{name}");
        assert_eq!(stored().await, encoded, "{name}: a failure changes nothing");
        let SignIn::Opened(first) = house.try_login(name, right).await else {
            panic!("{name}: the first sign-in was refused")
        };
        let upgraded = stored().await;
        let ours = "argon2$argon2id$v=19$m=8,t=1,p=1$";
        assert!(upgraded.as_stored().starts_with(ours), "{name}");
        let again = house.try_login(name, right).await;
        assert!(matches!(again, SignIn::Opened(_)), "{name}");
        assert_eq!(stored().await, upgraded, "{name}: once is enough");
        house.refresh(first.refresh.as_str()).await;
    }
    let expected = [
        "argon2",
        "bcrypt",
        "bcrypt_sha256",
        "md5",
        "pbkdf2_sha1",
        "pbkdf2_sha256",
        "scrypt",
    ];
    assert!(schemes.iter().eq(&expected), "{schemes:?}");
}

/// An account with this stored password.
async fn import(house: &House, name: &str, password: EncodedPassword) -> AccountId {
    let accounts = house
        .authority
        .administered_by(Administrator::Operator, &BROWSER);
    let password = Some(NewPassword::Encoded(password));
    let made = accounts.create_account(name.into(), password, AccountRequest::default());
    made.await.unwrap().id
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

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.0.usernames_of(accounts).await
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
    let refused = authority
        .refresh_sliding(token.as_str(), &BROWSER)
        .await
        .unwrap();
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
