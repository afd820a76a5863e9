//! What each operation of the authority costs, in statements. An endpoint makes one call, so this is what each costs
//! the store.
//!
//! Written ones include what the transaction takes: to begin, to set a savepoint and release it, to commit.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use countersign::account::AccountId;
use countersign::authority::{
    AccountChanges, AccountRequest, Administrator, Blacklisted, Client, Identification, LoggedOut,
    NewPassword, OwnEnding, Refresh, SignIn, Verification,
};
use countersign::clock::ManualClock;
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::password::{Argon2Cost, PlainPassword};
use countersign::random::SystemRandom;
use countersign::rotation::RotationMode;
use countersign::secrets::MasterKey;
use countersign::{Authority, Policy, Preset};
use countersign_token::{Algorithm, ClaimsSet, HeaderForm, SigningKey, UnixMillis};
use tempfile::TempDir;

use super::store::{SqliteOptions, SqliteStore};

const NOW: UnixMillis = UnixMillis::from_seconds(1_893_456_000);
const CLIENT: Client<'static> = Client {
    user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"),
    ip: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))),
};

/// An authority with an account, and the statements that it has taken.
struct House {
    authority: Authority,
    store: SqliteStore,
    _folder: TempDir,
}

impl House {
    async fn build(preset: Preset, mode: RotationMode) -> Self {
        Self::with(preset, |policy| policy.rotation.mode = mode).await
    }

    async fn with(preset: Preset, change: impl FnOnce(&mut Policy)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        SqliteStore::migrate(&path).unwrap();
        let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
        let mut policy = Policy::preset(preset);
        change(&mut policy);
        policy.tokens.algorithm = Algorithm::Hs256;
        policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
        let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap();
        let source = SigningKeySource::Configured(key);
        let master = || MasterKey::from_bytes([7; 32]);
        KeyRing::found(&store, &master(), &source, &SystemRandom, NOW)
            .await
            .unwrap();
        let keys = KeyRing::load(&store, master(), source).await.unwrap();
        let shared = Arc::new(store.clone());
        // It stands still, so that nobody looks at the change marker in between.
        let clock = Arc::new(ManualClock::at(NOW));
        let authority = Authority::new(policy, keys, shared.clone(), shared, clock).unwrap();
        authority
            .create_account("ann".into(), Some(password()), AccountRequest::default())
            .await
            .unwrap();
        let house = Self {
            authority,
            store,
            _folder: folder,
        };
        // The first sign-in also samples passwords for the decoys.
        house.login().await;
        house
    }

    /// How many statements were read and written since `before`.
    fn since(&self, before: (u64, u64)) -> (u64, u64) {
        let now = self.so_far();
        (now.0 - before.0, now.1 - before.1)
    }

    fn so_far(&self) -> (u64, u64) {
        (self.store.statements(), self.store.written_statements())
    }

    async fn login(&self) -> (String, String) {
        match self.authority.login("ann", password(), &CLIENT).await {
            Ok(SignIn::Opened(pair)) => (pair.access.into_string(), pair.refresh.into_string()),
            other => panic!("{other:?}"),
        }
    }

    /// Every operation once, with what it cost.
    async fn costs(&self) -> Vec<(&'static str, (u64, u64))> {
        let mut costs = Vec::new();
        let start = self.so_far();
        let (access, refresh) = self.login().await;
        costs.push(("obtain", self.since(start)));
        let start = self.so_far();
        let identified = self.authority.identify(&access).await.unwrap();
        assert!(matches!(identified, Identification::Known(_)));
        costs.push(("resource, first time", self.since(start)));
        let start = self.so_far();
        self.authority.identify(&access).await.unwrap();
        costs.push(("resource", self.since(start)));
        let start = self.so_far();
        let verified = self.authority.verify_token(&access).await.unwrap();
        assert_eq!(verified, Verification::Valid);
        costs.push(("verify", self.since(start)));
        let start = self.so_far();
        let refreshed = self.authority.refresh(&refresh, &CLIENT).await.unwrap();
        assert!(matches!(refreshed, Refresh::Issued(_)));
        costs.push(("refresh", self.since(start)));
        let (_, refresh) = self.login().await;
        let start = self.so_far();
        let blacklisted = self.authority.blacklist(&refresh, &CLIENT).await.unwrap();
        assert_eq!(blacklisted, Blacklisted::Done);
        costs.push(("blacklist", self.since(start)));
        let start = self.so_far();
        let sliding = self.authority.login_sliding("ann", password(), &CLIENT);
        let Ok(SignIn::Opened(token)) = sliding.await else {
            panic!("the sign-in was refused")
        };
        costs.push(("obtain, sliding", self.since(start)));
        let start = self.so_far();
        let renewed = self
            .authority
            .refresh_sliding(token.as_str(), &CLIENT)
            .await;
        assert!(matches!(renewed, Ok(Refresh::Issued(_))), "{renewed:?}");
        costs.push(("refresh, sliding", self.since(start)));
        let start = self.so_far();
        let refused = self.authority.login("nobody", password(), &CLIENT).await;
        assert!(matches!(refused, Ok(SignIn::Refused)));
        costs.push(("obtain, refused", self.since(start)));
        costs
    }
}

/// A device is a statement of the transaction that opens its session, and no transaction of its own.
#[tokio::test]
async fn a_device_costs_a_statement_and_no_commit() {
    let mut costs = Vec::new();
    for collect_devices in [false, true] {
        let house = House::with(Preset::Modern, |policy| {
            policy.collect_devices = collect_devices;
        });
        let house = house.await;
        let (before, commits) = (house.so_far(), house.store.commits());
        house.login().await;
        costs.push((house.since(before), house.store.commits() - commits));
    }
    assert_eq!(costs, [((2, 14), 2), ((2, 15), 2)]);
}

fn password() -> PlainPassword {
    PlainPassword::new("correct horse 9 battery".to_owned())
}

#[tokio::test]
async fn every_operation_costs_a_handful_of_statements() {
    for (preset, mode, expected) in EXPECTED {
        let house = House::build(*preset, *mode).await;
        assert_eq!(house.costs().await, *expected, "{preset:?} {mode:?}");
    }
}

/// What owners do with their sessions, once their own is known.
#[tokio::test]
async fn every_operation_on_sessions_costs_a_handful_of_statements() {
    let house = House::build(Preset::Modern, RotationMode::Rotate).await;
    let mut costs = Vec::new();
    let (_, refresh) = house.login().await;
    let start = house.so_far();
    let done = house.authority.logout(&refresh, None, &CLIENT).await;
    assert_eq!(done.unwrap(), LoggedOut::Done);
    costs.push(("logout", house.since(start)));
    let start = house.so_far();
    let done = house.authority.logout(&refresh, None, &CLIENT).await;
    assert_eq!(done.unwrap(), LoggedOut::Already);
    costs.push(("logout, again", house.since(start)));

    let (access, _) = house.login().await;
    let Ok(Identification::Known(owner)) = house.authority.identify(&access).await else {
        panic!("the token is good")
    };
    let own = house.authority.sessions_of_owner(&owner, &CLIENT);
    for _ in 0..20 {
        house.login().await;
    }
    let start = house.so_far();
    let listed = own.list().await.unwrap();
    costs.push(("list", house.since(start)));
    let start = house.so_far();
    let ended = own.end(listed.first().unwrap().session.id).await.unwrap();
    assert_eq!(ended, OwnEnding::Ended);
    costs.push(("end one", house.since(start)));
    let start = house.so_far();
    assert_eq!(own.end_others().await.unwrap(), 20);
    costs.push(("end all others", house.since(start)));
    let start = house.so_far();
    assert_eq!(own.end_all().await.unwrap(), 1);
    costs.push(("end all", house.since(start)));
    assert_eq!(
        costs,
        [
            ("logout", (2, 8)),
            ("logout, again", (2, 5)),
            ("list", (2, 0)),
            ("end one", (2, 8)),
            ("end all others", (2, 11)),
            ("end all", (1, 10)),
        ]
    );
}

/// What is done to users, by somebody at the command line or over HTTP.
#[tokio::test]
async fn every_operation_on_users_costs_a_handful_of_statements() {
    let house = House::build(Preset::Modern, RotationMode::Rotate).await;
    let operator = house
        .authority
        .administered_by(Administrator::Operator, &CLIENT);
    let mut costs = Vec::new();
    let start = house.so_far();
    let made = operator.create_account("bob".into(), None, AccountRequest::default());
    let bob = made.await.unwrap().id;
    costs.push(("create", house.since(start)));
    let start = house.so_far();
    operator.find_account(bob).await.unwrap();
    costs.push(("show", house.since(start)));
    let start = house.so_far();
    let listed = operator
        .list_accounts(AccountId::new(0), 100)
        .await
        .unwrap();
    assert_eq!(listed.len(), 2);
    costs.push(("list", house.since(start)));
    let start = house.so_far();
    let changes = AccountChanges {
        role: Some(300),
        ..AccountChanges::default()
    };
    operator.change_account(bob, changes).await.unwrap();
    costs.push(("change", house.since(start)));
    let start = house.so_far();
    let new = NewPassword::Plain(PlainPassword::new("another horse 9 battery".to_owned()));
    operator.set_password(bob, new).await.unwrap();
    costs.push(("set the password", house.since(start)));
    let start = house.so_far();
    operator.end_sessions(bob).await.unwrap();
    costs.push(("end the sessions", house.since(start)));
    let start = house.so_far();
    operator.delete_account(bob).await.unwrap();
    costs.push(("delete", house.since(start)));
    assert_eq!(
        costs,
        [
            ("create", (0, 6)),
            ("show", (1, 0)),
            ("list", (1, 0)),
            ("change", (2, 9)),
            ("set the password", (2, 14)),
            ("end the sessions", (1, 11)),
            ("delete", (1, 16)),
        ]
    );
}

/// Tokens that somebody else minted with our key: the first use opens a session, or records that there is none.
#[tokio::test]
async fn every_operation_on_foreign_tokens_costs_a_handful_of_statements() {
    let house = House::build(Preset::SimpleJwt, RotationMode::Rotate).await;
    let foreign = |token_id: &str| {
        let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap();
        let mut claims = ClaimsSet::new();
        claims.insert("token_type", "refresh").unwrap();
        claims.set_expiration(NOW.plus(Duration::from_mins(10)).timestamp());
        claims.set_issued_at(NOW.timestamp());
        claims.set_token_id(token_id).unwrap();
        claims.insert("user_id", "1").unwrap();
        key.encode(HeaderForm::Plain, &claims)
            .unwrap()
            .into_string()
    };
    let mut costs = Vec::new();
    let token = foreign("0123456789abcdef0123456789abcdef");
    let start = house.so_far();
    let refreshed = house.authority.refresh(&token, &CLIENT).await.unwrap();
    assert!(matches!(refreshed, Refresh::Issued(_)), "{refreshed:?}");
    costs.push(("refresh, first use", house.since(start)));
    let start = house.so_far();
    let refreshed = house.authority.refresh(&token, &CLIENT).await.unwrap();
    assert!(matches!(refreshed, Refresh::Refused(_)), "{refreshed:?}");
    costs.push(("refresh, spent", house.since(start)));
    let start = house.so_far();
    let token = foreign("fedcba9876543210fedcba9876543210");
    let blacklisted = house.authority.blacklist(&token, &CLIENT).await.unwrap();
    assert_eq!(blacklisted, Blacklisted::Done);
    costs.push(("blacklist", house.since(start)));
    assert_eq!(
        costs,
        [
            ("refresh, first use", (7, 13)),
            ("refresh, spent", (9, 7)),
            ("blacklist", (7, 8)),
        ]
    );
}

/// What a protected request asks is in memory: the account until the log speaks of it, the session's end at once.
#[tokio::test]
async fn a_thousand_protected_requests_cost_no_statement_and_the_next_one_knows_of_an_end() {
    let house = House::build(Preset::Modern, RotationMode::Rotate).await;
    let (access, refresh) = house.login().await;
    let known = async || {
        let identified = house.authority.identify(&access).await.unwrap();
        matches!(identified, Identification::Known(_))
    };
    assert!(known().await);
    let start = house.so_far();
    for _ in 0..1_000 {
        assert!(known().await);
    }
    assert_eq!(house.since(start), (0, 0));
    let ended = house.authority.blacklist(&refresh, &CLIENT).await.unwrap();
    assert_eq!(ended, Blacklisted::Done);
    assert!(!known().await);
}

/// A preset, what it rotates, and for each operation the statements that read and those that write.
type Expected = (Preset, RotationMode, &'static [(&'static str, (u64, u64))]);

const EXPECTED: &[Expected] = &[
    (
        Preset::SimpleJwt,
        RotationMode::Off,
        &[
            ("obtain", (1, 8)),
            ("resource, first time", (2, 0)),
            ("resource", (0, 0)),
            ("verify", (0, 0)),
            ("refresh", (2, 0)),
            ("blacklist", (2, 8)),
            ("obtain, sliding", (1, 8)),
            ("refresh, sliding", (2, 0)),
            ("obtain, refused", (1, 5)),
        ],
    ),
    (
        Preset::SimpleJwt,
        RotationMode::Fork,
        &[
            ("obtain", (1, 8)),
            ("resource, first time", (2, 0)),
            ("resource", (0, 0)),
            ("verify", (0, 0)),
            ("refresh", (2, 9)),
            ("blacklist", (2, 7)),
            ("obtain, sliding", (1, 8)),
            ("refresh, sliding", (2, 0)),
            ("obtain, refused", (1, 5)),
        ],
    ),
    // A rotation is one conditional write; the history of it and the event are two more.
    (
        Preset::SimpleJwt,
        RotationMode::Rotate,
        &[
            ("obtain", (1, 8)),
            ("resource, first time", (2, 0)),
            ("resource", (0, 0)),
            ("verify", (0, 0)),
            ("refresh", (1, 8)),
            ("blacklist", (2, 8)),
            ("obtain, sliding", (1, 8)),
            ("refresh, sliding", (2, 0)),
            ("obtain, refused", (1, 5)),
        ],
    ),
    // The sign-in is noted on the account, its device is recorded, and the account's sessions are counted.
    (
        Preset::Modern,
        RotationMode::Rotate,
        &[
            ("obtain", (2, 15)),
            ("resource, first time", (2, 0)),
            ("resource", (0, 0)),
            ("verify", (0, 0)),
            ("refresh", (0, 6)),
            ("blacklist", (2, 8)),
            ("obtain, sliding", (2, 15)),
            ("refresh, sliding", (1, 0)),
            ("obtain, refused", (1, 5)),
        ],
    ),
];
