//! Clauses: what must hold however concurrent callers interleave.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Barrier;

use super::fixture::{
    adoption, at, audited, create, end, event, first_keys, fork_of, fresh_sid, log, login,
    new_account, opened, root_state, row, second, signed_in, step,
};
use super::{keys, services, takeover};
use crate::account::{Account, AccountId, Privileges};
use crate::audit::AuditKind;
use crate::password::EncodedPassword;
use crate::rotation::RotationStep;
use crate::session::{EndCause, SessionState};
use crate::store::{
    AccountChange, AccountCreation, AccountEdit, Adopted, Blacklisting, EditTarget, Ending, Forked,
    ImportRun, KeyPromotion, KeyTransition, NewAccount, NewSession, PrivilegeChange, Reach,
    Rotation, ServiceCreation, SessionsOnChange, SigningKeyState, Store, TokenRevocation,
};

pub(super) async fn rotate_with_one_generation_has_exactly_one_winner(store: Arc<dyn Store>) {
    let mut session = signed_in(&*store).await;
    for round in 1..=ROUNDS {
        let steps = (0..CALLERS).map(|caller| RotationStep {
            client: super::fixture::client(caller),
            ..step(&session)
        });
        let outcomes = at_once(&store, steps, |store, step| async move {
            store.rotate(&step, None).await.unwrap()
        });
        let mut winners = Vec::new();
        for outcome in outcomes.await {
            if let Rotation::Won(record) = outcome {
                winners.push(record);
            }
        }
        assert_eq!(winners.len(), 1, "in round {round}: {winners:?}");
        session = row(&*store, session.number).await;
        assert_eq!(
            [session.clone()],
            winners[..],
            "the winner's row is the one that stays"
        );
        assert_eq!(u64::from(session.generation.get()), round);
    }
}

pub(super) async fn losers_of_a_rotation_see_the_winners_row(store: Arc<dyn Store>) {
    let session = signed_in(&*store).await;
    let steps = (0..CALLERS).map(|_| step(&session));
    let outcomes = at_once(&store, steps, |store, step| async move {
        store.rotate(&step, None).await.unwrap()
    });
    let winner = row(&*store, session.number).await.generation;
    for outcome in outcomes.await {
        if let Rotation::Lost(lineage) = outcome {
            let seen = lineage.unwrap().session;
            assert!(
                seen.generation > session.generation,
                "lost against nobody: {seen:?}"
            );
        }
    }
    assert!(winner == session.generation || winner == session.generation.next());
}

pub(super) async fn adoption_has_exactly_one_winner(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for round in 0..ROUNDS {
        let id = format!("django {round}");
        let adoptions = (0..CALLERS).map(|_| adoption(&id, &account));
        let outcomes = at_once(&store, adoptions, |store, adoption| async move {
            store.adopt_foreign_token(&adoption, None).await.unwrap()
        });
        let (opened, others): (Vec<_>, Vec<_>) = outcomes
            .await
            .into_iter()
            .partition(|outcome| matches!(outcome, Adopted::Opened(_)));
        assert_eq!(opened.len(), 1, "in round {round}: {opened:?}");
        let known = store.find_foreign_token(&id).await.unwrap().unwrap();
        for other in others {
            assert_eq!(other, Adopted::Known(known.clone()));
        }
    }
    let live = store.live_sessions_of(account.id).await.unwrap();
    assert_eq!(
        u64::try_from(live.len()).unwrap(),
        ROUNDS,
        "a loser left a session behind"
    );
}

pub(super) async fn adoption_races_an_imported_blacklisting_and_never_outlives_it(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    for round in 0..ROUNDS {
        let id = format!("django {round}");
        let inputs = (0..CALLERS).map(|caller| {
            let imported = takeover::blacklisted(&id, &account);
            (caller, adoption(&id, &account), [imported])
        });
        let outcomes = at_once(
            &store,
            inputs,
            |store, (caller, adoption, imported)| async move {
                if caller % 2 == 0 {
                    let adopted = store.adopt_foreign_token(&adoption, None).await;
                    adopted.map(drop).unwrap();
                } else {
                    let done =
                        store.import_foreign_tokens(&imported, &[], ImportRun::Real, at(30), None);
                    done.await.map(drop).unwrap();
                }
            },
        );
        outcomes.await;
        let token = store.find_foreign_token(&id).await.unwrap().unwrap();
        match token.session {
            Some(session) => assert!(root_state(&*store, session).await.is_ended()),
            None => assert!(token.blacklisted_at.is_some(), "{token:?}"),
        }
    }
}

pub(super) async fn an_end_has_exactly_one_cause(store: Arc<dyn Store>) {
    let session = signed_in(&*store).await;
    let causes = EndCause::ALL.map(|cause| (session.number, cause));
    let outcomes = at_once(&store, causes, |store, (number, cause)| async move {
        (
            cause,
            store
                .end_session(number, cause, at(30), None)
                .await
                .unwrap(),
        )
    });
    let state = |cause| SessionState::Ended { at: at(30), cause };
    let mut first = Vec::new();
    for (cause, ending) in outcomes.await {
        match ending {
            Ending::Ended => first.push(cause),
            Ending::Already(kept) => {
                assert_eq!(root_state(&*store, session.number).await, state(kept));
            }
            Ending::Unknown => panic!("the session is there"),
        }
    }
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(root_state(&*store, session.number).await, state(first[0]));
    assert_eq!(log(&*store).await.len(), 1);
}

pub(super) async fn a_token_that_is_blacklisted_at_once_is_blacklisted_once(store: Arc<dyn Store>) {
    let session = signed_in(&*store).await;
    let callers = (0..CALLERS).map(|_| session.number);
    let outcomes = at_once(&store, callers, |store, number| async move {
        let event = event(AuditKind::TokenBlacklisted);
        store
            .blacklist_session_token(number, "its token", at(15), Some(&event))
            .await
            .unwrap()
    });
    let (mut done, mut already) = (0, 0);
    for outcome in outcomes.await {
        match outcome {
            Blacklisting::Done => done += 1,
            Blacklisting::Already => already += 1,
            Blacklisting::Unknown => panic!("the session is there"),
        }
    }
    assert_eq!((done, already), (1, CALLERS - 1));
    assert_eq!(log(&*store).await.len(), 1);
    assert_eq!(audited(&*store).await, [AuditKind::TokenBlacklisted]);
}

pub(super) async fn a_store_is_founded_by_exactly_one_caller(store: Arc<dyn Store>) {
    let outcomes = at_once(&store, 1..9, |store, key| async move {
        (key, store.found_keys(&first_keys(key)).await.unwrap())
    });
    let outcomes = outcomes.await;
    let founders: Vec<_> = outcomes
        .into_iter()
        .filter(|(_, founded)| *founded)
        .collect();
    assert_eq!(founders.len(), 1, "{founders:?}");
    assert_eq!(
        store.load_keys().await.unwrap(),
        Some(first_keys(founders[0].0))
    );
}

pub(super) async fn a_key_is_replaced_by_exactly_one_other(store: Arc<dyn Store>) {
    keys::ring(&*store).await;
    for caller in 0..CALLERS {
        let key = keys::key_in(&format!("k{caller}"), SigningKeyState::Standby);
        store.add_signing_key(&key, None).await.unwrap();
    }
    let promotions = (0..CALLERS).map(|caller| KeyPromotion {
        kid: keys::kid(&format!("k{caller}")),
        ..keys::promotion()
    });
    let outcomes = at_once(&store, promotions, |store, promotion| async move {
        let promoted = store.promote_signing_key(&promotion, at(40), None).await;
        promoted.unwrap()
    });
    let done = outcomes.await.into_iter();
    let done = done.filter(|outcome| *outcome == KeyTransition::Done);
    assert_eq!(done.count(), 1);
    let states = keys::states(&*store).await.into_iter();
    let active = states.filter(|state| *state == SigningKeyState::Active);
    assert_eq!(active.count(), 1);
}

pub(super) async fn a_username_goes_to_exactly_one_caller(store: Arc<dyn Store>) {
    let outcomes = at_once(&store, 0..CALLERS, |store, _| async move {
        store
            .create_account(&new_account("alice"), None)
            .await
            .unwrap()
    });
    let created = outcomes
        .await
        .into_iter()
        .filter(|outcome| matches!(outcome, AccountCreation::Created(_)));
    assert_eq!(created.count(), 1);
}

pub(super) async fn a_service_name_goes_to_exactly_one_caller(store: Arc<dyn Store>) {
    let credentials = (0..CALLERS).map(|serial| services::credential("billing", serial));
    let outcomes = at_once(&store, credentials, |store, credential| async move {
        store.create_service(&credential, None).await.unwrap()
    });
    let outcomes = outcomes.await;
    let created = |outcome: &&ServiceCreation| **outcome == ServiceCreation::Created;
    assert_eq!(outcomes.iter().filter(created).count(), 1, "{outcomes:?}");
    assert_eq!(store.list_services().await.unwrap().len(), 1);
}

/// Whoever may not touch the privileged cannot do so in the moment of a promotion: in the order of the audit log,
/// nothing of theirs follows it.
pub(super) async fn a_promoted_account_is_out_of_reach_at_once(store: Arc<dyn Store>) {
    let account = NewAccount {
        privileges: Privileges::default(),
        ..new_account("alice")
    };
    store.create_account(&account, None).await.unwrap();
    let promoted = PrivilegeChange {
        staff: Some(true),
        superuser: None,
    };
    let id = store.list_accounts(AccountId::new(0), 1).await.unwrap()[0].id;
    let target = |reach| EditTarget { account: id, reach };
    let inputs = (0..CALLERS).map(|caller| match caller {
        0 => (
            target(Reach::Everybody),
            AccountEdit::Privileges(promoted),
            AuditKind::AccountChanged,
        ),
        _ => (
            target(Reach::Unprivileged),
            AccountEdit::Password(EncodedPassword::from_stored(format!("argon2${caller}"))),
            AuditKind::PasswordChanged,
        ),
    });
    let outcomes = at_once(&store, inputs, |store, (target, edit, kind)| async move {
        let (edits, events) = ([edit], [event(kind)]);
        let change = store.edit_account(target, &edits, SessionsOnChange::Keep, at(40), &events);
        change.await.unwrap()
    });
    let refused = |outcome: &&AccountChange| **outcome == AccountChange::OutOfReach;
    let refused = outcomes.await.iter().filter(refused).count();
    let audited = audited(&*store).await;
    assert_eq!(
        audited.last(),
        Some(&AuditKind::AccountChanged),
        "{audited:?}"
    );
    assert_eq!(audited.len() + refused, usize::try_from(CALLERS).unwrap());
}

pub(super) async fn concurrent_openings_draw_different_numbers(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let logins = (0..CALLERS).map(|_| login(&account));
    let outcomes = at_once(&store, logins, |store, login| async move {
        opened(store.open_session(&login, None).await).number
    });
    let numbers: BTreeSet<_> = outcomes.await.into_iter().collect();
    assert_eq!(u64::try_from(numbers.len()).unwrap(), CALLERS);
}

pub(super) async fn the_limit_holds_under_concurrent_openings(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for _ in 0..ROUNDS {
        let logins = (0..CALLERS).map(|_| NewSession {
            limit: Some(2),
            ..login(&account)
        });
        let outcomes = at_once(&store, logins, |store, login| async move {
            opened(store.open_session(&login, None).await)
        });
        outcomes.await;
        let live = store.live_sessions_of(account.id).await.unwrap();
        assert_eq!(live.len(), 2, "{live:?}");
    }
}

pub(super) async fn opening_races_a_password_change_and_never_keeps_the_old_credential(
    store: Arc<dyn Store>,
) {
    let mut account = create(&*store, "alice").await;
    for _ in 0..ROUNDS {
        let callers = with_caller(&account);
        let outcomes = at_once(&store, callers, |store, (caller, account)| async move {
            if caller == CALLERS / 2 {
                change_password(&*store, &account).await;
            } else {
                store.open_session(&login(&account), None).await.unwrap();
            }
        });
        outcomes.await;
        let live = store.live_sessions_of(account.id).await.unwrap();
        assert_eq!(live, [], "opened with the password before the change");
        account = store.find_account(account.id).await.unwrap().unwrap();
    }
}

pub(super) async fn forking_races_the_end_of_its_root_and_never_outlives_it(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for _ in 0..ROUNDS {
        let session = opened(store.open_session(&login(&account), None).await);
        let callers = with_caller(&session);
        let outcomes = at_once(&store, callers, |store, (caller, session)| async move {
            if caller == CALLERS / 2 {
                end(&*store, session.number, EndCause::Logout).await;
                return None;
            }
            match store.fork_session(&fork_of(&session), None).await.unwrap() {
                Forked::Opened(fork) => Some(fork),
                Forked::Refused(_) => None,
            }
        });
        for fork in outcomes.await.into_iter().flatten() {
            assert!(root_state(&*store, fork.number).await.is_ended());
        }
        let late = store.fork_session(&fork_of(&session), None).await.unwrap();
        assert!(matches!(late, Forked::Refused(_)), "{late:?}");
    }
}

pub(super) async fn a_rotation_never_revives_an_ended_session(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for _ in 0..ROUNDS {
        let session = opened(store.open_session(&login(&account), None).await);
        let callers = with_caller(&session);
        let outcomes = at_once(&store, callers, |store, (caller, session)| async move {
            if caller == CALLERS / 2 {
                end(&*store, session.number, EndCause::Logout).await;
            } else {
                store.rotate(&step(&session), None).await.unwrap();
            }
        });
        outcomes.await;
        let state = SessionState::Ended {
            at: at(30),
            cause: EndCause::Logout,
        };
        assert_eq!(row(&*store, session.number).await.state, state);
    }
}

/// Whoever rotates or forks locks the row of its session, whoever ends an account's sessions locks the account: one
/// of them must wait for the other, or a successor is overlooked.
pub(super) async fn ending_all_races_rotations_and_forks_and_misses_none(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for _ in 0..ROUNDS {
        let session = opened(store.open_session(&login(&account), None).await);
        let shared = (account.id, session);
        let callers = with_caller(&shared);
        let outcomes = at_once(
            &store,
            callers,
            |store, (caller, (account, session))| async move {
                if caller == CALLERS / 2 {
                    let ending = store.end_sessions_of(account, None, ENDED_BY, at(30), None);
                    assert_eq!(ending.await.unwrap(), 1);
                } else if caller % 2 == 0 {
                    store.rotate(&step(&session), None).await.unwrap();
                } else {
                    store.fork_session(&fork_of(&session), None).await.unwrap();
                }
                session
            },
        );
        let session = outcomes.await.remove(0);
        let cause = ENDED_BY;
        let state = SessionState::Ended { at: at(30), cause };
        let kept = row(&*store, session.number).await;
        assert_eq!(kept.state, state);
        let late = store.rotate(&step(&kept), None).await.unwrap();
        assert!(matches!(late, Rotation::Lost(_)), "{late:?}");
        let late = store.fork_session(&fork_of(&kept), None).await.unwrap();
        assert!(matches!(late, Forked::Refused(_)), "{late:?}");
    }
    assert_eq!(store.live_sessions_of(account.id).await.unwrap(), []);
}

pub(super) async fn sequence_follows_commit_order(store: Arc<dyn Store>) {
    let writing = Arc::new(());
    let callers: Vec<_> = with_caller(&writing).collect();
    let reader = tokio::spawn(follow_the_log(Arc::clone(&store), writing));
    let outcomes = at_once(&store, callers, |store, (caller, writing)| async move {
        for number in 0..APPENDS_PER_CALLER {
            let token_id = format!("{caller} {number}");
            let revocation = TokenRevocation {
                token_id,
                forget_at: second(99),
            };
            store.revoke_token(&revocation, at(41), None).await.unwrap();
        }
        drop(writing);
    });
    outcomes.await;
    let seen = reader.await.unwrap();
    let whole: Vec<_> = log(&*store)
        .await
        .iter()
        .map(|entry| entry.sequence)
        .collect();
    assert_eq!(
        seen, whole,
        "an entry became visible behind a reader who had passed its place"
    );
}

/// Reads the log while others write it, always on from the last entry read, as a node does; stops when
/// nobody else holds `writing` and nothing new is there.
async fn follow_the_log(store: Arc<dyn Store>, writing: Arc<()>) -> Vec<u64> {
    let mut seen = Vec::new();
    loop {
        let complete = Arc::strong_count(&writing) == 1;
        let after = seen.last().copied().unwrap_or(0);
        let entries = store.log_entries_after(after, 1_000).await.unwrap();
        if complete && entries.is_empty() {
            return seen;
        }
        seen.extend(entries.iter().map(|entry| entry.sequence));
        tokio::task::yield_now().await;
    }
}

/// The same for every caller, with the caller's number.
fn with_caller<T: Clone>(shared: &T) -> impl Iterator<Item = (u64, T)> {
    (0..CALLERS).map(move |caller| (caller, shared.clone()))
}

/// Runs one call per input, all released at the same moment, each on a task of its own.
async fn at_once<I, F>(
    store: &Arc<dyn Store>,
    inputs: impl IntoIterator<Item = I>,
    call: fn(Arc<dyn Store>, I) -> F,
) -> Vec<F::Output>
where
    I: Send + 'static,
    F: Future<Output: Send> + Send + 'static,
{
    let inputs: Vec<_> = inputs.into_iter().collect();
    let start = Arc::new(Barrier::new(inputs.len()));
    let mut tasks = Vec::new();
    for input in inputs {
        let (store, start) = (Arc::clone(store), Arc::clone(&start));
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            call(store, input).await
        }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

async fn change_password(store: &dyn Store, account: &Account) {
    let password = EncodedPassword::from_stored(format!("argon2${}", fresh_sid()));
    let edit = AccountEdit::Password(password);
    let ending = SessionsOnChange::End(EndCause::PasswordChanged);
    store
        .edit_account(EditTarget::any(account.id), &[edit], ending, at(40), &[])
        .await
        .unwrap();
}

const ENDED_BY: EndCause = EndCause::EndedByOwner;
const CALLERS: u64 = 8;
const ROUNDS: u64 = 10;
const APPENDS_PER_CALLER: u64 = 25;
