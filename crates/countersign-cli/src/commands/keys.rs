//! `countersign keys`: the life of the signing keys in the store. Running servers follow each step at once.

use std::io::{IsTerminal as _, stdin};

use countersign::authority::SETTLE_TIME;
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::{
    KeyRefusal, KeyRing, PUBLICATION_TIME, SigningKeySource, check_retirement, is_published_from,
    plan_promotion, plan_revocation,
};
use countersign::store::{
    KeyRecords, KeyRevocation, KeyTransition, KeyVault as _, SigningKeyRecord, SigningKeyState,
    StoreError,
};
use countersign_store::SqliteStore;
use countersign_token::{Algorithm, KeyId, UnixMillis};
use serde::Serialize;

use crate::cli::{Common, Form, GenerateKey, KeysCommand, PromoteKey, RetireKey, RevokeKey};
use crate::config::Config;
use crate::failure::Failure;
use crate::{opening, output, owner_only};

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if it could not be carried out; nothing was changed then.
pub(super) async fn run(common: &Common, command: &KeysCommand) -> Result<(), Failure> {
    let config = opening::configuration(common)?;
    let store = opening::open_store(config.store.path())?;
    let ring = Ring {
        store: &store,
        config: &config,
        form: common.form(),
    };
    let done = ring.dispatch(command).await;
    store.close().await;
    done
}

/// The keys in the store, and what the configuration says about them.
struct Ring<'a> {
    store: &'a SqliteStore,
    config: &'a Config,
    form: Form,
}

impl Ring<'_> {
    async fn dispatch(&self, command: &KeysCommand) -> Result<(), Failure> {
        match command {
            KeysCommand::List => self.list().await,
            _ if self.config.names_signing_key() => Err(Failure::usage(
                "the configured `jwt.signing_key` owns the key ring",
            )
            .help(
                "remove it from the configuration to let the program make and keep its own keys",
            )),
            KeysCommand::Generate(args) => self.generate(args).await,
            KeysCommand::Promote(args) => self.promote(args).await,
            KeysCommand::Retire(args) => self.retire(args).await,
            KeysCommand::Revoke(args) => self.revoke(args).await,
        }
    }

    async fn generate(&self, args: &GenerateKey) -> Result<(), Failure> {
        let algorithm = match &args.algorithm {
            Some(name) => Algorithm::parse(name).map_err(|error| {
                let known = Algorithm::ALL.map(Algorithm::name).join(", ");
                Failure::usage(error.to_string()).help(format!("use one of {known}"))
            })?,
            None => self.config.policy.tokens.algorithm,
        };
        let master_key_file = &self.config.master_key_file;
        let master = owner_only::read(master_key_file)?;
        let kid = KeyRing::generate(self.store, &master, algorithm, now())
            .await
            .map_err(|error| opening::describe_keys(error, master_key_file))?;
        settle().await;
        self.tell(&Step::new(&kid, algorithm, SigningKeyState::Standby))?;
        let minutes = PUBLICATION_TIME.as_secs() / 60;
        output::remark(&if algorithm.is_symmetric() {
            "It verifies, and does not sign yet: promote it.".to_owned()
        } else {
            format!(
                "It is published, and does not sign yet: promote it in {minutes} minutes, when everybody knows it."
            )
        });
        Ok(())
    }

    async fn promote(&self, args: &PromoteKey) -> Result<(), Failure> {
        let kid = &args.key.kid;
        let keys = self.keys().await?;
        let key = find(&keys, kid)?;
        let tokens = &self.config.policy.tokens;
        let plan = || plan_promotion(&keys, kid, tokens, now()).map_err(|why| refused(&why, kid));
        plan()?;
        if !args.now {
            confirm_unpublished(key)?;
        }
        // Planned anew: whoever was asked may have taken their time.
        let promotion = plan()?;
        done(KeyRing::promote(self.store, &promotion, now()).await).await?;
        self.tell(&Step {
            replaces: promotion.replaces.as_ref().map(KeyId::to_string),
            ..Step::new(kid, key.algorithm, SigningKeyState::Active)
        })
    }

    async fn retire(&self, args: &RetireKey) -> Result<(), Failure> {
        let kid = &args.key.kid;
        let keys = self.keys().await?;
        let key = find(&keys, kid)?;
        check_retirement(&keys, kid, now()).map_err(|why| refused(&why, kid))?;
        if !args.yes {
            let today = output::moment(now());
            confirm(
                &format!(
                    "By this machine's clock it is {today}. Nothing brings the key's secret back.\nRetire it?"
                ),
                "--yes",
            )?;
        }
        done(KeyRing::retire(self.store, kid, now()).await).await?;
        self.tell(&Step::new(kid, key.algorithm, SigningKeyState::Retired))
    }

    async fn revoke(&self, args: &RevokeKey) -> Result<(), Failure> {
        let kid = &args.key.kid;
        let keys = self.keys().await?;
        let key = find(&keys, kid)?;
        let revocation = plan_revocation(&keys, kid, self.config.policy.tokens.algorithm)
            .map_err(|why| refused(&why, kid))?;
        let sessions = self.store.count_sessions_of_key(kid, now()).await;
        let sessions = sessions.map_err(Failure::of)?;
        let consequences = consequences(&revocation, sessions);
        if args.yes {
            output::remark(&consequences);
        } else {
            confirm(&format!("{consequences}\nRevoke it?"), "--yes")?;
        }
        done(KeyRing::revoke(self.store, &revocation, now()).await).await?;
        self.tell(&Step {
            successor: revocation.successor.as_ref().map(KeyId::to_string),
            live_sessions: Some(sessions),
            ..Step::new(kid, key.algorithm, SigningKeyState::Revoked)
        })
    }

    async fn list(&self) -> Result<(), Failure> {
        let rows = match &self.config.signing_key {
            SigningKeySource::Configured(key) => vec![Row {
                kid: key.key_id().to_string(),
                algorithm: key.algorithm().name(),
                state: "configured",
                created_at: None,
                since: None,
                needed_until: None,
            }],
            SigningKeySource::Stored(_) => {
                let keys = self.keys().await?.signing;
                keys.iter().map(Row::from).collect()
            }
        };
        let header = [
            "kid",
            "algorithm",
            "state",
            "created",
            "since",
            "needed until",
        ];
        output::rows(self.form, &header, &rows, |row| {
            vec![
                row.kid.clone(),
                row.algorithm.to_owned(),
                row.state.to_owned(),
                row.created_at.clone().unwrap_or_default(),
                row.since.clone().unwrap_or_default(),
                row.needed_until.clone().unwrap_or_default(),
            ]
        })
    }

    async fn keys(&self) -> Result<KeyRecords, Failure> {
        let keys = self.store.load_keys().await.map_err(Failure::of)?;
        keys.ok_or_else(|| {
            Failure::new("the store has no keys yet").help("run `countersign migrate`")
        })
    }

    /// Says what was done.
    fn tell(&self, step: &Step) -> Result<(), Failure> {
        if self.form == Form::Json {
            return output::json(step);
        }
        let mut line = format!(
            "kid={} algorithm={} state={}",
            step.kid, step.algorithm, step.state
        );
        for (name, other) in [("replaces", &step.replaces), ("successor", &step.successor)] {
            if let Some(kid) = other {
                line.extend([" ", name, "=", kid]);
            }
        }
        output::line(&line)
    }
}

/// What became of a key, as programs read it.
#[derive(Serialize)]
struct Step {
    kid: String,
    algorithm: &'static str,
    state: &'static str,
    /// The key that it signs in place of, which verifies on.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    /// The key that signs in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
    /// Live sessions that must sign in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    live_sessions: Option<u64>,
}

impl Step {
    fn new(kid: &KeyId, algorithm: Algorithm, state: SigningKeyState) -> Self {
        Self {
            kid: kid.to_string(),
            algorithm: algorithm.name(),
            state: state.name(),
            replaces: None,
            successor: None,
            live_sessions: None,
        }
    }
}

/// A key as programs read it. Its secret is no part of it, in no form.
#[derive(Serialize)]
struct Row {
    kid: String,
    algorithm: &'static str,
    state: &'static str,
    /// RFC 3339, UTC; `null` for a configured key.
    created_at: Option<String>,
    /// Since when it is in this state. RFC 3339, UTC; `null` for a configured key.
    since: Option<String>,
    /// When the last token that it signed expires. RFC 3339, UTC; `null` unless it has ceased to sign.
    needed_until: Option<String>,
}

impl From<&SigningKeyRecord> for Row {
    fn from(key: &SigningKeyRecord) -> Self {
        Self {
            kid: key.kid.to_string(),
            algorithm: key.algorithm.name(),
            state: key.state.name(),
            created_at: Some(output::moment(key.created_at)),
            since: Some(output::moment(key.since)),
            needed_until: key
                .keep_until
                .map(|until| output::moment(UnixMillis::from(until))),
        }
    }
}

fn now() -> UnixMillis {
    SystemClock::default().now()
}

/// Waits until what was just changed is in force in every server on this store.
async fn settle() {
    tokio::time::sleep(SETTLE_TIME).await;
}

fn find<'a>(keys: &'a KeyRecords, kid: &KeyId) -> Result<&'a SigningKeyRecord, Failure> {
    let found = keys.signing.iter().find(|key| key.kid == *kid);
    found.ok_or_else(|| refused(&KeyRefusal::Unknown, kid))
}

/// Asks before a key signs that others may not know yet.
fn confirm_unpublished(key: &SigningKeyRecord) -> Result<(), Failure> {
    let known_from = is_published_from(key);
    if known_from <= now() {
        return Ok(());
    }
    let warning = format!(
        "Whoever keeps a copy of the key set may not have this key, and refuse its tokens, until {}.",
        output::moment(known_from)
    );
    confirm(&format!("{warning}\nPromote it now?"), "--now")
}

/// Insists that a step was taken, and waits until it is in force.
async fn done(outcome: Result<KeyTransition, StoreError>) -> Result<(), Failure> {
    match outcome.map_err(Failure::of)? {
        KeyTransition::Done => {
            settle().await;
            Ok(())
        }
        KeyTransition::Conflict => Err(Failure::new(
            "somebody else has changed the keys in this very moment; nothing was done",
        )
        .help("look at `countersign keys list`, and run the command again if it is still right")),
    }
}

/// What a revocation entails, for the person who is about to order it.
fn consequences(revocation: &KeyRevocation, sessions: u64) -> String {
    let kid = &revocation.kid;
    let lost = match (revocation.from, sessions) {
        (SigningKeyState::Active | SigningKeyState::Retiring, 1) => {
            "1 live session loses its tokens and must sign in again".to_owned()
        }
        (SigningKeyState::Active | SigningKeyState::Retiring, sessions) => {
            format!("{sessions} live sessions lose their tokens and must sign in again")
        }
        (SigningKeyState::Standby | SigningKeyState::Retired | SigningKeyState::Revoked, _) => {
            "no live session has a token that it signed".to_owned()
        }
    };
    let state = revocation.from.name();
    let text = format!("The key {kid} is {state}: {lost}. It cannot be undone.");
    match &revocation.successor {
        Some(successor) => format!("{text}\nThe key {successor} signs from then on."),
        None => text,
    }
}

/// Asks, where somebody can answer.
fn confirm(question: &str, instead: &str) -> Result<(), Failure> {
    output::remark(question);
    if !stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask at")
            .help(format!("add {instead} to go on without being asked")));
    }
    output::remark("Type `yes` to go on.");
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(Failure::of)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new("nothing was done").help("run the command again if you change your mind"))
}

/// Why a key cannot take the step, and what to do about it.
fn refused(refusal: &KeyRefusal, kid: &KeyId) -> Failure {
    let help = match refusal {
        KeyRefusal::Unknown => "`countersign keys list` shows them all".to_owned(),
        KeyRefusal::NotInState(state) => next_step(*state, kid),
        KeyRefusal::OtherAlgorithm { key, .. } => format!(
            "set `jwt.algorithm = \"{key}\"` and run it again, or make a key for the algorithm that is set"
        ),
        KeyRefusal::StillNeeded(until) => format!(
            "it can be retired from {} on",
            output::moment(UnixMillis::from(*until))
        ),
        KeyRefusal::NoSuccessor(_) => {
            "run `countersign keys generate` first, then this command again".to_owned()
        }
    };
    let shown = output::printable(kid.as_str());
    Failure::of(anyhow::Error::new(refusal.clone()).context(format!("key {shown}"))).help(help)
}

fn next_step(state: SigningKeyState, kid: &KeyId) -> String {
    match state {
        SigningKeyState::Standby => {
            format!("it does not sign yet: `countersign keys promote {kid}` makes it sign")
        }
        SigningKeyState::Active => {
            "promote another key to let this one retire, or revoke it".to_owned()
        }
        SigningKeyState::Retiring => {
            "it signs no more: `countersign keys retire` ends its life, and `generate` begins another"
                .to_owned()
        }
        SigningKeyState::Retired | SigningKeyState::Revoked => {
            "its life is over: `countersign keys generate` begins another".to_owned()
        }
    }
}
