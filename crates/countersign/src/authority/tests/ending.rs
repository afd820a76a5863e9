//! What ends sessions and tokens.

use super::*;

#[tokio::test]
async fn blacklisting_signs_out_with_any_generation_where_reuse_is_detected() {
    let house = House::modern().await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    assert_eq!(
        house
            .authority
            .blacklist(pair.refresh.as_str(), &BROWSER)
            .await
            .unwrap(),
        Blacklisted::Done
    );
    let ended = TokenRefusal::Ledger(Refusal::Ended(EndCause::Logout));
    assert_eq!(house.refusal(next.refresh.unwrap().as_str()).await, ended);
    assert!(!house.is_identified(next.access.as_str()).await);
    let again = house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    assert_eq!(again, Blacklisted::Refused(ended));
}

#[tokio::test]
async fn under_simplejwt_a_spent_token_blacklists_nothing_and_access_tokens_live_on() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    let spent = house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    assert_eq!(spent, Blacklisted::Refused(Refusal::Spent.into()));
    assert_eq!(
        house
            .authority
            .blacklist(next.as_str(), &BROWSER)
            .await
            .unwrap(),
        Blacklisted::Done
    );
    assert!(matches!(
        house.refusal(next.as_str()).await,
        TokenRefusal::Ledger(Refusal::Ended(_))
    ));
    assert!(house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn deactivation_and_password_change_end_sessions_at_once_and_reactivation_revives_none() {
    let house = House::modern().await;
    let id = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    let old = house.login().await;
    let ended = house
        .authority
        .set_password(id, PlainPassword::new("another one 77".to_owned()))
        .await
        .unwrap();
    assert_eq!(ended, 1);
    let SignIn::Opened(new) = house.try_login("alice", "another one 77").await else {
        panic!()
    };
    assert!(
        !house.is_identified(old.access.as_str()).await,
        "same second, same clock"
    );
    assert!(house.is_identified(new.access.as_str()).await);

    house
        .authority
        .set_standing(id, Standing::Inactive)
        .await
        .unwrap();
    house
        .authority
        .set_standing(id, Standing::Active)
        .await
        .unwrap();
    assert!(!house.is_identified(new.access.as_str()).await);
    let refusal = house.refusal(new.refresh.as_str()).await;
    assert_eq!(refusal, Refusal::Ended(EndCause::AccountDeactivated).into());
}

#[tokio::test]
async fn under_simplejwt_deactivation_is_a_state_that_reactivation_undoes() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let id = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    let pair = house.login().await;
    house
        .authority
        .set_standing(id, Standing::Inactive)
        .await
        .unwrap();
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::AccountInactive.into()
    );
    assert!(!house.is_identified(pair.access.as_str()).await);
    house
        .authority
        .set_standing(id, Standing::Active)
        .await
        .unwrap();
    assert!(house.is_identified(pair.access.as_str()).await);
    house.refresh(pair.refresh.as_str()).await;
}

#[tokio::test]
async fn the_session_limit_ends_the_oldest() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.sessions.limit = Some(2);
    let house = House::build(policy).await;
    let first = house.login().await;
    let second = house.login().await;
    house.login().await;
    assert!(!house.is_identified(first.access.as_str()).await);
    assert_eq!(
        house.refusal(first.refresh.as_str()).await,
        Refusal::Ended(EndCause::SessionLimit).into()
    );
    assert!(house.is_identified(second.access.as_str()).await);
}

#[tokio::test]
async fn revoking_by_hand_kills_an_access_token_alone_and_a_refresh_token_with_its_session() {
    let house = House::simplejwt(RotationMode::Off).await;
    let pair = house.login().await;
    assert_eq!(
        house.authority.revoke(pair.access.as_str()).await.unwrap(),
        Revoked::Token
    );
    assert!(!house.is_identified(pair.access.as_str()).await);
    let fresh = house.refresh(pair.refresh.as_str()).await;
    assert!(house.is_identified(fresh.access.as_str()).await);
    let revoked = house.authority.revoke(pair.refresh.as_str()).await.unwrap();
    assert_eq!(revoked, Revoked::Session(pair.session));
    assert!(matches!(
        house.refusal(pair.refresh.as_str()).await,
        TokenRefusal::Ledger(Refusal::Ended(_))
    ));
}

#[tokio::test]
async fn what_another_node_revokes_is_known_within_one_poll_interval() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let node = second_node(
        house.authority.policy().clone(),
        &house.store,
        &house.clock,
        source,
    )
    .await;
    let pair = house.login().await;
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Known(_)
    ));
    house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    house
        .clock
        .advance_millis(i64::try_from(POLL_INTERVAL.as_millis()).unwrap());
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Refused(_)
    ));
}

#[tokio::test]
async fn revoking_everything_stops_every_token_drawn_so_far_and_no_later_one() {
    for mode in [RotationMode::Off, RotationMode::Fork, RotationMode::Rotate] {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = mode;
        policy.verify = VerifyPolicy::AsksLedger;
        let house = House::build(policy).await;
        let own = house.login().await;
        let foreign = house.forge("refresh", FOREIGN_ID, "1");
        let adopted = house.refresh(&foreign).await;
        house.store.revoke_everything(NOON, None).await.unwrap();
        house.clock.advance_millis(1_000);

        for token in [own.refresh.as_str(), &foreign] {
            assert!(
                matches!(house.refusal(token).await, TokenRefusal::Ledger(_)),
                "{mode:?}"
            );
            let verdict = house.authority.verify_token(token).await.unwrap();
            assert!(matches!(verdict, Verification::Spent(_)), "{mode:?}");
        }
        for token in [&own.access, &adopted.access] {
            assert!(!house.is_identified(token.as_str()).await, "{mode:?}");
        }
        let other = house.forge("refresh", "00000000000000000000000000000001", "1");
        assert!(
            matches!(house.refusal(&other).await, TokenRefusal::Ledger(_)),
            "{mode:?}"
        );
        let later = house.login().await;
        assert!(house.is_identified(later.access.as_str()).await, "{mode:?}");
        house.refresh(later.refresh.as_str()).await;
    }
}

#[tokio::test]
async fn what_another_node_revokes_is_known_although_the_wall_clock_stands_still() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let policy = house.authority.policy().clone();
    let node = second_node(policy, &house.store, &house.clock, source).await;
    let pair = house.login().await;
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Known(_)
    ));
    house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    let interval = u64::try_from(POLL_INTERVAL.as_millis()).unwrap();
    house.clock.stand_still_for_millis(interval);
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Refused(_)
    ));
}

#[tokio::test]
async fn a_process_whose_clock_is_behind_revokes_what_another_one_accepts() {
    let house = House::modern().await;
    let pair = house.login().await;
    house
        .clock
        .set(UnixMillis::from_millis(NOON.millis() - 3_600_000));
    let revoked = house.authority.revoke(pair.access.as_str()).await.unwrap();
    assert_eq!(revoked, Revoked::Token);
    house.clock.set(NOON);
    assert!(!house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn where_tokens_fork_a_blacklisted_one_spares_access_tokens_at_every_node() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.rotation.mode = RotationMode::Fork;
    policy.sessions.check = crate::policy::SessionCheck::On;
    let house = House::build(policy.clone()).await;
    let pair = house.login().await;
    let fork = house.refresh(pair.refresh.as_str()).await;
    let done = house.authority.blacklist(pair.refresh.as_str(), &BROWSER);
    assert_eq!(done.await.unwrap(), Blacklisted::Done);
    // A node that has never seen the session looks at its row.
    let source = SigningKeySource::Configured(house.key.clone());
    let node = second_node(policy, &house.store, &house.clock, source).await;
    for authority in [&house.authority, &node] {
        for access in [&pair.access, &fork.access] {
            let identified = authority.identify(access.as_str()).await.unwrap();
            assert!(
                matches!(identified, Identification::Known(_)),
                "{identified:?}"
            );
        }
    }
}

#[tokio::test]
async fn v02_a_token_in_another_text_is_as_dead_as_its_twin() {
    let house = House::modern().await;
    let pair = house.login().await;
    let twin_of = |token: &SignedToken| {
        let mut claims = claims(token);
        claims.insert("spelled", "otherwise").unwrap();
        house.sign(&claims)
    };
    let (refresh, access) = (twin_of(&pair.refresh), twin_of(&pair.access));
    assert!(house.is_identified(&access).await);
    let blacklisted = house.authority.blacklist(&refresh, &BROWSER).await;
    assert_eq!(blacklisted.unwrap(), Blacklisted::Done);
    let ended = TokenRefusal::Ledger(Refusal::Ended(EndCause::Logout));
    for token in [refresh.as_str(), pair.refresh.as_str()] {
        assert_eq!(house.refusal(token).await, ended);
    }
    for token in [access.as_str(), pair.access.as_str()] {
        assert!(!house.is_identified(token).await);
    }

    let pair = house.login().await;
    let access = twin_of(&pair.access);
    house.authority.revoke(&access).await.unwrap();
    house.authority.feed.catch_up().await.unwrap();
    for token in [access.as_str(), pair.access.as_str()] {
        assert!(!house.is_identified(token).await, "revoked by its id");
    }
}
