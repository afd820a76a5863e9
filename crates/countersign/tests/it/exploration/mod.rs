//! Every history of a small world, by the pure functions of the ledger: none leads to two live children of one
//! generation, to a session that lives after its end was acknowledged, or to an owner who is logged out without a
//! cause. And that a broken rule does lead there.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code; helpers outside of test functions count as code to clippy"
)]

mod rules;
mod search;
mod world;

use countersign::rotation::{AccountAtRefresh, may_rotate};
use countersign::rotation::{Decision, PresentedToken, RotationPolicy, RotationStep, decide};
use countersign::session::{ClientDigest, Generation, Lineage, SessionState};
use countersign_token::UnixMillis;

use self::rules::{EndByReuse, Looks, Rules};
use self::search::explore;
use self::world::{Broken, Settings};

/// Explores the whole of a world and insists that it is as large as it was when it was last looked at.
fn nothing_is_broken(name: &str, settings: &Settings, states: usize) {
    let explored = explore(&Rules::OURS, settings);
    println!(
        "{name}: {} states, {} transitions",
        explored.states, explored.transitions
    );
    assert_eq!(explored.broken, None);
    assert!(explored.states >= states, "the world has shrunk");
}

#[test]
fn two_tabs_lost_answers_crashes_and_clocks_that_differ() {
    nothing_is_broken("two tabs", &TABS, 28_000);
}

#[test]
fn a_thief_who_presents_what_he_copied_twice() {
    nothing_is_broken("thief", &THIEF, 100_000);
}

#[test]
fn a_thief_who_passes_for_the_owners_browser() {
    let disguised = Settings {
        disguised: true,
        last_tick: 4,
        ..THIEF
    };
    nothing_is_broken("thief in disguise", &disguised, 17_000);
}

#[test]
fn an_operator_beside_a_deadline_and_a_crash() {
    nothing_is_broken("operator", &OPERATOR, 44_000);
}

#[test]
fn everybody_at_once() {
    nothing_is_broken("everybody", &EVERYBODY, 80_000);
}

#[test]
#[ignore = "minutes; ./test walks runs it"]
fn everybody_beside_a_mishap() {
    let larger = Settings {
        mishaps: 1,
        ..EVERYBODY
    };
    nothing_is_broken("everybody, with a mishap", &larger, 1_250_000);
}

#[test]
#[ignore = "minutes; ./test walks runs it"]
fn a_thief_beside_a_mishap() {
    let larger = Settings {
        mishaps: 1,
        thefts: 1,
        ..THIEF
    };
    nothing_is_broken("thief, with a mishap", &larger, 126_000);
}

/// Each broken rule is found, and by what it breaks.
macro_rules! found {
    ($($test:ident: $broken:ident in $settings:ident by $rules:expr)+) => {
        $(#[test]
        fn $test() {
            let explored = explore(&$rules, &$settings);
            let (broken, history) = explored.broken.expect("the broken rule is not found");
            println!("{broken:?} after {history:?}");
            assert_eq!(broken, Broken::$broken);
        })+
    };
}

found! {
    a_store_that_rotates_spent_tokens_is_found: TwoLiveChildren in TABS
        by Rules { may_rotate: |lineage, step| may_rotate(lineage, &as_if_current(lineage, step)), ..Rules::OURS }
    an_old_token_that_is_given_the_newest_is_found: TwoLiveChildren in THIEF
        by Rules { decide: replays_whatever_was_spent, ..Rules::OURS }
    a_store_that_rotates_ended_sessions_is_found: LivesAfterItsEnd in EVERYBODY
        by Rules { may_rotate: |lineage, step| may_rotate(&as_if_live(lineage), step), ..Rules::OURS }
    a_replay_of_an_ended_session_is_found: LivesAfterItsEnd in EVERYBODY
        by Rules { decide: replays_what_has_ended, ..Rules::OURS }
    an_end_that_is_rolled_back_with_its_request_is_found: LivesAfterItsEnd in THIEF
        by Rules { end_by_reuse: EndByReuse::RolledBack, ..Rules::OURS }
    a_node_that_looks_at_the_log_once_is_found: LivesAfterItsEnd in EVERYBODY
        by Rules { looks: Looks::Once, ..Rules::OURS }
    a_session_without_a_grace_is_found: LoggedOutWithoutACause in TABS
        by Rules { decide: knows_no_grace, ..Rules::OURS }
    a_grace_that_is_too_short_for_a_lost_answer_is_found: LoggedOutWithoutACause in TABS
        by Rules { decide: halves_the_grace, ..Rules::OURS }
}

fn as_if_current(lineage: &Lineage, step: &RotationStep) -> RotationStep {
    let mut step = *step;
    step.token.generation = lineage.session.generation;
    step
}

fn as_if_live(lineage: &Lineage) -> Lineage {
    let mut lineage = lineage.clone();
    lineage.session.state = SessionState::Live;
    lineage.root = SessionState::Live;
    lineage
}

fn replays_whatever_was_spent(
    policy: &RotationPolicy,
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    client: ClientDigest,
    now: UnixMillis,
) -> Decision {
    let mut token = *token;
    let previous = lineage.session.generation.get().saturating_sub(1);
    token.generation = token.generation.max(Generation::new(previous).unwrap());
    decide(policy, lineage, account, &token, client, now)
}

fn replays_what_has_ended(
    policy: &RotationPolicy,
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    client: ClientDigest,
    now: UnixMillis,
) -> Decision {
    let lives = as_if_live(lineage);
    let is_spent = token.generation < lineage.session.generation;
    let lineage = if is_spent { &lives } else { lineage };
    decide(policy, lineage, account, token, client, now)
}

fn knows_no_grace(
    policy: &RotationPolicy,
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    client: ClientDigest,
    now: UnixMillis,
) -> Decision {
    let policy = RotationPolicy {
        reuse_grace: std::time::Duration::ZERO,
        ..*policy
    };
    decide(&policy, lineage, account, token, client, now)
}

fn halves_the_grace(
    policy: &RotationPolicy,
    lineage: &Lineage,
    account: AccountAtRefresh,
    token: &PresentedToken,
    client: ClientDigest,
    now: UnixMillis,
) -> Decision {
    let policy = RotationPolicy {
        reuse_grace: policy.reuse_grace / 2,
        ..*policy
    };
    decide(&policy, lineage, account, token, client, now)
}

const TABS: Settings = Settings {
    grace: 3,
    deadline: None,
    skew: 1,
    disguised: false,
    last_tick: 7,
    mishaps: 2,
    thefts: 0,
    operator: false,
    sign_out: false,
};

const THIEF: Settings = Settings {
    grace: 2,
    skew: 0,
    last_tick: 6,
    mishaps: 0,
    thefts: 2,
    ..TABS
};

const OPERATOR: Settings = Settings {
    grace: 2,
    deadline: Some(4),
    skew: 0,
    last_tick: 5,
    mishaps: 1,
    operator: true,
    ..TABS
};

const EVERYBODY: Settings = Settings {
    thefts: 1,
    last_tick: 3,
    operator: true,
    sign_out: true,
    ..THIEF
};
