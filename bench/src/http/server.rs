//! A server of its own, ours or the peer's, in a folder of its own, gone when dropped.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::connection::{self, Connection};

/// The password of every user.
pub const PASSWORD: &str = "correct horse battery staple";

/// Where a release build of the program lies.
pub fn default_program() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/release/countersign"
    ))
}

/// A running server with its users.
pub struct Server {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Makes a store and users `user0`, `user1`, … in it, and serves it on a free port of loopback.
    ///
    /// # Errors
    /// If the program cannot be run, or does not come up.
    pub fn start(program: &Path, settings: &str, users: usize) -> io::Result<Self> {
        Self::start_filled(program, settings, users, |_| Ok(()))
    }

    /// The same over a store that is filled first.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of `fill`, which is given the store's path.
    pub fn start_filled(
        program: &Path,
        settings: &str,
        users: usize,
        fill: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let config = folder.path().join("countersign.toml");
        fs::write(&config, configuration(settings, address))?;
        let program = Program {
            path: program,
            config,
        };
        program.run(&["migrate"], "")?;
        for number in 0..users {
            let name = user_name(number);
            program.run(
                &["user", "create", "--username", &name, "--password-stdin"],
                PASSWORD,
            )?;
        }
        fill(&folder.path().join("countersign.db"))?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut serve = program.command(&["serve", "--log", "warn"]);
        Self::serving(serve.stderr(log), address, folder)
    }

    /// The configuration of a server of ours.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("countersign.toml")
    }

    /// The same with Django and `SimpleJWT`, under gunicorn with a process for each core.
    ///
    /// # Errors
    /// If it cannot be prepared, or does not come up.
    pub fn start_django(python: &Path, users: usize) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let peer = Path::new(env!("CARGO_MANIFEST_DIR")).join("django");
        let mut prepare = Command::new(python);
        prepare.arg(peer.join("peer.py")).arg(folder.path());
        prepare.args(["prepare", &users.to_string(), PASSWORD]);
        let prepared = prepare.env("PYTHONDONTWRITEBYTECODE", "1").output()?;
        if !prepared.status.success() {
            let said = String::from_utf8_lossy(&prepared.stderr);
            return Err(io::Error::other(format!("Django says:\n{said}")));
        }
        let cores = thread::available_parallelism()?;
        let threads = users.div_ceil(cores.get());
        let log = fs::File::create(folder.path().join("log"))?;
        let mut serve = Command::new(python);
        serve
            .args([
                "-m",
                "gunicorn",
                "peer:application",
                "--log-level",
                "warning",
            ])
            .args(["--worker-class", "gthread", "--keep-alive", "75"])
            .args([
                "--workers",
                &cores.to_string(),
                "--threads",
                &threads.to_string(),
            ])
            .arg(format!("--chdir={}", peer.display()))
            .arg(format!("--bind={address}"))
            .env("BENCH_FOLDER", folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stderr(log);
        Self::serving(&mut serve, address, folder)
    }

    fn serving(serve: &mut Command, address: SocketAddr, folder: TempDir) -> io::Result<Self> {
        let child = serve.stdout(Stdio::null()).process_group(0).spawn()?;
        let server = Self {
            child,
            address,
            folder,
        };
        server.wait_until_alive()?;
        Ok(server)
    }

    /// Connects to it.
    ///
    /// # Errors
    /// If it does not listen.
    pub fn connect(&self) -> io::Result<Connection> {
        Connection::open(self.address)
    }

    /// The name of the process in `/proc`.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }

    fn wait_until_alive(&self) -> io::Result<()> {
        let start = Instant::now();
        while start.elapsed() < START_TIME {
            let reply = self.connect().and_then(|mut connection| {
                let (status, _) = connection.ask(&connection::get("/healthz", None))?;
                Ok(status)
            });
            if reply.is_ok_and(|status| status == 200) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Err(io::Error::other(format!(
            "the server does not come up:\n{log}"
        )))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for. gunicorn ends its workers when told to end.
        let _ = Command::new("kill").arg(self.process()).status();
        let _ = self.child.wait();
    }
}

/// The name of a user.
pub fn user_name(number: usize) -> String {
    format!("user{number}")
}

/// The binary under test with its configuration.
struct Program<'a> {
    path: &'a Path,
    config: PathBuf,
}

impl Program<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path);
        command.args(arguments).arg("--config").arg(&self.config);
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> io::Result<()> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}", self.path.display())))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let done = child.wait_with_output()?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        Err(io::Error::other(format!("{arguments:?} failed:\n{said}")))
    }
}

/// `settings` may end in a section of its own, so it stands last.
fn configuration(settings: &str, address: SocketAddr) -> String {
    let (preset, sections) = settings.split_once('\n').unwrap_or((settings, ""));
    format!(
        "{preset}\n[server]\nbind = \"{address}\"\n[store]\nurl = \"sqlite:countersign.db\"\n{sections}"
    )
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

const START_TIME: Duration = Duration::from_secs(20);
