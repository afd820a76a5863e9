//! Random histories over the whole authority and a model of one page: sign-ins, refreshes, retries, lost answers, a
//! thief, logouts, changes of the account, clocks that are set, and crashes between a commit and its answer. Two nodes
//! share a store.
//!
//! `COUNTERSIGN_HISTORIES=1000000` walks so many instead of the share that every run walks; see CONTRIBUTING.md.

pub(crate) mod house;
mod model;
mod story;
mod walk;

use std::cell::RefCell;
use std::time::Duration;

use countersign::password::Argon2Cost;
use countersign::policy::{OnAccountChange, SessionCheck};
use countersign::rotation::{ReuseDetection, RotationMode};
use countersign::{Policy, Preset};
use countersign_token::Algorithm;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use self::house::{Engine, House};
use self::story::{Step, any_story};
use self::walk::walk;

/// A test for each policy and engine.
macro_rules! walks {
    ($($policy:ident)+) => {
        mod memory {
            $(#[test]
            fn $policy() {
                super::walk_through(super::Engine::Memory, &super::$policy(), 60);
            })+
        }
        mod sqlite {
            $(#[test]
            fn $policy() {
                super::walk_through(super::Engine::Sqlite, &super::$policy(), 8);
            })+
        }
    };
}

walks! {
    modern
    modern_with_short_sessions
    modern_without_a_grace
    modern_without_reuse_detection
    simplejwt
    simplejwt_that_forks
    simplejwt_that_rotates
    simplejwt_with_a_grace
    simplejwt_with_password_marks
    simplejwt_that_forks_with_password_marks
}

fn modern() -> Policy {
    cheap(Policy::preset(Preset::Modern))
}

/// The absolute life, the idle time that a refresh token's life is, and the limit of sessions.
fn modern_with_short_sessions() -> Policy {
    let mut policy = modern();
    policy.sessions.lifetime = Some(Duration::from_mins(1));
    policy.sessions.limit = Some(2);
    policy.tokens.refresh_lifetime = Duration::from_secs(25);
    policy.tokens.access_lifetime = Duration::from_secs(12);
    policy
}

fn modern_without_a_grace() -> Policy {
    let mut policy = modern();
    policy.rotation.reuse_grace = Duration::ZERO;
    policy.tokens.leeway = Duration::ZERO;
    policy
}

fn modern_without_reuse_detection() -> Policy {
    let mut policy = modern();
    policy.rotation.reuse_detection = ReuseDetection::Off;
    policy
}

fn simplejwt() -> Policy {
    cheap(Policy::preset(Preset::SimpleJwt))
}

fn simplejwt_that_forks() -> Policy {
    let mut policy = simplejwt();
    policy.rotation.mode = RotationMode::Fork;
    policy.sessions.check = SessionCheck::On;
    policy
}

fn simplejwt_that_rotates() -> Policy {
    let mut policy = simplejwt();
    policy.rotation.mode = RotationMode::Rotate;
    policy
}

fn simplejwt_with_a_grace() -> Policy {
    let mut policy = simplejwt_that_rotates();
    policy.rotation.reuse_grace = Duration::from_secs(10);
    policy.accounts.on_password_change = OnAccountChange::EndSessions;
    policy
}

fn simplejwt_with_password_marks() -> Policy {
    let mut policy = simplejwt_that_rotates();
    policy.tokens.check_password_mark = true;
    policy.rotation.reuse_detection = ReuseDetection::On;
    policy
}

fn simplejwt_that_forks_with_password_marks() -> Policy {
    let mut policy = simplejwt_that_forks();
    policy.tokens.check_password_mark = true;
    policy
}

fn cheap(mut policy: Policy) -> Policy {
    // A walk signs in as often as it likes.
    policy.throttle.enabled = false;
    policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
    policy.tokens.algorithm = Algorithm::Hs256;
    policy
}

/// A walk that could not fail would pass in a house that does not do what the model says.
macro_rules! told_apart {
    ($($test:ident: $policy:ident by |$modeled:ident| $change:expr)+) => {
        $(#[test]
        fn $test() {
            let mut $modeled = $policy();
            $change;
            let config = Config {
                cases: 2_000,
                max_shrink_iters: 0,
                ..config()
            };
            let always_the_same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let runner = TestRunner::new_with_rng(config, always_the_same);
            let outcome = histories(runner, Engine::Memory, &$policy(), &$modeled);
            assert!(outcome.is_err(), "no history tells the two apart");
        })+
    };
}

told_apart! {
    a_grace_one_millisecond_longer_is_found: modern
        by |modeled| modeled.rotation.reuse_grace += Duration::from_millis(1)
    reuse_that_is_not_detected_is_found: modern_without_reuse_detection
        by |modeled| modeled.rotation.reuse_detection = ReuseDetection::On
    sessions_that_outlive_a_new_password_are_found: simplejwt_that_rotates
        by |modeled| modeled.accounts.on_password_change = OnAccountChange::EndSessions
    access_tokens_that_outlive_their_session_are_found: simplejwt_that_rotates
        by |modeled| modeled.sessions.check = SessionCheck::On
    a_session_that_outlives_its_deadline_is_found: modern_with_short_sessions
        by |modeled| modeled.sessions.lifetime = Some(Duration::from_secs(59))
    a_session_above_the_limit_is_found: modern_with_short_sessions
        by |modeled| modeled.sessions.limit = Some(1)
}

/// Walks through so many histories, or as many as the environment says.
#[expect(
    clippy::disallowed_methods,
    reason = "a run is told how many histories it has time for"
)]
fn walk_through(engine: Engine, policy: &Policy, share: u32) {
    let wanted = std::env::var("COUNTERSIGN_HISTORIES");
    let cases = wanted.map_or(share, |number| number.parse().unwrap());
    let runner = TestRunner::new(Config { cases, ..config() });
    if let Err(error) = histories(runner, engine, policy, policy) {
        panic!("{error}");
    }
}

fn config() -> Config {
    Config {
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Walks through histories in houses of some settings, beside models of others.
fn histories(
    mut runner: TestRunner,
    engine: Engine,
    policy: &Policy,
    modeled: &Policy,
) -> Result<(), TestError<Vec<Step>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    let new_house = || runtime.block_on(House::new(engine, policy));
    let place = RefCell::new((new_house(), 0));
    runner.run(&any_story(), |story| {
        let (house, walked) = &mut *place.borrow_mut();
        if *walked == HISTORIES_PER_HOUSE {
            (*house, *walked) = (new_house(), 0);
        }
        *walked += 1;
        runtime.block_on(walk(house, modeled, &story));
        Ok(())
    })
}

/// A store that is walked through is not emptied: a look at all of it takes longer and longer.
const HISTORIES_PER_HOUSE: u32 = 50;
