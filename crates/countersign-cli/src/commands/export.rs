//! `countersign export django`: the way back. Users as they are here, and every token that is dead here.

use std::path::Path;

use countersign::account::{Account, AccountId};
use countersign::authority::{AuthorityError, DeadToken};
use countersign::clock::{Clock as _, SystemClock};
use countersign_store::django::{DjangoError, DjangoTarget, UserExport};
use countersign_token::UnixMillis;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::django::{database_file, describe, print};
use crate::cli::{Common, ExportDjango};
use crate::failure::Failure;
use crate::opening::{self, Opened};

/// Runs the command.
///
/// # Errors
/// [`Failure`]: nothing was written to the Django database.
pub(super) async fn run(common: &Common, args: &ExportDjango) -> Result<(), Failure> {
    let path = database_file(&args.to)?;
    let config = opening::configuration(common)?;
    let configured_key = config.names_signing_key();
    let opened = opening::open(config).await?;
    let report = export(&opened, &path, args, configured_key).await;
    opened.close().await;
    print(&report?, common.form())
}

async fn export(
    opened: &Opened,
    path: &Path,
    args: &ExportDjango,
    configured_key: bool,
) -> Result<Report, Failure> {
    let target =
        DjangoTarget::open(path, &args.map.to_map()).map_err(|error| describe(error, path))?;
    let mut export = Export {
        opened,
        target: &target,
        now: SystemClock::default().now(),
        bar: ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner()),
        report: Report {
            database: path.display().to_string(),
            dry_run: args.dry_run,
            ..Report::default()
        },
    };
    let done = export.whole().await;
    export.bar.finish_and_clear();
    let mut report = export.report;
    done.map_err(|error| error.into_failure(path))?;
    report.remark(configured_key);
    if !args.dry_run {
        target.commit().map_err(|error| describe(error, path))?;
    }
    Ok(report)
}

struct Export<'a> {
    opened: &'a Opened,
    target: &'a DjangoTarget,
    now: UnixMillis,
    bar: ProgressBar,
    report: Report,
}

impl Export<'_> {
    async fn whole(&mut self) -> Result<(), Broken> {
        self.users().await?;
        self.deleted().await?;
        self.revoked_before().await?;
        self.dead_tokens().await
    }

    async fn users(&mut self) -> Result<(), Broken> {
        let mut after = AccountId::new(i64::MIN);
        loop {
            let store = self.opened.authority.store();
            let page = store.list_accounts(after, PAGE).await;
            let page = page.map_err(AuthorityError::from)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id;
            for account in &page {
                self.user(account)?;
            }
        }
    }

    fn user(&mut self, account: &Account) -> Result<(), Broken> {
        let report = &mut self.report;
        let refused = match self.target.put_user(account)? {
            UserExport::Updated => {
                report.users.updated += 1;
                None
            }
            UserExport::Unchanged => {
                report.users.unchanged += 1;
                None
            }
            UserExport::Inserted => {
                report.users.inserted += 1;
                None
            }
            UserExport::SomebodyElse => Some("the user of that id there has another name"),
            UserExport::Taken => Some("another user there has the name"),
            UserExport::NoColumnForInactive => {
                Some("inactive here, and the table has no column to say so")
            }
        };
        if let Some(reason) = refused {
            report.not_given.push(Refused {
                id: account.id.get(),
                username: account.username.clone(),
                reason,
            });
            return Ok(());
        }
        report.argon2 += u64::from(account.password.algorithm() == "argon2");
        if let Some(before) = account.revoked_before {
            let before = self
                .target
                .blacklist_before(Some(account.id), before, self.now)?;
            report.tokens += before;
        }
        self.tick();
        Ok(())
    }

    async fn deleted(&mut self) -> Result<(), Broken> {
        let mut after = AccountId::new(i64::MIN);
        loop {
            let store = self.opened.authority.store();
            let page = store.list_retired_accounts(after, PAGE).await;
            let page = page.map_err(AuthorityError::from)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id;
            for retired in page {
                self.report.users.shut_out += u64::from(self.target.shut_out(&retired)?);
            }
        }
    }

    async fn revoked_before(&mut self) -> Result<(), Broken> {
        let everybody = self.opened.authority.store().everybody_revoked_before();
        if let Some(before) = everybody.await.map_err(AuthorityError::from)? {
            self.report.tokens += self.target.blacklist_before(None, before, self.now)?;
        }
        Ok(())
    }

    async fn dead_tokens(&mut self) -> Result<(), Broken> {
        let authority = &self.opened.authority;
        let mut blacklisted = 0;
        let mut take = |token: &DeadToken| {
            blacklisted += u64::from(self.target.put_dead_token(token)?);
            Ok::<_, Broken>(())
        };
        authority.tell_dead_tokens(&mut take).await?;
        self.report.tokens += blacklisted;
        Ok(())
    }

    fn tick(&self) {
        self.bar.inc(1);
        self.bar
            .set_message(format!("{} users", self.bar.position()));
    }
}

/// Which side failed.
enum Broken {
    Here(AuthorityError),
    There(DjangoError),
}

impl Broken {
    fn into_failure(self, path: &Path) -> Failure {
        match self {
            Self::Here(error) => Failure::of(error),
            Self::There(error) => describe(error, path),
        }
    }
}

impl From<AuthorityError> for Broken {
    fn from(error: AuthorityError) -> Self {
        Self::Here(error)
    }
}

impl From<DjangoError> for Broken {
    fn from(error: DjangoError) -> Self {
        Self::There(error)
    }
}

/// What was given back and what was not, and why.
#[derive(Debug, Default, Serialize)]
struct Report {
    database: String,
    dry_run: bool,
    users: Users,
    /// Tokens that were not blacklisted there before.
    tokens: u64,
    #[serde(skip)]
    argon2: u64,
    not_given: Vec<Refused>,
    remarks: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
struct Users {
    updated: u64,
    unchanged: u64,
    inserted: u64,
    /// Deleted here, and kept from signing in there.
    shut_out: u64,
}

#[derive(Debug, Serialize)]
struct Refused {
    id: i64,
    username: String,
    reason: &'static str,
}

impl Report {
    fn remark(&mut self, configured_key: bool) {
        if self.argon2 > 0 {
            self.remarks.push(format!(
                "users with argon2 hashes: {}. Django reads them if its environment has argon2-cffi; with \
                 `passwords.write = \"django\"` each becomes PBKDF2 at its next sign-in here",
                self.argon2
            ));
        }
        if !configured_key {
            self.remarks.push(
                "no `jwt.signing_key` is configured: Django does not verify the tokens that are signed here, and \
                 everybody signs in again"
                    .to_owned(),
            );
        }
    }
}

impl super::django::Report for Report {
    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    fn lines(&self) -> Vec<String> {
        let Users {
            updated,
            unchanged,
            inserted,
            shut_out,
        } = self.users;
        let users = format!(
            "users   {updated} updated, {unchanged} unchanged, {inserted} new, {shut_out} deleted here and shut out \
             there, {} not given back",
            self.not_given.len()
        );
        let mut lines = vec![users, format!("tokens  {} blacklisted", self.tokens)];
        let refused = self.not_given.iter();
        lines.extend(
            refused.map(|it| format!("user id {} {:?}: {}", it.id, it.username, it.reason)),
        );
        lines
    }

    fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

const PAGE: u32 = 500;
