//! Clauses: the revocation log.

use std::sync::Arc;

use countersign_token::{AccountState, Timestamp};

use super::fixture::{
    Batches, adoption, at, audited, create, edit, end, event, fork_of, forked, log, log_scopes,
    login, open, opened, owner, row, second, signed_in, step,
};
use super::keys;
use crate::account::Standing;
use crate::audit::AuditKind;
use crate::session::EndCause;
use crate::store::{
    AccountEdit, EditTarget, Fork, KeyRevocation, KeyTransition, LogEntry, LogScope, NewSession,
    SessionsOnChange, SigningKeyState, Store, TokenRevocation,
};

pub(super) async fn a_new_log_is_empty(store: Arc<dyn Store>) {
    assert_eq!(log(&*store).await, []);
}

pub(super) async fn sequences_rise_from_above_zero(store: Arc<dyn Store>) {
    revoke(&*store, &["a", "b", "c"]).await;
    let sequences: Vec<_> = log(&*store)
        .await
        .iter()
        .map(|entry| entry.sequence)
        .collect();
    assert!(
        sequences.is_sorted_by(|a, b| a < b) && sequences[0] > 0,
        "{sequences:?}"
    );
}

pub(super) async fn entries_are_read_in_order_from_anywhere(store: Arc<dyn Store>) {
    revoke(&*store, &["a", "b", "c", "d", "e"]).await;
    let whole = log(&*store).await;
    let mut read = Vec::new();
    loop {
        let after = read
            .last()
            .map_or(0, |entry: &crate::store::LogEntry| entry.sequence);
        let batch = store.log_entries_after(after, 2).await.unwrap();
        assert!(batch.len() <= 2, "{batch:?}");
        if batch.is_empty() {
            break;
        }
        read.extend(batch);
    }
    assert_eq!(read, whole);
}

pub(super) async fn an_entry_is_read_as_it_was_written(store: Arc<dyn Store>) {
    let revocation = TokenRevocation {
        token_id: "a token".to_owned(),
        forget_at: second(99),
    };
    store.revoke_token(&revocation, at(41), None).await.unwrap();
    let entries = log(&*store).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].scope, LogScope::Token("a token".to_owned()));
    assert_eq!((entries[0].cause, entries[0].at), (None, at(41)));
    assert_eq!(entries[0].forget_at, second(99));
}

pub(super) async fn the_marker_changes_with_every_append(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let mut marker = store.change_marker().await.unwrap();
    for change in 0..4 {
        match change {
            0 => revoke(&*store, &["a"]).await,
            1 => drop(end(&*store, login.number, EndCause::Logout).await),
            2 => store.revoke_everything(at(50), None).await.unwrap(),
            _ => drop(ended_all(&*store, &login).await),
        }
        let moved = store.change_marker().await.unwrap();
        assert_ne!(moved, marker, "after change {change}");
        marker = moved;
    }
}

pub(super) async fn the_marker_changes_with_the_signing_keys(store: Arc<dyn Store>) {
    keys::ring(&*store).await;
    let mut marker = store.change_marker().await.unwrap();
    for change in 0..4 {
        change_keys(&*store, change).await;
        let moved = store.change_marker().await.unwrap();
        assert_ne!(moved, marker, "after change {change}");
        marker = moved;
    }
}

pub(super) async fn every_change_of_the_signing_keys_is_logged(store: Arc<dyn Store>) {
    keys::ring(&*store).await;
    for change in 0..4 {
        change_keys(&*store, change).await;
    }
    let expected = [
        LogScope::KeyRing,
        LogScope::KeyRing,
        LogScope::KeyRing,
        LogScope::Key(keys::kid("standby")),
    ];
    assert_eq!(log_scopes(&*store).await, expected);
}

pub(super) async fn entries_about_signing_keys_are_never_forgotten(store: Arc<dyn Store>) {
    keys::ring(&*store).await;
    for change in 0..4 {
        change_keys(&*store, change).await;
    }
    forgets_no_earlier_than(&*store, LogEntry::NEVER_FORGOTTEN).await;
}

pub(super) async fn an_entry_is_readable_when_it_is_acknowledged(store: Arc<dyn Store>) {
    for count in 1..=20 {
        revoke(&*store, &["a"]).await;
        assert_eq!(log(&*store).await.len(), count);
    }
}

pub(super) async fn revoking_everything_covers_every_number_drawn_and_none_after(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    let before = open(&*store, &account).await.number.get();
    store.revoke_everything(at(50), None).await.unwrap();
    let after = open(&*store, &account).await.number.get();
    let entries = log(&*store).await;
    let [LogScope::EverythingUpto(upto)] = [&entries[0].scope].map(Clone::clone) else {
        panic!("{entries:?}");
    };
    assert!(
        (before..after).contains(&upto),
        "{before} <= {upto} < {after}"
    );
}

pub(super) async fn everybodys_revocation_never_moves_back(store: Arc<dyn Store>) {
    store.revoke_everything(at(50), None).await.unwrap();
    store.revoke_everything(at(40), None).await.unwrap();
    assert_eq!(
        store.everybody_revoked_before().await.unwrap(),
        Some(second(50))
    );
}

pub(super) async fn a_session_entry_is_kept_as_long_as_any_token(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    forked(&*store, &login).await;
    let far = Fork {
        refresh_expires_at: second(9000),
        ..fork_of(&login)
    };
    store.fork_session(&far, None).await.unwrap();
    end(&*store, login.number, EndCause::Logout).await;
    forgets_no_earlier_than(&*store, second(9060)).await;
}

pub(super) async fn a_session_entry_covers_a_rotated_token(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let far = crate::rotation::RotationStep {
        refresh_expires_at: second(9000),
        ..step(&login)
    };
    store.rotate(&far, None).await.unwrap();
    end(&*store, login.number, EndCause::Logout).await;
    forgets_no_earlier_than(&*store, second(9060)).await;
}

pub(super) async fn a_blacklisted_tokens_entry_is_kept_as_long_as_it(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    store
        .blacklist_session_token(login.number, "its token", at(15), None)
        .await
        .unwrap();
    forgets_no_earlier_than(&*store, login.refresh_expires_at).await;
}

pub(super) async fn an_account_entry_is_kept_as_long_as_any_token(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    ended_all(&*store, &login).await;
    forgets_no_earlier_than(&*store, login.keep_until).await;
}

pub(super) async fn a_newer_account_entry_is_kept_as_long_as_an_older_one(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let far = NewSession {
        keep_until: second(9000),
        ..login(&account)
    };
    let far = opened(store.open_session(&far, None).await);
    ended_all(&*store, &far).await;
    let near = open(&*store, &account).await;
    ended_all(&*store, &near).await;
    let entries = log(&*store).await;
    assert!(
        entries[1].forget_at >= entries[0].forget_at,
        "the newer entry stands for the older one, too: {entries:?}"
    );
}

pub(super) async fn a_state_entry_is_kept_as_long_as_any_token(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    for edit in [
        AccountEdit::Standing(Standing::Inactive),
        AccountEdit::Standing(Standing::Active),
        AccountEdit::Deletion,
    ] {
        let keep = SessionsOnChange::Keep;
        store
            .edit_account(
                EditTarget::any(account.id),
                std::slice::from_ref(&edit),
                keep,
                at(40),
                &[],
            )
            .await
            .unwrap();
    }
    forgets_no_earlier_than(&*store, login.keep_until).await;
}

pub(super) async fn an_entry_for_everything_is_never_forgotten(store: Arc<dyn Store>) {
    store.revoke_everything(at(50), None).await.unwrap();
    forgets_no_earlier_than(&*store, LogEntry::NEVER_FORGOTTEN).await;
}

pub(super) async fn log_purge_is_bounded_and_goes_by_forget_at(store: Arc<dyn Store>) {
    revoke(&*store, &["a", "b", "c"]).await;
    let kept = TokenRevocation {
        token_id: "kept".to_owned(),
        forget_at: second(500),
    };
    store.revoke_token(&kept, at(41), None).await.unwrap();
    revoke(&*store, &["d", "e"]).await;
    let whole = log(&*store).await;
    let mut batches = Batches::default();
    while batches.add(store.purge_log(second(500), 2).await.unwrap(), 2) {}
    assert_eq!(
        batches.removed, 4,
        "all but the one that is not due and the newest"
    );
    assert_eq!(log(&*store).await, [whole[3].clone(), whole[5].clone()]);
}

pub(super) async fn the_newest_entry_is_never_purged(store: Arc<dyn Store>) {
    revoke(&*store, &["a", "b"]).await;
    let newest = log(&*store).await.pop();
    store.purge_log(second(100_000), 100).await.unwrap();
    assert_eq!(log(&*store).await.pop(), newest);
}

pub(super) async fn sequences_are_never_reused_after_purge(store: Arc<dyn Store>) {
    revoke(&*store, &["a", "b", "c"]).await;
    let before = log(&*store).await.pop().unwrap().sequence;
    store.purge_log(second(100_000), 100).await.unwrap();
    revoke(&*store, &["d", "e"]).await;
    let after = store.log_entries_after(before, 100).await.unwrap();
    assert_eq!(after.len(), 2, "only what came after {before}: {after:?}");
}

pub(super) async fn openings_and_rotations_log_nothing(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    store.rotate(&step(&login), None).await.unwrap();
    forked(&*store, &row(&*store, login.number).await).await;
    store
        .adopt_foreign_token(&adoption("django", &account), None)
        .await
        .unwrap();
    assert_eq!(log(&*store).await, []);
}

pub(super) async fn revocations_carry_their_events(store: Arc<dyn Store>) {
    let revocation = TokenRevocation {
        token_id: "a".to_owned(),
        forget_at: second(99),
    };
    store
        .revoke_token(&revocation, at(41), Some(&event(AuditKind::TokenRevoked)))
        .await
        .unwrap();
    store
        .revoke_everything(at(42), Some(&event(AuditKind::SessionsEnded)))
        .await
        .unwrap();
    assert_eq!(
        audited(&*store).await,
        [AuditKind::TokenRevoked, AuditKind::SessionsEnded]
    );
}

pub(super) async fn states_are_logged_in_the_order_of_their_changes(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for standing in [Standing::Inactive, Standing::Active, Standing::Inactive] {
        edit(&*store, &account, AccountEdit::Standing(standing)).await;
    }
    let expected = [
        AccountState::Deactivated,
        AccountState::Reactivated,
        AccountState::Deactivated,
    ]
    .map(|state| LogScope::AccountState {
        account: account.id,
        state,
    });
    assert_eq!(log_scopes(&*store).await, expected);
}

/// The life of the keys that `keys::ring` makes: one is added, the standby one is promoted, the retiring one is
/// retired, and the promoted one is revoked.
async fn change_keys(store: &dyn Store, change: usize) {
    let done = match change {
        0 => {
            let spare = keys::key_in("spare", SigningKeyState::Standby);
            store.add_signing_key(&spare, None).await.unwrap();
            KeyTransition::Done
        }
        1 => keys::promote(store).await,
        2 => keys::retire(store, "retiring", 500).await,
        _ => {
            let revocation = KeyRevocation {
                kid: keys::kid("standby"),
                successor: Some(keys::kid("spare")),
                ..keys::revocation()
            };
            keys::revoke(store, &revocation).await
        }
    };
    assert_eq!(done, KeyTransition::Done, "change {change}");
}

async fn revoke(store: &dyn Store, token_ids: &[&str]) {
    for token_id in token_ids {
        let revocation = TokenRevocation {
            token_id: (*token_id).to_owned(),
            forget_at: second(400),
        };
        store.revoke_token(&revocation, at(41), None).await.unwrap();
    }
}

async fn ended_all(store: &dyn Store, of: &crate::session::SessionRecord) -> u64 {
    let cause = EndCause::EndedByOwner;
    store
        .end_sessions_of(owner(of), None, cause, at(50), None)
        .await
        .unwrap()
}

async fn forgets_no_earlier_than(store: &dyn Store, keep_until: Timestamp) {
    let entries = log(store).await;
    assert!(!entries.is_empty(), "nothing was logged");
    for entry in entries {
        assert!(
            entry.forget_at >= keep_until,
            "{entry:?} is forgotten before {keep_until}"
        );
    }
}
