//! Clauses: audit events commit with the change that they tell, and never without it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use countersign_token::UnixMillis;

use super::fixture::{
    Batches, adoption, at, audited, create, end, event, first_keys, foreign, fork_of, fresh_sid,
    login, new_account, open, opened, owner, second, signed_in, step,
};
use super::services::name;
use crate::account::{AccountId, AccountKey, Standing};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::session::EndCause;
use crate::store::{
    AccountEdit, AuditFilter, AuditPlace, AuditSpan, Blacklisting, EditTarget, Ending, Forked,
    Purged, Rotation, SessionsOnChange, Store,
};

pub(super) async fn events_are_read_newest_first_and_bounded(store: Arc<dyn Store>) {
    let kinds = [
        AuditKind::Login,
        AuditKind::LoginFailed,
        AuditKind::Refreshed,
    ];
    for kind in kinds {
        store.append_audit(&event(kind)).await.unwrap();
    }
    let newest = store.recent_audit(2).await.unwrap();
    assert_eq!(
        newest,
        [event(AuditKind::Refreshed), event(AuditKind::LoginFailed)]
    );
    assert_eq!(store.recent_audit(10).await.unwrap().len(), 3);
}

pub(super) async fn events_of_every_kind_read_back_whole(store: Arc<dyn Store>) {
    let addresses: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let actors = [
        Actor::Client,
        Actor::Operator,
        Actor::System,
        Actor::Account(AccountId::new(7)),
        Actor::Service(name("billing")),
    ];
    let mut written = Vec::new();
    for (index, kind) in AuditKind::ALL.iter().copied().enumerate() {
        let event = AuditEvent::new(at(3), kind, actors[index % 5].clone())
            .about(AccountId::new(9))
            .in_session(fresh_sid())
            .from_ip(Some(addresses[index % 2]))
            .because(EndCause::ALL[index % EndCause::ALL.len()])
            .of_key(super::keys::kid("k1"))
            .of_service(name("search"));
        store.append_audit(&event).await.unwrap();
        written.insert(0, event);
    }
    assert_eq!(store.recent_audit(100).await.unwrap(), written);
}

/// Five events, one second after the other.
async fn five_events(store: &dyn Store) -> Vec<AuditEvent> {
    let kinds = [
        AuditKind::Login,
        AuditKind::Refreshed,
        AuditKind::LoginFailed,
        AuditKind::Refreshed,
        AuditKind::SessionEnded,
    ];
    let mut written = Vec::new();
    for (second, kind) in (1..).zip(kinds) {
        let event = AuditEvent::new(at(second), kind, Actor::Client);
        store.append_audit(&event).await.unwrap();
        written.push(event);
    }
    written
}

/// All pages of a span, each looking at two events.
async fn pages(store: &dyn Store, filter: &AuditFilter, from: AuditSpan) -> Vec<Vec<AuditEvent>> {
    let mut pages = Vec::new();
    let mut span = from;
    loop {
        let page = store.audit_page(filter, span, 2).await.unwrap();
        let Some((first, last)) = page.looked_at else {
            assert_eq!(page.events, []);
            return pages;
        };
        span = match span {
            AuditSpan::After(place) => {
                assert!(place < first && first <= last);
                AuditSpan::After(last)
            }
            AuditSpan::Before(place) => {
                assert!(place.is_none_or(|place| place > first) && first >= last);
                AuditSpan::Before(Some(last))
            }
        };
        pages.push(page.events);
        assert!(pages.len() < 10, "there is no end");
    }
}

pub(super) async fn a_log_is_read_page_by_page_either_way(store: Arc<dyn Store>) {
    let written = five_events(&*store).await;
    let all = AuditFilter::default();
    let forward = pages(&*store, &all, AuditSpan::After(AuditPlace::START)).await;
    assert_eq!(forward, [&written[..2], &written[2..4], &written[4..]]);
    let backward = pages(&*store, &all, AuditSpan::Before(None)).await;
    let mut reversed = written;
    reversed.reverse();
    assert_eq!(backward, [&reversed[..2], &reversed[2..4], &reversed[4..]]);
}

pub(super) async fn a_page_has_what_meets_the_filter_among_what_was_looked_at(
    store: Arc<dyn Store>,
) {
    let written = five_events(&*store).await;
    let filter = AuditFilter {
        kinds: vec![AuditKind::SessionEnded, AuditKind::LoginFailed],
        ..AuditFilter::default()
    };
    let forward = pages(&*store, &filter, AuditSpan::After(AuditPlace::START)).await;
    assert_eq!(forward, [&written[..0], &written[2..3], &written[4..]]);
}

pub(super) async fn every_condition_of_a_filter_counts(store: Arc<dyn Store>) {
    let (account, session) = (AccountId::new(9), fresh_sid());
    let fitting = AuditEvent::new(at(5), AuditKind::Login, Actor::Client)
        .about(account)
        .in_session(session);
    let unfit = [
        AuditEvent {
            kind: AuditKind::Refreshed,
            ..fitting.clone()
        },
        AuditEvent {
            subject: Some(AccountId::new(8)),
            ..fitting.clone()
        },
        AuditEvent {
            subject: None,
            ..fitting.clone()
        },
        AuditEvent {
            session: Some(fresh_sid()),
            ..fitting.clone()
        },
        AuditEvent {
            session: None,
            ..fitting.clone()
        },
        AuditEvent {
            at: UnixMillis::from_millis(at(5).millis() - 1),
            ..fitting.clone()
        },
        AuditEvent {
            at: at(6),
            ..fitting.clone()
        },
    ];
    for event in unfit.iter().chain([&fitting]) {
        store.append_audit(event).await.unwrap();
    }
    let filter = AuditFilter {
        kinds: vec![AuditKind::Login],
        subject: Some(account),
        session: Some(session),
        from: Some(at(5)),
        before: Some(at(6)),
    };
    let page = store
        .audit_page(&filter, AuditSpan::Before(None), 100)
        .await;
    assert_eq!(page.unwrap().events, [fitting]);
}

pub(super) async fn purging_the_audit_log_is_bounded_and_keeps_the_newest_event(
    store: Arc<dyn Store>,
) {
    let written = five_events(&*store).await;
    assert_eq!(store.count_audit_before(at(4)).await.unwrap(), 3);
    let mut batches = Batches::default();
    while batches.add(store.purge_audit(at(4), 2).await.unwrap(), 2) {}
    assert_eq!(batches.removed, 3);
    let all = AuditFilter::default();
    let kept = pages(&*store, &all, AuditSpan::After(AuditPlace::START)).await;
    assert_eq!(kept, [&written[3..]]);
    assert_eq!(store.count_audit_before(at(100)).await.unwrap(), 1);
    let last = store.purge_audit(at(100), 10).await.unwrap();
    assert_eq!(
        last,
        Purged {
            removed: 1,
            more: false
        }
    );
    assert_eq!(store.recent_audit(10).await.unwrap(), written[4..]);
}

pub(super) async fn a_place_in_the_audit_log_is_given_once(store: Arc<dyn Store>) {
    five_events(&*store).await;
    let all = AuditFilter::default();
    let page = store.audit_page(&all, AuditSpan::Before(None), 1).await;
    let (newest, _) = page.unwrap().looked_at.unwrap();
    store.purge_audit(at(100), 10).await.unwrap();
    let next = event(AuditKind::StoreRolledBack);
    store.append_audit(&next).await.unwrap();
    let page = store.audit_page(&all, AuditSpan::After(newest), 10).await;
    assert_eq!(page.unwrap().events, [next]);
}

pub(super) async fn an_event_dated_ahead_holds_no_purge_up(store: Arc<dyn Store>) {
    let ahead = AuditEvent::new(at(1_000), AuditKind::Login, Actor::Client);
    store.append_audit(&ahead).await.unwrap();
    let written = five_events(&*store).await;
    let purged = store.purge_audit(at(5), 10).await.unwrap();
    assert_eq!(
        purged,
        Purged {
            removed: 4,
            more: false
        }
    );
    let kept = store.recent_audit(10).await.unwrap();
    assert_eq!(kept, [written[4].clone(), ahead]);
}

pub(super) async fn openings_carry_their_event(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    store
        .open_session(&login(&account), Some(&event(AuditKind::Login)))
        .await
        .unwrap();
    assert_eq!(audited(&*store).await, [AuditKind::Login]);
}

pub(super) async fn rotations_carry_their_event(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let event = event(AuditKind::Refreshed);
    let won = store.rotate(&step(&login), Some(&event)).await.unwrap();
    assert!(matches!(won, Rotation::Won(_)), "{won:?}");
    assert_eq!(
        store.recent_audit(10).await.unwrap(),
        [event.in_session(login.sid)]
    );
}

pub(super) async fn forks_carry_their_event(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let event = event(AuditKind::Refreshed);
    store
        .fork_session(&fork_of(&login), Some(&event))
        .await
        .unwrap();
    assert_eq!(audited(&*store).await, [AuditKind::Refreshed]);
}

pub(super) async fn a_refused_fork_records_no_event(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    end(&*store, login.number, EndCause::Logout).await;
    let event = event(AuditKind::Refreshed);
    let refused = store
        .fork_session(&fork_of(&login), Some(&event))
        .await
        .unwrap();
    assert!(matches!(refused, Forked::Refused(_)), "{refused:?}");
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn an_end_records_its_event_once(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let event = event(AuditKind::ReuseDetected).in_session(login.sid);
    let cause = EndCause::ReuseDetected;
    for expected in [Ending::Ended, Ending::Already(cause)] {
        let ending = store
            .end_session(login.number, cause, at(30), Some(&event))
            .await
            .unwrap();
        assert_eq!(ending, expected);
    }
    assert_eq!(store.recent_audit(10).await.unwrap(), [event]);
}

pub(super) async fn ending_all_carries_its_event(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let event = event(AuditKind::SessionsEnded);
    let cause = EndCause::EndedByOwner;
    store
        .end_sessions_of(owner(&login), None, cause, at(30), Some(&event))
        .await
        .unwrap();
    assert_eq!(audited(&*store).await, [AuditKind::SessionsEnded]);
}

pub(super) async fn blacklisting_records_its_event_once(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let event = event(AuditKind::TokenBlacklisted);
    for expected in [Blacklisting::Done, Blacklisting::Already] {
        let blacklisting = store
            .blacklist_session_token(login.number, "its token", at(15), Some(&event))
            .await
            .unwrap();
        assert_eq!(blacklisting, expected);
    }
    assert_eq!(audited(&*store).await, [AuditKind::TokenBlacklisted]);
}

pub(super) async fn adoptions_record_their_event_once(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let event = event(AuditKind::Refreshed);
    for _ in 0..2 {
        let adoption = adoption("django", &account);
        store
            .adopt_foreign_token(&adoption, Some(&event))
            .await
            .unwrap();
    }
    assert_eq!(audited(&*store).await, [AuditKind::Refreshed]);
}

pub(super) async fn foreign_blacklisting_records_its_event_once(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let event = event(AuditKind::TokenBlacklisted);
    let token = foreign("django", &account);
    for _ in 0..2 {
        store
            .blacklist_foreign_token(&token, &[], at(15), Some(&event))
            .await
            .unwrap();
    }
    assert_eq!(audited(&*store).await, [AuditKind::TokenBlacklisted]);
}

pub(super) async fn account_changes_carry_their_event(store: Arc<dyn Store>) {
    let created = event(AuditKind::AccountCreated);
    store
        .create_account(&new_account("alice"), Some(&created))
        .await
        .unwrap();
    let alice = store
        .find_account_by(AccountKey::Username("alice"))
        .await
        .unwrap()
        .unwrap();
    open(&*store, &alice).await;
    let deactivated = event(AuditKind::AccountDeactivated).about(alice.id);
    let edit = AccountEdit::Standing(Standing::Inactive);
    let ending = SessionsOnChange::End(EndCause::AccountDeactivated);
    store
        .edit_account(
            EditTarget::any(alice.id),
            &[edit],
            ending,
            at(40),
            std::slice::from_ref(&deactivated),
        )
        .await
        .unwrap();
    let recorded = store.recent_audit(10).await.unwrap();
    assert_eq!(recorded, [deactivated, created.about(alice.id)]);
}

pub(super) async fn new_keys_carry_their_event(store: Arc<dyn Store>) {
    store.found_keys(&first_keys(1)).await.unwrap();
    let key = super::keys::signing_key("k1");
    store
        .add_signing_key(&key, Some(&event(AuditKind::KeyGenerated)))
        .await
        .unwrap();
    assert_eq!(audited(&*store).await, [AuditKind::KeyGenerated]);
}

pub(super) async fn an_event_without_a_session_gets_the_name_of_the_row(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let nameless = event(AuditKind::Refreshed);
    let event = Some(&nameless);
    let login = opened(store.open_session(&login(&account), event).await);
    store.rotate(&step(&login), event).await.unwrap();
    store.fork_session(&fork_of(&login), event).await.unwrap();
    store
        .blacklist_session_token(login.number, "its token", at(15), event)
        .await
        .unwrap();
    store
        .end_session(login.number, EndCause::Logout, at(30), event)
        .await
        .unwrap();
    let recorded = store.recent_audit(10).await.unwrap();
    assert_eq!(recorded, vec![nameless.clone().in_session(login.sid); 5]);
}

pub(super) async fn an_event_keeps_the_session_that_it_names(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let named = event(AuditKind::Refreshed).in_session(fresh_sid());
    store.rotate(&step(&login), Some(&named)).await.unwrap();
    assert_eq!(store.recent_audit(10).await.unwrap(), [named]);
}

pub(super) async fn a_change_without_an_event_records_none(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    store.rotate(&step(&login), None).await.unwrap();
    end(&*store, login.number, EndCause::Logout).await;
    store.revoke_everything(at(50), None).await.unwrap();
    store.purge_sessions(second(9000), 10).await.unwrap();
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn the_events_of_a_session_are_those_that_name_it(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let (first, second) = (open(&*store, &account).await, open(&*store, &account).await);
    let told = [
        event(AuditKind::Login).in_session(first.sid),
        event(AuditKind::Login).in_session(second.sid),
        event(AuditKind::AccountChanged).about(account.id),
        event(AuditKind::Refreshed).in_session(first.sid),
    ];
    for event in &told {
        store.append_audit(event).await.unwrap();
    }
    let [login, _, _, refresh] = told;
    let of = async |limit| store.audit_of_session(&first, limit).await.unwrap();
    assert_eq!(of(10).await, [refresh.clone(), login]);
    assert_eq!(of(1).await, [refresh], "the newest");
}

pub(super) async fn what_ended_many_sessions_is_an_event_of_each(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let other = create(&*store, "bob").await;
    let login = open(&*store, &account).await;
    let told = AuditEvent::new(at(30), AuditKind::SessionsEnded, Actor::Operator);
    let before = AuditEvent::new(at(29), AuditKind::AccountChanged, Actor::Operator);
    for event in [&told.clone().about(other.id), &before.about(account.id)] {
        store.append_audit(event).await.unwrap();
    }
    let told = told.about(account.id);
    store
        .end_sessions_of(
            account.id,
            None,
            EndCause::EndedByOperator,
            at(30),
            Some(&told),
        )
        .await
        .unwrap();
    let live = store.audit_of_session(&login, 10).await.unwrap();
    assert_eq!(live, [], "it had not ended in the row that was asked for");
    let ended = store.find_session_by_sid(login.sid).await.unwrap().unwrap();
    let events = store.audit_of_session(&ended, 10).await.unwrap();
    assert_eq!(events, [told]);
}
