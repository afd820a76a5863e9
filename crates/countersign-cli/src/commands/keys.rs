//! `countersign keys`: the signing keys in the store.

use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::store::KeyVault as _;
use countersign_store::SqliteStore;
use countersign_token::Algorithm;
use serde::Serialize;

use crate::cli::{Common, Form, GenerateKey, KeysCommand};
use crate::config::Config;
use crate::failure::Failure;
use crate::{opening, output, owner_only};

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if it could not be carried out.
pub(super) async fn run(common: &Common, command: &KeysCommand) -> Result<(), Failure> {
    let config = opening::configuration(common)?;
    let store = opening::open_store(config.store.path())?;
    let done = match command {
        KeysCommand::Generate(args) => generate(&store, &config, common.form(), args).await,
        KeysCommand::List => list(&store, &config, common.form()).await,
    };
    store.close().await;
    done
}

async fn generate(
    store: &SqliteStore,
    config: &Config,
    form: Form,
    args: &GenerateKey,
) -> Result<(), Failure> {
    if config.names_signing_key() {
        return Err(
            Failure::usage("the configured `jwt.signing_key` owns the key ring").help(
                "remove it from the configuration to let the program make and keep its own keys",
            ),
        );
    }
    let algorithm = match &args.algorithm {
        Some(name) => Algorithm::parse(name)
            .map_err(|error| Failure::usage(error.to_string()).help("use ES256, EdDSA or HS256"))?,
        None => config.policy.tokens.algorithm,
    };
    let master = owner_only::read(&config.master_key_file)?;
    let describe = |error| opening::describe_keys(error, &config.master_key_file);
    let source = config.signing_key.clone();
    // A key that is wrapped by the wrong master key would stop the next start of every server.
    KeyRing::load(store, owner_only::read(&config.master_key_file)?, source)
        .await
        .map_err(describe)?;
    let now = SystemClock::default().now();
    let kid = KeyRing::generate(store, &master, algorithm, now)
        .await
        .map_err(describe)?;
    if form == Form::Json {
        return output::json(
            &serde_json::json!({ "kid": kid.to_string(), "algorithm": algorithm.name(), "state": "standby" }),
        );
    }
    output::line(&format!("kid={kid} algorithm={algorithm} state=standby"))?;
    output::remark("Servers publish it from their next start on. It does not sign yet.");
    Ok(())
}

#[derive(Serialize)]
struct Row {
    kid: String,
    algorithm: &'static str,
    state: &'static str,
    /// RFC 3339, UTC; `null` for a configured key.
    created_at: Option<String>,
}

async fn list(store: &SqliteStore, config: &Config, form: Form) -> Result<(), Failure> {
    let rows = match &config.signing_key {
        SigningKeySource::Configured(key) => vec![Row {
            kid: key.key_id().to_string(),
            algorithm: key.algorithm().name(),
            state: "configured",
            created_at: None,
        }],
        SigningKeySource::Stored(_) => stored(store).await?,
    };
    output::rows(
        form,
        &["kid", "algorithm", "state", "created"],
        &rows,
        |row| {
            vec![
                row.kid.clone(),
                row.algorithm.to_owned(),
                row.state.to_owned(),
                row.created_at.clone().unwrap_or_default(),
            ]
        },
    )
}

async fn stored(store: &SqliteStore) -> Result<Vec<Row>, Failure> {
    let records = store.load_keys().await.map_err(Failure::of)?;
    let records = records.ok_or_else(|| {
        Failure::new("the store has no keys yet").help("run `countersign migrate`")
    })?;
    let row = |record: countersign::store::SigningKeyRecord| Row {
        kid: record.kid.to_string(),
        algorithm: record.algorithm.name(),
        state: record.state.name(),
        created_at: Some(output::moment(record.created_at)),
    };
    Ok(records.signing.into_iter().map(row).collect())
}
