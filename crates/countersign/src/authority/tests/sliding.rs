//! Sliding tokens: one session, no write, and a window that closes.

use countersign_token::Timestamp;

use super::*;
use crate::policy::TokenClass;

const SECOND: i64 = 1_000;
const DAY: i64 = 86_400;

impl House {
    /// SimpleJWT whose resources take sliding tokens, too.
    async fn sliding() -> Self {
        Self::sliding_with(|_| ()).await
    }

    async fn sliding_with(change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.tokens.resource_classes = vec![TokenClass::Access, TokenClass::Sliding];
        policy.verify = VerifyPolicy::AsksLedger;
        change(&mut policy);
        Self::build(policy).await
    }

    pub(super) async fn login_sliding(&self) -> SignedToken {
        let password = PlainPassword::new(PASSWORD.to_owned());
        let signed_in = self
            .authority
            .login_sliding("alice", password, &BROWSER)
            .await
            .unwrap();
        match signed_in {
            SignIn::Opened(token) => token,
            other => panic!("no sign-in: {other:?}"),
        }
    }

    async fn slide(&self, token: &str) -> Result<SignedToken, TokenRefusal> {
        match self
            .authority
            .refresh_sliding(token, &BROWSER)
            .await
            .unwrap()
        {
            Refresh::Issued(token) => Ok(token),
            Refresh::Refused(refusal) => Err(refusal),
        }
    }

    async fn alice(&self) -> AccountId {
        let alice = self.authority.find_account("alice").await.unwrap();
        alice.unwrap().id
    }

    async fn only_session(&self) -> crate::session::SessionRecord {
        let sessions = self.store.live_sessions_of(self.alice().await).await;
        let [session] = &sessions.unwrap()[..] else {
            panic!("not one session")
        };
        session.clone()
    }

    /// A foreign sliding token that can be refreshed for a day.
    fn forge_sliding(&self) -> String {
        self.forge_with("sliding", FOREIGN_ID, "1", |claims| {
            claims.insert("refresh_exp", noon_and(DAY)).unwrap();
        })
    }
}

fn noon_and(seconds: i64) -> i64 {
    NOON.timestamp().seconds() + seconds
}

/// A refresh token with the same id.
fn as_refresh(house: &House, token: &str) -> String {
    let mut claims = claims_of(token);
    claims.insert("token_type", "refresh").unwrap();
    house.sign(&claims)
}

#[tokio::test]
async fn a_sign_in_opens_one_session_and_writes_the_claims_of_the_original_in_its_order() {
    let house = House::sliding().await;
    let claims = claims(&house.login_sliding().await);
    let names: Vec<_> = claims.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["token_type", "exp", "iat", "jti", "refresh_exp", "user_id"]
    );
    assert_eq!(claims.raw("token_type"), Some("\"sliding\""));
    assert_eq!(claims.raw("exp"), Some(&*noon_and(300).to_string()));
    assert_eq!(claims.raw("refresh_exp"), Some(&*noon_and(DAY).to_string()));
    let session = house.only_session().await;
    let opened = house.authority.keys.open(&claims.token_id().unwrap());
    let at = GenerationAddress {
        session: session.number,
        generation: Generation::FIRST,
        salt: session.sid.salt(),
    };
    let Opened::Ours { address, .. } = opened else {
        panic!("{opened:?}")
    };
    assert_eq!(address, TokenAddress::Sliding(at));
    assert_eq!(session.refresh_expires_at.seconds(), noon_and(DAY));
    assert_eq!(session.keep_until.seconds(), noon_and(DAY + 300));
}

#[tokio::test]
async fn a_refresh_changes_exp_and_iat_alone_and_writes_nothing() {
    let house = House::sliding().await;
    let first = house.login_sliding().await;
    let (row, events) = (house.only_session().await, house.events().await);
    house.clock.advance_millis(100 * SECOND);
    let second = house.slide(first.as_str()).await.unwrap();
    let mut expected = claims(&first);
    expected.set_expiration(Timestamp::from_seconds(noon_and(400)));
    expected.set_issued_at(Timestamp::from_seconds(noon_and(100)));
    assert_eq!(claims(&second), expected);
    assert_eq!(
        (house.only_session().await, house.events().await),
        (row, events)
    );
    for token in [&first, &second] {
        assert!(house.is_identified(token.as_str()).await);
        house.slide(token.as_str()).await.unwrap();
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_although_its_window_is_open() {
    let house = House::sliding().await;
    let token = house.login_sliding().await;
    house.clock.advance_millis(300 * SECOND);
    let refusal = house.slide(token.as_str()).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::Token(VerifyError::Expired));
}

#[tokio::test]
async fn the_window_closes_to_the_second_and_leeway_holds_it_open() {
    let claim = || "refresh_exp".into();
    for (leeway, last_second) in [(0, DAY - 1), (30, DAY + 29)] {
        let house = House::sliding_with(|policy| {
            policy.tokens.leeway = Duration::from_secs(leeway);
            policy.tokens.sliding_lifetime = Duration::from_hours(48);
        })
        .await;
        let token = house.login_sliding().await;
        house.clock.advance_millis(last_second * SECOND + 999);
        house.slide(token.as_str()).await.unwrap();
        house.clock.advance_millis(1);
        assert_eq!(
            house.slide(token.as_str()).await.unwrap_err(),
            TokenRefusal::RefreshWindowClosed { claim: claim() }
        );
    }
}

#[tokio::test]
async fn a_window_that_is_missing_or_no_date_is_refused() {
    let house = House::sliding().await;
    let not_acceptable = || {
        TokenRefusal::Token(VerifyError::ClaimNotAcceptable {
            claim: "refresh_exp".into(),
        })
    };
    let rows = [
        ("4102444800", None),
        ("4102444800.9", None),
        ("\"4102444800\"", Some(not_acceptable())),
        ("null", Some(not_acceptable())),
        ("[]", Some(not_acceptable())),
        ("-1", Some(not_acceptable())),
        ("253402300800", Some(not_acceptable())),
    ];
    for (value, refusal) in rows {
        let token = house.forge_with("sliding", FOREIGN_ID, "1", |claims| {
            claims.insert_raw("refresh_exp", value).unwrap();
        });
        assert_eq!(house.slide(&token).await.err(), refusal, "{value}");
    }
    assert_eq!(
        house
            .slide(&house.forge("sliding", FOREIGN_ID, "1"))
            .await
            .err(),
        Some(TokenRefusal::NoRefreshWindow {
            claim: "refresh_exp".into()
        })
    );
}

#[tokio::test]
async fn the_claims_have_the_names_in_the_settings() {
    let house = House::sliding_with(|policy| {
        policy.tokens.sliding_refresh_claim = "window_end".to_owned();
        policy.tokens.token_type_claim = Some("kind".to_owned());
        policy.tokens.token_id_claim = "tid".to_owned();
        policy.tokens.user_claim = "uid".to_owned();
        policy.tokens.session_claim = Some("sid".to_owned());
        policy.tokens.issuer = Some("https://id.example".to_owned());
    })
    .await;
    let token = house.login_sliding().await;
    let again = house.slide(token.as_str()).await.unwrap();
    for token in [&token, &again] {
        let claims = claims(token);
        let names: Vec<_> = claims.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "kind",
                "exp",
                "iat",
                "tid",
                "window_end",
                "uid",
                "sid",
                "iss"
            ]
        );
    }
    assert!(house.is_identified(again.as_str()).await);
}

#[tokio::test]
async fn a_deadline_caps_the_token_and_its_window() {
    let house = House::sliding_with(|policy| {
        policy.sessions.lifetime = Some(Duration::from_secs(400));
    })
    .await;
    let token = house.login_sliding().await;
    assert_eq!(
        claims(&token).raw("refresh_exp"),
        Some(&*noon_and(400).to_string())
    );
    house.clock.advance_millis(299 * SECOND);
    let last = house.slide(token.as_str()).await.unwrap();
    assert_eq!(claims(&last).expiration().unwrap().seconds(), noon_and(400));
}

#[tokio::test]
async fn who_ends_the_session_ends_every_token_of_it() {
    let house = House::sliding().await;
    let first = house.login_sliding().await;
    let second = house.slide(first.as_str()).await.unwrap();
    let session = house.only_session().await;
    let cause = EndCause::EndedByOwner;
    house
        .store
        .end_session(session.number, cause, NOON, None)
        .await
        .unwrap();
    for token in [first.as_str(), second.as_str()] {
        let ended = Refusal::Ended(cause);
        assert_eq!(house.slide(token).await.unwrap_err(), ended.into());
        assert_eq!(
            house.authority.verify_token(token).await.unwrap(),
            Verification::Spent(ended)
        );
        assert!(!house.is_identified(token).await);
    }
}

#[tokio::test]
async fn blacklisting_goes_by_the_id_and_its_kind_is_refused_as_such() {
    let house = House::sliding().await;
    let token = house.login_sliding().await;
    let blacklist = async |token: &str| house.authority.blacklist(token, &BROWSER).await.unwrap();
    assert_eq!(
        blacklist(token.as_str()).await,
        Blacklisted::Refused(VerifyError::WrongType.into())
    );
    let as_refresh = as_refresh(&house, token.as_str());
    assert_eq!(blacklist(&as_refresh).await, Blacklisted::Done);
    let ended: TokenRefusal = Refusal::Ended(EndCause::Logout).into();
    // The list is looked at before the kind, at every endpoint.
    for token in [token.as_str(), &as_refresh] {
        assert_eq!(blacklist(token).await, Blacklisted::Refused(ended.clone()));
    }
    assert_eq!(house.slide(token.as_str()).await.unwrap_err(), ended);
    assert_eq!(house.refusal(token.as_str()).await, ended);
}

#[tokio::test]
async fn the_account_is_looked_at_as_at_a_refresh() {
    let house = House::sliding().await;
    let token = house.login_sliding().await;
    let foreign = house.forge_sliding();
    let alice = house.alice().await;
    let set = async |standing| house.authority.set_standing(alice, standing).await.unwrap();
    set(Standing::Inactive).await;
    for token in [token.as_str(), &foreign] {
        let refusal = house.slide(token).await.unwrap_err();
        assert_eq!(refusal, Refusal::AccountInactive.into());
    }
    set(Standing::Active).await;
    house.slide(token.as_str()).await.unwrap();
    house.authority.delete_account(alice).await.unwrap();
    for token in [token.as_str(), &foreign] {
        let refusal = house.slide(token).await.unwrap_err();
        assert_eq!(refusal, Refusal::AccountGone.into());
    }
}

#[tokio::test]
async fn an_id_in_a_token_of_another_kind_or_account_is_refused() {
    let house = House::sliding().await;
    let sliding = token_id(&house.login_sliding().await);
    let pair = house.login().await;
    let refresh = token_id(&pair.refresh);
    let unknown = TokenRefusal::from(Refusal::Unknown);
    for (kind, id, account) in [("sliding", &refresh, "1"), ("sliding", &sliding, "2")] {
        let forged = house.forge(kind, id, account);
        assert_eq!(house.slide(&forged).await.unwrap_err(), unknown, "{kind}");
        assert!(!house.is_identified(&forged).await, "{kind}");
    }
    assert_eq!(
        house.refusal(&house.forge("refresh", &sliding, "1")).await,
        unknown
    );
    assert_eq!(
        house
            .slide(&house.forge("sliding", &sliding, "one"))
            .await
            .err(),
        Some(TokenRefusal::NoAccount)
    );
}

#[tokio::test]
async fn what_an_operator_revokes_is_refused_everywhere() {
    let house = House::sliding_with(|policy| {
        policy.verify = VerifyPolicy::AsksLedgerWithBlacklisting;
    })
    .await;
    let (token, foreign) = (house.login_sliding().await, house.forge_sliding());
    for token in [token.as_str(), &foreign] {
        house.slide(token).await.unwrap();
        house.authority.revoke(token).await.unwrap();
        assert!(matches!(
            house.slide(token).await,
            Err(TokenRefusal::Ledger(_))
        ));
        assert!(!house.is_identified(token).await);
    }
    let later = house.login_sliding().await;
    house.store.revoke_everything(NOON, None).await.unwrap();
    house.clock.advance_millis(SECOND);
    assert!(house.slide(later.as_str()).await.is_err());
    assert_eq!(
        house.authority.verify_token(later.as_str()).await.unwrap(),
        Verification::Spent(Refusal::Blacklisted)
    );
}

#[tokio::test]
async fn a_foreign_token_keeps_its_id_and_opens_no_session() {
    let house = House::sliding().await;
    let foreign = house.forge_sliding();
    house.clock.advance_millis(60 * SECOND);
    let next = house.slide(&foreign).await.unwrap();
    assert_eq!(token_id(&next), FOREIGN_ID);
    assert_eq!(claims(&next).expiration().unwrap().seconds(), noon_and(360));
    assert!(house.is_identified(next.as_str()).await);
    let sessions = house.store.live_sessions_of(house.alice().await).await;
    assert_eq!(sessions.unwrap(), []);
}

#[tokio::test]
async fn a_foreign_token_is_taken_only_where_the_settings_say_so() {
    for policy in [ForeignTokenPolicy::Off, ForeignTokenPolicy::Recorded] {
        let house = House::sliding_with(|all| all.foreign = policy).await;
        let foreign = house.forge_sliding();
        let refusal = house.slide(&foreign).await.unwrap_err();
        assert_eq!(refusal, TokenRefusal::Foreign, "{policy:?}");
        assert!(!house.is_identified(&foreign).await, "{policy:?}");
    }
}

#[tokio::test]
async fn a_foreign_token_from_before_a_revocation_is_refused() {
    let house = House::sliding().await;
    let foreign = house.forge_sliding();
    house.store.revoke_everything(NOON, None).await.unwrap();
    house.clock.advance_millis(SECOND);
    let refusal = house.slide(&foreign).await.unwrap_err();
    assert_eq!(refusal, Refusal::Blacklisted.into());
    assert!(!house.is_identified(&foreign).await);
}

/// SimpleJWT's list forgets a sliding token at its first `exp` (its most surprising defect).
#[tokio::test]
async fn purging_revives_no_blacklisted_token() {
    let house = House::sliding_with(|policy| {
        policy.tokens.sliding_lifetime = Duration::from_hours(3);
    })
    .await;
    let (own, foreign) = (house.login_sliding().await, house.forge_sliding());
    let mut renewed = Vec::new();
    for token in [own.as_str(), &foreign] {
        house.clock.set(NOON);
        let as_refresh = as_refresh(&house, token);
        house.clock.advance_millis(500 * SECOND);
        renewed.push(house.slide(token).await.unwrap());
        let blacklisted = house.authority.blacklist(&as_refresh, &BROWSER).await;
        assert_eq!(blacklisted.unwrap(), Blacklisted::Done);
    }
    house.clock.advance_millis(3_600 * SECOND);
    house
        .authority
        .purge_expired(PurgeHorizon::Unbounded)
        .await
        .unwrap();
    for token in &renewed {
        assert!(matches!(
            house.slide(token.as_str()).await,
            Err(TokenRefusal::Ledger(_))
        ));
    }
}

#[tokio::test]
async fn a_row_is_kept_as_long_as_the_last_token_that_it_can_have() {
    let house = House::sliding_with(|policy| {
        policy.tokens.sliding_lifetime = Duration::from_hours(48);
    })
    .await;
    let token = house.login_sliding().await;
    house.clock.advance_millis((DAY - 1) * SECOND);
    let last = house.slide(token.as_str()).await.unwrap();
    let lives_until = claims(&last).expiration().unwrap().seconds();
    assert_eq!(lives_until, noon_and(3 * DAY - 1));
    house.clock.set(UnixMillis::from_seconds(lives_until - 1));
    house
        .authority
        .purge_expired(PurgeHorizon::Unbounded)
        .await
        .unwrap();
    assert!(house.is_identified(last.as_str()).await);
}

#[tokio::test]
async fn a_class_is_told_by_the_seal_where_kinds_are_not_written() {
    let house = House::sliding_with(|policy| policy.tokens.token_type_claim = None).await;
    let (pair, sliding) = (house.login().await, house.login_sliding().await);
    assert!(house.is_identified(pair.access.as_str()).await);
    assert!(house.is_identified(sliding.as_str()).await);
    assert!(!house.is_identified(pair.refresh.as_str()).await);
    for token in [&pair.access, &pair.refresh] {
        let refusal = house.slide(token.as_str()).await.unwrap_err();
        assert_eq!(refusal, Refusal::Unknown.into());
        let verified = house.authority.verify_token(token.as_str()).await;
        assert_eq!(verified.unwrap(), Verification::Valid);
    }
}
