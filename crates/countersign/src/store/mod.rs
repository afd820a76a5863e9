//! The store: verbs of the token life, cut by aggregate, joined by [`Store`].
//!
//! One method is one atomic effect, durable when it returns. Stores know no policy and read no clock: `now`
//! is an argument, and what was lost in a race is reported for [`rotation::decide`](crate::rotation::decide)
//! to judge. Audit events and revocation entries commit in the transaction of what they tell.
//!
//! The contract of each trait is the list of functions in `conformance` (feature `conformance`); every
//! implementation runs them all.

mod accounts;
mod audit;
mod devices;
mod foreign;
mod keys;
mod records;
mod revocations;
mod services;
mod sessions;
mod takeover;

use std::error::Error;

use async_trait::async_trait;

pub use self::accounts::{
    AccountChange, AccountCreation, AccountEdit, AccountTable, EditTarget, NewAccount,
    PrivilegeChange, Reach, SessionsOnChange,
};
pub use self::audit::{AuditFilter, AuditLog, AuditPage, AuditPlace, AuditSpan};
pub use self::devices::Devices;
pub use self::foreign::{
    Adopted, Adoption, ForeignBlacklisting, ForeignToken, ForeignTokens, NewForeignToken,
};
pub use self::keys::{
    KeyDrop, KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, KeyVault, SealingKeyRecord,
    SigningKeyRecord, SigningKeyState,
};
pub use self::records::{
    PurgePreview, RecordedToken, SealedToken, TokenFilter, TokenList, TokenName, TokenPlace,
    TokenRecord, TokenRecords,
};
pub use self::revocations::{LogEntry, LogScope, Revocations, TokenRevocation};
pub use self::services::{
    NewServiceCredential, ServiceCreation, ServiceCredentials, ServiceRevocation,
};
pub use self::sessions::{
    AccountGuard, Blacklisting, Enabling, Ending, Fork, Forked, NewSession, Opening, Purged,
    Rotation, Sessions,
};
pub use self::takeover::{
    AccountImport, ImportEffects, ImportMark, ImportRun, ImportedAccount, ImportedToken, Merge,
    RetiredAccount, Takeover, TokenImport, TokenImports,
};

/// Everything the authority keeps.
pub trait Store:
    Sessions
    + Devices
    + ForeignTokens
    + TokenRecords
    + AccountTable
    + Revocations
    + AuditLog
    + KeyVault
    + ServiceCredentials
    + Takeover
    + Health
{
}

impl<S> Store for S where
    S: Sessions
        + Devices
        + ForeignTokens
        + TokenRecords
        + AccountTable
        + Revocations
        + AuditLog
        + KeyVault
        + Takeover
        + ServiceCredentials
        + Health
{
}

/// Whether the store can do its work.
#[async_trait]
pub trait Health: Send + Sync {
    /// Writes, durably and as every other verb does, and changes nothing by it: a store that is full, locked or
    /// read-only must not look ready.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot.
    async fn check_writable(&self) -> Result<(), StoreError>;
}

/// The store could not do what it was asked. Nothing was changed, or, where a commit's outcome is unknown,
/// nothing was acknowledged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It may work again: busy, full, read-only or out of reach. Callers answer 503.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What it holds cannot be read as what it should be.
    #[error("the store holds something unexpected: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Wraps a driver's error.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}
