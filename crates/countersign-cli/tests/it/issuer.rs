//! `jwt.jwk_url`: one server accepts what another one signs, by the keys that it publishes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::program::{Place, Server};
use crate::proxy::Proxy;

/// A server whose users sign in, and which publishes its keys.
struct Issuer {
    place: Place,
    server: Server,
}

impl Issuer {
    fn start() -> Self {
        let place = Place::migrated("");
        place.user("ann", PASSWORD);
        let server = place.serve(&["serve"]);
        Self { place, server }
    }

    fn sign_in(&mut self) -> Value {
        let credentials = json!({ "username": "ann", "password": PASSWORD });
        let answer = self
            .server
            .send(&Request::post("/api/token/", &credentials));
        answer.json()
    }

    /// Settings that trust it.
    fn trusted_by(&mut self) -> String {
        let address = self.server.address();
        format!("{SETTINGS}jwt.jwk_url = \"http://{address}/.well-known/jwks.json\"\n")
    }

    /// Signs with a new key from now on.
    fn change_key(&self) {
        let made = self.place.run(&["keys", "generate", "--json"]).done();
        let made = made.json();
        let kid = made["kid"].as_str().unwrap();
        self.place
            .run(&["keys", "promote", "--now", "--", kid])
            .done();
    }
}

/// A server that trusts an issuer: its user with the same number is the issuer's.
fn trusting(settings: &str) -> (Place, Server) {
    let place = Place::migrated(settings);
    place.user("anna", PASSWORD);
    let server = place.serve(&["serve", "--log", "countersign=debug"]);
    (place, server)
}

fn verify(server: &mut Server, token: &Value) -> Answer {
    server.send(&Request::post(
        "/api/token/verify/",
        &json!({ "token": token }),
    ))
}

#[test]
fn tokens_of_another_server_are_accepted_by_its_published_keys() {
    let mut issuer = Issuer::start();
    let (_place, mut server) = trusting(&issuer.trusted_by());
    let pair = issuer.sign_in();
    for token in [&pair["access"], &pair["refresh"]] {
        let answer = verify(&mut server, token);
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    }
    let me = Request::get("/api/me/").bearer(pair["access"].as_str().unwrap());
    assert_eq!(server.send(&me).json()["username"], "anna");
    let (_, log) = server.stop();
    let fetches = log
        .iter()
        .filter(|line| line.contains("fetched the issuer's keys"));
    assert_eq!(fetches.count(), 1, "{log:?}");
}

#[test]
fn a_key_that_the_issuer_changes_to_is_picked_up() {
    let mut issuer = Issuer::start();
    let (_place, mut server) = trusting(&issuer.trusted_by());
    let before = issuer.sign_in();
    assert_eq!(verify(&mut server, &before["access"]).status, 200);
    issuer.change_key();
    let after = issuer.sign_in();
    assert_eq!(verify(&mut server, &after["access"]).status, 200);
    assert_eq!(verify(&mut server, &before["access"]).status, 200);
    issuer.change_key();
    let again = issuer.sign_in();
    assert_refused(&verify(&mut server, &again["access"]));
}

#[test]
fn a_sign_in_is_signed_with_the_servers_own_key_and_counts_where_it_names_it() {
    let mut issuer = Issuer::start();
    let settings = issuer.trusted_by();
    let credentials = json!({ "username": "anna", "password": PASSWORD });
    for (more, status) in [("", 401), ("keys.kid = \"always\"\n", 200)] {
        let (_place, mut server) = trusting(&format!("{settings}{more}"));
        let pair = server
            .send(&Request::post("/api/token/", &credentials))
            .json();
        assert_eq!(
            verify(&mut server, &pair["access"]).status,
            status,
            "{more}"
        );
        assert_refused(&verify(&mut issuer.server, &pair["access"]));
        let (_, log) = server.stop();
        assert!(
            log.iter().all(|line| !line.contains("fetched the issuer")),
            "our own key is here, and a token without a name causes no fetch: {log:?}"
        );
    }
}

#[test]
fn an_issuer_that_is_gone_refuses_its_tokens_and_the_log_says_why() {
    let mut issuer = Issuer::start();
    let settings = issuer.trusted_by();
    let pair = issuer.sign_in();
    issuer.server.stop();
    let (_place, mut server) = trusting(&settings);
    for _ in 0..3 {
        assert_refused(&verify(&mut server, &pair["access"]));
    }
    let me = Request::get("/api/me/").bearer(pair["access"].as_str().unwrap());
    let refused = server.send(&me);
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["messages"][0]["message"], "Token is invalid");
    let (_, log) = server.stop();
    let said: Vec<_> = log
        .iter()
        .filter(|line| line.contains("the issuer's keys could not be fetched"))
        .collect();
    assert_eq!(said.len(), 1, "{log:?}");
    assert!(said[0].contains("\"level\":\"WARN\""), "{said:?}");
    assert!(said[0].contains("Connection refused"), "{said:?}");
    let token = pair["access"].as_str().unwrap();
    assert!(log.iter().all(|line| !line.contains(token)), "{log:?}");
}

#[test]
fn over_https_the_publishers_certificate_must_be_trusted() {
    let mut issuer = Issuer::start();
    let published = issuer
        .server
        .send(&Request::get("/.well-known/jwks.json"))
        .body;
    let token = &issuer.sign_in()["access"];
    let address = publish_over_tls(published);
    let settings = format!("{SETTINGS}jwt.jwk_url = \"https://{address}/keys.json\"\n");
    let place = Place::migrated("preset = \"simplejwt\"\njwt.algorithm = \"ES256\"\n");
    place.user("anna", PASSWORD);
    place.configure(&settings);

    let mut server = place.serve_trusting("trusted-ca.pem", &["serve"]);
    assert_eq!(verify(&mut server, token).status, 200);
    server.stop();

    let mut server = place.serve_trusting("stranger-ca.pem", &["serve"]);
    assert_refused(&verify(&mut server, token));
    let (_, log) = server.stop();
    assert!(
        log.iter()
            .any(|line| line.contains("invalid peer certificate")),
        "{log:?}"
    );

    place
        .run_trusting("README.md", &["serve"])
        .failed(1, "there can be no HTTPS client");
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    let mut issuer = Issuer::start();
    let published = issuer
        .server
        .send(&Request::get("/.well-known/jwks.json"))
        .body;
    let token = &issuer.sign_in()["access"];
    let over_tls = publish_over_tls(published);
    let proxy = Proxy::start();
    let mut variables = proxy.variables();
    let authorities = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/trusted-ca.pem");
    variables.push(("SSL_CERT_FILE", authorities.to_owned()));
    for settings in [
        issuer.trusted_by(),
        format!("{SETTINGS}jwt.jwk_url = \"https://{over_tls}/keys.json\"\n"),
    ] {
        let place = Place::migrated(SETTINGS);
        place.user("anna", PASSWORD);
        place.configure(&settings);
        let mut server = place.serve_with(&variables, &["serve"]);
        assert_eq!(verify(&mut server, token).status, 200, "{settings}");
    }
    assert_eq!(proxy.asked(), 0);
}

/// An HTTPS server that answers every request with this text, until the tests end.
fn publish_over_tls(text: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../tls/server-key.pem")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever does not trust us leaves in the middle of the handshake.
            let _ = answer_over_tls(stream.unwrap(), Arc::clone(&config), &text);
        }
    });
    address
}

fn answer_over_tls(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    text: &str,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    )?;
    stream.flush()
}

/// SimpleJWT's own answer to a token that is not good.
fn assert_refused(answer: &Answer) {
    let expected = json!({ "detail": "Token is invalid", "code": "token_not_valid" });
    assert_eq!((answer.status, answer.json()), (401, expected));
}

const PASSWORD: &str = "correct horse 9 battery";
const SETTINGS: &str = "preset = \"simplejwt\"\njwt.algorithm = \"ES256\"\n";
