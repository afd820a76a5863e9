use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use countersign::account::{
    Account, AccountId, AccountKey, Accounts, Privileges, Residence, Standing,
};
use countersign::authority::{Client, SignIn};
use countersign::clock::Clock;
use countersign::hooks::{
    ClaimsRefusal, ClaimsRequest, ClaimsSource, Hooks, SignInObserver, SignInRefused, SignedIn,
};
use countersign::keys::KeyRing;
use countersign::password::{EncodedPassword, PasswordMark, PlainPassword};
use countersign::store::{Store, StoreError};
use countersign::uuid::Uuid;
use countersign::{Authority, Policy};
use countersign_axum::{ResourceServer, Stateless};
use countersign_token::{ClaimsSet, KeySet, UnixMillis, Verifier};

/// A row of the club's own table. Passwords are in the form that Django stores.
#[derive(Clone)]
struct Member {
    number: i64,
    name: String,
    password: String,
    /// Counts up with every new password.
    password_version: i64,
    has_paid: bool,
    left: bool,
    boats: Vec<String>,
}

/// The club's own table, which knows nothing of tokens. Yours is a database: its errors become
/// `StoreError::unavailable`, and nobody gets in meanwhile.
pub(crate) struct Members(RwLock<Vec<Member>>);

impl Members {
    pub(crate) fn of_the_club() -> Self {
        let member = |number: i64, name: &str, has_paid| Member {
            number,
            name: name.to_owned(),
            // "correct horse battery"; a real one has 600,000 rounds, and a salt of its own.
            password: "pbkdf2_sha256$1000$ofthisclub$D3FiBCKNhha9sYDohYLPtcv72TbNg1J2ectFZ9pNEYU="
                .to_owned(),
            password_version: 1,
            has_paid,
            left: false,
            boats: vec!["Heron".to_owned()],
        };
        Self(RwLock::new(vec![
            member(1, "ann", true),
            member(2, "bob", false),
        ]))
    }

    fn change(&self, id: &str, change: impl Fn(&mut Member)) {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rows.iter_mut()
            .filter(|row| row.number.to_string() == id)
            .for_each(change);
    }

    fn find(&self, is_meant: impl Fn(&Member) -> bool) -> Option<Member> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().find(|row| is_meant(row)).cloned()
    }
}

impl Member {
    /// The member as the authority knows accounts: what the club does not have is left empty.
    fn to_account(&self) -> Account {
        let password = EncodedPassword::from_stored(self.password.clone());
        let mut attributes = ClaimsSet::new();
        // A boolean can always be written; without it, the rule below refuses.
        let _ = attributes.insert("has_paid", self.has_paid);
        Account {
            id: AccountId::new(self.number),
            uuid: Uuid::from_bytes(u128::from(self.number.unsigned_abs()).to_be_bytes()),
            username: self.name.clone(),
            email: String::new(),
            email_verified: false,
            password_mark: PasswordMark::of(&password),
            password,
            credential_version: self.password_version,
            standing: if self.left {
                Standing::Inactive
            } else {
                Standing::Active
            },
            privileges: Privileges::default(),
            role: 0,
            password_needs_reset: false,
            created_at: UnixMillis::from_seconds(0),
            last_login: None,
            revoked_before: None,
            attributes,
        }
    }
}

#[async_trait]
impl Accounts for Members {
    fn residence(&self) -> Residence {
        Residence::Elsewhere
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        let AccountKey::Username(name) = key else {
            return Ok(None);
        };
        Ok(self
            .find(|row| row.name == name)
            .map(|row| row.to_account()))
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let found = self.find(|row| row.number == id.get());
        Ok(found.map(|row| row.to_account()))
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let named = rows
            .iter()
            .map(|row| (AccountId::new(row.number), row.name.clone()));
        Ok(named.filter(|(id, _)| accounts.contains(id)).collect())
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let passwords = rows.iter().take(limit).map(|row| row.password.clone());
        Ok(passwords.map(EncodedPassword::from_stored).collect())
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_meant =
            |row: &&mut Member| row.number == id.get() && row.password == from.as_stored();
        if let Some(row) = rows.iter_mut().find(is_meant) {
            to.as_stored().clone_into(&mut row.password);
        }
        Ok(())
    }

    async fn record_login(&self, _id: AccountId, _at: UnixMillis) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What the club's tokens say: the boats that a member may take out.
#[async_trait]
impl ClaimsSource for Members {
    async fn claims(&self, request: &ClaimsRequest<'_>) -> Result<ClaimsSet, ClaimsRefusal> {
        let number = request.account.id.get();
        let row = self.find(|row| row.number == number);
        let row = row.ok_or(ClaimsRefusal::Refused)?;
        let mut claims = ClaimsSet::new();
        claims
            .insert("boats", &row.boats)
            .map_err(ClaimsRefusal::unavailable)?;
        Ok(claims)
    }
}

/// Counts who came today, and who was turned away.
#[derive(Default)]
struct Doorman {
    came: AtomicU32,
    turned_away: AtomicU32,
}

#[async_trait]
impl SignInObserver for Doorman {
    async fn signed_in(&self, _event: &SignedIn<'_>) {
        self.came.fetch_add(1, Ordering::Relaxed);
    }

    async fn sign_in_refused(&self, _event: &SignInRefused<'_>) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the program is made of.
pub(crate) struct Parts {
    pub(crate) policy: Policy,
    pub(crate) keys: KeyRing,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) members: Arc<Members>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The program, put together.
pub(crate) async fn application(parts: Parts) -> Result<Router, Box<dyn std::error::Error>> {
    let doorman = Arc::new(Doorman::default());
    let members = Arc::clone(&parts.members);
    let observer: Arc<dyn SignInObserver> = doorman.clone();
    let hooks = Hooks::default()
        .sign_in_rule(|account| {
            let has_paid = account.attributes.get::<bool>("has_paid");
            matches!(has_paid, Some(Ok(true)))
        })
        .claims(members.clone())
        .observer(observer);
    let algorithms = [parts.policy.tokens.algorithm];
    let clock = Arc::clone(&parts.clock);
    let authority = Authority::new(
        parts.policy,
        parts.keys,
        parts.store,
        parts.members,
        parts.clock,
    )?;
    let authority = Arc::new(authority.with_hooks(hooks));

    // The boathouse could as well be another program on another machine: it only reads tokens.
    let keys = KeySet::from_published_jwk_set(&algorithms, &authority.jwk_set().await?)?;
    let club = Club {
        authority: Arc::clone(&authority),
        members,
        doorman,
        boathouse: ResourceServer::new(Verifier::new(keys), clock),
    };
    Ok(Router::new()
        .route("/sign-in", post(sign_in))
        .route("/boats", get(boats).delete(sell_boats))
        .route("/membership", delete(leave))
        .route("/visits", get(visits))
        .with_state(club)
        .merge(countersign_axum::token_endpoints(authority)))
}

#[derive(Clone)]
struct Club {
    authority: Arc<Authority>,
    members: Arc<Members>,
    doorman: Arc<Doorman>,
    boathouse: ResourceServer,
}

impl FromRef<Club> for ResourceServer {
    fn from_ref(club: &Club) -> Self {
        club.boathouse.clone()
    }
}

/// A sign-in with a body and an answer of the club's own.
async fn sign_in(State(club): State<Club>, body: String) -> Response {
    let Some((name, password)) = body.split_once(':') else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let password = PlainPassword::new(password.to_owned());
    match club
        .authority
        .login(name, password, &Client::default())
        .await
    {
        Ok(SignIn::Opened(pair)) => {
            let (token, renew) = (pair.access.as_str(), pair.refresh.as_str());
            let body = format!(r#"{{"greeting":"ahoy","token":"{token}","renew":"{renew}"}}"#);
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Ok(SignIn::Refused) => (StatusCode::UNAUTHORIZED, "not on the list").into_response(),
        Ok(SignIn::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Err(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A resource that needs no database.
async fn boats(Stateless(member): Stateless) -> String {
    let boats: Vec<String> = member
        .claim("boats")
        .and_then(Result::ok)
        .unwrap_or_default();
    format!("{member} may take out: {}", boats.join(", "))
}

async fn sell_boats(State(club): State<Club>, Stateless(member): Stateless) {
    club.members.change(member.id(), |row| row.boats.clear());
}

async fn leave(State(club): State<Club>, Stateless(member): Stateless) {
    club.members.change(member.id(), |row| row.left = true);
}

async fn visits(State(club): State<Club>) -> String {
    let Doorman { came, turned_away } = club.doorman.as_ref();
    format!(
        "{} came, {} turned away",
        came.load(Ordering::Relaxed),
        turned_away.load(Ordering::Relaxed)
    )
}
