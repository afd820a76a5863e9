//! Devices: recorded when a session opens, whichever way, and never again.

use super::*;
use crate::device::Device;

const CURL: Client<'static> = Client {
    user_agent: Some("curl/8.5.0"),
    ip: None,
};

impl House {
    /// What is recorded of the device of the newest session.
    async fn newest_device(&self) -> Option<Device> {
        let alice = self.account("alice").await.id;
        let newest = self.store.live_sessions_of(alice).await.unwrap()[0].number;
        let mut devices = self.store.devices_of(&[newest]).await.unwrap();
        devices.remove(&newest)
    }

    async fn newest_browser(&self) -> Option<String> {
        self.newest_device().await?.browser
    }
}

fn collecting(preset: Preset, collect_devices: bool) -> Policy {
    let mut policy = Policy::preset(preset);
    policy.collect_devices = collect_devices;
    policy
}

#[tokio::test]
async fn every_way_to_open_a_session_records_the_device() {
    let mut policy = collecting(Preset::SimpleJwt, true);
    policy.rotation.mode = RotationMode::Rotate;
    let house = House::build(policy).await;
    let alice = house.account("alice").await.id;
    let password = || PlainPassword::new(PASSWORD.to_owned());
    let curl = Some("curl".to_owned());

    house
        .authority
        .login("alice", password(), &CURL)
        .await
        .unwrap();
    assert_eq!(house.newest_browser().await, curl, "a sign-in");
    let other = Client {
        user_agent: Some("okhttp/4.12.0"),
        ip: None,
    };
    house
        .authority
        .open_session(alice, &other)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        house.newest_browser().await.as_deref(),
        Some("okhttp"),
        "without a password"
    );
    house
        .authority
        .login_sliding("alice", password(), &CURL)
        .await
        .unwrap();
    assert_eq!(house.newest_browser().await, curl, "a sliding token");
    let foreign = house.forge("refresh", FOREIGN_ID, &alice.get().to_string());
    let Refresh::Issued(refreshed) = house.authority.refresh(&foreign, &other).await.unwrap()
    else {
        panic!("the first use of a foreign token is refused");
    };
    assert_eq!(
        house.newest_browser().await.as_deref(),
        Some("okhttp"),
        "a foreign token"
    );

    let next = refreshed.refresh.unwrap().into_string();
    house.authority.refresh(&next, &CURL).await.unwrap();
    assert_eq!(
        house.newest_browser().await.as_deref(),
        Some("okhttp"),
        "a refresh from another device changes nothing"
    );
}

#[tokio::test]
async fn nothing_is_recorded_of_who_says_nothing_or_where_nobody_asks() {
    let silent = House::build(collecting(Preset::Modern, true)).await;
    let alice = silent.account("alice").await.id;
    silent
        .authority
        .open_session(alice, &Client::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(silent.newest_device().await, None);
    let off = House::build(collecting(Preset::Modern, false)).await;
    let alice = off.account("alice").await.id;
    off.authority
        .open_session(alice, &CURL)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(off.newest_device().await, None);
}
