//! Who is an administrator, and of whom. What administrators do is tested where they ask for it.

use super::*;
use crate::account::Privileges;
use crate::audit::Actor;
use crate::service::ServiceName;

impl House {
    async fn made(&self, staff: bool, superuser: bool, standing: Standing) -> Account {
        let request = AccountRequest {
            privileges: Privileges { staff, superuser },
            inactive: standing == Standing::Inactive,
            ..AccountRequest::default()
        };
        let username = format!("{staff} {superuser} {standing:?}");
        let made = self.authority.create_account(username, None, request);
        made.await.unwrap()
    }
}

#[tokio::test]
async fn active_staff_and_superusers_are_administrators() {
    let house = House::modern().await;
    for (staff, superuser) in [(false, false), (true, false), (false, true), (true, true)] {
        let account = house.made(staff, superuser, Standing::Active).await;
        let expected = match (staff, superuser) {
            (_, true) => Some(Administrator::Superuser(account.id)),
            (true, false) => Some(Administrator::Staff(account.id)),
            (false, false) => None,
        };
        assert_eq!(Administrator::of(&account), expected);
        let inactive = house.made(staff, superuser, Standing::Inactive).await;
        assert_eq!(Administrator::of(&inactive), None);
    }
}

#[tokio::test]
async fn every_administrator_is_named_in_the_audit_log() {
    let house = House::modern().await;
    let billing = ServiceName::parse("billing").unwrap();
    let id = house.made(true, true, Standing::Active).await.id;
    for (by, actor) in [
        (Administrator::Operator, Actor::Operator),
        (
            Administrator::Service(billing.clone()),
            Actor::Service(billing),
        ),
        (Administrator::Superuser(id), Actor::Account(id)),
        (Administrator::Staff(id), Actor::Account(id)),
    ] {
        let username = format!("{by:?}");
        let accounts = house.authority.administered_by(by, &BROWSER);
        let request = AccountRequest::default();
        let made = accounts
            .create_account(username, None, request)
            .await
            .unwrap();
        accounts.end_sessions(made.id).await.unwrap();
        let events = house.store.recent_audit(2).await.unwrap();
        let kinds = [AuditKind::SessionsEnded, AuditKind::AccountCreated];
        for (event, kind) in events.into_iter().zip(kinds) {
            assert_eq!((event.kind, event.actor), (kind, actor.clone()));
            assert_eq!(event.subject, Some(made.id));
        }
    }
}

#[tokio::test]
async fn a_password_out_of_reach_is_not_even_hashed() {
    let house = House::modern().await;
    let root = house.made(true, true, Standing::Active).await;
    let staff = house.made(true, false, Standing::Active).await;
    let accounts = house
        .authority
        .administered_by(Administrator::Staff(staff.id), &BROWSER);
    // One that could not be hashed would be refused as such.
    let unusable = || NewPassword::Plain(PlainPassword::new(String::new()));
    let error = accounts.set_password(root.id, unusable()).await;
    assert!(
        matches!(error, Err(AccountError::SuperuserRequired)),
        "{error:?}"
    );
    let nobody = crate::account::AccountId::new(99);
    let error = accounts.set_password(nobody, unusable()).await;
    assert!(matches!(error, Err(AccountError::Unknown)), "{error:?}");
}
