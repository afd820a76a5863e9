//! Taking over from another system, and giving back: accounts and tokens, batch by batch.

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use countersign_token::{ClaimsSet, Timestamp, UnixMillis};

use super::{AccountEdit, ForeignToken, PrivilegeChange, SessionsOnChange, StoreError};
use crate::account::{Account, AccountId, Privileges, Standing};
use crate::audit::AuditEvent;
use crate::password::{EncodedPassword, PasswordMark};
use crate::sealed_id::SealingKeyId;
use crate::session::Lineage;
use crate::uuid::Uuid;

/// An account of another system, which keeps its number: the tokens that are out name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedAccount {
    /// Its number there and here, from 1.
    pub id: AccountId,
    /// Its UUID there, or a fresh one; an account that is here already keeps its own.
    pub uuid: Uuid,
    /// The login name.
    pub username: String,
    /// The e-mail address; empty for none.
    pub email: String,
    /// The password, verbatim.
    pub password: EncodedPassword,
    /// Whether it may sign in.
    pub standing: Standing,
    /// Staff and superuser flags.
    pub privileges: Privileges,
    /// When it was made.
    pub created_at: UnixMillis,
    /// The last sign-in that was recorded.
    pub last_login: Option<UnixMillis>,
    /// Whatever else is kept of it.
    pub attributes: ClaimsSet,
}

/// What becomes of the sessions of an account that has changed in the other system since it was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportEffects {
    /// Where its password was changed.
    pub on_password_change: SessionsOnChange,
    /// Where it was deactivated.
    pub on_deactivation: SessionsOnChange,
}

/// Whether an import is for real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportRun {
    /// It is.
    Real,
    /// It only tells what it would come to, and leaves everything as it was.
    Rehearsal,
}

/// What importing an account came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountImport {
    /// It is new here.
    Created,
    /// It was here, and what the other system has changed since was taken.
    Refreshed,
    /// It was here, and there was nothing to take.
    Unchanged,
    /// Both sides have changed the same thing since it was imported: what was changed here stays.
    ChangedHere,
    /// Its number belongs to another account, made here, which takes no foreign token from now on: one that
    /// names it means somebody else.
    NumberTaken,
    /// Its number belonged to an account that was deleted here, and never comes back.
    NumberRetired,
    /// Another account has its login name.
    UsernameTaken,
    /// Another account has its UUID.
    UuidTaken,
}

/// A foreign token as another system recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedToken {
    /// Its `jti`.
    pub token_id: String,
    /// Whose it is, as far as is known.
    pub account: Option<AccountId>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// The latest `exp` that a token of this id can have.
    pub expires_at: Timestamp,
    /// When it was blacklisted, if it was.
    pub blacklisted_at: Option<UnixMillis>,
}

/// What importing a token came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenImport {
    /// It is recorded now, and good.
    Recorded,
    /// It is blacklisted now.
    Blacklisted,
    /// It was used here and has been blacklisted there: the session that it opened has ended.
    SessionEnded,
    /// There was nothing to take.
    Unchanged,
}

/// How importing a batch of tokens went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenImports {
    /// What each of them came to, in their order.
    Done(Vec<TokenImport>),
    /// The store's sealing keys are not those the ids were tried with: reload and look again.
    SealingKeysChanged,
}

/// Taking over, and giving back. Importing the same twice changes nothing the second time.
#[async_trait]
pub trait Takeover: Send + Sync {
    /// Leaves every number up to `upto` to the other system, which has given it to somebody: none of them is drawn
    /// here from now on. Accounts that were made here and those that are made later take no foreign token, because
    /// its number or name may mean somebody else there. Returns how many accounts were there already.
    ///
    /// Without it, a token of somebody who was deleted there, never came, or signed up meanwhile would open the
    /// account here that got the number or name next.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn leave_account_numbers(&self, upto: AccountId) -> Result<u64, StoreError>;

    /// Takes over accounts with their numbers, all in one step. The next number that is drawn lies above them all.
    ///
    /// An account that was imported before is merged: what the other system has changed since is taken, unless it
    /// was changed here, too. A password that is taken moves the credential version and the mark, and changes are
    /// logged and end sessions as [`AccountTable::edit_account`](super::AccountTable::edit_account) has it; the
    /// later of the two last sign-ins stays. The event is recorded if anything was taken.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn import_accounts(
        &self,
        accounts: &[ImportedAccount],
        effects: ImportEffects,
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Vec<AccountImport>, StoreError>;

    /// Records foreign tokens, all in one step. A token that is blacklisted there is blacklisted here from now
    /// on, with an entry in the log; if it has opened a session, that session ends as by a sign-out. One that is
    /// blacklisted here stays so. `sealing_keys` are those under which the ids did not open. The event is recorded
    /// if anything was taken.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn import_foreign_tokens(
        &self,
        tokens: &[ImportedToken],
        sealing_keys: &[SealingKeyId],
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<TokenImports, StoreError>;

    /// Up to `limit` deleted accounts with numbers above `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_retired_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<RetiredAccount>, StoreError>;

    /// Up to `limit` foreign tokens with ids after `after`, in order of id (compared byte by byte).
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_foreign_tokens(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, StoreError>;

    /// Up to `limit` sessions, forks among them, with numbers above `after`, in order of number.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_sessions(&self, after: u64, limit: u32) -> Result<Vec<Lineage>, StoreError>;
}

/// An account that was deleted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredAccount {
    /// Its number.
    pub id: AccountId,
    /// Its login name.
    pub username: String,
    /// Whether it was imported: then its number means the same person in the other system, whatever the name there.
    pub imported: bool,
}

/// What was imported of an account last: as much of it as tells who has changed it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportMark {
    /// SHA-256 of the password's mark, which the upgrade of a hash leaves as it is.
    pub password: [u8; 32],
    /// Whether it could sign in.
    pub standing: Standing,
    /// Its flags. Each is compared by itself: whoever was demoted there is demoted here, whatever else changed.
    pub privileges: Privileges,
    /// SHA-256 of names and attributes.
    pub profile: [u8; 32],
}

/// What an import takes of an account that is here: the same in every store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The changes to make, each as an operator would make it.
    pub edits: Vec<AccountEdit>,
    /// The new login name, if it changes.
    pub username: Option<String>,
    /// The later of the two last sign-ins, if it is not the account's own.
    pub last_login: Option<UnixMillis>,
    /// What to remember of this import.
    pub mark: ImportMark,
    /// Whether something was changed on both sides, and stays as it is here.
    pub changed_here: bool,
}

impl ImportedAccount {
    /// What to remember of this import.
    pub fn mark(&self) -> ImportMark {
        ImportMark {
            password: digest(&[PasswordMark::of(&self.password).as_str()]),
            standing: self.standing,
            privileges: self.privileges,
            profile: profile(&self.username, &self.email, &self.attributes),
        }
    }

    /// The account that it makes, if there is none of its number.
    pub fn to_account(&self) -> Account {
        Account {
            id: self.id,
            uuid: self.uuid,
            username: self.username.clone(),
            email: self.email.clone(),
            email_verified: false,
            password: self.password.clone(),
            password_mark: PasswordMark::of(&self.password),
            credential_version: 1,
            standing: self.standing,
            privileges: self.privileges,
            role: 0,
            password_needs_reset: false,
            created_at: self.created_at,
            last_login: self.last_login,
            revoked_before: None,
            attributes: self.attributes.clone(),
        }
    }

    /// What to take of it for the account that it was imported as before, by a three-way comparison with what was
    /// imported then.
    pub fn merge(&self, account: &Account, base: &ImportMark) -> Merge {
        let (ours, theirs) = (ImportMark::of(account), self.mark());
        let password = Change::between(base.password, ours.password, theirs.password);
        let standing = Change::between(base.standing, ours.standing, theirs.standing);
        let profile = Change::between(base.profile, ours.profile, theirs.profile);
        let flag = |of: fn(Privileges) -> bool| {
            Change::between(
                of(base.privileges),
                of(ours.privileges),
                of(theirs.privileges),
            )
        };
        let (staff, superuser) = (flag(|flags| flags.staff), flag(|flags| flags.superuser));
        let mut edits = Vec::new();
        if password == Change::Theirs {
            edits.push(AccountEdit::Password(self.password.clone()));
        }
        if standing == Change::Theirs {
            edits.push(AccountEdit::Standing(self.standing));
        }
        let taken = |change: Change, theirs: bool| (change == Change::Theirs).then_some(theirs);
        let privileges = PrivilegeChange {
            staff: taken(staff, self.privileges.staff),
            superuser: taken(superuser, self.privileges.superuser),
        };
        if privileges != PrivilegeChange::default() {
            edits.push(AccountEdit::Privileges(privileges));
        }
        if profile == Change::Theirs {
            self.edit_profile(account, &mut edits);
        }
        Merge {
            edits,
            username: (profile == Change::Theirs && self.username != account.username)
                .then(|| self.username.clone()),
            last_login: self
                .last_login
                .filter(|&at| account.last_login.is_none_or(|known| known < at)),
            mark: ImportMark {
                password: password.base(base.password, theirs.password),
                standing: standing.base(base.standing, theirs.standing),
                privileges: Privileges {
                    staff: staff.base(base.privileges.staff, theirs.privileges.staff),
                    superuser: superuser
                        .base(base.privileges.superuser, theirs.privileges.superuser),
                },
                profile: profile.base(base.profile, theirs.profile),
            },
            changed_here: [password, standing, profile].contains(&Change::Both),
        }
    }

    /// Only what differs, so that an address that was verified here stays so.
    fn edit_profile(&self, account: &Account, edits: &mut Vec<AccountEdit>) {
        if self.email != account.email {
            edits.push(AccountEdit::Email {
                address: self.email.clone(),
                verified: false,
            });
        }
        if self.attributes != account.attributes {
            edits.push(AccountEdit::Attributes(self.attributes.clone()));
        }
    }
}

impl ImportMark {
    fn of(account: &Account) -> Self {
        Self {
            password: digest(&[account.password_mark.as_str()]),
            standing: account.standing,
            privileges: account.privileges,
            profile: profile(&account.username, &account.email, &account.attributes),
        }
    }
}

impl Merge {
    /// What the import comes to.
    pub fn outcome(&self) -> AccountImport {
        let takes = !self.edits.is_empty() || self.username.is_some() || self.last_login.is_some();
        match (self.changed_here, takes) {
            (true, _) => AccountImport::ChangedHere,
            (false, true) => AccountImport::Refreshed,
            (false, false) => AccountImport::Unchanged,
        }
    }
}

impl ImportEffects {
    /// What an edit does to the account's sessions.
    pub const fn of(self, edit: &AccountEdit) -> SessionsOnChange {
        match edit {
            AccountEdit::Password(_) => self.on_password_change,
            AccountEdit::Standing(Standing::Inactive) => self.on_deactivation,
            _ => SessionsOnChange::Keep,
        }
    }
}

/// Who has changed something since both sides agreed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Nobody, or the account here alone.
    NotTheirs,
    /// Both, to the same.
    Agreed,
    /// The other system alone.
    Theirs,
    /// Both, to different things.
    Both,
}

impl Change {
    fn between<T: Copy + PartialEq>(base: T, ours: T, theirs: T) -> Self {
        match (theirs == base, theirs == ours, ours == base) {
            (true, ..) => Self::NotTheirs,
            (false, true, _) => Self::Agreed,
            (false, false, true) => Self::Theirs,
            (false, false, false) => Self::Both,
        }
    }

    /// What both sides agree on from now on.
    fn base<T>(self, base: T, theirs: T) -> T {
        match self {
            Self::NotTheirs | Self::Both => base,
            Self::Agreed | Self::Theirs => theirs,
        }
    }
}

fn profile(username: &str, email: &str, attributes: &ClaimsSet) -> [u8; 32] {
    digest(&[username, email, &attributes.to_json()])
}

/// SHA-256 over texts, each after its length: no two lists of texts share their bytes.
fn digest(texts: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&text.len().to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(password: &str, email: &str) -> ImportedAccount {
        ImportedAccount {
            id: AccountId::new(1),
            uuid: Uuid::from_bytes([1; 16]),
            username: "alice".to_owned(),
            email: email.to_owned(),
            password: EncodedPassword::from_stored(password.to_owned()),
            standing: Standing::Active,
            privileges: Privileges::default(),
            created_at: UnixMillis::from_seconds(1),
            last_login: None,
            attributes: ClaimsSet::new(),
        }
    }

    #[test]
    fn each_thing_is_taken_unless_it_was_changed_here_too() {
        let first = imported("md5$a$b", "a@example.org");
        let base = first.mark();
        let mut here = first.to_account();
        here.password = EncodedPassword::from_stored("argon2$upgraded".to_owned());
        let same = first.merge(&here, &base);
        assert_eq!(
            (same.outcome(), same.mark),
            (AccountImport::Unchanged, base)
        );

        let moved = imported("md5$a$b", "new@example.org");
        let merge = moved.merge(&here, &base);
        assert_eq!(merge.outcome(), AccountImport::Refreshed);
        assert_eq!(merge.edits.len(), 1, "the password here stays: {merge:?}");

        let other = imported("md5$c$d", "new@example.org");
        let merge = other.merge(&here, &base);
        assert_eq!(merge.outcome(), AccountImport::Refreshed);
        assert_eq!(merge.edits.len(), 2, "an upgrade is no change: {merge:?}");

        here.password_mark = PasswordMark::of(&here.password);
        let merge = other.merge(&here, &base);
        assert_eq!(merge.outcome(), AccountImport::ChangedHere);
        assert_eq!(merge.mark.password, base.password, "it stays a conflict");
        assert_eq!(
            merge.edits.len(),
            1,
            "and the address is taken all the same"
        );
    }

    #[test]
    fn whoever_is_demoted_there_is_demoted_here_whatever_else_changed() {
        let mut first = imported("md5$a$b", "a@example.org");
        first.privileges.superuser = true;
        let base = first.mark();
        let mut here = first.to_account();
        here.email = "here@example.org".to_owned();
        here.privileges.staff = true;
        let mut demoted = imported("md5$a$b", "there@example.org");
        demoted.privileges.superuser = false;
        let merge = demoted.merge(&here, &base);
        assert_eq!(merge.outcome(), AccountImport::ChangedHere);
        let expected = AccountEdit::Privileges(PrivilegeChange {
            staff: None,
            superuser: Some(false),
        });
        assert_eq!(merge.edits, [expected]);
    }

    #[test]
    fn texts_that_run_together_have_digests_of_their_own() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
