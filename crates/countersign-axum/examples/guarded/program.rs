use axum::routing::get;
use axum::{Extension, Router};
use countersign::policy::{AccountClaim, AccountField};
use countersign::{Policy, Preset};
use countersign_axum::guards::{Forbidden, email_verified, only_roles, role, roles};
use countersign_axum::{Bearer, Claims, Gate};
use countersign_token::{Access, Role};

const REPORTER: Role = Role::new(300);
const EDITOR: Role = Role::new(700);

/// A newspaper's routes. The gate decides whether tokens are asked after or believed; the routes are the same.
pub(crate) fn application(gate: Gate) -> Router {
    let signed_in = || gate.layer::<Access>();
    let newsroom = Router::new()
        .route("/newsroom", get(async || "what everybody here works on"))
        .route_layer(signed_in().with(roles([REPORTER, EDITOR])));
    let corrections = Router::new()
        .route(
            "/corrections",
            get(async || "what only those who write may do"),
        )
        .route_layer(signed_in().with(only_roles([REPORTER, EDITOR])));
    let letters = Router::new()
        .route("/letters", get(async || "letters to the editor"))
        .route_layer(signed_in().with(email_verified()));
    let archive = Router::new()
        .route("/archive", get(archive))
        .route_layer(signed_in());
    Router::new()
        .route("/", get(async || "the front page"))
        .route("/greeting", get(greeting))
        .route("/profile", get(profile))
        .route(
            "/front-page-plan",
            get(async || "tomorrow's front page").route_layer(signed_in().with(role(EDITOR))),
        )
        .route("/publish", get(publish))
        .route("/desk", get(desk))
        .merge(newsroom)
        .merge(corrections)
        .merge(letters)
        .merge(archive)
        .with_state(gate)
}

/// What the newspaper's tokens must say for all that.
pub(crate) fn policy() -> Policy {
    let claim = |name: &str, field| AccountClaim {
        name: name.to_owned(),
        field,
    };
    let mut policy = Policy::preset(Preset::Modern);
    policy.claims.from_account = vec![
        claim(Role::CLAIM, AccountField::Role),
        claim("email_verified", AccountField::EmailVerified),
        claim("desk", AccountField::Attribute("desk".to_owned())),
    ];
    policy
}

/// Knows its readers, and has a word for those it does not know.
async fn greeting(reader: Option<Bearer<Access>>) -> String {
    match reader {
        Some(Bearer(token)) => format!("good morning, {}", name(&token)),
        None => "good morning, whoever you are".to_owned(),
    }
}

async fn profile(Bearer(token): Bearer<Access>) -> String {
    format!("you are {}", name(&token))
}

/// Behind a layer, which has left the holder in the extensions.
async fn archive(Extension(Bearer(token)): Extension<Bearer<Access>>) -> String {
    format!("a hundred years, for {}", name(&token))
}

/// Some rules are better told inside.
async fn publish(Bearer(token): Bearer<Access>) -> Result<&'static str, Forbidden> {
    role(EDITOR).check(&token)?;
    email_verified().check(&token)?;
    Ok("it is in the paper")
}

/// What the newspaper's own claims say.
#[derive(serde::Deserialize)]
struct Work {
    desk: String,
}

async fn desk(Claims(work): Claims<Work>) -> String {
    format!("the {} desk", work.desk)
}

/// A token that a gate lets through names somebody.
fn name(token: &countersign_token::Authenticated) -> &str {
    token.subject().unwrap_or_default()
}
