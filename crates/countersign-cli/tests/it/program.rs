//! Runs the binary in a folder of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Answer, Request};

/// A fresh folder in which the binary runs, without any of our variables in its environment.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A place with a configuration of cheap hashes and any free port, and a store.
    pub(crate) fn migrated(settings: &str) -> Self {
        let place = Self::new();
        place.configure(settings);
        place.run(&["migrate"]).done();
        place
    }

    /// Writes `countersign.toml`.
    pub(crate) fn configure(&self, settings: &str) {
        let head = "server.bind = \"127.0.0.1:0\"\npasswords.danger_cheap_hashes = true\n";
        self.put("countersign.toml", &format!("{head}{settings}"), 0o600);
    }

    pub(crate) fn put(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The name and content of every file in the folder.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.is_file())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(&path).unwrap())
            })
            .collect()
    }

    /// The permission bits of a file.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    }

    pub(crate) fn run(&self, words: &[&str]) -> Done {
        self.run_with("", words)
    }

    /// Runs the binary to its end, with something on its stdin.
    pub(crate) fn run_with(&self, stdin: &str, words: &[&str]) -> Done {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().unwrap();
        // A command that needs no input may have closed it already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        Done::of(&child.wait_with_output().unwrap())
    }

    /// Runs the binary to its end with a line on its stdin, which stays open meanwhile.
    pub(crate) fn run_beside_open_stdin(&self, line: &str, words: &[&str]) -> Done {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        let done = Done::of(&child.wait_with_output().unwrap());
        drop(stdin);
        done
    }

    /// Makes a user and returns its id.
    pub(crate) fn user(&self, name: &str, password: &str) -> i64 {
        let words = [
            "user",
            "create",
            "--username",
            name,
            "--password-stdin",
            "--json",
        ];
        let made = self
            .run_with(&format!("{password}\n"), &words)
            .done()
            .json();
        made["id"].as_i64().unwrap()
    }

    /// Runs the binary to its end on a machine with these CA certificates.
    pub(crate) fn run_trusting(&self, authorities: &str, words: &[&str]) -> Done {
        let mut command = self.command(words);
        trust(&mut command, authorities);
        Done::of(&command.stdin(Stdio::null()).output().unwrap())
    }

    /// Starts a server.
    pub(crate) fn serve(&self, words: &[&str]) -> Server {
        Self::start(self.command(words))
    }

    /// Starts a server on a machine with these CA certificates.
    pub(crate) fn serve_trusting(&self, authorities: &str, words: &[&str]) -> Server {
        let mut command = self.command(words);
        trust(&mut command, authorities);
        Self::start(command)
    }

    /// Starts a server with further variables in its environment.
    pub(crate) fn serve_with(&self, variables: &[(&str, String)], words: &[&str]) -> Server {
        let mut command = self.command(words);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Self::start(command)
    }

    fn start(mut command: Command) -> Server {
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let log = lines_of(child.stderr.take().unwrap());
        let printed = lines_of(child.stdout.take().unwrap());
        Server {
            child,
            log,
            printed,
            seen: Vec::new(),
            address: None,
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(words).current_dir(self.folder.path());
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_remove("RUST_LOG");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COUNTERSIGN__")) {
            command.env_remove(name);
        }
        command
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Insists that it succeeded.
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Insists that it failed with this code, said why, and said what to do next.
    pub(crate) fn failed(self, code: i32, why: &str) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(why), "{self:?}");
        assert!(self.stderr.contains("help: "), "{self:?}");
        self
    }

    /// Insists that it also said this.
    pub(crate) fn told(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "{self:?}");
        self
    }

    /// Insists that it did not say this.
    pub(crate) fn silent_about(self, words: &str) -> Self {
        assert!(!self.stderr.contains(words), "{self:?}");
        self
    }

    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    log: Receiver<String>,
    printed: Receiver<String>,
    seen: Vec<String>,
    address: Option<SocketAddr>,
}

impl Server {
    /// Where it listens; waits for the log line that tells.
    pub(crate) fn address(&mut self) -> SocketAddr {
        while self.address.is_none() {
            let line = self.next_log_line();
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            self.address = event["server.address"]
                .as_str()
                .map(|text| text.parse().unwrap());
        }
        self.address.unwrap()
    }

    /// The next line on stdout.
    pub(crate) fn next_line(&mut self) -> String {
        self.printed
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("nothing more on stdout: {:?}", self.rest_of_log()))
    }

    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        request.send(self.address())
    }

    /// Asks it to stop and waits; the exit code and everything that it logged.
    pub(crate) fn stop(mut self) -> (Option<i32>, Vec<String>) {
        self.terminate();
        let code = self.child.wait().unwrap().code();
        (code, self.rest_of_log())
    }

    /// `kill -9`; returns everything that it logged.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.rest_of_log()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Waits for a line of the log with these words; the lines since the last one that was waited for.
    pub(crate) fn log_until(&mut self, words: &str) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            let line = self.next_log_line();
            lines.push(serde_json::from_str(&line).unwrap());
            if line.contains(words) {
                return lines;
            }
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    fn next_log_line(&mut self) -> String {
        let line = self
            .log
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("nothing more in the log: {:?}", self.seen));
        self.seen.push(line.clone());
        line
    }

    fn rest_of_log(&mut self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.seen);
        lines.extend(self.log.iter());
        lines
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The file with the CA certificates of the machine, one of `tests/tls`.
fn trust(command: &mut Command, authorities: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");
    command
        .env("SSL_CERT_FILE", format!("{folder}/{authorities}"))
        .env_remove("SSL_CERT_DIR");
}

fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// How long a server may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);
