//! Generic tokens: what the functions of the JWT manager do, each by its name there.

use super::*;
use crate::audit::Actor;
use crate::policy::{SessionCheck, TokenPolicy, UnfitClaims};
use crate::session::FirstToken;

const SYSTEM: Actor = Actor::System;

fn data(json: &str) -> ClaimsSet {
    ClaimsSet::parse(json).unwrap()
}

fn request(kind: &str, json: &str) -> GenericRequest {
    GenericRequest {
        kind: GenericKind::parse(kind),
        data: data(json),
        lifetime: None,
        account: None,
    }
}

/// Why a token is refused.
fn refused(verification: GenericVerification) -> TokenRefusal {
    match verification {
        GenericVerification::Refused(refusal) => refusal,
        GenericVerification::Valid(token) => panic!("accepted: {:?}", token.claims),
    }
}

impl House {
    /// The JWT manager, with the kind `download` besides.
    async fn manager() -> Self {
        Self::manager_with(|_| ()).await
    }

    async fn manager_with(change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy::preset(Preset::JwtManager);
        policy.tokens.custom_kinds = vec!["download".to_owned()];
        change(&mut policy);
        Self::build(policy).await
    }

    async fn try_issue(&self, request: &GenericRequest) -> Issue {
        let client = Client::default();
        let issued = self.authority.issue(request, &SYSTEM, &client).await;
        issued.unwrap()
    }

    async fn issue(&self, kind: &str, json: &str) -> IssuedToken {
        self.issued(&request(kind, json)).await
    }

    async fn issued(&self, request: &GenericRequest) -> IssuedToken {
        match self.try_issue(request).await {
            Issue::Issued(issued) => issued,
            Issue::Refused(refusal) => panic!("refused: {refusal}"),
        }
    }

    async fn not_issued(&self, request: &GenericRequest) -> IssueRefusal {
        match self.try_issue(request).await {
            Issue::Refused(refusal) => refusal,
            Issue::Issued(issued) => panic!("issued: {issued:?}"),
        }
    }

    async fn verify(&self, token: &str, expected: Option<&str>) -> GenericVerification {
        let expected = expected.map(GenericKind::parse);
        let verified = self.authority.verify_generic(token, expected.as_ref());
        verified.await.unwrap()
    }

    async fn verified(&self, token: &str, expected: Option<&str>) -> ClaimsSet {
        match self.verify(token, expected).await {
            GenericVerification::Valid(token) => token.claims,
            GenericVerification::Refused(refusal) => panic!("refused: {refusal:?}"),
        }
    }

    async fn is_good(&self, token: &str) -> bool {
        matches!(
            self.verify(token, None).await,
            GenericVerification::Valid(_)
        )
    }

    async fn revoke(&self, token: &str) -> &'static str {
        self.authority.revoke_generic(token, &SYSTEM).await.name()
    }
}

#[tokio::test]
async fn create_token_says_the_data_and_lives_as_long_as_its_kind() {
    let house = House::manager().await;
    let json = r#"{"roles":["admin"],"level":1.50,"name":"Zo\u00e9"}"#;
    for (kind, lifetime) in [
        ("access", 1_800),
        ("refresh", 86_400),
        ("websocket", 1_800),
        ("download", 1_800),
    ] {
        let issued = house.issue(kind, json).await;
        let payload = claims(&issued.token);
        let names: Vec<_> = payload.iter().map(|(name, _)| name).collect();
        let own = ["token_type", "exp", "iat", "jti", "session"];
        let whole = [own.as_slice(), &["roles", "level", "name"]].concat();
        assert_eq!(names, whole, "{kind}");
        assert_eq!(payload.raw("level"), Some("1.50"));
        assert_eq!(payload.raw("token_type"), Some(&*format!("{kind:?}")));
        let expires_at = NOON.timestamp().seconds() + lifetime;
        assert_eq!(payload.expiration().unwrap().seconds(), expires_at);
        assert_eq!(issued.expires_at.seconds(), expires_at);
        let session = payload.get::<String>("session").unwrap().unwrap();
        assert_eq!(session, issued.session.hex());
    }
}

#[tokio::test]
async fn create_token_takes_a_lifetime_from_one_second_up() {
    let house = House::manager_with(|policy| policy.tokens.leeway = Duration::ZERO).await;
    for kind in ["access", "refresh", "websocket", "download"] {
        let mut asked = request(kind, "{}");
        asked.lifetime = Some(Duration::from_secs(1));
        let issued = house.issued(&asked).await;
        let token = issued.token.as_str();
        assert_eq!(issued.expires_at.seconds(), NOON.timestamp().seconds() + 1);
        assert!(house.is_good(token).await, "{kind}");
        for unusable in [
            Duration::ZERO,
            Duration::from_millis(999),
            TokenPolicy::MAX_LIFETIME + Duration::from_secs(1),
            Duration::MAX,
        ] {
            asked.lifetime = Some(unusable);
            assert!(
                matches!(
                    house.not_issued(&asked).await,
                    IssueRefusal::UnusableLifetime { .. }
                ),
                "{kind} {unusable:?}"
            );
        }
    }
    assert_eq!(
        house.events().await.len(),
        5,
        "an account and four sessions"
    );
}

#[tokio::test]
async fn no_lifetime_is_longer_than_a_session_may_last() {
    let house = House::manager_with(|policy| {
        policy.sessions.lifetime = Some(Duration::from_hours(1));
        policy.sessions.idle = Some(Duration::from_mins(10));
    })
    .await;
    for (kind, longest_seconds) in [("access", 3_600), ("refresh", 600), ("download", 3_600)] {
        let mut asked = request(kind, "{}");
        asked.lifetime = Some(Duration::from_secs(3_601));
        assert_eq!(
            house.not_issued(&asked).await,
            IssueRefusal::UnusableLifetime { longest_seconds },
            "{kind}"
        );
    }
    let usual = house.issue("refresh", "{}").await;
    assert_eq!(usual.expires_at.seconds(), NOON.timestamp().seconds() + 600);
}

#[tokio::test]
async fn create_token_refuses_claims_that_are_ours() {
    let mut names = vec![
        "exp",
        "iat",
        "nbf",
        "iss",
        "aud",
        "sub",
        "jti",
        "token_type",
    ];
    names.extend(["user_id", "session", "team"]);
    let house = House::manager_with(|policy| {
        policy.claims.from_account = vec![crate::policy::AccountClaim {
            name: "team".to_owned(),
            field: crate::policy::AccountField::Username,
        }];
    })
    .await;
    for name in names {
        let refusal = house
            .not_issued(&request("access", &format!(r#"{{"{name}":1}}"#)))
            .await;
        let own = UnfitClaims::Own(name.into());
        assert_eq!(refusal, IssueRefusal::UnfitData(own));
    }
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(9_000));
    assert_eq!(
        house.not_issued(&request("access", &long)).await,
        IssueRefusal::UnfitData(UnfitClaims::TooLong)
    );
}

#[tokio::test]
async fn only_registered_kinds_are_issued() {
    let house = House::manager().await;
    for kind in ["upload", "Download", "sliding", "untyped", ""] {
        let refusal = house.not_issued(&request(kind, "{}")).await;
        assert_eq!(refusal, IssueRefusal::UnknownKind, "{kind:?}");
    }
}

#[tokio::test]
async fn a_kind_that_is_registered_no_more_is_refused() {
    let house = House::manager().await;
    let token = house.issue("download", "{}").await.token;
    let source = SigningKeySource::Configured(house.key.clone());
    let policy = house.authority.policy().clone();
    let mut without = policy.clone();
    without.tokens.custom_kinds = vec!["upload".to_owned()];
    let mut reordered = policy;
    reordered.tokens.custom_kinds = vec!["upload".to_owned(), "download".to_owned()];
    for (policy, is_good) in [(without, false), (reordered, true)] {
        let node = second_node(policy, &house.store, &house.clock, source.clone()).await;
        let verified = node.verify_generic(token.as_str(), None).await.unwrap();
        let valid = matches!(verified, GenericVerification::Valid(_));
        assert_eq!(valid, is_good);
    }
}

#[tokio::test]
async fn two_tokens_of_one_second_from_the_same_data_differ() {
    let house = House::manager().await;
    for kind in ["access", "refresh", "websocket", "download"] {
        let [one, other] = [
            house.issue(kind, r#"{"a":1}"#).await,
            house.issue(kind, r#"{"a":1}"#).await,
        ];
        assert_ne!(token_id(&one.token), token_id(&other.token));
        assert_eq!(house.revoke(one.token.as_str()).await, "revoked");
        assert!(!house.is_good(one.token.as_str()).await, "{kind}");
        assert!(house.is_good(other.token.as_str()).await, "{kind}");
    }
}

#[tokio::test]
async fn verify_token_gives_the_payload_or_says_why_not() {
    let house = House::manager().await;
    let kinds = ["access", "refresh", "websocket", "download"];
    for kind in kinds {
        let issued = house.issue(kind, r#"{"room":7}"#).await;
        let token = issued.token.as_str();
        assert_eq!(house.verified(token, None).await.raw("room"), Some("7"));
        for expected in kinds {
            let verification = house.verify(token, Some(expected)).await;
            if expected == kind {
                assert!(matches!(verification, GenericVerification::Valid(_)));
            } else {
                let refusal = TokenRefusal::Token(VerifyError::WrongType);
                assert_eq!(refused(verification), refusal, "{kind} as {expected}");
            }
        }
        let mut cut = token.to_owned();
        cut.pop();
        assert!(!house.is_good(&cut).await);
        house.clock.advance_millis(86_400_000 + 10_000);
        assert_eq!(
            refused(house.verify(token, None).await),
            TokenRefusal::Token(VerifyError::Expired)
        );
    }
}

#[tokio::test]
async fn without_a_type_claim_ids_still_tell_kinds_apart() {
    let house = House::manager_with(|policy| {
        policy.tokens.token_type_claim = None;
        policy.tokens.custom_kinds = Vec::new();
    })
    .await;
    for kind in ["access", "refresh", "websocket"] {
        let token = house.issue(kind, "{}").await.token;
        for expected in ["access", "refresh", "websocket"] {
            let verification = house.verify(token.as_str(), Some(expected)).await;
            let valid = matches!(verification, GenericVerification::Valid(_));
            assert_eq!(valid, kind == expected, "{kind} as {expected}");
        }
    }
}

#[tokio::test]
async fn a_token_with_the_id_of_another_kind_is_refused() {
    let house = House::manager().await;
    let websocket = house.issue("websocket", "{}").await.token;
    let mut forged = claims(&websocket);
    for kind in ["access", "refresh", "download"] {
        forged.insert("token_type", kind).unwrap();
        assert!(!house.is_good(&house.sign(&forged)).await, "{kind}");
    }
}

#[tokio::test]
async fn revoke_token_says_what_it_did() {
    let house = House::manager().await;
    for kind in ["access", "refresh", "websocket", "download"] {
        let token = house.issue(kind, "{}").await.token;
        assert_eq!(house.revoke(token.as_str()).await, "revoked", "{kind}");
        assert!(!house.is_good(token.as_str()).await, "{kind}");
        assert_eq!(house.revoke(token.as_str()).await, "already_revoked");
    }
    let expired = house.issue("access", "{}").await.token;
    house.clock.advance_millis(1_800_000 + 10_000);
    for unknown in [expired.as_str(), "", "a.b.c"] {
        assert_eq!(house.revoke(unknown).await, "unknown");
    }
}

#[tokio::test]
async fn where_sessions_are_not_checked_a_revoked_token_dies_all_the_same() {
    let house = House::manager_with(|policy| policy.sessions.check = SessionCheck::Off).await;
    for kind in ["access", "websocket", "download"] {
        let token = house.issue(kind, "{}").await.token;
        assert_eq!(house.revoke(token.as_str()).await, "revoked", "{kind}");
        assert!(!house.is_good(token.as_str()).await, "{kind}");
        assert_eq!(house.revoke(token.as_str()).await, "already_revoked");
    }
}

#[tokio::test]
async fn after_revoking_a_refresh_token_its_access_tokens_are_refused_where_sessions_are_checked() {
    for (check, survives) in [(SessionCheck::On, false), (SessionCheck::Off, true)] {
        let house = House::manager_with(|policy| policy.sessions.check = check).await;
        let first = house.issue("refresh", "{}").await.token;
        let next = house.refresh(first.as_str()).await;
        let current = next.refresh.unwrap();
        assert_eq!(house.revoke(current.as_str()).await, "revoked");
        assert!(!house.is_good(current.as_str()).await);
        assert_eq!(house.is_good(next.access.as_str()).await, survives);
    }
}

#[tokio::test]
async fn an_access_token_of_a_refresh_token_is_revoked_alone() {
    let house = House::manager().await;
    let first = house.issue("refresh", "{}").await.token;
    let next = house.refresh(first.as_str()).await;
    assert_eq!(house.revoke(next.access.as_str()).await, "revoked");
    assert_eq!(house.revoke(next.access.as_str()).await, "already_revoked");
    assert!(!house.is_good(next.access.as_str()).await);
    assert!(house.is_good(next.refresh.unwrap().as_str()).await);
}

#[tokio::test]
async fn refresh_token_spends_the_token_and_keeps_its_data() {
    for preset in Preset::ALL {
        let mut policy = Policy::preset(preset);
        policy.rotation.mode = RotationMode::Rotate;
        policy.rotation.reuse_grace = Duration::ZERO;
        let house = House::build(policy).await;
        for account in [None, Some(house.account("alice").await.id)] {
            let mut asked = request("refresh", r#"{"roles":["admin"],"room":7}"#);
            asked.account = account;
            let mut token = house.issued(&asked).await.token.into_string();
            for _ in 0..2 {
                let next = house.refresh(&token).await;
                let successor = next.refresh.unwrap();
                for new in [&next.access, &successor] {
                    let claims = claims(new);
                    assert_eq!(claims.raw("roles"), Some(r#"["admin"]"#), "{preset:?}");
                    assert_eq!(claims.raw("room"), Some("7"), "{preset:?}");
                    assert_eq!(claims.contains("user_id"), account.is_some());
                }
                assert!(!house.is_good(&token).await, "it is spent");
                assert!(house.is_good(next.access.as_str()).await);
                token = successor.into_string();
            }
        }
    }
}

#[tokio::test]
async fn a_generic_token_of_an_account_says_what_its_other_tokens_say() {
    let house = House::build(Policy::preset(Preset::JwtAllauth)).await;
    let mut asked = request("refresh", r#"{"room":7}"#);
    asked.account = Some(house.account("alice").await.id);
    let issued = house.issued(&asked).await;
    let said = |token: &SignedToken, name| claims(token).raw(name).map(str::to_owned);
    assert_eq!(said(&issued.token, "role").as_deref(), Some("0"));
    let changes = AccountChanges {
        role: Some(300),
        ..AccountChanges::default()
    };
    house
        .authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(asked.account.unwrap(), changes)
        .await
        .unwrap();
    let next = house.refresh(issued.token.as_str()).await;
    assert_eq!(said(&next.access, "role").as_deref(), Some("300"));
    assert_eq!(said(&next.access, "room").as_deref(), Some("7"));
    assert!(house.is_identified(next.access.as_str()).await);
}

#[tokio::test]
async fn a_spent_generic_refresh_token_ends_its_session() {
    let house = House::manager().await;
    let first = house.issue("refresh", "{}").await.token;
    let next = house.refresh(first.as_str()).await;
    house.clock.advance_millis(11_000);
    assert_eq!(
        house.refusal(first.as_str()).await,
        Refusal::Ended(EndCause::ReuseDetected).into()
    );
    assert!(!house.is_good(next.access.as_str()).await);
    assert!(house.events().await.contains(&AuditKind::ReuseDetected));
}

#[tokio::test]
async fn successors_do_not_outlive_the_lifetime_that_was_asked_for() {
    let house = House::manager().await;
    let mut asked = request("refresh", "{}");
    asked.lifetime = Some(Duration::from_secs(100));
    let issued = house.issued(&asked).await;
    house.clock.advance_millis(60_000);
    let next = house.refresh(issued.token.as_str()).await;
    for token in [&next.access, &next.refresh.unwrap()] {
        assert_eq!(claims(token).expiration().unwrap(), issued.expires_at);
    }
}

#[tokio::test]
async fn only_refresh_tokens_are_refreshed() {
    let house = House::manager().await;
    for kind in ["access", "websocket", "download"] {
        let token = house.issue(kind, "{}").await.token;
        assert_eq!(
            house.refusal(token.as_str()).await,
            TokenRefusal::Token(VerifyError::WrongType)
        );
    }
}

#[tokio::test]
async fn a_token_without_account_opens_no_account() {
    let house = House::manager().await;
    let nobodys = house.issue("access", "{}").await.token;
    assert!(matches!(
        house.authority.identify(nobodys.as_str()).await.unwrap(),
        Identification::Refused(AccessRefusal::NoUserClaim)
    ));
    // Not even with the real key: its session is nobody's.
    let mut forged = claims(&nobodys);
    forged.insert("user_id", "1").unwrap();
    assert!(!house.is_identified(&house.sign(&forged)).await);
    let refresh = house.issue("refresh", "{}").await.token;
    let mut forged = claims(&refresh);
    forged.insert("user_id", "1").unwrap();
    assert_eq!(
        house.refusal(&house.sign(&forged)).await,
        Refusal::Unknown.into()
    );
    // Nor the other way round: the session of an account is not nobody's.
    let mut forged = claims(&house.login().await.refresh);
    forged.remove("user_id");
    assert_eq!(
        house.refusal(&house.sign(&forged)).await,
        TokenRefusal::NoAccount
    );
}

#[tokio::test]
async fn whatever_ends_the_sessions_of_an_account_ends_its_generic_tokens() {
    let house = House::manager().await;
    let alice = house.account("alice").await;
    for kind in ["access", "refresh", "websocket", "download"] {
        let mut asked = request(kind, "{}");
        asked.account = Some(alice.id);
        let mine = house.issued(&asked).await.token;
        let nobodys = house.issue(kind, "{}").await.token;
        let password = PlainPassword::new("another good 1 password".to_owned());
        house
            .authority
            .set_password(alice.id, password)
            .await
            .unwrap();
        assert!(!house.is_good(mine.as_str()).await, "{kind}");
        assert!(house.is_good(nobodys.as_str()).await, "{kind}");
    }
}

#[tokio::test]
async fn an_account_that_may_not_sign_in_gets_no_generic_token() {
    let house = House::manager().await;
    let alice = house.account("alice").await;
    let mut asked = request("access", "{}");
    asked.account = Some(AccountId::new(4_000_000_007));
    assert_eq!(house.not_issued(&asked).await, IssueRefusal::AccountRefused);
    asked.account = Some(alice.id);
    let changes = AccountChanges {
        standing: Some(Standing::Inactive),
        ..AccountChanges::default()
    };
    house
        .authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(alice.id, changes)
        .await
        .unwrap();
    assert_eq!(house.not_issued(&asked).await, IssueRefusal::AccountRefused);
}

#[tokio::test]
async fn issuing_tokens_signs_nobody_out() {
    let house = House::manager_with(|policy| policy.sessions.limit = Some(2)).await;
    let pair = house.login().await;
    let mut asked = request("access", "{}");
    asked.account = Some(house.account("alice").await.id);
    let mut issued = Vec::new();
    for _ in 0..5 {
        issued.push(house.issued(&asked).await.token);
    }
    house.login().await;
    assert!(house.is_identified(pair.access.as_str()).await);
    for token in &issued {
        assert!(house.is_good(token.as_str()).await);
    }
    // A refresh token counts as a sign-in does: the oldest goes.
    asked.kind = GenericKind::Refresh;
    house.issued(&asked).await;
    assert!(!house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn the_lists_show_refresh_tokens_only() {
    let house = House::manager().await;
    for kind in ["access", "websocket", "download"] {
        house.issue(kind, "{}").await;
    }
    let refresh = house.issue("refresh", "{}").await.token;
    let query = TokenQuery {
        user: None,
        token_id: None,
        after: None,
        limit: 10,
    };
    let listing = house.authority.outstanding_tokens(&query).await.unwrap();
    let TokenListing::Page(page) = listing else {
        panic!("{listing:?}");
    };
    let ids: Vec<_> = page.tokens.iter().map(|token| &token.token_id).collect();
    assert_eq!(ids, [&token_id(&refresh)]);
    assert_eq!(page.tokens[0].user, None);
}

#[tokio::test]
async fn cleanup_removes_the_sessions_of_expired_tokens() {
    let house = House::manager().await;
    let mut asked = request("download", "{}");
    asked.lifetime = Some(Duration::from_mins(1));
    house.issued(&asked).await;
    let kept = house.issue("refresh", "{}").await.token;
    house.clock.advance_millis(3_600_000);
    let purged = house.authority.purge_expired(PurgeHorizon::Unbounded).await;
    assert_eq!(purged.unwrap().sessions, 1);
    assert!(house.is_good(kept.as_str()).await);
}

#[tokio::test]
async fn the_audit_log_names_whoever_issued_and_revoked() {
    let house = House::manager().await;
    let issued = house.issue("refresh", "{}").await;
    house.revoke(issued.token.as_str()).await;
    let mut events = house.store.recent_audit(100).await.unwrap();
    events.retain(|event| event.session == Some(issued.session));
    events.sort_by_key(|event| event.kind.name());
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.actor.clone(), event.subject))
        .collect();
    assert_eq!(
        seen,
        [
            (AuditKind::SessionEnded, SYSTEM, None),
            (AuditKind::SessionOpened, SYSTEM, None)
        ]
    );
}

#[tokio::test]
async fn a_session_says_what_it_was_opened_with() {
    let house = House::manager().await;
    for (kind, first_token) in [
        ("access", FirstToken::Single),
        ("refresh", FirstToken::GenericRefresh),
    ] {
        let issued = house.issue(kind, "{}").await;
        let found = house.store.find_session_by_sid(issued.session).await;
        let session = found.unwrap().unwrap();
        assert_eq!((session.first_token, session.account), (first_token, None));
    }
}
