//! `countersign token issue --kind …`: one token of any kind, with any data.

use countersign::audit::Actor;
use countersign::authority::{Client, GenericKind, GenericRequest, Issue, IssueRefusal};
use countersign_token::{ClaimsSet, UnixMillis};

use super::not_issued;
use crate::cli::{Form, IssueToken};
use crate::commands::user;
use crate::failure::{Failure, chain};
use crate::opening::Opened;
use crate::output;

pub(super) async fn issue(
    opened: &Opened,
    form: Form,
    kind: &str,
    args: &IssueToken,
) -> Result<(), Failure> {
    let account = match &args.username {
        Some(username) => Some(user::find(opened, username).await?),
        None => None,
    };
    let request = GenericRequest {
        kind: GenericKind::parse(kind),
        data: args.data.as_deref().map_or(Ok(ClaimsSet::new()), data)?,
        lifetime: args.lifetime,
        account: account.as_ref().map(|account| account.id),
    };
    let issued = opened
        .authority
        .issue(&request, &Actor::Operator, &Client::default())
        .await
        .map_err(Failure::of)?;
    let issued = match (issued, &account) {
        (Issue::Issued(issued), _) => issued,
        (Issue::Refused(IssueRefusal::AccountRefused), Some(account)) => {
            return Err(not_issued(account));
        }
        (Issue::Refused(refusal), _) => return Err(refused(&refusal)),
    };
    let expires_at = output::moment(UnixMillis::from(issued.expires_at));
    if form == Form::Json {
        return output::json(&serde_json::json!({
            "token": issued.token.as_str(),
            "expires_at": expires_at,
            "session": issued.session.to_string(),
        }));
    }
    output::line(&format!("token={}", issued.token.as_str()))?;
    output::line(&format!("expires_at={expires_at}"))
}

/// Reads an object, or the file that holds it.
fn data(argument: &str) -> Result<ClaimsSet, Failure> {
    let text = match argument.strip_prefix('@') {
        Some(path) => read(path)?,
        None => argument.to_owned(),
    };
    ClaimsSet::parse(text.trim()).map_err(|error| {
        Failure::new(format!("the data cannot be read: {}", chain(&error)))
            .help("give one JSON object, such as '{\"room\": 7}', or @FILE with one")
    })
}

/// A file of at most [`MAX_BYTES`]: no token could hold more.
fn read(path: &str) -> Result<String, Failure> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| {
        Failure::new(format!("{path:?} cannot be read: {error}"))
            .help("give the path of a readable file behind the @")
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

fn refused(refusal: &IssueRefusal) -> Failure {
    let failure = Failure::new(format!("no token was issued: {}", chain(refusal)));
    match refusal {
        IssueRefusal::UnknownKind => {
            failure.help("use access, refresh or websocket, or name it in `jwt.custom_kinds`")
        }
        IssueRefusal::UnusableLifetime { .. } => failure.help(
            "give a shorter `--lifetime`, or a longer `rotation.session_lifetime` or `session.idle`",
        ),
        IssueRefusal::UnfitData(_) => failure.help(
            "the authority writes that claim itself, or the data is too long: see docs/generic-tokens.md",
        ),
        _ => failure.help("see docs/generic-tokens.md"),
    }
}

const MAX_BYTES: u64 = 64 * 1024;
