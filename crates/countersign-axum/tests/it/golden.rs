//! The answers recorded from SimpleJWT, step by step; see `tests/vectors/simplejwt/README.md`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::password::PlainPassword;
use countersign::policy::{Blacklist, TokenClass, VerifyPolicy};
use countersign::rotation::RotationMode;
use countersign::{Policy, Preset};
use serde_json::Value;

use crate::site::{Reply, Site, redacted, without_texts};

const RECORDED: &str = include_str!("../vectors/simplejwt/http.json");

/// Steps that are answered differently on purpose: group, step, our status, our body, and why.
const DIFFERENT: &[(&str, &str, u16, &str, &str)] = &[
    ("base", "accept-html", 400, FIELDS, HTML),
    ("base", "accept-browser", 400, FIELDS, HTML),
    (
        "base",
        "no-trailing-slash",
        301,
        "",
        "the original's body is empty, too; only its type says HTML",
    ),
    ("base", "refresh-no-user-id", 401, INVALID, NO_USER),
    ("base", "sliding-refresh-no-user-id", 401, INVALID, NO_USER),
    ("rotate", "refresh-no-user-id", 401, INVALID, NO_USER),
    (
        "rotate_blacklist",
        "refresh-no-user-id",
        401,
        INVALID,
        NO_USER,
    ),
    (
        "no_blacklist_app",
        "refresh-no-user-id",
        401,
        INVALID,
        NO_USER,
    ),
    (
        "no_blacklist_app",
        "refresh-user-id-empty",
        401,
        GONE,
        NO_USER,
    ),
    (
        "no_blacklist_app",
        "blacklist-new",
        404,
        r#"{"detail":"Not found."}"#,
        "without a blacklist there is no endpoint: never a false success",
    ),
];

const FIELDS: &str =
    r#"{"username":["This field is required."],"password":["This field is required."]}"#;
const INVALID: &str = r#"{"detail":"Token is invalid","code":"token_not_valid"}"#;
const GONE: &str = r#"{"detail":"No active account found for the given token."}"#;
const HTML: &str = "HTML is not rendered: whoever accepts it gets JSON";
const NO_USER: &str = "a refresh or sliding token that names no account is refused";

#[tokio::test]
async fn answers_are_those_of_simplejwt() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let mut replay = Replay::default();
    for group in recorded["groups"].as_array().unwrap() {
        replay.group(group).await;
    }
    assert!(
        replay.failures.is_empty(),
        "{}",
        replay.failures.join("\n\n")
    );
    assert_eq!(
        replay.different,
        DIFFERENT.len(),
        "a step listed as different was not met"
    );
    assert_eq!((replay.alike, replay.crashes), (347, 12));
}

#[derive(Default)]
struct Replay {
    saved: BTreeMap<String, String>,
    /// Steps answered as recorded.
    alike: usize,
    /// Steps at which the original crashed, and we refuse.
    crashes: usize,
    different: usize,
    failures: Vec<String>,
}

impl Replay {
    async fn group(&mut self, group: &Value) {
        let name = group["name"].as_str().unwrap();
        let site = Site::with(Preset::SimpleJwt, |policy| settings(policy, group)).await;
        for step in group["steps"].as_array().unwrap() {
            match step.get("action") {
                Some(action) => act(&site, action).await,
                None => self.step(&site, name, step).await,
            }
        }
    }

    async fn step(&mut self, site: &Site, group: &str, step: &Value) {
        let id = step["id"].as_str().unwrap();
        let reply = site.anonymous().send(self.request(&step["request"])).await;
        self.save(&step["request"], &reply);
        let expected = &step["response"];
        let problem = if let Some((.., status, body, _)) = DIFFERENT
            .iter()
            .find(|(of, step, ..)| (*of, *step) == (group, id))
        {
            self.different += 1;
            ((reply.status.as_u16(), reply.text()) != (*status, *body))
                .then(|| "the listed difference changed".to_owned())
        } else if expected["status"] == 500 {
            self.crashes += 1;
            (!matches!(reply.status.as_u16(), 400 | 401))
                .then(|| "not refused, where the original crashed".to_owned())
        } else {
            self.alike += 1;
            compare(expected, &reply, step["request"]["path"].as_str().unwrap())
        };
        if let Some(problem) = problem {
            self.failures.push(format!(
                "{group}/{id}: {problem}\nexpected {expected}\ngot {}",
                reply.shown()
            ));
        }
    }

    fn request(&self, recorded: &Value) -> Request<Body> {
        let filled = |text: &str| {
            let saved = self.saved.iter();
            saved.fold(text.to_owned(), |text, (name, token)| {
                text.replace(&format!("${{{name}}}"), token)
            })
        };
        let method = Method::from_bytes(recorded["method"].as_str().unwrap().as_bytes()).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(recorded["path"].as_str().unwrap())
            .header("host", "testserver");
        for (name, value) in recorded["headers"].as_object().into_iter().flatten() {
            request = request.header(name, filled(value.as_str().unwrap()));
        }
        let body = match (recorded["body"].as_str(), recorded["body_base64"].as_str()) {
            (Some(text), _) => Body::from(filled(text)),
            (None, Some(encoded)) => Body::from(STANDARD.decode(encoded).unwrap()),
            (None, None) => Body::empty(),
        };
        request.body(body).unwrap()
    }

    fn save(&mut self, recorded: &Value, reply: &Reply) {
        let Some(prefix) = recorded["save_as"].as_str() else {
            return;
        };
        for (name, token) in reply.json().as_object().unwrap() {
            self.saved.insert(
                format!("{prefix}_{name}"),
                token.as_str().unwrap().to_owned(),
            );
        }
    }
}

fn compare(expected: &Value, reply: &Reply, path: &str) -> Option<String> {
    if expected["status"] != reply.status.as_u16() {
        return Some("status".to_owned());
    }
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        if reply.header(name) != value.as_str() {
            return Some(format!("header {name}"));
        }
    }
    let language = expected["headers"]["Content-Language"].as_str();
    let alike = if language.is_some_and(|language| language != "en") {
        // Translations are our own: all but the texts is the original's.
        let recorded: Value = serde_json::from_str(expected["body"].as_str()?).unwrap();
        without_texts(reply.json()) == without_texts(recorded)
    } else if let Some(json) = expected.get("body_json") {
        let mut ours = reply.json();
        ours["description"] = json["description"].clone();
        ours == *json
    } else if path == "/api/me/" && reply.status.is_success() {
        // The recorded endpoint is a sample; ours tells the address, too.
        let recorded: Value = serde_json::from_str(expected["body"].as_str()?).unwrap();
        ["id", "username"]
            .iter()
            .all(|key| reply.json()[key] == recorded[key])
    } else if let Some(shape) = expected["body_shape"].as_str() {
        redacted(reply.text()) == shape
    } else {
        expected["body"] == reply.text()
    };
    (!alike).then(|| "body".to_owned())
}

async fn act(site: &Site, action: &Value) {
    let user = action["user"].as_str().unwrap();
    let id = site.account(user).await.id;
    match action["do"].as_str().unwrap() {
        "set_password" => {
            let password = PlainPassword::new(action["password"].as_str().unwrap().to_owned());
            site.authority.set_password(id, password).await.unwrap();
        }
        "deactivate" => site.deactivate(user).await,
        "delete" => {
            site.authority.delete_account(id).await.unwrap();
        }
        other => panic!("unknown action {other}"),
    }
}

/// Translates SimpleJWT's settings.
fn settings(policy: &mut Policy, group: &Value) {
    let settings = &group["settings"];
    let is_on = |name: &str| settings[name] == true;
    let has_blacklist = group["blacklist_app"] == true;
    // The original was asked without throttles, and some groups ask for one name a dozen times.
    policy.throttle.enabled = false;
    policy.rotation.mode = match (
        is_on("ROTATE_REFRESH_TOKENS"),
        is_on("BLACKLIST_AFTER_ROTATION") && has_blacklist,
    ) {
        (false, _) => RotationMode::Off,
        (true, false) => RotationMode::Fork,
        (true, true) => RotationMode::Rotate,
    };
    if is_on("BLACKLIST_AFTER_ROTATION") && has_blacklist {
        policy.verify = VerifyPolicy::AsksLedger;
    }
    if !has_blacklist {
        policy.blacklist = Blacklist::Disabled;
    }
    policy.tokens.check_password_mark = is_on("CHECK_REVOKE_TOKEN");
    policy.accounts.check_active = settings["CHECK_USER_IS_ACTIVE"] != false;
    if let Some(types) = settings["AUTH_HEADER_TYPES"].as_array() {
        policy.wire.auth_header_types = types
            .iter()
            .map(|scheme| scheme.as_str().unwrap().to_owned())
            .collect();
    }
    if let Some(classes) = settings["AUTH_TOKEN_CLASSES"].as_array() {
        policy.tokens.resource_classes = classes
            .iter()
            .map(|path| token_class(path.as_str().unwrap()))
            .collect();
    }
    if settings["AUTH_HEADER_NAME"] == "HTTP_X_ACCESS_TOKEN" {
        "X-Access-Token".clone_into(&mut policy.wire.auth_header_name);
    }
}

fn token_class(path: &str) -> TokenClass {
    match path.rsplit('.').next().unwrap() {
        "AccessToken" => TokenClass::Access,
        "SlidingToken" => TokenClass::Sliding,
        "RefreshToken" => TokenClass::Refresh,
        "UntypedToken" => TokenClass::Untyped,
        other => panic!("unknown class {other}"),
    }
}
