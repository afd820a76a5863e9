//! What the SQLite store's point operations cost, and whether they cost more in a store a hundred times larger.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign::account::AccountId;
use countersign::rotation::{PresentedToken, RotatedOut, RotationStep};
use countersign::sealed_id::SealingKeyId;
use countersign::session::{ClientDigest, FirstToken, Generation, SessionId, SessionRecord};
use countersign::store::{
    AccountGuard, KeyRecords, KeyVault, NewSession, Opening, Revocations, Rotation,
    SealingKeyRecord, Sessions,
};
use countersign_bench::spread::Spread;
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::UnixMillis;
use tempfile::TempDir;
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SMALL: u64 = 10_000;
const LARGE: u64 = 1_000_000;
const ROUNDS: usize = 7;
const NOW: UnixMillis = UnixMillis::from_seconds(1_800_000_000);
const TASKS: usize = 64;

fn main() -> Outcome<()> {
    tokio::runtime::Runtime::new()?.block_on(measure())
}

async fn measure() -> Outcome<()> {
    eprintln!("filling a store with {SMALL} sessions and one with {LARGE}");
    let mut small = Place::filled(SMALL).await?;
    let mut large = Place::filled(LARGE).await?;
    let mut table = Table::default();
    for _ in 0..ROUNDS {
        table.add(&mut small, &mut large).await?;
    }
    table.print();
    Ok(())
}

/// A store in a folder of its own, and some of its sessions, spread over all of them.
struct Place {
    store: SqliteStore,
    sessions: Vec<SessionRecord>,
    _folder: TempDir,
}

impl Place {
    async fn filled(count: u64) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("countersign.db");
        SqliteStore::migrate(&path)?;
        let store = SqliteStore::open(&path, &SqliteOptions::default())?;
        store.found_keys(&keys()).await?;
        let mut sessions = Vec::new();
        for first in (0..count).step_by(500) {
            let mut opening = JoinSet::new();
            for seed in first..(first + 500).min(count) {
                let store = store.clone();
                opening.spawn(async move { store.open_session(&login(seed), None).await });
            }
            for opened in opening.join_all().await {
                match opened? {
                    Opening::Opened(record) if record.number.get() % (count / 1_000) == 0 => {
                        sessions.push(record);
                    }
                    Opening::Opened(_) | Opening::AccountChanged => {}
                }
            }
        }
        Ok(Self {
            store,
            sessions,
            _folder: folder,
        })
    }

    async fn find(&self) -> Outcome<f64> {
        let start = Instant::now();
        for session in &self.sessions {
            black_box(self.store.find_session(session.number).await?);
        }
        Ok(microseconds_each(start.elapsed(), self.sessions.len()))
    }

    async fn look_at_marker(&self) -> Outcome<f64> {
        let start = Instant::now();
        for _ in 0..1_000 {
            black_box(self.store.change_marker().await?);
        }
        Ok(microseconds_each(start.elapsed(), 1_000))
    }

    async fn rotate_alone(&mut self, rotated_out: RotatedOut) -> Outcome<f64> {
        let start = Instant::now();
        for session in self.sessions.iter_mut().take(200) {
            rotate(&self.store, session, rotated_out).await?;
        }
        Ok(microseconds_each(start.elapsed(), 200))
    }

    /// Each task rotates sessions of its own, so that no two wait for the same row.
    async fn rotate_together(&mut self, rotated_out: RotatedOut) -> Outcome<f64> {
        let start = Instant::now();
        let share = self.sessions.len().div_ceil(TASKS);
        let mut tasks = JoinSet::new();
        for share in self.sessions.chunks(share) {
            let (store, mut share) = (self.store.clone(), share.to_vec());
            tasks.spawn(async move {
                for session in &mut share {
                    rotate(&store, session, rotated_out).await?;
                }
                Outcome::Ok(share)
            });
        }
        let mut rotated = Vec::new();
        for share in tasks.join_all().await {
            rotated.extend(share?);
        }
        self.sessions = rotated;
        Ok(microseconds_each(start.elapsed(), self.sessions.len()))
    }
}

async fn rotate(
    store: &SqliteStore,
    session: &mut SessionRecord,
    rotated_out: RotatedOut,
) -> Outcome<()> {
    let now = session.rotated_at.plus(Duration::from_secs(1));
    let step = RotationStep {
        token: PresentedToken {
            session: session.number,
            generation: session.generation,
            salt: Some(session.sid.salt()),
            account: session.account,
        },
        client: session.client,
        now,
        refresh_expires_at: now.plus(Duration::from_hours(24)).timestamp(),
        keep_beyond_seconds: 310,
        rotated_out,
    };
    match store.rotate(&step, None).await? {
        Rotation::Won(next) => *session = next,
        Rotation::Lost(why) => return Err(format!("a rotation was lost: {why:?}").into()),
    }
    Ok(())
}

/// The readings of all rounds, by operation: in the small store and in the large one.
#[derive(Default)]
struct Table {
    rows: Vec<(&'static str, Vec<f64>, Vec<f64>)>,
}

impl Table {
    async fn add(&mut self, small: &mut Place, large: &mut Place) -> Outcome<()> {
        let found = [small.find().await?, large.find().await?];
        self.note("find_session", found);
        let looked = [small.look_at_marker().await?, large.look_at_marker().await?];
        self.note("change_marker", looked);
        for (rotated_out, alone, together) in [
            (
                RotatedOut::Forgotten,
                "rotate, one at a time",
                "rotate, 64 at a time",
            ),
            (
                RotatedOut::Recorded,
                "... with history, one",
                "... with history, 64",
            ),
        ] {
            let readings = [
                small.rotate_alone(rotated_out).await?,
                large.rotate_alone(rotated_out).await?,
            ];
            self.note(alone, readings);
            let readings = [
                small.rotate_together(rotated_out).await?,
                large.rotate_together(rotated_out).await?,
            ];
            self.note(together, readings);
        }
        let handed = hand_over().await?;
        self.note("spawn_blocking of nothing", [handed, handed]);
        Ok(())
    }

    fn note(&mut self, operation: &'static str, [small, large]: [f64; 2]) {
        match self.rows.iter_mut().find(|(known, ..)| *known == operation) {
            Some((_, smalls, larges)) => {
                smalls.push(small);
                larges.push(large);
            }
            None => self.rows.push((operation, vec![small], vec![large])),
        }
    }

    fn print(&self) {
        println!(
            "{:26} {:>22} {:>22} {:>18}",
            "µs each", SMALL, LARGE, "ratio"
        );
        for (operation, small, large) in &self.rows {
            println!(
                "{operation:26} {:>22.1} {:>22.1} {:>18.2}",
                Spread::of(small.iter().copied()),
                Spread::of(large.iter().copied()),
                Spread::ratio(large, small),
            );
        }
    }
}

async fn hand_over() -> Outcome<f64> {
    let start = Instant::now();
    for _ in 0..1_000 {
        tokio::task::spawn_blocking(|| ()).await?;
    }
    Ok(microseconds_each(start.elapsed(), 1_000))
}

fn microseconds_each(elapsed: Duration, count: usize) -> f64 {
    elapsed.as_secs_f64() * 1e6 / count as f64
}

fn login(seed: u64) -> NewSession {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&seed.to_be_bytes());
    let expires_at = NOW.plus(Duration::from_hours(24)).timestamp();
    NewSession {
        sid: SessionId::from_bytes(bytes),
        account: Some(AccountId::new(i64::try_from(seed % 100_000).unwrap_or(0))),
        guard: AccountGuard::Elsewhere {
            credential_version: 1,
        },
        sealing_key: SealingKeyId::new(1),
        first_token: FirstToken::Refresh,
        generation: Generation::FIRST,
        created_at: NOW,
        refresh_expires_at: expires_at,
        deadline: None,
        keep_until: expires_at,
        client: ClientDigest::from_bits(seed),
        device: None,
        enabled: true,
        limit: None,
    }
}

fn keys() -> KeyRecords {
    KeyRecords {
        check_value: Vec::new(),
        signing: Vec::new(),
        sealing: vec![SealingKeyRecord {
            id: SealingKeyId::new(1),
            wrapped: Vec::new(),
            created_at: NOW,
        }],
    }
}
