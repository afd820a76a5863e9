//! `countersign audit`: what happened, to whom, with which result.

use std::time::Duration;

use countersign::account::AccountId;
use countersign::audit::AuditEvent;
use countersign::clock::{Clock as _, SystemClock};
use countersign::session::EndCause;
use countersign::store::{AuditFilter, AuditPlace};
use indicatif::ProgressDrawTarget;
use serde::Serialize;

use crate::cli::{AuditCommand, Common, ExportAudit, Form, TailAudit};
use crate::commands::user;
use crate::failure::Failure;
use crate::opening::{self, Opened};
use crate::output::{self, Reader};
use crate::owner_only::Draft;
use crate::progress;

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if the log could not be read, or what was read could not be written.
pub(super) async fn run(common: &Common, command: &AuditCommand) -> Result<(), Failure> {
    let opened = opening::open(opening::configuration(common)?).await?;
    let done = match command {
        AuditCommand::Tail(args) => tail(&opened, common.form(), args).await,
        AuditCommand::Export(args) => export(&opened, args).await,
    };
    opened.close().await;
    done
}

async fn tail(opened: &Opened, form: Form, args: &TailAudit) -> Result<(), Failure> {
    let now = SystemClock::default().now();
    let subject = match &args.username {
        Some(username) => Some(user::find(opened, username).await?.id),
        None => args.account.map(AccountId::new),
    };
    let filter = AuditFilter {
        kinds: args.kinds.clone(),
        subject,
        session: args.session,
        from: args.since.map(|since| since.resolve(now)),
        before: None,
    };
    let tail = opened.authority.audit_tail(&filter, args.lines).await;
    let tail = tail.map_err(Failure::of)?;
    let mut reader = print(form, &tail.events)?;
    let mut place = tail.end;
    while args.follow && reader == Reader::Listening {
        let page = opened.authority.audit_after(&filter, place).await;
        let page = page.map_err(Failure::of)?;
        match page.looked_at {
            Some((_, last)) => place = last,
            None => tokio::time::sleep(FOLLOWING_PAUSE).await,
        }
        reader = print(form, &page.events)?;
    }
    Ok(())
}

fn print(form: Form, events: &[AuditEvent]) -> Result<Reader, Failure> {
    for event in events {
        let line = match form {
            Form::Table => Line::from(event).for_people(),
            Form::Json => Line::from(event).to_json()?,
        };
        if output::line_of_many(&line)? == Reader::Gone {
            return Ok(Reader::Gone);
        }
    }
    Ok(Reader::Listening)
}

async fn export(opened: &Opened, args: &ExportAudit) -> Result<(), Failure> {
    let now = SystemClock::default().now();
    let filter = AuditFilter {
        from: args.from.map(|from| from.resolve(now)),
        before: Some(
            args.to
                .map_or(now.plus(Duration::from_millis(1)), |to| to.resolve(now)),
        ),
        ..AuditFilter::default()
    };
    if filter.from >= filter.before {
        return Err(Failure::usage("there is no time between --from and --to")
            .help("--from names the earlier one; what was at --to itself is left out"));
    }
    let mut file = args.file.as_deref().map(Draft::begin).transpose()?;
    let Some(written) = write_events(opened, &filter, file.as_mut()).await? else {
        return Ok(());
    };
    match (file, &args.file) {
        (Some(file), Some(path)) => {
            file.finish()?;
            output::line(&format!("{written} events are in {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes what there is now, page by page, and says how many events that were; `None` where the reader went away.
async fn write_events(
    opened: &Opened,
    filter: &AuditFilter,
    mut file: Option<&mut Draft>,
) -> Result<Option<u64>, Failure> {
    // What others write meanwhile is for the next export, or there would be no end where much is going on.
    let everything = AuditFilter::default();
    let tail = opened.authority.audit_tail(&everything, 0).await;
    let end = tail.map_err(Failure::of)?.end;
    let bar = progress::bar(end.get(), PROGRESS, ProgressDrawTarget::stderr())?;
    let mut written = 0_u64;
    let mut place = AuditPlace::START;
    while place < end {
        let page = opened.authority.audit_after(filter, place).await;
        let page = page.map_err(Failure::of)?;
        let Some((_, last)) = page.looked_at else {
            break;
        };
        for event in &page.events {
            let line = Line::from(event).to_json()?;
            match &mut file {
                Some(file) => file.write(format!("{line}\n").as_bytes())?,
                None if output::line_of_many(&line)? == Reader::Gone => return Ok(None),
                None => {}
            }
            written += 1;
        }
        place = last;
        bar.set_position(place.get());
    }
    bar.finish_and_clear();
    Ok(Some(written))
}

/// An event as programs read it: every member is there, `null` where it says nothing.
#[derive(Serialize)]
struct Line {
    /// RFC 3339, UTC.
    time: String,
    event: &'static str,
    result: &'static str,
    actor: String,
    subject: Option<i64>,
    session: Option<String>,
    ip: Option<String>,
    cause: Option<&'static str>,
    key: Option<String>,
    service: Option<String>,
}

impl From<&AuditEvent> for Line {
    fn from(event: &AuditEvent) -> Self {
        Self {
            time: output::moment(event.at),
            event: event.kind.name(),
            result: event.kind.result().name(),
            actor: event.actor.to_string(),
            subject: event.subject.map(AccountId::get),
            session: event.session.map(|session| session.to_string()),
            ip: event.ip.map(|ip| ip.to_string()),
            cause: event.cause.map(EndCause::name),
            key: event.key.as_ref().map(ToString::to_string),
            service: event.service.as_ref().map(ToString::to_string),
        }
    }
}

impl Line {
    fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(Failure::of)
    }

    /// What is always there in columns, then what else there is, by name.
    fn for_people(&self) -> String {
        let details = [
            ("user", self.subject.map(|id| id.to_string())),
            ("session", self.session.clone()),
            ("ip", self.ip.clone()),
            ("cause", self.cause.map(str::to_owned)),
            ("key", self.key.clone()),
            ("service", self.service.clone()),
        ];
        let details: String = details
            .into_iter()
            .filter_map(|(name, detail)| Some(format!("  {name}={}", detail?)))
            .collect();
        let Self {
            time,
            event,
            result,
            actor,
            ..
        } = self;
        output::printable(&format!(
            "{time:<24}  {event:<19}  {result:<8}  {actor}{details}"
        ))
    }
}

/// How long to wait before looking for more: a person does not notice, and a store does not either.
const FOLLOWING_PAUSE: Duration = Duration::from_millis(250);

const PROGRESS: &str = "{bar:40} {human_pos} of {human_len} events read";
