//! The operations over the reference store, each preset as its clients see it.

use std::collections::HashSet;
use std::time::Duration;

use countersign_token::{Algorithm, ClaimsSet, HeaderForm, SigningKey, UnixMillis};

use super::*;
use crate::account::{Account, AccountId, AccountKey, Residence, Standing};
use crate::audit::AuditKind;
use crate::clock::ManualClock;
use crate::keys::SigningKeySource;
use crate::memory::MemoryStore;
use crate::password::{Argon2Cost, EncodedPassword, PlainPassword};
use crate::policy::{ForeignTokenPolicy, LoginName, Preset, UserField, VerifyPolicy};
use crate::rotation::RotationMode;
use crate::sealed_id::{GenerationAddress, Nonce, NonceAddress, SealingKeyId, TokenAddress};
use crate::secrets::MasterKey;
use crate::session::{EndCause, Generation, Salt, SessionNumber};
use crate::store::{
    AuditLog as _, Devices as _, KeyDrop, KeyVault as _, Revocations as _, Sessions as _,
};

mod administration;
mod beginnings;
mod devices;
mod ending;
mod foreign;
mod further;
mod generic;
mod issuer;
mod login;
mod naming;
mod password_mark;
mod presets;
mod purge;
mod records;
mod refresh;
mod remembering;
mod sealed;
mod services;
mod sessions;
mod sliding;
mod takeover;
mod throttling;
mod verify;

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

/// The id of a token that somebody else minted.
const FOREIGN_ID: &str = "0123456789abcdef0123456789abcdef";

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
            .create_account("alice".into(), password, with_email("alice"))
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
            other => panic!("no sign-in: {other:?}"),
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

    async fn account(&self, name: &str) -> Account {
        self.authority.find_account(name).await.unwrap().unwrap()
    }

    async fn events(&self) -> Vec<AuditKind> {
        let events = self.store.recent_audit(100).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

fn with_email(name: &str) -> AccountRequest {
    AccountRequest {
        email: format!("{name}@example.org"),
        ..AccountRequest::default()
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
