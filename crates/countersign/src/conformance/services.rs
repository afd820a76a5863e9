//! Clauses: service credentials, kept as digests, found by them, revoked by name.

use std::sync::Arc;

use super::fixture::{at, audited, event, second};
use crate::audit::AuditKind;
use crate::service::{
    ServiceCredential, ServiceDigest, ServiceName, ServiceScope, ServiceScopes, ServiceState,
};
use crate::store::{NewServiceCredential, ServiceCreation, ServiceRevocation, Store};

pub(super) fn name(name: &str) -> ServiceName {
    ServiceName::parse(name).unwrap()
}

/// A credential of that name, whose secret is its name and `serial`.
pub(super) fn credential(of: &str, serial: u64) -> NewServiceCredential {
    NewServiceCredential {
        name: name(of),
        digest: digest(of, serial),
        scopes: ServiceScopes::of([ServiceScope::Users]).unwrap(),
        created_at: at(0),
        expires_at: None,
    }
}

fn digest(of: &str, serial: u64) -> ServiceDigest {
    ServiceDigest::of(&format!("{of} {serial}"))
}

async fn create(store: &dyn Store, credential: &NewServiceCredential) -> ServiceCreation {
    store.create_service(credential, None).await.unwrap()
}

async fn revoke(store: &dyn Store, of: &str, seconds: i64) -> ServiceRevocation {
    let revocation = store.revoke_service(&name(of), at(seconds), None).await;
    revocation.unwrap()
}

async fn find(store: &dyn Store, of: &str, serial: u64) -> Option<ServiceCredential> {
    store.find_service(&digest(of, serial)).await.unwrap()
}

fn kept(made: &NewServiceCredential) -> ServiceCredential {
    ServiceCredential {
        name: made.name.clone(),
        digest: made.digest,
        scopes: made.scopes.clone(),
        created_at: made.created_at,
        expires_at: made.expires_at,
        revoked_at: None,
    }
}

pub(super) async fn a_credential_is_found_by_its_digest_as_it_was_made(store: Arc<dyn Store>) {
    let every = ServiceScope::ALL.map(|scope| vec![scope]);
    let together = ServiceScope::ALL.to_vec();
    for (serial, scopes) in (0..).zip(every.into_iter().chain([together])) {
        let made = NewServiceCredential {
            scopes: ServiceScopes::of(scopes).unwrap(),
            expires_at: (serial % 2 == 0).then(|| second(100)),
            ..credential(&format!("service-{serial}"), serial)
        };
        assert_eq!(create(&*store, &made).await, ServiceCreation::Created);
        let found = find(&*store, &format!("service-{serial}"), serial).await;
        assert_eq!(found, Some(kept(&made)));
    }
}

pub(super) async fn another_digest_finds_nothing(store: Arc<dyn Store>) {
    create(&*store, &credential("billing", 1)).await;
    assert_eq!(find(&*store, "billing", 2).await, None);
    let mut bytes = *digest("billing", 1).as_bytes();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        let found = store.find_service(&ServiceDigest::from_bytes(bytes)).await;
        assert_eq!(found.unwrap(), None, "byte {at}");
        bytes[at] ^= 1;
    }
}

pub(super) async fn a_live_name_is_taken_once(store: Arc<dyn Store>) {
    create(&*store, &credential("billing", 1)).await;
    let event = event(AuditKind::ServiceCreated);
    let second = store
        .create_service(&credential("billing", 2), Some(&event))
        .await;
    assert_eq!(second.unwrap(), ServiceCreation::NameTaken);
    assert_eq!(find(&*store, "billing", 2).await, None);
    assert_eq!(audited(&*store).await, []);
    for other in ["Billing", "billing2", "billin"] {
        let made = create(&*store, &credential(other, 1)).await;
        assert_eq!(made, ServiceCreation::Created, "{other}");
    }
}

pub(super) async fn a_name_is_free_again_once_it_is_revoked_or_expired(store: Arc<dyn Store>) {
    create(&*store, &credential("billing", 1)).await;
    revoke(&*store, "billing", 5).await;
    let expiring = NewServiceCredential {
        expires_at: Some(second(10)),
        ..credential("billing", 2)
    };
    assert_eq!(create(&*store, &expiring).await, ServiceCreation::Created);
    let made_at = |seconds, serial| NewServiceCredential {
        created_at: at(seconds),
        ..credential("billing", serial)
    };
    let early = create(&*store, &made_at(9, 3)).await;
    assert_eq!(early, ServiceCreation::NameTaken);
    let due = create(&*store, &made_at(10, 3)).await;
    assert_eq!(due, ServiceCreation::Created);
    let states = [
        (1, ServiceState::Revoked),
        (2, ServiceState::Expired),
        (3, ServiceState::Live),
    ];
    for (serial, state) in states {
        let found = find(&*store, "billing", serial).await.unwrap();
        assert_eq!(found.state(at(10)), state, "number {serial}");
    }
}

pub(super) async fn a_revoked_credential_says_since_when(store: Arc<dyn Store>) {
    let made = credential("billing", 1);
    create(&*store, &made).await;
    create(&*store, &credential("search", 1)).await;
    assert_eq!(
        revoke(&*store, "billing", 5).await,
        ServiceRevocation::Revoked
    );
    let expected = ServiceCredential {
        revoked_at: Some(at(5)),
        ..kept(&made)
    };
    assert_eq!(find(&*store, "billing", 1).await, Some(expected.clone()));
    assert_eq!(
        revoke(&*store, "billing", 6).await,
        ServiceRevocation::Unknown
    );
    assert_eq!(find(&*store, "billing", 1).await, Some(expected));
    let spared = find(&*store, "search", 1).await;
    assert_eq!(spared.and_then(|spared| spared.revoked_at), None);
}

pub(super) async fn revoking_takes_expired_ones_along(store: Arc<dyn Store>) {
    let expired = NewServiceCredential {
        expires_at: Some(second(10)),
        ..credential("billing", 1)
    };
    create(&*store, &expired).await;
    let live = NewServiceCredential {
        created_at: at(20),
        ..credential("billing", 2)
    };
    create(&*store, &live).await;
    assert_eq!(
        revoke(&*store, "billing", 30).await,
        ServiceRevocation::Revoked
    );
    for serial in [1, 2] {
        let found = find(&*store, "billing", serial).await.unwrap();
        assert_eq!(found.revoked_at, Some(at(30)), "number {serial}");
    }
}

pub(super) async fn revoking_nobody_changes_nothing(store: Arc<dyn Store>) {
    create(&*store, &credential("billing", 1)).await;
    let event = event(AuditKind::ServiceRevoked);
    let revocation = store
        .revoke_service(&name("Billing"), at(5), Some(&event))
        .await;
    assert_eq!(revocation.unwrap(), ServiceRevocation::Unknown);
    let found = find(&*store, "billing", 1).await.unwrap();
    assert_eq!(found.revoked_at, None);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn credentials_are_listed_in_order_of_creation(store: Arc<dyn Store>) {
    assert_eq!(store.list_services().await.unwrap(), []);
    let mut expected = Vec::new();
    for of in ["search", "billing", "ci"] {
        let made = credential(of, 1);
        create(&*store, &made).await;
        expected.push(kept(&made));
    }
    revoke(&*store, "billing", 5).await;
    expected[1].revoked_at = Some(at(5));
    assert_eq!(store.list_services().await.unwrap(), expected);
}

pub(super) async fn credentials_carry_their_events(store: Arc<dyn Store>) {
    let created = event(AuditKind::ServiceCreated).of_service(name("billing"));
    let revoked = event(AuditKind::ServiceRevoked).of_service(name("billing"));
    store
        .create_service(&credential("billing", 1), Some(&created))
        .await
        .unwrap();
    store
        .revoke_service(&name("billing"), at(5), Some(&revoked))
        .await
        .unwrap();
    assert_eq!(store.recent_audit(10).await.unwrap(), [revoked, created]);
}
