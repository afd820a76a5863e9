//! `PyJWT`: a Python process with the same key and the same token, which takes its turn when it is told to.

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use countersign_bench::claims::{AUDIENCE, ISSUER, Size};
use countersign_token::Algorithm;
use serde_json::{Map, Value, json};

use super::pem;

/// A virtual environment with the pinned release.
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// Makes the environment in this package's target folder, or finds it there. `PYTHON` names another
    /// interpreter than `python3`.
    pub fn prepare() -> Result<Self, Box<dyn Error>> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let venv = Path::new(HERE).join("target/pyjwt-venv");
        let interpreter = venv.join("bin/python");
        let requirements = Path::new(HERE).join("pyjwt/requirements.txt");
        let (made_from, wanted) = (venv.join(".made-from"), fs::read_to_string(&requirements)?);
        if fs::read_to_string(&made_from).ok().as_ref() != Some(&wanted) {
            run(Command::new(python)
                .args(["-m", "venv", "--clear"])
                .arg(&venv))?;
            run(Command::new(&interpreter)
                .args(["-m", "pip", "install", "--quiet", "--no-deps"])
                .args(["--disable-pip-version-check", "--only-binary", ":all:"])
                .arg("-r")
                .arg(&requirements))?;
            fs::write(made_from, wanted)?;
        }
        Ok(Self { interpreter })
    }
}

/// A running process.
pub struct PyJwt(RefCell<Pipes>);

struct Pipes {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl PyJwt {
    /// Starts a process for one key and one token.
    pub fn start(
        python: &Python,
        algorithm: Algorithm,
        exported: &[u8],
        token: &str,
        size: Size,
    ) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(&python.interpreter)
            .arg(Path::new(HERE).join("pyjwt/turns.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (requests, answers) = (process.stdin.take(), process.stdout.take());
        let pipes = Pipes {
            process,
            requests: requests.ok_or("no pipe to Python")?,
            answers: BufReader::new(answers.ok_or("no pipe from Python")?),
        };
        let started = Self(RefCell::new(pipes));
        let ready = started.ask(&subject(algorithm, exported, token, size)?.to_string());
        if ready != "ready" {
            return Err(format!("Python says {ready:?}").into());
        }
        Ok(started)
    }

    pub fn sign(&self) -> String {
        self.ask("make")
    }

    pub fn accepts(&self, token: &str) -> bool {
        self.ask(&format!("accepts {token}")) == "true"
    }

    pub fn time_signing(&self, repetitions: u32) -> Duration {
        self.time("sign", repetitions)
    }

    pub fn time_verifying(&self, repetitions: u32) -> Duration {
        self.time("verify", repetitions)
    }

    fn time(&self, request: &str, repetitions: u32) -> Duration {
        let nanos = self.ask(&format!("{request} {repetitions}")).parse();
        Duration::from_nanos(
            nanos.expect("Python answers with nanoseconds, or has written why not"),
        )
    }

    fn ask(&self, request: &str) -> String {
        let mut pipes = self.0.borrow_mut();
        let mut answer = String::new();
        writeln!(pipes.requests, "{request}").expect("Python listens, or has written why not");
        pipes
            .answers
            .read_line(&mut answer)
            .expect("Python answers in text");
        answer.trim_end().to_owned()
    }
}

impl Drop for PyJwt {
    fn drop(&mut self) {
        let process = &mut self.0.get_mut().process;
        // Whether it has ended before makes no difference.
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn subject(
    algorithm: Algorithm,
    exported: &[u8],
    token: &str,
    size: Size,
) -> Result<Value, serde_json::Error> {
    let claims: Value = serde_json::from_str(&size.claims_set().to_json())?;
    let mut subject = Map::new();
    subject.insert("algorithm".into(), algorithm.name().into());
    subject.insert("claims".into(), claims);
    subject.insert("token".into(), token.into());
    if algorithm.is_symmetric() {
        let digits = exported
            .iter()
            .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        subject.insert("secret".into(), digits.into());
    } else {
        subject.insert("pem".into(), pem(exported).into());
    }
    if size == Size::Large {
        subject.insert("issuer".into(), json!(ISSUER));
        subject.insert("audience".into(), json!(AUDIENCE));
    }
    Ok(subject.into())
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(())
}

const HERE: &str = env!("CARGO_MANIFEST_DIR");
