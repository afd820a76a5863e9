//! `countersign import django`: users and tokens of a Django site, batch by batch, with a report in the end.

use std::collections::BTreeMap;
use std::fmt;

use countersign::authority::{
    AccountTakeover, ForeignAccount, RecordedToken, TokenRefusal, TokenTakeover,
};
use countersign::clock::{Clock as _, SystemClock};
use countersign::policy::{self, ForeignTokenPolicy, LoginName};
use countersign::store::{AccountImport, ImportRun, TokenImport};
use countersign_store::django::{DjangoPage, DjangoSource, Flaw, UnreadableRow, UserField};
use countersign_token::VerifyError;
use indicatif::ProgressDrawTarget;
use serde::Serialize;

use super::django::{database_file, describe, print};
use crate::cli::{Common, ImportDjango};
use crate::failure::Failure;
use crate::opening::{self, Opened};
use crate::output;
use crate::progress;

/// Runs the command.
///
/// # Errors
/// [`Failure`]: what was taken so far is taken, and the command may run again.
pub(super) async fn run(common: &Common, args: &ImportDjango) -> Result<(), Failure> {
    let path = database_file(&args.from)?;
    let config = opening::configuration(common)?;
    let configured_key = config.names_signing_key();
    let source =
        DjangoSource::open(&path, &args.map.to_map()).map_err(|error| describe(error, &path))?;
    let opened = opening::open(config).await?;
    let run = if args.dry_run {
        ImportRun::Rehearsal
    } else {
        ImportRun::Real
    };
    let import = Import {
        opened: &opened,
        source: &source,
        run,
    };
    let report = import.whole(&path, configured_key).await;
    opened.settle().await;
    opened.close().await;
    print(&report?, common.form())
}

struct Import<'a> {
    opened: &'a Opened,
    source: &'a DjangoSource,
    run: ImportRun,
}

impl Import<'_> {
    async fn whole(&self, path: &std::path::Path, configured_key: bool) -> Result<Report, Failure> {
        let failed = |error| describe(error, path);
        let users = self.source.count_users().map_err(failed)?;
        let tokens = self.source.count_tokens().map_err(failed)?;
        let rows = users.saturating_add(tokens.unwrap_or(0));
        let bar = progress::bar(rows, PROGRESS, ProgressDrawTarget::stderr())?;
        let mut report = Report {
            database: path.display().to_string(),
            dry_run: self.run == ImportRun::Rehearsal,
            ..Report::default()
        };
        let highest = self.source.highest_user_id().map_err(failed)?;
        let made_here = match self.run {
            ImportRun::Real => self.opened.authority.leave_account_numbers(highest).await,
            ImportRun::Rehearsal => Ok(0),
        };
        let made_here = made_here.map_err(Failure::of)?;
        let mut after = i64::MIN;
        loop {
            let page = self.source.users_after(after, BATCH).map_err(failed)?;
            let Some(last) = page.last else { break };
            after = last;
            bar.inc(self.users(page, &mut report).await?);
        }
        after = i64::MIN;
        let mut keys = KeyCheck::default();
        loop {
            let page = self.source.tokens_after(after, BATCH).map_err(failed)?;
            let Some(last) = page.last else { break };
            after = last;
            bar.inc(self.tokens(page, &mut report, &mut keys).await?);
        }
        bar.finish_and_clear();
        report.remarks = self.remarks(tokens.is_some(), configured_key, &keys);
        let shared = self.source.count_shared_addresses().map_err(failed)?;
        if shared > 0 && self.names_by_address() {
            report.remarks.push(format!(
                "addresses that several users share: {shared}. With these settings they name nobody"
            ));
        }
        if made_here > 0 {
            report.remarks.push(format!(
                "users made here whose ids Django has given, too: {made_here}. A token of Django's that names one of \
                 them means somebody else and is refused"
            ));
        }
        Ok(report)
    }

    /// Whether people sign in with their address, or tokens name it.
    fn names_by_address(&self) -> bool {
        let policy = self.opened.authority.policy();
        policy.accounts.login == LoginName::Email
            || policy.tokens.user_field == policy::UserField::Email
    }

    /// Takes a page of users; returns how many rows it had.
    async fn users(
        &self,
        page: DjangoPage<ForeignAccount>,
        report: &mut Report,
    ) -> Result<u64, Failure> {
        let rows = count(page.rows.len());
        report.users.read += rows;
        let good = report.good_rows("user", page.rows);
        let shown: Vec<_> = good.iter().map(shown_user).collect();
        let schemes: Vec<_> = good.iter().map(scheme).collect();
        let outcomes = self
            .opened
            .authority
            .import_accounts(good, self.run)
            .await
            .map_err(Failure::of)?;
        for ((outcome, shown), scheme) in outcomes.into_iter().zip(shown).zip(schemes) {
            if report.user(outcome, shown) {
                *report.passwords.entry(scheme).or_default() += 1;
            }
        }
        Ok(rows)
    }

    /// Takes a page of tokens; returns how many rows it had.
    async fn tokens(
        &self,
        page: DjangoPage<RecordedToken>,
        report: &mut Report,
        keys: &mut KeyCheck,
    ) -> Result<u64, Failure> {
        let rows = count(page.rows.len());
        report.tokens.read += rows;
        let good = report.good_rows("token", page.rows);
        let shown: Vec<_> = good
            .iter()
            .map(|token| (output::shortened(&token.token_id), token.text.clone()))
            .collect();
        let outcomes = self
            .opened
            .authority
            .import_tokens(good, self.run)
            .await
            .map_err(Failure::of)?;
        for (outcome, (id, text)) in outcomes.into_iter().zip(shown) {
            if outcome != TokenTakeover::Expired && keys.wants_more() {
                let explained = self.opened.authority.explain(&text).await;
                keys.note(explained.map_err(Failure::of)?.refusal.as_ref());
            }
            report.token(outcome, id);
        }
        Ok(rows)
    }

    fn remarks(&self, has_lists: bool, configured_key: bool, keys: &KeyCheck) -> Vec<String> {
        let mut remarks = Vec::new();
        let missing = self.source.fields_without_column();
        if !missing.is_empty() {
            let names: Vec<_> = missing.into_iter().map(UserField::name).collect();
            remarks.push(format!(
                "the users' table has no column for {}",
                names.join(", ")
            ));
        }
        if !has_lists {
            remarks.push("the site has no token blacklist: no token was taken".to_owned());
        }
        if !configured_key {
            remarks.push(
                "no `jwt.signing_key` is configured: tokens that Django has signed do not verify here"
                    .to_owned(),
            );
        } else if keys.other > 0 {
            remarks.push(format!(
                "{} of {} recorded tokens that were looked at are not signed with the configured key: \
                 `jwt.signing_key` must be Django's SIGNING_KEY (its SECRET_KEY, where none is set), and \
                 `jwt.algorithm` its ALGORITHM",
                keys.other, keys.looked_at
            ));
        }
        let now = SystemClock::default().now();
        if self.opened.authority.policy().foreign_at(now) == ForeignTokenPolicy::Off {
            remarks.push(
                "`foreign.refresh` is off, or `foreign.until` has passed: tokens that Django has signed are refused here"
                    .to_owned(),
            );
        }
        remarks
    }
}

/// Whether tokens that are out were signed with our key: a look at the first few.
#[derive(Default)]
struct KeyCheck {
    looked_at: u64,
    other: u64,
}

impl KeyCheck {
    const ENOUGH: u64 = 20;

    const fn wants_more(&self) -> bool {
        self.looked_at < Self::ENOUGH
    }

    fn note(&mut self, refusal: Option<&TokenRefusal>) {
        self.looked_at += 1;
        let other = matches!(
            refusal,
            Some(TokenRefusal::Token(
                VerifyError::BadSignature
                    | VerifyError::UnknownKey
                    | VerifyError::UnacceptableAlgorithm
            ))
        );
        self.other += u64::from(other);
    }
}

/// What was taken and what was not, and why.
#[derive(Debug, Default, Serialize)]
struct Report {
    database: String,
    dry_run: bool,
    users: Users,
    tokens: Tokens,
    /// Users that were taken, by the scheme of their passwords; `none` for those that no password opens.
    passwords: BTreeMap<String, u64>,
    not_taken: Vec<Omission>,
    remarks: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
struct Users {
    read: u64,
    created: u64,
    refreshed: u64,
    unchanged: u64,
    changed_here: u64,
    not_taken: u64,
}

#[derive(Debug, Default, Serialize)]
struct Tokens {
    read: u64,
    recorded: u64,
    blacklisted: u64,
    sessions_ended: u64,
    unchanged: u64,
    expired: u64,
    not_taken: u64,
}

/// Why some rows were not taken, or not in whole.
#[derive(Debug, Serialize)]
struct Omission {
    what: &'static str,
    reason: String,
    count: u64,
    /// The first of them.
    examples: Vec<String>,
}

impl Report {
    /// Sorts out the rows that could not be read.
    fn good_rows<T>(&mut self, what: &'static str, rows: Vec<Result<T, UnreadableRow>>) -> Vec<T> {
        let mut good = Vec::with_capacity(rows.len());
        for row in rows {
            match row {
                Ok(row) => good.push(row),
                Err(UnreadableRow { id, column, flaw }) => {
                    let reason = match flaw {
                        Flaw::Unexpected => format!("its {column:?} cannot be read"),
                        Flaw::TooLong => format!("its {column:?} is too long"),
                    };
                    self.refuse(what, reason, format!("id {id}"));
                }
            }
        }
        good
    }

    /// Notes what became of a user; whether the user is here now.
    fn user(&mut self, outcome: AccountTakeover, shown: String) -> bool {
        let users = &mut self.users;
        let reason = match outcome {
            AccountTakeover::Judged(AccountImport::Created) => {
                users.created += 1;
                return true;
            }
            AccountTakeover::Judged(AccountImport::Refreshed) => {
                users.refreshed += 1;
                return true;
            }
            AccountTakeover::Judged(AccountImport::Unchanged) => {
                users.unchanged += 1;
                return true;
            }
            AccountTakeover::Judged(AccountImport::ChangedHere) => {
                users.changed_here += 1;
                self.note(
                    "user",
                    "changed both there and here: what was changed here stays".to_owned(),
                    shown,
                );
                return true;
            }
            AccountTakeover::Judged(AccountImport::NumberTaken) => {
                "its id belongs to another user, made here, who takes no token of Django's now"
                    .to_owned()
            }
            AccountTakeover::Judged(AccountImport::NumberRetired) => {
                "its id belongs to a user who was deleted here".to_owned()
            }
            AccountTakeover::Judged(AccountImport::UsernameTaken) => {
                "another user here has its name".to_owned()
            }
            AccountTakeover::Judged(AccountImport::UuidTaken) => {
                "another user here has its UUID".to_owned()
            }
            AccountTakeover::Refused(unfit) => unfit.to_string(),
        };
        self.refuse("user", reason, shown);
        false
    }

    fn token(&mut self, outcome: TokenTakeover, id: String) {
        let tokens = &mut self.tokens;
        let reason = match outcome {
            TokenTakeover::Judged(TokenImport::Recorded) => {
                tokens.recorded += 1;
                return;
            }
            TokenTakeover::Judged(TokenImport::Blacklisted) => {
                tokens.blacklisted += 1;
                return;
            }
            TokenTakeover::Judged(TokenImport::SessionEnded) => {
                tokens.sessions_ended += 1;
                return;
            }
            TokenTakeover::Judged(TokenImport::Unchanged) => {
                tokens.unchanged += 1;
                return;
            }
            TokenTakeover::Expired => {
                tokens.expired += 1;
                return;
            }
            TokenTakeover::OpensByChance => {
                "its id looks like one of ours by chance: it is refused, and its owner signs in again"
            }
            TokenTakeover::UnusableId => {
                "its id is empty, longer than 255 bytes or has a NUL: it is refused"
            }
        };
        self.refuse("token", reason.to_owned(), id);
    }

    fn refuse(&mut self, what: &'static str, reason: String, example: String) {
        if what == "user" {
            self.users.not_taken += 1;
        } else {
            self.tokens.not_taken += 1;
        }
        self.note(what, reason, example);
    }

    fn note(&mut self, what: &'static str, reason: String, example: String) {
        let known = self
            .not_taken
            .iter()
            .position(|known| known.what == what && known.reason == reason);
        let Some(known) = known.and_then(|place| self.not_taken.get_mut(place)) else {
            self.not_taken.push(Omission {
                what,
                reason,
                count: 1,
                examples: vec![example],
            });
            return;
        };
        known.count += 1;
        if known.examples.len() < EXAMPLES {
            known.examples.push(example);
        }
    }
}

impl super::django::Report for Report {
    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.users.to_string(), self.tokens.to_string()];
        let schemes: Vec<_> = self
            .passwords
            .iter()
            .map(|(scheme, count)| match scheme.as_str() {
                NO_SCHEME => format!("{count} that no password opens"),
                scheme => format!("{count} {scheme}"),
            })
            .collect();
        lines.push(format!("passwords  {}", schemes.join(", ")));
        lines.extend(self.not_taken.iter().map(Omission::to_string));
        lines
    }

    fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

impl fmt::Display for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            read,
            created,
            refreshed,
            unchanged,
            changed_here,
            not_taken,
        } = self;
        write!(
            f,
            "users      {read} read: {created} new, {refreshed} refreshed, {unchanged} unchanged, \
             {changed_here} changed on both sides, {not_taken} not taken"
        )
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            read,
            recorded,
            blacklisted,
            sessions_ended,
            unchanged,
            expired,
            not_taken,
        } = self;
        write!(
            f,
            "tokens     {read} read: {recorded} live, {blacklisted} blacklisted, {sessions_ended} sessions ended, \
             {unchanged} unchanged, {expired} expired, {not_taken} not taken"
        )
    }
}

impl fmt::Display for Omission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            reason,
            count,
            examples,
        } = self;
        let more = if *count > examples.len().try_into().unwrap_or(u64::MAX) {
            ", …"
        } else {
            ""
        };
        write!(
            f,
            "{count} {what}: {reason} ({}{more})",
            examples.join(", ")
        )
    }
}

fn shown_user(user: &ForeignAccount) -> String {
    format!("id {} \"{}\"", user.id, output::shortened(&user.username))
}

/// The scheme of a user's password; `none` where no password can match.
fn scheme(user: &ForeignAccount) -> String {
    if user.password.is_usable() {
        user.password.algorithm().to_owned()
    } else {
        NO_SCHEME.to_owned()
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// What stands for a scheme where no password can match.
const NO_SCHEME: &str = "none";

const PROGRESS: &str = "{bar:40} {human_pos} of {human_len} rows, {elapsed}, {eta} to go";

/// Rows that are taken in one transaction.
const BATCH: u32 = 500;

/// Rows that the report names for each reason.
const EXAMPLES: usize = 20;
