//! `serve`: requests are answered, limits hold, commands take effect, and the end is orderly.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::http::{Answer, Request, connect};
use crate::program::{Place, Server};

fn place() -> Place {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    place
}

fn login(server: &mut Server, password: &str) -> Answer {
    server.send(&Request::post(
        "/api/token/",
        &json!({ "username": "ann", "password": password }),
    ))
}

fn me(server: &mut Server, pair: &Value) -> u16 {
    server
        .send(&Request::get("/api/me/").bearer(pair["access"].as_str().unwrap()))
        .status
}

#[test]
fn a_user_signs_in_refreshes_and_is_known() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let pair = login(&mut server, "pw-of-ann").json();
    let answer = server.send(&Request::get("/api/me/").bearer(pair["access"].as_str().unwrap()));
    assert_eq!(
        answer.json(),
        json!({ "id": 1, "username": "ann", "email": "" })
    );
    let next = server.send(&Request::post(
        "/api/token/refresh/",
        &json!({ "refresh": pair["refresh"] }),
    ));
    assert_eq!(next.status, 200, "{next:?}");
    let names = ["server", "x-powered-by"];
    assert!(
        answer
            .headers
            .iter()
            .all(|(name, _)| !names.contains(&name.as_str())),
        "{answer:?}"
    );
    let shown = place
        .run(&["user", "show", "--username", "ann", "--json"])
        .done()
        .json();
    assert!(shown["last_login"].is_string(), "{shown}");
}

#[test]
fn what_a_command_revokes_is_in_force_when_it_returns() {
    type Revoke = fn(&Place, &Value);
    let commands: [(&str, Revoke); 4] = [
        ("set-password", |place, _| {
            let words = [
                "user",
                "set-password",
                "--username",
                "ann",
                "--password-stdin",
            ];
            place.run_with("pw-of-ann\n", &words).done();
        }),
        ("revoke", |place, pair| {
            place
                .run_with(pair["refresh"].as_str().unwrap(), &["token", "revoke"])
                .done();
        }),
        ("deactivate", |place, _| {
            place
                .run(&["user", "deactivate", "--username", "ann"])
                .done();
            place.run(&["user", "activate", "--username", "ann"]).done();
        }),
        ("delete", |place, _| {
            place.run(&["user", "delete", "--username", "ann"]).done();
        }),
    ];
    let place = place();
    let mut server = place.serve(&["serve"]);
    for (name, revoke) in commands {
        let pair = login(&mut server, "pw-of-ann").json();
        assert_eq!(me(&mut server, &pair), 200, "{name}");
        revoke(&place, &pair);
        assert_eq!(me(&mut server, &pair), 401, "{name}");
    }
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let long = server.send(&Request::get("/healthz").header("X-Filler", &"x".repeat(33 * 1024)));
    assert_eq!(long.status, 431, "{long:?}");
    let mut many = Request::get("/healthz");
    for number in 0..100 {
        many = many.header(&format!("X-{number}"), "x");
    }
    assert_eq!(server.send(&many).status, 431);
    assert_eq!(server.send(&Request::get("/healthz")).status, 200);
}

#[test]
fn sigterm_finishes_what_was_begun_and_exits_0() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let address = server.address();
    let mut resting = connect(address);
    resting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: id.example\r\n\r\n")
        .unwrap();
    assert_ne!(resting.read(&mut [0; 4096]).unwrap(), 0);

    // The head has arrived (the server asks for the body), the body comes after the signal.
    let body = json!({ "username": "ann", "password": "pw-of-ann" }).to_string();
    let mut begun = connect(address);
    let head = format!(
        "POST /api/token/ HTTP/1.1\r\nHost: id.example\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    begun.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    begun.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.terminate();
    let mut rest = Vec::new();
    resting.read_to_end(&mut rest).unwrap();
    begun.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"access\""), "{answer}");

    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log:?}");
}

#[test]
fn a_server_purges_by_itself_until_it_stops() {
    let place = place();
    let mut server = place.serve(&["serve", "--log", "countersign=debug"]);
    assert_eq!(server.send(&Request::get("/healthz")).status, 200);
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log:?}");
    let begun = log
        .iter()
        .find(|line| line.contains("purging what expires"))
        .unwrap_or_else(|| panic!("{log:?}"));
    assert!(begun.contains("\"purge.pause_seconds\":600"), "{begun}");
}

#[test]
fn a_port_that_is_taken_names_the_setting() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let address = server.address().to_string();
    let other = Place::new();
    other.put(
        "countersign.toml",
        &format!("server.bind = \"{address}\"\n"),
        0o600,
    );
    other.run(&["migrate"]).done();
    other
        .run(&["serve"])
        .failed(1, "cannot listen on")
        .failed(1, "`server.bind`");
}
