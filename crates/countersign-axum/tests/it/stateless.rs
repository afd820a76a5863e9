//! A resource server without accounts: SimpleJWT's stateless authentication.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use countersign::clock::ManualClock;
use countersign_axum::{ResourceServer, Stateless};
use countersign_token::{Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, Verifier};

use crate::site::{NOW, Reply, SECRET, send};

fn router() -> Router {
    let keys = KeySet::new(vec![key().verification_key()]).unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    Router::new()
        .route(
            "/",
            get(async |Stateless(user): Stateless| user.to_string()),
        )
        .with_state(ResourceServer::new(Verifier::new(keys), clock))
}

fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap()
}

/// A token of this kind, which ends so many seconds from now, with a user claim.
fn token(kind: &str, life: i64, user: &str) -> String {
    let expires = NOW.plus(Duration::ZERO).timestamp().seconds() + life;
    let claims = format!(r#"{{"token_type":"{kind}","exp":{expires},"jti":"1"{user}}}"#);
    let claims = ClaimsSet::parse(&claims).unwrap();
    key()
        .encode(HeaderForm::Plain, &claims)
        .unwrap()
        .into_string()
}

async fn ask(authorization: Option<&str>) -> Reply {
    let mut request = Request::get("/");
    if let Some(line) = authorization {
        request = request.header(header::AUTHORIZATION, line);
    }
    send(&router(), request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_user_is_what_the_claims_say() {
    for user in [r#","user_id":"7""#, r#","user_id":7"#] {
        let line = format!("Bearer {}", token("access", 60, user));
        let reply = ask(Some(&line)).await;
        assert_eq!(
            (reply.status, reply.text()),
            (StatusCode::OK, "TokenUser 7")
        );
    }
}

#[tokio::test]
async fn everybody_else_gets_simplejwts_refusal_and_the_challenge() {
    let message = |text: &str| {
        format!(
            r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{{"token_class":"AccessToken","token_type":"access","message":"{text}"}}]}}"#
        )
    };
    let no_user = r#"{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}"#;
    let seven = r#","user_id":"7""#;
    let bearer = |token: String| Some(format!("Bearer {token}"));
    let rows = [
        (None, r#"{"detail":"Authentication credentials were not provided."}"#.to_owned()),
        (bearer(String::new()), r#"{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}"#.to_owned()),
        (bearer("x.y.z".to_owned()), message("Token is invalid")),
        (bearer(token("access", 0, seven)), message("Token is expired")),
        (bearer(token("refresh", 60, seven)), message("Token has wrong type")),
        (bearer(token("access", 60, "")), no_user.to_owned()),
        (bearer(token("access", 60, r#","user_id":null"#)), no_user.to_owned()),
    ];
    for (line, body) in rows {
        let reply = ask(line.as_deref()).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.text(), body, "{line:?}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"api\"")
        );
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}
