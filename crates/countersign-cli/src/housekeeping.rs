//! What a running server does by itself: it purges what has expired, and gives memory back that sign-ins took.

use std::sync::Arc;
use std::time::Duration;

use countersign::Authority;
use countersign::authority::{AuthorityError, PurgeHorizon, PurgeReport};
use countersign_token::UnixMillis;
use tokio::time::{Instant, sleep};

use crate::output;

/// How often it purges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    /// The pause between two purges.
    pub(crate) pause: Duration,
    /// The pause after a purge that was held back. Each of those moves on by a day, so that this is what stands
    /// between a clock that jumped ahead and the sessions of everybody: long enough to be noticed.
    pub(crate) pause_held_back: Duration,
}

impl Rhythm {
    /// What servers keep to.
    pub(crate) const OF_SERVERS: Self = Self {
        pause: Duration::from_mins(10),
        pause_held_back: Duration::from_hours(12),
    };
}

/// Purges again and again, by the authority that is current then, beginning after a pause: a server that restarts all
/// the time must not hurry on. Runs until it is dropped, which is safe at any moment: every batch is one transaction.
pub(crate) async fn purge_regularly(current: impl Fn() -> Arc<Authority>, rhythm: Rhythm) {
    tracing::debug!(
        purge.pause_seconds = rhythm.pause.as_secs(),
        "purging what expires from now on"
    );
    let mut pause = rhythm.pause;
    loop {
        sleep(pause).await;
        let authority = current();
        let purged = purge_at_leisure(&authority, PurgeHorizon::Cautious, |_| ()).await;
        pause = rhythm.pause;
        match purged {
            Ok(report) if report.held_back => {
                log_held_back(&report);
                pause = rhythm.pause_held_back;
            }
            Ok(report) => log(&report),
            Err(error) => {
                tracing::warn!(error = %error, "what has expired could not be purged");
            }
        }
    }
}

/// Purges, and rests after each batch for as long as that took: whoever signs in or refreshes meanwhile, here or in
/// another process, finds the store's writer free at least half of the time.
pub(crate) async fn purge_at_leisure(
    authority: &Authority,
    horizon: PurgeHorizon,
    mut progress: impl FnMut(&PurgeReport),
) -> Result<PurgeReport, AuthorityError> {
    let mut purge = authority.begin_purge(horizon).await?;
    loop {
        let began = Instant::now();
        let more = purge.next_batch().await?;
        progress(purge.report());
        if !more {
            return Ok(*purge.report());
        }
        sleep(began.elapsed()).await;
    }
}

/// Gives memory back once nobody has signed in for a while. Runs until it is dropped.
pub(crate) async fn rest_regularly(current: impl Fn() -> Arc<Authority>) {
    loop {
        sleep(REST_PAUSE).await;
        current().release_idle_memory();
    }
}

/// Memory goes back after one to two of these.
const REST_PAUSE: Duration = Duration::from_secs(10);

fn log(report: &PurgeReport) {
    tracing::info!(
        purge.sessions = report.sessions,
        purge.rotated_out = report.rotated_out,
        purge.foreign_tokens = report.foreign_tokens,
        purge.log_entries = report.log_entries,
        purge.audit_events = report.audit_events,
        purge.horizon = horizon(report),
        "purged what had expired"
    );
}

fn log_held_back(report: &PurgeReport) {
    tracing::warn!(
        purge.sessions = report.sessions,
        purge.rotated_out = report.rotated_out,
        purge.foreign_tokens = report.foreign_tokens,
        purge.log_entries = report.log_entries,
        purge.audit_events = report.audit_events,
        purge.horizon = horizon(report),
        "purged no further than a day past the last purge: if the clock is right, \
         `countersign token flush-expired --yes` does the rest"
    );
}

fn horizon(report: &PurgeReport) -> String {
    output::moment(UnixMillis::from(report.horizon))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use countersign::authority::{AccountRequest, Client};
    use countersign::clock::{Clock as _, ManualClock};
    use countersign::keys::{KeyRing, SigningKeySource};
    use countersign::memory::MemoryStore;
    use countersign::random::SystemRandom;
    use countersign::secrets::MasterKey;
    use countersign::session::SessionId;
    use countersign::{Policy, Preset};
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;

    const DAY_MILLIS: i64 = 86_400_000;

    async fn authority(clock: Arc<ManualClock>) -> Authority {
        let store = Arc::new(MemoryStore::new());
        let policy = Policy::preset(Preset::Modern);
        let source = SigningKeySource::Stored(policy.tokens.algorithm);
        let master = || MasterKey::from_bytes([7; 32]);
        let now = clock.now();
        KeyRing::found(store.as_ref(), &master(), &source, &SystemRandom, now)
            .await
            .unwrap();
        let keys = KeyRing::load(store.as_ref(), master(), source)
            .await
            .unwrap();
        Authority::new(policy, keys, store.clone(), store, clock).unwrap()
    }

    async fn open_session(authority: &Authority, username: &str) -> SessionId {
        let account = authority
            .create_account(username.to_owned(), None, AccountRequest::default())
            .await
            .unwrap();
        let opened = authority.open_session(account.id, &Client::default()).await;
        opened.unwrap().unwrap().session
    }

    #[tokio::test]
    async fn what_has_expired_goes_by_itself_and_what_lives_stays() {
        // While a process has one subscriber only, a thread without it mutes for all what it is the first to log.
        let silent = tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish();
        let _logging = tracing::subscriber::set_default(silent);
        let clock = Arc::new(ManualClock::at(UnixMillis::from_seconds(1_893_456_000)));
        let authority = Arc::new(authority(Arc::clone(&clock)).await);
        let old = open_session(&authority, "ann").await;
        clock.advance_millis(40 * DAY_MILLIS);
        let new = open_session(&authority, "bob").await;

        let mut chores = JoinSet::new();
        let rhythm = Rhythm {
            pause: Duration::from_millis(1),
            pause_held_back: Duration::from_millis(1),
        };
        let current = Arc::clone(&authority);
        chores.spawn(purge_regularly(move || Arc::clone(&current), rhythm));
        let gone = async {
            while exists(&authority, old).await {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(20), gone).await.unwrap();
        assert!(exists(&authority, new).await);
        chores.shutdown().await;
        assert_eq!(Arc::strong_count(&authority), 1, "nothing goes on");
    }

    async fn exists(authority: &Authority, sid: SessionId) -> bool {
        let found = authority.store().find_session_by_sid(sid).await;
        found.unwrap().is_some()
    }

    /// What is logged meanwhile.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn has(&self, text: &str) -> bool {
            String::from_utf8_lossy(&self.0.lock().unwrap()).contains(text)
        }
    }

    #[tokio::test]
    async fn every_purge_logs_its_figures() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let clock = Arc::new(ManualClock::at(UnixMillis::from_seconds(1_893_456_000)));
        let authority = Arc::new(authority(Arc::clone(&clock)).await);
        let rhythm = Rhythm {
            pause: Duration::from_millis(1),
            pause_held_back: Duration::from_millis(1),
        };
        let purging = purge_regularly(|| Arc::clone(&authority), rhythm);
        let watching = async {
            while !log.has("INFO") {
                sleep(Duration::from_millis(1)).await;
            }
            open_session(&authority, "ann").await;
            clock.advance_millis(40 * DAY_MILLIS);
            while !log.has("purge.sessions=1") {
                sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = purging => {}
            done = timeout(Duration::from_secs(20), watching) => done.unwrap(),
        }
        for told in [
            "purged what had expired",
            "purge.sessions=0 purge.rotated_out=0 purge.foreign_tokens=0 purge.log_entries=0 purge.audit_events=0",
            "purge.horizon=\"2029-12-31T23:55:00Z\"",
            "WARN",
            "purged no further than a day past the last purge",
        ] {
            assert!(log.has(told), "{told} is missing");
        }
    }
}
