//! Whether the time of a refusal tells which names exist, among accounts that were brought from Django.
//!
//! Nine of ten accounts have Django's default hash, one has ours. Names that exist and names that do not take
//! turns at signing in with a wrong password.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::account::{Privileges, Standing};
use countersign::authority::{Client, SignIn};
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::password::{
    Argon2Cost, EncodedPassword, PasswordHasher, PlainPassword, Upgrade, WrittenForm,
};
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::store::{AccountTable as _, NewAccount};
use countersign::uuid::Uuid;
use countersign::{Authority, Policy, Preset};
use countersign_bench::spread::Spread;
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::ClaimsSet;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    tokio::runtime::Runtime::new()?.block_on(measure())
}

async fn measure() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("countersign.db");
    SqliteStore::migrate(&path)?;
    let store = Arc::new(SqliteStore::open(&path, &SqliteOptions::default())?);
    let hasher = PasswordHasher::new(
        WrittenForm::Argon2id(Argon2Cost::RECOMMENDED),
        1,
        Arc::new(SystemRandom),
    )?;
    fill(&store, &hasher).await?;
    let authority = authority(store).await?;
    let mut rounds = Rounds::default();
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        rounds.add(&authority, round).await?;
    }
    rounds.print();
    println!(
        "An unknown name at a hasher that knows nothing of the accounts: {:.1} ms",
        unaware(&hasher).await?
    );
    Ok(())
}

/// Tenths of all refusals of a round, in milliseconds: of names that exist and of names that do not.
#[derive(Default)]
struct Rounds {
    known: Vec<[f64; TENTHS.len()]>,
    unknown: Vec<[f64; TENTHS.len()]>,
}

impl Rounds {
    async fn add(&mut self, authority: &Authority, round: usize) -> Outcome<()> {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for number in 0..ACCOUNTS {
            known.push(refusal(authority, &known_name(number)).await?);
            // Names that nobody has asked about before.
            let stranger = format!("stranger{round}-{number}");
            unknown.push(refusal(authority, &stranger).await?);
        }
        self.known.push(tenths(known));
        self.unknown.push(tenths(unknown));
        Ok(())
    }

    fn print(&self) {
        println!("| refusals, ms | known names | unknown names | unknown ÷ known |");
        println!("|---|---|---|---|");
        for (column, tenth) in TENTHS.into_iter().enumerate() {
            let [known, unknown] = [&self.known, &self.unknown]
                .map(|rounds| rounds.iter().map(|row| row[column]).collect::<Vec<f64>>());
            let title = match tenth {
                5 => "median".to_owned(),
                tenth => format!("{tenth} of 10 are faster"),
            };
            println!(
                "| {title} | {:.1} | {:.1} | {:.3} |",
                Spread::of(known.iter().copied()),
                Spread::of(unknown.iter().copied()),
                Spread::ratio(&unknown, &known),
            );
        }
    }
}

fn tenths(mut times: Vec<f64>) -> [f64; TENTHS.len()] {
    times.sort_by(f64::total_cmp);
    TENTHS.map(|tenth| times[times.len() * tenth / 10])
}

/// Milliseconds that a sign-in with a wrong password takes.
async fn refusal(authority: &Authority, username: &str) -> Outcome<f64> {
    let start = Instant::now();
    let outcome = authority
        .login(username, wrong_password(), &Client::default())
        .await?;
    let elapsed = start.elapsed();
    match outcome {
        SignIn::Refused => Ok(elapsed.as_secs_f64() * 1e3),
        SignIn::Opened(_) => Err(format!("{username} was let in").into()),
    }
}

/// What a single decoy of our own scheme would cost, whatever the accounts have.
async fn unaware(hasher: &PasswordHasher) -> Outcome<Spread> {
    let mut times = Vec::new();
    for digest in 0..15 {
        let start = Instant::now();
        hasher
            .check(wrong_password(), None, digest, Upgrade::Never)
            .await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Spread::of(times))
}

async fn fill(store: &SqliteStore, hasher: &PasswordHasher) -> Outcome<()> {
    for number in 0..ACCOUNTS {
        let password = if number % 10 == 3 {
            let password = PlainPassword::new("the right one".to_owned());
            hasher.encode(password).await?
        } else {
            imported()?
        };
        let account = NewAccount {
            uuid: Uuid::from_bytes(u128::try_from(number)?.to_be_bytes()),
            username: known_name(number),
            email: String::new(),
            email_verified: false,
            password,
            standing: Standing::Active,
            privileges: Privileges::default(),
            role: 0,
            password_needs_reset: false,
            created_at: SystemClock::default().now(),
            attributes: ClaimsSet::new(),
        };
        store.create_account(&account, None).await?;
    }
    Ok(())
}

/// A hash as Django writes it today; of which password, nobody knows.
fn imported() -> Outcome<EncodedPassword> {
    let mut bytes = [0; 48];
    rand::fill(&mut bytes).map_err(|_| "no randomness")?;
    let (salt, hash) = bytes.split_at(16);
    let salt = salt
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    let hash = STANDARD.encode(hash);
    let encoded = format!("pbkdf2_sha256${DJANGO_ITERATIONS}${salt}${hash}");
    Ok(EncodedPassword::from_stored(encoded))
}

async fn authority(store: Arc<SqliteStore>) -> Outcome<Authority> {
    let (mut policy, clock) = (Policy::preset(Preset::SimpleJwt), SystemClock::default());
    // Every refusal is to be measured, and none to be spared.
    policy.throttle.enabled = false;
    let source = SigningKeySource::Stored(policy.tokens.algorithm);
    let master = MasterKey::from_bytes([7; 32]);
    let now = clock.now();
    KeyRing::found(store.as_ref(), &master, &source, &SystemRandom, now).await?;
    let keys = KeyRing::load(store.as_ref(), master, source).await?;
    let clock = Arc::new(clock);
    Ok(Authority::new(policy, keys, store.clone(), store, clock)?)
}

fn known_name(number: usize) -> String {
    format!("user{number}")
}

fn wrong_password() -> PlainPassword {
    PlainPassword::new("a wrong one".to_owned())
}

const ACCOUNTS: usize = 100;
const ROUNDS: usize = 3;
/// How many tenths of all refusals are faster than what is printed.
const TENTHS: [usize; 3] = [2, 5, 8];
/// Of Django 5.2.
const DJANGO_ITERATIONS: u32 = 1_000_000;
