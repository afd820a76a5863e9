//! What flushing expired rows does to those who refresh meanwhile.
//!
//! `flush [PATH OF countersign]`
//!
//! In stores with ten thousand, a hundred thousand and a million expired sessions, clients refresh as fast as they are
//! answered: first alone, then while `token flush-expired` runs as a process of its own.

use std::env;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign::account::AccountId;
use countersign::sealed_id::SealingKeyId;
use countersign::session::{ClientDigest, FirstToken, Generation, SessionId};
use countersign::store::{AccountGuard, NewSession, Sessions};
use countersign_bench::http::load::{self, Client, Kind, Turn};
use countersign_bench::http::server::{Server, default_program};
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::UnixMillis;
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let program = env::args()
        .nth(1)
        .map_or_else(default_program, PathBuf::from);
    println!(
        "| expired sessions | flush took s | refreshes/s alone | p99 ms alone | refreshes/s meanwhile | p99 ms meanwhile | p99 ratio |"
    );
    println!("|---|---|---|---|---|---|---|");
    for expired in [10_000, 100_000, 1_000_000] {
        measure(&program, expired)?;
    }
    Ok(())
}

fn measure(program: &Path, expired: u64) -> Result<(), Box<dyn Error>> {
    let server = Server::start_filled(program, SETTINGS, CLIENTS, |store| fill(store, expired))?;
    let mut clients = (0..CLIENTS)
        .map(|number| Client::sign_in(&server, number))
        .collect::<Result<Vec<_>, _>>()?;
    load::run(&server, &mut clients, Kind::Refresh, WARM_UP)?;
    let alone = load::run(&server, &mut clients, Kind::Refresh, TURN)?;
    let (took, meanwhile) = while_flushing(program, &server, &mut clients, expired)?;
    println!(
        "| {expired} | {:.1} | {:.0} | {:.1} | {:.0} | {:.1} | {:.2} |",
        took.as_secs_f64(),
        alone.requests_per_second(),
        alone.latency_ms(0.99),
        meanwhile.requests_per_second(),
        meanwhile.latency_ms(0.99),
        meanwhile.latency_ms(0.99) / alone.latency_ms(0.99),
    );
    Ok(())
}

/// How long the flush took, and the refreshes that were made until it was done.
fn while_flushing(
    program: &Path,
    server: &Server,
    clients: &mut [Client],
    expired: u64,
) -> Result<(Duration, Turn), Box<dyn Error>> {
    let mut flush = Command::new(program);
    flush
        .args(["token", "flush-expired", "--yes", "-o", "json", "--config"])
        .arg(server.config());
    let flushing = thread::spawn(move || -> io::Result<(Duration, Vec<u8>)> {
        let start = Instant::now();
        let done = flush.stderr(Stdio::inherit()).output()?;
        Ok((start.elapsed(), done.stdout))
    });
    let mut turns = Turn::default();
    while !flushing.is_finished() {
        turns.add(load::run(server, clients, Kind::Refresh, SLICE)?);
    }
    let (took, said) = flushing.join().map_err(|_| "the flush panicked")??;
    let said: serde_json::Value = serde_json::from_slice(&said)?;
    let removed = said["removed"].to_string();
    if !removed.contains(&expired.to_string()) {
        return Err(format!("{expired} sessions were to be removed: {said}").into());
    }
    Ok((took, turns))
}

/// Sessions whose last token expired two days ago.
#[tokio::main]
async fn fill(store: &Path, count: u64) -> io::Result<()> {
    let store = SqliteStore::open(store, &SqliteOptions::default()).map_err(io::Error::other)?;
    for first in (0..count).step_by(1_000) {
        let mut opening = JoinSet::new();
        for seed in first..(first + 1_000).min(count) {
            let store = store.clone();
            opening.spawn(async move { store.open_session(&expired(seed), None).await });
        }
        for opened in opening.join_all().await {
            opened.map_err(io::Error::other)?;
        }
    }
    store.close().await;
    Ok(())
}

fn expired(seed: u64) -> NewSession {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let now = UnixMillis::from_seconds(i64::try_from(now).unwrap_or(0));
    let mut sid = [0; 16];
    sid[8..].copy_from_slice(&seed.to_be_bytes());
    let expired_at = now.minus(Duration::from_hours(48)).timestamp();
    NewSession {
        sid: SessionId::from_bytes(sid),
        account: Some(AccountId::new(1)),
        guard: AccountGuard::Elsewhere {
            credential_version: 1,
        },
        sealing_key: SealingKeyId::new(1),
        generation: Generation::FIRST,
        first_token: FirstToken::Refresh,
        created_at: now.minus(Duration::from_hours(72)),
        refresh_expires_at: expired_at,
        deadline: None,
        keep_until: expired_at,
        client: ClientDigest::from_bits(seed),
        device: None,
        enabled: true,
        limit: None,
    }
}

const SETTINGS: &str = "preset = \"simplejwt\"\n[jwt]\nrotate_refresh_tokens = true\nblacklist_after_rotation = true\n";
const CLIENTS: usize = 32;
const WARM_UP: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_secs(5);
/// How long clients ask before they look whether the flush is done.
const SLICE: Duration = Duration::from_millis(250);
