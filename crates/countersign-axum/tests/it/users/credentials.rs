//! How a program shows who it is.

use async_trait::async_trait;
use axum::http::{HeaderValue, Method, header};
use countersign::Preset;
use countersign::account::{Account, AccountId, AccountKey, Accounts, Residence};
use countersign::memory::MemoryStore;
use countersign::password::EncodedPassword;
use countersign::service::{ServiceName, ServiceScope};
use countersign::store::StoreError;
use countersign_token::UnixMillis;

use super::{Desk, Engine, USERS, credential, done, over_every_store, refused};
use crate::site::{ME, NOW, Site};

over_every_store! {
    a_credential_is_good_for_its_scopes_only
    an_unknown_expired_or_revoked_credential_gets_the_same_answer
}

async fn a_credential_is_good_for_its_scopes_only(engine: Engine) {
    let desk = Desk::modern(engine).await;
    for scope in ServiceScope::ALL {
        let secret = credential(&desk.site, scope.name(), scope, None).await;
        let reply = desk.site.holder_of(&secret).get(USERS).await;
        if scope == ServiceScope::Users {
            done(&reply);
        } else {
            refused(&reply, 403, "insufficient_scope");
        }
    }
}

async fn an_unknown_expired_or_revoked_credential_gets_the_same_answer(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let expires_at = Some(NOW.plus(std::time::Duration::from_secs(10)).timestamp());
    let scope = ServiceScope::Users;
    let expiring = credential(&desk.site, "expiring", scope, expires_at).await;
    let revoked = credential(&desk.site, "revoked", scope, None).await;
    let unknown = format!("cs_{}", "A".repeat(43));
    let cut = desk.secret[..desk.secret.len() - 1].to_owned();
    let longer = format!("{}A", desk.secret);
    let other_case = desk.secret.to_ascii_uppercase().replacen("CS_", "cs_", 1);

    desk.site.clock.advance_millis(9_999);
    for secret in [&expiring, &revoked] {
        done(&desk.site.holder_of(secret).get(USERS).await);
    }
    desk.site.clock.advance_millis(1);
    let name = ServiceName::parse("revoked").unwrap();
    desk.site.authority.revoke_service(&name).await.unwrap();
    let mut bodies = Vec::new();
    for secret in [
        expiring,
        revoked,
        unknown,
        cut,
        longer,
        other_case,
        "cs_".to_owned(),
    ] {
        let reply = desk.site.holder_of(&secret).get(USERS).await;
        refused(&reply, 401, "invalid_credentials");
        bodies.push(reply.text().to_owned());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    done(&desk.service().get(USERS).await);
}

#[tokio::test]
async fn only_the_header_and_only_one_carries_a_secret() {
    let desk = Desk::modern(Engine::Memory).await;
    let secret = &desk.secret;
    let stranger = desk.site.anonymous();
    let query = format!("{USERS}?token={secret}&access_token={secret}");
    refused(&stranger.get(&query).await, 401, "not_authenticated");
    let body = format!(r#"{{"username":"zoe","token":"{secret}"}}"#);
    refused(&stranger.post(USERS, &body).await, 401, "not_authenticated");
    refused(
        &desk.service().post(USERS, &body).await,
        400,
        "unknown_member",
    );
    for (name, value, code) in [
        (
            "cookie",
            format!("access_token={secret}"),
            "not_authenticated",
        ),
        (
            "x-access-token",
            format!("Bearer {secret}"),
            "not_authenticated",
        ),
        ("authorization", secret.clone(), "not_authenticated"),
        (
            "authorization",
            format!("bearer {secret}"),
            "not_authenticated",
        ),
        (
            "authorization",
            format!("Basic {secret}"),
            "not_authenticated",
        ),
        (
            "authorization",
            format!("Bearer {secret} x"),
            "malformed_credentials",
        ),
        (
            "authorization",
            format!("Bearer {secret},"),
            "invalid_credentials",
        ),
        (
            "authorization",
            format!("Bearer \"{secret}\""),
            "invalid_credentials",
        ),
        (
            "authorization",
            "Bearer".to_owned(),
            "malformed_credentials",
        ),
    ] {
        let mut request = stranger.request(Method::GET, USERS);
        let value = HeaderValue::try_from(value).unwrap();
        request.headers_mut().insert(name, value);
        refused(&stranger.send(request).await, 401, code);
    }
    let good = HeaderValue::try_from(format!("Bearer {secret}")).unwrap();
    for second in [
        good.clone(),
        HeaderValue::from_static("Bearer x"),
        HeaderValue::from_static(""),
    ] {
        let mut request = desk.service().request(Method::GET, USERS);
        request.headers_mut().append(header::AUTHORIZATION, second);
        let reply = stranger.send(request).await;
        refused(&reply, 401, "malformed_credentials");
    }
    let mut request = stranger.request(Method::GET, USERS);
    let basic = HeaderValue::from_static("Basic x");
    request.headers_mut().append(header::AUTHORIZATION, basic);
    request.headers_mut().append(header::AUTHORIZATION, good);
    refused(&stranger.send(request).await, 401, "not_authenticated");
}

#[tokio::test]
async fn a_program_shows_its_secret_alike_whatever_the_settings_say_of_tokens() {
    let desk = Desk::with(Engine::Memory, Preset::Modern, |policy| {
        "X-Access-Token".clone_into(&mut policy.wire.auth_header_name);
        policy.wire.auth_header_types = vec!["JWT".to_owned()];
    })
    .await;
    done(&desk.service().get(USERS).await);
    let eve = desk.staff("eve").await;
    refused(&eve.get(USERS).await, 401, "not_authenticated");
    let token = format!("JWT {}", eve.access.as_deref().unwrap());
    let mut request = desk.site.anonymous().request(Method::GET, USERS);
    let token = HeaderValue::try_from(token).unwrap();
    request.headers_mut().insert("x-access-token", token);
    done(&eve.send(request).await);
}

#[tokio::test]
async fn a_service_credential_is_no_token() {
    let desk = Desk::modern(Engine::Memory).await;
    let reply = desk.service().get(ME).await;
    assert_eq!(reply.json()["code"], "token_not_valid");
}

/// The accounts of a program that embeds the authority.
struct Elsewhere(MemoryStore);

#[async_trait]
impl Accounts for Elsewhere {
    fn residence(&self) -> Residence {
        Residence::Elsewhere
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        self.0.find_account_by(key).await
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.0.find_account(id).await
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.0.usernames_of(accounts).await
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.0.sample_passwords(limit).await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        self.0.upgrade_password(id, from, to).await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.0.record_login(id, at).await
    }
}

#[tokio::test]
async fn accounts_that_live_elsewhere_are_not_administered_here() {
    let site = Site::over(Preset::Modern, |_| {}, Elsewhere).await;
    let secret = credential(&site, "billing", ServiceScope::Users, None).await;
    refused(&site.holder_of(&secret).get(USERS).await, 404, "not_found");
    let body = r#"{"username":"zoe"}"#;
    refused(
        &site.holder_of(&secret).post(USERS, body).await,
        404,
        "not_found",
    );
}
