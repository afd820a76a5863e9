//! Refreshing, one token at a time and many at once.

use super::*;

#[tokio::test]
async fn a_refresh_rotates_and_the_new_tokens_work() {
    let house = House::modern().await;
    let pair = house.login().await;
    house.clock.advance_millis(60_000);
    let next = house.refresh(pair.refresh.as_str()).await;
    assert!(!next.replayed);
    assert!(house.is_identified(next.access.as_str()).await);
    let successor = next.refresh.unwrap();
    assert_ne!(token_id(&successor), token_id(&pair.refresh));
    house.refresh(successor.as_str()).await;
}

#[tokio::test]
async fn within_the_grace_the_same_client_gets_the_same_successor() {
    let house = House::modern().await;
    let pair = house.login().await;
    let first = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    house.clock.advance_millis(10_000);
    let again = house.refresh(pair.refresh.as_str()).await;
    assert!(again.replayed);
    let again = again.refresh.unwrap();
    for claim in ["jti", "iat", "exp"] {
        assert_eq!(
            claims(&first).raw(claim),
            claims(&again).raw(claim),
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_spent_token_after_the_grace_ends_the_session_and_its_access_tokens() {
    let house = House::modern().await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    house.clock.advance_millis(10_001);
    let ended = TokenRefusal::Ledger(Refusal::Ended(EndCause::ReuseDetected));
    assert_eq!(house.refusal(pair.refresh.as_str()).await, ended);
    assert_eq!(house.refusal(next.refresh.unwrap().as_str()).await, ended);
    assert!(!house.is_identified(next.access.as_str()).await);
    assert!(house.events().await.contains(&AuditKind::ReuseDetected));
}

#[tokio::test]
async fn within_the_grace_another_client_is_refused_and_the_session_lives() {
    let house = House::modern().await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    let refusal = house.refusal_from(pair.refresh.as_str(), &OTHER).await;
    assert_eq!(refusal, TokenRefusal::Ledger(Refusal::OtherClient));
    assert!(house.events().await.contains(&AuditKind::ReplayOtherClient));
    house.refresh(next.refresh.unwrap().as_str()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_refreshes_of_one_token_share_one_successor() {
    let house = House::modern().await;
    let pair = house.login().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (authority, token) = (
            Arc::clone(&house.authority),
            pair.refresh.as_str().to_owned(),
        );
        tasks.spawn(async move { authority.refresh(&token, &BROWSER).await.unwrap() });
    }
    let mut successors = HashSet::new();
    let mut replays = 0;
    for outcome in tasks.join_all().await {
        let Refresh::Issued(refreshed) = outcome else {
            panic!("{outcome:?}")
        };
        replays += usize::from(refreshed.replayed);
        successors.insert(token_id(&refreshed.refresh.unwrap()));
    }
    assert_eq!((successors.len(), replays), (1, 49));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_refreshes_under_simplejwt_have_one_winner() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (authority, token) = (
            Arc::clone(&house.authority),
            pair.refresh.as_str().to_owned(),
        );
        tasks.spawn(async move { authority.refresh(&token, &BROWSER).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let winners = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Refresh::Issued(_)));
    assert_eq!(winners.count(), 1);
    let spent = |outcome: &&Refresh| {
        matches!(
            outcome,
            Refresh::Refused(TokenRefusal::Ledger(Refusal::Spent))
        )
    };
    assert_eq!(outcomes.iter().filter(spent).count(), 49);
}

#[tokio::test]
async fn without_rotation_the_refresh_token_stays_and_nothing_is_written() {
    let house = House::simplejwt(RotationMode::Off).await;
    let pair = house.login().await;
    for _ in 0..3 {
        let refreshed = house.refresh(pair.refresh.as_str()).await;
        assert!(refreshed.refresh.is_none());
        assert!(house.is_identified(refreshed.access.as_str()).await);
    }
}

#[tokio::test]
async fn forks_live_beside_each_other_and_blacklisting_ends_only_one() {
    let house = House::simplejwt(RotationMode::Fork).await;
    let pair = house.login().await;
    let second = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    let third = house.refresh(second.as_str()).await.refresh.unwrap();
    assert_eq!(
        house
            .authority
            .blacklist(pair.refresh.as_str(), &BROWSER)
            .await
            .unwrap(),
        Blacklisted::Done
    );
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::Blacklisted.into()
    );
    house.refresh(second.as_str()).await;
    house.refresh(third.as_str()).await;
}

#[tokio::test]
async fn a_session_past_its_deadline_is_refused_and_caps_every_token() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.sessions.lifetime = Some(Duration::from_mins(5));
    policy.tokens.leeway = Duration::ZERO;
    let house = House::build(policy).await;
    let pair = house.login().await;
    let deadline = NOON.timestamp().seconds() + 300;
    house.clock.advance_millis(299_000);
    let next = house.refresh(pair.refresh.as_str()).await;
    for token in [&next.access, next.refresh.as_ref().unwrap()] {
        assert_eq!(claims(token).expiration().unwrap().seconds(), deadline);
    }
    house.clock.advance_millis(1_000);
    let refusal = house.refusal(next.refresh.unwrap().as_str()).await;
    assert_eq!(refusal, TokenRefusal::Token(VerifyError::Expired));
}

#[tokio::test]
async fn r03_reuse_ends_no_other_session_of_the_account_and_nobody_elses() {
    let house = House::modern().await;
    let password = Some(PlainPassword::new(PASSWORD.to_owned()));
    house
        .authority
        .create_account("bob".into(), password, with_email("bob"))
        .await
        .unwrap();
    let stolen = house.login().await;
    let elsewhere = house.login().await;
    let SignIn::Opened(bobs) = house.try_login("bob", PASSWORD).await else {
        panic!("bob can sign in");
    };
    house.refresh(stolen.refresh.as_str()).await;
    house.clock.advance_millis(10_001);
    let ended = TokenRefusal::Ledger(Refusal::Ended(EndCause::ReuseDetected));
    assert_eq!(house.refusal(stolen.refresh.as_str()).await, ended);
    for pair in [elsewhere, bobs] {
        assert!(house.is_identified(pair.access.as_str()).await);
        house.refresh(pair.refresh.as_str()).await;
    }
}
