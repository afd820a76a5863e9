//! Service credentials: made, shown, refused.

use countersign_token::Timestamp;

use super::*;
use crate::audit::Actor;
use crate::service::{ServiceName, ServiceScope, ServiceScopes, ServiceState};

fn name(name: &str) -> ServiceName {
    ServiceName::parse(name).unwrap()
}

fn scopes(scope: ServiceScope) -> ServiceScopes {
    ServiceScopes::of([scope]).unwrap()
}

impl House {
    async fn service(&self, of: &str, expires_at: Option<Timestamp>) -> String {
        let made = self
            .authority
            .create_service(name(of), scopes(ServiceScope::Feed), expires_at)
            .await;
        made.unwrap().expose().to_owned()
    }

    async fn authenticated(&self, secret: &str, scope: ServiceScope) -> ServiceAuthentication {
        let authentication = self.authority.authenticate_service(secret, scope);
        authentication.await.unwrap()
    }
}

#[tokio::test]
async fn a_secret_opens_its_scope_until_it_expires_or_is_revoked() {
    let house = House::modern().await;
    let expires_at = NOON.plus(Duration::from_mins(1)).timestamp();
    let expiring = house.service("expiring", Some(expires_at)).await;
    let revoked = house.service("revoked", None).await;
    let granted = |of| ServiceAuthentication::Granted(name(of));
    let refused = ServiceAuthentication::Refused;
    let feed = ServiceScope::Feed;
    assert_eq!(
        house.authenticated(&expiring, feed).await,
        granted("expiring")
    );
    assert_eq!(
        house.authenticated(&revoked, feed).await,
        granted("revoked")
    );
    let users = ServiceScope::Users;
    assert_eq!(
        house.authenticated(&revoked, users).await,
        refused(ServiceRefusal::MissingScope(users))
    );
    assert_eq!(
        house.authenticated("cs_", feed).await,
        refused(ServiceRefusal::Unknown)
    );
    house.clock.advance_millis(60_000);
    house
        .authority
        .revoke_service(&name("revoked"))
        .await
        .unwrap();
    assert_eq!(
        house.authenticated(&expiring, feed).await,
        refused(ServiceRefusal::Expired)
    );
    assert_eq!(
        house.authenticated(&revoked, feed).await,
        refused(ServiceRefusal::Revoked)
    );
    let listed = house.authority.list_services().await.unwrap();
    let states: Vec<_> = listed.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [ServiceState::Expired, ServiceState::Revoked]);
}

#[tokio::test]
async fn no_two_secrets_are_alike_and_none_is_stored() {
    let house = House::modern().await;
    let mut secrets = HashSet::new();
    for number in 0..50 {
        secrets.insert(house.service(&format!("service-{number}"), None).await);
    }
    assert_eq!(secrets.len(), 50);
    assert!(!format!("{:?}", house.store).contains("cs_"));
}

#[tokio::test]
async fn what_would_be_refused_from_the_start_is_not_made() {
    let house = House::modern().await;
    let refused = |expires_at| {
        house
            .authority
            .create_service(name("late"), scopes(ServiceScope::Feed), expires_at)
    };
    for expires_at in [0, NOON.timestamp().seconds()] {
        let error = refused(Some(Timestamp::from_seconds(expires_at))).await;
        assert!(
            matches!(error, Err(ServiceError::AlreadyExpired)),
            "{error:?}"
        );
    }
    assert_eq!(house.authority.list_services().await.unwrap(), []);
}

#[tokio::test]
async fn making_and_revoking_are_audited() {
    let house = House::modern().await;
    house.service("billing", None).await;
    let taken = house
        .authority
        .create_service(name("billing"), scopes(ServiceScope::Users), None)
        .await;
    assert!(matches!(taken, Err(ServiceError::NameTaken)), "{taken:?}");
    house
        .authority
        .revoke_service(&name("billing"))
        .await
        .unwrap();
    let again = house.authority.revoke_service(&name("billing")).await;
    assert!(matches!(again, Err(ServiceError::Unknown)), "{again:?}");
    let events = house.store.recent_audit(2).await.unwrap();
    let events = events
        .into_iter()
        .map(|event| (event.kind, event.actor, event.service));
    let expected = [AuditKind::ServiceRevoked, AuditKind::ServiceCreated]
        .map(|kind| (kind, Actor::Operator, Some(name("billing"))));
    assert_eq!(events.collect::<Vec<_>>(), expected);
}
