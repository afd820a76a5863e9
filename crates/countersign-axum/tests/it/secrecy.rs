//! Nothing that opens a door is ever logged or shown by `Debug`.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use countersign::Preset;
use countersign::authority::Client;
use countersign::password::PlainPassword;
use countersign::service::{ServiceName, ServiceScope, ServiceScopes};
use tracing_subscriber::fmt::MakeWriter;

use crate::site::{BLACKLIST, ME, OBTAIN, PASSWORD, Site, VERIFY, credentials};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const WRONG: &str = "pw-guessed-by-mallory";

#[tokio::test]
async fn neither_log_nor_debug_shows_a_token_or_a_password() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let site = Site::with(Preset::Modern, |_| {}).await;
    let alice = site.alice().await;
    // Another test may have met a line of the log first, while nobody was listening.
    tracing::callsite::rebuild_interest_cache();
    let failed = alice.post(OBTAIN, &credentials("alice", WRONG)).await;
    let refreshed = alice.refresh().await;
    let successor = refreshed.token("refresh");
    alice.get(ME).await;
    alice.get(&format!("{ME}?token={successor}")).await;
    alice
        .post(VERIFY, &format!(r#"{{"token":"{successor}"}}"#))
        .await;
    alice
        .post(BLACKLIST, &format!(r#"{{"refresh":"{successor}"}}"#))
        .await;
    alice
        .post(BLACKLIST, &format!(r#"{{"refresh":"{successor}x"}}"#))
        .await;
    alice.refresh().await;
    let secret = service_credential(&site).await;
    let made = site
        .holder_of(&secret)
        .post("/api/users/", &credentials("carol", "pw-Carol-123"))
        .await;
    for wrong in [format!("{secret}x"), "cs_".to_owned()] {
        site.holder_of(&wrong).get("/api/users/").await;
    }
    let debugged = outcomes(&site).await;
    drop(guard);

    let logged = log.text();
    assert_eq!(failed.status.as_u16(), 401);
    assert_eq!(made.status.as_u16(), 201);
    assert!(
        logged.contains("service credential was refused"),
        "{logged}"
    );
    assert!(
        logged.contains("http.route=\"/api/token/refresh/\""),
        "{logged}"
    );
    assert!(logged.contains("http.status=401"), "{logged}");
    let signatures = [
        alice.access.as_ref(),
        alice.refresh.as_ref(),
        Some(&successor),
        Some(&refreshed.token("access")),
    ]
    .map(|token| token.unwrap().rsplit('.').next().unwrap().to_owned());
    for secret in signatures.iter().map(String::as_str).chain([
        PASSWORD,
        WRONG,
        "pw-Carol-123",
        &secret,
        "cs_",
        "eyJ",
    ]) {
        assert!(!logged.contains(secret), "the log shows {secret}");
        assert!(!debugged.contains(secret), "Debug shows {secret}");
    }
}

/// The secret of a new service credential; what `Debug` shows of it is checked at once.
async fn service_credential(site: &Site) -> String {
    let name = ServiceName::parse("billing").unwrap();
    let scopes = ServiceScopes::of([ServiceScope::Users]).unwrap();
    let made = site.authority.create_service(name, scopes, None).await;
    let kept = site.authority.list_services().await;
    let shown = format!("{made:?} {kept:?}");
    let secret = made.unwrap().expose().to_owned();
    assert!(!shown.contains("cs_") && shown.contains("****"), "{shown}");
    secret
}

/// What the authority itself says of the same operations.
async fn outcomes(site: &Site) -> String {
    let client = Client::default();
    let password = |text: &str| PlainPassword::new(text.to_owned());
    let authority = &site.authority;
    let opened = authority.login("alice", password(PASSWORD), &client).await;
    let shown = format!("{:?} {opened:?}", password(PASSWORD));
    let Ok(countersign::authority::SignIn::Opened(pair)) = opened else {
        panic!("alice can sign in");
    };
    let refused = authority.login("alice", password(WRONG), &client).await;
    let known = authority.identify(pair.access.as_str()).await;
    let refreshed = authority.refresh(pair.refresh.as_str(), &client).await;
    let revoked = authority.revoke(pair.refresh.as_str()).await;
    let after = authority.identify(pair.access.as_str()).await;
    format!(
        "{shown} {refused:?} {known:?} {refreshed:?} {revoked:?} {after:?} {:?}",
        site.authority
    )
}
