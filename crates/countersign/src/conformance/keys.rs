//! Clauses: keys at rest.

use std::sync::Arc;

use countersign_token::{Algorithm, KeyId};

use super::fixture::{
    at, audited, create, end, event, first_keys, forked, log, login, open, opened,
    sealing_key_record, second, signed_in, step,
};
use crate::audit::AuditKind;
use crate::sealed_id::SealingKeyId;
use crate::session::EndCause;
use crate::store::{
    KeyDrop, KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, NewSession, SealingKeyRecord,
    SigningKeyRecord, SigningKeyState, Store,
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
    for (position, algorithm) in Algorithm::ALL.into_iter().enumerate() {
        for state in SigningKeyState::ALL {
            // One key signs.
            if state == SigningKeyState::Active && position > 0 {
                continue;
            }
            // Names in falling order: the order of the keys is that of their making.
            let kid = format!("k{}", 100 - added.len());
            let key = SigningKeyRecord {
                algorithm,
                ..key_in(&kid, state)
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

pub(super) async fn a_promoted_key_signs_and_the_one_before_is_kept(store: Arc<dyn Store>) {
    let before = ring(&*store).await;
    assert_eq!(promote(&*store).await, KeyTransition::Done);
    let mut expected = before;
    expected[0] = SigningKeyRecord {
        state: SigningKeyState::Retiring,
        since: at(40),
        keep_until: Some(second(700)),
        ..expected[0].clone()
    };
    expected[1] = SigningKeyRecord {
        state: SigningKeyState::Active,
        since: at(40),
        promoted_at: Some(at(40)),
        ..expected[1].clone()
    };
    assert_eq!(signing(&*store).await, expected);
}

pub(super) async fn the_first_promotion_replaces_nothing(store: Arc<dyn Store>) {
    store.found_keys(&first_keys(1)).await.unwrap();
    let key = key_in("standby", SigningKeyState::Standby);
    store.add_signing_key(&key, None).await.unwrap();
    let promotion = KeyPromotion {
        replaces: None,
        ..promotion()
    };
    let promoted = store.promote_signing_key(&promotion, at(40), None).await;
    assert_eq!(promoted.unwrap(), KeyTransition::Done);
    assert_eq!(states(&*store).await, [SigningKeyState::Active]);
}

pub(super) async fn a_replaced_key_is_kept_as_long_as_any_session(store: Arc<dyn Store>) {
    ring(&*store).await;
    let account = create(&*store, "alice").await;
    let far = NewSession {
        keep_until: second(9000),
        ..login(&account)
    };
    opened(store.open_session(&far, None).await);
    open(&*store, &account).await;
    promote(&*store).await;
    assert_eq!(signing(&*store).await[0].keep_until, Some(second(9000)));
}

pub(super) async fn a_promotion_that_lost_a_race_changes_nothing(store: Arc<dyn Store>) {
    ring(&*store).await;
    let before = (signing(&*store).await, log(&*store).await);
    let lost = [
        ("active", Some("active")),
        ("retiring", Some("active")),
        ("retired", Some("active")),
        ("unknown", Some("active")),
        ("standby", Some("retiring")),
        ("standby", Some("unknown")),
        ("standby", None),
    ];
    for (name, replaces) in lost {
        let promotion = KeyPromotion {
            kid: kid(name),
            replaces: replaces.map(kid),
            ..promotion()
        };
        let event = event(AuditKind::KeyPromoted);
        let outcome = store.promote_signing_key(&promotion, at(40), Some(&event));
        assert_eq!(
            outcome.await.unwrap(),
            KeyTransition::Conflict,
            "{promotion:?}"
        );
    }
    assert_eq!((signing(&*store).await, log(&*store).await), before);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn a_retired_key_has_no_secret_left(store: Arc<dyn Store>) {
    let mut expected = ring(&*store).await;
    assert_eq!(retire(&*store, "retiring", 500).await, KeyTransition::Done);
    expected[2] = SigningKeyRecord {
        state: SigningKeyState::Retired,
        since: at(500),
        wrapped: None,
        ..expected[2].clone()
    };
    assert_eq!(signing(&*store).await, expected);
}

pub(super) async fn a_key_is_not_retired_before_its_last_token_expired(store: Arc<dyn Store>) {
    let before = ring(&*store).await;
    let early = retire(&*store, "retiring", 499).await;
    assert_eq!(early, KeyTransition::Conflict);
    assert_eq!(signing(&*store).await, before);
}

pub(super) async fn only_a_retiring_key_is_retired(store: Arc<dyn Store>) {
    let before = ring(&*store).await;
    for name in ["active", "standby", "retired", "unknown"] {
        let outcome = retire(&*store, name, 10_000).await;
        assert_eq!(outcome, KeyTransition::Conflict, "{name}");
    }
    assert_eq!(signing(&*store).await, before);
}

pub(super) async fn a_revoked_key_has_no_secret_left(store: Arc<dyn Store>) {
    let mut expected = ring(&*store).await;
    for position in [1, 2, 3] {
        let key = &mut expected[position];
        let revocation = KeyRevocation {
            kid: key.kid.clone(),
            from: key.state,
            successor: None,
        };
        assert_eq!(revoke(&*store, &revocation).await, KeyTransition::Done);
        (key.state, key.since) = (SigningKeyState::Revoked, at(45));
        key.wrapped = None;
    }
    assert_eq!(signing(&*store).await, expected);
}

pub(super) async fn the_successor_of_a_revoked_key_signs(store: Arc<dyn Store>) {
    let mut expected = ring(&*store).await;
    assert_eq!(revoke(&*store, &revocation()).await, KeyTransition::Done);
    (expected[0].state, expected[0].since) = (SigningKeyState::Revoked, at(45));
    expected[0].wrapped = None;
    (expected[1].state, expected[1].since) = (SigningKeyState::Active, at(45));
    expected[1].promoted_at = Some(at(45));
    assert_eq!(signing(&*store).await, expected);
}

pub(super) async fn a_revocation_that_lost_a_race_changes_nothing(store: Arc<dyn Store>) {
    ring(&*store).await;
    let before = (signing(&*store).await, log(&*store).await);
    let lost = [
        ("active", SigningKeyState::Active, Some("retiring")),
        ("active", SigningKeyState::Active, Some("unknown")),
        ("active", SigningKeyState::Standby, None),
        ("standby", SigningKeyState::Active, Some("standby")),
        ("standby", SigningKeyState::Retiring, None),
        ("retiring", SigningKeyState::Retiring, Some("standby")),
        ("unknown", SigningKeyState::Standby, None),
    ];
    for (name, from, successor) in lost {
        let revocation = KeyRevocation {
            kid: kid(name),
            from,
            successor: successor.map(kid),
        };
        let outcome = revoke(&*store, &revocation).await;
        assert_eq!(outcome, KeyTransition::Conflict, "{revocation:?}");
    }
    assert_eq!((signing(&*store).await, log(&*store).await), before);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn the_active_key_is_not_revoked_without_a_successor(store: Arc<dyn Store>) {
    let before = ring(&*store).await;
    let revocation = KeyRevocation {
        successor: None,
        ..revocation()
    };
    assert_eq!(revoke(&*store, &revocation).await, KeyTransition::Conflict);
    assert_eq!(signing(&*store).await, before);
}

pub(super) async fn sessions_of_a_key_are_counted_by_when_their_tokens_were_made(
    store: Arc<dyn Store>,
) {
    ring(&*store).await;
    let account = create(&*store, "alice").await;
    let old = open(&*store, &account).await;
    promote(&*store).await;
    let new = NewSession {
        created_at: at(41),
        ..login(&account)
    };
    opened(store.open_session(&new, None).await);
    assert_eq!(counted(&*store, "active", 50).await, 1);
    assert_eq!(counted(&*store, "standby", 50).await, 1);
    let mut late = step(&old);
    late.now = at(42);
    store.rotate(&late, None).await.unwrap();
    assert_eq!(counted(&*store, "active", 50).await, 0);
    assert_eq!(counted(&*store, "standby", 50).await, 2);
    for never in ["retired", "unknown"] {
        assert_eq!(counted(&*store, never, 50).await, 0, "{never}");
    }
}

pub(super) async fn only_sessions_that_can_be_refreshed_count(store: Arc<dyn Store>) {
    ring(&*store).await;
    let account = create(&*store, "alice").await;
    let ended = open(&*store, &account).await;
    let blacklisted = open(&*store, &account).await;
    open(&*store, &account).await;
    assert_eq!(counted(&*store, "active", 50).await, 3);
    end(&*store, ended.number, EndCause::Logout).await;
    store
        .blacklist_session_token(blacklisted.number, "its token", at(15), None)
        .await
        .unwrap();
    assert_eq!(counted(&*store, "active", 50).await, 1);
    assert_eq!(counted(&*store, "active", 1000).await, 0, "it has expired");
}

pub(super) async fn forks_count_with_their_root(store: Arc<dyn Store>) {
    ring(&*store).await;
    let login = signed_in(&*store).await;
    forked(&*store, &login).await;
    assert_eq!(counted(&*store, "active", 50).await, 1);
    end(&*store, login.number, EndCause::Logout).await;
    assert_eq!(counted(&*store, "active", 50).await, 0);
}

pub(super) async fn every_step_of_a_key_carries_its_events(store: Arc<dyn Store>) {
    ring(&*store).await;
    let promoted = event(AuditKind::KeyPromoted).of_key(kid("standby"));
    store
        .promote_signing_key(&promotion(), at(40), Some(&promoted))
        .await
        .unwrap();
    let retired = event(AuditKind::KeyRetired).of_key(kid("retiring"));
    store
        .retire_signing_key(&kid("retiring"), at(500), Some(&retired))
        .await
        .unwrap();
    let revoked = [AuditKind::KeyRevoked, AuditKind::KeyPromoted]
        .map(|kind| event(kind).of_key(kid("active")));
    let revocation = KeyRevocation {
        kid: kid("active"),
        from: SigningKeyState::Retiring,
        successor: None,
    };
    store
        .revoke_signing_key(&revocation, at(45), &revoked)
        .await
        .unwrap();
    let [first, second] = revoked;
    assert_eq!(
        store.recent_audit(10).await.unwrap(),
        [second, first, retired, promoted]
    );
}

/// Founds the store with a key in every state but revoked, each under the name of its state.
pub(super) async fn ring(store: &dyn Store) -> Vec<SigningKeyRecord> {
    let signing: Vec<_> = [
        SigningKeyState::Active,
        SigningKeyState::Standby,
        SigningKeyState::Retiring,
        SigningKeyState::Retired,
    ]
    .map(|state| key_in(state.name(), state))
    .to_vec();
    let keys = KeyRecords {
        signing: signing.clone(),
        ..first_keys(1)
    };
    store.found_keys(&keys).await.unwrap();
    signing
}

/// The standby key takes the place of the active one.
pub(super) fn promotion() -> KeyPromotion {
    KeyPromotion {
        kid: kid("standby"),
        replaces: Some(kid("active")),
        keep_until: second(700),
    }
}

pub(super) async fn promote(store: &dyn Store) -> KeyTransition {
    let promoted = store.promote_signing_key(&promotion(), at(40), None).await;
    promoted.unwrap()
}

pub(super) async fn retire(store: &dyn Store, name: &str, seconds: i64) -> KeyTransition {
    let retired = store
        .retire_signing_key(&kid(name), at(seconds), None)
        .await;
    retired.unwrap()
}

/// The active key goes, and the standby key takes its place.
pub(super) fn revocation() -> KeyRevocation {
    KeyRevocation {
        kid: kid("active"),
        from: SigningKeyState::Active,
        successor: Some(kid("standby")),
    }
}

pub(super) async fn revoke(store: &dyn Store, revocation: &KeyRevocation) -> KeyTransition {
    let revoked = store.revoke_signing_key(revocation, at(45), &[]).await;
    revoked.unwrap()
}

pub(super) async fn states(store: &dyn Store) -> Vec<SigningKeyState> {
    let keys = signing(store).await;
    keys.into_iter().map(|key| key.state).collect()
}

pub(super) fn kid(name: &str) -> KeyId {
    KeyId::parse(name).unwrap()
}

async fn signing(store: &dyn Store) -> Vec<SigningKeyRecord> {
    store.load_keys().await.unwrap().unwrap().signing
}

async fn counted(store: &dyn Store, name: &str, seconds: i64) -> u64 {
    let counted = store.count_sessions_of_key(&kid(name), at(seconds)).await;
    counted.unwrap()
}

/// A signing key of that name that signs.
pub(super) fn signing_key(kid: &str) -> SigningKeyRecord {
    key_in(kid, SigningKeyState::Active)
}

/// A signing key of that name, with everything that its state asks for.
pub(super) fn key_in(name: &str, state: SigningKeyState) -> SigningKeyRecord {
    let has_signed = state != SigningKeyState::Standby;
    let signs_no_more = has_signed && state != SigningKeyState::Active;
    SigningKeyRecord {
        kid: kid(name),
        algorithm: Algorithm::Es256,
        state,
        since: at(-5),
        wrapped: state.verifies().then(|| vec![0, 3, 253]),
        created_at: at(-20),
        promoted_at: has_signed.then(|| at(-10)),
        keep_until: signs_no_more.then(|| second(500)),
    }
}
