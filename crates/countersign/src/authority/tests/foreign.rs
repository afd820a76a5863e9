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
