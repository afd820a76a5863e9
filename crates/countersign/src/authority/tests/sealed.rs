//! What a sealed id is good for, and what it is not.

use super::*;

#[tokio::test]
async fn an_id_that_opens_without_its_row_is_refused_and_never_foreign() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let id = house.seal(TokenAddress::Refresh(GenerationAddress {
        session: number(99),
        generation: Generation::FIRST,
        salt: Salt::from_low_bits(1),
    }));
    assert_eq!(
        house.refusal(&house.forge("refresh", &id, "1")).await,
        Refusal::Unknown.into()
    );
    let id = house.seal(TokenAddress::Access(NonceAddress {
        root: number(99),
        nonce: Nonce::from_bytes([1; 6]),
    }));
    assert!(!house.is_identified(&house.forge("access", &id, "1")).await);
}

#[tokio::test]
async fn an_id_with_another_salt_account_or_kind_is_refused() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let bob = house
        .authority
        .create_account("bob".into(), None, AccountRequest::default())
        .await
        .unwrap();
    let pair = house.login().await;
    let real = token_id(&pair.refresh);
    let salt = pair.session.salt().get();
    let other_salt = house.seal(TokenAddress::Refresh(GenerationAddress {
        session: number(1),
        generation: Generation::FIRST,
        salt: Salt::from_low_bits(salt ^ 1),
    }));
    let access_id = token_id(&pair.access);
    for (what, token) in [
        ("salt", house.forge("refresh", &other_salt, "1")),
        (
            "account",
            house.forge("refresh", &real, &bob.id.to_string()),
        ),
        ("kind", house.forge("refresh", &access_id, "1")),
    ] {
        assert_eq!(
            house.refusal(&token).await,
            Refusal::Unknown.into(),
            "{what}"
        );
    }
    for (what, token) in [
        (
            "account",
            house.forge("access", &access_id, &bob.id.to_string()),
        ),
        ("kind", house.forge("access", &real, "1")),
    ] {
        assert!(!house.is_identified(&token).await, "{what}");
    }
    house.refresh(pair.refresh.as_str()).await;
}

#[tokio::test]
async fn a_generation_ahead_of_the_store_is_refused_and_told() {
    let house = House::modern().await;
    let pair = house.login().await;
    let ahead = house.seal(TokenAddress::Refresh(GenerationAddress {
        session: number(1),
        generation: Generation::new(5).unwrap(),
        salt: pair.session.salt(),
    }));
    assert_eq!(
        house.refusal(&house.forge("refresh", &ahead, "1")).await,
        Refusal::StoreRolledBack.into()
    );
    assert!(house.events().await.contains(&AuditKind::StoreRolledBack));
}

#[tokio::test]
async fn added_swapped_and_removed_sealing_keys_revive_nothing() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let source = SigningKeySource::Configured(house.key.clone());
    let node = second_node(
        house.authority.policy().clone(),
        &house.store,
        &house.clock,
        source,
    )
    .await;

    let spent = house.login().await;
    house.refresh(spent.refresh.as_str()).await;
    let ended = house.login().await;
    house
        .authority
        .blacklist(ended.refresh.as_str(), &BROWSER)
        .await
        .unwrap();

    // Added by this node: the other one, which does not hold it yet, must not take its ids for foreign ones.
    let added = house
        .authority
        .keys
        .add_sealing_key(&house.store, &SystemRandom, NOON)
        .await
        .unwrap();
    house
        .authority
        .keys
        .reload_sealing_keys(&house.store)
        .await
        .unwrap();
    let under_new_key = house.login().await;
    house.refresh(under_new_key.refresh.as_str()).await;
    for token in [&spent.refresh, &ended.refresh, &under_new_key.refresh] {
        assert!(matches!(
            node.refresh(token.as_str(), &BROWSER).await.unwrap(),
            Refresh::Refused(TokenRefusal::Ledger(Refusal::Spent | Refusal::Ended(_)))
        ));
    }
    // Removed: refused while sessions under it must be kept.
    for id in [SealingKeyId::new(1), added] {
        assert_eq!(
            house
                .store
                .drop_sealing_key(id, NOON.timestamp())
                .await
                .unwrap(),
            KeyDrop::StillInUse
        );
    }
    // Swapped: a wrapped key that is moved to another row does not open, and the start stops.
    let mut records = house.store.load_keys().await.unwrap().unwrap();
    let (first, second) = records.sealing.split_at_mut(1);
    std::mem::swap(&mut first[0].wrapped, &mut second[0].wrapped);
    let swapped = MemoryStore::new();
    swapped.found_keys(&records).await.unwrap();
    let source = SigningKeySource::Configured(house.key.clone());
    assert!(matches!(
        KeyRing::load(&swapped, MasterKey::from_bytes([7; 32]), source).await,
        Err(KeyRingError::WrongMasterKey(_))
    ));
}

#[tokio::test]
async fn another_master_key_stops_the_start() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    assert!(matches!(
        KeyRing::load(&house.store, MasterKey::from_bytes([8; 32]), source).await,
        Err(KeyRingError::WrongMasterKey(_))
    ));
}
