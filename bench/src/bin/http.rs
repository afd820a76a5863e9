//! The real server under load, with Django and `SimpleJWT` beside it in the same run.
//!
//! `http [PATH OF countersign] [SECONDS PER TURN]`
//!
//! Figures of a constant reply say what HTTP costs here; the ratio to it says what a refresh costs, and moves
//! far less from machine to machine than requests per second do.

use std::env;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use countersign_bench::http::load::{self, Client, Kind, Turn};
use countersign_bench::http::server::{Server, default_program};
use countersign_bench::spread::Spread;
use countersign_bench::{process, python};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let program = arguments.next().map_or_else(default_program, PathBuf::from);
    let seconds: f64 = arguments.next().map_or(Ok(3.0), |text| text.parse())?;
    let turn = Duration::try_from_secs_f64(seconds)?.min(LONGEST_TURN);
    let mut candidates = Vec::new();
    for (title, settings) in SETUPS {
        let server = Server::start(&program, settings, CLIENTS)?;
        candidates.push(Candidate::new(title, server)?);
    }
    let django = Server::start_django(&python::environment("django")?, CLIENTS)?;
    candidates.push(Candidate::new(PEER, django)?);
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for candidate in &mut candidates {
            candidate.take_turns(turn)?;
        }
    }
    println!("{CLIENTS} connections, {ROUNDS} rounds of {turn:?} each\n");
    println!(
        "| | question | requests/s | p50 ms | p99 ms | server CPU s per 1000 | × constant reply | Django's CPU |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let peer = &candidates[candidates.len() - 1];
    for candidate in &candidates {
        candidate.print(peer);
    }
    println!();
    for Candidate { title, server, .. } in &candidates {
        let resident = process::resident_bytes_of_tree(&server.process())?;
        println!("{title}: {:.0} MB in memory", resident as f64 / 1e6);
    }
    Ok(())
}

/// A server with its clients, and what it was measured at.
struct Candidate {
    title: &'static str,
    server: Server,
    clients: Vec<Client>,
    /// By question, in the order of [`Kind::ALL`].
    turns: [Vec<Turn>; Kind::ALL.len()],
}

impl Candidate {
    fn new(title: &'static str, server: Server) -> io::Result<Self> {
        let clients = (0..CLIENTS)
            .map(|number| Client::sign_in(&server, number))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            title,
            server,
            clients,
            turns: Default::default(),
        })
    }

    fn take_turns(&mut self, length: Duration) -> io::Result<()> {
        for (kind, turns) in Kind::ALL.into_iter().zip(&mut self.turns) {
            turns.push(load::run(&self.server, &mut self.clients, kind, length)?);
        }
        Ok(())
    }

    fn cpu(&self, question: usize) -> Vec<f64> {
        self.turns[question]
            .iter()
            .map(Turn::cpu_per_thousand)
            .collect()
    }

    fn print(&self, peer: &Self) {
        for (question, kind) in Kind::ALL.into_iter().enumerate() {
            let (turns, cpu) = (&self.turns[question], self.cpu(question));
            let spread = |figure: fn(&Turn) -> f64| Spread::of(turns.iter().map(figure));
            println!(
                "| {} | {} | {:.0} | {:.2} | {:.2} | {:.4} | {:.2} | {:.1} |",
                self.title,
                kind.title(),
                spread(Turn::requests_per_second),
                spread(|turn| turn.latency_ms(0.50)),
                spread(|turn| turn.latency_ms(0.99)),
                Spread::of(cpu.iter().copied()),
                Spread::ratio(&cpu, &self.cpu(0)),
                Spread::ratio(&peer.cpu(question), &cpu),
            );
        }
    }
}

/// What is measured of ours, and the lines of the configuration that make it.
const SETUPS: [(&str, &str); 2] = [
    (
        "simplejwt, rotation and blacklisting",
        "preset = \"simplejwt\"\n[jwt]\nrotate_refresh_tokens = true\nblacklist_after_rotation = true\n",
    ),
    ("modern", "preset = \"modern\"\n"),
];
/// With the settings of the first.
const PEER: &str = "Django + SimpleJWT";
const CLIENTS: usize = 32;
const ROUNDS: usize = 5;
const LONGEST_TURN: Duration = Duration::from_secs(30);
