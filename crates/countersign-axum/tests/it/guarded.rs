//! The example with guarded routes, over real connections: each route by each kind of visitor, at either gate.

#[path = "../../examples/guarded/program.rs"]
mod program;

use std::net::SocketAddr;
use std::sync::Arc;

use countersign::Preset;
use countersign::account::Privileges;
use countersign::authority::{
    AccountChanges, AccountRequest, Administrator, Blacklisted, Client, Refresh, SignIn, TokenPair,
};
use countersign::memory::MemoryStore;
use countersign::password::PlainPassword;
use countersign::store::{AccountEdit, AccountTable as _, EditTarget, SessionsOnChange};
use countersign_axum::{Gate, ResourceServer};
use countersign_token::{Algorithm, ClaimsSet, KeySet, Verifier};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::site::{NOW, PASSWORD, Site};

/// Who comes, in the order of the columns below.
const VISITORS: [&str; 9] = [
    "nobody",
    "bad token",
    "expired",
    "role 0",
    "role 300",
    "role 700",
    "superuser",
    "staff",
    "unverified",
];

/// What they get. Whoever has role 0 has no desk; `superuser` and `staff` have their roles by their flags, and
/// `unverified` has role 700.
#[rustfmt::skip]
const TABLE: [(&str, [u16; 9]); 10] = [
    ("/",                [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("/greeting",        [200, 401, 401, 200, 200, 200, 200, 200, 200]),
    ("/profile",         [401, 401, 401, 200, 200, 200, 200, 200, 200]),
    ("/archive",         [401, 401, 401, 200, 200, 200, 200, 200, 200]),
    ("/front-page-plan", [401, 401, 401, 403, 403, 200, 200, 200, 200]),
    ("/newsroom",        [401, 401, 401, 403, 200, 200, 200, 200, 200]),
    ("/corrections",     [401, 401, 401, 403, 200, 200, 403, 403, 200]),
    ("/letters",         [401, 401, 401, 200, 200, 200, 200, 200, 403]),
    ("/publish",         [401, 401, 401, 403, 403, 200, 200, 200, 403]),
    ("/desk",            [401, 401, 401, 401, 200, 200, 200, 200, 200]),
];

const DENIED: &str =
    r#"{"detail":"You do not have permission to perform this action.","code":"permission_denied"}"#;
const UNVERIFIED: &str =
    r#"{"detail":"E-mail address is not verified.","code":"email_not_verified"}"#;

/// The newspaper's authority, and its routes twice: behind a gate that asks it, and behind one that does not.
struct Newspaper {
    site: Site,
    store: MemoryStore,
    live: SocketAddr,
    stateless: SocketAddr,
}

impl Newspaper {
    async fn open() -> Self {
        let store = MemoryStore::new();
        let shared = Arc::new(store.clone());
        let policy = |policy: &mut countersign::Policy| {
            policy.claims = program::policy().claims;
            policy.tokens.algorithm = Algorithm::Es256;
        };
        let site = Site::on(Preset::Modern, policy, shared.clone(), shared).await;
        let published = site.authority.jwk_set().await.unwrap();
        let keys = KeySet::from_published_jwk_set(&[Algorithm::Es256], &published).unwrap();
        let resources = ResourceServer::new(Verifier::new(keys), site.clock.clone());
        Self {
            live: serve(Gate::live(Arc::clone(&site.authority))).await,
            stateless: serve(Gate::stateless(resources)).await,
            site,
            store,
        }
    }

    /// Makes an account, with a verified address or without.
    async fn employ(&self, name: &str, request: AccountRequest, verified: bool) {
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        let made = self
            .site
            .authority
            .create_account(name.to_owned(), password, request)
            .await
            .unwrap();
        let address = AccountEdit::Email {
            address: format!("{name}@example.com"),
            verified,
        };
        self.store
            .edit_account(
                EditTarget::any(made.id),
                &[address],
                SessionsOnChange::Keep,
                NOW,
                &[],
            )
            .await
            .unwrap();
    }

    async fn sign_in(&self, name: &str) -> TokenPair {
        let password = PlainPassword::new(PASSWORD.to_owned());
        let authority = &self.site.authority;
        match authority.login(name, password, &Client::default()).await {
            Ok(SignIn::Opened(pair)) => pair,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// What each visitor sends in the header.
    async fn visitors(&self) -> Vec<Option<String>> {
        for (name, role, staff, superuser) in [
            ("role 0", 0, false, false),
            ("role 300", 300, false, false),
            ("role 700", 700, false, false),
            ("superuser", 0, false, true),
            ("staff", 0, true, false),
            ("unverified", 700, false, false),
        ] {
            let request = AccountRequest {
                role,
                privileges: Privileges { staff, superuser },
                attributes: if name == "role 0" {
                    ClaimsSet::new()
                } else {
                    ClaimsSet::parse(r#"{"desk":"sports"}"#).unwrap()
                },
                ..AccountRequest::default()
            };
            self.employ(name, request, name != "unverified").await;
        }
        let expired = self.sign_in("staff").await;
        self.site.clock.advance_millis(11 * 60 * 1000);
        let mut shown = Vec::new();
        for name in VISITORS {
            shown.push(match name {
                "nobody" => None,
                "bad token" => Some(tampered(self.sign_in("staff").await.access.as_str())),
                "expired" => Some(expired.access.as_str().to_owned()),
                name => Some(self.sign_in(name).await.access.as_str().to_owned()),
            });
        }
        shown
    }
}

/// A token with another signature, which could be one.
fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other: String = signature
        .chars()
        .enumerate()
        .map(|(at, c)| match (at, c) {
            (9, 'x') => 'y',
            (9, _) => 'x',
            (_, c) => c,
        })
        .collect();
    format!("{signed}.{other}")
}

async fn serve(gate: Gate) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, program::application(gate)).await });
    address
}

/// An answer as it came over the wire.
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl Answered {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

async fn ask(server: SocketAddr, path: &str, token: Option<&str>) -> Answered {
    let authorization = token.map_or_else(String::new, |token| {
        format!("authorization: Bearer {token}\r\n")
    });
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: news.example\r\n{authorization}connection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Answered {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn every_route_answers_every_visitor_as_the_table_says_at_either_gate() {
    let newspaper = Newspaper::open().await;
    let visitors = newspaper.visitors().await;
    let mut wrong = Vec::new();
    for (gate, server) in [("live", newspaper.live), ("stateless", newspaper.stateless)] {
        for (path, row) in TABLE {
            for ((name, token), status) in VISITORS.iter().zip(&visitors).zip(row) {
                let answered = ask(server, path, token.as_deref()).await;
                if answered.status != status {
                    let got = answered.status;
                    wrong.push(format!("{gate} {path} {name}: {got} and not {status}"));
                }
                let challenge = (status == 401).then_some("Bearer realm=\"api\"");
                if answered.header("www-authenticate") != challenge {
                    wrong.push(format!("{gate} {path} {name}: {}", answered.head));
                }
                let email = path == "/letters" || (path, *name) == ("/publish", "unverified");
                let body = if email { UNVERIFIED } else { DENIED };
                if status == 403 && answered.body != body {
                    wrong.push(format!("{gate} {path} {name}: {}", answered.body));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn refusals_are_simplejwts_at_either_gate() {
    let newspaper = Newspaper::open().await;
    let visitors = newspaper.visitors().await;
    let of_class = |text: &str| {
        format!(
            r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{{"token_class":"AccessToken","token_type":"access","message":"{text}"}}]}}"#
        )
    };
    let absent = r#"{"detail":"Authentication credentials were not provided."}"#;
    let bodies = [
        absent.to_owned(),
        of_class("Token is invalid"),
        of_class("Token is expired"),
    ];
    for server in [newspaper.live, newspaper.stateless] {
        for path in ["/profile", "/archive", "/front-page-plan", "/desk"] {
            for (token, body) in visitors.iter().zip(&bodies) {
                let answered = ask(server, path, token.as_deref()).await;
                assert_eq!(&answered.body, body, "{path}");
                assert_eq!(answered.header("content-type"), Some("application/json"));
                assert_eq!(answered.header("cache-control"), Some("no-store"));
                assert_eq!(answered.header("x-content-type-options"), Some("nosniff"));
            }
        }
        // The one with role 0 has no desk: a good token for something else.
        let answered = ask(server, "/desk", visitors[3].as_deref()).await;
        assert_eq!(answered.body, of_class("Token is invalid"));
    }
}

#[tokio::test]
async fn whoever_is_let_in_is_known_by_name() {
    let newspaper = Newspaper::open().await;
    let alice = newspaper.sign_in("alice").await;
    let token = Some(alice.access.as_str());
    for server in [newspaper.live, newspaper.stateless] {
        for (path, body) in [
            ("/greeting", "good morning, 1"),
            ("/profile", "you are 1"),
            ("/archive", "a hundred years, for 1"),
        ] {
            assert_eq!(ask(server, path, token).await.body, body);
        }
        let stranger = ask(server, "/greeting", None).await;
        assert_eq!(stranger.body, "good morning, whoever you are");
    }
}

#[tokio::test]
async fn only_the_live_gate_knows_that_a_session_has_ended() {
    let newspaper = Newspaper::open().await;
    let alice = newspaper.sign_in("alice").await;
    let token = Some(alice.access.as_str());
    let ended = newspaper
        .site
        .authority
        .blacklist(alice.refresh.as_str(), &Client::default())
        .await;
    assert!(matches!(ended, Ok(Blacklisted::Done)), "{ended:?}");
    for path in ["/profile", "/archive", "/greeting", "/letters", "/desk"] {
        let live = ask(newspaper.live, path, token).await;
        assert_eq!(live.status, 401, "{path}");
        assert!(live.body.contains("Token is blacklisted"), "{}", live.body);
        assert_eq!(live.header("countersign-cause"), Some("logout"));
    }
    for path in ["/profile", "/archive", "/greeting"] {
        let stateless = ask(newspaper.stateless, path, token).await;
        assert_eq!(stateless.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_gone_with_the_next_token() {
    let newspaper = Newspaper::open().await;
    let editor = AccountRequest {
        role: 700,
        ..AccountRequest::default()
    };
    newspaper.employ("eve", editor, true).await;
    let pair = newspaper.sign_in("eve").await;
    let authority = &newspaper.site.authority;
    let eve = authority.find_account("eve").await.unwrap().unwrap();
    let demoted = AccountChanges {
        role: Some(0),
        ..AccountChanges::default()
    };
    authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(eve.id, demoted)
        .await
        .unwrap();
    let refreshed = authority
        .refresh(pair.refresh.as_str(), &Client::default())
        .await;
    let Ok(Refresh::Issued(next)) = refreshed else {
        panic!("{refreshed:?}");
    };
    for server in [newspaper.live, newspaper.stateless] {
        let before = ask(server, "/front-page-plan", Some(pair.access.as_str())).await;
        let after = ask(server, "/front-page-plan", Some(next.access.as_str())).await;
        assert_eq!((before.status, after.status), (200, 403));
    }
}
