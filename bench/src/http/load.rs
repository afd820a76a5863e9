//! Clients that ask as fast as the server answers, all of one kind of question at a time.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::process;
use serde::Deserialize;

use super::connection::{self, Connection};
use super::server::{PASSWORD, Server, user_name};

/// What is asked.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A reply that never changes.
    Constant,
    /// The same access token, verified again and again.
    Verify,
    /// A protected resource, with the same access token.
    Protected,
    /// A refresh with rotation, each connection its own chain.
    Refresh,
    /// A sign-in with a password.
    Obtain,
}

impl Kind {
    /// The constant reply comes first: the others are divided by it.
    pub const ALL: [Self; 5] = [
        Self::Constant,
        Self::Verify,
        Self::Protected,
        Self::Refresh,
        Self::Obtain,
    ];

    /// The request, for tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Constant => "GET /healthz (constant)",
            Self::Verify => "POST /api/token/verify/",
            Self::Protected => "GET /api/me/",
            Self::Refresh => "POST /api/token/refresh/",
            Self::Obtain => "POST /api/token/",
        }
    }
}

/// Why there is no figure.
pub type LoadError = io::Error;

/// A signed-in user on a connection.
pub struct Client {
    connection: Connection,
    credentials: String,
    access: String,
    refresh: String,
}

#[derive(Deserialize)]
struct Tokens {
    access: String,
    refresh: String,
}

impl Client {
    /// Signs in as a user of the server.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn sign_in(server: &Server, number: usize) -> Result<Self, LoadError> {
        let mut connection = server.connect()?;
        let name = user_name(number);
        let body = format!(r#"{{"username":"{name}","password":"{PASSWORD}"}}"#);
        let credentials = connection::post("/api/token/", &body);
        let Tokens { access, refresh } = tokens(&mut connection, &credentials)?;
        Ok(Self {
            connection,
            credentials,
            access,
            refresh,
        })
    }

    /// Asks until the end; tells how long each answer took.
    fn ask_until(&mut self, end: Instant, kind: Kind) -> Result<Vec<Duration>, LoadError> {
        let constant = connection::get("/healthz", None);
        let verify = connection::post(
            "/api/token/verify/",
            &format!(r#"{{"token":"{}"}}"#, self.access),
        );
        let protected = connection::get("/api/me/", Some(&self.access));
        let mut latencies = Vec::new();
        loop {
            let start = Instant::now();
            if start >= end {
                return Ok(latencies);
            }
            match kind {
                Kind::Constant => self.expect_ok(&constant)?,
                Kind::Verify => self.expect_ok(&verify)?,
                Kind::Protected => self.expect_ok(&protected)?,
                Kind::Refresh => self.rotate()?,
                Kind::Obtain => require_ok(self.connection.ask(&self.credentials)?).map(drop)?,
            }
            latencies.push(start.elapsed());
        }
    }

    fn expect_ok(&mut self, request: &str) -> Result<(), LoadError> {
        require_ok(self.connection.ask(request)?).map(drop)
    }

    /// Spends the refresh token; the next turn of the chain needs the one that comes back.
    fn rotate(&mut self) -> Result<(), LoadError> {
        let request = connection::post(
            "/api/token/refresh/",
            &format!(r#"{{"refresh":"{}"}}"#, self.refresh),
        );
        let fresh = tokens(&mut self.connection, &request)?;
        if fresh.refresh == self.refresh {
            return Err(io::Error::other("the refresh token was not rotated"));
        }
        self.refresh = fresh.refresh;
        Ok(())
    }
}

fn tokens(connection: &mut Connection, request: &str) -> Result<Tokens, LoadError> {
    let body = require_ok(connection.ask(request)?)?;
    serde_json::from_slice(body).map_err(io::Error::other)
}

fn require_ok((status, body): (u16, &[u8])) -> Result<&[u8], LoadError> {
    if status == 200 {
        return Ok(body);
    }
    let said = String::from_utf8_lossy(body);
    Err(io::Error::other(format!("status {status}: {said}")))
}

/// What one turn gave.
#[derive(Default)]
pub struct Turn {
    latencies: Vec<Duration>,
    elapsed: Duration,
    server_cpu: Duration,
}

impl Turn {
    /// Takes another turn into this one.
    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.elapsed += other.elapsed;
        self.server_cpu += other.server_cpu;
    }

    /// Answers of all clients together.
    pub fn requests_per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Seconds on a processor that the server spent on 1000 requests.
    pub fn cpu_per_thousand(&self) -> f64 {
        self.server_cpu.as_secs_f64() * 1e3 / self.latencies.len() as f64
    }

    /// Within how many milliseconds this share of the answers came.
    pub fn latency_ms(&self, share: f64) -> f64 {
        let before = self.latencies.iter().enumerate();
        let wanted = share * self.latencies.len() as f64;
        let found = before
            .take_while(|(rank, _)| (*rank as f64) < wanted)
            .last();
        found.map_or(f64::NAN, |(_, latency)| latency.as_secs_f64() * 1e3)
    }
}

/// All clients at once, for so long.
///
/// # Errors
/// If a request fails.
///
/// # Panics
/// If a client panics.
pub fn run(
    server: &Server,
    clients: &mut [Client],
    kind: Kind,
    length: Duration,
) -> Result<Turn, LoadError> {
    // Those that had nothing to say for a while were let go.
    for client in &mut *clients {
        client.connection = server.connect()?;
    }
    let cpu = || process::cpu_time_of_tree(&server.process());
    let cpu_before = cpu()?;
    let start = Instant::now();
    let end = start + length;
    let answers = thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(move || client.ask_until(end, kind)))
            .collect();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().expect("clients do not panic"));
        joined.collect::<Result<Vec<_>, _>>()
    })?;
    let mut latencies: Vec<Duration> = answers.into_iter().flatten().collect();
    latencies.sort_unstable();
    Ok(Turn {
        latencies,
        elapsed: start.elapsed(),
        server_cpu: cpu()?.saturating_sub(cpu_before),
    })
}
