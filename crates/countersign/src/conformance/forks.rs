//! Clauses: forks, and blacklisting one row's token while its family lives.

use std::sync::Arc;

use super::fixture::{
    at, audited, client, create, end, event, fork_of, forked, is_live, log, login, opened, row,
    second, signed_in, step,
};
use crate::audit::AuditKind;
use crate::session::{EndCause, Generation, Lineage, SessionNumber, SessionRecord};
use crate::store::{Blacklisting, Fork, Forked, LogScope, NewSession, Rotation, Store};

pub(super) async fn a_fork_is_a_row_of_its_own_under_the_same_root(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let Rotation::Won(login) = store.rotate(&step(&login), None).await.unwrap() else {
        panic!("the current token rotates");
    };
    let fork = forked(&*store, &login).await;
    let expected = SessionRecord {
        number: fork.number,
        generation: Generation::FIRST,
        created_at: at(10),
        rotated_at: at(10),
        refresh_expires_at: second(1010),
        keep_until: second(1070),
        client: client(8),
        ..login.clone()
    };
    assert_eq!(fork, expected);
    assert!(fork.number > login.number);
    assert_eq!(row(&*store, fork.number).await, fork);
}

pub(super) async fn a_fork_of_a_fork_has_the_same_root(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let fork = forked(&*store, &login).await;
    assert_eq!(forked(&*store, &fork).await.root, login.number);
}

pub(super) async fn a_fork_is_capped_to_the_deadline(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = NewSession {
        deadline: Some(second(900)),
        ..login(&account)
    };
    let login = opened(store.open_session(&login, None).await);
    let fork = forked(&*store, &login).await;
    assert_eq!(
        (fork.refresh_expires_at, fork.keep_until),
        (second(900), second(960))
    );
    assert_eq!(fork.deadline, login.deadline);
}

pub(super) async fn a_fork_moves_the_keep_until_of_its_root(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let later = Fork {
        refresh_expires_at: second(5000),
        ..fork_of(&login)
    };
    store.fork_session(&later, None).await.unwrap();
    assert_eq!(row(&*store, login.number).await.keep_until, second(5060));
    store.fork_session(&fork_of(&login), None).await.unwrap();
    assert_eq!(
        row(&*store, login.number).await.keep_until,
        second(5060),
        "it only grows"
    );
}

pub(super) async fn a_fork_is_refused_once_its_root_has_ended(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let fork = forked(&*store, &login).await;
    end(&*store, login.number, EndCause::Logout).await;
    for from in [&login, &fork] {
        let refused = store.fork_session(&fork_of(from), None).await.unwrap();
        let Forked::Refused(Some(Lineage { session, root })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(session.number, from.number);
        assert!(root.is_ended());
    }
}

pub(super) async fn a_fork_of_a_blacklisted_token_is_refused(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    blacklist(&*store, &login).await;
    let refused = store.fork_session(&fork_of(&login), None).await.unwrap();
    assert!(matches!(refused, Forked::Refused(Some(_))), "{refused:?}");
}

pub(super) async fn a_fork_of_nothing_is_refused(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let nothing = Fork {
        from: SessionNumber::MAX,
        ..fork_of(&login)
    };
    assert_eq!(
        store.fork_session(&nothing, None).await.unwrap(),
        Forked::Refused(None)
    );
}

pub(super) async fn ending_a_fork_ends_its_root_and_all_its_forks(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let (one, other) = (forked(&*store, &login).await, forked(&*store, &login).await);
    end(&*store, one.number, EndCause::Logout).await;
    for member in [&login, &one, &other] {
        assert!(!is_live(&*store, member).await, "{:?} lives", member.number);
    }
    let entries = log(&*store).await;
    let scope = LogScope::Session {
        number: login.number,
        sid: login.sid,
    };
    assert_eq!(entries.len(), 1, "one entry on the root: {entries:?}");
    assert_eq!(entries[0].scope, scope);
}

pub(super) async fn a_root_stays_as_long_as_its_forks(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let later = Fork {
        refresh_expires_at: second(5000),
        ..fork_of(&login)
    };
    let Forked::Opened(fork) = store.fork_session(&later, None).await.unwrap() else {
        panic!("the login lives");
    };
    store.purge_sessions(second(4000), 100).await.unwrap();
    assert!(is_live(&*store, &fork).await);
}

pub(super) async fn blacklisting_stops_the_row_and_spares_its_family(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let fork = forked(&*store, &login).await;
    assert_eq!(blacklist(&*store, &fork).await, Blacklisting::Done);
    assert_eq!(row(&*store, fork.number).await.blacklisted_at, Some(at(15)));
    assert!(matches!(
        store.rotate(&step(&fork), None).await.unwrap(),
        Rotation::Lost(Some(_))
    ));
    assert!(matches!(
        store.rotate(&step(&login), None).await.unwrap(),
        Rotation::Won(_)
    ));
}

pub(super) async fn blacklisting_a_login_spares_its_forks(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let fork = forked(&*store, &login).await;
    blacklist(&*store, &login).await;
    assert!(matches!(
        store.rotate(&step(&fork), None).await.unwrap(),
        Rotation::Won(_)
    ));
}

pub(super) async fn blacklisting_logs_the_token(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    blacklist(&*store, &login).await;
    let entries = log(&*store).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].scope, LogScope::Token("its token".to_owned()));
    assert_eq!(entries[0].at, at(15));
}

pub(super) async fn blacklisting_twice_is_no_error(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    blacklist(&*store, &login).await;
    assert_eq!(blacklist(&*store, &login).await, Blacklisting::Already);
    assert_eq!(log(&*store).await.len(), 1, "and is logged once");
}

pub(super) async fn blacklisting_after_the_end_changes_nothing(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let fork = forked(&*store, &login).await;
    end(&*store, login.number, EndCause::Logout).await;
    for member in [&login, &fork] {
        assert_eq!(blacklist(&*store, member).await, Blacklisting::Already);
        assert_eq!(row(&*store, member.number).await.blacklisted_at, None);
    }
}

pub(super) async fn blacklisting_nothing_is_unknown(store: Arc<dyn Store>) {
    let event = event(AuditKind::TokenBlacklisted);
    let unknown = store
        .blacklist_session_token(SessionNumber::MAX, "none", at(15), Some(&event))
        .await
        .unwrap();
    assert_eq!(unknown, Blacklisting::Unknown);
    assert_eq!(log(&*store).await, []);
    assert_eq!(audited(&*store).await, []);
}

async fn blacklist(store: &dyn Store, session: &SessionRecord) -> Blacklisting {
    store
        .blacklist_session_token(session.number, "its token", at(15), None)
        .await
        .unwrap()
}
