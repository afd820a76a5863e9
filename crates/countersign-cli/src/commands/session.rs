//! `countersign session`: what an operator does with sessions.

use countersign::account::AccountId;
use countersign::audit::AuditEvent;
use countersign::authority::{
    EndedSessions, SessionEnding, SessionList, SessionStanding, SessionStory, SessionView,
};
use countersign::session::{EndCause, SessionId};
use countersign::store::Enabling;
use countersign_token::UnixMillis;
use serde::Serialize;

use super::user;
use crate::cli::{Common, EndAllSessions, Form, ListSessions, SessionCommand};
use crate::failure::Failure;
use crate::opening::{self, Opened};
use crate::output;

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if it could not be carried out.
pub(super) async fn run(common: &Common, command: &SessionCommand) -> Result<(), Failure> {
    let opened = opening::open(opening::configuration(common)?).await?;
    let form = common.form();
    let done = match command {
        SessionCommand::List(args) => list(&opened, form, args).await,
        SessionCommand::Show(named) => show(&opened, form, named.id).await,
        SessionCommand::Enable(named) => enable(&opened, form, named.id).await,
        SessionCommand::End(named) => end(&opened, form, named.id).await,
        SessionCommand::EndAll(args) => end_all(&opened, form, args).await,
        SessionCommand::Why(named) => why(&opened, form, named.id).await,
    };
    opened.close().await;
    done
}

/// Lists a user's sessions.
///
/// # Errors
/// [`Failure`] if there is no such user, or the store cannot be read.
pub(super) async fn list(opened: &Opened, form: Form, args: &ListSessions) -> Result<(), Failure> {
    let account = user::find(opened, &args.user.username).await?;
    let wanted = if args.all {
        SessionList::All
    } else {
        SessionList::Live
    };
    let found = opened.authority.sessions_of(account.id, wanted).await;
    let sessions: Vec<_> = found
        .map_err(Failure::of)?
        .iter()
        .map(Session::from)
        .collect();
    let header = [
        "id",
        "created",
        "last used",
        "expires",
        "from",
        "client",
        "state",
        "cause",
    ];
    output::rows(form, &header, &sessions, |session| {
        vec![
            session.id.clone(),
            session.created_at.clone(),
            session.last_used_at.clone(),
            session.expires_at.clone(),
            session.ip.clone().unwrap_or_default(),
            session.client(),
            session.state.to_owned(),
            session.cause.unwrap_or_default().to_owned(),
        ]
    })
}

async fn show(opened: &Opened, form: Form, id: SessionId) -> Result<(), Failure> {
    let found = opened.authority.session(id).await.map_err(Failure::of)?;
    let session = Session::from(&found.ok_or_else(|| unknown(id))?);
    if form == Form::Json {
        return output::json(&session);
    }
    session.print()
}

async fn enable(opened: &Opened, form: Form, id: SessionId) -> Result<(), Failure> {
    let enabled = opened.authority.enable_session(id).await;
    let outcome = match enabled.map_err(Failure::of)? {
        Enabling::Enabled => "enabled",
        Enabling::Already => "was_enabled",
        Enabling::Ended(cause) => {
            let message = format!("the session {id} has ended ({})", cause.name());
            return Err(Failure::new(message).help("an ended session stays ended; open another"));
        }
        Enabling::Unknown => return Err(unknown(id)),
    };
    if form == Form::Json {
        return output::json(&serde_json::json!({ "id": id.to_string(), "outcome": outcome }));
    }
    output::line(&match outcome {
        "enabled" => format!("The session {id} may be used now."),
        _ => format!("The session {id} did not wait."),
    })
}

async fn end(opened: &Opened, form: Form, id: SessionId) -> Result<(), Failure> {
    let ended = opened.authority.end_session(id).await;
    let ended = ended.map_err(Failure::of)?;
    opened.settle().await;
    let (outcome, cause) = match ended {
        SessionEnding::Ended => ("ended", None),
        SessionEnding::Already(cause) => ("had_ended", Some(cause)),
        SessionEnding::Unknown => return Err(unknown(id)),
    };
    if form == Form::Json {
        let cause = cause.map(EndCause::name);
        return output::json(
            &serde_json::json!({ "id": id.to_string(), "outcome": outcome, "cause": cause }),
        );
    }
    output::line(&match cause {
        None => format!("The session {id} is ended."),
        Some(cause) => format!("The session {id} had ended already ({}).", cause.name()),
    })
}

async fn end_all(opened: &Opened, form: Form, args: &EndAllSessions) -> Result<(), Failure> {
    let account = user::find(opened, &args.user.username).await?;
    let ended = opened
        .authority
        .end_sessions_of(account.id, args.except)
        .await
        .map_err(Failure::of)?;
    opened.settle().await;
    let EndedSessions::Ended(count) = ended else {
        let name = output::printable(&account.username);
        return Err(Failure::new(format!(
            "the session to be spared is none of user {name:?} that is there; nothing was ended"
        ))
        .help(format!(
            "`countersign session list --username {name}` shows which there are"
        )));
    };
    user::report(form, &account, "is signed out", count)
}

async fn why(opened: &Opened, form: Form, id: SessionId) -> Result<(), Failure> {
    let found = opened.authority.why(id).await.map_err(Failure::of)?;
    let story = found.ok_or_else(|| unknown(id))?;
    let told = Story::from(&story);
    if form == Form::Json {
        return output::json(&told);
    }
    output::line(&verdict(&story.session))?;
    told.session.print()?;
    output::line("")?;
    output::rows(
        form,
        &["at", "event", "by", "from", "cause"],
        &told.events,
        Event::cells,
    )?;
    if story.is_cut {
        output::remark("There are older events than these.");
    }
    Ok(())
}

/// What became of a session, in a sentence.
fn verdict(session: &SessionView) -> String {
    match session.standing {
        SessionStanding::Live => "It has not ended.".to_owned(),
        SessionStanding::Disabled => {
            "It has not ended: it waits to be enabled, and cannot refresh until then.".to_owned()
        }
        SessionStanding::Expired => {
            let at = output::moment(UnixMillis::from(session.expires_at));
            format!("Nobody ended it: it ran out at {at}.")
        }
        SessionStanding::Revoked => "Everybody's sessions up to it were revoked.".to_owned(),
        SessionStanding::Ended { at, cause } => {
            let (at, cause) = (output::moment(at), cause.name());
            format!("It ended at {at}: {cause}.")
        }
    }
}

fn unknown(id: SessionId) -> Failure {
    Failure::new(format!("there is no session {id} on record")).help(
        "`countersign session list --username … --all` shows a user's; what has expired is purged after a while",
    )
}

/// A session as programs read it. Moments are RFC 3339, UTC.
#[derive(Serialize)]
struct Session {
    id: String,
    /// The user's id; the user may be gone.
    user_id: Option<i64>,
    created_at: String,
    last_used_at: String,
    expires_at: String,
    /// `live`, `disabled`, `expired`, `revoked` or `ended`.
    state: &'static str,
    ended_at: Option<String>,
    cause: Option<&'static str>,
    ip: Option<String>,
    browser: Option<String>,
    os: Option<String>,
}

impl From<&SessionView> for Session {
    fn from(session: &SessionView) -> Self {
        let ended = match session.standing {
            SessionStanding::Ended { at, cause } => Some((at, cause)),
            _ => None,
        };
        let device = session.device.clone().unwrap_or_default();
        Self {
            id: session.id.to_string(),
            user_id: session.account.map(AccountId::get),
            created_at: output::moment(session.created_at),
            last_used_at: output::moment(session.last_used_at),
            expires_at: output::moment(UnixMillis::from(session.expires_at)),
            state: session.standing.name(),
            ended_at: ended.map(|(at, _)| output::moment(at)),
            cause: ended.map(|(_, cause)| cause.name()),
            ip: device.ip.map(|ip| ip.to_string()),
            browser: device.browser,
            os: device.os,
        }
    }
}

impl Session {
    /// The device in a few words.
    fn client(&self) -> String {
        let known = [&self.browser, &self.os].into_iter().flatten();
        let words: Vec<_> = known.map(String::as_str).collect();
        words.join(", ")
    }

    fn print(&self) -> Result<(), Failure> {
        let never = || "–".to_owned();
        let lines = [
            ("id", self.id.clone()),
            (
                "user id",
                self.user_id.map_or_else(never, |id| id.to_string()),
            ),
            ("created", self.created_at.clone()),
            ("last used", self.last_used_at.clone()),
            ("expires", self.expires_at.clone()),
            ("from", self.ip.clone().unwrap_or_else(never)),
            ("client", output::printable(&self.client())),
            ("state", self.state.to_owned()),
            ("ended", self.ended_at.clone().unwrap_or_else(never)),
            ("cause", self.cause.map_or_else(never, str::to_owned)),
        ];
        for (name, value) in lines {
            output::line(&format!("{name:<11}{value}"))?;
        }
        Ok(())
    }
}

/// A session and what happened to it, as programs read it.
#[derive(Serialize)]
struct Story {
    #[serde(flatten)]
    session: Session,
    /// Oldest first.
    events: Vec<Event>,
}

impl From<&SessionStory> for Story {
    fn from(story: &SessionStory) -> Self {
        Self {
            session: Session::from(&story.session),
            events: story.events.iter().map(Event::from).collect(),
        }
    }
}

/// One event of the audit log.
#[derive(Serialize)]
struct Event {
    at: String,
    #[serde(rename = "event")]
    kind: &'static str,
    actor: String,
    ip: Option<String>,
    cause: Option<&'static str>,
}

impl From<&AuditEvent> for Event {
    fn from(event: &AuditEvent) -> Self {
        Self {
            at: output::moment(event.at),
            kind: event.kind.name(),
            actor: event.actor.to_string(),
            ip: event.ip.map(|ip| ip.to_string()),
            cause: event.cause.map(EndCause::name),
        }
    }
}

impl Event {
    fn cells(&self) -> Vec<String> {
        vec![
            self.at.clone(),
            self.kind.to_owned(),
            self.actor.clone(),
            self.ip.clone().unwrap_or_default(),
            self.cause.unwrap_or_default().to_owned(),
        ]
    }
}
