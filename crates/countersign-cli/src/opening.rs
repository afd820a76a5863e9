//! From a configuration to a working authority: the store is opened, the keys are loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::Authority;
use countersign::authority::SETTLE_TIME;
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::{KeyRing, KeyRingError};
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::store::KeyVault as _;
use countersign::throttle::Throttle;
use countersign_store::{MigrationReport, OpenError, SqliteOptions, SqliteStore};

use crate::cli::Common;
use crate::config::{Config, Environment};
use crate::failure::Failure;
use crate::issuer::PublishedKeys;
use crate::owner_only;
use crate::webhooks::{self, Deliveries};

/// An authority with what it stands on, which must be closed in the end.
pub(crate) struct Opened {
    /// The authority.
    pub(crate) authority: Authority,
    foundation: Foundation,
}

impl Opened {
    /// Finishes what is being written.
    pub(crate) async fn close(self) {
        self.foundation.store.close().await;
    }

    /// Splits off what stays while settings change; its store is to be closed last.
    pub(crate) fn into_parts(self) -> (Authority, Foundation) {
        (self.authority, self.foundation)
    }

    /// Waits until what was just revoked is in force in every server on this store.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(SETTLE_TIME).await;
    }
}

/// Reads the configuration that the command line names.
///
/// # Errors
/// [`Failure`] if it is wrong.
pub(crate) fn configuration(common: &Common) -> Result<Config, Failure> {
    let default = || Some(PathBuf::from(Config::DEFAULT_FILE)).filter(|path| path.exists());
    let path = common.config.clone().or_else(default);
    Ok(Config::load(path.as_deref(), &Environment::of_process())?)
}

/// What an authority stands on. It stays while settings change.
pub(crate) struct Foundation {
    store: SqliteStore,
    master_key_file: PathBuf,
    /// One clock for every authority over it: it never runs backwards.
    clock: Arc<SystemClock>,
    /// Kept for the next authority where its address stays: what was fetched counts on, and so does the cool-down.
    issuer: Option<Arc<PublishedKeys>>,
    /// Failed sign-ins count on, whatever the limits are by then.
    throttle: Arc<Throttle>,
    /// What was queued under earlier settings is delivered under them.
    deliveries: Deliveries,
}

impl Foundation {
    /// The store.
    pub(crate) fn store(&self) -> SqliteStore {
        self.store.clone()
    }

    /// What is still to be delivered when the last authority is gone.
    pub(crate) fn deliveries(&self) -> Deliveries {
        self.deliveries.clone()
    }

    /// An authority with these settings over this store. Which store they name is not looked at.
    ///
    /// # Errors
    /// [`Failure`] if the keys are not as they should be, or the settings contradict themselves.
    pub(crate) async fn authority(&mut self, config: Config) -> Result<Authority, Failure> {
        let issuer = self.issuer(&config)?;
        let master = master_key(&self.store, &self.master_key_file).await?;
        let keys = KeyRing::load(&self.store, master, config.signing_key)
            .await
            .map_err(|error| describe_keys(error, &self.master_key_file))?;
        let keys = match &issuer {
            Some(issuer) => keys.trusting(issuer.clone()),
            None => keys,
        };
        let shared = Arc::new(self.store.clone());
        let clock = self.clock.clone();
        let hooks = webhooks::install(config.hooks, clock.clone(), &self.deliveries)?;
        let authority = Authority::new(config.policy, keys, shared.clone(), shared, clock)
            .map_err(Failure::of)?;
        self.issuer = issuer;
        Ok(authority
            .with_hooks(hooks)
            .with_throttle(Arc::clone(&self.throttle)))
    }

    fn issuer(&self, config: &Config) -> Result<Option<Arc<PublishedKeys>>, Failure> {
        let Some(url) = &config.jwk_url else {
            return Ok(None);
        };
        let algorithm = config.policy.tokens.algorithm;
        match &self.issuer {
            Some(issuer) if issuer.are_at(url, algorithm) => Ok(Some(Arc::clone(issuer))),
            _ => Ok(Some(Arc::new(PublishedKeys::at(url, algorithm)?))),
        }
    }
}

/// Opens the store and loads the keys.
///
/// # Errors
/// [`Failure`] if the store or its keys are not as they should be.
pub(crate) async fn open(config: Config) -> Result<Opened, Failure> {
    let mut foundation = Foundation {
        store: open_store(config.store.path())?,
        master_key_file: config.master_key_file.clone(),
        clock: Arc::new(SystemClock::default()),
        issuer: None,
        throttle: Arc::default(),
        deliveries: Deliveries::default(),
    };
    let authority = foundation.authority(config).await?;
    Ok(Opened {
        authority,
        foundation,
    })
}

/// Reads the master key. Where the store has no keys, nothing is missing without it.
async fn master_key(store: &SqliteStore, path: &Path) -> Result<MasterKey, Failure> {
    if !path.exists() && store.load_keys().await.map_err(Failure::of)?.is_none() {
        return Err(describe_keys(KeyRingError::NotFounded, path));
    }
    owner_only::read(path)
}

/// Opens the store without its keys.
///
/// # Errors
/// [`Failure`] if there is none, or if it is not of this version.
pub(crate) fn open_store(path: &Path) -> Result<SqliteStore, Failure> {
    SqliteStore::open(path, &SqliteOptions::default()).map_err(|error| describe_store(error, path))
}

/// What migrating did.
pub(crate) struct Migrated {
    /// The schema's part.
    pub(crate) schema: MigrationReport,
    /// Whether the store was empty and has got its first keys.
    pub(crate) founded: bool,
}

/// Brings the store to this version, and gives an empty one its first keys.
///
/// # Errors
/// [`Failure`]: the schema is whole in any case, and the command may run again.
pub(crate) async fn migrate(config: &Config) -> Result<Migrated, Failure> {
    let path = config.store.path();
    let schema = SqliteStore::migrate(path).map_err(|error| describe_store(error, path))?;
    let store = open_store(path)?;
    let founded = found_keys(&store, config).await;
    store.close().await;
    Ok(Migrated {
        schema,
        founded: founded?,
    })
}

async fn found_keys(store: &SqliteStore, config: &Config) -> Result<bool, Failure> {
    let describe = |error| describe_keys(error, &config.master_key_file);
    let empty = store.load_keys().await.map_err(Failure::of)?.is_none();
    let founded = if empty {
        let master = owner_only::read_or_create(&config.master_key_file)?;
        let now = SystemClock::default().now();
        KeyRing::found(store, &master, &config.signing_key, &SystemRandom, now)
            .await
            .map_err(describe)?
    } else {
        false
    };
    let master = owner_only::read(&config.master_key_file)?;
    KeyRing::load(store, master, config.signing_key.clone())
        .await
        .map_err(describe)?;
    Ok(founded)
}

fn describe_store(error: OpenError, path: &Path) -> Failure {
    let shown = path.display();
    let help = match error {
        OpenError::Missing | OpenError::NotMigrated { .. } => {
            "run `countersign migrate`".to_owned()
        }
        OpenError::NewerSchema { .. } => "install the newer version of this program".to_owned(),
        OpenError::Io(_) => format!("see whether the folder of {shown} exists and can be written"),
        _ => "name another file in `store.url`, or restore this one from a backup".to_owned(),
    };
    Failure::of(anyhow::Error::new(error).context(format!("the store {shown} cannot be used")))
        .help(help)
}

/// What is wrong with the keys, and what to do about it.
pub(crate) fn describe_keys(error: KeyRingError, master_key_file: &Path) -> Failure {
    let help = match &error {
        KeyRingError::WrongMasterKey(_) => format!(
            "{} belongs to another store: put the right one there, or name it in `keys.master_key_file`",
            master_key_file.display()
        ),
        KeyRingError::NotFounded => "run `countersign migrate`".to_owned(),
        KeyRingError::NoActiveKey => {
            "configure the `jwt.signing_key` again that the store was made with, or let the program sign with a key \
             of its own: `countersign keys generate`, then `countersign keys promote`"
                .to_owned()
        }
        KeyRingError::OtherAlgorithm { active, .. } => {
            format!("set `jwt.algorithm = \"{active}\"`")
        }
        _ => "restore the store from a backup".to_owned(),
    };
    Failure::of(error).help(help)
}
