//! Clauses: moving a session on to its next generation.

use std::sync::Arc;

use countersign_token::Timestamp;

use super::fixture::{
    at, audited, create, end, event, fork_of, forked, login, nobodys, opened, owner, row, second,
    signed_in, step,
};
use crate::account::AccountId;
use crate::audit::AuditKind;
use crate::rotation::{PresentedToken, RotationStep, rotated};
use crate::session::{
    EndCause, Generation, Lineage, Salt, SessionNumber, SessionRecord, SessionState,
};
use crate::store::{Fork, Forked, NewSession, Rotation, Store};

pub(super) async fn a_rotation_writes_what_the_reference_writes(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let step = step(&login);
    let expected = rotated(&login, &step);
    assert_eq!(
        store.rotate(&step, None).await.unwrap(),
        Rotation::Won(expected.clone())
    );
    assert_eq!(row(&*store, login.number).await, expected);
}

pub(super) async fn a_session_rotates_again_with_each_successor(store: Arc<dyn Store>) {
    let mut session = signed_in(&*store).await;
    for generation in 1..=5 {
        session = won(store.rotate(&step(&session), None).await.unwrap());
        assert_eq!(session.generation.get(), generation);
    }
}

pub(super) async fn a_spent_generation_loses_and_shows_the_row(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let session = won(store.rotate(&step(&login), None).await.unwrap());
    let lost = store.rotate(&step(&login), None).await.unwrap();
    assert_eq!(
        lost,
        Rotation::Lost(Some(Lineage {
            session,
            root: SessionState::Live
        }))
    );
}

pub(super) async fn a_generation_ahead_of_the_row_loses(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let token = PresentedToken {
        generation: login.generation.next(),
        ..step(&login).token
    };
    loses_unchanged(
        &*store,
        &login,
        RotationStep {
            token,
            ..step(&login)
        },
    )
    .await;
}

pub(super) async fn another_salt_loses(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let salt = Some(Salt::from_low_bits(login.sid.salt().get() ^ 1));
    let token = PresentedToken {
        salt,
        ..step(&login).token
    };
    loses_unchanged(
        &*store,
        &login,
        RotationStep {
            token,
            ..step(&login)
        },
    )
    .await;
}

pub(super) async fn a_foreign_token_has_no_salt_and_rotates(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let token = PresentedToken {
        salt: None,
        ..step(&login).token
    };
    won(store
        .rotate(
            &RotationStep {
                token,
                ..step(&login)
            },
            None,
        )
        .await
        .unwrap());
}

pub(super) async fn another_account_loses(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let account = Some(AccountId::new(owner(&login).get() + 1));
    let token = PresentedToken {
        account,
        ..step(&login).token
    };
    loses_unchanged(
        &*store,
        &login,
        RotationStep {
            token,
            ..step(&login)
        },
    )
    .await;
}

pub(super) async fn a_session_of_nobody_rotates_for_nobody_only(store: Arc<dyn Store>) {
    let nobodys = opened(store.open_session(&nobodys(), None).await);
    let token = PresentedToken {
        account: Some(AccountId::new(1)),
        ..step(&nobodys).token
    };
    let claimed = RotationStep {
        token,
        ..step(&nobodys)
    };
    loses_unchanged(&*store, &nobodys, claimed).await;
    won(store.rotate(&step(&nobodys), None).await.unwrap());
    let login = signed_in(&*store).await;
    let token = PresentedToken {
        account: None,
        ..step(&login).token
    };
    let claimed = RotationStep {
        token,
        ..step(&login)
    };
    loses_unchanged(&*store, &login, claimed).await;
}

pub(super) async fn a_number_that_was_never_drawn_loses_without_a_row(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let token = PresentedToken {
        session: SessionNumber::MAX,
        ..step(&login).token
    };
    let lost = store
        .rotate(
            &RotationStep {
                token,
                ..step(&login)
            },
            None,
        )
        .await
        .unwrap();
    assert_eq!(lost, Rotation::Lost(None));
}

pub(super) async fn an_ended_session_loses(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    end(&*store, login.number, EndCause::Logout).await;
    let login = row(&*store, login.number).await;
    loses_unchanged(&*store, &login, step(&login)).await;
}

pub(super) async fn a_fork_loses_once_its_root_has_ended(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let fork = forked(&*store, &login).await;
    end(&*store, login.number, EndCause::Logout).await;
    loses_unchanged(&*store, &fork, step(&fork)).await;
}

pub(super) async fn a_session_rotates_until_its_deadline_and_no_longer(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = NewSession {
        deadline: Some(second(900)),
        ..login(&account)
    };
    let login = opened(store.open_session(&login, None).await);
    loses_unchanged(
        &*store,
        &login,
        RotationStep {
            now: at(900),
            ..step(&login)
        },
    )
    .await;
    let in_time = RotationStep {
        now: at(899),
        ..step(&login)
    };
    won(store.rotate(&in_time, None).await.unwrap());
}

pub(super) async fn a_successor_is_capped_to_the_deadline(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = NewSession {
        deadline: Some(second(900)),
        ..login(&account)
    };
    let login = opened(store.open_session(&login, None).await);
    let session = won(store.rotate(&step(&login), None).await.unwrap());
    assert_eq!(session.refresh_expires_at, second(900));
}

pub(super) async fn the_last_generation_loses(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let before_last = Generation::new(Generation::LAST.get() - 1).unwrap();
    let login = NewSession {
        generation: before_last,
        ..login(&account)
    };
    let login = opened(store.open_session(&login, None).await);
    let last = won(store.rotate(&step(&login), None).await.unwrap());
    assert_eq!(last.generation, Generation::LAST);
    loses_unchanged(&*store, &last, step(&last)).await;
}

pub(super) async fn keep_until_only_grows(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let shorter = RotationStep {
        refresh_expires_at: second(50),
        ..step(&login)
    };
    let session = won(store.rotate(&shorter, None).await.unwrap());
    assert_eq!(session.refresh_expires_at, second(50));
    assert_eq!(session.keep_until, login.keep_until);
}

pub(super) async fn rotating_a_fork_moves_the_keep_until_of_its_root(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let Forked::Opened(fork) = store.fork_session(&fork_of(&login), None).await.unwrap() else {
        panic!("the login lives");
    };
    let longer = RotationStep {
        refresh_expires_at: second(7000),
        ..step(&fork)
    };
    won(store.rotate(&longer, None).await.unwrap());
    assert_eq!(row(&*store, login.number).await.keep_until, second(7060));
    assert_eq!(
        row(&*store, login.number).await.generation,
        login.generation
    );
}

pub(super) async fn rotating_a_fork_leaves_its_family_alone(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let (one, other) = (forked(&*store, &login).await, forked(&*store, &login).await);
    won(store.rotate(&step(&one), None).await.unwrap());
    assert_eq!(row(&*store, other.number).await, other);
    let root = row(&*store, login.number).await;
    assert_eq!(
        SessionRecord {
            keep_until: login.keep_until,
            ..root
        },
        login
    );
}

pub(super) async fn a_lost_rotation_records_no_event(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let event = event(AuditKind::Refreshed);
    for _ in 0..3 {
        store.rotate(&step(&login), Some(&event)).await.unwrap();
    }
    assert_eq!(
        audited(&*store).await,
        [AuditKind::Refreshed],
        "one won, two lost"
    );
}

pub(super) async fn moments_are_kept_to_the_millisecond(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    for millis in [1, 2, 999] {
        let session = row(&*store, login.number).await;
        let now = countersign_token::UnixMillis::from_millis(at(60).millis() + millis);
        won(store
            .rotate(
                &RotationStep {
                    now,
                    ..step(&session)
                },
                None,
            )
            .await
            .unwrap());
        assert_eq!(row(&*store, login.number).await.rotated_at, now);
    }
}

pub(super) async fn far_moments_are_kept(store: Arc<dyn Store>) {
    let login = signed_in(&*store).await;
    let in_a_century = Timestamp::from_seconds(second(0).seconds() + 3_200_000_000);
    let far = Fork {
        refresh_expires_at: in_a_century,
        ..fork_of(&login)
    };
    let Forked::Opened(fork) = store.fork_session(&far, None).await.unwrap() else {
        panic!("the login lives");
    };
    assert_eq!(
        row(&*store, fork.number).await.refresh_expires_at,
        in_a_century
    );
}

fn won(rotation: Rotation) -> SessionRecord {
    match rotation {
        Rotation::Won(record) => record,
        lost @ Rotation::Lost(_) => panic!("{lost:?}"),
    }
}

/// The step loses, and is shown the row as it was and still is.
async fn loses_unchanged(store: &dyn Store, before: &SessionRecord, step: RotationStep) {
    let lost = store.rotate(&step, None).await.unwrap();
    let Rotation::Lost(Some(lineage)) = lost else {
        panic!("{lost:?}");
    };
    assert_eq!(&lineage.session, before);
    assert_eq!(&row(store, before.number).await, before);
}
