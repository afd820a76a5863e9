//! The operations over the reference store, each preset as its clients see it.

use std::collections::HashSet;
use std::time::Duration;

use countersign_token::{Algorithm, ClaimsSet, HeaderForm, SigningKey, UnixMillis};

use super::*;
use crate::account::{Account, Residence, Standing};
use crate::audit::AuditKind;
use crate::clock::ManualClock;
use crate::keys::SigningKeySource;
use crate::memory::MemoryStore;
use crate::password::{Argon2Cost, EncodedPassword, PlainPassword};
use crate::policy::{ForeignTokenPolicy, Preset, VerifyPolicy};
use crate::rotation::RotationMode;
use crate::sealed_id::{GenerationAddress, Nonce, NonceAddress, SealingKeyId, TokenAddress};
use crate::secrets::MasterKey;
use crate::session::{EndCause, Generation, Salt, SessionNumber};
use crate::store::{AuditLog as _, KeyDrop, KeyVault as _, Revocations as _, Sessions as _};

mod sliding;

const NOON: UnixMillis = UnixMillis::from_seconds(1_893_456_000);
const PASSWORD: &str = "correct horse 9 battery";
const BROWSER: Client<'static> = Client {
    user_agent: Some("Mozilla/5.0"),
    ip: None,
};
const OTHER: Client<'static> = Client {
    user_agent: Some("curl/8"),
    ip: None,
};

/// An authority with an account `alice`, a clock that stands still, and the key to forge with.
struct House {
    authority: Arc<Authority>,
    store: MemoryStore,
    clock: Arc<ManualClock>,
    key: SigningKey,
}

impl House {
    async fn modern() -> Self {
        Self::build(Policy::preset(Preset::Modern)).await
    }

    /// SimpleJWT with rotation in the given mode.
    async fn simplejwt(mode: RotationMode) -> Self {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = mode;
        Self::build(policy).await
    }

    async fn build(mut policy: Policy) -> Self {
        policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
        policy.tokens.algorithm = Algorithm::Hs256;
        let store = MemoryStore::new();
        let clock = Arc::new(ManualClock::at(NOON));
        let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap();
        let source = SigningKeySource::Configured(key.clone());
        let master = MasterKey::from_bytes([7; 32]);
        KeyRing::found(&store, &master, &source, &SystemRandom, NOON)
            .await
            .unwrap();
        let authority = second_node(policy, &store, &clock, source).await;
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        authority
            .create_account("alice".into(), password, AccountRequest::default())
            .await
            .unwrap();
        Self {
            authority,
            store,
            clock,
            key,
        }
    }

    async fn login(&self) -> TokenPair {
        match self.try_login("alice", PASSWORD).await {
            SignIn::Opened(pair) => pair,
            SignIn::Refused => panic!("the sign-in was refused"),
        }
    }

    async fn try_login(&self, username: &str, password: &str) -> SignIn {
        let password = PlainPassword::new(password.to_owned());
        self.authority
            .login(username, password, &BROWSER)
            .await
            .unwrap()
    }

    async fn refresh(&self, token: &str) -> Refreshed {
        match self.authority.refresh(token, &BROWSER).await.unwrap() {
            Refresh::Issued(refreshed) => refreshed,
            Refresh::Refused(refusal) => panic!("refused: {refusal:?}"),
        }
    }

    async fn refusal(&self, token: &str) -> TokenRefusal {
        self.refusal_from(token, &BROWSER).await
    }

    async fn refusal_from(&self, token: &str, client: &Client<'_>) -> TokenRefusal {
        match self.authority.refresh(token, client).await.unwrap() {
            Refresh::Refused(refusal) => refusal,
            Refresh::Issued(_) => panic!("the token was accepted"),
        }
    }

    async fn is_identified(&self, access: &str) -> bool {
        matches!(
            self.authority.identify(access).await.unwrap(),
            Identification::Known(_)
        )
    }

    /// A token with a given id, signed with the real key.
    fn forge(&self, kind: &str, token_id: &str, account: &str) -> String {
        self.forge_with(kind, token_id, account, |_| ())
    }

    /// The same with other claims.
    fn forge_with(
        &self,
        kind: &str,
        token_id: &str,
        account: &str,
        change: impl FnOnce(&mut ClaimsSet),
    ) -> String {
        let mut claims = ClaimsSet::new();
        claims.insert("token_type", kind).unwrap();
        claims.set_expiration(NOON.plus(Duration::from_mins(10)).timestamp());
        claims.set_issued_at(NOON.timestamp());
        claims.set_token_id(token_id).unwrap();
        claims.insert("user_id", account).unwrap();
        change(&mut claims);
        self.sign(&claims)
    }

    fn sign(&self, claims: &ClaimsSet) -> String {
        self.key
            .encode(HeaderForm::Plain, claims)
            .unwrap()
            .into_string()
    }

    fn seal(&self, address: TokenAddress) -> String {
        self.authority
            .keys
            .sealing()
            .newest()
            .unwrap()
            .seal(address)
            .unwrap()
    }

    async fn events(&self) -> Vec<AuditKind> {
        let events = self.store.recent_audit(100).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

async fn second_node(
    policy: Policy,
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    source: SigningKeySource,
) -> Arc<Authority> {
    let keys = KeyRing::load(store, MasterKey::from_bytes([7; 32]), source)
        .await
        .unwrap();
    let (store, accounts): (Arc<dyn Store>, Arc<dyn Accounts>) =
        (Arc::new(store.clone()), Arc::new(store.clone()));
    let clock: Arc<dyn Clock> = clock.clone();
    Arc::new(Authority::new(policy, keys, store, accounts, clock).unwrap())
}

fn claims(token: &SignedToken) -> ClaimsSet {
    claims_of(token.as_str())
}

fn claims_of(token: &str) -> ClaimsSet {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    ClaimsSet::parse(std::str::from_utf8(&bytes).unwrap()).unwrap()
}

fn token_id(token: &SignedToken) -> String {
    claims(token).token_id().unwrap()
}

fn number(n: u64) -> SessionNumber {
    SessionNumber::new(n).unwrap()
}

// ---- signing in

#[tokio::test]
async fn unknown_name_wrong_password_and_inactive_account_get_one_answer() {
    let house = House::modern().await;
    let id = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    for (name, password) in [
        ("nobody", PASSWORD),
        ("alice", "wrong"),
        ("ALICE", PASSWORD),
        ("", PASSWORD),
        ("a\0", "x"),
    ] {
        assert!(
            matches!(house.try_login(name, password).await, SignIn::Refused),
            "{name:?}"
        );
    }
    house
        .authority
        .set_standing(id, Standing::Inactive)
        .await
        .unwrap();
    assert!(matches!(
        house.try_login("alice", PASSWORD).await,
        SignIn::Refused
    ));
    let failures = house
        .events()
        .await
        .into_iter()
        .filter(|kind| *kind == AuditKind::LoginFailed);
    assert_eq!(failures.count(), 6);
}

#[tokio::test]
async fn a_password_longer_than_the_limit_is_refused_even_if_it_was_set() {
    let house = House::modern().await;
    let long = "x".repeat(PlainPassword::MAX_BYTES + 1);
    assert!(matches!(
        house.try_login("alice", &long).await,
        SignIn::Refused
    ));
    let made = house
        .authority
        .create_account(
            "bob".into(),
            Some(PlainPassword::new(long)),
            AccountRequest::default(),
        )
        .await;
    assert!(matches!(made, Err(AccountError::UnusablePassword)));
}

#[tokio::test]
async fn simplejwt_tokens_carry_exactly_the_claims_of_the_original_in_its_order() {
    let house = House::simplejwt(RotationMode::Off).await;
    let pair = house.login().await;
    let names = |token| {
        claims(token)
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&pair.refresh),
        ["token_type", "exp", "iat", "jti", "user_id"]
    );
    assert_eq!(
        names(&pair.access),
        ["token_type", "exp", "iat", "jti", "user_id"]
    );
    assert_eq!(claims(&pair.access).raw("user_id"), Some("\"1\""));
    let life = |token| {
        let claims = claims(token);
        claims.expiration().unwrap().seconds() - claims.issued_at().unwrap().seconds()
    };
    assert_eq!((life(&pair.access), life(&pair.refresh)), (300, 86_400));
    assert_eq!(token_id(&pair.refresh).len(), 32);
}

#[tokio::test]
async fn audience_issuer_and_session_claims_are_written_where_they_are_set() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.tokens.issuer = Some("https://id.example".to_owned());
    policy.tokens.audience = vec!["a".to_owned(), "b".to_owned()];
    let house = House::build(policy).await;
    let pair = house.login().await;
    for token in [&pair.access, &pair.refresh] {
        let claims = claims(token);
        assert_eq!(claims.raw("aud"), Some("[\"a\",\"b\"]"));
        assert_eq!(claims.raw("iss"), Some("\"https://id.example\""));
        assert_eq!(
            claims.get::<String>("sid").unwrap().unwrap(),
            pair.session.to_string()
        );
    }
    assert!(house.is_identified(pair.access.as_str()).await);
}

/// Accounts that live elsewhere, whose password changes after every look at it by name.
struct Elsewhere(MemoryStore);

#[async_trait::async_trait]
impl Accounts for Elsewhere {
    fn residence(&self) -> Residence {
        Residence::Elsewhere
    }

    async fn find_account_by_login(&self, login: &str) -> Result<Option<Account>, StoreError> {
        self.0.find_account_by_login(login).await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let found = self.0.find_account(id).await?;
        Ok(found.map(|account| Account {
            credential_version: account.credential_version + 1,
            ..account
        }))
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.0.sample_passwords(limit).await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        self.0.upgrade_password(id, from, to).await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.0.record_login(id, at).await
    }
}

#[tokio::test]
async fn a_password_that_changes_elsewhere_during_a_sign_in_leaves_no_session() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let keys = KeyRing::load(&house.store, MasterKey::from_bytes([7; 32]), source)
        .await
        .unwrap();
    let accounts = Arc::new(Elsewhere(house.store.clone()));
    let authority = Authority::new(
        house.authority.policy().clone(),
        keys,
        Arc::new(house.store.clone()),
        accounts,
        house.clock.clone(),
    )
    .unwrap();
    let password = PlainPassword::new(PASSWORD.to_owned());
    let outcome = authority.login("alice", password, &BROWSER).await.unwrap();
    assert!(matches!(outcome, SignIn::Refused));
    let alice = AccountId::new(1);
    assert!(
        house
            .store
            .live_sessions_of(alice)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_password_that_changes_elsewhere_ends_the_session_at_its_next_refresh() {
    let house = House::modern().await;
    let pair = house.login().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let keys = KeyRing::load(&house.store, MasterKey::from_bytes([7; 32]), source)
        .await
        .unwrap();
    let authority = Authority::new(
        house.authority.policy().clone(),
        keys,
        Arc::new(house.store.clone()),
        Arc::new(Elsewhere(house.store.clone())),
        house.clock.clone(),
    )
    .unwrap();
    let refused = authority.refresh(pair.refresh.as_str(), &BROWSER).await;
    let Refresh::Refused(refusal) = refused.unwrap() else {
        panic!("it was accepted")
    };
    assert_eq!(refusal, Refusal::Ended(EndCause::PasswordChanged).into());
    assert!(!house.is_identified(pair.access.as_str()).await);
}

// ---- refreshing

#[tokio::test]
async fn a_refresh_rotates_and_the_new_tokens_work() {
    let house = House::modern().await;
    let pair = house.login().await;
    house.clock.advance_millis(60_000);
    let next = house.refresh(pair.refresh.as_str()).await;
    assert!(!next.replayed);
    assert!(house.is_identified(next.access.as_str()).await);
    let successor = next.refresh.unwrap();
    assert_ne!(token_id(&successor), token_id(&pair.refresh));
    house.refresh(successor.as_str()).await;
}

#[tokio::test]
async fn within_the_grace_the_same_client_gets_the_same_successor() {
    let house = House::modern().await;
    let pair = house.login().await;
    let first = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    house.clock.advance_millis(10_000);
    let again = house.refresh(pair.refresh.as_str()).await;
    assert!(again.replayed);
    let again = again.refresh.unwrap();
    for claim in ["jti", "iat", "exp"] {
        assert_eq!(
            claims(&first).raw(claim),
            claims(&again).raw(claim),
            "{claim}"
        );
    }
}

#[tokio::test]
async fn a_spent_token_after_the_grace_ends_the_session_and_its_access_tokens() {
    let house = House::modern().await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    house.clock.advance_millis(10_001);
    let ended = TokenRefusal::Ledger(Refusal::Ended(EndCause::ReuseDetected));
    assert_eq!(house.refusal(pair.refresh.as_str()).await, ended);
    assert_eq!(house.refusal(next.refresh.unwrap().as_str()).await, ended);
    assert!(!house.is_identified(next.access.as_str()).await);
    assert!(house.events().await.contains(&AuditKind::ReuseDetected));
}

#[tokio::test]
async fn within_the_grace_another_client_is_refused_and_the_session_lives() {
    let house = House::modern().await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    let refusal = house.refusal_from(pair.refresh.as_str(), &OTHER).await;
    assert_eq!(refusal, TokenRefusal::Ledger(Refusal::OtherClient));
    assert!(house.events().await.contains(&AuditKind::ReplayOtherClient));
    house.refresh(next.refresh.unwrap().as_str()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_refreshes_of_one_token_share_one_successor() {
    let house = House::modern().await;
    let pair = house.login().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (authority, token) = (
            Arc::clone(&house.authority),
            pair.refresh.as_str().to_owned(),
        );
        tasks.spawn(async move { authority.refresh(&token, &BROWSER).await.unwrap() });
    }
    let mut successors = HashSet::new();
    let mut replays = 0;
    for outcome in tasks.join_all().await {
        let Refresh::Issued(refreshed) = outcome else {
            panic!("{outcome:?}")
        };
        replays += usize::from(refreshed.replayed);
        successors.insert(token_id(&refreshed.refresh.unwrap()));
    }
    assert_eq!((successors.len(), replays), (1, 49));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_refreshes_under_simplejwt_have_one_winner() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (authority, token) = (
            Arc::clone(&house.authority),
            pair.refresh.as_str().to_owned(),
        );
        tasks.spawn(async move { authority.refresh(&token, &BROWSER).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let winners = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Refresh::Issued(_)));
    assert_eq!(winners.count(), 1);
    let spent = |outcome: &&Refresh| {
        matches!(
            outcome,
            Refresh::Refused(TokenRefusal::Ledger(Refusal::Spent))
        )
    };
    assert_eq!(outcomes.iter().filter(spent).count(), 49);
}

#[tokio::test]
async fn without_rotation_the_refresh_token_stays_and_nothing_is_written() {
    let house = House::simplejwt(RotationMode::Off).await;
    let pair = house.login().await;
    for _ in 0..3 {
        let refreshed = house.refresh(pair.refresh.as_str()).await;
        assert!(refreshed.refresh.is_none());
        assert!(house.is_identified(refreshed.access.as_str()).await);
    }
}

#[tokio::test]
async fn forks_live_beside_each_other_and_blacklisting_ends_only_one() {
    let house = House::simplejwt(RotationMode::Fork).await;
    let pair = house.login().await;
    let second = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    let third = house.refresh(second.as_str()).await.refresh.unwrap();
    assert_eq!(
        house
            .authority
            .blacklist(pair.refresh.as_str(), &BROWSER)
            .await
            .unwrap(),
        Blacklisted::Done
    );
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::Blacklisted.into()
    );
    house.refresh(second.as_str()).await;
    house.refresh(third.as_str()).await;
}

#[tokio::test]
async fn a_session_past_its_deadline_is_refused_and_caps_every_token() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.sessions.lifetime = Some(Duration::from_mins(5));
    policy.tokens.leeway = Duration::ZERO;
    let house = House::build(policy).await;
    let pair = house.login().await;
    let deadline = NOON.timestamp().seconds() + 300;
    house.clock.advance_millis(299_000);
    let next = house.refresh(pair.refresh.as_str()).await;
    for token in [&next.access, next.refresh.as_ref().unwrap()] {
        assert_eq!(claims(token).expiration().unwrap().seconds(), deadline);
    }
    house.clock.advance_millis(1_000);
    let refusal = house.refusal(next.refresh.unwrap().as_str()).await;
    assert_eq!(refusal, TokenRefusal::Token(VerifyError::Expired));
}

// ---- what is sealed

#[tokio::test]
async fn an_id_that_opens_without_its_row_is_refused_and_never_foreign() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let id = house.seal(TokenAddress::Refresh(GenerationAddress {
        session: number(99),
        generation: Generation::FIRST,
        salt: Salt::from_low_bits(1),
    }));
    assert_eq!(
        house.refusal(&house.forge("refresh", &id, "1")).await,
        Refusal::Unknown.into()
    );
    let id = house.seal(TokenAddress::Access(NonceAddress {
        root: number(99),
        nonce: Nonce::from_bytes([1; 6]),
    }));
    assert!(!house.is_identified(&house.forge("access", &id, "1")).await);
}

#[tokio::test]
async fn an_id_with_another_salt_account_or_kind_is_refused() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let bob = house
        .authority
        .create_account("bob".into(), None, AccountRequest::default())
        .await
        .unwrap();
    let pair = house.login().await;
    let real = token_id(&pair.refresh);
    let salt = pair.session.salt().get();
    let other_salt = house.seal(TokenAddress::Refresh(GenerationAddress {
        session: number(1),
        generation: Generation::FIRST,
        salt: Salt::from_low_bits(salt ^ 1),
    }));
    let access_id = token_id(&pair.access);
    for (what, token) in [
        ("salt", house.forge("refresh", &other_salt, "1")),
        (
            "account",
            house.forge("refresh", &real, &bob.id.to_string()),
        ),
        ("kind", house.forge("refresh", &access_id, "1")),
    ] {
        assert_eq!(
            house.refusal(&token).await,
            Refusal::Unknown.into(),
            "{what}"
        );
    }
    for (what, token) in [
        (
            "account",
            house.forge("access", &access_id, &bob.id.to_string()),
        ),
        ("kind", house.forge("access", &real, "1")),
    ] {
        assert!(!house.is_identified(&token).await, "{what}");
    }
    house.refresh(pair.refresh.as_str()).await;
}

#[tokio::test]
async fn a_generation_ahead_of_the_store_is_refused_and_told() {
    let house = House::modern().await;
    let pair = house.login().await;
    let ahead = house.seal(TokenAddress::Refresh(GenerationAddress {
        session: number(1),
        generation: Generation::new(5).unwrap(),
        salt: pair.session.salt(),
    }));
    assert_eq!(
        house.refusal(&house.forge("refresh", &ahead, "1")).await,
        Refusal::StoreRolledBack.into()
    );
    assert!(house.events().await.contains(&AuditKind::StoreRolledBack));
}

#[tokio::test]
async fn added_swapped_and_removed_sealing_keys_revive_nothing() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let source = SigningKeySource::Configured(house.key.clone());
    let node = second_node(
        house.authority.policy().clone(),
        &house.store,
        &house.clock,
        source,
    )
    .await;

    let spent = house.login().await;
    house.refresh(spent.refresh.as_str()).await;
    let ended = house.login().await;
    house
        .authority
        .blacklist(ended.refresh.as_str(), &BROWSER)
        .await
        .unwrap();

    // Added by this node: the other one, which does not hold it yet, must not take its ids for foreign ones.
    let added = house
        .authority
        .keys
        .add_sealing_key(&house.store, &SystemRandom, NOON)
        .await
        .unwrap();
    house
        .authority
        .keys
        .reload_sealing_keys(&house.store)
        .await
        .unwrap();
    let under_new_key = house.login().await;
    house.refresh(under_new_key.refresh.as_str()).await;
    for token in [&spent.refresh, &ended.refresh, &under_new_key.refresh] {
        assert!(matches!(
            node.refresh(token.as_str(), &BROWSER).await.unwrap(),
            Refresh::Refused(TokenRefusal::Ledger(Refusal::Spent | Refusal::Ended(_)))
        ));
    }
    // Removed: refused while sessions under it must be kept.
    for id in [SealingKeyId::new(1), added] {
        assert_eq!(
            house
                .store
                .drop_sealing_key(id, NOON.timestamp())
                .await
                .unwrap(),
            KeyDrop::StillInUse
        );
    }
    // Swapped: a wrapped key that is moved to another row does not open, and the start stops.
    let mut records = house.store.load_keys().await.unwrap().unwrap();
    let (first, second) = records.sealing.split_at_mut(1);
    std::mem::swap(&mut first[0].wrapped, &mut second[0].wrapped);
    let swapped = MemoryStore::new();
    swapped.found_keys(&records).await.unwrap();
    let source = SigningKeySource::Configured(house.key.clone());
    assert!(matches!(
        KeyRing::load(&swapped, MasterKey::from_bytes([7; 32]), source).await,
        Err(KeyRingError::WrongMasterKey(_))
    ));
}

#[tokio::test]
async fn another_master_key_stops_the_start() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    assert!(matches!(
        KeyRing::load(&house.store, MasterKey::from_bytes([8; 32]), source).await,
        Err(KeyRingError::WrongMasterKey(_))
    ));
}

// ---- foreign tokens

const FOREIGN_ID: &str = "0123456789abcdef0123456789abcdef";

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

// ---- ending

#[tokio::test]
async fn blacklisting_signs_out_with_any_generation_where_reuse_is_detected() {
    let house = House::modern().await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await;
    assert_eq!(
        house
            .authority
            .blacklist(pair.refresh.as_str(), &BROWSER)
            .await
            .unwrap(),
        Blacklisted::Done
    );
    let ended = TokenRefusal::Ledger(Refusal::Ended(EndCause::Logout));
    assert_eq!(house.refusal(next.refresh.unwrap().as_str()).await, ended);
    assert!(!house.is_identified(next.access.as_str()).await);
    let again = house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    assert_eq!(again, Blacklisted::Refused(ended));
}

#[tokio::test]
async fn under_simplejwt_a_spent_token_blacklists_nothing_and_access_tokens_live_on() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let next = house.refresh(pair.refresh.as_str()).await.refresh.unwrap();
    let spent = house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    assert_eq!(spent, Blacklisted::Refused(Refusal::Spent.into()));
    assert_eq!(
        house
            .authority
            .blacklist(next.as_str(), &BROWSER)
            .await
            .unwrap(),
        Blacklisted::Done
    );
    assert!(matches!(
        house.refusal(next.as_str()).await,
        TokenRefusal::Ledger(Refusal::Ended(_))
    ));
    assert!(house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn deactivation_and_password_change_end_sessions_at_once_and_reactivation_revives_none() {
    let house = House::modern().await;
    let id = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    let old = house.login().await;
    let ended = house
        .authority
        .set_password(id, PlainPassword::new("another one 77".to_owned()))
        .await
        .unwrap();
    assert_eq!(ended, 1);
    let SignIn::Opened(new) = house.try_login("alice", "another one 77").await else {
        panic!()
    };
    assert!(
        !house.is_identified(old.access.as_str()).await,
        "same second, same clock"
    );
    assert!(house.is_identified(new.access.as_str()).await);

    house
        .authority
        .set_standing(id, Standing::Inactive)
        .await
        .unwrap();
    house
        .authority
        .set_standing(id, Standing::Active)
        .await
        .unwrap();
    assert!(!house.is_identified(new.access.as_str()).await);
    let refusal = house.refusal(new.refresh.as_str()).await;
    assert_eq!(refusal, Refusal::Ended(EndCause::AccountDeactivated).into());
}

#[tokio::test]
async fn under_simplejwt_deactivation_is_a_state_that_reactivation_undoes() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let id = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap()
        .id;
    let pair = house.login().await;
    house
        .authority
        .set_standing(id, Standing::Inactive)
        .await
        .unwrap();
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::AccountInactive.into()
    );
    assert!(!house.is_identified(pair.access.as_str()).await);
    house
        .authority
        .set_standing(id, Standing::Active)
        .await
        .unwrap();
    assert!(house.is_identified(pair.access.as_str()).await);
    house.refresh(pair.refresh.as_str()).await;
}

#[tokio::test]
async fn the_session_limit_ends_the_oldest() {
    let mut policy = Policy::preset(Preset::Modern);
    policy.sessions.limit = Some(2);
    let house = House::build(policy).await;
    let first = house.login().await;
    let second = house.login().await;
    house.login().await;
    assert!(!house.is_identified(first.access.as_str()).await);
    assert_eq!(
        house.refusal(first.refresh.as_str()).await,
        Refusal::Ended(EndCause::SessionLimit).into()
    );
    assert!(house.is_identified(second.access.as_str()).await);
}

#[tokio::test]
async fn revoking_by_hand_kills_an_access_token_alone_and_a_refresh_token_with_its_session() {
    let house = House::simplejwt(RotationMode::Off).await;
    let pair = house.login().await;
    assert_eq!(
        house.authority.revoke(pair.access.as_str()).await.unwrap(),
        Revoked::Token
    );
    assert!(!house.is_identified(pair.access.as_str()).await);
    let fresh = house.refresh(pair.refresh.as_str()).await;
    assert!(house.is_identified(fresh.access.as_str()).await);
    let revoked = house.authority.revoke(pair.refresh.as_str()).await.unwrap();
    assert_eq!(revoked, Revoked::Session(pair.session));
    assert!(matches!(
        house.refusal(pair.refresh.as_str()).await,
        TokenRefusal::Ledger(Refusal::Ended(_))
    ));
}

#[tokio::test]
async fn what_another_node_revokes_is_known_within_one_poll_interval() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let node = second_node(
        house.authority.policy().clone(),
        &house.store,
        &house.clock,
        source,
    )
    .await;
    let pair = house.login().await;
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Known(_)
    ));
    house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    house
        .clock
        .advance_millis(i64::try_from(POLL_INTERVAL.as_millis()).unwrap());
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Refused(_)
    ));
}

#[tokio::test]
async fn revoking_everything_stops_every_token_drawn_so_far_and_no_later_one() {
    for mode in [RotationMode::Off, RotationMode::Fork, RotationMode::Rotate] {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.rotation.mode = mode;
        policy.verify = VerifyPolicy::AsksLedger;
        let house = House::build(policy).await;
        let own = house.login().await;
        let foreign = house.forge("refresh", FOREIGN_ID, "1");
        let adopted = house.refresh(&foreign).await;
        house.store.revoke_everything(NOON, None).await.unwrap();
        house.clock.advance_millis(1_000);

        for token in [own.refresh.as_str(), &foreign] {
            assert!(
                matches!(house.refusal(token).await, TokenRefusal::Ledger(_)),
                "{mode:?}"
            );
            let verdict = house.authority.verify_token(token).await.unwrap();
            assert!(matches!(verdict, Verification::Spent(_)), "{mode:?}");
        }
        for token in [&own.access, &adopted.access] {
            assert!(!house.is_identified(token.as_str()).await, "{mode:?}");
        }
        let other = house.forge("refresh", "00000000000000000000000000000001", "1");
        assert!(
            matches!(house.refusal(&other).await, TokenRefusal::Ledger(_)),
            "{mode:?}"
        );
        let later = house.login().await;
        assert!(house.is_identified(later.access.as_str()).await, "{mode:?}");
        house.refresh(later.refresh.as_str()).await;
    }
}

#[tokio::test]
async fn what_another_node_revokes_is_known_although_the_wall_clock_stands_still() {
    let house = House::modern().await;
    let source = SigningKeySource::Configured(house.key.clone());
    let policy = house.authority.policy().clone();
    let node = second_node(policy, &house.store, &house.clock, source).await;
    let pair = house.login().await;
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Known(_)
    ));
    house
        .authority
        .blacklist(pair.refresh.as_str(), &BROWSER)
        .await
        .unwrap();
    let interval = u64::try_from(POLL_INTERVAL.as_millis()).unwrap();
    house.clock.stand_still_for_millis(interval);
    assert!(matches!(
        node.identify(pair.access.as_str()).await.unwrap(),
        Identification::Refused(_)
    ));
}

// ---- verifying

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

// ---- purging

#[tokio::test]
async fn a_clock_that_jumped_ahead_deletes_nobody() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let pair = house.login().await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    house.authority.blacklist(&foreign, &BROWSER).await.unwrap();
    let purge = async || {
        let told: PurgeProgress<'_> = &mut |_| ();
        let authority = &house.authority;
        authority
            .purge_expired(PurgeHorizon::Cautious, told)
            .await
            .unwrap()
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
    let mut told = 0;
    let report = house
        .authority
        .purge_expired(PurgeHorizon::Cautious, &mut |_| told += 1)
        .await
        .unwrap();
    assert_eq!((report.sessions, report.held_back, told), (0, false, 1));
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::Spent.into()
    );
    house.clock.advance_millis(1000 * (86_400 + 300 + 301));
    let report = house
        .authority
        .purge_expired(PurgeHorizon::Unbounded, &mut |_| ())
        .await
        .unwrap();
    assert_eq!(report.sessions, 1);
}
