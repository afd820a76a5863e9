//! Tokens that carry a mark of the password.

use super::*;
use crate::password::PasswordMark;

impl House {
    async fn marking(mode: RotationMode) -> Self {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = mode;
        policy.tokens.check_password_mark = true;
        Self::build(policy).await
    }

    async fn change_password(&self) {
        let password = PlainPassword::new("another horse 10 battery".to_owned());
        let alice = self.account("alice").await.id;
        self.authority.set_password(alice, password).await.unwrap();
    }
}

const MODES: [RotationMode; 3] = [RotationMode::Off, RotationMode::Fork, RotationMode::Rotate];

#[tokio::test]
async fn tokens_carry_the_mark_from_the_login_on() {
    let house = House::marking(RotationMode::Rotate).await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    let mark = house.account("alice").await.password_mark;
    for token in [&pair.access, &pair.refresh, &next.access] {
        let claim = claims(token).get::<String>("hash_password").unwrap();
        assert_eq!(claim.unwrap(), mark.as_str());
    }
}

#[tokio::test]
async fn a_changed_password_refuses_tokens_and_takes_refresh_tokens_out_of_use() {
    for mode in MODES {
        let house = House::marking(mode).await;
        let pair = house.login().await;
        house.change_password().await;
        let identification = house.authority.identify(pair.access.as_str()).await;
        assert!(
            matches!(
                identification,
                Ok(Identification::Refused(AccessRefusal::PasswordChanged))
            ),
            "{identification:?}"
        );
        let refusal = house.refusal(pair.refresh.as_str()).await;
        assert_eq!(refusal, Refusal::PasswordChanged.into(), "{mode:?}");
        let again = house.refusal(pair.refresh.as_str()).await;
        assert!(
            matches!(
                again,
                TokenRefusal::Ledger(
                    Refusal::Blacklisted | Refusal::Ended(EndCause::PasswordChanged)
                )
            ),
            "{mode:?}: {again:?}"
        );
    }
}

#[tokio::test]
async fn a_changed_password_takes_sliding_tokens_out_of_use() {
    for mode in MODES {
        let house = House::marking(mode).await;
        let password = PlainPassword::new(PASSWORD.to_owned());
        let signed_in = house
            .authority
            .login_sliding("alice", password, &BROWSER)
            .await;
        let SignIn::Opened(token) = signed_in.unwrap() else {
            panic!("{mode:?}");
        };
        house.change_password().await;
        let mut refusals = Vec::new();
        for _ in 0..2 {
            match house
                .authority
                .refresh_sliding(token.as_str(), &BROWSER)
                .await
                .unwrap()
            {
                Refresh::Refused(refusal) => refusals.push(refusal),
                Refresh::Issued(_) => panic!("{mode:?}"),
            }
        }
        assert_eq!(refusals[0], Refusal::PasswordChanged.into(), "{mode:?}");
        assert_ne!(refusals[1], Refusal::PasswordChanged.into(), "{mode:?}");
    }
}

#[tokio::test]
async fn a_hash_that_is_upgraded_at_sign_in_logs_nobody_out() {
    let house = House::marking(RotationMode::Rotate).await;
    let pair = house.login().await;
    let alice = house.account("alice").await;
    let rehashed = EncodedPassword::from_stored("argon2$rehashed".to_owned());
    house
        .store
        .upgrade_password(alice.id, &alice.password, &rehashed)
        .await
        .unwrap();
    assert_ne!(PasswordMark::of(&rehashed), alice.password_mark);
    assert!(house.is_identified(pair.access.as_str()).await);
    house.refresh(pair.refresh.as_str()).await;
}

#[tokio::test]
async fn a_token_without_the_mark_or_with_another_one_is_refused() {
    for mode in MODES {
        let house = House::marking(mode).await;
        let mark = house.account("alice").await.password_mark;
        let carrying = |id: &str, mark: Option<&str>| {
            house.forge_with("refresh", id, "1", |claims| {
                if let Some(mark) = mark {
                    claims.insert("hash_password", mark).unwrap();
                }
            })
        };
        let lower = mark.as_str().to_lowercase();
        for (n, wrong) in [None, Some("0"), Some(lower.as_str())]
            .into_iter()
            .enumerate()
        {
            let foreign = carrying(&format!("{n:032x}"), wrong);
            assert_eq!(
                house.refusal(&foreign).await,
                Refusal::PasswordChanged.into(),
                "{mode:?} {wrong:?}"
            );
            assert_eq!(house.refusal(&foreign).await, Refusal::Blacklisted.into());
        }
        house
            .refresh(&carrying(FOREIGN_ID, Some(mark.as_str())))
            .await;
    }
}

#[tokio::test]
async fn an_adopted_token_is_taken_out_of_use_with_its_session() {
    let house = House::marking(RotationMode::Off).await;
    let mark = house.account("alice").await.password_mark;
    let foreign = house.forge_with("refresh", FOREIGN_ID, "1", |claims| {
        claims.insert("hash_password", mark.as_str()).unwrap();
    });
    house.refresh(&foreign).await;
    house.change_password().await;
    assert_eq!(
        house.refusal(&foreign).await,
        Refusal::PasswordChanged.into()
    );
    let alice = house.account("alice").await.id;
    assert_eq!(house.store.live_sessions_of(alice).await.unwrap(), []);
    assert!(matches!(
        house.refusal(&foreign).await,
        TokenRefusal::Ledger(Refusal::Ended(EndCause::PasswordChanged))
    ));
}
