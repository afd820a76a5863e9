//! `dev`: one command from nothing to a token.

use std::process::Command;

use crate::program::{Place, Server};

/// The lines up to the one that begins with `start`, that one last.
fn read_until(server: &mut Server, start: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        lines.push(server.next_line());
        if lines
            .last()
            .is_some_and(|line| line.trim_start().starts_with(start))
        {
            return lines;
        }
    }
}

#[test]
fn the_printed_line_gets_a_token() {
    let place = Place::new();
    let mut server = place.serve(&["dev", "--bind", "127.0.0.1:0"]);
    let lines = read_until(&mut server, "curl ");
    let line = lines.last().unwrap().trim();
    if Command::new("curl").arg("--version").output().is_ok() {
        let answer = Command::new("sh").args(["-c", line]).output().unwrap();
        let pair: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
        assert!(
            pair["access"].is_string() && pair["refresh"].is_string(),
            "{pair}"
        );
    }
    assert_eq!(place.mode("countersign-dev"), 0o700);
    for file in ["countersign.toml", "master.key", "countersign.db"] {
        assert_eq!(
            place.mode(&format!("countersign-dev/{file}")),
            0o600,
            "{file}"
        );
    }
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn the_password_is_shown_once_and_can_be_set_again() {
    let place = Place::new();
    let mut first = place.serve(&["dev", "--bind", "127.0.0.1:0"]);
    let lines = read_until(&mut first, "curl ");
    let shown = lines
        .iter()
        .find_map(|line| line.trim_start().strip_prefix("password "))
        .unwrap();
    let password = shown.split_whitespace().next().unwrap().to_owned();
    assert_eq!(password.len(), 20, "{password}");
    let (code, log) = first.stop();
    assert_eq!(code, Some(0));
    assert!(log.iter().all(|line| !line.contains(&password)), "{log:?}");

    let mut second = place.serve(&["dev", "--bind", "127.0.0.1:0"]);
    let lines = read_until(&mut second, "countersign user set-password");
    assert!(
        lines.iter().all(|line| !line.contains(&password)),
        "{lines:?}"
    );
    let config = "countersign-dev/countersign.toml";
    let words = [
        "user",
        "set-password",
        "--username",
        "admin",
        "--config",
        config,
        "--password-stdin",
    ];
    place.run_with("another one\n", &words).done();
    assert_eq!(second.stop().0, Some(0));
}

#[test]
fn dev_stays_on_this_machine_and_reads_no_configuration() {
    let place = Place::new();
    for address in ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:8000"] {
        place
            .run(&["dev", "--bind", address])
            .failed(2, "is not a loopback address");
    }
    place
        .run(&["dev", "--config", "countersign.toml"])
        .failed(2, "reads no configuration");
    assert!(!place.path("countersign-dev").exists());
}

#[test]
fn a_port_that_is_taken_names_the_option_and_costs_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new();
    place
        .run(&["dev", "--bind", &address])
        .failed(1, "cannot listen on")
        .failed(1, "--bind");
    assert!(!place.path("countersign-dev").exists());
}
