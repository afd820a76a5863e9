//! Databases behind Countersign's store traits. All SQL of the project lives here and nowhere else.
//!
//! [`SqliteStore`] keeps everything in one SQLite file: the store for one machine, and the default.
//!
//! What it guarantees, beyond the contract of [`countersign::store`]:
//! - **Durable before acknowledged.** A method returns only after the commit that holds its effect has been
//!   synced (`synchronous = FULL`). A commit that fails acknowledges nobody.
//! - **One sync for many.** A single thread owns the writing connection and commits all operations that wait
//!   together; each of them keeps its own savepoint, so that one that fails undoes only itself.
//! - **Reads see what was acknowledged**, in this process and in every other one on the same file.
//!
//! This crate knows no policy: it writes what a verb says, under the conditions that the verb names.
//!
//! ```
//! use countersign::account::AccountId;
//! use countersign::store::Sessions;
//! use countersign_store::{SqliteOptions, SqliteStore};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("countersign.db");
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! SqliteStore::migrate(&path)?;
//! let store = SqliteStore::open(&path, &SqliteOptions::default())?;
//! assert!(store.live_sessions_of(AccountId::new(7)).await?.is_empty());
//! store.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

pub mod django;
pub mod sqlite;

pub use crate::sqlite::{MigrationReport, OpenError, SqliteOptions, SqliteStore};
