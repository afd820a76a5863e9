//! The one writer: a thread that commits everything that waits in one transaction, with one sync.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use countersign::store::StoreError;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::database::Database;
use super::failure::{Failure, is_busy};

/// The way to the writing connection.
pub(super) struct Writer {
    /// Bounded, so that a store that cannot keep up refuses at once instead of growing. Taken out to close:
    /// a channel without senders lets the thread finish what is queued, and ends it. The mutex is held for a
    /// `try_send` and nothing else.
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    /// Taken by whoever closes first.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Its sender lives in the thread and is dropped with it, however it ends: any number can wait for that.
    ended: watch::Receiver<()>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread. At most `queue` operations wait, at most `batch` share a commit.
    pub(super) fn start(
        database: Database,
        connection: Connection,
        queue: usize,
        batch: usize,
    ) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(queue.max(1));
        let (alive, ended) = watch::channel(());
        let commits = Arc::new(AtomicU64::new(0));
        let mut committer = Committer {
            database,
            connection: Some(connection),
            queue: receiver,
            batch: batch.max(1),
            commits: Arc::clone(&commits),
        };
        let thread = thread::Builder::new()
            .name("countersign-sqlite".to_owned())
            .spawn(move || {
                let _alive = alive;
                committer.run();
            })?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            ended,
            commits,
        })
    }

    /// Does `work` in a transaction and returns once that is durable.
    ///
    /// The work is done even if the caller stops waiting: a sign-out must not depend on the client's patience.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Box::new(Task::Waiting { work, answer }))?;
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::unavailable(Refusal::WriterGone)))
    }

    /// How many transactions were committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Lets the thread finish what is queued and waits for its end. Whatever comes later is refused.
    pub(super) async fn close(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of the store ended in a panic");
        }
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else {
            return Err(StoreError::unavailable(Refusal::WriterGone));
        };
        queue.try_send(job).map_err(|error| match error {
            std::sync::mpsc::TrySendError::Full(_) => StoreError::unavailable(Refusal::QueueFull),
            std::sync::mpsc::TrySendError::Disconnected(_) => {
                StoreError::unavailable(Refusal::WriterGone)
            }
        })
    }
}

/// The thread's side.
struct Committer {
    database: Database,
    /// `None` after a failure: a connection whose commit failed is not trusted again (its caches may differ
    /// from the file), and the next batch opens a fresh one.
    connection: Option<Connection>,
    queue: Receiver<Box<dyn Job>>,
    batch: usize,
    commits: Arc<AtomicU64>,
}

impl Committer {
    fn run(&mut self) {
        while let Ok(first) = self.queue.recv() {
            let mut batch = vec![first];
            batch.extend(self.queue.try_iter().take(self.batch.saturating_sub(1)));
            match self.commit(&mut batch) {
                Ok(()) => {
                    self.commits.fetch_add(1, Ordering::Relaxed);
                    batch.into_iter().for_each(Job::acknowledge);
                }
                Err(error) => self.refuse(batch, error),
            }
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.database.writer()?,
        };
        self.database.begin(&connection)?;
        for job in batch {
            perform_apart(&connection, job.as_mut())?;
        }
        execute(&connection, "COMMIT")?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Tells everybody in the batch that it failed. Where others hold the file, those who queued up meanwhile
    /// are told, too: nobody waits longer than one busy time-out.
    fn refuse(&mut self, batch: Vec<Box<dyn Job>>, error: rusqlite::Error) {
        let busy = is_busy(&error);
        let error = Arc::new(error);
        let late = busy.then(|| self.queue.try_iter().collect::<Vec<_>>());
        let refused = batch.into_iter().chain(late.into_iter().flatten());
        let count = refused.map(|job| job.refuse(&error)).count();
        tracing::error!(
            store.error = %error,
            store.refused = count,
            "a transaction of the store failed; nobody in it was acknowledged"
        );
    }
}

/// Does one job in a savepoint of its own.
///
/// # Errors
/// Those that end the whole transaction. A job's own failure is the job's, and undone alone.
fn perform_apart(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT job")?;
    if job.perform(connection) == Outcome::Failed {
        // Some errors (a full disk, I/O) roll back the whole transaction behind our back. Then there is no
        // savepoint left, this statement fails, and with it the batch.
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// One operation on its way through the queue.
trait Job: Send {
    /// Does the work and keeps its result.
    fn perform(&mut self, connection: &Connection) -> Outcome;

    /// Hands out the result: it is durable, or it is the job's own failure.
    fn acknowledge(self: Box<Self>);

    /// Reports that the transaction failed.
    fn refuse(self: Box<Self>, error: &Arc<rusqlite::Error>);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
}

/// The stations of an operation. Whoever waits learns nothing before the commit.
enum Task<T, W> {
    Waiting {
        work: W,
        answer: oneshot::Sender<Result<T, StoreError>>,
    },
    Performed {
        result: Result<T, StoreError>,
        answer: oneshot::Sender<Result<T, StoreError>>,
    },
    /// Only while it is moved on.
    Moving,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Failure> + Send,
{
    fn perform(&mut self, connection: &Connection) -> Outcome {
        let Self::Waiting { work, answer } = std::mem::replace(self, Self::Moving) else {
            return Outcome::Failed;
        };
        // A panic must not take the writer with it: the savepoint undoes what was done before it.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|_| Err(Failure::Panicked));
        let outcome = if result.is_ok() {
            Outcome::Done
        } else {
            Outcome::Failed
        };
        *self = Self::Performed {
            result: result.map_err(StoreError::from),
            answer,
        };
        outcome
    }

    fn acknowledge(self: Box<Self>) {
        if let Self::Performed { result, answer } = *self {
            // Whoever asked may have gone; the effect stays.
            let _ = answer.send(result);
        }
    }

    fn refuse(self: Box<Self>, error: &Arc<rusqlite::Error>) {
        if let Self::Waiting { answer, .. } | Self::Performed { answer, .. } = *self {
            let refusal = Refusal::TransactionFailed(Arc::clone(error));
            let _ = answer.send(Err(StoreError::unavailable(refusal)));
        }
    }
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("too many operations wait for the store")]
    QueueFull,
    #[error("the store is closed")]
    WriterGone,
    #[error("the transaction failed")]
    TransactionFailed(#[source] Arc<rusqlite::Error>),
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("commits", &self.commits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn started(folder: &tempfile::TempDir) -> Writer {
        let path = folder.path().join("db");
        let database = Database::at(&path, Duration::from_secs(5), 1000).unwrap();
        database.create_file().unwrap();
        let connection = database.writer().unwrap();
        let writer = Writer::start(database, connection, 16, 16).unwrap();
        let create = |connection: &Connection| Ok(execute(connection, "CREATE TABLE t (n)")?);
        writer.run(create).await.unwrap();
        writer
    }

    fn insert(connection: &Connection) -> Result<(), Failure> {
        Ok(execute(connection, "INSERT INTO t VALUES (1)")?)
    }

    fn insert_and_fail(connection: &Connection) -> Result<(), Failure> {
        insert(connection)?;
        Err(Failure::Corrupt("as asked".to_owned()))
    }

    fn insert_and_panic(connection: &Connection) -> Result<(), Failure> {
        insert(connection)?;
        panic!("as asked");
    }

    /// What SQLite itself does on some errors.
    fn lose_the_transaction(connection: &Connection) -> Result<(), Failure> {
        execute(connection, "ROLLBACK")?;
        Err(Failure::Corrupt("as asked".to_owned()))
    }

    async fn rows(writer: &Writer) -> i64 {
        writer
            .run(|connection| {
                Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let writer = started(&folder).await;
        let (good, failed, panicked, also_good) = tokio::join!(
            writer.run(insert),
            writer.run(insert_and_fail),
            writer.run(insert_and_panic),
            writer.run(insert),
        );
        assert!(good.is_ok() && also_good.is_ok());
        assert!(matches!(failed, Err(StoreError::Corrupt(_))));
        assert!(matches!(panicked, Err(StoreError::Unavailable(_))));
        assert_eq!(rows(&writer).await, 2);
    }

    #[tokio::test]
    async fn a_lost_transaction_acknowledges_nobody_and_the_next_one_works() {
        let folder = tempfile::tempdir().unwrap();
        let writer = started(&folder).await;
        // The first job waits until the second is queued, so that both share a transaction with the third.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let wait = move |_: &Connection| {
            let _ = released.recv();
            Ok(())
        };
        let asked = async {
            tokio::task::yield_now().await;
            drop(release);
        };
        let (_, good, lost, after, ()) = tokio::join!(
            writer.run(wait),
            writer.run(insert),
            writer.run(lose_the_transaction),
            writer.run(insert),
            asked,
        );
        for refused in [good, lost, after] {
            assert!(
                matches!(refused, Err(StoreError::Unavailable(_))),
                "{refused:?}"
            );
        }
        assert_eq!(rows(&writer).await, 0);
        writer.run(insert).await.unwrap();
        assert_eq!(rows(&writer).await, 1);
    }
}
