//! The four races of rotation that are easy to lose, with real threads on two nodes that share a store:
//!
//! 1. A claim is won by the row that it changed, not by what was read before.
//! 2. A revocation that a refused request entails is committed outside of what failed.
//! 3. What ends sessions and what makes successors lock the same thing, the session or its account, not the token.
//! 4. Reuse is detected only when both parties come back: a session has an absolute end besides.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign::account::AccountId;
use countersign::authority::{
    Administrator, Authority, Client, Identification, Refresh, Refreshed, Revoked, TokenPair,
    TokenRefusal,
};
use countersign::password::{Argon2Cost, PlainPassword};
use countersign::rotation::{Refusal, ReuseDetection, RotationMode};
use countersign::session::EndCause;
use countersign::{Policy, Preset};
use countersign_token::Algorithm;
use tokio::sync::Barrier;

use crate::walks::house::{Engine, House};

/// Each race on every store.
macro_rules! on_every_store {
    ($($race:ident)+) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $race() {
                super::$race(super::Engine::Memory).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $race() {
                super::$race(super::Engine::Sqlite).await;
            })+
        }
    };
}

on_every_store! {
    a_claim_is_won_by_the_row_that_it_changed
    losing_a_claim_is_no_reuse_and_the_winners_successor_lives
    an_end_by_reuse_is_committed_although_the_request_fails
    ending_a_session_beside_its_refreshes_leaves_no_successor
    ending_an_account_beside_its_refreshes_leaves_no_successor
    changing_a_password_beside_refreshes_and_sign_ins_leaves_nothing_from_before
    a_thief_who_is_alone_is_out_at_the_deadline
}

async fn a_claim_is_won_by_the_row_that_it_changed(engine: Engine) {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.rotation.mode = RotationMode::Rotate;
    let (house, alice) = house(engine, policy).await;
    let mut token = sign_in(&house, alice).await.refresh.as_str().to_owned();
    for round in 0..ROUNDS {
        let mut winners = Vec::new();
        for outcome in refresh_at_once(&house, &token).await {
            match outcome {
                Refresh::Issued(issued) => winners.push(issued.refresh.unwrap()),
                Refresh::Refused(refusal) => assert_eq!(refusal, Refusal::Spent.into()),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        winners[0].as_str().clone_into(&mut token);
    }
}

async fn losing_a_claim_is_no_reuse_and_the_winners_successor_lives(engine: Engine) {
    let (house, alice) = house(engine, Policy::preset(Preset::Modern)).await;
    let mut token = sign_in(&house, alice).await.refresh.as_str().to_owned();
    for round in 0..ROUNDS {
        let mut successors = BTreeSet::new();
        let mut first_times = 0;
        for outcome in refresh_at_once(&house, &token).await {
            let issued = issued(outcome);
            first_times += u32::from(!issued.replayed);
            successors.insert(issued.refresh.unwrap().as_str().to_owned());
        }
        // The same claims, signed by the same algorithm: the same text.
        assert_eq!((successors.len(), first_times), (1, 1), "round {round}");
        token = successors.pop_first().unwrap();
    }
}

async fn an_end_by_reuse_is_committed_although_the_request_fails(engine: Engine) {
    let (mut house, alice) = house(engine, Policy::preset(Preset::Modern)).await;
    let pair = sign_in(&house, alice).await;
    let stolen = pair.refresh.as_str();
    let successor = issued(refresh(house.node(0), stolen).await);
    pass(&house, 10_001);
    let reused = Refusal::Ended(EndCause::ReuseDetected).into();
    // Many refused requests in one batch of the writer, and the end among them.
    for outcome in refresh_at_once(&house, stolen).await {
        assert_eq!(refused(outcome), reused);
    }
    for node in 0..2 {
        house.restart(node).await;
        let token = successor.refresh.as_ref().unwrap().as_str();
        assert_eq!(refused(refresh(house.node(node), token).await), reused);
        let admitted = house.node(node).identify(successor.access.as_str()).await;
        assert!(matches!(admitted.unwrap(), Identification::Refused(_)));
    }
}

async fn ending_a_session_beside_its_refreshes_leaves_no_successor(engine: Engine) {
    let (house, alice) = house(engine, undetected()).await;
    for _ in 0..ROUNDS {
        let token = sign_in(&house, alice).await.refresh.as_str().to_owned();
        let ended = beside_refreshes(&house, &token, |authority, token| async move {
            let outcome = authority.revoke(&token).await.unwrap();
            assert!(matches!(outcome, Revoked::Session(_)), "{outcome:?}");
        });
        for given in ended.await {
            assert_is_dead(&house, &given, EndCause::EndedByOperator).await;
        }
    }
}

async fn ending_an_account_beside_its_refreshes_leaves_no_successor(engine: Engine) {
    let (house, alice) = house(engine, undetected()).await;
    for _ in 0..ROUNDS {
        let token = sign_in(&house, alice).await.refresh.as_str().to_owned();
        let ended = beside_refreshes(&house, &token, move |authority, _| async move {
            let operator = authority.administered_by(Administrator::Operator, &BROWSER);
            assert_eq!(operator.end_sessions(alice).await.unwrap(), 1);
        });
        for given in ended.await {
            assert_is_dead(&house, &given, EndCause::EndedByOperator).await;
        }
    }
}

async fn changing_a_password_beside_refreshes_and_sign_ins_leaves_nothing_from_before(
    engine: Engine,
) {
    let (mut house, _) = house(engine, undetected()).await;
    let (name, alice) = house.new_account("password 0").await;
    for round in 0..ROUNDS {
        let before = PlainPassword::new(format!("password {round}"));
        let after = PlainPassword::new(format!("password {}", round + 1));
        let token = sign_in(&house, alice).await.refresh.as_str().to_owned();
        let late = tokio::spawn({
            let (authority, name) = (Arc::clone(&house.nodes[1].authority), name.clone());
            async move { authority.login(&name, before, &BROWSER).await.unwrap() }
        });
        let ended = beside_refreshes(&house, &token, move |authority, _| async move {
            authority.set_password(alice, after).await.unwrap();
        });
        for given in ended.await {
            assert_is_dead(&house, &given, EndCause::PasswordChanged).await;
        }
        drop(late.await.unwrap());
        let live = house.node(0).store().live_sessions_of(alice).await;
        assert_eq!(live.unwrap(), [], "opened with the password from before");
    }
}

async fn a_thief_who_is_alone_is_out_at_the_deadline(engine: Engine) {
    let mut policy = Policy::preset(Preset::Modern);
    policy.sessions.lifetime = Some(Duration::from_hours(1));
    let (house, alice) = house(engine, policy).await;
    let mut token = sign_in(&house, alice).await.refresh.as_str().to_owned();
    // The owner never comes back, so that nothing is ever presented twice.
    for minute in 1..=60 {
        pass(&house, 60_000);
        let outcome = refresh(house.node(minute % 2), &token).await;
        if minute == 60 {
            assert_eq!(refused(outcome), Refusal::PastDeadline.into());
        } else {
            let successor = issued(outcome).refresh.unwrap();
            successor.as_str().clone_into(&mut token);
        }
    }
}

/// Callers who share a token overtake each other, and must not end its session by that.
fn undetected() -> Policy {
    let mut policy = Policy::preset(Preset::Modern);
    policy.rotation.reuse_detection = ReuseDetection::Off;
    policy
}

async fn house(engine: Engine, mut policy: Policy) -> (House, AccountId) {
    policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
    policy.tokens.algorithm = Algorithm::Hs256;
    let mut house = House::new(engine, &policy).await;
    let (_, alice) = house.new_account("correct horse").await;
    (house, alice)
}

async fn sign_in(house: &House, account: AccountId) -> TokenPair {
    let opened = house.node(0).open_session(account, &BROWSER).await;
    opened.unwrap().unwrap()
}

async fn refresh(authority: &Authority, token: &str) -> Refresh {
    authority.refresh(token, &BROWSER).await.unwrap()
}

/// One token, presented by many callers at the same moment, spread over both nodes.
async fn refresh_at_once(house: &House, token: &str) -> Vec<Refresh> {
    let start = Arc::new(Barrier::new(CALLERS));
    let mut tasks = Vec::new();
    for caller in 0..CALLERS {
        let authority = Arc::clone(&house.nodes[caller % 2].authority);
        let (token, start) = (token.to_owned(), Arc::clone(&start));
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            refresh(&authority, &token).await
        }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// Callers who each go on from token to token until they are refused, and one who ends it all; every refresh token
/// that was given to anybody.
async fn beside_refreshes<F>(
    house: &House,
    token: &str,
    end: impl FnOnce(Arc<Authority>, String) -> F,
) -> Vec<String>
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS + 1));
    let mut tasks = Vec::new();
    for caller in 0..CALLERS {
        let authority = Arc::clone(&house.nodes[caller % 2].authority);
        let (token, start) = (token.to_owned(), Arc::clone(&start));
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let mut given = vec![token];
            while let Refresh::Issued(issued) = refresh(&authority, given.last().unwrap()).await {
                given.push(issued.refresh.unwrap().as_str().to_owned());
                // In memory nothing is ever waited for, and whoever ends it all would not get a turn.
                tokio::task::yield_now().await;
            }
            given
        }));
    }
    let end = end(Arc::clone(&house.nodes[0].authority), token.to_owned());
    let ending = tokio::spawn(async move {
        start.wait().await;
        end.await;
    });
    let mut given = BTreeSet::new();
    for task in tasks {
        given.extend(task.await.unwrap());
    }
    ending.await.unwrap();
    given.into_iter().collect()
}

async fn assert_is_dead(house: &House, token: &str, cause: EndCause) {
    for node in 0..2 {
        let refusal = refused(refresh(house.node(node), token).await);
        assert_eq!(refusal, Refusal::Ended(cause).into());
    }
}

fn pass(house: &House, millis: i64) {
    for node in &house.nodes {
        node.clock.advance_millis(millis);
    }
}

fn issued(outcome: Refresh) -> Refreshed {
    match outcome {
        Refresh::Issued(issued) => issued,
        Refresh::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn refused(outcome: Refresh) -> TokenRefusal {
    match outcome {
        Refresh::Refused(refusal) => refusal,
        Refresh::Issued(issued) => panic!("{issued:?}"),
    }
}

const BROWSER: Client<'static> = Client {
    user_agent: Some("Mozilla/5.0"),
    ip: None,
};
const CALLERS: usize = 8;
const ROUNDS: usize = 6;
