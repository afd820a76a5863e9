//! `countersign service`: the credentials of programs. A secret is shown once, by `create`, and kept nowhere.

use countersign::authority::ServiceError;
use countersign::clock::{Clock as _, SystemClock};
use countersign::service::{
    ServiceCredential, ServiceName, ServiceScope, ServiceScopes, ServiceState,
};
use countersign_token::UnixMillis;
use serde::Serialize;

use crate::cli::{Common, CreateService, Form, NamedService, ServiceCommand};
use crate::failure::Failure;
use crate::opening::{self, Opened};
use crate::output;

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if it could not be carried out; nothing was changed then.
pub(super) async fn run(common: &Common, command: &ServiceCommand) -> Result<(), Failure> {
    let opened = opening::open(opening::configuration(common)?).await?;
    let form = common.form();
    let done = match command {
        ServiceCommand::Create(args) => create(&opened, form, args).await,
        ServiceCommand::List => list(&opened, form).await,
        ServiceCommand::Revoke(args) => revoke(&opened, form, args).await,
    };
    opened.close().await;
    done
}

async fn create(opened: &Opened, form: Form, args: &CreateService) -> Result<(), Failure> {
    let name = &args.service.name;
    let Some(scopes) = ServiceScopes::of(args.scopes.iter().copied()) else {
        return Err(Failure::usage("a credential has at least one scope").help("add `--scope`"));
    };
    let now = SystemClock::default().now();
    let expires_at = args.expires.map(|time| now.plus(time).timestamp());
    let secret = opened
        .authority
        .create_service(name.clone(), scopes.clone(), expires_at)
        .await
        .map_err(|error| describe(error, name))?;
    let expires = expires_at.map(|at| output::moment(UnixMillis::from(at)));
    if form == Form::Json {
        return output::json(&serde_json::json!({
            "name": name.as_str(),
            "scopes": names(&scopes),
            "expires_at": expires,
            "secret": secret.expose(),
        }));
    }
    output::line(&format!(
        "name={name} scopes={} expires={}",
        names(&scopes).join(","),
        expires.as_deref().unwrap_or("never"),
    ))?;
    output::remark("This is the secret. Keep it now: it is not kept here, and never shown again.");
    output::line(secret.expose())
}

async fn list(opened: &Opened, form: Form) -> Result<(), Failure> {
    let services = opened
        .authority
        .list_services()
        .await
        .map_err(Failure::of)?;
    let rows: Vec<_> = services.iter().map(Row::from).collect();
    let header = ["name", "scopes", "state", "created", "expires", "revoked"];
    output::rows(form, &header, &rows, |row| {
        vec![
            row.name.clone(),
            row.scopes.join(" "),
            row.state.to_owned(),
            row.created_at.clone(),
            row.expires_at.clone().unwrap_or_default(),
            row.revoked_at.clone().unwrap_or_default(),
        ]
    })
}

/// There is nothing to wait for: servers look every credential up in the store.
async fn revoke(opened: &Opened, form: Form, args: &NamedService) -> Result<(), Failure> {
    let name = &args.name;
    let revoked = opened.authority.revoke_service(name).await;
    revoked.map_err(|error| describe(error, name))?;
    if form == Form::Json {
        return output::json(&serde_json::json!({ "name": name.as_str(), "state": "revoked" }));
    }
    output::line(&format!("{name} is revoked"))
}

/// What went wrong with a credential, and what to do about it.
fn describe(error: ServiceError, name: &ServiceName) -> Failure {
    let help = match &error {
        ServiceError::NameTaken => format!(
            "choose another name, or revoke that one first: `countersign service revoke --name {name}`"
        ),
        ServiceError::AlreadyExpired => "give a longer time with `--expires`".to_owned(),
        ServiceError::Unknown => {
            "names are compared exactly; `countersign service list` shows them all".to_owned()
        }
        _ => return Failure::of(error),
    };
    Failure::of(anyhow::Error::new(error).context(format!("service {name}"))).help(help)
}

/// A credential as programs read it. Its secret is no part of it, in no form.
#[derive(Serialize)]
struct Row {
    name: String,
    scopes: Vec<&'static str>,
    state: &'static str,
    /// RFC 3339, UTC.
    created_at: String,
    /// RFC 3339, UTC; `null` for never.
    expires_at: Option<String>,
    /// RFC 3339, UTC; `null` unless it is revoked.
    revoked_at: Option<String>,
}

impl From<&(ServiceCredential, ServiceState)> for Row {
    fn from((credential, state): &(ServiceCredential, ServiceState)) -> Self {
        Self {
            name: credential.name.to_string(),
            scopes: names(&credential.scopes),
            state: state.name(),
            created_at: output::moment(credential.created_at),
            expires_at: credential
                .expires_at
                .map(|at| output::moment(UnixMillis::from(at))),
            revoked_at: credential.revoked_at.map(output::moment),
        }
    }
}

fn names(scopes: &ServiceScopes) -> Vec<&'static str> {
    scopes.iter().map(ServiceScope::name).collect()
}
