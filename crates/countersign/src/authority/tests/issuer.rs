//! Tokens of another issuer, by the keys that it publishes.

use std::sync::Mutex;

use async_trait::async_trait;
use countersign_token::{KeyId, KeySet};

use super::*;
use crate::keys::IssuerKeys;
use crate::policy::KeyIdInHeader;

/// What another issuer publishes, what of it has been fetched, and how often somebody asked.
#[derive(Default)]
struct Issuer {
    state: Mutex<IssuerState>,
}

#[derive(Default)]
struct IssuerState {
    published: Arc<KeySet>,
    fetched: Arc<KeySet>,
    asked: u32,
    asked_for: Vec<String>,
}

impl Issuer {
    /// An issuer whose keys have been fetched.
    fn of(keys: &[&SigningKey]) -> Arc<Self> {
        let issuer = Arc::new(Self::default());
        issuer.publish(keys);
        let mut state = issuer.state.lock().unwrap();
        state.fetched = Arc::clone(&state.published);
        drop(state);
        issuer
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let keys = keys.iter().map(|key| key.verification_key()).collect();
        self.state.lock().unwrap().published = Arc::new(KeySet::new(keys).unwrap());
    }

    fn asked(&self) -> u32 {
        self.state.lock().unwrap().asked
    }

    /// The names of the keys that were looked for since the last call.
    fn asked_for(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked_for)
    }
}

#[async_trait]
impl IssuerKeys for Issuer {
    async fn keys(&self, _: Duration) -> Arc<KeySet> {
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        Arc::clone(&state.fetched)
    }

    async fn keys_naming(&self, key_id: &KeyId, _: Duration) -> Arc<KeySet> {
        let mut state = self.state.lock().unwrap();
        state.asked_for.push(key_id.to_string());
        state.fetched = Arc::clone(&state.published);
        Arc::clone(&state.fetched)
    }
}

/// A house that trusts an issuer, and signs with ES256 itself.
struct Trusting {
    authority: Authority,
    issuer: Arc<Issuer>,
}

impl Trusting {
    async fn build(policy: Policy, issuer: Arc<Issuer>) -> Self {
        let store = MemoryStore::new();
        let source = SigningKeySource::Stored(Algorithm::Es256);
        let master = || MasterKey::from_bytes([7; 32]);
        KeyRing::found(&store, &master(), &source, &SystemRandom, NOON)
            .await
            .unwrap();
        let keys = KeyRing::load(&store, master(), source).await.unwrap();
        let keys = keys.trusting(issuer.clone());
        let (store, accounts): (Arc<dyn Store>, Arc<dyn Accounts>) =
            (Arc::new(store.clone()), Arc::new(store));
        let clock = Arc::new(ManualClock::at(NOON));
        let authority = Authority::new(policy, keys, store, accounts, clock).unwrap();
        authority
            .create_account("alice".into(), None, AccountRequest::default())
            .await
            .unwrap();
        Self { authority, issuer }
    }

    async fn simplejwt(issuer: Arc<Issuer>) -> Self {
        let mut policy = Policy::preset(Preset::SimpleJwt);
        policy.tokens.algorithm = Algorithm::Es256;
        Self::build(policy, issuer).await
    }

    async fn verdict(&self, token: &str) -> Result<(), TokenRefusal> {
        match self.authority.verify_token(token).await.unwrap() {
            Verification::Valid => Ok(()),
            Verification::Refused(refusal) => Err(refusal),
            Verification::Spent(refusal) => Err(refusal.into()),
        }
    }

    async fn own_pair(&self) -> TokenPair {
        let alice = self.authority.find_account("alice").await.unwrap().unwrap();
        let opened = self.authority.open_session(alice.id, &BROWSER).await;
        opened.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_token_of_the_issuer_is_good_under_the_key_that_it_names() {
    let [one, two] = [key("one"), key("two")];
    let house = Trusting::simplejwt(Issuer::of(&[&one, &two])).await;
    for key in [&one, &two] {
        let token = token(key, HeaderForm::WithKeyId);
        assert_eq!(house.verdict(&token).await, Ok(()));
        assert!(matches!(
            house.authority.identify(&token).await.unwrap(),
            Identification::Known(_)
        ));
    }
    let liar = key("two").with_key_id(one.key_id().clone());
    let forged = token(&liar, HeaderForm::WithKeyId);
    assert_eq!(
        house.verdict(&forged).await,
        refused(VerifyError::BadSignature)
    );
    assert_eq!(house.issuer.asked_for(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_that_names_no_key_is_refused_and_nobody_is_asked() {
    let key = key("one");
    let house = Trusting::simplejwt(Issuer::of(&[&key])).await;
    let unnamed = token(&key, HeaderForm::Plain);
    assert_eq!(
        house.verdict(&unnamed).await,
        refused(VerifyError::MissingKeyId)
    );
    for garbage in ["", "garbage", "a.b.c", &unnamed[1..]] {
        assert!(house.verdict(garbage).await.is_err(), "{garbage}");
    }
    assert_eq!(house.issuer.asked(), 0);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_by_its_name() {
    let [old, new] = [key("old"), key("new")];
    let house = Trusting::simplejwt(Issuer::of(&[&old])).await;
    house.issuer.publish(&[&new]);
    let [by_old, by_new] = [&old, &new].map(|key| token(key, HeaderForm::WithKeyId));
    assert_eq!(house.verdict(&by_old).await, Ok(()), "not looked again yet");
    assert_eq!(house.verdict(&by_new).await, Ok(()));
    assert_eq!(house.issuer.asked_for(), ["new"]);
    assert_eq!(
        house.verdict(&by_old).await,
        refused(VerifyError::UnknownKey),
        "it was withdrawn, and what was remembered of the token went with it"
    );
    assert_eq!(house.issuer.asked_for(), ["old"]);
}

#[tokio::test]
async fn a_name_that_no_key_can_have_is_not_looked_for() {
    let key = key("one");
    let house = Trusting::simplejwt(Issuer::of(&[&key])).await;
    for name in ["", "a\\u0000b"] {
        let header = base64url(&format!(r#"{{"alg":"ES256","kid":"{name}"}}"#));
        let good = token(&key, HeaderForm::Plain);
        let (_, rest) = good.split_once('.').unwrap();
        let named = format!("{header}.{rest}");
        assert_eq!(
            house.verdict(&named).await,
            refused(VerifyError::UnknownKey)
        );
    }
    assert_eq!(house.issuer.asked_for(), Vec::<String>::new());
}

#[tokio::test]
async fn another_algorithm_than_the_issuers_is_refused_and_its_key_not_looked_for() {
    let ours = key("one");
    let house = Trusting::simplejwt(Issuer::of(&[&ours])).await;
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let other = other.with_key_id(ours.key_id().clone());
    let other = token(&other, HeaderForm::WithKeyId);
    assert_eq!(
        house.verdict(&other).await,
        refused(VerifyError::UnacceptableAlgorithm)
    );
    assert_eq!(house.issuer.asked_for(), Vec::<String>::new());
}

#[tokio::test]
async fn tokens_of_our_own_are_good_where_they_name_our_key() {
    let mut policy = Policy::preset(Preset::Modern);
    for (named, expected) in [
        (KeyIdInHeader::Always, Ok(())),
        (
            KeyIdInHeader::WhenSeveral,
            refused(VerifyError::MissingKeyId),
        ),
    ] {
        policy.tokens.key_id = named;
        let house = Trusting::build(policy.clone(), Issuer::of(&[])).await;
        let pair = house.own_pair().await;
        assert_eq!(house.verdict(pair.access.as_str()).await, expected);
        assert_eq!(house.issuer.asked(), 0, "our own keys are here");
    }
}

#[tokio::test]
async fn the_issuer_cannot_take_the_name_of_a_key_of_ours() {
    let house = Trusting::build(Policy::preset(Preset::Modern), Issuer::of(&[])).await;
    let ours = house.authority.keys.active();
    let impostor = key("any").with_key_id(ours);
    house.issuer.publish(&[&impostor]);
    let forged = token(&impostor, HeaderForm::WithKeyId);
    assert_eq!(
        house.verdict(&forged).await,
        refused(VerifyError::BadSignature)
    );
    let pair = house.own_pair().await;
    assert_eq!(house.verdict(pair.access.as_str()).await, Ok(()));
    assert_eq!(house.issuer.asked(), 0);
}

#[tokio::test]
async fn the_issuers_keys_are_not_published_as_ours() {
    let house = Trusting::simplejwt(Issuer::of(&[&key("theirs")])).await;
    let theirs = token(&key("theirs"), HeaderForm::WithKeyId);
    assert_eq!(
        house.verdict(&theirs).await,
        refused(VerifyError::BadSignature)
    );
    let published = house.authority.jwk_set().await.unwrap();
    assert!(!published.contains("theirs"), "{published}");
}

#[tokio::test]
async fn an_issuer_without_keys_refuses_its_tokens_and_nothing_else() {
    let key = key("one");
    let house = Trusting::build(Policy::preset(Preset::Modern), Issuer::of(&[])).await;
    let theirs = token(&key, HeaderForm::WithKeyId);
    assert_eq!(
        house.verdict(&theirs).await,
        refused(VerifyError::UnknownKey)
    );
    let pair = house.own_pair().await;
    assert_eq!(house.verdict(pair.access.as_str()).await, Ok(()));
}

#[tokio::test]
async fn where_foreign_tokens_are_off_those_of_the_issuer_are_refused() {
    let key = key("one");
    let house = Trusting::build(Policy::preset(Preset::Modern), Issuer::of(&[&key])).await;
    let theirs = token(&key, HeaderForm::WithKeyId);
    assert_eq!(house.verdict(&theirs).await, Err(TokenRefusal::Foreign));
}

/// Whoever holds the issuer's key can write any id into a token, also one that was read off a token of ours.
#[tokio::test]
async fn an_id_of_ours_in_a_token_of_the_issuers_opens_and_ends_nothing_of_ours() {
    let theirs = key("theirs");
    let mut policy = Policy::preset(Preset::Modern);
    policy.foreign = ForeignTokenPolicy::Signed;
    let house = Trusting::build(policy, Issuer::of(&[&theirs])).await;
    let ours = house.own_pair().await;
    let not_theirs = TokenRefusal::Token(VerifyError::ClaimNotAcceptable {
        claim: "jti".into(),
    });
    for (own, kind) in [(&ours.refresh, "refresh"), (&ours.access, "access")] {
        let mut copied = claims(own);
        copied.insert("user_id", "1").unwrap();
        let forged = theirs.encode(HeaderForm::WithKeyId, &copied).unwrap();
        let forged = forged.as_str();
        let authority = &house.authority;
        assert_eq!(
            house.verdict(forged).await,
            Err(not_theirs.clone()),
            "{kind}"
        );
        let explained = authority.explain(forged).await.unwrap();
        assert_eq!(explained.refusal, Some(not_theirs.clone()), "{kind}");
        assert_eq!((explained.id, explained.session.is_some()), (None, false));
        assert!(
            matches!(
                authority.identify(forged).await.unwrap(),
                Identification::Refused(_)
            ),
            "{kind}"
        );
        let refreshed = authority.refresh(forged, &BROWSER).await.unwrap();
        assert!(
            matches!(refreshed, Refresh::Refused(ref why) if *why == not_theirs),
            "{kind}: {refreshed:?}"
        );
        let slid = authority.refresh_sliding(forged, &BROWSER).await.unwrap();
        assert!(matches!(slid, Refresh::Refused(_)), "{kind}");
        let blacklisted = authority.blacklist(forged, &BROWSER).await.unwrap();
        assert_eq!(blacklisted, Blacklisted::Refused(not_theirs.clone()));
        let revoked = authority.revoke(forged).await.unwrap();
        assert_eq!(revoked, Revoked::Refused(not_theirs.clone()));
    }
    for own in [&ours.refresh, &ours.access] {
        assert_eq!(house.verdict(own.as_str()).await, Ok(()));
    }
    let refreshed = house.authority.refresh(ours.refresh.as_str(), &BROWSER);
    assert!(matches!(refreshed.await.unwrap(), Refresh::Issued(_)));
}

/// The other way round: what the issuer's token did not copy is the issuer's, and nothing of it is asked of our ids.
#[tokio::test]
async fn a_token_of_the_issuers_is_foreign_whatever_its_kind() {
    let theirs = key("theirs");
    let mut policy = Policy::preset(Preset::Modern);
    policy.foreign = ForeignTokenPolicy::Signed;
    let house = Trusting::build(policy, Issuer::of(&[&theirs])).await;
    let access = token(&theirs, HeaderForm::WithKeyId);
    let explained = house.authority.explain(&access).await.unwrap();
    assert_eq!(explained.id, Some(OpenedId::Foreign));
    assert_eq!(explained.refusal, None);
}

fn refused(error: VerifyError) -> Result<(), TokenRefusal> {
    Err(TokenRefusal::Token(error))
}

fn key(name: &str) -> SigningKey {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    key.with_key_id(KeyId::parse(name).unwrap())
}

/// A good access token of alice with an id of another house.
fn token(key: &SigningKey, form: HeaderForm) -> String {
    let mut claims = ClaimsSet::new();
    claims.insert("token_type", "access").unwrap();
    claims.set_expiration(NOON.plus(Duration::from_mins(10)).timestamp());
    claims.set_issued_at(NOON.timestamp());
    claims.set_token_id(FOREIGN_ID).unwrap();
    claims.insert("user_id", "1").unwrap();
    key.encode(form, &claims).unwrap().into_string()
}

fn base64url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}
