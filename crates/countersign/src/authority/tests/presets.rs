//! What each preset writes into its tokens, and when a session that rests is over.

use super::*;
use crate::account::Privileges;

/// Names and values of a payload, but for ids and the user.
fn shape(token: &SignedToken) -> Vec<(String, String)> {
    claims(token)
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .filter(|(name, _)| !["jti", "user_id"].contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn tokens_of_jwt_allauth_name_their_session_its_start_and_the_role() {
    let house = House::build(Policy::preset(Preset::JwtAllauth)).await;
    let pair = house.login().await;
    let (noon, session) = (NOON.timestamp().seconds(), pair.session.hex());
    let expected = |kind: &str, issued_at: i64, lifetime: i64| {
        [
            ("token_type", format!("{kind:?}")),
            ("exp", (issued_at + lifetime).to_string()),
            ("iat", issued_at.to_string()),
            ("session", format!("{session:?}")),
            ("session_iat", noon.to_string()),
            ("email_verified", "false".to_owned()),
            ("role", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    };
    assert_eq!(shape(&pair.refresh), expected("refresh", noon, 14 * 86_400));
    assert_eq!(shape(&pair.access), expected("access", noon, 1_800));

    house.clock.advance_millis(60_000);
    let next = house.refresh(pair.refresh.as_str()).await;
    let successor = next.refresh.unwrap();
    assert_eq!(
        shape(&successor),
        expected("refresh", noon + 60, 14 * 86_400)
    );
    assert_eq!(shape(&next.access), expected("access", noon + 60, 1_800));
}

#[tokio::test]
async fn a_role_reaches_the_claim_with_the_next_refresh() {
    let house = House::build(Policy::preset(Preset::JwtAllauth)).await;
    let pair = house.login().await;
    let changes = AccountChanges {
        role: Some(300),
        ..AccountChanges::default()
    };
    let alice = house.account("alice").await;
    assert_eq!(alice.privileges, Privileges::default());
    house
        .authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(alice.id, changes)
        .await
        .unwrap();
    let next = house.refresh(pair.refresh.as_str()).await;
    assert_eq!(claims(&next.access).raw("role"), Some("300"));
}

#[tokio::test]
async fn a_session_that_rests_too_long_is_over_and_each_refresh_keeps_it_awake() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.sessions.idle = Some(Duration::from_mins(20));
    policy.sessions.lifetime = Some(Duration::from_hours(1));
    policy.tokens.leeway = Duration::ZERO;
    let house = House::build(policy).await;
    let mut refresh = house.login().await.refresh;
    for _ in 0..3 {
        house.clock.advance_millis(19 * 60_000);
        refresh = house.refresh(refresh.as_str()).await.refresh.unwrap();
    }
    // 57 minutes in: the deadline is nearer than the time-out.
    let deadline = NOON.timestamp().seconds() + 3_600;
    assert_eq!(claims(&refresh).expiration().unwrap().seconds(), deadline);

    let resting = house.login().await;
    house.clock.advance_millis(20 * 60_000);
    assert_eq!(
        house.refusal(resting.refresh.as_str()).await,
        TokenRefusal::Token(VerifyError::Expired)
    );
}
