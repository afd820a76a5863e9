//! Webhooks, received by a second process that knows nothing of us but the secret and `docs/webhooks.md`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::program::{Place, Server};
use crate::proxy::Proxy;

pub(crate) const SECRET: &str = "gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN";

/// The receiver in a process of its own, which ends with the test.
pub(crate) struct Receiver {
    process: Child,
    lines: Channel<String>,
    address: SocketAddr,
}

impl Receiver {
    pub(crate) fn start(place: &Place) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/receiver.py");
        let mut process = Command::new("python3")
            .arg(script)
            .arg(place.path("hook.secret"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed, as `./test` says");
        let (sender, lines) = channel();
        let printed = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let port = lines.recv_timeout(PATIENCE).unwrap();
        Self {
            process,
            lines,
            address: format!("127.0.0.1:{port}").parse().unwrap(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The next message that it has got.
    pub(crate) fn next(&self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(PATIENCE).unwrap()).unwrap()
    }

    /// Whether it has got no other one.
    pub(crate) fn has_got_nothing(&self) -> bool {
        self.lines.try_recv().is_err()
    }

    /// Sends it a request of our own making.
    fn send(&self, path: &str, signature: &str, body: &str) -> u16 {
        Request::post_text(path, body)
            .header("Countersign-Signature", signature)
            .send(self.address)
            .status
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A place with the user `ann`, and a receiver.
fn place() -> (Place, Receiver) {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    place.put("hook.secret", &format!("{SECRET}\n"), 0o600);
    let receiver = Receiver::start(&place);
    (place, receiver)
}

/// A place whose server asks the receiver at this path for claims.
fn asking(path: &str, settings: &str) -> (Place, Receiver) {
    let (place, receiver) = place();
    place.configure(&format!(
        "hooks.secret_file = \"hook.secret\"\nhooks.claims_url = \"{}\"\n{settings}",
        receiver.url(path)
    ));
    (place, receiver)
}

fn login(server: &mut Server) -> Answer {
    let credentials = json!({ "username": "ann", "password": "pw-of-ann" });
    server.send(&Request::post("/api/token/", &credentials))
}

fn refresh(server: &mut Server, pair: &Value) -> Answer {
    let body = json!({ "refresh": pair["refresh"] });
    server.send(&Request::post("/api/token/refresh/", &body))
}

pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn sessions(place: &Place) -> i64 {
    let store = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
    let count = "SELECT count(*) FROM session";
    store.query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn claims_come_signed_from_a_second_process_and_a_replay_is_refused_there() {
    let (place, receiver) = asking("claims", "");
    let mut server = place.serve(&["serve"]);
    let pair = login(&mut server).json();
    for token in ["access", "refresh"] {
        let claims = claims(&pair[token]);
        assert_eq!(claims["team"], "blue");
        assert_eq!(claims["greeting"], "hello ann");
    }
    let report = receiver.next();
    assert_eq!(report["refused"], Value::Null, "{report}");
    let text = report["body"].as_str().unwrap();
    let message: Value = serde_json::from_str(text).unwrap();
    assert_eq!(message["event"], "claims");
    assert_eq!(message["occasion"], "sign_in");
    assert_eq!(message["session"], claims(&pair["access"])["sid"]);
    assert_eq!(message["account"]["username"], "ann");
    assert_eq!(message["client"]["ip"], "127.0.0.1");
    assert!(
        !text.contains("pw-of-ann") && !text.contains("argon2"),
        "{text}"
    );

    let signature = report["signature"].as_str().unwrap();
    assert_eq!(receiver.send("/claims", signature, text), 409);
    assert_eq!(receiver.next()["refused"], "replay");
    let forged = text.replace("\"ann\"", "\"eve\"");
    assert_eq!(receiver.send("/claims", signature, &forged), 401);
    assert_eq!(receiver.next()["refused"], "signature");
    let later = signature.replacen("t=1", "t=2", 1);
    assert_eq!(receiver.send("/claims", &later, text), 401);
    assert_eq!(receiver.next()["refused"], "signature");
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    let (place, receiver) = asking("claims", "");
    let proxy = Proxy::start();
    let mut server = place.serve_with(&proxy.variables(), &["serve"]);
    let pair = login(&mut server).json();
    assert_eq!(claims(&pair["access"])["team"], "blue");
    assert_eq!(receiver.next()["refused"], Value::Null);
    place.configure(&format!(
        "hooks.secret_file = \"hook.secret\"\nhooks.login_url = \"{}\"\n",
        receiver.url("login")
    ));
    server.stop();
    let mut server = place.serve_with(&proxy.variables(), &["serve"]);
    login(&mut server);
    assert_eq!(receiver.next()["refused"], Value::Null);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(proxy.asked(), 0);
}

#[test]
fn claims_are_asked_again_at_a_refresh_where_they_are_renewed() {
    for (at_refresh, asked) in [("renewed", true), ("carried", false)] {
        let settings = format!("claims.at_refresh = \"{at_refresh}\"\n");
        let (place, receiver) = asking("claims", &settings);
        let mut server = place.serve(&["serve"]);
        let pair = login(&mut server).json();
        receiver.next();
        let next = refresh(&mut server, &pair).json();
        assert_eq!(claims(&next["access"])["team"], "blue");
        if asked {
            let body = receiver.next()["body"].as_str().unwrap().to_owned();
            let message: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(message["occasion"], "refresh");
        }
        assert!(receiver.has_got_nothing(), "{at_refresh}");
    }
}

#[test]
fn without_an_answer_nothing_is_issued_and_nothing_is_left_behind() {
    let paths = [
        "never",
        "broken",
        "elsewhere",
        "ours",
        "twice",
        "bare",
        "huge",
        "infinite",
    ];
    for path in paths {
        let (place, receiver) = asking(path, "hooks.timeout = \"300ms\"\n");
        let mut server = place.serve(&["serve"]);
        let answer = login(&mut server);
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert_eq!(receiver.next()["refused"], Value::Null);
        assert!(receiver.has_got_nothing(), "{path}: asked again");
        assert_eq!(sessions(&place), 0, "{path}");
        let (_, log) = server.stop();
        let secret = log.iter().find(|line| line.contains(SECRET));
        assert_eq!(secret, None);
    }
}

#[test]
fn a_refusal_is_a_refused_sign_in_and_leaves_nothing_behind() {
    for on_failure in ["refuse", "continue"] {
        let settings = format!("hooks.on_failure = \"{on_failure}\"\n");
        let (place, receiver) = asking("refuse", &settings);
        let mut server = place.serve(&["serve"]);
        assert_eq!(login(&mut server).status, 401, "{on_failure}");
        assert_eq!(receiver.next()["refused"], Value::Null);
        assert_eq!(sessions(&place), 0, "{on_failure}");
        place
            .run(&["token", "issue", "--username", "ann"])
            .failed(1, "may not sign in");
    }
}

#[test]
fn with_continue_tokens_go_without_the_claims_that_nobody_gave() {
    for path in ["none", "never", "broken", "ours", "infinite"] {
        let settings = "hooks.timeout = \"300ms\"\nhooks.on_failure = \"continue\"\n";
        let (place, _receiver) = asking(path, settings);
        let mut server = place.serve(&["serve"]);
        let pair = login(&mut server).json();
        let claims = claims(&pair["access"]);
        assert_eq!(claims["user_id"], "1", "{path}");
        assert_eq!(claims.get("team"), None, "{path}");
    }
}

/// 5 000 bytes from the account and 5 000 from the service are more than a token takes; either would do.
#[test]
fn claims_that_do_not_fit_beside_the_accounts_are_a_failure_of_the_webhook() {
    for (on_failure, status) in [("refuse", 503), ("continue", 200)] {
        let (place, receiver) = asking(
            "long",
            &format!(
                "hooks.on_failure = \"{on_failure}\"\nclaims.from_account = {{ bio = \"attributes.bio\" }}\n"
            ),
        );
        let mut server = place.serve(&["serve"]);
        let alone = login(&mut server).json();
        assert!(claims(&alone["access"])["note"].is_string(), "{alone}");
        let attributes = json!({ "bio": "b".repeat(5000) }).to_string();
        place
            .run(&[
                "user",
                "set",
                "--username",
                "ann",
                "--attributes",
                &attributes,
            ])
            .done();
        let answer = login(&mut server);
        assert_eq!(answer.status, status, "{on_failure}: {answer:?}");
        assert_eq!(receiver.next()["refused"], Value::Null);
        if status == 200 {
            let claims = claims(&answer.json()["access"]);
            assert_eq!(claims["bio"].as_str().map(str::len), Some(5000));
            assert_eq!(claims.get("note"), None);
        }
        let (_, log) = server.stop();
        let warned: Vec<_> = log
            .iter()
            .filter(|line| line.contains("the further claims are longer than 8192 bytes"))
            .collect();
        assert_eq!(warned.len(), 1, "{log:?}");
        assert!(warned[0].contains("\"level\":\"WARN\""), "{warned:?}");
        let told = |text: &str| log.iter().any(|line| line.contains(text));
        assert!(!told(SECRET) && !told("nnnn") && !told("bbbb"), "{log:?}");
    }
}

#[test]
fn a_service_that_is_gone_costs_no_refresh_token() {
    let (place, receiver) = asking("claims", "");
    let mut server = place.serve(&["serve"]);
    let pair = login(&mut server).json();
    drop(receiver);
    assert_eq!(refresh(&mut server, &pair).status, 503);
    server.stop();
    place.configure("");
    let mut server = place.serve(&["serve"]);
    let next = refresh(&mut server, &pair);
    assert_eq!(next.status, 200, "{next:?}");
    assert!(
        !next
            .headers
            .iter()
            .any(|(name, _)| name == "countersign-refresh")
    );
}

#[test]
fn sign_ins_are_told_afterwards_once_each() {
    let (place, receiver) = place();
    place.configure(&format!(
        "hooks.secret_file = \"hook.secret\"\nhooks.login_url = \"{}\"\n",
        receiver.url("login")
    ));
    let mut server = place.serve(&["serve"]);
    let pair = login(&mut server).json();
    refresh(&mut server, &pair);
    let report = receiver.next();
    assert_eq!(report["refused"], Value::Null, "{report}");
    let message: Value = serde_json::from_str(report["body"].as_str().unwrap()).unwrap();
    assert_eq!(message["event"], "login");
    assert_eq!(message["session"], claims(&pair["access"])["sid"]);
    assert_eq!(message["account"]["id"], 1);
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(receiver.has_got_nothing());
}

#[test]
fn what_is_queued_is_delivered_before_the_server_ends() {
    let (place, receiver) = place();
    place.configure(&format!(
        "hooks.secret_file = \"hook.secret\"\nhooks.login_url = \"{}\"\n",
        receiver.url("login")
    ));
    let mut server = place.serve(&["serve"]);
    for _ in 0..20 {
        assert_eq!(login(&mut server).status, 200);
    }
    assert_eq!(server.stop().0, Some(0));
    for _ in 0..20 {
        assert_eq!(receiver.next()["refused"], Value::Null);
    }
}

#[test]
fn a_receiver_of_sign_ins_that_never_answers_holds_nobody_up() {
    let (place, receiver) = place();
    place.configure(&format!(
        "hooks.secret_file = \"hook.secret\"\nhooks.timeout = \"300ms\"\nhooks.login_url = \"{}\"\n",
        receiver.url("never")
    ));
    let mut server = place.serve(&["serve"]);
    for _ in 0..3 {
        assert_eq!(login(&mut server).status, 200);
    }
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    let warned = log.iter().filter(|line| line.contains("was not told"));
    assert_eq!(warned.count(), 3, "{log:?}");
}

/// How long the receiver may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);
