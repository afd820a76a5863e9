//! Taking over accounts and tokens from another system: what may come, and what it comes to.

use countersign_token::{ClaimsSet, Timestamp, UnixMillis, dangerous};

use super::accounts::{is_usable_name, on_change};
use super::foreign::sealing_keys_changed;
use super::login::Form;
use super::naming::number_of;
use super::{Authority, AuthorityError};
use crate::account::{AccountId, Privileges, Standing};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::password::EncodedPassword;
use crate::policy::{TokenPolicy, UserField};
use crate::random::draw;
use crate::rotation::later;
use crate::sealed_id::Opened;
use crate::session::EndCause;
use crate::store::{
    AccountImport, ImportEffects, ImportRun, ImportedAccount, ImportedToken, TokenImport,
    TokenImports,
};
use crate::uuid::Uuid;

/// An account as another system has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignAccount {
    /// Its number there, which it keeps.
    pub id: i64,
    /// Its UUID there, if it has one.
    pub uuid: Option<Uuid>,
    /// The login name.
    pub username: String,
    /// The e-mail address; empty for none.
    pub email: String,
    /// The stored password, verbatim.
    pub password: EncodedPassword,
    /// Whether it may sign in.
    pub standing: Standing,
    /// Staff and superuser flags.
    pub privileges: Privileges,
    /// When it was made, as far as is known.
    pub created_at: Option<UnixMillis>,
    /// The last sign-in that was recorded.
    pub last_login: Option<UnixMillis>,
    /// Whatever else is to be kept of it.
    pub attributes: ClaimsSet,
}

/// A refresh or sliding token as another system recorded it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedToken {
    /// Its `jti`.
    pub token_id: String,
    /// Whose it is, as far as is known.
    pub account: Option<i64>,
    /// The token itself, if it was recorded: a sliding one says in it until when it can be refreshed. It is not
    /// kept.
    pub text: String,
    /// When it was made, as far as is known.
    pub created_at: Option<UnixMillis>,
    /// Its `exp`, as recorded.
    pub expires_at: Timestamp,
    /// When it was blacklisted, if it was.
    pub blacklisted_at: Option<UnixMillis>,
}

/// What became of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTakeover {
    /// The store has judged it.
    Judged(AccountImport),
    /// It cannot be an account here.
    Refused(UnfitAccount),
}

/// Why something cannot be an account here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitAccount {
    /// Its number is out of range.
    #[error("its id is not a number from 1 to 4503599627370496")]
    Number,
    /// Its name is empty, too long, or has control characters.
    #[error("a user name has 1 to 150 characters and no control characters")]
    Name,
    /// Its address is too long or has control characters.
    #[error("an e-mail address has at most 320 characters and no control characters")]
    Email,
    /// Its stored password is too long to be one.
    #[error("the stored password is longer than 1024 bytes")]
    Password,
    /// Too much else is kept of it.
    #[error("its attributes are longer than 16384 bytes")]
    Attributes,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTakeover {
    /// The store has judged it.
    Judged(TokenImport),
    /// It has expired; nothing needs to know it.
    Expired,
    /// Its id opens under a key of ours by chance, so that it is refused: its owner signs in again.
    OpensByChance,
    /// Its id is one that no token may have here: it is refused anyway.
    UnusableId,
}

impl Authority {
    /// Takes over accounts with their numbers, all in one step; what each came to, in their order.
    ///
    /// One that was imported before is merged, and what was changed here stays. See
    /// [`Takeover`](crate::store::Takeover).
    ///
    /// # Errors
    /// [`AuthorityError`]: none of them was taken, or they are in the store and this process could not read it
    /// back; asking again is safe.
    pub async fn import_accounts(
        &self,
        accounts: Vec<ForeignAccount>,
        run: ImportRun,
    ) -> Result<Vec<AccountTakeover>, AuthorityError> {
        let now = self.clock.now();
        let mut outcomes = Vec::with_capacity(accounts.len());
        let mut fit = Vec::new();
        for account in accounts {
            let refusal = unfit(&account);
            outcomes.push(refusal.map(AccountTakeover::Refused));
            if refusal.is_none() {
                fit.push(self.imported(account, now)?);
            }
        }
        let changes = &self.policy.accounts;
        let effects = ImportEffects {
            on_password_change: on_change(changes.on_password_change, EndCause::PasswordChanged),
            on_deactivation: on_change(changes.on_deactivation, EndCause::AccountDeactivated),
        };
        let event = AuditEvent::new(now, AuditKind::AccountsImported, Actor::Operator);
        let judged = self
            .store
            .import_accounts(&fit, effects, run, now, Some(&event))
            .await?;
        self.feed.catch_up().await?;
        let mut judged = judged.into_iter().map(AccountTakeover::Judged);
        Ok(in_their_places(outcomes, &mut judged))
    }

    /// Leaves every number up to `highest` to the system whose accounts are taken over: it has given them to
    /// somebody, who may be gone and still have tokens. Returns how many accounts were made here under such a number:
    /// they take no foreign token from now on.
    ///
    /// Numbers above the largest that can be imported are not left: who had one cannot come, and no account that is
    /// made here takes a foreign token.
    ///
    /// # Errors
    /// [`AuthorityError::Store`]: nothing was written.
    pub async fn leave_account_numbers(&self, highest: i64) -> Result<u64, AuthorityError> {
        let upto = AccountId::new(highest.clamp(0, MAX_NUMBER));
        Ok(self.store.leave_account_numbers(upto).await?)
    }

    /// Records tokens that another system minted, all in one step; what each came to, in their order.
    ///
    /// # Errors
    /// As for [`import_accounts`](Self::import_accounts).
    pub async fn import_tokens(
        &self,
        tokens: Vec<RecordedToken>,
        run: ImportRun,
    ) -> Result<Vec<TokenTakeover>, AuthorityError> {
        let now = self.clock.now();
        self.keys.reload_sealing_keys(self.store.as_ref()).await?;
        let sealing = self.keys.sealing();
        let mut outcomes = Vec::with_capacity(tokens.len());
        let mut fit = Vec::new();
        for token in &tokens {
            let expires_at = self.latest_expiry(token);
            let refusal = if !is_usable_id(&token.token_id) {
                Some(TokenTakeover::UnusableId)
            } else if expires_at < now.minus(TokenPolicy::MAX_LEEWAY).timestamp() {
                Some(TokenTakeover::Expired)
            } else if sealing.open(&token.token_id) != Opened::Foreign {
                Some(TokenTakeover::OpensByChance)
            } else {
                None
            };
            outcomes.push(refusal);
            if refusal.is_none() {
                fit.push(imported_token(token, expires_at, now));
            }
        }
        let event = AuditEvent::new(now, AuditKind::TokensImported, Actor::Operator);
        let done = self
            .store
            .import_foreign_tokens(&fit, &sealing.ids(), run, now, Some(&event))
            .await?;
        self.feed.catch_up().await?;
        if run == ImportRun::Real {
            self.leave_numbers_in(&tokens, now).await?;
        }
        match done {
            TokenImports::Done(judged) => {
                let mut judged = judged.into_iter().map(TokenTakeover::Judged);
                Ok(in_their_places(outcomes, &mut judged))
            }
            TokenImports::SealingKeysChanged => Err(sealing_keys_changed().into()),
        }
    }

    fn imported(
        &self,
        account: ForeignAccount,
        now: UnixMillis,
    ) -> Result<ImportedAccount, AuthorityError> {
        Ok(ImportedAccount {
            id: AccountId::new(account.id),
            uuid: match account.uuid {
                Some(uuid) => uuid,
                None => Uuid::from_random(draw(self.random.as_ref())?),
            },
            username: account.username,
            email: account.email,
            password: account.password,
            standing: account.standing,
            privileges: account.privileges,
            created_at: account.created_at.unwrap_or(now),
            last_login: account.last_login,
            attributes: account.attributes,
        })
    }

    /// Tokens of accounts that are gone name numbers that the other system may not know any more.
    /// Where tokens name accounts by something else, none is in them.
    async fn leave_numbers_in(
        &self,
        tokens: &[RecordedToken],
        now: UnixMillis,
    ) -> Result<(), AuthorityError> {
        if self.policy.tokens.user_field != UserField::Id {
            return Ok(());
        }
        let mut highest = None;
        for token in tokens.iter().filter(|token| token.account.is_none()) {
            if let Ok(genuine) = self.authenticate(&token.text, now).await? {
                highest = highest.max(number_of(&genuine));
            }
        }
        match highest {
            Some(highest) => self.leave_account_numbers(highest.get()).await.map(drop),
            None => Ok(()),
        }
    }

    /// Until when any token of this id can count: a sliding one keeps its id when it is refreshed, and the record
    /// knows the `exp` of the first one only. The text is not proof of anything; it can only make a record last
    /// longer.
    fn latest_expiry(&self, token: &RecordedToken) -> Timestamp {
        let Ok(claims) = dangerous::read_without_verifying(&token.text) else {
            return token.expires_at;
        };
        let refreshable = self.window_end(&claims).ok().flatten();
        let window = refreshable.map(|end| later(end, self.keep_beyond_seconds(Form::Sliding)));
        let known = [claims.expiration(), window].into_iter().flatten();
        known.fold(token.expires_at, Timestamp::max)
    }
}

impl std::fmt::Debug for RecordedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedToken")
            .field("token_id", &self.token_id)
            .field("text", &"****")
            .finish_non_exhaustive()
    }
}

fn imported_token(token: &RecordedToken, expires_at: Timestamp, now: UnixMillis) -> ImportedToken {
    ImportedToken {
        token_id: token.token_id.clone(),
        account: token.account.map(AccountId::new),
        created_at: token.created_at.unwrap_or(now),
        expires_at,
        blacklisted_at: token.blacklisted_at,
    }
}

fn unfit(account: &ForeignAccount) -> Option<UnfitAccount> {
    let long_email = account.email.chars().count() > MAX_EMAIL_CHARACTERS;
    let checks = [
        (
            !(1..=MAX_NUMBER).contains(&account.id),
            UnfitAccount::Number,
        ),
        (!is_usable_name(&account.username), UnfitAccount::Name),
        (
            long_email || account.email.chars().any(char::is_control),
            UnfitAccount::Email,
        ),
        (
            account.password.as_stored().len() > MAX_PASSWORD_BYTES,
            UnfitAccount::Password,
        ),
        (
            account.attributes.to_json().len() > MAX_ATTRIBUTES_BYTES,
            UnfitAccount::Attributes,
        ),
    ];
    checks
        .into_iter()
        .find_map(|(unfit, reason)| unfit.then_some(reason))
}

/// The rule of the verifier: a token with another id is never accepted.
fn is_usable_id(id: &str) -> bool {
    (1..=255).contains(&id.len()) && !id.contains('\0')
}

/// Fills the places that were left open with what the store said.
fn in_their_places<T>(places: Vec<Option<T>>, judged: &mut dyn Iterator<Item = T>) -> Vec<T> {
    places
        .into_iter()
        .filter_map(|place| place.or_else(|| judged.next()))
        .collect()
}

/// Half of what every JSON reader holds exactly: as many numbers again are left for accounts that are made here.
const MAX_NUMBER: i64 = 1 << 52;
const MAX_EMAIL_CHARACTERS: usize = 320;
const MAX_PASSWORD_BYTES: usize = 1024;
const MAX_ATTRIBUTES_BYTES: usize = 16 * 1024;
