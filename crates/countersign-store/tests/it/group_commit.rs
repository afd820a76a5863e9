//! Many operations, few syncs.

use countersign::store::{Rotation, Sessions};

use crate::fixture::{Fixture, ask_all, next_step, open_sessions};

#[tokio::test]
async fn sixty_four_waiting_rotations_need_at_most_four_commits() {
    let fixture = Fixture::new();
    let sessions = open_sessions(&fixture.store, 64).await;
    let steps: Vec<_> = sessions.iter().map(next_step).collect();
    let commits_before = fixture.store.commits();

    let lock = fixture.hold_write_lock();
    let mut rotations: Vec<_> = steps
        .iter()
        .map(|step| fixture.store.rotate(step, None))
        .collect();
    ask_all(&mut rotations).await;
    drop(lock);

    for rotation in rotations {
        assert!(matches!(rotation.await.unwrap(), Rotation::Won(_)));
    }
    let commits = fixture.store.commits() - commits_before;
    assert!(commits <= 4, "{commits} commits");
}

#[tokio::test]
async fn of_waiting_rotations_of_one_token_one_wins_and_the_others_see_its_row() {
    let fixture = Fixture::new();
    let step = next_step(&open_sessions(&fixture.store, 1).await[0]);

    let lock = fixture.hold_write_lock();
    let mut rotations: Vec<_> = (0..16).map(|_| fixture.store.rotate(&step, None)).collect();
    ask_all(&mut rotations).await;
    drop(lock);

    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for rotation in rotations {
        match rotation.await.unwrap() {
            Rotation::Won(next) => won.push(next),
            Rotation::Lost(lineage) => lost.push(lineage.unwrap().session),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(lost, vec![won[0].clone(); 15]);
}

#[tokio::test]
async fn history_costs_a_rotation_one_row_in_one_tree() {
    let fixture = Fixture::new();
    let indexes: i64 = crate::fixture::connect(&fixture.path())
        .query_row(
            "SELECT count(*) FROM pragma_index_list('token_history')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(indexes, 0);
}

#[tokio::test]
async fn no_index_has_a_column_that_a_rotation_writes() {
    let fixture = Fixture::new();
    let connection = crate::fixture::connect(&fixture.path());
    let mut statement = connection
        .prepare(
            "SELECT info.name
             FROM pragma_index_list('session') AS list, pragma_index_info(list.name) AS info
             WHERE info.name IN ('generation', 'rotated_at', 'refresh_expires_at', 'keep_until', 'client', 'history')",
        )
        .unwrap();
    let touched: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(touched, Vec::<String>::new());
}
