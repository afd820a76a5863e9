//! Requests that are broken, ambiguous or too large, byte for byte over a socket (RFC 9112).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use serde_json::json;

use crate::http::{Answer, Request, connect};
use crate::program::{Place, Server};

const GET: &str = "GET /healthz HTTP/1.1\r\nHost: id.example\r\n";
const POST: &str = "POST /api/token/verify/ HTTP/1.1\r\nHost: id.example\r\n\
                    Content-Type: application/json\r\n";
const BODY: &str = r#"{"token":"x"}"#;
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n\r\n";

fn serve() -> (Place, Server) {
    let place = Place::migrated("");
    let server = place.serve(&["serve"]);
    (place, server)
}

/// What comes back until the server closes the connection, which it must do by itself.
fn until_closed(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = connect(address);
    // A server that has refused a request need not take the rest of it.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        let shown = String::from_utf8_lossy(request);
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{shown}");
    }
    Answer::parse(&String::from_utf8(answer).unwrap())
}

#[test]
fn what_is_no_request_is_refused_and_its_connection_closed() {
    let (_place, mut server) = serve();
    let address = server.address();
    let post = |lengths: &str| format!("{POST}{lengths}\r\n\r\n{BODY}");
    let chunked = |chunks: &str| format!("{POST}{CHUNKED}{chunks}");
    for request in [
        // Lengths that differ, are signed, or are no numbers (§6.3).
        post("Content-Length: 13\r\nContent-Length: 14"),
        post("Content-Length: 13, 13"),
        post("Content-Length: +13"),
        post("Content-Length: -13"),
        post("Content-Length: 0xd"),
        post("Content-Length: "),
        post("Content-Length: 99999999999999999999999"),
        // Codings that nobody undoes (§6.1).
        post("Transfer-Encoding: chunked, gzip"),
        post("Transfer-Encoding: gzip"),
        post("Transfer-Encoding: xchunked"),
        format!("{POST}Transfer-Encoding: chunked\r\n{CHUNKED}d\r\n{BODY}\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked").replace("HTTP/1.1", "HTTP/1.0"),
        // Chunks (§7.1).
        chunked(&format!("zz\r\n{BODY}\r\n0\r\n\r\n")),
        chunked(&format!("-d\r\n{BODY}\r\n0\r\n\r\n")),
        chunked(&format!("ffffffffffffffffff\r\n{BODY}\r\n0\r\n\r\n")),
        chunked(&format!("d\n{BODY}\n0\n\n")),
        chunked(&format!("d\r\n{BODY}XX0\r\n\r\n")),
        chunked(&format!("d;{}\r\n{BODY}\r\n0\r\n\r\n", "a".repeat(70_000))),
        // Field lines (§5).
        format!("{GET}X: a\r\n b\r\n\r\n"),
        format!("{GET}X : a\r\n\r\n"),
        GET.replace("Host", " Host") + "\r\n",
        format!("{GET}X: a\0b\r\n\r\n"),
        format!("{GET}X\0: a\r\n\r\n"),
        format!("{GET}X: a\rb: c\r\n\r\n"),
        // Hosts (§3.2).
        "GET /healthz HTTP/1.1\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.0\r\n\r\n".to_owned(),
        format!("{GET}Host: id.example\r\n\r\n"),
        GET.replace("id.example", "id.example, b") + "\r\n",
        // Request lines (§3).
        GET.replace("/healthz", "/health\0z") + "\r\n",
        GET.replace("HTTP/1.1", "HTTP/1.2") + "\r\n",
        "GET /healthz\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}".to_owned(),
    ] {
        let answer = until_closed(address, request.as_bytes());
        assert_eq!(answer.status, 400, "{request:?}: {answer:?}");
    }
    assert_eq!(server.send(&Request::get("/healthz")).status, 200);
}

/// Two ways to tell the end of one body: where a proxy believed in the other one, what follows would be a request that
/// it never saw. The chunks count, and there is no next request (§6.1).
#[test]
fn a_length_beside_chunks_costs_the_connection() {
    let (_place, mut server) = serve();
    let chunks = format!("d\r\n{BODY}\r\n0\r\n\r\n");
    let length = format!("Content-Length: {}\r\n", chunks.len());
    for fields in [
        format!("{length}Transfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\n{length}"),
    ] {
        let request = format!("{POST}{fields}\r\n{chunks}{GET}\r\n");
        let answer = until_closed(server.address(), request.as_bytes());
        assert_eq!(answer.status, 401, "{answer:?}");
        let told = r#"{"detail":"Token is invalid","code":"token_not_valid"}"#;
        assert_eq!(answer.body, told, "one answer, and no second one");
    }
}

/// A line of a head may end in a bare LF (§2.2); a body never may.
#[test]
fn bare_line_feeds_end_lines_of_a_head_alone() {
    let (_place, mut server) = serve();
    let request = format!("{GET}Connection: close\r\n\r\n").replace("\r\n", "\n");
    let answer = until_closed(server.address(), request.as_bytes());
    assert_eq!(answer.status, 200);
    let request = format!("{POST}{CHUNKED}d\n{BODY}\n0\n\n");
    assert_eq!(
        until_closed(server.address(), request.as_bytes()).status,
        400
    );
}

#[test]
fn what_is_too_large_is_refused_at_its_announcement() {
    let (_place, mut server) = serve();
    let address = server.address();
    for (head, status) in [
        (GET.replace("/healthz", &"/".repeat(8 * 1024 + 1)), 414),
        (format!("{GET}X: {}\r\n", "x".repeat(32 * 1024)), 431),
        (format!("{GET}{}", "X: x\r\n".repeat(99)), 431),
        (format!("{GET}{}", "X: x\r\n".repeat(98)), 200),
        // Nothing of these two bodies is ever sent.
        (format!("{POST}Content-Length: 65537\r\n"), 413),
        (
            format!("{POST}Content-Length: 65537\r\nExpect: 100-continue\r\n"),
            413,
        ),
    ] {
        let request = format!("{head}Connection: close\r\n\r\n");
        let answer = until_closed(address, request.as_bytes());
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let endless = format!("8000\r\n{}\r\n", " ".repeat(0x8000)).repeat(100);
    let answer = until_closed(address, format!("{POST}{CHUNKED}{endless}").as_bytes());
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[test]
fn errors_are_json_and_name_no_product() {
    let place = Place::migrated("preset = \"simplejwt\"\njwt.algorithm = \"ES256\"\n");
    let mut server = place.serve(&["serve"]);
    let token = json!({ "token": "x" });
    let to = |path| Request::post(path, &token);
    for (request, status) in [
        (to("/api/token/"), 400),
        (to("/api/token/verify/"), 401),
        (Request::get("/api/me/"), 401),
        (Request::get("/nothing"), 404),
        (Request::get("/api/token/"), 405),
        (to("/api/token/").header("Accept", "text/plain"), 406),
        (to("/api/token/").header("Content-Encoding", "gzip"), 415),
        (to("/api/token/").named("TRACE"), 405),
        (to("/api/token/").named("CONNECT"), 405),
    ] {
        let answer = server.send(&request);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.json().is_object(), "{answer:?}");
        let is_json = ["application/json", "application/problem+json"];
        assert!(
            is_json.contains(&answer.header("content-type")),
            "{answer:?}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("server", ""),
            ("x-powered-by", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {answer:?}");
        }
        let challenge = answer.header("www-authenticate");
        let expected = if status == 401 {
            "Bearer realm=\"api\""
        } else {
            ""
        };
        assert_eq!(challenge, expected, "{answer:?}");
    }
}

#[test]
fn clients_that_stop_half_way_hold_nobody_up() {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    let mut server = place.serve(&["serve"]);
    let address = server.address();
    let halves = [
        "POST /api/token/ HT".to_owned(),
        format!("{POST}Content-Length: 13\r\n\r\n{{"),
        format!("{POST}{CHUNKED}d\r\n{{"),
    ];
    let _stuck: Vec<_> = (0..150)
        .map(|number| {
            let mut stream = connect(address);
            let half: &String = &halves[number % halves.len()];
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    let credentials = json!({ "username": "ann", "password": "pw-of-ann" });
    for _ in 0..5 {
        let answer = server.send(&Request::post("/api/token/", &credentials));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
