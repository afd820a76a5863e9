//! The real server under load: refreshes with rotation, beside a constant reply of the same server.
//!
//! `refresh [PATH OF countersign] [SECONDS PER TURN]`
//!
//! Figures of a constant reply say what HTTP costs here; the ratio to it says what a refresh costs, and moves
//! far less from machine to machine than requests per second do.

mod connection;
mod load;
mod server;

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use countersign_bench::process;
use countersign_bench::spread::Spread;

use load::{Client, Kind, Turn};
use server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let program = arguments.next().map_or_else(default_program, PathBuf::from);
    let seconds: f64 = arguments.next().map_or(Ok(3.0), |text| text.parse())?;
    let turn = Duration::try_from_secs_f64(seconds)?.min(LONGEST_TURN);
    for (title, settings) in SETUPS {
        let server = Server::start(&program, settings, CLIENTS)?;
        let mut clients = (0..CLIENTS)
            .map(|number| Client::sign_in(&server, number))
            .collect::<Result<Vec<_>, _>>()?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(Kind::ALL.map(|kind| load::run(&server, &mut clients, kind, turn)));
        }
        println!("\n{title}: {CLIENTS} connections, {ROUNDS} rounds of {turn:?} each");
        print(rounds)?;
        let resident = process::resident_bytes_of(&server.process())?;
        println!("  server in memory: {:.1} MB", resident as f64 / 1e6);
    }
    Ok(())
}

fn print(
    rounds: Vec<[Result<Turn, load::LoadError>; Kind::ALL.len()]>,
) -> Result<(), load::LoadError> {
    let mut turns: [Vec<Turn>; Kind::ALL.len()] = Default::default();
    for round in rounds {
        for (turns, turn) in turns.iter_mut().zip(round) {
            turns.push(turn?);
        }
    }
    println!(
        "  {:<26} {:>22} {:>18} {:>18} {:>24} {:>18}",
        "", "requests/s", "p50 ms", "p99 ms", "server CPU s per 1000", "CPU × constant"
    );
    let constant: Vec<f64> = turns[0].iter().map(Turn::cpu_per_thousand).collect();
    for (kind, turns) in Kind::ALL.into_iter().zip(&turns) {
        let cpu: Vec<f64> = turns.iter().map(Turn::cpu_per_thousand).collect();
        let spread = |figure: fn(&Turn) -> f64| Spread::of(turns.iter().map(figure));
        println!(
            "  {:<26} {:>22} {:>18} {:>18} {:>24} {:>18}",
            kind.title(),
            format!("{:.0}", spread(Turn::requests_per_second)),
            format!("{:.2}", spread(|turn| turn.latency_ms(0.50))),
            format!("{:.2}", spread(|turn| turn.latency_ms(0.99))),
            format!("{:.4}", Spread::of(cpu.iter().copied())),
            format!("{:.2}", Spread::ratio(&cpu, &constant)),
        );
    }
    Ok(())
}

fn default_program() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/release/countersign"
    ))
}

/// What is measured, and the lines of the configuration that make it.
const SETUPS: [(&str, &str); 2] = [
    (
        "preset modern (ES256, reuse detection)",
        "preset = \"modern\"\n",
    ),
    (
        "preset simplejwt (HS256) with rotation and blacklisting",
        "preset = \"simplejwt\"\n[jwt]\nrotate_refresh_tokens = true\nblacklist_after_rotation = true\n",
    ),
];
const CLIENTS: usize = 32;
const ROUNDS: usize = 5;
const LONGEST_TURN: Duration = Duration::from_secs(30);
