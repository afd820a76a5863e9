//! `countersign token`: what an operator does with tokens. A token comes from stdin or a prompt, never from an
//! argument, where every process of the machine could read it.

mod flush;
mod generic;
mod list;

use countersign::account::{Account, AccountId};
use countersign::authority::{Client, Explanation, OpenedId, Revoked, TokenRefusal};
use countersign::sealed_id::SealedKind;
use countersign::session::{SessionRecord, SessionState};
use countersign_token::{UnixMillis, VerifyError};
use serde::Serialize;
use serde_json::value::RawValue;

use super::user;
use crate::cli::{Common, Form, IssueToken, RevokeToken, TokenCommand};
use crate::failure::{Failure, chain};
use crate::opening::{self, Opened};
use crate::{output, prompt};

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if it could not be carried out.
pub(super) async fn run(common: &Common, command: &TokenCommand) -> Result<(), Failure> {
    let opened = opening::open(opening::configuration(common)?).await?;
    let form = common.form();
    let done = match command {
        TokenCommand::Issue(args) => match (&args.kind, &args.username) {
            (Some(kind), _) => generic::issue(&opened, form, kind, args).await,
            (None, Some(username)) => issue(&opened, form, username, args).await,
            // The command line asks for one of them.
            (None, None) => Err(Failure::new("--username or --kind is needed")),
        },
        TokenCommand::Explain => explain(&opened, form).await,
        TokenCommand::Revoke(args) => revoke(&opened, form, args).await,
        TokenCommand::List(args) => list::list(&opened, form, args).await,
        TokenCommand::FlushExpired(args) => flush::flush_expired(&opened, form, args).await,
    };
    opened.close().await;
    done
}

async fn issue(
    opened: &Opened,
    form: Form,
    username: &str,
    args: &IssueToken,
) -> Result<(), Failure> {
    let account = user::find(opened, username).await?;
    let (authority, client) = (&opened.authority, Client::default());
    let pair = if args.allow_inactive {
        authority
            .open_session_even_if_inactive(account.id, &client)
            .await
    } else {
        authority.open_session(account.id, &client).await
    };
    let pair = pair
        .map_err(Failure::of)?
        .ok_or_else(|| not_issued(&account))?;
    if form == Form::Json {
        return output::json(&serde_json::json!({
            "access": pair.access.as_str(),
            "refresh": pair.refresh.as_str(),
            "session": pair.session.to_string(),
        }));
    }
    output::line(&format!("access={}", pair.access.as_str()))?;
    output::line(&format!("refresh={}", pair.refresh.as_str()))
}

/// Why a user gets no tokens, and what to do about it.
fn not_issued(account: &Account) -> Failure {
    let name = output::printable(&account.username);
    if account.is_active() {
        return Failure::new(format!("user {name:?} may not sign in"))
            .help("see `accounts.sign_in_requires`, or ask the service behind `hooks.claims_url`; `--allow-inactive` passes the former over");
    }
    Failure::new(format!("user {name:?} is not active")).help(format!(
        "run `countersign user activate --username {name}`, or issue with `--allow-inactive`"
    ))
}

async fn explain(opened: &Opened, form: Form) -> Result<(), Failure> {
    let token = prompt::token()?;
    let explanation = opened
        .authority
        .explain(&token)
        .await
        .map_err(Failure::of)?;
    let described = Described::of(&explanation)?;
    if form == Form::Json {
        return output::json(&described);
    }
    described.print()
}

/// An explanation in words.
#[derive(Serialize)]
struct Described {
    valid: bool,
    refusal: Option<String>,
    claims: Option<Box<RawValue>>,
    id: Option<String>,
    session: Option<DescribedSession>,
}

#[derive(Serialize)]
struct DescribedSession {
    sid: String,
    account: Option<i64>,
    generation: u32,
    created_at: String,
    rotated_at: String,
    refresh_expires_at: String,
    state: String,
}

impl Described {
    fn of(explanation: &Explanation) -> Result<Self, Failure> {
        let claims = explanation
            .claims
            .as_ref()
            .map(|claims| RawValue::from_string(claims.to_json()));
        Ok(Self {
            valid: explanation.refusal.is_none(),
            refusal: explanation.refusal.as_ref().map(|refusal| chain(refusal)),
            claims: claims.transpose().map_err(Failure::of)?,
            id: explanation.id.map(describe_id),
            session: explanation
                .session
                .as_ref()
                .map(|lineage| DescribedSession::of(&lineage.session, lineage.root)),
        })
    }

    fn print(&self) -> Result<(), Failure> {
        let verdict = self
            .refusal
            .as_ref()
            .map_or("yes".to_owned(), |refusal| format!("no: {refusal}"));
        output::line(&format!("valid     {}", output::printable(&verdict)))?;
        if let Some(claims) = &self.claims {
            output::line(&format!("claims    {}", output::printable(claims.get())))?;
        }
        if let Some(id) = &self.id {
            output::line(&format!("id        {id}"))?;
        }
        self.session
            .as_ref()
            .map_or(Ok(()), DescribedSession::print)
    }
}

impl DescribedSession {
    fn print(&self) -> Result<(), Failure> {
        let Self {
            sid,
            account,
            generation,
            created_at,
            rotated_at,
            refresh_expires_at,
            state,
        } = self;
        let owner = account.map_or("nobody".to_owned(), |id| format!("user id={id}"));
        output::line(&format!("session   {sid} of {owner}: {state}"))?;
        output::line(&format!(
            "          opened {created_at}, generation {generation} since {rotated_at}"
        ))?;
        output::line(&format!(
            "          its refresh token expires {refresh_expires_at}"
        ))
    }

    fn of(session: &SessionRecord, root: SessionState) -> Self {
        Self {
            sid: session.sid.to_string(),
            account: session.account.map(AccountId::get),
            generation: session.generation.get(),
            created_at: output::moment(session.created_at),
            rotated_at: output::moment(session.rotated_at),
            refresh_expires_at: output::moment(UnixMillis::from(session.refresh_expires_at)),
            state: describe_state(root),
        }
    }
}

fn describe_id(id: OpenedId) -> String {
    match id {
        OpenedId::Foreign => "not made here".to_owned(),
        OpenedId::Ours { kind, generation } => {
            let kind = match kind {
                SealedKind::Refresh => "a refresh token",
                SealedKind::Sliding => "a sliding token",
                SealedKind::Access => "an access token",
                SealedKind::Websocket => "a websocket token",
                SealedKind::Custom => "a token of a custom kind",
            };
            let generation =
                generation.map(|generation| format!(", generation {}", generation.get()));
            format!("made here for {kind}{}", generation.unwrap_or_default())
        }
    }
}

fn describe_state(state: SessionState) -> String {
    match state {
        SessionState::Live => "live".to_owned(),
        SessionState::Disabled => "disabled".to_owned(),
        SessionState::Ended { at, cause } => {
            format!("ended {} ({})", output::moment(at), cause.name())
        }
    }
}

async fn revoke(opened: &Opened, form: Form, args: &RevokeToken) -> Result<(), Failure> {
    let revoked = match &args.jti {
        Some(jti) => opened.authority.revoke_id(jti).await,
        None => opened.authority.revoke(&prompt::token()?).await,
    };
    let revoked = revoked.map_err(Failure::of)?;
    opened.settle().await;
    let (outcome, session) = match revoked {
        Revoked::Session(sid) => ("session_ended", Some(sid.to_string())),
        Revoked::AlreadyEnded(_) => ("session_had_ended", None),
        Revoked::Token => ("token_revoked", None),
        Revoked::Refused(refusal) => {
            return Err(
                Failure::new(format!("the token cannot be revoked: {}", chain(&refusal)))
                    .help(after_refusal(&refusal)),
            );
        }
    };
    if form == Form::Json {
        return output::json(&serde_json::json!({ "outcome": outcome, "session": session }));
    }
    output::line(&match revoked {
        Revoked::AlreadyEnded(cause) => {
            format!("The session had ended already ({}).", cause.name())
        }
        Revoked::Session(sid) => format!("The session {sid} is ended."),
        Revoked::Token | Revoked::Refused(_) => "The token is revoked.".to_owned(),
    })
}

/// What to do about a token that cannot be revoked.
fn after_refusal(refusal: &TokenRefusal) -> &'static str {
    match refusal {
        TokenRefusal::Foreign => {
            "an id tells nothing of a token that was minted elsewhere: give the token itself, \
             `countersign token revoke < token.txt`"
        }
        TokenRefusal::Token(VerifyError::NotYetValid | VerifyError::IssuedInFuture) => {
            "it is not accepted yet: revoke it when it is, or look at the clock; \
             `countersign user deactivate` keeps its owner out until then"
        }
        TokenRefusal::Token(_)
        | TokenRefusal::Ledger(_)
        | TokenRefusal::NoAccount
        | TokenRefusal::NoRefreshWindow { .. }
        | TokenRefusal::RefreshWindowClosed { .. } => {
            "it is not accepted anyway; `countersign token explain` tells more"
        }
    }
}
