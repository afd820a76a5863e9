//! SIGHUP: what is put in force in a running server, what needs a restart, and what a mistake does: nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::client::{Client, PASSWORD};
use crate::http::{Answer, Request};
use crate::program::{Place, Server};
use crate::webhooks::{Receiver, SECRET, claims};

/// A server that runs, with a user `ann`.
struct House {
    place: Place,
    server: Server,
}

impl House {
    fn with(settings: &str) -> Self {
        let place = Place::migrated(settings);
        place.user("ann", PASSWORD);
        let server = place.serve(&["serve"]);
        Self { place, server }
    }

    fn client(&mut self) -> Client {
        Client::connect(self.server.address())
    }

    /// Reloads the configuration, which is in force then; what was logged meanwhile.
    fn reload(&mut self, settings: &str) -> Vec<Value> {
        self.place.configure(settings);
        self.server.address();
        self.server.hang_up();
        self.server.log_until("the configuration was read again")
    }

    /// The same with a configuration that cannot be put in force; what was said of it.
    fn fail_to_reload(&mut self, settings: &str) -> String {
        self.place.configure(settings);
        self.server.address();
        self.server.hang_up();
        let log = self.server.log_until("everything stays as it was");
        let said = log.last().unwrap();
        assert_eq!(said["level"], "ERROR", "{log:?}");
        said["error"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_lifetime_is_in_force_without_a_restart_and_without_losing_a_connection() {
    let mut house = House::with("preset = \"simplejwt\"\njwt.access_token_lifetime = \"7m\"\n");
    let mut client = house.client();
    let before = client.login("ann");
    assert_eq!(life(&before), 420);
    let log = house.reload("preset = \"simplejwt\"\njwt.access_token_lifetime = \"9m\"\n");
    let changes: Vec<_> = log
        .iter()
        .filter(|line| line["setting"].is_string())
        .collect();
    assert_eq!(changes.len(), 1, "{log:?}");
    assert_eq!(changes[0]["setting"], "jwt.access_token_lifetime");
    assert_eq!(changes[0]["was"], "\"7m\"");
    assert_eq!(changes[0]["is"], "\"9m\"");
    assert_eq!(life(&client.login("ann")), 540);
    assert_eq!(
        client.me(&before.text("access")),
        200,
        "what was issued stays good"
    );
    let refreshed = client.refresh(&before.text("refresh"));
    assert_eq!(life(&refreshed), 540);
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_the_log_says_where() {
    let mut house = House::with("jwt.access_token_lifetime = \"7m\"\n");
    let mut client = house.client();
    let said = house.fail_to_reload("jwt.access_token_lifetime = \"9m\"\njwt.leway = 5\n");
    assert!(said.contains("there is no setting `jwt.leway`"), "{said}");
    assert!(said.contains("countersign.toml:4:"), "{said}");
    assert!(said.contains("did you mean `jwt.leeway`?"), "{said}");
    assert_eq!(life(&client.login("ann")), 420);
    let said = house.fail_to_reload("jwt.algorithm = \"EdDSA\"\n");
    assert!(
        said.contains("the active signing key is for ES256"),
        "{said}"
    );
    assert_eq!(life(&client.login("ann")), 420);
    house.reload("jwt.access_token_lifetime = \"9m\"\n");
    assert_eq!(life(&client.login("ann")), 540);
}

#[test]
fn what_needs_a_restart_is_named_each_time_and_the_rest_is_in_force() {
    let mut house = House::with("");
    let mut client = house.client();
    for lifetime in [9, 11] {
        let log = house.reload(&format!(
            "store.url = \"sqlite:other.db\"\nkeys.master_key_file = \"other.key\"\n\
             jwt.access_token_lifetime = \"{lifetime}m\"\n"
        ));
        let waiting: Vec<_> = log
            .iter()
            .filter(|line| line["level"] == "WARN")
            .filter_map(|line| line["setting"].as_str())
            .collect();
        assert_eq!(waiting, ["keys.master_key_file", "store.url"], "{log:?}");
        let store = log
            .iter()
            .find(|line| line["setting"] == "store.url")
            .unwrap();
        assert_eq!(store["in_force"], "\"sqlite:countersign.db\"");
        assert_eq!(store["wanted"], "\"sqlite:other.db\"");
        assert_eq!(
            life(&client.login("ann")),
            lifetime * 60,
            "of the same store"
        );
    }
    assert!(!house.place.path("other.db").exists());
}

#[test]
fn what_was_revoked_stays_revoked() {
    let mut house = House::with("");
    let mut client = house.client();
    let [kept, revoked] = [client.login("ann"), client.login("ann")];
    let refresh = revoked.text("refresh");
    house.place.run_with(&refresh, &["token", "revoke"]).done();
    assert_eq!(client.me(&revoked.text("access")), 401);
    house.reload("jwt.leeway = 3\n");
    assert_eq!(client.me(&revoked.text("access")), 401);
    assert_eq!(client.refresh(&refresh).status, 401);
    assert_eq!(client.me(&kept.text("access")), 200);
    let spent = kept.text("refresh");
    assert_eq!(client.refresh(&spent).status, 200);
    house.place.run_with(&spent, &["token", "revoke"]).done();
    assert_eq!(
        client.me(&kept.text("access")),
        401,
        "the new authority follows the log"
    );
}

#[test]
fn a_signing_key_of_the_configuration_is_replaced_and_never_logged() {
    let settings =
        |secret: &str| format!("preset = \"simplejwt\"\njwt.signing_key = \"{secret}\"\n");
    let [old, new] = [
        "gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN",
        "pQ4rS6tU8vW0xY2zA1bC3dE5fG7hI9jK",
    ];
    let mut house = House::with(&settings(old));
    let mut client = house.client();
    let before = client.login("ann");
    house.reload(&settings(new));
    assert_eq!(client.me(&before.text("access")), 401);
    let after = client.login("ann");
    assert_eq!(client.me(&after.text("access")), 200);
    let (code, log) = house.server.stop();
    assert_eq!(code, Some(0));
    let said = |words: &str| log.iter().any(|line| line.contains(words));
    assert!(
        said("the signing key of the configuration is another one now"),
        "{log:?}"
    );
    assert!(!said(old) && !said(new), "{log:?}");
}

#[test]
fn another_issuer_is_trusted_from_the_reload_on_and_no_longer_after_the_next() {
    let mut issuer = House::with("");
    let address = issuer.server.address();
    let token = issuer.client().login("ann").text("access");
    let alone = "preset = \"simplejwt\"\njwt.algorithm = \"ES256\"\n";
    let trusting = format!("{alone}jwt.jwk_url = \"http://{address}/.well-known/jwks.json\"\n");
    let mut house = House::with(alone);
    let mut client = house.client();
    assert_eq!(client.me(&token), 401);
    house.reload(&trusting);
    assert_eq!(client.me(&token), 200);
    issuer.server.stop();
    house.reload(&format!("{trusting}jwt.leeway = 3\n"));
    assert_eq!(
        client.me(&token),
        200,
        "the keys that were fetched count on"
    );
    house.reload(alone);
    assert_eq!(client.me(&token), 401);
}

#[test]
fn a_proxy_is_believed_from_the_reload_on_and_no_longer_after_the_next() {
    let mut house = House::with("");
    let forwarded = Request::post(
        "/api/token/",
        &json!({ "username": "ann", "password": PASSWORD }),
    )
    .header("X-Real-IP", "192.0.2.9")
    .header("Forwarded", "for=192.0.2.9")
    .header("X-Forwarded-For", "192.0.2.9, unknown")
    .header("X-Forwarded-For", "203.0.113.7:4711");
    let rows = [
        ("", "127.0.0.1"),
        ("server.trusted_proxies = \"127.0.0.0/8\"\n", "203.0.113.7"),
        ("server.trusted_proxies = [\"10.0.0.1\"]\n", "127.0.0.1"),
        (
            "server.trusted_proxies = [\"127.0.0.1\", \"203.0.113.0/24\"]\n",
            "203.0.113.7",
        ),
        ("server.trusted_proxies = []\n", "127.0.0.1"),
    ];
    for (settings, expected) in rows {
        house.reload(settings);
        assert_eq!(house.server.send(&forwarded).status, 200);
        assert_eq!(latest_address(&house.place), expected, "{settings}");
    }
}

#[test]
fn jwt_allauths_endpoints_come_and_go_with_their_prefix() {
    let mut house = House::with("");
    let rows = [
        ("", [404, 404]),
        ("server.allauth_prefix = \"/auth\"\n", [400, 404]),
        ("server.allauth_prefix = \"/api/auth\"\n", [404, 400]),
        ("server.allauth_prefix = \"\"\n", [404, 404]),
    ];
    for (settings, expected) in rows {
        house.reload(settings);
        let statuses = ["/auth/login/", "/api/auth/login/"]
            .map(|path| house.server.send(&Request::post(path, &json!({}))).status);
        assert_eq!(statuses, expected, "{settings}");
    }
}

#[test]
fn changed_hooks_are_in_force_from_the_reload_on() {
    let mut house = House::with("");
    house.place.put("hook.secret", SECRET, 0o600);
    let receiver = Receiver::start(&house.place);
    let hook = |name: &str, path: &str| {
        format!(
            "hooks.secret_file = \"hook.secret\"\nhooks.{name} = \"{}\"\n",
            receiver.url(path)
        )
    };
    let mut client = house.client();
    let mut team = move || {
        let pair = client.login("ann");
        assert_eq!(pair.status, 200, "{pair:?}");
        claims(&pair.json()["access"])["team"].clone()
    };
    assert_eq!(team(), Value::Null);

    let log = house.reload(&hook("claims_url", "claims"));
    let changed = |name: &str| log.iter().any(|line| line["setting"] == name);
    assert!(
        changed("hooks.claims_url") && changed("hooks.secret_file"),
        "{log:?}"
    );
    assert_eq!(team(), "blue");
    assert_eq!(receiver.next()["path"], "/claims");

    let settings = hook("claims_url", "broken");
    house.reload(&format!("{settings}hooks.on_failure = \"continue\"\n"));
    assert_eq!(team(), Value::Null);
    assert_eq!(receiver.next()["path"], "/broken");

    house.reload(&hook("login_url", "login"));
    assert_eq!(team(), Value::Null);
    assert_eq!(receiver.next()["path"], "/login");

    house.reload("");
    assert_eq!(team(), Value::Null);
    let (code, log) = house.server.stop();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(receiver.has_got_nothing());
    assert!(log.iter().all(|line| !line.contains(SECRET)), "{log:?}");
}

#[test]
fn no_request_is_lost_while_the_configuration_is_read_again_and_again() {
    let mut house = House::with("");
    let mut client = house.client();
    let access = client.login("ann").text("access");
    let requests =
        std::thread::spawn(move || (0..300).map(|_| client.me(&access)).collect::<Vec<_>>());
    for leeway in 1..=5 {
        house.reload(&format!("jwt.leeway = {leeway}\n"));
    }
    assert_eq!(requests.join().unwrap(), vec![200; 300]);
    assert_eq!(house.server.send(&Request::get("/readyz")).status, 200);
}

/// Where the latest request that the audit log tells of came from.
fn latest_address(place: &Place) -> String {
    let store = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
    let latest = "SELECT ip FROM audit_event ORDER BY rowid DESC LIMIT 1";
    store.query_row(latest, [], |row| row.get(0)).unwrap()
}

/// How long the access token in an answer lives, in seconds.
fn life(answer: &Answer) -> i64 {
    let token = answer.text("access");
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap_or(json!(null));
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}
