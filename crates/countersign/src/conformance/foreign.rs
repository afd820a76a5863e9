//! Clauses: tokens that somebody else minted.

use std::sync::Arc;

use super::fixture::{
    Batches, adoption, at, audited, create, edit, event, first_keys, foreign, is_live, log, login,
    open, root_state, row, sealing_key_record, second,
};
use crate::account::{Account, Standing};
use crate::audit::AuditKind;
use crate::sealed_id::SealingKeyId;
use crate::session::{EndCause, SessionState};
use crate::store::{
    AccountEdit, Adopted, Adoption, EditTarget, ForeignBlacklisting, ForeignToken, LogScope,
    NewForeignToken, NewSession, SessionsOnChange, Store,
};

pub(super) async fn first_use_opens_a_session_and_is_remembered(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let adoption = adoption("django", &account);
    let Adopted::Opened(session) = store.adopt_foreign_token(&adoption, None).await.unwrap() else {
        panic!("nobody used it before");
    };
    assert_eq!(
        session,
        adoption.session.clone().into_record(session.number)
    );
    assert_eq!(row(&*store, session.number).await, session);
    let remembered = ForeignToken {
        token_id: "django".to_owned(),
        account: Some(account.id),
        created_at: at(0),
        expires_at: second(1000),
        blacklisted_at: None,
        session: Some(session.number),
    };
    assert_eq!(
        store.find_foreign_token("django").await.unwrap(),
        Some(remembered)
    );
}

pub(super) async fn a_used_token_is_known(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let adoption = adoption("django", &account);
    store.adopt_foreign_token(&adoption, None).await.unwrap();
    let known = store.find_foreign_token("django").await.unwrap().unwrap();
    let again = Adoption {
        session: login(&account),
        ..adoption
    };
    assert_eq!(
        store.adopt_foreign_token(&again, None).await.unwrap(),
        Adopted::Known(known)
    );
}

pub(super) async fn a_blacklisted_token_is_known_and_opens_nothing(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    assert_eq!(
        blacklist(&*store, "django", &account).await,
        ForeignBlacklisting::Done
    );
    let known = store.find_foreign_token("django").await.unwrap().unwrap();
    assert_eq!((known.blacklisted_at, known.session), (Some(at(15)), None));
    let adopted = store
        .adopt_foreign_token(&adoption("django", &account), None)
        .await
        .unwrap();
    assert_eq!(adopted, Adopted::Known(known));
    assert_eq!(store.live_sessions_of(account.id).await.unwrap(), []);
}

pub(super) async fn an_unrecorded_token_is_refused_where_only_recorded_ones_count(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    let adoption = Adoption {
        unrecorded: false,
        ..adoption("django", &account)
    };
    assert_eq!(
        store.adopt_foreign_token(&adoption, None).await.unwrap(),
        Adopted::NotRecorded
    );
    assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
}

pub(super) async fn token_ids_are_compared_exactly(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for id in [
        "django",
        "Django",
        "django ",
        "dj\u{e4}ngo",
        "dja\u{308}ngo",
        "",
    ] {
        let adopted = store
            .adopt_foreign_token(&adoption(id, &account), None)
            .await
            .unwrap();
        assert!(matches!(adopted, Adopted::Opened(_)), "{id:?}: {adopted:?}");
    }
}

pub(super) async fn a_token_from_before_its_accounts_revocation_is_refused(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    deactivate_and_activate(&*store, &account).await;
    for (issued, refused) in [(-100, true), (40, true), (41, false)] {
        let adopted = adopt_issued_at(&*store, &account, issued).await;
        assert_eq!(
            adopted == Adopted::Revoked,
            refused,
            "issued at {issued}: {adopted:?}"
        );
    }
}

pub(super) async fn a_token_from_before_everybodys_revocation_is_refused(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    assert_eq!(store.everybody_revoked_before().await.unwrap(), None);
    store.revoke_everything(at(40), None).await.unwrap();
    assert_eq!(
        store.everybody_revoked_before().await.unwrap(),
        Some(second(40))
    );
    for (issued, refused) in [(-100, true), (40, true), (41, false)] {
        let adopted = adopt_issued_at(&*store, &account, issued).await;
        assert_eq!(
            adopted == Adopted::Revoked,
            refused,
            "issued at {issued}: {adopted:?}"
        );
    }
}

pub(super) async fn adoption_is_refused_after_the_account_changed(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    edit(&*store, &account, AccountEdit::Standing(Standing::Inactive)).await;
    let adopted = store
        .adopt_foreign_token(&adoption("django", &account), None)
        .await
        .unwrap();
    assert_eq!(adopted, Adopted::AccountChanged);
    assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
}

pub(super) async fn other_sealing_keys_refuse_adoption(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    store.found_keys(&first_keys(1)).await.unwrap();
    store.add_sealing_key(&sealing_key_record(2)).await.unwrap();
    for tried in [&[][..], &[1], &[2], &[1, 3], &[1, 2, 3]] {
        let adoption = Adoption {
            sealing_keys: key_ids(tried),
            ..adoption("django", &account)
        };
        let adopted = store.adopt_foreign_token(&adoption, None).await.unwrap();
        assert_eq!(adopted, Adopted::SealingKeysChanged, "tried with {tried:?}");
    }
    assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
    let adoption = Adoption {
        sealing_keys: key_ids(&[2, 1]),
        ..adoption("django", &account)
    };
    let adopted = store.adopt_foreign_token(&adoption, None).await.unwrap();
    assert!(matches!(adopted, Adopted::Opened(_)), "{adopted:?}");
}

pub(super) async fn other_sealing_keys_refuse_blacklisting(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    store.found_keys(&first_keys(1)).await.unwrap();
    let token = foreign("django", &account);
    let refused = store
        .blacklist_foreign_token(&token, &key_ids(&[2]), at(15), None)
        .await;
    assert_eq!(refused.unwrap(), ForeignBlacklisting::SealingKeysChanged);
    assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
    let done = store
        .blacklist_foreign_token(&token, &key_ids(&[1]), at(15), None)
        .await;
    assert_eq!(done.unwrap(), ForeignBlacklisting::Done);
}

pub(super) async fn adoption_keeps_to_the_session_limit(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let oldest = open(&*store, &account).await;
    let session = NewSession {
        limit: Some(1),
        ..login(&account)
    };
    let adoption = Adoption {
        session,
        ..adoption("django", &account)
    };
    store.adopt_foreign_token(&adoption, None).await.unwrap();
    let state = SessionState::Ended {
        at: at(0),
        cause: EndCause::SessionLimit,
    };
    assert_eq!(root_state(&*store, oldest.number).await, state);
}

pub(super) async fn a_refused_adoption_leaves_nothing_behind(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let standing = open(&*store, &account).await;
    store.revoke_everything(at(40), None).await.unwrap();
    let logged = log(&*store).await;
    let session = NewSession {
        limit: Some(1),
        ..login(&account)
    };
    let refused = Adoption {
        session,
        ..adoption("django", &account)
    };
    let event = event(AuditKind::Login);
    let adopted = store
        .adopt_foreign_token(&refused, Some(&event))
        .await
        .unwrap();
    assert_eq!(adopted, Adopted::Revoked);
    assert!(is_live(&*store, &standing).await);
    assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
    assert_eq!(log(&*store).await, logged);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn blacklisting_logs_the_token_once(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    blacklist(&*store, "django", &account).await;
    assert_eq!(
        blacklist(&*store, "django", &account).await,
        ForeignBlacklisting::Already
    );
    let entries = log(&*store).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].scope, LogScope::Token("django".to_owned()));
    assert!(entries[0].forget_at >= second(1000), "{entries:?}");
}

pub(super) async fn blacklisting_an_adopted_token_names_its_session(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let adopted = store
        .adopt_foreign_token(&adoption("django", &account), None)
        .await
        .unwrap();
    let Adopted::Opened(session) = adopted else {
        panic!("{adopted:?}");
    };
    let blacklisting = blacklist(&*store, "django", &account).await;
    assert_eq!(blacklisting, ForeignBlacklisting::Adopted(session.number));
    assert_eq!(log(&*store).await, [], "the session decides from now on");
}

pub(super) async fn foreign_purge_is_bounded_and_keeps_what_has_not_expired(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for id in ["one", "two", "three"] {
        blacklist(&*store, id, &account).await;
    }
    let kept = NewForeignToken {
        expires_at: second(1001),
        ..foreign("kept", &account)
    };
    store
        .blacklist_foreign_token(&kept, &[], at(15), None)
        .await
        .unwrap();
    let mut batches = Batches::default();
    while batches.add(
        store.purge_foreign_tokens(second(1001), 2).await.unwrap(),
        2,
    ) {}
    assert_eq!(batches.removed, 3);
    assert_eq!(store.find_foreign_token("one").await.unwrap(), None);
    assert!(store.find_foreign_token("kept").await.unwrap().is_some());
}

async fn blacklist(store: &dyn Store, id: &str, account: &Account) -> ForeignBlacklisting {
    let token = foreign(id, account);
    store
        .blacklist_foreign_token(&token, &[], at(15), None)
        .await
        .unwrap()
}

async fn adopt_issued_at(store: &dyn Store, account: &Account, issued: i64) -> Adopted {
    let mut adoption = adoption(&format!("of {issued}"), account);
    adoption.token.issued_at = second(issued);
    store.adopt_foreign_token(&adoption, None).await.unwrap()
}

async fn deactivate_and_activate(store: &dyn Store, account: &Account) {
    let ending = SessionsOnChange::End(EndCause::AccountDeactivated);
    let inactive = AccountEdit::Standing(Standing::Inactive);
    store
        .edit_account(
            EditTarget::any(account.id),
            &[inactive],
            ending,
            at(40),
            &[],
        )
        .await
        .unwrap();
    edit(store, account, AccountEdit::Standing(Standing::Active)).await;
}

fn key_ids(ids: &[i64]) -> Vec<SealingKeyId> {
    ids.iter().copied().map(SealingKeyId::new).collect()
}
