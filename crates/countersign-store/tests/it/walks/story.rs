//! What may happen: the steps of a history, and how one is made up.

use proptest::collection::vec;
use proptest::prelude::*;

/// One step. Numbers choose among what there is at that moment, the newest first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    SignIn {
        account: usize,
        by: By,
        node: usize,
    },
    /// With a password, today's or the one before.
    Login {
        account: usize,
        password: Password,
        node: usize,
    },
    Refresh {
        token: usize,
        by: By,
        node: usize,
        answer: Answer,
    },
    UseAccess {
        token: usize,
        node: usize,
    },
    /// A client gives its refresh token back.
    Blacklist {
        token: usize,
        node: usize,
    },
    /// The operator revokes a refresh token.
    Revoke {
        token: usize,
        node: usize,
    },
    /// The operator revokes an access token.
    RevokeAccess {
        token: usize,
        node: usize,
    },
    EndAll {
        account: usize,
        node: usize,
    },
    SetPassword {
        account: usize,
        node: usize,
    },
    Deactivate {
        account: usize,
        node: usize,
    },
    Activate {
        account: usize,
        node: usize,
    },
    Delete {
        account: usize,
        node: usize,
    },
    /// Time passes on all clocks.
    Wait {
        millis: u32,
    },
    /// Somebody sets the clock of a node.
    SetClock {
        node: usize,
        millis: i32,
    },
    Restart {
        node: usize,
    },
}

/// Whose client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Owner,
    Thief,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Password {
    Current,
    Former,
}

/// What becomes of an answer that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Arrives,
    Lost,
    /// The node crashes between the commit and the answer.
    Crash,
}

pub(super) fn any_story() -> impl Strategy<Value = Vec<Step>> {
    vec(any_step(), 4..24)
}

fn any_step() -> impl Strategy<Value = Step> {
    let node = || 0_usize..2;
    let account = || prop_oneof![5 => Just(0_usize), 1 => Just(1_usize)];
    let token = || prop_oneof![6 => 0_usize..2, 3 => 0_usize..6, 1 => 0_usize..64];
    let by = || prop_oneof![3 => Just(By::Owner), 1 => Just(By::Thief)];
    let answer =
        prop_oneof![5 => Just(Answer::Arrives), 1 => Just(Answer::Lost), 1 => Just(Answer::Crash)];
    let password = prop_oneof![3 => Just(Password::Current), 1 => Just(Password::Former)];
    prop_oneof![
        3 => (account(), by(), node()).prop_map(|(account, by, node)| Step::SignIn { account, by, node }),
        1 => (account(), password, node())
            .prop_map(|(account, password, node)| Step::Login { account, password, node }),
        12 => (token(), by(), node(), answer)
            .prop_map(|(token, by, node, answer)| Step::Refresh { token, by, node, answer }),
        4 => (token(), node()).prop_map(|(token, node)| Step::UseAccess { token, node }),
        2 => (token(), node()).prop_map(|(token, node)| Step::Blacklist { token, node }),
        1 => (token(), node()).prop_map(|(token, node)| Step::Revoke { token, node }),
        1 => (token(), node()).prop_map(|(token, node)| Step::RevokeAccess { token, node }),
        1 => (account(), node()).prop_map(|(account, node)| Step::EndAll { account, node }),
        1 => (account(), node()).prop_map(|(account, node)| Step::SetPassword { account, node }),
        1 => (account(), node()).prop_map(|(account, node)| Step::Deactivate { account, node }),
        1 => (account(), node()).prop_map(|(account, node)| Step::Activate { account, node }),
        1 => (account(), node()).prop_map(|(account, node)| Step::Delete { account, node }),
        5 => any_pause().prop_map(|millis| Step::Wait { millis }),
        2 => (node(), any_jump()).prop_map(|(node, millis)| Step::SetClock { node, millis }),
        1 => node().prop_map(|node| Step::Restart { node }),
    ]
}

/// Around the poll interval, the grace, and the lives of tokens and sessions.
fn any_pause() -> impl Strategy<Value = u32> {
    prop_oneof![
        2 => 1_u32..40,
        2 => 9_998_u32..10_003,
        2 => 0_u32..12_000,
        1 => 20_000_u32..70_000,
    ]
}

/// Back and forth, around what is tolerated.
fn any_jump() -> impl Strategy<Value = i32> {
    prop_oneof![
        2 => -5_002_i32..-4_997,
        2 => -12_000_i32..12_000,
        1 => -60_000_i32..60_000,
    ]
}
