//! A server of its own, in a folder of its own, gone when dropped.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::connection::{self, Connection};

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A running server with its users.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Makes a store and users `user0`, `user1`, … in it, and serves it on a free port of loopback.
    pub(crate) fn start(program: &Path, settings: &str, users: usize) -> io::Result<Self> {
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
        let log = fs::File::create(folder.path().join("log"))?;
        let child = program
            .command(&["serve", "--log", "warn"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let server = Self {
            child,
            address,
            folder,
        };
        server.wait_until_alive()?;
        Ok(server)
    }

    pub(crate) fn connect(&self) -> io::Result<Connection> {
        Connection::open(self.address)
    }

    /// The name of the process in `/proc`.
    pub(crate) fn process(&self) -> String {
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
        // It may have ended by itself; either way it is waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn user_name(number: usize) -> String {
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
        "{preset}\n[server]\nbind = \"{address}\"\n[store]\nurl = \"sqlite:countersign.db\"\n\
         [passwords]\ndanger_cheap_hashes = true\n{sections}"
    )
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

const START_TIME: Duration = Duration::from_secs(20);
