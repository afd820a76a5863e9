//! `/api/users/`: accounts, as programs and staff administer them, over every store.

mod credentials;
mod ending;
mod members;
mod operations;
mod rights;

use std::sync::Arc;

use countersign::account::Privileges;
use countersign::audit::{Actor as AuditActor, AuditKind};
use countersign::authority::AccountRequest;
use countersign::password::PlainPassword;
use countersign::service::{ServiceName, ServiceScope, ServiceScopes};
use countersign::{Policy, Preset};
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::site::{Actor, PASSWORD, Reply, Site};

const USERS: &str = "/api/users/";

/// What a test runs over.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    Memory,
    Sqlite,
}

/// A site over one of the stores, with `alice` (1) and `bob` (2, inactive), and a service credential.
pub(crate) struct Desk {
    pub(crate) site: Site,
    secret: String,
    file: Option<(SqliteStore, TempDir)>,
}

impl Desk {
    pub(crate) async fn modern(engine: Engine) -> Self {
        Self::with(engine, Preset::Modern, |_| {}).await
    }

    pub(crate) async fn with(
        engine: Engine,
        preset: Preset,
        change: impl FnOnce(&mut Policy),
    ) -> Self {
        let (site, file) = match engine {
            Engine::Memory => (Site::with(preset, change).await, None),
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("countersign.db");
                SqliteStore::migrate(&path).unwrap();
                let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
                let shared = Arc::new(store.clone());
                let site = Site::on(preset, change, shared.clone(), shared).await;
                (site, Some((store, folder)))
            }
        };
        let secret = credential(&site, "billing", ServiceScope::Users, None).await;
        Self { site, secret, file }
    }

    /// Lets the store take no writes from now on.
    pub(crate) async fn close_store(&self) {
        let (store, _) = self.file.as_ref().unwrap();
        store.close().await;
    }

    /// The program with the service credential.
    fn service(&self) -> Actor<'_> {
        self.site.holder_of(&self.secret)
    }

    /// A new staff member, signed in.
    async fn staff(&self, name: &str) -> Actor<'_> {
        self.privileged(name, true, false).await
    }

    /// A new superuser, signed in.
    async fn superuser(&self, name: &str) -> Actor<'_> {
        self.privileged(name, true, true).await
    }

    async fn privileged(&self, name: &str, staff: bool, superuser: bool) -> Actor<'_> {
        let request = AccountRequest {
            privileges: Privileges { staff, superuser },
            ..AccountRequest::default()
        };
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        let made = self
            .site
            .authority
            .create_account(name.to_owned(), password, request);
        made.await.unwrap();
        self.site.signed_in(name, PASSWORD).await
    }

    /// Where an account is.
    async fn path(&self, name: &str) -> String {
        format!("{USERS}{}/", self.site.account(name).await.id)
    }

    /// The newest events, oldest first.
    async fn audited(&self, most: u32) -> Vec<(AuditKind, AuditActor)> {
        let events = self.site.authority.store().recent_audit(most).await;
        let newest_first = events.unwrap().into_iter();
        newest_first
            .rev()
            .map(|event| (event.kind, event.actor))
            .collect()
    }
}

/// Makes a service credential and returns its secret.
pub(crate) async fn credential(
    site: &Site,
    name: &str,
    scope: ServiceScope,
    expires_at: Option<Timestamp>,
) -> String {
    let name = ServiceName::parse(name).unwrap();
    let scopes = ServiceScopes::of([scope]).unwrap();
    let made = site
        .authority
        .create_service(name, scopes, expires_at)
        .await;
    made.unwrap().expose().to_owned()
}

/// Insists on a problem with this status and code.
pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
    let text = reply.text();
    assert_eq!(reply.status.as_u16(), status, "{text}");
    assert_eq!(reply.json()["code"], code, "{text}");
    assert_eq!(reply.json()["status"], status, "{text}");
    let content_type = reply.header("content-type");
    assert_eq!(content_type, Some("application/problem+json"), "{text}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let challenge = (status == 401).then_some("Bearer realm=\"api\"");
    assert_eq!(reply.header("www-authenticate"), challenge, "{text}");
}

/// Insists on a success and returns its JSON.
pub(crate) fn done(reply: &Reply) -> Value {
    assert!(reply.status.is_success(), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()
}

/// Each of these tests once over every store.
macro_rules! over_every_store {
    ($($test:ident)+) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::users::Engine::Memory).await;
            })+
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::users::Engine::Sqlite).await;
            })+
        }
    };
}
pub(crate) use over_every_store;
