//! Asking the revocation index whether a token is revoked, with a million entries in it.
//!
//! The subjects asked for are spread over the whole index, so that look-ups leave the caches of the processor,
//! as they do in a server.

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use countersign_bench::process;
use countersign_bench::spread::Spread;
use countersign_token::{
    KeyId, RevocationEntry, RevocationIndex, RevocationScope, SessionAddress, Timestamp, TokenFacts,
};

fn main() -> Result<(), Box<dyn Error>> {
    let key_id = KeyId::parse("k1")?;
    let ids: Vec<[String; 2]> = (0..QUESTIONS)
        .map(|place| {
            [
                token_id(revoked(place, TOKENS)),
                token_id(never_revoked(place)),
            ]
        })
        .collect();
    let questions = questions(&key_id, &ids);

    let before = process::resident_bytes()?;
    let index = RevocationIndex::new();
    entries().for_each(|entry| index.apply(&entry));
    let bytes = process::resident_bytes()?.saturating_sub(before) as f64;
    println!(
        "{} entries: {TOKENS} tokens, {SESSIONS} sessions, {ACCOUNTS} accounts",
        index.len()
    );
    println!(
        "memory: {:.0} MB, {:.0} bytes per entry",
        bytes / 1e6,
        bytes / index.len() as f64
    );

    head("one thread");
    for (name, facts) in &questions {
        print(name, &rounds(&index, facts));
    }
    head("two threads, and a third applies entries");
    let applied = with_writer(&index, || {
        for (name, facts) in &questions {
            print(name, &in_two_threads(&index, facts));
        }
    });
    println!(
        "  entries applied meanwhile: {applied}, at most {ENTRIES_PER_MILLISECOND} per millisecond"
    );
    Ok(())
}

/// The sorts of tokens that are asked about. A hit ends the search, a miss goes through all of it.
fn questions<'a>(
    key_id: &'a KeyId,
    ids: &'a [[String; 2]],
) -> Vec<(&'static str, Vec<TokenFacts<'a>>)> {
    let sort = |revoked_by: Option<Revoked>| {
        let places = (0_u64..).zip(ids);
        places
            .map(|(place, ids)| facts(key_id, place, ids, revoked_by))
            .collect()
    };
    vec![
        ("miss: nothing is known of it", sort(None)),
        (
            "miss: its account has an entry that spares it",
            sort(Some(Revoked::OlderSessions)),
        ),
        ("hit: the token", sort(Some(Revoked::Token))),
        ("hit: its session", sort(Some(Revoked::Session))),
        ("hit: its account", sort(Some(Revoked::Account))),
    ]
}

/// What was revoked of what a question is about.
#[derive(Clone, Copy, PartialEq)]
enum Revoked {
    Token,
    Session,
    Account,
    OlderSessions,
}

fn facts<'a>(
    key_id: &'a KeyId,
    place: u64,
    [known, unknown]: &'a [String; 2],
    revoked_by: Option<Revoked>,
) -> TokenFacts<'a> {
    let is = |what| revoked_by == Some(what);
    let pick = |hit: bool, count| {
        if hit {
            revoked(place, count)
        } else {
            never_revoked(place)
        }
    };
    TokenFacts {
        token_id: if is(Revoked::Token) { known } else { unknown },
        key_id,
        session: Some(SessionAddress::Number(pick(is(Revoked::Session), SESSIONS))),
        number: Some(if is(Revoked::Account) { UPTO } else { UPTO + 1 }),
        account: i64::try_from(pick(
            is(Revoked::Account) || is(Revoked::OlderSessions),
            ACCOUNTS,
        ))
        .ok(),
    }
}

/// All entries, as the log brings them.
fn entries() -> impl Iterator<Item = RevocationEntry> {
    let tokens = (0..TOKENS).map(token_entry);
    let sessions = (0..SESSIONS).map(session_entry);
    tokens
        .chain(sessions)
        .chain((0..ACCOUNTS).map(account_entry))
}

fn token_entry(number: u64) -> RevocationEntry {
    entry(RevocationScope::Token {
        id: token_id(number).into(),
    })
}

fn session_entry(number: u64) -> RevocationEntry {
    entry(RevocationScope::Session {
        address: SessionAddress::Number(number),
    })
}

fn account_entry(number: u64) -> RevocationEntry {
    let account = i64::try_from(number).unwrap_or(i64::MAX);
    entry(RevocationScope::AccountUpto {
        account,
        upto: UPTO,
        except: None,
    })
}

fn entry(scope: RevocationScope) -> RevocationEntry {
    RevocationEntry {
        sequence: 1,
        scope,
        forget_at: Timestamp::from_seconds(4_102_444_800),
    }
}

/// The subject of some entry, far from the one of the place before.
fn revoked(place: u64, count: u64) -> u64 {
    scattered(place) % count
}

/// A subject of no entry.
fn never_revoked(place: u64) -> u64 {
    (1 << 40) + scattered(place) % (1 << 30)
}

fn token_id(number: u64) -> String {
    let mut id = String::with_capacity(32);
    // Writing to a string cannot fail.
    let _ = write!(id, "{:016x}{:016x}", scattered(number), scattered(!number));
    id
}

/// `SplitMix64`: one number, one other number, no pattern.
fn scattered(number: u64) -> u64 {
    let mixed = number
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Nanoseconds per check, one reading per round.
///
/// A reading is the median of short turns: those in which the machine was busy with something else do not
/// count. What is known of a token is at hand, since the token was just verified; the index is not.
fn rounds(index: &RevocationIndex, facts: &[TokenFacts<'_>]) -> Vec<f64> {
    let turn = |facts: &[TokenFacts<'_>]| {
        facts.iter().for_each(look_at);
        let start = Instant::now();
        for token in facts {
            black_box(index.check(token));
        }
        start.elapsed().as_secs_f64() * 1e9 / facts.len() as f64
    };
    (0..ROUNDS)
        .map(|_| Spread::of(facts.chunks(CHECKS_PER_TURN).map(turn)).median)
        .collect()
}

/// Brings a question into the caches of the processor.
fn look_at(token: &TokenFacts<'_>) {
    black_box(token.token_id.bytes().fold(0, u8::wrapping_add));
    black_box(*token);
}

fn in_two_threads(index: &RevocationIndex, facts: &[TokenFacts<'_>]) -> Vec<f64> {
    thread::scope(|scope| {
        let other = scope.spawn(|| rounds(index, facts));
        let mut readings = rounds(index, facts);
        readings.extend(other.join().expect("the other thread only reads"));
        readings
    })
}

/// Applies new entries of all scopes at a steady rate while `work` runs; tells how many.
fn with_writer(index: &RevocationIndex, work: impl FnOnce()) -> u64 {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut applied = 0;
            while !done.load(Ordering::Relaxed) {
                for _ in 0..ENTRIES_PER_MILLISECOND {
                    let subject = (1 << 50) + applied;
                    let make = [token_entry, session_entry, account_entry];
                    index.apply(&make[usize::try_from(applied % 3).unwrap_or_default()](
                        subject,
                    ));
                    applied += 1;
                }
                thread::sleep(Duration::from_millis(1));
            }
            applied
        });
        work();
        done.store(true, Ordering::Relaxed);
        writer.join().expect("the writer only applies entries")
    })
}

fn head(title: &str) {
    println!("\n{title:<50} {:>20} {:>22}", "ns per check", "× 150 ns");
}

fn print(name: &str, readings: &[f64]) {
    let time = format!("{:.0}", Spread::of(readings.iter().copied()));
    let ratio = format!(
        "{:.2}",
        Spread::of(readings.iter().map(|nanos| nanos / LIMIT_NANOS))
    );
    println!("  {name:<48} {time:>20} {ratio:>22}");
}

/// What a check may cost.
const LIMIT_NANOS: f64 = 150.0;
const TOKENS: u64 = 500_000;
const SESSIONS: u64 = 300_000;
const ACCOUNTS: u64 = 200_000;
/// The highest session number that the entries of accounts revoke.
const UPTO: u64 = 1_000;
const QUESTIONS: u64 = 1 << 16;
const CHECKS_PER_TURN: usize = 1 << 8;
const ROUNDS: usize = 41;
const ENTRIES_PER_MILLISECOND: u64 = 10;
