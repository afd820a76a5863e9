//! Clauses: keys at rest.

use std::sync::Arc;

use countersign_token::{Algorithm, KeyId};

use super::fixture::{at, end, first_keys, sealing_key_record, second, signed_in};
use crate::sealed_id::SealingKeyId;
use crate::session::EndCause;
use crate::store::{
    KeyDrop, KeyRecords, SealingKeyRecord, SigningKeyRecord, SigningKeyState, Store,
};

pub(super) async fn a_new_store_has_no_keys(store: Arc<dyn Store>) {
    assert_eq!(store.load_keys().await.unwrap(), None);
}

pub(super) async fn founded_keys_read_back_whole(store: Arc<dyn Store>) {
    let keys = KeyRecords {
        signing: vec![signing_key("k1")],
        ..first_keys(1)
    };
    assert!(store.found_keys(&keys).await.unwrap());
    assert_eq!(store.load_keys().await.unwrap(), Some(keys));
}

pub(super) async fn founding_happens_once(store: Arc<dyn Store>) {
    assert!(store.found_keys(&first_keys(1)).await.unwrap());
    assert!(!store.found_keys(&first_keys(2)).await.unwrap());
    assert_eq!(store.load_keys().await.unwrap(), Some(first_keys(1)));
}

pub(super) async fn signing_keys_of_every_kind_read_back_oldest_first(store: Arc<dyn Store>) {
    store.found_keys(&first_keys(1)).await.unwrap();
    let mut added = Vec::new();
    for algorithm in Algorithm::ALL {
        for state in SigningKeyState::ALL {
            // Names in falling order: the order of the keys is that of their making.
            let kid = format!("k{}", 100 - added.len());
            let key = SigningKeyRecord {
                algorithm,
                state,
                ..signing_key(&kid)
            };
            store.add_signing_key(&key, None).await.unwrap();
            added.push(key);
        }
    }
    assert_eq!(store.load_keys().await.unwrap().unwrap().signing, added);
}

pub(super) async fn sealing_keys_read_back_oldest_first(store: Arc<dyn Store>) {
    store.found_keys(&first_keys(1)).await.unwrap();
    let added = SealingKeyRecord {
        wrapped: vec![9; 60],
        ..sealing_key_record(2)
    };
    store.add_sealing_key(&added).await.unwrap();
    let keys = store.load_keys().await.unwrap().unwrap();
    assert_eq!(keys.sealing, [sealing_key_record(1), added]);
}

pub(super) async fn a_dropped_sealing_key_is_gone_and_no_other(store: Arc<dyn Store>) {
    store.found_keys(&first_keys(1)).await.unwrap();
    store.add_sealing_key(&sealing_key_record(2)).await.unwrap();
    assert_eq!(drop_key(&*store, 1, 0).await, KeyDrop::Dropped);
    assert_eq!(drop_key(&*store, 1, 0).await, KeyDrop::Unknown);
    let keys = store.load_keys().await.unwrap().unwrap();
    assert_eq!(keys.sealing, [sealing_key_record(2)]);
}

pub(super) async fn a_sealing_key_stays_while_its_sessions_must_be_kept(store: Arc<dyn Store>) {
    store.found_keys(&first_keys(1)).await.unwrap();
    store.add_sealing_key(&sealing_key_record(2)).await.unwrap();
    let login = signed_in(&*store).await;
    end(&*store, login.number, EndCause::Logout).await;
    assert_eq!(
        drop_key(&*store, 1, 1059).await,
        KeyDrop::StillInUse,
        "its spent tokens stay ours"
    );
    assert_eq!(store.load_keys().await.unwrap().unwrap().sealing.len(), 2);
    assert_eq!(drop_key(&*store, 2, 1059).await, KeyDrop::Dropped);
    assert_eq!(drop_key(&*store, 1, 1061).await, KeyDrop::Dropped);
}

async fn drop_key(store: &dyn Store, id: i64, at: i64) -> KeyDrop {
    store
        .drop_sealing_key(SealingKeyId::new(id), second(at))
        .await
        .unwrap()
}

/// A signing key of that name.
pub(super) fn signing_key(kid: &str) -> SigningKeyRecord {
    SigningKeyRecord {
        kid: KeyId::parse(kid).unwrap(),
        algorithm: Algorithm::Es256,
        state: SigningKeyState::Active,
        wrapped: vec![0, 3, 253],
        created_at: at(0),
    }
}
