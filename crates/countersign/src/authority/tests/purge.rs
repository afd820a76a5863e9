//! Purging, also under a clock that is wrong.

use super::*;

#[tokio::test]
async fn a_clock_that_jumped_ahead_deletes_nobody() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    house.authority.blacklist(&foreign, &BROWSER).await.unwrap();
    let purge = async || {
        let purged = house.authority.purge_expired(PurgeHorizon::Cautious).await;
        purged.unwrap()
    };
    house.clock.advance_millis(60_000);
    purge().await;
    house.clock.advance_millis(40 * 86_400_000);
    let report = purge().await;
    assert_eq!(
        (report.sessions, report.foreign_tokens, report.held_back),
        (0, 0, true)
    );
    house.clock.set(NOON);
    house.refresh(pair.refresh.as_str()).await;
    assert_eq!(house.refusal(&foreign).await, Refusal::Blacklisted.into());
}

#[tokio::test]
async fn purging_keeps_what_a_token_can_still_need_and_drops_the_rest() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    house.refresh(pair.refresh.as_str()).await;
    let report = house
        .authority
        .purge_expired(PurgeHorizon::Cautious)
        .await
        .unwrap();
    assert_eq!((report.sessions, report.held_back), (0, false));
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::Spent.into()
    );
    house.clock.advance_millis(1000 * (86_400 + 300 + 301));
    let report = house
        .authority
        .purge_expired(PurgeHorizon::Unbounded)
        .await
        .unwrap();
    assert_eq!(report.sessions, 1);
}

#[tokio::test]
async fn a_purge_goes_in_small_batches() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    for _ in 0..450 {
        house
            .authority
            .open_session(AccountId::new(1), &BROWSER)
            .await
            .unwrap();
    }
    house.clock.advance_millis(2 * 86_400_000);
    let begun = house.authority.begin_purge(PurgeHorizon::Unbounded).await;
    let mut purge = begun.unwrap();
    let mut told = Vec::new();
    while purge.next_batch().await.unwrap() {
        told.push(purge.report().sessions);
    }
    told.dedup();
    assert_eq!(told, [200, 400, 450]);
    assert!(!purge.next_batch().await.unwrap(), "it is over");
    assert_eq!(purge.report().total(), 450);
}

#[tokio::test]
async fn a_preview_tells_what_a_purge_does_and_does_nothing() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    house.refresh(pair.refresh.as_str()).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    house.authority.blacklist(&foreign, &BROWSER).await.unwrap();
    house.clock.advance_millis(40 * 86_400_000);
    for horizon in [PurgeHorizon::Cautious, PurgeHorizon::Unbounded] {
        let preview = house.authority.preview_purge(horizon).await.unwrap();
        let again = house.authority.preview_purge(horizon).await.unwrap();
        let purged = house.authority.purge_expired(horizon).await.unwrap();
        assert_eq!((preview, again), (purged, purged), "{horizon:?}");
    }
}

#[tokio::test]
async fn audit_events_go_once_they_are_older_than_they_are_kept() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.audit_keep = Some(Duration::from_hours(7 * 24));
    let house = House::build(policy).await;
    house.login().await;
    house.clock.advance_millis(6 * 86_400_000);
    house.login().await;
    let purge = async || {
        let preview = house
            .authority
            .preview_purge(PurgeHorizon::Unbounded)
            .await
            .unwrap();
        let purged = house
            .authority
            .purge_expired(PurgeHorizon::Unbounded)
            .await
            .unwrap();
        assert_eq!(preview.audit_events, purged.audit_events);
        purged.audit_events
    };
    house.clock.advance_millis(86_400_000);
    assert_eq!(purge().await, 0, "what a longer leeway could still need");
    house.clock.advance_millis(301_000);
    assert_eq!(purge().await, 2);
    assert_eq!(house.events().await, [AuditKind::Login]);
}

#[tokio::test]
async fn a_clock_that_jumped_ahead_takes_no_audit_events_along() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.audit_keep = Some(Duration::from_hours(7 * 24));
    let house = House::build(policy).await;
    house.login().await;
    let purge = async || {
        let purged = house.authority.purge_expired(PurgeHorizon::Cautious).await;
        purged.unwrap().audit_events
    };
    purge().await;
    house.clock.advance_millis(400 * 86_400_000);
    assert_eq!(purge().await, 0);
    let kept = [AuditKind::Login, AuditKind::AccountCreated];
    assert_eq!(house.events().await, kept);
}
