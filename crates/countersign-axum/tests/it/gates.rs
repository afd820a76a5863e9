//! Gates, extractors and guards in process: what no server of ours would issue, and what sits between them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use countersign::Preset;
use countersign::clock::ManualClock;
use countersign_axum::guards::{Permission, email_verified, only_roles, role, roles};
use countersign_axum::{Bearer, Claims, Gate, ResourceServer};
use countersign_token::{
    Access, Algorithm, ClaimsSet, HeaderForm, KeySet, Refresh, SigningKey, TokenKind, Verifier,
};
use tower::ServiceBuilder;

use crate::site::{NOW, Reply, SECRET, Site, send};

const OTHER_SECRET: &[u8] = &[0x5a; 64];

/// A kind that SimpleJWT has no words for.
#[derive(Debug)]
struct Download;

impl TokenKind for Download {
    const TYPE: &'static str = "download";
}

fn resources(secret: &[u8]) -> ResourceServer {
    let key = SigningKey::from_secret(Algorithm::Hs256, secret).unwrap();
    let keys = KeySet::new(vec![key.verification_key()]).unwrap();
    ResourceServer::new(Verifier::new(keys), Arc::new(ManualClock::at(NOW)))
}

fn gate() -> Gate {
    Gate::stateless(resources(SECRET))
}

/// A token of user 7, with these members besides.
fn token(kind: &str, members: &str) -> String {
    signed(SECRET, kind, &format!(r#","user_id":"7"{members}"#))
}

fn signed(secret: &[u8], kind: &str, members: &str) -> String {
    let expires = NOW.timestamp().seconds() + 60;
    let claims = format!(r#"{{"token_type":"{kind}","exp":{expires},"jti":"1"{members}}}"#);
    let key = SigningKey::from_secret(Algorithm::Hs256, secret).unwrap();
    key.encode(HeaderForm::Plain, &ClaimsSet::parse(&claims).unwrap())
        .unwrap()
        .into_string()
}

async fn ask(router: &Router, lines: &[&str]) -> Reply {
    let mut request = Request::builder().uri("/");
    for line in lines {
        request = request.header(header::AUTHORIZATION, *line);
    }
    send(router, request.body(Body::empty()).unwrap()).await
}

async fn show(router: &Router, token: &str) -> Reply {
    ask(router, &[&format!("Bearer {token}")]).await
}

fn guarded(permission: Permission) -> Router {
    let layer = gate().layer::<Access>().with(permission);
    Router::new().route("/", get(async || "in")).layer(layer)
}

#[tokio::test]
async fn a_role_claim_that_is_no_number_admits_nobody() {
    for permission in [role(i64::MIN), roles([0, 700]), only_roles([0, 700])] {
        let router = guarded(permission.clone());
        for members in [
            "",
            r#","role":null"#,
            r#","role":"700""#,
            r#","role":"1000""#,
            r#","role":700.0"#,
            r#","role":true"#,
            r#","role":[700]"#,
            r#","role":{"$gt":0}"#,
            r#","is_staff":true,"is_superuser":true"#,
        ] {
            let reply = show(&router, &token("access", members)).await;
            assert_eq!(
                reply.status,
                StatusCode::FORBIDDEN,
                "{permission:?} {members}"
            );
        }
        let reply = show(&router, &token("access", r#","role":700"#)).await;
        assert_eq!(reply.status, StatusCode::OK, "{permission:?}");
    }
}

#[tokio::test]
async fn roles_between_and_beyond_the_known_ones_count_by_their_number() {
    let admitted = async |permission: Permission| {
        let router = guarded(permission);
        let mut codes = Vec::new();
        for code in [-1, 0, 300, 699, 700, 701, 899, 900, 901, 999, 1000, 1001] {
            let shown = token("access", &format!(r#","role":{code}"#));
            if show(&router, &shown).await.status == StatusCode::OK {
                codes.push(code);
            }
        }
        codes
    };
    assert_eq!(
        admitted(role(700)).await,
        [700, 701, 899, 900, 901, 999, 1000, 1001]
    );
    assert_eq!(admitted(role(1000)).await, [1000, 1001]);
    assert_eq!(admitted(roles([300, 700])).await, [300, 700, 900, 1000]);
    assert_eq!(admitted(only_roles([300, 700])).await, [300, 700]);
    assert_eq!(admitted(only_roles([300, 1000])).await, [300, 1000]);
    assert_eq!(admitted(roles([0; 0])).await, [900, 1000]);
    assert_eq!(admitted(only_roles([0; 0])).await, [0; 0]);
}

#[tokio::test]
async fn an_address_is_verified_if_the_claim_is_true_and_not_otherwise() {
    let router = guarded(email_verified());
    for (members, status) in [
        (r#","email_verified":true"#, 200),
        (r#","email_verified":false"#, 403),
        (r#","email_verified":null"#, 403),
        (r#","email_verified":"true""#, 403),
        (r#","email_verified":"false""#, 403),
        (r#","email_verified":1"#, 403),
        (r#","email_verified":[true]"#, 403),
        ("", 403),
    ] {
        let reply = show(&router, &token("access", members)).await;
        assert_eq!(reply.status.as_u16(), status, "{members}");
    }
}

#[tokio::test]
async fn a_layer_demands_all_that_was_asked_for() {
    let layer = gate()
        .layer::<Access>()
        .with(role(300))
        .with(email_verified());
    let router = Router::new().route("/", get(async || "in")).layer(layer);
    for (members, status) in [
        (r#","role":300,"email_verified":true"#, 200),
        (r#","role":300,"email_verified":false"#, 403),
        (r#","role":0,"email_verified":true"#, 403),
    ] {
        let reply = show(&router, &token("access", members)).await;
        assert_eq!(reply.status.as_u16(), status, "{members}");
    }
}

#[tokio::test]
async fn nothing_shown_is_nobody_and_everything_else_must_be_good() {
    let router = Router::new()
        .route(
            "/",
            get(async |holder: Option<Bearer<Access>>| match holder {
                Some(Bearer(token)) => token.subject().unwrap().to_owned(),
                None => "nobody".to_owned(),
            }),
        )
        .with_state(gate());
    let good = token("access", "");
    let bearer = format!("Bearer {good}");
    for (lines, body) in [
        (vec![], Some("nobody")),
        (vec![""], Some("nobody")),
        (vec![bearer.as_str()], Some("7")),
        (vec!["Bearer"], None),
        (vec!["Bearer x.y.z"], None),
        (vec!["Basic YTpi"], None),
        (vec![&format!("bearer {good}")], None),
        (vec![good.as_str()], None),
        (vec![&format!("{bearer},")], None),
        (vec![&format!("\"{bearer}\"")], None),
        (vec![&format!("{bearer} more")], None),
        (vec![&bearer, &bearer], None),
        (vec!["Basic YTpi", &bearer], None),
        (vec!["", &bearer], None),
    ] {
        let reply = ask(&router, &lines).await;
        if let Some(body) = body {
            assert_eq!((reply.status, reply.text()), (StatusCode::OK, body));
        } else {
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{lines:?}");
            let challenge = reply.header("www-authenticate");
            assert_eq!(challenge, Some("Bearer realm=\"api\""));
        }
    }
}

#[tokio::test]
async fn tokens_elsewhere_open_nothing() {
    let router = guarded(role(0));
    let good = token("access", r#","role":0"#);
    let request = Request::get(format!("/?token={good}&access_token={good}"))
        .header(header::COOKIE, format!("access_token={good}"))
        .header("x-access-token", format!("Bearer {good}"))
        .body(Body::from(format!("access_token={good}")));
    let reply = send(&router, request.unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_a_bad_token_at_either_gate() {
    let site = Site::simplejwt().await;
    for gate in [gate(), Gate::live(Arc::clone(&site.authority))] {
        let layer = gate.layer::<Access>();
        let router = Router::new().route("/", get(async || "in")).layer(layer);
        let line = HeaderValue::from_bytes(b"Bearer \xc5\xff.a.b").unwrap();
        let request = Request::get("/").header(header::AUTHORIZATION, line);
        let reply = send(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.json()["messages"][0]["message"], "Token is invalid");
    }
}

#[tokio::test]
async fn a_token_of_another_kind_opens_nothing_and_is_told_so() {
    let router = |gate: Gate| {
        Router::new()
            .route("/", get(async |_: Bearer<Download>| "in"))
            .with_state(gate)
    };
    let download = token("download", "");
    assert_eq!(
        show(&router(gate()), &download).await.status,
        StatusCode::OK
    );
    let reply = show(&router(gate()), &token("access", "")).await;
    assert_eq!(
        (reply.status, reply.text()),
        (
            StatusCode::UNAUTHORIZED,
            r#"{"detail":"Token has wrong type","code":"token_not_valid"}"#
        )
    );
    let refresh = Router::new()
        .route("/", get(async |_: Bearer<Refresh>| "in"))
        .with_state(gate());
    let reply = show(&refresh, &download).await;
    assert_eq!(reply.json()["messages"][0]["token_class"], "RefreshToken");
    // The authority accepts the classes in its settings and no others, whatever the route asks for.
    let site = Site::simplejwt().await;
    let live = Gate::live(Arc::clone(&site.authority));
    for shown in [download, site.alice().await.access.unwrap()] {
        let reply = show(&router(live.clone()), &shown).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_token_that_names_nobody_opens_nothing() {
    let router = Router::new()
        .route("/", get(async |_: Bearer<Access>| "in"))
        .with_state(gate());
    for user in [
        "",
        r#","user_id":"""#,
        r#","user_id":null"#,
        r#","user_id":[7]"#,
    ] {
        let reply = show(&router, &signed(SECRET, "access", user)).await;
        assert_eq!(
            (reply.status, reply.text()),
            (
                StatusCode::UNAUTHORIZED,
                r#"{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}"#
            ),
            "{user}"
        );
    }
}

#[derive(serde::Deserialize)]
struct Crew {
    team: String,
    #[serde(default)]
    boats: Vec<String>,
}

#[tokio::test]
async fn claims_that_do_not_fit_are_a_refusal_and_no_breakdown() {
    let router = Router::new()
        .route(
            "/",
            get(async |Claims(crew): Claims<Crew>| {
                format!("{}: {}", crew.team, crew.boats.join(", "))
            }),
        )
        .with_state(gate());
    for (members, body) in [
        (
            r#","team":"blue","boats":["Heron","Gull"]"#,
            Some("blue: Heron, Gull"),
        ),
        (r#","team":"blue""#, Some("blue: ")),
        ("", None),
        (r#","team":null"#, None),
        (r#","team":7"#, None),
        (r#","team":"blue","boats":"Heron""#, None),
    ] {
        let reply = show(&router, &token("access", members)).await;
        if let Some(body) = body {
            assert_eq!(reply.text(), body);
        } else {
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{members}");
            assert_eq!(reply.json()["code"], "token_not_valid");
            assert!(reply.header("www-authenticate").is_some());
        }
    }
}

#[tokio::test]
async fn a_resource_server_is_a_stateless_gate_by_itself() {
    let router = Router::new()
        .route("/", get(async |_: Bearer<Access>| "in"))
        .with_state(resources(SECRET));
    assert_eq!(
        show(&router, &token("access", "")).await.status,
        StatusCode::OK
    );
    let foreign = signed(OTHER_SECRET, "access", r#","user_id":"7""#);
    assert_eq!(
        show(&router, &foreign).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_one_gate_let_through_another_one_judges_again() {
    let outer = Gate::stateless(resources(OTHER_SECRET));
    let router = |inner: Gate| {
        Router::new()
            .route("/", get(async |_: Bearer<Access>| "in"))
            .layer(outer.layer::<Access>())
            .with_state(inner)
    };
    let shown = signed(OTHER_SECRET, "access", r#","user_id":"7""#);
    assert_eq!(
        show(&router(gate()), &shown).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        show(&router(outer.clone()), &shown).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn extractors_behind_a_layer_take_what_it_found() {
    // Without the header, only the layer can have known who it was.
    let forget = axum::middleware::map_request(async |mut request: Request| {
        request.headers_mut().remove(header::AUTHORIZATION);
        request
    });
    let gate = gate();
    let router = Router::new()
        .route(
            "/",
            get(
                async |Bearer(token): Bearer<Access>,
                       Extension(same): Extension<Bearer<Access>>| {
                    assert_eq!(token.token_id(), same.0.token_id());
                    "in"
                },
            ),
        )
        .layer(
            ServiceBuilder::new()
                .layer(gate.layer::<Access>())
                .layer(forget),
        )
        .with_state(gate);
    assert_eq!(
        show(&router, &token("access", "")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn header_schemes_and_challenge_of_a_live_gate_are_the_settings() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        "X-Access-Token".clone_into(&mut policy.wire.auth_header_name);
        policy.wire.auth_header_types = vec!["JWT".to_owned()];
    })
    .await;
    let token = site.alice().await.access.unwrap();
    let router = Router::new()
        .route(
            "/",
            get(async |holder: Option<Bearer<Access>>| holder.map_or("nobody", |_| "in")),
        )
        .with_state(Gate::live(Arc::clone(&site.authority)));
    for (name, scheme, body) in [
        ("x-access-token", "JWT", Some("in")),
        ("x-access-token", "Bearer", None),
        ("authorization", "JWT", Some("nobody")),
    ] {
        let request = Request::get("/")
            .header(name, format!("{scheme} {token}"))
            .body(Body::empty());
        let reply = send(&router, request.unwrap()).await;
        match body {
            Some(body) => assert_eq!(reply.text(), body),
            None => assert_eq!(reply.header("www-authenticate"), Some("JWT realm=\"api\"")),
        }
    }
}

#[tokio::test]
async fn a_deactivated_account_is_known_to_the_live_gate() {
    let site = Site::simplejwt().await;
    let token = site.alice().await.access.unwrap();
    let layer = Gate::live(Arc::clone(&site.authority)).layer::<Access>();
    let router: Router = Router::new().route("/", get(async || "in")).layer(layer);
    assert_eq!(show(&router, &token).await.status, StatusCode::OK);
    site.deactivate("alice").await;
    let reply: Reply = show(&router, &token).await;
    assert_eq!(
        reply.text(),
        r#"{"detail":"User is inactive","code":"user_inactive"}"#
    );
}

#[test]
fn a_layer_shows_its_gate_and_what_it_demands_and_no_key() {
    let layer = gate().layer::<Access>().with(role(700));
    let shown = format!("{layer:?}");
    assert_eq!(
        shown,
        "GateLayer { gate: Gate::stateless, permissions: [Permission(Role(From(Role(700))))], .. }"
    );
}

#[test]
fn a_refusal_in_the_middle_of_a_handler_is_the_same_403() {
    let verifier = {
        let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
        Verifier::new(KeySet::new(vec![key.verification_key()]).unwrap())
    };
    let token = verifier
        .verify::<Access>(&token("access", ""), NOW)
        .unwrap();
    let forbidden = role(700).check(&token).unwrap_err();
    let response: Response = axum::response::IntoResponse::into_response(forbidden);
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(!response.headers().contains_key(header::WWW_AUTHENTICATE));
}
