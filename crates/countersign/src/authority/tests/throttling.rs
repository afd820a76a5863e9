//! How often passwords may be guessed, and that nobody learns anything from being told to wait.

use std::net::IpAddr;

use super::*;
use crate::hooks::{SignInObserver, SignInRefused, SignedIn};
use crate::throttle::{LONGEST_LOCK, Throttle};

const HOME: [u8; 4] = [192, 0, 2, 1];
const WORK: [u8; 4] = [198, 51, 100, 7];

impl House {
    async fn login_from(&self, ip: [u8; 4], name: &str, password: &str) -> SignIn {
        let client = Client {
            ip: Some(IpAddr::from(ip)),
            ..BROWSER
        };
        let password = PlainPassword::new(password.to_owned());
        self.authority.login(name, password, &client).await.unwrap()
    }

    /// Wrong passwords of one name, as many as are looked at.
    async fn fill(&self, ip: [u8; 4], name: &str) {
        for _ in 0..5 {
            let refused = self.login_from(ip, name, "wrong").await;
            assert!(matches!(refused, SignIn::Refused), "{refused:?}");
        }
    }

    async fn count(&self, kind: AuditKind) -> usize {
        let events = self.store.recent_audit(2_000).await.unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    }
}

/// How long somebody is told to wait.
fn wait_of(signed_in: &SignIn) -> Duration {
    match signed_in {
        SignIn::Throttled { retry_after } => *retry_after,
        other => panic!("not throttled: {other:?}"),
    }
}

fn is_opened(signed_in: &SignIn) -> bool {
    matches!(signed_in, SignIn::Opened(_))
}

#[tokio::test]
async fn right_and_wrong_passwords_of_known_and_unknown_names_are_throttled_alike() {
    let house = House::modern().await;
    for name in ["alice", "nobody", "", "a\0"] {
        house.fill(HOME, name).await;
        for password in [PASSWORD, "wrong", ""] {
            let throttled = house.login_from(HOME, name, password).await;
            assert_eq!(wait_of(&throttled), Duration::from_mins(5), "{name:?}");
        }
    }
    assert_eq!(house.count(AuditKind::Login).await, 0);
    assert_eq!(house.count(AuditKind::LoginFailed).await, 20);
    house.clock.advance_millis(300_000);
    assert!(is_opened(&house.login_from(HOME, "alice", PASSWORD).await));
}

#[tokio::test]
async fn no_spelling_of_a_name_has_guesses_of_its_own() {
    let house = House::modern().await;
    for name in ["alice", "ALICE", " alice", "alice\t", "ａlice"] {
        let refused = house.login_from(HOME, name, "wrong").await;
        assert!(matches!(refused, SignIn::Refused));
    }
    wait_of(&house.login_from(HOME, "alice", PASSWORD).await);
}

#[tokio::test]
async fn both_ways_in_count_together() {
    let house = House::modern().await;
    let client = Client {
        ip: Some(IpAddr::from(HOME)),
        ..BROWSER
    };
    let slide = async |password: &str| {
        let password = PlainPassword::new(password.to_owned());
        let signed_in = house.authority.login_sliding("alice", password, &client);
        signed_in.await.unwrap()
    };
    for _ in 0..2 {
        assert!(matches!(slide("wrong").await, SignIn::Refused));
    }
    for _ in 0..3 {
        let refused = house.login_from(HOME, "alice", "wrong").await;
        assert!(matches!(refused, SignIn::Refused));
    }
    assert!(matches!(slide(PASSWORD).await, SignIn::Throttled { .. }));
    wait_of(&house.login_from(HOME, "alice", PASSWORD).await);
}

#[tokio::test]
async fn whoever_guesses_locks_nobody_out_at_another_address() {
    let house = House::modern().await;
    house.fill(HOME, "alice").await;
    wait_of(&house.login_from(HOME, "alice", PASSWORD).await);
    assert!(is_opened(&house.login_from(WORK, "alice", PASSWORD).await));
    wait_of(&house.login_from(HOME, "alice", PASSWORD).await);
}

#[tokio::test]
async fn under_attack_from_everywhere_the_owner_gets_in_within_a_quarter_of_an_hour() {
    let house = House::modern().await;
    assert!(is_opened(&house.login_from(HOME, "alice", PASSWORD).await));
    let mut next = 0_u16;
    let mut attack = async || {
        for _ in 0..30 {
            next += 1;
            let [high, low] = next.to_be_bytes();
            while let SignIn::Refused = house.login_from([10, 0, high, low], "alice", "x").await {}
        }
    };
    attack().await;
    // From where she always comes, at any time.
    assert!(is_opened(&house.login_from(HOME, "alice", PASSWORD).await));
    // From elsewhere after a while, although the attack goes on.
    let mut waited = Duration::ZERO;
    while !is_opened(&house.login_from(WORK, "alice", PASSWORD).await) {
        house.clock.advance_millis(60_000);
        waited += Duration::from_mins(1);
        assert!(waited <= LONGEST_LOCK);
        attack().await;
    }
    assert_eq!(waited, LONGEST_LOCK);
    assert_eq!(house.count(AuditKind::Login).await, 3);
}

#[tokio::test]
async fn of_fifty_wrong_passwords_at_once_five_are_looked_at() {
    let house = Arc::new(House::modern().await);
    let guesses: Vec<_> = (0..50)
        .map(|_| {
            let house = Arc::clone(&house);
            tokio::spawn(async move { house.login_from(HOME, "alice", "wrong").await })
        })
        .collect();
    let mut refused = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            SignIn::Refused => refused += 1,
            other => assert_eq!(wait_of(&other), Duration::from_mins(5)),
        }
    }
    assert_eq!(refused, 5);
    assert_eq!(house.count(AuditKind::LoginFailed).await, 5);
}

#[tokio::test]
async fn of_fifty_right_passwords_at_once_every_one_opens_a_session() {
    let house = Arc::new(House::modern().await);
    let sign_ins: Vec<_> = (0..50)
        .map(|_| {
            let house = Arc::clone(&house);
            tokio::spawn(async move { house.login_from(HOME, "alice", PASSWORD).await })
        })
        .collect();
    for sign_in in sign_ins {
        assert!(is_opened(&sign_in.await.unwrap()));
    }
}

#[tokio::test]
async fn fifty_right_passwords_one_after_the_other_all_open_a_session() {
    let house = House::modern().await;
    for _ in 0..50 {
        house.login_from(HOME, "alice", "wrong").await;
        assert!(is_opened(&house.login_from(HOME, "alice", PASSWORD).await));
    }
}

#[tokio::test]
async fn the_audit_log_tells_of_it_once_in_a_window() {
    let house = House::modern().await;
    for name in ["alice", "nobody"] {
        house.fill(HOME, name).await;
        for _ in 0..40 {
            wait_of(&house.login_from(HOME, name, PASSWORD).await);
        }
    }
    let events = house.store.recent_audit(100).await.unwrap();
    let throttled = events
        .iter()
        .filter(|event| event.kind == AuditKind::LoginThrottled);
    let told: Vec<_> = throttled.map(|event| (event.subject, event.ip)).collect();
    let home = Some(IpAddr::from(HOME));
    let alice = house.account("alice").await.id;
    assert_eq!(told, [(None, home), (Some(alice), home)]);
    house.clock.advance_millis(300_000);
    house.fill(HOME, "alice").await;
    wait_of(&house.login_from(HOME, "alice", PASSWORD).await);
    assert_eq!(house.count(AuditKind::LoginThrottled).await, 3);
}

/// Counts what it is told.
#[derive(Default)]
struct Counting(AtomicU64);

#[async_trait::async_trait]
impl SignInObserver for Counting {
    async fn signed_in(&self, _: &SignedIn<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    async fn sign_in_refused(&self, _: &SignInRefused<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn observers_are_told_of_what_was_looked_at_only() {
    let mut house = House::modern().await;
    let observer = Arc::new(Counting::default());
    let authority = Arc::try_unwrap(house.authority).unwrap();
    let hooks = Hooks::default().observer(observer.clone());
    house.authority = Arc::new(authority.with_hooks(hooks));
    house.fill(HOME, "alice").await;
    for _ in 0..10 {
        wait_of(&house.login_from(HOME, "alice", PASSWORD).await);
    }
    assert_eq!(observer.0.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn switched_off_every_password_is_looked_at() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.throttle.enabled = false;
    let house = House::build(policy).await;
    for _ in 0..4 {
        house.fill(HOME, "alice").await;
    }
    assert!(is_opened(&house.login_from(HOME, "alice", PASSWORD).await));
    assert_eq!(house.count(AuditKind::LoginThrottled).await, 0);
}

/// As after a reload: another authority, other limits, the same failures.
#[tokio::test]
async fn an_authority_that_takes_over_forgets_no_failure() {
    let house = House::modern().await;
    let throttle = Arc::new(Throttle::default());
    let node = async |limit| {
        let mut policy = house.authority.policy().clone();
        policy.throttle.per_account_and_address = limit;
        let source = SigningKeySource::Configured(house.key.clone());
        let node = second_node(policy, &house.store, &house.clock, source).await;
        let node = Arc::try_unwrap(node).unwrap();
        node.with_throttle(Arc::clone(&throttle))
    };
    let client = Client {
        ip: Some(IpAddr::from(HOME)),
        ..BROWSER
    };
    let wrong = || PlainPassword::new("wrong".to_owned());
    let (before, after) = (node(5).await, node(3).await);
    for _ in 0..3 {
        let refused = before.login("alice", wrong(), &client).await.unwrap();
        assert!(matches!(refused, SignIn::Refused));
    }
    wait_of(&after.login("alice", wrong(), &client).await.unwrap());
    let refused = before.login("alice", wrong(), &client).await.unwrap();
    assert!(matches!(refused, SignIn::Refused));
}

/// No clock setting opens what is shut.
#[tokio::test]
async fn the_wall_clock_has_no_say() {
    let house = House::modern().await;
    house.fill(HOME, "alice").await;
    house.clock.set(NOON.plus(Duration::from_hours(24)));
    let throttled = house.login_from(HOME, "alice", PASSWORD).await;
    assert_eq!(wait_of(&throttled), Duration::from_mins(5));
    house.clock.stand_still_for_millis(300_000);
    assert!(is_opened(&house.login_from(HOME, "alice", PASSWORD).await));
}
