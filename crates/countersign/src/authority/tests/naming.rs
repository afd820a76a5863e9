//! How tokens name accounts, and what people sign in with.

use super::*;

impl House {
    /// Tokens that name accounts by a field, under each preset.
    async fn naming_by(preset: Preset, field: UserField) -> Self {
        let mut policy = Policy::preset(preset);
        policy.tokens.user_field = field;
        Self::build(policy).await
    }

    async fn recreate(&self, name: &str) {
        let old = self.account(name).await.id;
        self.authority.delete_account(old).await.unwrap();
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        self.authority
            .create_account(name.to_owned(), password, with_email(name))
            .await
            .unwrap();
    }

    async fn identification(&self, access: &str) -> Identification {
        self.authority.identify(access).await.unwrap()
    }
}

fn named_by(field: UserField, account: &Account) -> String {
    match field {
        UserField::Id => "1".to_owned(),
        UserField::Username => "alice".to_owned(),
        UserField::Email => "alice@example.org".to_owned(),
        UserField::Uuid => account.uuid.to_string(),
    }
}

#[tokio::test]
async fn tokens_name_their_account_by_the_field_in_the_settings() {
    for preset in Preset::ALL {
        for field in UserField::ALL {
            let house = House::naming_by(preset, field).await;
            let alice = house.account("alice").await;
            let pair = house.login().await;
            let next = house.refresh(pair.refresh.as_str()).await;
            for token in [&pair.access, &pair.refresh, &next.access] {
                let claim = claims(token).get::<String>("user_id").unwrap().unwrap();
                assert_eq!(claim, named_by(field, &alice));
            }
            let Identification::Known(known) = house.identification(next.access.as_str()).await
            else {
                panic!("{preset:?} {field:?}");
            };
            assert_eq!(known.account.id, alice.id);
            let password = PlainPassword::new(PASSWORD.to_owned());
            let SignIn::Opened(sliding) = house
                .authority
                .login_sliding("alice", password, &BROWSER)
                .await
                .unwrap()
            else {
                panic!("{preset:?} {field:?}");
            };
            let slid = house
                .authority
                .refresh_sliding(sliding.as_str(), &BROWSER)
                .await;
            assert!(matches!(slid.unwrap(), Refresh::Issued(_)), "{field:?}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_taken_again_inherits_nothing() {
    for preset in Preset::ALL {
        for field in [UserField::Username, UserField::Email] {
            let house = House::naming_by(preset, field).await;
            let pair = house.login().await;
            house.recreate("alice").await;
            let refusal = house.refusal(pair.refresh.as_str()).await;
            assert!(
                matches!(
                    refusal,
                    TokenRefusal::Ledger(Refusal::AccountGone | Refusal::Ended(_))
                ),
                "{preset:?} {field:?}: {refusal:?}"
            );
            assert!(
                !house.is_identified(pair.access.as_str()).await,
                "{field:?}"
            );
            // The new one signs in as ever.
            assert!(
                house
                    .is_identified(house.login().await.access.as_str())
                    .await
            );
        }
    }
}

#[tokio::test]
async fn a_name_in_another_type_or_spelling_names_nobody() {
    for (field, wrong) in [
        (UserField::Username, "7"),
        (UserField::Username, r#"["alice"]"#),
        (UserField::Username, r#""""#),
        (UserField::Username, r#""Alice""#),
        (UserField::Email, r#""Alice@example.org""#),
        (UserField::Uuid, "1"),
        (UserField::Id, r#""alice""#),
        (UserField::Id, r#""01""#),
    ] {
        let house = House::naming_by(Preset::SimpleJwt, field).await;
        let forged = house.forge_with("access", FOREIGN_ID, "1", |claims| {
            claims.insert_raw("user_id", wrong).unwrap();
        });
        assert!(!house.is_identified(&forged).await, "{field:?} {wrong}");
    }
    let house = House::naming_by(Preset::SimpleJwt, UserField::Uuid).await;
    let uuid = house.account("alice").await.uuid.to_string();
    assert!(
        house
            .is_identified(&house.forge("access", FOREIGN_ID, &uuid))
            .await
    );
    let shouted = house.forge("access", FOREIGN_ID, &uuid.to_uppercase());
    assert!(!house.is_identified(&shouted).await);
}

#[tokio::test]
async fn a_foreign_token_moves_in_by_the_name_that_it_claims() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.rotation.mode = RotationMode::Rotate;
    policy.tokens.user_field = UserField::Username;
    let house = House::build(policy).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "alice");
    let next = house.refresh(&foreign).await;
    assert!(house.is_identified(next.access.as_str()).await);
    assert_eq!(house.refusal(&foreign).await, Refusal::Spent.into());
    let nobody = house.forge("refresh", "fedcba9876543210fedcba9876543210", "mallory");
    assert_eq!(house.refusal(&nobody).await, Refusal::AccountGone.into());
}

#[tokio::test]
async fn deactivation_reaches_tokens_that_name_their_account_otherwise() {
    let house = House::naming_by(Preset::Modern, UserField::Username).await;
    let pair = house.login().await;
    assert!(house.is_identified(pair.access.as_str()).await);
    let alice = house.account("alice").await.id;
    house
        .authority
        .set_standing(alice, Standing::Inactive)
        .await
        .unwrap();
    house
        .authority
        .set_standing(alice, Standing::Active)
        .await
        .unwrap();
    assert!(!house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn people_sign_in_with_their_address_where_the_settings_say_so() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.accounts.login = LoginName::Email;
    let house = House::build(policy).await;
    for (login, opens) in [
        ("alice@example.org", true),
        ("alice", false),
        ("Alice@example.org", false),
        ("", false),
    ] {
        let signed_in = house.try_login(login, PASSWORD).await;
        assert_eq!(matches!(signed_in, SignIn::Opened(_)), opens, "{login:?}");
    }
}

#[tokio::test]
async fn an_address_that_tells_accounts_apart_is_needed_and_taken_once() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.accounts.login = LoginName::Email;
    let house = House::build(policy).await;
    let create = |name: &'static str, request| {
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        house
            .authority
            .create_account(name.to_owned(), password, request)
    };
    assert!(matches!(
        create("bob", AccountRequest::default()).await,
        Err(AccountError::EmailNeeded)
    ));
    assert!(matches!(
        create("bob", with_email("alice")).await,
        Err(AccountError::EmailTaken)
    ));
    assert!(create("bob", with_email("bob")).await.is_ok());
}

#[tokio::test]
async fn an_account_without_the_name_that_tokens_need_cannot_sign_in() {
    let by_number = House::modern().await;
    let password = Some(PlainPassword::new(PASSWORD.to_owned()));
    by_number
        .authority
        .create_account("bob".to_owned(), password, AccountRequest::default())
        .await
        .unwrap();
    let mut policy = by_number.authority.policy().clone();
    policy.tokens.user_field = UserField::Email;
    let source = SigningKeySource::Configured(by_number.key.clone());
    let by_address = second_node(policy, &by_number.store, &by_number.clock, source).await;
    for (name, opens) in [("alice", true), ("bob", false)] {
        let password = PlainPassword::new(PASSWORD.to_owned());
        let signed_in = by_address.login(name, password, &BROWSER).await.unwrap();
        assert_eq!(matches!(signed_in, SignIn::Opened(_)), opens, "{name}");
    }
}

#[tokio::test]
async fn an_address_that_two_share_already_is_taken_for_a_third() {
    let house = House::modern().await;
    for name in ["bob", "carol"] {
        let (authority, shared) = (&house.authority, with_email("shared"));
        let made = authority.create_account(name.to_owned(), None, shared);
        made.await.unwrap();
    }
    let mut policy = house.authority.policy().clone();
    policy.accounts.login = LoginName::Email;
    let source = SigningKeySource::Configured(house.key.clone());
    let strict = second_node(policy, &house.store, &house.clock, source).await;
    let made = strict.create_account("dora".to_owned(), None, with_email("shared"));
    assert!(matches!(made.await, Err(AccountError::EmailTaken)));
    let alice = house.account("alice").await.id;
    let taking = strict
        .administered_by(Administrator::Operator, &BROWSER)
        .change_account(alice, address("shared"))
        .await;
    assert!(matches!(taking, Err(AccountError::EmailTaken)));
}

fn address(name: &str) -> AccountChanges {
    AccountChanges {
        email: Some(with_email(name).email),
        ..AccountChanges::default()
    }
}

impl House {
    async fn readdress(&self, account: &str, name: &str) {
        let id = self.account(account).await.id;
        let operator = self
            .authority
            .administered_by(Administrator::Operator, &BROWSER);
        operator.change_account(id, address(name)).await.unwrap();
    }

    /// A foreign refresh and access token that name `alice@example.org`, issued some seconds after noon.
    fn tokens_of_alices_address(&self, id: &str, after: u64) -> (String, String) {
        let forge = |kind, id: &str| {
            self.forge_with(kind, id, "alice@example.org", |claims| {
                claims.set_issued_at(NOON.plus(Duration::from_secs(after)).timestamp());
            })
        };
        (
            forge("refresh", id),
            forge("access", &format!("{id} access")),
        )
    }
}

/// Nobody was deleted: one account moves to another address, and a second one takes the first one's.
#[tokio::test]
async fn an_address_that_was_given_away_opens_its_next_account_to_no_token_from_before() {
    for newly_made in [false, true] {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = RotationMode::Rotate;
        policy.tokens.user_field = UserField::Email;
        let house = House::build(policy).await;
        let (refresh, access) = house.tokens_of_alices_address("from before", 0);
        assert!(house.is_identified(&access).await);
        house.clock.set(NOON.plus(Duration::from_secs(5)));
        if newly_made {
            house.readdress("alice", "elsewhere").await;
        }
        let email = if newly_made { "alice" } else { "bob" };
        let made = house
            .authority
            .create_account("bob".to_owned(), None, with_email(email));
        made.await.unwrap();
        if !newly_made {
            house.readdress("alice", "elsewhere").await;
            house.readdress("bob", "alice").await;
        }
        assert!(!house.is_identified(&access).await, "{newly_made}");
        let refusal = house.refusal(&refresh).await;
        assert_eq!(refusal, Refusal::Blacklisted.into(), "{newly_made}");

        house.clock.set(NOON.plus(Duration::from_secs(7)));
        let (refresh, access) = house.tokens_of_alices_address("from after", 6);
        assert!(house.is_identified(&access).await, "{newly_made}");
        house.refresh(&refresh).await;
    }
}

#[tokio::test]
async fn another_address_costs_no_token_that_carries_a_number() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    house.readdress("alice", "elsewhere").await;
    house.refresh(&foreign).await;
}
