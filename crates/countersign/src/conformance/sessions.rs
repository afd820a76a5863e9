//! Clauses: opening, finding, ending and purging sessions.

use std::sync::Arc;

use countersign_token::UnixMillis;

use super::fixture::{
    Batches, adoption, at, audited, create, edit, end, event, foreign, forked, fresh_sid, is_live,
    log, log_scopes, login, nobodys, open, opened, owner, root_state, row, second, signed_in, step,
};
use crate::account::{AccountId, Standing};
use crate::audit::AuditKind;
use crate::password::EncodedPassword;
use crate::rotation::later;
use crate::session::{EndCause, FirstToken, Lineage, SessionNumber, SessionRecord, SessionState};
use crate::store::{
    AccountEdit, AccountGuard, Adopted, Enabling, Ending, LogScope, NewSession, Opening, Rotation,
    Store,
};

pub(super) async fn an_opened_session_is_found_as_it_was_opened(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let new = NewSession {
        deadline: Some(second(900)),
        ..login(&account)
    };
    let record = opened(store.open_session(&new, None).await);
    assert_eq!(record, new.into_record(record.number));
    let lineage = Lineage {
        session: record.clone(),
        root: SessionState::Live,
    };
    assert_eq!(
        store.find_session(record.number).await.unwrap(),
        Some(lineage)
    );
}

pub(super) async fn a_number_that_was_never_drawn_finds_nothing(store: Arc<dyn Store>) {
    signed_in(&*store).await;
    assert_eq!(store.find_session(SessionNumber::MAX).await.unwrap(), None);
}

pub(super) async fn numbers_rise_with_every_session(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut highest = open(&*store, &account).await.number;
    for _ in 0..5 {
        let next = open(&*store, &account).await.number;
        assert!(next > highest, "{next:?} after {highest:?}");
        highest = next;
    }
}

pub(super) async fn numbers_are_never_reused_after_purge(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut highest = open(&*store, &account).await.number;
    for _ in 0..3 {
        highest = open(&*store, &account).await.number.max(highest);
    }
    store.purge_sessions(second(2000), 100).await.unwrap();
    let purged = store.find_session(highest).await.unwrap();
    assert_eq!(purged, None, "it was due");
    for _ in 0..3 {
        let next = open(&*store, &account).await.number;
        assert!(next > highest, "{next:?} after {highest:?}");
        highest = next;
    }
}

pub(super) async fn opening_is_refused_for_a_missing_account(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    edit(&*store, &account, AccountEdit::Deletion).await;
    let opening = store.open_session(&login(&account), None).await.unwrap();
    assert_eq!(opening, Opening::AccountChanged);
}

pub(super) async fn opening_is_refused_for_an_inactive_account_where_asked(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    edit(&*store, &account, AccountEdit::Standing(Standing::Inactive)).await;
    let opening = store.open_session(&login(&account), None).await.unwrap();
    assert_eq!(opening, Opening::AccountChanged);
}

pub(super) async fn opening_allows_an_inactive_account_where_not_asked(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    edit(&*store, &account, AccountEdit::Standing(Standing::Inactive)).await;
    let guard = AccountGuard::Stored {
        credential_version: account.credential_version,
        must_be_active: false,
    };
    opened(
        store
            .open_session(
                &NewSession {
                    guard,
                    ..login(&account)
                },
                None,
            )
            .await,
    );
}

pub(super) async fn opening_is_refused_after_the_credential_moved_on(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let password = EncodedPassword::from_stored("argon2$new".to_owned());
    edit(&*store, &account, AccountEdit::Password(password)).await;
    let opening = store.open_session(&login(&account), None).await.unwrap();
    assert_eq!(opening, Opening::AccountChanged);
}

pub(super) async fn opening_for_an_account_elsewhere_asks_nobody(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let elsewhere = NewSession {
        account: Some(AccountId::new(4_000_000_007)),
        guard: AccountGuard::Elsewhere {
            credential_version: -3,
        },
        ..login(&account)
    };
    let record = opened(store.open_session(&elsewhere, None).await);
    assert_eq!(
        row(&*store, record.number).await,
        elsewhere.into_record(record.number)
    );
}

pub(super) async fn a_public_name_is_one_roots(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let first = NewSession {
        limit: Some(1),
        ..login(&account)
    };
    let number = opened(store.open_session(&first, None).await).number;
    let refused = store.open_session(&first, None).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(
        row(&*store, number).await,
        first.into_record(number),
        "the limit made no room for what was refused"
    );
}

pub(super) async fn a_session_that_waits_is_enabled_once(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let waiting = NewSession {
        enabled: false,
        ..login(&account)
    };
    let session = opened(store.open_session(&waiting, None).await);
    assert_eq!(session.state, SessionState::Disabled);
    assert_eq!(row(&*store, session.number).await, session);
    let step = step(&session);
    let lost = store.rotate(&step, None).await.unwrap();
    assert!(
        matches!(lost, Rotation::Lost(Some(_))),
        "it waits: {lost:?}"
    );

    let event = event(AuditKind::SessionEnabled);
    for expected in [Enabling::Enabled, Enabling::Already] {
        let enabling = store.enable_session(session.number, Some(&event)).await;
        assert_eq!(enabling.unwrap(), expected);
    }
    let events = store.recent_audit(10).await.unwrap();
    let sessions: Vec<_> = events.iter().map(|event| event.session).collect();
    assert_eq!(sessions, [Some(session.sid)], "once");
    let won = store.rotate(&step, None).await.unwrap();
    assert!(matches!(won, Rotation::Won(_)), "{won:?}");

    let cause = EndCause::EndedByOperator;
    store
        .end_session(session.number, cause, at(50), None)
        .await
        .unwrap();
    let ended = store.enable_session(session.number, None).await.unwrap();
    assert_eq!(ended, Enabling::Ended(cause));
    let nothing = SessionNumber::new(4_000_000).unwrap();
    let unknown = store.enable_session(nothing, None).await.unwrap();
    assert_eq!(unknown, Enabling::Unknown);
}

pub(super) async fn a_refused_opening_leaves_nothing_behind(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let standing = open(&*store, &account).await;
    let guard = AccountGuard::Stored {
        credential_version: account.credential_version + 1,
        must_be_active: true,
    };
    let refused = NewSession {
        guard,
        limit: Some(1),
        ..login(&account)
    };
    let opening = store
        .open_session(&refused, Some(&event(AuditKind::Login)))
        .await
        .unwrap();
    assert_eq!(opening, Opening::AccountChanged);
    assert_eq!(
        store.live_sessions_of(account.id).await.unwrap(),
        [standing]
    );
    assert_eq!(log(&*store).await, []);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn the_limit_ends_the_oldest(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let (first, second) = (open(&*store, &account).await, open(&*store, &account).await);
    let third = open(&*store, &account).await;
    let limited = NewSession {
        limit: Some(2),
        created_at: at(40),
        ..login(&account)
    };
    let newest = opened(store.open_session(&limited, None).await);
    assert_eq!(
        numbers(&store.live_sessions_of(account.id).await.unwrap()),
        [newest.number, third.number]
    );
    for ended in [first, second] {
        let state = SessionState::Ended {
            at: at(40),
            cause: EndCause::SessionLimit,
        };
        assert_eq!(root_state(&*store, ended.number).await, state);
    }
}

pub(super) async fn the_limit_logs_every_session_that_it_ends(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let oldest = open(&*store, &account).await;
    opened(
        store
            .open_session(
                &NewSession {
                    limit: Some(1),
                    ..login(&account)
                },
                None,
            )
            .await,
    );
    let entries = log(&*store).await;
    let scope = LogScope::Session {
        number: oldest.number,
        sid: oldest.sid,
    };
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        (&entries[0].scope, entries[0].cause),
        (&scope, Some(EndCause::SessionLimit))
    );
}

pub(super) async fn the_limit_counts_live_logins_of_the_account_only(store: Arc<dyn Store>) {
    let (alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    let kept = open(&*store, &alice).await;
    forked(&*store, &kept).await;
    let ended = open(&*store, &alice).await;
    end(&*store, ended.number, EndCause::Logout).await;
    let other = open(&*store, &bob).await;
    opened(
        store
            .open_session(
                &NewSession {
                    limit: Some(2),
                    ..login(&alice)
                },
                None,
            )
            .await,
    );
    assert!(
        is_live(&*store, &kept).await,
        "the fork or the ended login was counted"
    );
    assert!(
        is_live(&*store, &other).await,
        "another account was made to pay"
    );
}

pub(super) async fn the_limit_does_not_count_what_has_expired(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let kept = NewSession {
        keep_until: second(9000),
        ..login(&account)
    };
    let kept = opened(store.open_session(&kept, None).await);
    let expired = open(&*store, &account).await;
    let late = UnixMillis::from_seconds(expired.keep_until.seconds() + 1);
    let limited = NewSession {
        limit: Some(2),
        created_at: late,
        ..login(&account)
    };
    opened(store.open_session(&limited, None).await);
    assert!(
        is_live(&*store, &kept).await,
        "an expired login was counted"
    );
}

pub(super) async fn the_limit_neither_counts_nor_ends_single_tokens(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let single = NewSession {
        first_token: FirstToken::Single,
        ..login(&account)
    };
    let before = opened(store.open_session(&single, None).await);
    let kept = open(&*store, &account).await;
    let single = NewSession {
        sid: fresh_sid(),
        ..single
    };
    let after = opened(store.open_session(&single, None).await);
    let limited = |limit| NewSession {
        limit: Some(limit),
        ..login(&account)
    };
    opened(store.open_session(&limited(2), None).await);
    assert!(is_live(&*store, &kept).await, "a single token was counted");
    opened(store.open_session(&limited(1), None).await);
    assert!(!is_live(&*store, &kept).await);
    for single in [before, after] {
        assert!(is_live(&*store, &single).await);
    }
}

pub(super) async fn a_session_of_nobody_is_found_as_it_was_opened(store: Arc<dyn Store>) {
    let new = nobodys();
    let record = opened(store.open_session(&new, None).await);
    assert_eq!(record.account, None);
    assert_eq!(
        row(&*store, record.number).await,
        new.into_record(record.number)
    );
}

pub(super) async fn a_session_and_its_guard_agree_about_whose_it_is(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let elsewhere = AccountGuard::Elsewhere {
        credential_version: 1,
    };
    for torn in [
        NewSession {
            account: None,
            ..login(&account)
        },
        NewSession {
            guard: AccountGuard::Nobody,
            ..login(&account)
        },
        NewSession {
            guard: elsewhere,
            ..nobodys()
        },
    ] {
        let opening = store.open_session(&torn, None).await.unwrap();
        assert_eq!(opening, Opening::AccountChanged, "{torn:?}");
    }
}

pub(super) async fn ending_all_of_an_account_spares_sessions_of_nobody(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let nobodys = opened(store.open_session(&nobodys(), None).await);
    let cause = EndCause::EndedByOwner;
    let ended = store
        .end_sessions_of(owner(&login), None, cause, at(30), None)
        .await
        .unwrap();
    assert_eq!(ended, 1);
    assert!(is_live(&*store, &nobodys).await);
}

pub(super) async fn the_purge_horizon_lags_a_run_and_moves_on_by_so_much(store: Arc<dyn Store>) {
    for (wanted, at_most, reached) in [
        (100, Some(10), 100), // nothing was ever opened: nothing can be lost
        (500, Some(10), 100), // the clock may be wrong: as far as was wanted the last time
        (500, Some(10), 110), // and if it says so twice, a little further
        (115, Some(10), 115),
        (125, Some(10), 115),
        (500, None, 500),
        (505, Some(10), 500),
    ] {
        let horizon = store.move_purge_horizon(second(wanted), at_most);
        assert_eq!(horizon.await.unwrap(), second(reached), "towards {wanted}");
    }
}

pub(super) async fn a_store_that_was_never_purged_counts_from_its_oldest_session(
    store: Arc<dyn Store>,
) {
    let oldest = signed_in(&*store).await.created_at.timestamp();
    let horizon = store.move_purge_horizon(later(oldest, 500), Some(10));
    assert_eq!(horizon.await.unwrap(), oldest);
}

pub(super) async fn live_sessions_are_listed_newest_first(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let oldest = open(&*store, &account).await;
    let ended = open(&*store, &account).await;
    let newest = open(&*store, &account).await;
    forked(&*store, &newest).await;
    end(&*store, ended.number, EndCause::Logout).await;
    let listed = store.live_sessions_of(account.id).await.unwrap();
    assert_eq!(numbers(&listed), [newest.number, oldest.number]);
}

pub(super) async fn logins_are_listed_newest_first_with_those_that_ended(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let other = create(&*store, "bob").await;
    let oldest = open(&*store, &account).await;
    let ended = open(&*store, &account).await;
    open(&*store, &other).await;
    let newest = open(&*store, &account).await;
    forked(&*store, &newest).await;
    end(&*store, ended.number, EndCause::Logout).await;
    let listed = store.sessions_of(account.id, 10).await.unwrap();
    assert_eq!(
        numbers(&listed),
        [newest.number, ended.number, oldest.number]
    );
    assert_eq!(listed.get(1), Some(&row(&*store, ended.number).await));
    let newest_alone = store.sessions_of(account.id, 1).await.unwrap();
    assert_eq!(numbers(&newest_alone), [newest.number]);
}

pub(super) async fn a_public_name_finds_the_login_and_not_its_forks(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    forked(&*store, &login).await;
    end(&*store, login.number, EndCause::Logout).await;
    let found = store.find_session_by_sid(login.sid).await.unwrap();
    assert_eq!(found, Some(row(&*store, login.number).await));
    assert_eq!(store.find_session_by_sid(fresh_sid()).await.unwrap(), None);
}

pub(super) async fn an_end_is_in_the_row_when_it_is_acknowledged(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    assert_eq!(
        end(&*store, login.number, EndCause::EndedByOwner).await,
        Ending::Ended
    );
    let state = SessionState::Ended {
        at: at(30),
        cause: EndCause::EndedByOwner,
    };
    assert_eq!(row(&*store, login.number).await.state, state);
    assert_eq!(store.live_sessions_of(owner(&login)).await.unwrap(), []);
}

pub(super) async fn ending_keeps_its_first_cause(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    end(&*store, login.number, EndCause::ReuseDetected).await;
    for later in EndCause::ALL {
        let again = store
            .end_session(login.number, later, at(50), None)
            .await
            .unwrap();
        assert_eq!(again, Ending::Already(EndCause::ReuseDetected));
    }
    store
        .end_sessions_of(owner(&login), None, EndCause::EndedByOwner, at(60), None)
        .await
        .unwrap();
    let state = SessionState::Ended {
        at: at(30),
        cause: EndCause::ReuseDetected,
    };
    assert_eq!(root_state(&*store, login.number).await, state);
}

pub(super) async fn every_cause_is_kept_as_it_was_given(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for cause in EndCause::ALL {
        let login = open(&*store, &account).await;
        end(&*store, login.number, cause).await;
        let state = SessionState::Ended { at: at(30), cause };
        assert_eq!(root_state(&*store, login.number).await, state);
    }
}

pub(super) async fn ending_logs_the_session_once(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    for _ in 0..2 {
        end(&*store, login.number, EndCause::EndedByOperator).await;
    }
    let scope = LogScope::Session {
        number: login.number,
        sid: login.sid,
    };
    let entries = log(&*store).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].scope, scope);
    assert_eq!(
        (entries[0].cause, entries[0].at),
        (Some(EndCause::EndedByOperator), at(30))
    );
}

pub(super) async fn ending_what_never_was_changes_nothing(store: Arc<dyn Store>) {
    signed_in(&*store).await;
    let event = event(AuditKind::SessionEnded);
    let ending = store
        .end_session(SessionNumber::MAX, EndCause::Logout, at(30), Some(&event))
        .await
        .unwrap();
    assert_eq!(ending, Ending::Unknown);
    assert_eq!(log(&*store).await, []);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn ending_all_ends_every_login_of_the_account_and_no_other(store: Arc<dyn Store>) {
    let (alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    let logins = [open(&*store, &alice).await, open(&*store, &alice).await];
    let other = open(&*store, &bob).await;
    let cause = EndCause::EndedByOwner;
    let ended = store
        .end_sessions_of(alice.id, None, cause, at(30), None)
        .await
        .unwrap();
    assert_eq!(ended, 2);
    for login in logins {
        let state = SessionState::Ended { at: at(30), cause };
        assert_eq!(root_state(&*store, login.number).await, state);
    }
    assert!(is_live(&*store, &other).await);
}

pub(super) async fn ending_all_counts_only_what_it_ended(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let ended_before = open(&*store, &account).await;
    end(&*store, ended_before.number, EndCause::Logout).await;
    let login = open(&*store, &account).await;
    forked(&*store, &login).await;
    let ended = store.end_sessions_of(account.id, None, EndCause::EndedByOwner, at(30), None);
    assert_eq!(ended.await.unwrap(), 1);
}

pub(super) async fn ending_all_logs_one_entry_up_to_the_highest_number(store: Arc<dyn Store>) {
    let (alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    open(&*store, &alice).await;
    open(&*store, &alice).await;
    let highest = open(&*store, &bob).await.number.get();
    let cause = EndCause::EndedByOwner;
    store
        .end_sessions_of(alice.id, None, cause, at(30), None)
        .await
        .unwrap();
    let entries = log(&*store).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    let LogScope::AccountUpto {
        account,
        upto,
        except: None,
    } = entries[0].scope
    else {
        panic!("{entries:?}");
    };
    assert_eq!((account, entries[0].cause), (alice.id, Some(cause)));
    let next = open(&*store, &alice).await.number.get();
    assert!(
        (highest..next).contains(&upto),
        "{highest} <= {upto} < {next}"
    );
}

pub(super) async fn ending_all_spares_and_logs_its_exception(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let (kept, other) = (open(&*store, &account).await, open(&*store, &account).await);
    let cause = EndCause::EndedByOwner;
    let spared = Some(kept.number);
    store
        .end_sessions_of(account.id, spared, cause, at(30), None)
        .await
        .unwrap();
    assert!(is_live(&*store, &kept).await);
    assert!(!is_live(&*store, &other).await);
    let scopes = log_scopes(&*store).await;
    assert!(
        matches!(scopes[..], [LogScope::AccountUpto { except, .. }] if except == spared),
        "{scopes:?}"
    );
}

pub(super) async fn an_exception_that_has_ended_is_not_logged(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let ended = open(&*store, &account).await;
    end(&*store, ended.number, EndCause::Logout).await;
    let cause = EndCause::EndedByOwner;
    store
        .end_sessions_of(account.id, Some(ended.number), cause, at(40), None)
        .await
        .unwrap();
    let scopes = log_scopes(&*store).await;
    assert!(
        matches!(scopes[..], [_, LogScope::AccountUpto { except: None, .. }]),
        "nothing lives under the exception: {scopes:?}"
    );
}

pub(super) async fn an_exception_of_another_account_is_not_logged(store: Arc<dyn Store>) {
    let (alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    let other = open(&*store, &bob).await;
    let cause = EndCause::EndedByOwner;
    store
        .end_sessions_of(alice.id, Some(other.number), cause, at(40), None)
        .await
        .unwrap();
    let scopes = log_scopes(&*store).await;
    assert!(
        matches!(scopes[..], [LogScope::AccountUpto { except: None, .. }]),
        "{scopes:?}"
    );
}

pub(super) async fn ending_all_refuses_foreign_tokens_issued_before(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let cause = EndCause::EndedByOwner;
    store
        .end_sessions_of(account.id, None, cause, at(30), None)
        .await
        .unwrap();
    let mut adoption = adoption("django", &account);
    adoption.token = foreign("django", &account);
    assert_eq!(
        store.adopt_foreign_token(&adoption, None).await.unwrap(),
        Adopted::Revoked
    );
}

pub(super) async fn a_login_after_ending_all_lives(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    open(&*store, &account).await;
    store
        .end_sessions_of(account.id, None, EndCause::EndedByOwner, at(30), None)
        .await
        .unwrap();
    let login = open(&*store, &account).await;
    assert!(is_live(&*store, &login).await);
    assert_eq!(store.live_sessions_of(account.id).await.unwrap(), [login]);
}

pub(super) async fn purge_is_bounded_and_keeps_what_is_alive(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut due = Vec::new();
    for _ in 0..5 {
        due.push(open(&*store, &account).await);
    }
    let mut kept = Vec::new();
    for keep_until in [second(2000), second(3000)] {
        let login = NewSession {
            keep_until,
            ..login(&account)
        };
        kept.push(opened(store.open_session(&login, None).await));
    }
    let mut batches = Batches::default();
    while batches.add(store.purge_sessions(second(2000), 2).await.unwrap(), 2) {}
    assert_eq!(batches.removed, 5);
    for login in due {
        assert_eq!(store.find_session(login.number).await.unwrap(), None);
    }
    for login in kept {
        assert_eq!(row(&*store, login.number).await, login);
    }
}

pub(super) async fn purge_goes_by_keep_until_alone(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let ended = open(&*store, &account).await;
    end(&*store, ended.number, EndCause::Logout).await;
    store.purge_sessions(ended.keep_until, 100).await.unwrap();
    assert!(
        row(&*store, ended.number).await.state.is_ended(),
        "its ids must stay known"
    );
}

fn numbers(sessions: &[SessionRecord]) -> Vec<SessionNumber> {
    sessions.iter().map(|session| session.number).collect()
}
