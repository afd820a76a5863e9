//! Tokens that somebody else minted.

use super::*;

#[tokio::test]
async fn modern_refuses_foreign_tokens_of_every_kind() {
    let house = House::modern().await;
    assert_eq!(
        house
            .refusal(&house.forge("refresh", FOREIGN_ID, "1"))
            .await,
        TokenRefusal::Foreign
    );
    assert!(
        !house
            .is_identified(&house.forge("access", FOREIGN_ID, "1"))
            .await
    );
}

#[tokio::test]
async fn the_first_use_of_a_foreign_token_moves_the_login_onto_a_session_of_ours() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    let next = house.refresh(&foreign).await.refresh.unwrap();
    assert_eq!(house.refusal(&foreign).await, Refusal::Spent.into());
    house.refresh(next.as_str()).await;
}

#[tokio::test]
async fn without_rotation_a_foreign_token_stays_usable_under_one_session() {
    let house = House::simplejwt(RotationMode::Off).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    for _ in 0..3 {
        assert!(house.refresh(&foreign).await.refresh.is_none());
    }
    let account = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    assert_eq!(
        house.store.live_sessions_of(account).await.unwrap().len(),
        1
    );
    assert_eq!(
        house.authority.blacklist(&foreign, &BROWSER).await.unwrap(),
        Blacklisted::Done
    );
    assert!(matches!(
        house.refusal(&foreign).await,
        TokenRefusal::Ledger(_)
    ));
}

#[tokio::test]
async fn a_blacklisted_foreign_token_is_refused_before_its_kind_is_looked_at() {
    let house = House::simplejwt(RotationMode::Off).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    assert_eq!(
        house.authority.blacklist(&foreign, &BROWSER).await.unwrap(),
        Blacklisted::Done
    );
    assert_eq!(house.refusal(&foreign).await, Refusal::Blacklisted.into());
    assert_eq!(
        house.refusal(&house.forge("access", FOREIGN_ID, "1")).await,
        Refusal::Blacklisted.into()
    );
}

#[tokio::test]
async fn a_foreign_token_from_the_future_is_refused_where_ours_is_tolerated() {
    let house = House::simplejwt(RotationMode::Off).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    let own = house.login().await;
    house
        .clock
        .set(UnixMillis::from_millis(NOON.millis() - 5_000));
    assert_eq!(
        house.refusal(&foreign).await,
        TokenRefusal::Token(VerifyError::IssuedInFuture)
    );
    house.refresh(own.refresh.as_str()).await;
    house
        .clock
        .set(UnixMillis::from_millis(NOON.millis() - 6_000));
    assert_eq!(
        house.refusal(own.refresh.as_str()).await,
        TokenRefusal::Token(VerifyError::IssuedInFuture)
    );
}

#[tokio::test]
async fn a_user_claim_in_another_spelling_names_nobody() {
    let house = House::simplejwt(RotationMode::Off).await;
    for spelling in ["01", " 1", "1.0", "+1", "１", "abc"] {
        let refusal = house
            .refusal(&house.forge("refresh", FOREIGN_ID, spelling))
            .await;
        assert_eq!(refusal, Refusal::AccountGone.into(), "{spelling}");
    }
}

#[tokio::test]
async fn only_imported_foreign_tokens_are_taken_where_the_settings_say_recorded() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.foreign = ForeignTokenPolicy::Recorded;
    let house = House::build(policy).await;
    assert_eq!(
        house
            .refusal(&house.forge("refresh", FOREIGN_ID, "1"))
            .await,
        TokenRefusal::Foreign
    );
}

#[tokio::test]
async fn a_takeover_ends_by_itself_and_ours_go_on() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.foreign_until = Some(NOON.plus(Duration::from_mins(1)).timestamp());
    let house = House::build(policy).await;
    let (refresh, access) = (
        house.forge("refresh", FOREIGN_ID, "1"),
        house.forge("access", FOREIGN_ID, "1"),
    );
    let ours = house.login().await;
    house
        .clock
        .set(UnixMillis::from_millis(NOON.millis() + 59_999));
    house.refresh(&refresh).await;
    assert!(house.is_identified(&access).await);

    house.clock.set(NOON.plus(Duration::from_mins(1)));
    assert_eq!(house.refusal(&refresh).await, TokenRefusal::Foreign);
    assert!(!house.is_identified(&access).await);
    let blacklisting = house.authority.blacklist(&refresh, &BROWSER).await.unwrap();
    assert_eq!(
        blacklisting,
        Blacklisted::Refused(TokenRefusal::Foreign),
        "it is dead anyway"
    );
    house.refresh(ours.refresh.as_str()).await;
    assert!(house.is_identified(ours.access.as_str()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_first_uses_of_one_foreign_token_open_one_session() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    for round in 0..20 {
        let foreign = house.forge("refresh", &format!("django {round}"), "1");
        let uses: Vec<_> = (0..8)
            .map(|_| {
                let (authority, token) = (Arc::clone(&house.authority), foreign.clone());
                tokio::spawn(async move { authority.refresh(&token, &BROWSER).await.unwrap() })
            })
            .collect();
        let mut issued = 0;
        for used in uses {
            match used.await.unwrap() {
                Refresh::Issued(_) => issued += 1,
                Refresh::Refused(refusal) => assert_eq!(refusal, Refusal::Spent.into()),
            }
        }
        assert_eq!(issued, 1, "in round {round}");
    }
    let sessions = house.store.live_sessions_of(AccountId::new(1)).await;
    assert_eq!(sessions.unwrap().len(), 20, "one for each token");
}

/// A sign-out at Django's side of a client races its refresh: whatever the order, nothing of it stays alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn blacklisting_that_races_the_first_use_ends_what_it_opened() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.foreign = ForeignTokenPolicy::Signed;
    let house = House::build(policy).await;
    for round in 0..20 {
        let foreign = house.forge("refresh", &format!("django {round}"), "1");
        let (one, two) = (Arc::clone(&house.authority), Arc::clone(&house.authority));
        let (used, returned) = (foreign.clone(), foreign.clone());
        let refresh = tokio::spawn(async move { one.refresh(&used, &BROWSER).await.unwrap() });
        let blacklist =
            tokio::spawn(async move { two.blacklist(&returned, &BROWSER).await.unwrap() });
        let (refresh, blacklist) = (refresh.await.unwrap(), blacklist.await.unwrap());
        assert_eq!(blacklist, Blacklisted::Done, "in round {round}");
        if let Refresh::Issued(issued) = refresh {
            let successor = issued.refresh.unwrap();
            house.refusal(successor.as_str()).await;
            assert!(!house.is_identified(issued.access.as_str()).await);
        }
        house.refusal(&foreign).await;
    }
}

/// Where reuse is not detected, as with SimpleJWT, exactly one of the two succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_first_use_and_a_blacklisting_exactly_one_succeeds() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    for round in 0..20 {
        let foreign = house.forge("refresh", &format!("django {round}"), "1");
        let (one, two) = (Arc::clone(&house.authority), Arc::clone(&house.authority));
        let (used, returned) = (foreign.clone(), foreign);
        let refresh = tokio::spawn(async move { one.refresh(&used, &BROWSER).await.unwrap() });
        let blacklist =
            tokio::spawn(async move { two.blacklist(&returned, &BROWSER).await.unwrap() });
        let issued = matches!(refresh.await.unwrap(), Refresh::Issued(_));
        let blacklisted = blacklist.await.unwrap() == Blacklisted::Done;
        assert!(issued != blacklisted, "in round {round}: {issued}");
    }
}
