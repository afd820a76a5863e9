//! What settings and hooks add: who is admitted, what tokens say besides naming their account, who is told.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;

use super::*;
use crate::audit::Actor;
use crate::hooks::{
    ClaimsRefusal, ClaimsRequest, ClaimsSource, Occasion, SignInObserver, SignInRefused, SignedIn,
};
use crate::policy::{AccountClaim, AccountField, ClaimsAtRefresh, UnfitClaims};
use crate::store::{
    AccountEdit, AccountTable as _, EditTarget, PrivilegeChange, Reach, SessionsOnChange,
};

impl House {
    async fn hooked(policy: Policy, hooks: Hooks) -> Self {
        let house = Self::build(policy).await;
        let authority = Arc::into_inner(house.authority).unwrap();
        Self {
            authority: Arc::new(authority.with_hooks(hooks)),
            ..house
        }
    }

    /// Makes `bob`, of the team blue.
    async fn with_bob(self) -> Self {
        let request = AccountRequest {
            email: "bob@example.com".to_owned(),
            attributes: ClaimsSet::parse(r#"{"team":"blue","level":1.50}"#).unwrap(),
            ..AccountRequest::default()
        };
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        self.authority
            .create_account("bob".to_owned(), password, request)
            .await
            .unwrap();
        self
    }

    async fn login_as(&self, name: &str) -> TokenPair {
        match self.try_login(name, PASSWORD).await {
            SignIn::Opened(pair) => pair,
            other => panic!("no sign-in: {other:?}"),
        }
    }

    async fn account_id(&self, name: &str) -> AccountId {
        let found = self.authority.find_account(name).await.unwrap();
        found.unwrap().id
    }

    async fn set_attributes(&self, name: &str, attributes: ClaimsSet) -> Result<u64, AccountError> {
        let changes = AccountChanges {
            attributes: Some(attributes),
            ..AccountChanges::default()
        };
        let id = self.account_id(name).await;
        let operator = self
            .authority
            .administered_by(Administrator::Operator, &BROWSER);
        operator.change_account(id, changes).await
    }

    async fn make_staff(&self, name: &str, staff: bool) {
        let changes = AccountChanges {
            privileges: PrivilegeChange {
                staff: Some(staff),
                superuser: None,
            },
            ..AccountChanges::default()
        };
        let id = self.account_id(name).await;
        let operator = self
            .authority
            .administered_by(Administrator::Operator, &BROWSER);
        operator.change_account(id, changes).await.unwrap();
    }

    async fn sessions_of(&self, name: &str) -> usize {
        let id = self.account_id(name).await;
        self.store.live_sessions_of(id).await.unwrap().len()
    }
}

/// A policy with claims from the account.
fn telling(preset: Preset, claims: &[(&str, &str)]) -> Policy {
    let mut policy = Policy::preset(preset);
    let claim = |&(name, field): &(&str, &str)| AccountClaim {
        name: name.to_owned(),
        field: AccountField::parse(field).unwrap(),
    };
    policy.claims.from_account = claims.iter().map(claim).collect();
    policy
}

/// Gives what it is told to, and counts how often it was asked.
struct Source {
    answer: Mutex<Result<&'static str, Trouble>>,
    asked: AtomicUsize,
    last: Mutex<Option<(Occasion, Option<SessionId>, String)>>,
    /// Whether what it gave last fits.
    room: Mutex<Option<bool>>,
}

#[derive(Clone, Copy)]
enum Trouble {
    Refuses,
    IsDown,
}

impl Source {
    fn giving(claims: &'static str) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(Ok(claims)),
            asked: AtomicUsize::new(0),
            last: Mutex::new(None),
            room: Mutex::new(None),
        })
    }

    fn now(&self, answer: Result<&'static str, Trouble>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn hooks(self: &Arc<Self>) -> Hooks {
        Hooks::default().claims(self.clone())
    }
}

#[async_trait]
impl ClaimsSource for Source {
    async fn claims(&self, request: &ClaimsRequest<'_>) -> Result<ClaimsSet, ClaimsRefusal> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let name = request.account.username.clone();
        *self.last.lock().unwrap() = Some((request.occasion, request.session, name));
        match *self.answer.lock().unwrap() {
            Ok(claims) => {
                let claims = ClaimsSet::parse(claims).unwrap();
                *self.room.lock().unwrap() = Some(request.check(&claims).is_ok());
                Ok(claims)
            }
            Err(Trouble::Refuses) => Err(ClaimsRefusal::Refused),
            Err(Trouble::IsDown) => Err(ClaimsRefusal::unavailable("it is down")),
        }
    }
}

fn names(token: &SignedToken) -> Vec<String> {
    claims(token)
        .iter()
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[tokio::test]
async fn the_role_claim_follows_the_flags_until_a_role_is_given() {
    let policy = telling(Preset::Modern, &[("role", "role")]);
    let house = House::build(policy).await.with_bob().await;
    let role = |access: &SignedToken| claims(access).get::<i64>("role").unwrap().unwrap();
    let pair = house.login_as("bob").await;
    assert_eq!(role(&pair.access), 0);
    house.make_staff("bob", true).await;
    let next = house.refresh(pair.refresh.as_str()).await;
    assert_eq!(role(&next.access), 1000);
    let given = AccountChanges {
        role: Some(300),
        ..AccountChanges::default()
    };
    let id = house.account_id("bob").await;
    let operator = house
        .authority
        .administered_by(Administrator::Operator, &BROWSER);
    operator.change_account(id, given).await.unwrap();
    let last = house.refresh(next.refresh.unwrap().as_str()).await;
    assert_eq!(role(&last.access), 300);
}

#[tokio::test]
async fn fields_and_attributes_become_claims_behind_those_that_name_the_account() {
    let mut policy = telling(
        Preset::Modern,
        &[
            ("email", "email"),
            ("verified", "email_verified"),
            ("team", "attributes.team"),
            ("level", "attributes.level"),
            ("shoe_size", "attributes.shoe_size"),
            ("is_staff", "is_staff"),
        ],
    );
    policy.tokens.issuer = Some("https://id.example".to_owned());
    let house = House::build(policy).await.with_bob().await;
    let pair = house.login_as("bob").await;
    let expected = [
        "token_type",
        "exp",
        "iat",
        "jti",
        "user_id",
        "sid",
        "email",
        "verified",
        "team",
        "level",
        "is_staff",
        "iss",
    ];
    for token in [&pair.refresh, &pair.access] {
        assert_eq!(names(token), expected);
        let claims = claims(token);
        assert_eq!(claims.raw("email"), Some(r#""bob@example.com""#));
        assert_eq!(claims.raw("team"), Some(r#""blue""#));
        assert_eq!(claims.raw("level"), Some("1.50"));
        assert_eq!(claims.raw("is_staff"), Some("false"));
    }
    let refreshed = house.refresh(pair.refresh.as_str()).await;
    assert_eq!(names(&refreshed.access), expected);
    assert_eq!(names(&refreshed.refresh.unwrap()), expected);
}

#[tokio::test]
async fn renewed_claims_follow_the_account_at_the_next_refresh() {
    let house = House::build(telling(Preset::Modern, &[("staff", "is_staff")])).await;
    house.make_staff("alice", true).await;
    let pair = house.login().await;
    assert_eq!(claims(&pair.access).raw("staff"), Some("true"));
    house.make_staff("alice", false).await;
    let refreshed = house.refresh(pair.refresh.as_str()).await;
    assert_eq!(claims(&refreshed.access).raw("staff"), Some("false"));
    let next = refreshed.refresh.unwrap();
    assert_eq!(claims(&next).raw("staff"), Some("false"));
}

#[tokio::test]
async fn carried_over_claims_stay_as_they_were_at_the_sign_in() {
    let source = Source::giving(r#"{"team":"blue"}"#);
    let mut policy = telling(Preset::SimpleJwt, &[("staff", "is_staff")]);
    policy.rotation.mode = RotationMode::Rotate;
    let house = House::hooked(policy, source.hooks()).await;
    let pair = house.login().await;
    house.make_staff("alice", true).await;
    source.now(Ok(r#"{"team":"red"}"#));
    let refreshed = house.refresh(pair.refresh.as_str()).await;
    for token in [&refreshed.access, &refreshed.refresh.unwrap()] {
        assert_eq!(claims(token).raw("staff"), Some("false"));
        assert_eq!(claims(token).raw("team"), Some(r#""blue""#));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn what_a_source_no_longer_gives_is_gone_after_a_refresh() {
    let source = Source::giving(r#"{"admin":true,"team":"blue"}"#);
    for mode in [RotationMode::Off, RotationMode::Fork, RotationMode::Rotate] {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = mode;
        policy.claims.at_refresh = ClaimsAtRefresh::Renewed;
        source.now(Ok(r#"{"admin":true,"team":"blue"}"#));
        let house = House::hooked(policy, source.hooks()).await;
        let pair = house.login().await;
        assert_eq!(claims(&pair.refresh).raw("admin"), Some("true"));
        source.now(Ok(r#"{"team":"red"}"#));
        let refreshed = house.refresh(pair.refresh.as_str()).await;
        for token in [Some(&refreshed.access), refreshed.refresh.as_ref()] {
            let Some(token) = token else { continue };
            assert_eq!(claims(token).raw("admin"), None, "{mode:?}");
            assert_eq!(claims(token).raw("team"), Some(r#""red""#), "{mode:?}");
        }
    }
}

#[tokio::test]
async fn a_foreign_token_that_moves_in_says_what_a_sign_in_would_say() {
    let source = Source::giving(r#"{"team":"blue"}"#);
    for (asked, mode) in [
        (1, RotationMode::Off),
        (2, RotationMode::Fork),
        (3, RotationMode::Rotate),
    ] {
        let mut policy = telling(Preset::SimpleJwt, &[("name", "username")]);
        policy.rotation.mode = mode;
        policy.claims.at_refresh = ClaimsAtRefresh::Renewed;
        let house = House::hooked(policy, source.hooks()).await;
        let token = house.forge_with("refresh", FOREIGN_ID, "1", |claims| {
            claims.insert("admin", true).unwrap();
        });
        let refreshed = house.refresh(&token).await;
        assert_eq!(source.asked(), asked, "{mode:?}");
        for token in [Some(&refreshed.access), refreshed.refresh.as_ref()] {
            let Some(token) = token else { continue };
            assert_eq!(claims(token).raw("admin"), None, "{mode:?}");
            assert_eq!(claims(token).raw("team"), Some(r#""blue""#), "{mode:?}");
            assert_eq!(claims(token).raw("name"), Some(r#""alice""#), "{mode:?}");
        }
    }
}

#[tokio::test]
async fn sliding_tokens_tell_and_renew_the_same() {
    let source = Source::giving(r#"{"team":"blue"}"#);
    let policy = telling(Preset::Modern, &[("staff", "is_staff")]);
    let house = House::hooked(policy, source.hooks()).await;
    let token = house.login_sliding().await;
    assert_eq!(claims(&token).raw("team"), Some(r#""blue""#));
    assert_eq!(claims(&token).raw("staff"), Some("false"));
    house.make_staff("alice", true).await;
    source.now(Ok("{}"));
    let slid = house
        .authority
        .refresh_sliding(token.as_str(), &BROWSER)
        .await;
    let Refresh::Issued(slid) = slid.unwrap() else {
        panic!("refused")
    };
    assert_eq!(claims(&slid).raw("team"), None);
    assert_eq!(claims(&slid).raw("staff"), Some("true"));
    assert_eq!(token_id(&slid), token_id(&token));
}

#[tokio::test]
async fn a_source_is_told_for_whom_and_what_for() {
    let source = Source::giving("{}");
    let house = House::hooked(Policy::preset(Preset::Modern), source.hooks()).await;
    let pair = house.login().await;
    let last = || source.last.lock().unwrap().clone().unwrap();
    let (session, alice) = (Some(pair.session), "alice".to_owned());
    assert_eq!(last(), (Occasion::SignIn, session, alice.clone()));
    house.refresh(pair.refresh.as_str()).await;
    assert_eq!(last(), (Occasion::Refresh, session, alice));
}

#[tokio::test]
async fn a_source_that_refuses_or_is_down_leaves_no_session_behind() {
    let source = Source::giving("{}");
    let house = House::hooked(Policy::preset(Preset::Modern), source.hooks()).await;
    source.now(Err(Trouble::Refuses));
    assert!(matches!(
        house.try_login("alice", PASSWORD).await,
        SignIn::Refused
    ));
    let alice = house.account_id("alice").await;
    let opened = house.authority.open_session(alice, &BROWSER).await;
    assert!(opened.unwrap().is_none());
    source.now(Err(Trouble::IsDown));
    let password = PlainPassword::new(PASSWORD.to_owned());
    let failed = house.authority.login("alice", password, &BROWSER).await;
    assert!(failed.is_err_and(|error| error.is_temporary()));
    assert_eq!(house.sessions_of("alice").await, 0);
    assert_eq!(
        house.events().await,
        [AuditKind::LoginFailed, AuditKind::AccountCreated]
    );
}

#[tokio::test]
async fn a_source_that_refuses_or_is_down_does_not_spend_the_refresh_token() {
    let source = Source::giving("{}");
    let house = House::hooked(Policy::preset(Preset::Modern), source.hooks()).await;
    let pair = house.login().await;
    let token = pair.refresh.as_str();
    source.now(Err(Trouble::Refuses));
    assert_eq!(house.refusal(token).await, Refusal::AccountInactive.into());
    source.now(Err(Trouble::IsDown));
    let failed = house.authority.refresh(token, &BROWSER).await;
    assert!(failed.is_err_and(|error| error.is_temporary()));
    source.now(Ok("{}"));
    assert!(!house.refresh(token).await.replayed);
}

#[tokio::test]
async fn nobody_is_asked_about_a_token_that_is_refused_anyway() {
    let source = Source::giving("{}");
    let house = House::hooked(Policy::preset(Preset::Modern), source.hooks()).await;
    let first = house.login().await;
    let second = house.refresh(first.refresh.as_str()).await;
    house.refresh(second.refresh.unwrap().as_str()).await;
    house.clock.advance_millis(300_000);
    let asked = source.asked();
    // A spent token outside the grace ends the session; then the session has ended.
    for cause in [EndCause::ReuseDetected; 2] {
        assert_eq!(
            house.refusal(first.refresh.as_str()).await,
            Refusal::Ended(cause).into()
        );
    }
    assert_eq!(source.asked(), asked);
}

#[tokio::test]
async fn claims_of_ours_cannot_be_given_nor_more_than_fit() {
    let source = Source::giving("{}");
    let house = House::hooked(Policy::preset(Preset::Modern), source.hooks()).await;
    let long: &'static str = format!(r#"{{"x":"{}"}}"#, "x".repeat(9000)).leak();
    let rows = [
        r#"{"user_id":"2"}"#,
        r#"{"exp":9999999999}"#,
        r#"{"sub":"2"}"#,
        r#"{"sid":"x"}"#,
        r#"{"token_type":"refresh"}"#,
        r#"{"good":1,"jti":"x"}"#,
        r#"{"level":1e400}"#,
        long,
    ];
    for claims in rows {
        source.now(Ok(claims));
        let password = PlainPassword::new(PASSWORD.to_owned());
        let failed = house.authority.login("alice", password, &BROWSER).await;
        assert!(
            matches!(failed, Err(AuthorityError::ClaimsUnavailable(_))),
            "{claims}"
        );
    }
    assert_eq!(house.sessions_of("alice").await, 0);
}

#[tokio::test]
async fn claims_that_do_not_fit_beside_the_accounts_are_as_if_they_could_not_be_had() {
    let half: &'static str = format!(r#"{{"x":"{}"}}"#, "x".repeat(5000)).leak();
    let source = Source::giving(half);
    let policy = telling(Preset::Modern, &[("bio", "attributes.bio")]);
    let house = House::hooked(policy, source.hooks()).await;
    house.login().await;
    let sessions = house.sessions_of("alice").await;
    let bio = |length| ClaimsSet::parse(&format!(r#"{{"bio":"{}"}}"#, "b".repeat(length))).unwrap();
    house.set_attributes("alice", bio(5000)).await.unwrap();
    let password = PlainPassword::new(PASSWORD.to_owned());
    let failed = house.authority.login("alice", password, &BROWSER).await;
    let failed = failed.unwrap_err();
    assert!(
        matches!(failed, AuthorityError::ClaimsUnavailable(_)) && failed.is_temporary(),
        "{failed:?}"
    );
    assert_eq!(house.sessions_of("alice").await, sessions);
    assert_eq!(*source.room.lock().unwrap(), Some(false));
    source.now(Ok(r#"{"bio":"replaced"}"#));
    let pair = house.login().await;
    assert_eq!(claims(&pair.access).raw("bio"), Some(r#""replaced""#));
    assert_eq!(*source.room.lock().unwrap(), Some(true));
}

#[tokio::test]
async fn an_account_is_not_given_what_no_token_can_tell() {
    let policy = telling(
        Preset::Modern,
        &[("biography", "attributes.bio"), ("email", "email")],
    );
    let house = House::build(policy).await;
    let long = format!(r#"{{"bio":"{}"}}"#, "b".repeat(8170));
    for (attributes, unfit) in [
        (long.as_str(), UnfitClaims::TooLong),
        (r#"{"bio":1e400}"#, UnfitClaims::Number("biography".into())),
    ] {
        let attributes = ClaimsSet::parse(attributes).unwrap();
        let refused = house.set_attributes("alice", attributes.clone()).await;
        assert!(
            matches!(&refused, Err(AccountError::UnfitClaims(why)) if *why == unfit),
            "{refused:?}"
        );
        let request = AccountRequest {
            attributes,
            ..AccountRequest::default()
        };
        let refused = house.authority.create_account("carl".into(), None, request);
        assert!(matches!(
            refused.await,
            Err(AccountError::UnfitClaims(why)) if why == unfit
        ));
    }
    let untold = format!(r#"{{"note":"{}","n":1e400}}"#, "b".repeat(8000));
    let untold = ClaimsSet::parse(&untold).unwrap();
    house.set_attributes("alice", untold).await.unwrap();
    house.login().await;
}

#[tokio::test]
async fn an_account_that_came_with_too_much_gets_no_token_and_is_named() {
    let house = House::build(telling(Preset::Modern, &[("bio", "attributes.bio")])).await;
    let big = format!(r#"{{"bio":"{}"}}"#, "b".repeat(9000));
    let id = house.account_id("alice").await;
    // As an import stores it, which takes more than tokens tell.
    let edits = [AccountEdit::Attributes(ClaimsSet::parse(&big).unwrap())];
    let target = EditTarget {
        account: id,
        reach: Reach::Everybody,
    };
    let keep = SessionsOnChange::Keep;
    let edited = house.store.edit_account(target, &edits, keep, NOON, &[]);
    edited.await.unwrap();
    let password = PlainPassword::new(PASSWORD.to_owned());
    let failed = house.authority.login("alice", password, &BROWSER).await;
    let failed = failed.unwrap_err();
    assert!(
        matches!(failed, AuthorityError::UnfitClaims { account, .. } if account == id),
        "{failed:?}"
    );
    assert!(failed.is_temporary(), "503, and no 500");
    assert_eq!(house.sessions_of("alice").await, 0);
    let standing = house.authority.set_standing(id, Standing::Inactive).await;
    assert!(standing.is_ok(), "what is not told can be changed");
    house
        .set_attributes("alice", ClaimsSet::new())
        .await
        .unwrap();
    house
        .authority
        .set_standing(id, Standing::Active)
        .await
        .unwrap();
    house.login().await;
}

#[tokio::test]
async fn a_rule_is_asked_at_sign_in_and_at_refresh() {
    for preset in Preset::ALL {
        let admits = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let rule = Arc::clone(&admits);
        let hooks = Hooks::default().sign_in_rule(move |account| {
            account.username == "alice" && rule.load(Ordering::Relaxed)
        });
        let house = House::hooked(Policy::preset(preset), hooks)
            .await
            .with_bob()
            .await;
        assert!(matches!(
            house.try_login("bob", PASSWORD).await,
            SignIn::Refused
        ));
        let pair = house.login().await;
        house.refresh(pair.refresh.as_str()).await;
        let pair = house.login().await;
        admits.store(false, Ordering::Relaxed);
        assert_eq!(
            house.refusal(pair.refresh.as_str()).await,
            Refusal::AccountInactive.into()
        );
        let alice = house.account_id("alice").await;
        let opened = house.authority.open_session(alice, &BROWSER).await;
        assert!(opened.unwrap().is_none());
        // As with the original: whoever holds an access token is not asked again.
        assert!(house.is_identified(pair.access.as_str()).await);
    }
}

#[tokio::test]
async fn what_settings_require_is_required_at_sign_in_and_at_refresh() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.accounts.sign_in.staff = true;
    let house = House::build(policy).await;
    assert!(matches!(
        house.try_login("alice", PASSWORD).await,
        SignIn::Refused
    ));
    house.make_staff("alice", true).await;
    let pair = house.login().await;
    house.make_staff("alice", false).await;
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::AccountInactive.into()
    );
}

/// Writes down what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

#[async_trait]
impl SignInObserver for Diary {
    async fn signed_in(&self, event: &SignedIn<'_>) {
        let line = format!("{} in {}", event.account.username, event.session);
        self.0.lock().unwrap().push(line);
    }

    async fn sign_in_refused(&self, event: &SignInRefused<'_>) {
        let known = event.account.is_some();
        let line = format!("{:?} refused, known: {known}", event.username);
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn an_observer_is_told_of_each_sign_in_once() {
    let diary = Arc::new(Diary::default());
    let hooks = Hooks::default().observer(diary.clone());
    let house = House::hooked(Policy::preset(Preset::Modern), hooks).await;
    let pair = house.login().await;
    house.refresh(pair.refresh.as_str()).await;
    for (name, password) in [("alice", "wrong"), ("nobody", PASSWORD), ("a\0", PASSWORD)] {
        house.try_login(name, password).await;
    }
    house.login_sliding().await;
    let lines = diary.0.lock().unwrap().clone();
    assert_eq!(
        lines[..4],
        [
            format!("alice in {}", pair.session),
            r#"Some("alice") refused, known: true"#.to_owned(),
            r#"Some("nobody") refused, known: false"#.to_owned(),
            "None refused, known: false".to_owned(),
        ]
    );
    assert_eq!(lines.len(), 5);
}

#[tokio::test]
async fn an_inactive_account_gets_tokens_only_if_somebody_asks_for_just_that() {
    for preset in Preset::ALL {
        let house = House::build(Policy::preset(preset)).await;
        let alice = house.account_id("alice").await;
        house
            .authority
            .set_standing(alice, Standing::Inactive)
            .await
            .unwrap();
        let opened = house.authority.open_session(alice, &BROWSER).await;
        assert!(opened.unwrap().is_none(), "{}", preset.name());
        let opened = house
            .authority
            .open_session_even_if_inactive(alice, &BROWSER)
            .await;
        let pair = opened.unwrap().unwrap();
        assert_eq!(house.sessions_of("alice").await, 1);
        assert!(!house.is_identified(pair.access.as_str()).await);
        house
            .authority
            .set_standing(alice, Standing::Active)
            .await
            .unwrap();
        assert!(house.is_identified(pair.access.as_str()).await);
        house.refresh(pair.refresh.as_str()).await;
        let nobody = AccountId::new(99);
        let opened = house
            .authority
            .open_session_even_if_inactive(nobody, &BROWSER)
            .await;
        assert!(opened.unwrap().is_none());
    }
}

/// Nobody could tell its data from what the hook gave once.
#[tokio::test]
async fn where_a_hook_gives_claims_an_account_gets_no_refresh_token_with_data() {
    let source = Source::giving(r#"{"admin":true}"#);
    let house = House::hooked(Policy::preset(Preset::Modern), source.hooks()).await;
    let alice = house.account("alice").await.id;
    for (kind, account, is_issued) in [
        (GenericKind::Refresh, Some(alice), false),
        (GenericKind::Access, Some(alice), true),
        (GenericKind::Refresh, None, true),
    ] {
        let request = GenericRequest {
            kind,
            data: ClaimsSet::parse(r#"{"room":7}"#).unwrap(),
            lifetime: None,
            account,
        };
        let issue = house.authority.issue(&request, &Actor::System, &BROWSER);
        let issue = issue.await.unwrap();
        assert_eq!(matches!(issue, Issue::Issued(_)), is_issued, "{issue:?}");
        let refused = matches!(issue, Issue::Refused(IssueRefusal::ClaimsOfAHook));
        assert_eq!(refused, !is_issued);
    }
}
