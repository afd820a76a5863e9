//! The verify operation.

use super::*;

#[tokio::test]
async fn verify_asks_the_ledger_where_the_settings_say_so() {
    let cases = [
        (
            RotationMode::Off,
            VerifyPolicy::AsksLedgerWithBlacklisting,
            true,
        ),
        (
            RotationMode::Rotate,
            VerifyPolicy::AsksLedgerWithBlacklisting,
            false,
        ),
        (RotationMode::Off, VerifyPolicy::AsksLedger, false),
    ];
    for (mode, verify, stays_valid) in cases {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = mode;
        policy.verify = verify;
        let house = House::build(policy).await;
        let pair = house.login().await;
        for token in [&pair.access, &pair.refresh] {
            assert_eq!(
                house.authority.verify_token(token.as_str()).await.unwrap(),
                Verification::Valid
            );
        }
        house
            .authority
            .blacklist(pair.refresh.as_str(), &BROWSER)
            .await
            .unwrap();
        let verdict = house
            .authority
            .verify_token(pair.refresh.as_str())
            .await
            .unwrap();
        assert_eq!(
            verdict == Verification::Valid,
            stays_valid,
            "{mode:?} {verify:?}"
        );
    }
}

#[tokio::test]
async fn a_revoked_access_token_is_refused_where_tokens_do_not_say_their_kind() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.tokens.token_type_claim = None;
    let house = House::build(policy).await;
    let access = house.login().await.access;
    let verdict = async || house.authority.verify_token(access.as_str()).await.unwrap();
    assert_eq!(verdict().await, Verification::Valid);
    house.authority.revoke(access.as_str()).await.unwrap();
    assert_ne!(verdict().await, Verification::Valid);
}

#[tokio::test]
async fn verify_takes_foreign_tokens_of_any_kind_under_simplejwt() {
    let house = House::simplejwt(RotationMode::Off).await;
    for kind in ["access", "refresh", "anything"] {
        let token = house.forge(kind, FOREIGN_ID, "12345");
        assert_eq!(
            house.authority.verify_token(&token).await.unwrap(),
            Verification::Valid,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn an_id_of_ours_under_another_type_is_refused_without_asking_the_store() {
    let house = House::simplejwt(RotationMode::Off).await;
    let access = token_id(&house.login().await.access);
    for kind in ["refresh", "sliding", "websocket", "custom"] {
        let verdict = house
            .authority
            .verify_token(&house.forge(kind, &access, "1"))
            .await
            .unwrap();
        assert_ne!(verdict, Verification::Valid, "{kind}");
    }
}

#[tokio::test]
async fn a_foreign_token_from_before_its_accounts_sessions_were_ended_does_not_verify() {
    for mode in [RotationMode::Off, RotationMode::Rotate] {
        let house = House::simplejwt(mode).await;
        let tokens = ["access", "refresh", "sliding"].map(|kind| {
            (
                kind,
                house.forge(kind, &format!("a {kind} token of Django"), "1"),
            )
        });
        for (kind, token) in &tokens {
            let verified = house.authority.verify_token(token).await.unwrap();
            assert_eq!(verified, Verification::Valid, "{mode:?} {kind}");
        }
        let alice = house.account("alice").await.id;
        house
            .store
            .end_sessions_of(alice, None, EndCause::EndedByOperator, NOON, None)
            .await
            .unwrap();
        for (kind, token) in &tokens {
            let verified = house.authority.verify_token(token).await.unwrap();
            assert_ne!(verified, Verification::Valid, "{mode:?} {kind}");
        }
    }
}
