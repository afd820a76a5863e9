//! A decorator around the reference store that breaks one promise and keeps all others.
#![deny(clippy::missing_trait_methods)]
#![expect(
    clippy::unwrap_used,
    reason = "a poisoned lock fails the test that poisoned it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use countersign::account::{Account, AccountId, AccountKey, Accounts, Residence};
use countersign::audit::AuditEvent;
use countersign::device::Device;
use countersign::memory::MemoryStore;
use countersign::password::EncodedPassword;
use countersign::rotation::{RotatedOut, RotationStep, later, may_rotate, rotated};
use countersign::sealed_id::SealingKeyId;
use countersign::service::{ServiceCredential, ServiceDigest, ServiceName};
use countersign::session::{EndCause, Lineage, SessionId, SessionNumber, SessionRecord};
use countersign::store::{
    AccountChange, AccountCreation, AccountEdit, AccountGuard, AccountImport, AccountTable,
    Adopted, Adoption, AuditFilter, AuditLog, AuditPage, AuditPlace, AuditSpan, Blacklisting,
    Devices, EditTarget, Enabling, Ending, ForeignBlacklisting, ForeignToken, ForeignTokens, Fork,
    Forked, Health, ImportEffects, ImportRun, ImportedAccount, ImportedToken, KeyDrop,
    KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, KeyVault, LogEntry, LogScope,
    NewAccount, NewForeignToken, NewServiceCredential, NewSession, Opening, PurgePreview, Purged,
    RetiredAccount, Revocations, Rotation, SealingKeyRecord, ServiceCreation, ServiceCredentials,
    ServiceRevocation, Sessions, SessionsOnChange, SigningKeyRecord, StoreError, Takeover,
    TokenFilter, TokenImports, TokenName, TokenPlace, TokenRecord, TokenRecords, TokenRevocation,
};
use countersign_token::{KeyId, Timestamp, UnixMillis};

/// The promise that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The compare-and-set is lost: whoever presents the generation just spent wins as well.
    SecondWinner,
    /// A rotation is acknowledged before it is written: the next rotation writes it.
    LateCommit,
    /// An end is acknowledged and never written.
    LostEnd,
    /// Every call that ends a session is told that it was the first.
    SecondEnd,
    /// A purge leaves the rows that are due.
    KeptDeadRow,
    /// A purge takes rows in their last second.
    TakenLiveRow,
    /// A deleted account is still found.
    KeptAccount,
    /// A rotation forgets its audit event.
    DroppedEvent,
    /// A rotation records its event although it lost.
    EventWithoutChange,
    /// An end writes no entry into the log.
    DroppedEntry,
    /// The log is read in another order than that of its sequence.
    EntriesOutOfOrder,
    /// A log entry becomes visible after a later one.
    LateEntry,
    /// Log entries are forgotten before the tokens that they revoke expire.
    ForgottenEarly,
    /// The change marker stands still.
    StaleMarker,
    /// Sessions are opened whatever became of the account.
    UncheckedGuard,
    /// The limit of live sessions is not kept.
    IgnoredLimit,
    /// A used foreign token opens its session again.
    SecondAdoption,
    /// Numbers that another system has given are drawn again.
    NumbersOfOthers,
    /// Tokens are imported as if none were blacklisted.
    UntakenBlacklisting,
    /// An account that was imported before is imported as it is there, whatever was changed here.
    OverwritingImport,
    /// Foreign ids are not held against the store's sealing keys.
    UncheckedSealingKeys,
    /// A session that has ended is forked.
    ForkOfEnded,
    /// Moments are kept to the second.
    LostMilliseconds,
    /// Whoever founds the keys is told that it was the first.
    SecondFounding,
    /// A step of a key that was refused is reported as done.
    HiddenKeyConflict,
    /// The log is not told of changed keys.
    UntoldKeyChange,
    /// A replaced key is kept for less than the life of its tokens.
    KeyKeptTooShort,
    /// A key retires in the last second of its last token.
    EarlyRetirement,
    /// A key that verifies no more keeps its secret.
    KeptSecret,
    /// A token that was rotated out is not recorded.
    DroppedHistory,
    /// Records of tokens that expired are never purged.
    KeptHistory,
    /// A page begins with the last token of the one before.
    RepeatedPlace,
    /// Looking at what a purge would do moves its horizon.
    MovingPreview,
    /// One session too many is counted for a key.
    MiscountedSessions,
    /// Accounts that are out of reach are changed all the same.
    IgnoredReach,
    /// Pages of the audit log begin one event too late.
    SkippedEvent,
    /// The purge of the audit log takes events in their last millisecond.
    TakenEvent,
    /// A service credential is reported as revoked, and is not.
    KeptService,
    /// A name that a live service credential has is given away once more.
    SecondServiceOfName,
    /// The device of a purged session is still found.
    KeptDevice,
}

/// The reference store with one fault.
#[derive(Debug)]
pub(crate) struct BrokenStore {
    inner: MemoryStore,
    fault: Option<Fault>,
    /// [`Fault::LateCommit`]: what was acknowledged and not yet written.
    uncommitted: Mutex<Option<(RotationStep, Option<AuditEvent>)>>,
    /// [`Fault::LateEntry`]: entries whose place a reader has passed.
    passed: Mutex<BTreeSet<u64>>,
    /// [`Fault::KeptAccount`]: accounts that should be gone.
    deleted: Mutex<BTreeMap<AccountId, Account>>,
    /// [`Fault::KeptDevice`]: devices that were found once.
    devices: Mutex<BTreeMap<SessionNumber, Device>>,
}

impl BrokenStore {
    /// An empty store; without a fault, it keeps every promise.
    pub(crate) fn with(fault: Option<Fault>) -> Self {
        Self {
            inner: MemoryStore::new(),
            fault,
            uncommitted: Mutex::default(),
            passed: Mutex::default(),
            deleted: Mutex::default(),
            devices: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    async fn rotate_late(
        &self,
        step: &RotationStep,
        event: Option<&AuditEvent>,
    ) -> Result<Rotation, StoreError> {
        let before = self.uncommitted.lock().unwrap().take();
        if let Some((step, event)) = before {
            self.inner.rotate(&step, event.as_ref()).await?;
        }
        let lineage = self.inner.find_session(step.token.session).await?;
        let Some(lineage) = lineage.filter(|lineage| may_rotate(lineage, step)) else {
            return self.inner.rotate(step, event).await;
        };
        *self.uncommitted.lock().unwrap() = Some((*step, event.cloned()));
        Ok(Rotation::Won(rotated(&lineage.session, step)))
    }

    fn shown(&self, transition: KeyTransition) -> KeyTransition {
        if self.has(Fault::HiddenKeyConflict) {
            return KeyTransition::Done;
        }
        transition
    }

    fn with_late_entries(&self, entries: Vec<LogEntry>) -> Vec<LogEntry> {
        let newest = entries.last().map_or(0, |entry| entry.sequence);
        let mut passed = self.passed.lock().unwrap();
        let shown = |entry: &LogEntry| {
            let late = entry.sequence % 2 == 1 && entry.sequence < newest;
            !late || !passed.insert(entry.sequence)
        };
        entries.into_iter().filter(shown).collect()
    }
}

#[async_trait]
impl Sessions for BrokenStore {
    async fn open_session(
        &self,
        session: &NewSession,
        event: Option<&AuditEvent>,
    ) -> Result<Opening, StoreError> {
        let mut session = session.clone();
        if self.has(Fault::UncheckedGuard) {
            let credential_version = session.guard.credential_version();
            session.guard = AccountGuard::Elsewhere { credential_version };
        }
        if self.has(Fault::IgnoredLimit) {
            session.limit = None;
        }
        self.inner.open_session(&session, event).await
    }

    async fn fork_session(
        &self,
        fork: &Fork,
        event: Option<&AuditEvent>,
    ) -> Result<Forked, StoreError> {
        match self.inner.fork_session(fork, event).await? {
            Forked::Refused(Some(lineage)) if self.has(Fault::ForkOfEnded) => {
                Ok(Forked::Opened(lineage.session))
            }
            honest => Ok(honest),
        }
    }

    async fn find_session(&self, number: SessionNumber) -> Result<Option<Lineage>, StoreError> {
        self.inner.find_session(number).await
    }

    async fn rotate(
        &self,
        step: &RotationStep,
        event: Option<&AuditEvent>,
    ) -> Result<Rotation, StoreError> {
        let mut step = *step;
        if self.has(Fault::LateCommit) {
            return self.rotate_late(&step, event).await;
        }
        if self.has(Fault::LostMilliseconds) {
            step.now = step.now.timestamp().into();
        }
        if self.has(Fault::DroppedHistory) {
            step.rotated_out = RotatedOut::Forgotten;
        }
        let event = event.filter(|_| !self.has(Fault::DroppedEvent));
        match self.inner.rotate(&step, event).await? {
            Rotation::Lost(Some(Lineage { session, .. }))
                if self.has(Fault::SecondWinner)
                    && step.token.generation.precedes(session.generation) =>
            {
                Ok(Rotation::Won(session))
            }
            Rotation::Lost(lineage) => {
                if let Some(event) = event.filter(|_| self.has(Fault::EventWithoutChange)) {
                    self.inner.append_audit(event).await?;
                }
                Ok(Rotation::Lost(lineage))
            }
            won @ Rotation::Won(_) => Ok(won),
        }
    }

    async fn blacklist_session_token(
        &self,
        number: SessionNumber,
        token_id: &str,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Blacklisting, StoreError> {
        self.inner
            .blacklist_session_token(number, token_id, now, event)
            .await
    }

    async fn enable_session(
        &self,
        number: SessionNumber,
        event: Option<&AuditEvent>,
    ) -> Result<Enabling, StoreError> {
        self.inner.enable_session(number, event).await
    }

    async fn end_session(
        &self,
        number: SessionNumber,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Ending, StoreError> {
        if self.has(Fault::LostEnd) {
            return Ok(Ending::Ended);
        }
        match self.inner.end_session(number, cause, now, event).await? {
            Ending::Already(_) if self.has(Fault::SecondEnd) => Ok(Ending::Ended),
            honest => Ok(honest),
        }
    }

    async fn end_sessions_of(
        &self,
        account: AccountId,
        except: Option<SessionNumber>,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<u64, StoreError> {
        self.inner
            .end_sessions_of(account, except, cause, now, event)
            .await
    }

    async fn live_sessions_of(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError> {
        self.inner.live_sessions_of(account).await
    }

    async fn sessions_of(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.inner.sessions_of(account, limit).await
    }

    async fn find_session_by_sid(
        &self,
        sid: SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.inner.find_session_by_sid(sid).await
    }

    async fn move_purge_horizon(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<Timestamp, StoreError> {
        self.inner.move_purge_horizon(wanted, at_most_seconds).await
    }

    async fn purge_sessions(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError> {
        match self.fault {
            Some(Fault::KeptDeadRow) => Ok(Purged::default()),
            Some(Fault::TakenLiveRow) => self.inner.purge_sessions(later(horizon, 1), limit).await,
            _ => self.inner.purge_sessions(horizon, limit).await,
        }
    }
}

#[async_trait]
impl ForeignTokens for BrokenStore {
    async fn find_foreign_token(&self, token_id: &str) -> Result<Option<ForeignToken>, StoreError> {
        self.inner.find_foreign_token(token_id).await
    }

    async fn adopt_foreign_token(
        &self,
        adoption: &Adoption,
        event: Option<&AuditEvent>,
    ) -> Result<Adopted, StoreError> {
        let mut adoption = adoption.clone();
        if self.has(Fault::UncheckedSealingKeys) {
            let keys = self.inner.load_keys().await?;
            adoption.sealing_keys = keys
                .iter()
                .flat_map(|keys| keys.sealing.iter().map(|key| key.id))
                .collect();
        }
        let adopted = self.inner.adopt_foreign_token(&adoption, event).await?;
        let Adopted::Known(ForeignToken {
            session: Some(session),
            ..
        }) = adopted
        else {
            return Ok(adopted);
        };
        if self.has(Fault::SecondAdoption)
            && let Some(lineage) = self.inner.find_session(session).await?
        {
            return Ok(Adopted::Opened(lineage.session));
        }
        Ok(adopted)
    }

    async fn blacklist_foreign_token(
        &self,
        token: &NewForeignToken,
        sealing_keys: &[SealingKeyId],
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ForeignBlacklisting, StoreError> {
        self.inner
            .blacklist_foreign_token(token, sealing_keys, now, event)
            .await
    }

    async fn everybody_revoked_before(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.everybody_revoked_before().await
    }

    async fn purge_foreign_tokens(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        self.inner.purge_foreign_tokens(horizon, limit).await
    }
}

#[async_trait]
impl TokenRecords for BrokenStore {
    async fn list_tokens(
        &self,
        filter: &TokenFilter,
        after: Option<&TokenPlace>,
        limit: u32,
    ) -> Result<Vec<TokenRecord>, StoreError> {
        if self.has(Fault::RepeatedPlace)
            && let Some(TokenPlace::Current(number)) = after
        {
            let before = SessionNumber::new(number.get() + 1).unwrap();
            let after = Some(TokenPlace::Current(before));
            return self.inner.list_tokens(filter, after.as_ref(), limit).await;
        }
        self.inner.list_tokens(filter, after, limit).await
    }

    async fn find_token(&self, name: &TokenName) -> Result<Option<TokenRecord>, StoreError> {
        self.inner.find_token(name).await
    }

    async fn preview_purge(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<PurgePreview, StoreError> {
        if self.has(Fault::MovingPreview) {
            self.inner
                .move_purge_horizon(wanted, at_most_seconds)
                .await?;
        }
        self.inner.preview_purge(wanted, at_most_seconds).await
    }

    async fn purge_rotated_out(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        if self.has(Fault::KeptHistory) {
            return Ok(Purged::default());
        }
        self.inner.purge_rotated_out(horizon, limit).await
    }
}

#[async_trait]
impl Accounts for BrokenStore {
    fn residence(&self) -> Residence {
        self.inner.residence()
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        self.inner.find_account_by(key).await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let kept = self.deleted.lock().unwrap().get(&id).cloned();
        Ok(self.inner.find_account(id).await?.or(kept))
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.inner.usernames_of(accounts).await
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.inner.sample_passwords(limit).await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        self.inner.upgrade_password(id, from, to).await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.inner.record_login(id, at).await
    }
}

#[async_trait]
impl AccountTable for BrokenStore {
    async fn create_account(
        &self,
        account: &NewAccount,
        event: Option<&AuditEvent>,
    ) -> Result<AccountCreation, StoreError> {
        self.inner.create_account(account, event).await
    }

    async fn is_email_taken(&self, address: &str) -> Result<bool, StoreError> {
        self.inner.is_email_taken(address).await
    }

    async fn list_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        self.inner.list_accounts(after, limit).await
    }

    async fn edit_account(
        &self,
        target: EditTarget,
        edits: &[AccountEdit],
        sessions: SessionsOnChange,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<AccountChange, StoreError> {
        let id = target.account;
        if self.has(Fault::KeptAccount)
            && edits.contains(&AccountEdit::Deletion)
            && let Some(account) = self.inner.find_account(id).await?
        {
            self.deleted.lock().unwrap().insert(id, account);
        }
        let target = if self.has(Fault::IgnoredReach) {
            EditTarget::any(id)
        } else {
            target
        };
        self.inner
            .edit_account(target, edits, sessions, now, events)
            .await
    }
}

#[async_trait]
impl Takeover for BrokenStore {
    async fn leave_account_numbers(&self, upto: AccountId) -> Result<u64, StoreError> {
        if self.has(Fault::NumbersOfOthers) {
            return Ok(0);
        }
        self.inner.leave_account_numbers(upto).await
    }

    async fn import_accounts(
        &self,
        accounts: &[ImportedAccount],
        effects: ImportEffects,
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Vec<AccountImport>, StoreError> {
        let outcomes = self
            .inner
            .import_accounts(accounts, effects, run, now, event)
            .await?;
        if self.has(Fault::OverwritingImport) {
            for account in accounts {
                let password = AccountEdit::Password(account.password.clone());
                let target = EditTarget::any(account.id);
                self.edit_account(target, &[password], SessionsOnChange::Keep, now, &[])
                    .await?;
            }
        }
        Ok(outcomes)
    }

    async fn import_foreign_tokens(
        &self,
        tokens: &[ImportedToken],
        sealing_keys: &[SealingKeyId],
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<TokenImports, StoreError> {
        let mut tokens = tokens.to_vec();
        if self.has(Fault::UntakenBlacklisting) {
            for token in &mut tokens {
                token.blacklisted_at = None;
            }
        }
        self.inner
            .import_foreign_tokens(&tokens, sealing_keys, run, now, event)
            .await
    }

    async fn list_retired_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<RetiredAccount>, StoreError> {
        self.inner.list_retired_accounts(after, limit).await
    }

    async fn list_foreign_tokens(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, StoreError> {
        self.inner.list_foreign_tokens(after, limit).await
    }

    async fn list_sessions(&self, after: u64, limit: u32) -> Result<Vec<Lineage>, StoreError> {
        self.inner.list_sessions(after, limit).await
    }
}

#[async_trait]
impl Revocations for BrokenStore {
    async fn change_marker(&self) -> Result<u64, StoreError> {
        if self.has(Fault::StaleMarker) {
            return Ok(0);
        }
        self.inner.change_marker().await
    }

    async fn log_entries_after(
        &self,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let mut entries = self.inner.log_entries_after(sequence, limit).await?;
        match self.fault {
            Some(Fault::EntriesOutOfOrder) => entries.reverse(),
            Some(Fault::LateEntry) => entries = self.with_late_entries(entries),
            Some(Fault::DroppedEntry) => {
                entries.retain(|entry| !matches!(entry.scope, LogScope::Session { .. }));
            }
            Some(Fault::UntoldKeyChange) => {
                entries.retain(|entry| entry.scope != LogScope::KeyRing);
            }
            Some(Fault::ForgottenEarly) => {
                for entry in &mut entries {
                    entry.forget_at = later(entry.forget_at, -1);
                }
            }
            _ => {}
        }
        Ok(entries)
    }

    async fn revoke_token(
        &self,
        revocation: &TokenRevocation,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.inner.revoke_token(revocation, now, event).await
    }

    async fn revoke_everything(
        &self,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.inner.revoke_everything(now, event).await
    }

    async fn purge_log(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError> {
        self.inner.purge_log(horizon, limit).await
    }
}

#[async_trait]
impl AuditLog for BrokenStore {
    async fn append_audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.inner.append_audit(event).await
    }

    async fn recent_audit(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.inner.recent_audit(limit).await
    }

    async fn audit_of_session(
        &self,
        session: &SessionRecord,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        self.inner.audit_of_session(session, limit).await
    }

    async fn audit_page(
        &self,
        filter: &AuditFilter,
        span: AuditSpan,
        look_at: u32,
    ) -> Result<AuditPage, StoreError> {
        let span = match span {
            AuditSpan::After(place) if self.has(Fault::SkippedEvent) => {
                AuditSpan::After(AuditPlace::new(place.get().saturating_add(1)))
            }
            span => span,
        };
        self.inner.audit_page(filter, span, look_at).await
    }

    async fn count_audit_before(&self, horizon: UnixMillis) -> Result<u64, StoreError> {
        self.inner.count_audit_before(horizon).await
    }

    async fn purge_audit(&self, horizon: UnixMillis, limit: u32) -> Result<Purged, StoreError> {
        let early = i64::from(self.has(Fault::TakenEvent));
        let horizon = UnixMillis::from_millis(horizon.millis().saturating_add(early));
        self.inner.purge_audit(horizon, limit).await
    }
}

#[async_trait]
impl KeyVault for BrokenStore {
    async fn load_keys(&self) -> Result<Option<KeyRecords>, StoreError> {
        let mut keys = self.inner.load_keys().await?;
        for key in keys.iter_mut().flat_map(|keys| &mut keys.signing) {
            if self.has(Fault::KeyKeptTooShort) {
                key.keep_until = key.keep_until.map(|until| later(until, -1));
            }
            if self.has(Fault::KeptSecret) {
                key.wrapped.get_or_insert_default();
            }
        }
        Ok(keys)
    }

    async fn found_keys(&self, keys: &KeyRecords) -> Result<bool, StoreError> {
        Ok(self.inner.found_keys(keys).await? || self.has(Fault::SecondFounding))
    }

    async fn add_signing_key(
        &self,
        key: &SigningKeyRecord,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.inner.add_signing_key(key, event).await
    }

    async fn promote_signing_key(
        &self,
        promotion: &KeyPromotion,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError> {
        let promoted = self.inner.promote_signing_key(promotion, now, event).await;
        promoted.map(|transition| self.shown(transition))
    }

    async fn retire_signing_key(
        &self,
        kid: &KeyId,
        mut now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError> {
        if self.has(Fault::EarlyRetirement) {
            now = now.plus(Duration::from_secs(1));
        }
        let retired = self.inner.retire_signing_key(kid, now, event).await;
        retired.map(|transition| self.shown(transition))
    }

    async fn revoke_signing_key(
        &self,
        revocation: &KeyRevocation,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<KeyTransition, StoreError> {
        let revoked = self.inner.revoke_signing_key(revocation, now, events).await;
        revoked.map(|transition| self.shown(transition))
    }

    async fn count_sessions_of_key(&self, kid: &KeyId, now: UnixMillis) -> Result<u64, StoreError> {
        let counted = self.inner.count_sessions_of_key(kid, now).await?;
        Ok(counted + u64::from(self.has(Fault::MiscountedSessions)))
    }

    async fn add_sealing_key(&self, key: &SealingKeyRecord) -> Result<(), StoreError> {
        self.inner.add_sealing_key(key).await
    }

    async fn drop_sealing_key(
        &self,
        id: SealingKeyId,
        now: Timestamp,
    ) -> Result<KeyDrop, StoreError> {
        self.inner.drop_sealing_key(id, now).await
    }
}

#[async_trait]
impl Health for BrokenStore {
    async fn check_writable(&self) -> Result<(), StoreError> {
        self.inner.check_writable().await
    }
}

#[async_trait]
impl Devices for BrokenStore {
    async fn devices_of(
        &self,
        sessions: &[SessionNumber],
    ) -> Result<BTreeMap<SessionNumber, Device>, StoreError> {
        let found = self.inner.devices_of(sessions).await?;
        if !self.has(Fault::KeptDevice) {
            return Ok(found);
        }
        let mut devices = self.devices.lock().unwrap();
        devices.extend(found);
        let kept = |number| Some((number, devices.get(&number)?.clone()));
        Ok(sessions.iter().copied().filter_map(kept).collect())
    }
}

#[async_trait]
impl ServiceCredentials for BrokenStore {
    async fn create_service(
        &self,
        credential: &NewServiceCredential,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceCreation, StoreError> {
        if self.has(Fault::SecondServiceOfName) {
            let now = credential.created_at;
            self.inner
                .revoke_service(&credential.name, now, None)
                .await?;
        }
        self.inner.create_service(credential, event).await
    }

    async fn find_service(
        &self,
        digest: &ServiceDigest,
    ) -> Result<Option<ServiceCredential>, StoreError> {
        self.inner.find_service(digest).await
    }

    async fn list_services(&self) -> Result<Vec<ServiceCredential>, StoreError> {
        self.inner.list_services().await
    }

    async fn revoke_service(
        &self,
        name: &ServiceName,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceRevocation, StoreError> {
        if self.has(Fault::KeptService) {
            return Ok(ServiceRevocation::Revoked);
        }
        self.inner.revoke_service(name, now, event).await
    }
}
