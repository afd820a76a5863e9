//! `countersign dev`: everything that it takes to try the program out, in one folder.
//!
//! Every step looks whether it has been done before, so that an interrupted start is made good by the next one.

use std::fs::DirBuilder;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use countersign::Preset;
use countersign::account::Privileges;
use countersign::authority::AccountRequest;
use countersign::password::PlainPassword;
use countersign::random::{Random as _, SystemRandom};
use zeroize::Zeroizing;

use super::{init, serve as server, user};
use crate::cli::{Common, DevArgs};
use crate::config::{Config, Environment};
use crate::failure::Failure;
use crate::opening::{self, Opened};
use crate::{output, owner_only, serve};

/// Makes the folder if need be, and serves it on loopback.
///
/// # Errors
/// [`Failure`] if it cannot start.
pub(super) async fn run(common: &Common, args: &DevArgs) -> Result<(), Failure> {
    if common.config.is_some() {
        return Err(Failure::usage("`countersign dev` reads no configuration")
            .help("run `countersign serve --config FILE` instead"));
    }
    if !args.bind.ip().is_loopback() {
        return Err(Failure::usage(format!("{} is not a loopback address", args.bind))
            .help("`countersign dev` is for this machine only; others are served by `countersign serve`"));
    }
    let stop = serve::stop_signal()?;
    // First of all: a port that is taken must not cost the password that is shown once.
    let listener = serve::bind(args.bind, "`--bind 127.0.0.1:PORT`").await?;
    let address = listener.local_addr().map_err(Failure::of)?;
    let folder = Path::new(FOLDER);
    let config = prepare(folder)?;
    opening::migrate(&config).await?;
    let opened = opening::open(config).await?;
    let password = make_administrator(&opened).await?;
    output::line(&welcome(address, password.as_deref()))?;
    server::without_reload(opened, listener, stop).await;
    Ok(())
}

/// The folder with its configuration file.
fn prepare(folder: &Path) -> Result<Config, Failure> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Failure::of(
                anyhow::Error::new(error).context(format!("{FOLDER} cannot be made")),
            )
            .help("change to a folder that you can write to"));
        }
        _ => {}
    }
    let path = folder.join(Config::DEFAULT_FILE);
    if !path.exists() {
        owner_only::write_new(&path, init::template(Preset::Modern)?.as_bytes())?;
    }
    Ok(Config::load(Some(&path), &Environment::default())?)
}

/// Makes the administrator, and returns its password if this call did.
async fn make_administrator(opened: &Opened) -> Result<Option<Zeroizing<String>>, Failure> {
    let found = opened
        .authority
        .find_account(ADMINISTRATOR)
        .await
        .map_err(Failure::of)?;
    if found.is_some() {
        return Ok(None);
    }
    let password = draw_password()?;
    let request = AccountRequest {
        privileges: Privileges {
            staff: true,
            superuser: true,
        },
        ..AccountRequest::default()
    };
    let plain = PlainPassword::new(password.to_string());
    let made = opened
        .authority
        .create_account(ADMINISTRATOR.to_owned(), Some(plain), request)
        .await;
    made.map_err(|error| user::describe(error, ADMINISTRATOR))?;
    Ok(Some(password))
}

/// 100 random bits, in letters and digits that nobody confuses.
fn draw_password() -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new([0_u8; 20]);
    SystemRandom
        .fill(bytes.as_mut_slice())
        .map_err(Failure::of)?;
    let letter = |byte: &u8| {
        ALPHABET
            .get(usize::from(byte & 31))
            .copied()
            .map_or('-', char::from)
    };
    Ok(Zeroizing::new(bytes.iter().map(letter).collect()))
}

fn welcome(address: SocketAddr, password: Option<&String>) -> String {
    let url = format!("http://{address}");
    let head = format!(
        "Countersign is listening on {url} for this machine only. Everything is in ./{FOLDER}."
    );
    match password {
        Some(password) => format!(
            "{head}\n\n  user      {ADMINISTRATOR}\n  password  {password}   (shown this once)\n\n\
             Get a token:\n\n  {}\n",
            curl(&url, password)
        ),
        None => format!(
            "{head}\n\nThe password of {ADMINISTRATOR} was shown at the first start. To set another one:\n\n  \
             countersign user set-password --username {ADMINISTRATOR} --config {FOLDER}/{}\n",
            Config::DEFAULT_FILE
        ),
    }
}

fn curl(url: &str, password: &str) -> String {
    format!(
        "curl -s {url}/api/token/ -H 'Content-Type: application/json' \
         -d '{{\"username\":\"{ADMINISTRATOR}\",\"password\":\"{password}\"}}'"
    )
}

const FOLDER: &str = "countersign-dev";
const ADMINISTRATOR: &str = "admin";

/// 32 characters, so that five bits of a random byte pick one evenly.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
