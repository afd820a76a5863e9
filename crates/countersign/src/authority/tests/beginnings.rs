//! Sessions that begin otherwise than with a password: under a given name, or waiting to be enabled.

use super::*;
use crate::session::SessionId;
use crate::store::Enabling;

const NAME: SessionId = SessionId::from_random([0x42; 16]);

async fn begin(house: &House, beginning: Beginning) -> Result<Option<TokenPair>, AuthorityError> {
    let alice = house.account("alice").await.id;
    house
        .authority
        .begin_session(alice, beginning, &BROWSER)
        .await
}

#[tokio::test]
async fn a_given_name_is_taken_once() {
    let house = House::build(Policy::preset(Preset::JwtAllauth)).await;
    let named = Beginning {
        id: Some(NAME),
        ..Beginning::default()
    };
    let pair = begin(&house, named).await.unwrap().unwrap();
    assert_eq!(pair.session, NAME);
    let told = format!("{:?}", NAME.hex());
    assert_eq!(claims(&pair.access).raw("session"), Some(told.as_str()));
    let again = begin(&house, named).await;
    assert!(
        matches!(again, Err(AuthorityError::SessionIdTaken(NAME))),
        "{again:?}"
    );
    assert!(house.is_identified(pair.access.as_str()).await);
}

#[tokio::test]
async fn a_session_that_waits_is_of_no_use_until_it_is_enabled() {
    let house = House::modern().await;
    let waiting = Beginning {
        waits: true,
        ..Beginning::default()
    };
    let pair = begin(&house, waiting).await.unwrap().unwrap();
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::Disabled.into()
    );
    assert!(!house.is_identified(pair.access.as_str()).await);

    let enable = || house.authority.enable_session(pair.session);
    assert_eq!(enable().await.unwrap(), Enabling::Enabled);
    assert_eq!(enable().await.unwrap(), Enabling::Already);
    assert!(house.is_identified(pair.access.as_str()).await);
    house.refresh(pair.refresh.as_str()).await;
    assert!(house.events().await.contains(&AuditKind::SessionEnabled));
    let unknown = house.authority.enable_session(NAME).await.unwrap();
    assert_eq!(unknown, Enabling::Unknown);
}

#[tokio::test]
async fn a_session_that_waits_ends_like_any_other_and_is_not_enabled_then() {
    let house = House::modern().await;
    let waiting = Beginning {
        waits: true,
        ..Beginning::default()
    };
    let pair = begin(&house, waiting).await.unwrap().unwrap();
    house.authority.end_session(pair.session).await.unwrap();
    let enabling = house.authority.enable_session(pair.session).await;
    assert_eq!(
        enabling.unwrap(),
        Enabling::Ended(EndCause::EndedByOperator)
    );
    assert_eq!(
        house.refusal(pair.refresh.as_str()).await,
        Refusal::Ended(EndCause::EndedByOperator).into()
    );
}
