//! Clauses: devices, written with their sessions, read together, gone with them.

use std::sync::Arc;

use super::fixture::{
    Batches, adoption, create, end, forked, login, open, opened, row, second, step,
};
use crate::account::Account;
use crate::device::Device;
use crate::session::{EndCause, SessionNumber};
use crate::store::{AccountGuard, Adopted, NewSession, Opening, Rotation, Store};

/// A device of which everything is known.
fn phone() -> Device {
    Device {
        ip: Some("2001:db8::7".parse().unwrap()),
        is_mobile: Some(true),
        is_tablet: Some(false),
        is_pc: Some(false),
        is_bot: Some(true),
        browser: Some("Chrome Mobile".to_owned()),
        browser_version: Some("124.0.6367".to_owned()),
        os: Some("Android".to_owned()),
        os_version: Some(String::new()),
        device: Some("ü".repeat(Device::MAX_TEXT_CHARACTERS)),
        device_brand: Some("<b>\'Google\'</b>".to_owned()),
        device_model: Some("Pixel \"8\"; --".to_owned()),
        user_agent: Some("x".repeat(Device::MAX_USER_AGENT_BYTES)),
    }
}

fn login_on(device: Option<Device>, account: &Account) -> NewSession {
    NewSession {
        device,
        ..login(account)
    }
}

async fn device_of(store: &dyn Store, session: SessionNumber) -> Option<Device> {
    let mut devices = store.devices_of(&[session]).await.unwrap();
    let device = devices.remove(&session);
    assert!(devices.is_empty(), "{devices:?}");
    device
}

pub(super) async fn a_device_is_found_as_it_was_recorded(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let address = Device {
        ip: Some("203.0.113.7".parse().unwrap()),
        ..Device::default()
    };
    for device in [phone(), address, Device::default()] {
        let login = login_on(Some(device.clone()), &account);
        let session = opened(store.open_session(&login, None).await);
        assert_eq!(device_of(&*store, session.number).await, Some(device));
    }
}

pub(super) async fn a_session_without_a_device_has_none(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let session = open(&*store, &account).await;
    assert_eq!(device_of(&*store, session.number).await, None);
    assert_eq!(device_of(&*store, SessionNumber::MAX).await, None);
}

pub(super) async fn devices_are_read_together_and_only_those_asked_for(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let login = login_on(Some(phone()), &account);
        numbers.push(opened(store.open_session(&login, None).await).number);
    }
    numbers.push(open(&*store, &account).await.number);
    let asked = [numbers[4], numbers[1], numbers[5], numbers[1]];
    let found = store.devices_of(&asked).await.unwrap();
    let expected = [(numbers[1], phone()), (numbers[4], phone())];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    assert!(store.devices_of(&[]).await.unwrap().is_empty());
}

pub(super) async fn an_adopted_token_records_its_device(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut adoption = adoption("django", &account);
    adoption.session.device = Some(phone());
    let adopted = store.adopt_foreign_token(&adoption, None).await.unwrap();
    let Adopted::Opened(session) = adopted else {
        panic!("{adopted:?}");
    };
    assert_eq!(device_of(&*store, session.number).await, Some(phone()));
}

pub(super) async fn a_refused_opening_records_no_device(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let before = open(&*store, &account).await.number;
    let mut login = login_on(Some(phone()), &account);
    login.guard = AccountGuard::Stored {
        credential_version: account.credential_version + 1,
        must_be_active: true,
    };
    let opening = store.open_session(&login, None).await.unwrap();
    assert_eq!(opening, Opening::AccountChanged);
    let around = (before.get()..before.get() + 3).filter_map(SessionNumber::new);
    let around: Vec<_> = around.collect();
    assert!(store.devices_of(&around).await.unwrap().is_empty());
}

pub(super) async fn a_device_stays_as_it_is_whatever_becomes_of_its_session(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = login_on(Some(phone()), &account);
    let session = opened(store.open_session(&login, None).await);
    let fork = forked(&*store, &session).await;
    assert_eq!(device_of(&*store, fork.number).await, None);
    let rotation = store.rotate(&step(&session), None).await.unwrap();
    assert!(matches!(rotation, Rotation::Won(_)), "{rotation:?}");
    end(&*store, session.number, EndCause::Logout).await;
    assert_eq!(device_of(&*store, session.number).await, Some(phone()));
}

pub(super) async fn a_device_is_purged_with_its_session_and_not_before(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut due = Vec::new();
    for _ in 0..3 {
        let login = login_on(Some(phone()), &account);
        due.push(opened(store.open_session(&login, None).await).number);
    }
    let kept = NewSession {
        keep_until: second(3000),
        ..login_on(Some(phone()), &account)
    };
    let kept = opened(store.open_session(&kept, None).await);
    let mut batches = Batches::default();
    loop {
        let more = batches.add(store.purge_sessions(second(2000), 2).await.unwrap(), 2);
        for &number in &due {
            let session = store.find_session(number).await.unwrap();
            let device = device_of(&*store, number).await;
            assert_eq!(session.is_some(), device.is_some(), "{number:?}");
        }
        if !more {
            break;
        }
    }
    assert_eq!(batches.removed, 3);
    assert_eq!(row(&*store, kept.number).await, kept);
    assert_eq!(device_of(&*store, kept.number).await, Some(phone()));
}
