//! Every row and line of the rotation table, and that the store's fast path is the table's one row.

use proptest::prelude::*;

use super::*;
use crate::sealed_id::SealingKeyId;
use crate::session::{FirstToken, SessionId};

/// The arguments of one decision: a live session at generation 5, and its current token from the client that
/// rotated last. Each test changes what it is about.
#[derive(Clone, Debug)]
struct Case {
    policy: RotationPolicy,
    lineage: Lineage,
    account: AccountAtRefresh,
    token: PresentedToken,
    client: ClientDigest,
    now: UnixMillis,
}

impl Case {
    fn current() -> Self {
        let session = session();
        Self {
            policy: RotationPolicy {
                mode: RotationMode::Rotate,
                reuse_detection: ReuseDetection::On,
                reuse_grace: Duration::from_secs(10),
            },
            token: PresentedToken {
                session: session.number,
                generation: session.generation,
                salt: Some(session.sid.salt()),
                account: session.account,
            },
            client: session.client,
            now: session.rotated_at,
            lineage: Lineage {
                root: session.state,
                session,
            },
            account: AccountAtRefresh::Unread,
        }
    }

    /// The token before the current one, presented so long after it was spent.
    fn spent(elapsed_millis: i64) -> Self {
        let mut case = Self::current();
        case.token.generation = generation(4);
        case.now = UnixMillis::from_millis(ROTATED_AT + elapsed_millis);
        case
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn detection_off(self) -> Self {
        self.with(|case| case.policy.reuse_detection = ReuseDetection::Off)
    }

    fn without_grace(self) -> Self {
        self.with(|case| case.policy.reuse_grace = Duration::ZERO)
    }

    fn by_another_client(self) -> Self {
        self.with(|case| case.client = ClientDigest::from_bits(0xbad))
    }

    fn decide(&self) -> Decision {
        decide(
            &self.policy,
            &self.lineage,
            self.account,
            &self.token,
            self.client,
            self.now,
        )
    }

    fn refusal(&self) -> Refusal {
        match self.decide() {
            Decision::Refuse(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

const REUSE: Decision = Decision::EndAndRefuse(EndCause::ReuseDetected);

mod current_token {
    use super::*;

    #[test]
    fn is_rotated() {
        assert_eq!(Case::current().decide(), Decision::Rotate);
    }

    #[test]
    fn gets_an_access_token_without_a_write_where_rotation_is_off() {
        let case = Case::current().with(|case| case.policy.mode = RotationMode::Off);
        assert_eq!(case.decide(), Decision::IssueAccess);
    }

    #[test]
    fn forks_where_old_tokens_stay_good() {
        let case = Case::current().with(|case| case.policy.mode = RotationMode::Fork);
        assert_eq!(case.decide(), Decision::Fork);
    }

    #[test]
    fn is_rotated_whoever_presents_it() {
        assert_eq!(
            Case::current().by_another_client().decide(),
            Decision::Rotate
        );
    }

    #[test]
    fn of_a_foreign_session_has_no_salt_and_is_rotated() {
        let case = Case::current().with(|case| case.token.salt = None);
        assert_eq!(case.decide(), Decision::Rotate);
    }

    #[test]
    fn is_rotated_although_the_clock_stepped_back() {
        let case = Case::current().with(|case| case.now = UnixMillis::from_millis(0));
        assert_eq!(case.decide(), Decision::Rotate);
    }

    #[test]
    fn is_rotated_up_to_the_last_generation() {
        let last = Generation::LAST.get();
        let before = Case::current().with(|case| case.set_generation(generation(last - 1)));
        assert_eq!(before.decide(), Decision::Rotate);
    }

    #[test]
    fn of_the_last_generation_ends_its_session_as_exhausted() {
        assert_eq!(Generation::LAST.get(), (1 << 24) - 2);
        let exhausted = Decision::EndAndRefuse(EndCause::GenerationExhausted);
        for generation in [Generation::LAST, generation((1 << 24) - 1)] {
            let case = Case::current().with(|case| case.set_generation(generation));
            assert_eq!(case.decide(), exhausted);
            assert_eq!(case.detection_off().decide(), exhausted);
        }
    }

    #[test]
    fn of_the_last_generation_is_good_where_nothing_rotates() {
        let case = Case::current().with(|case| case.set_generation(Generation::LAST));
        let off = case
            .clone()
            .with(|case| case.policy.mode = RotationMode::Off);
        assert_eq!(off.decide(), Decision::IssueAccess);
        let fork = case.with(|case| case.policy.mode = RotationMode::Fork);
        assert_eq!(fork.decide(), Decision::Fork);
    }
}

mod previous_token {
    use super::*;

    #[test]
    fn within_the_grace_gets_the_same_successor() {
        for elapsed in [0, 1, 9_999] {
            assert_eq!(
                Case::spent(elapsed).decide(),
                Decision::Replay,
                "after {elapsed} ms"
            );
        }
    }

    #[test]
    fn exactly_at_the_grace_gets_the_same_successor() {
        assert_eq!(Case::spent(10_000).decide(), Decision::Replay);
    }

    #[test]
    fn one_millisecond_after_the_grace_is_reuse() {
        assert_eq!(Case::spent(10_001).decide(), REUSE);
    }

    #[test]
    fn with_a_grace_of_milliseconds_is_judged_in_milliseconds() {
        let grace = |case: &mut Case| case.policy.reuse_grace = Duration::from_millis(3);
        assert_eq!(Case::spent(3).with(grace).decide(), Decision::Replay);
        assert_eq!(Case::spent(4).with(grace).decide(), REUSE);
    }

    #[test]
    fn without_a_grace_is_reuse_even_within_the_same_millisecond() {
        for elapsed in [0, 1, -1, -6_000] {
            assert_eq!(
                Case::spent(elapsed).without_grace().decide(),
                REUSE,
                "after {elapsed} ms"
            );
        }
    }

    #[test]
    fn rotated_five_seconds_ahead_counts_as_rotated_now() {
        for elapsed in [-1, -5_000] {
            assert_eq!(
                Case::spent(elapsed).decide(),
                Decision::Replay,
                "after {elapsed} ms"
            );
        }
    }

    #[test]
    fn rotated_five_seconds_ahead_is_within_the_shortest_grace() {
        let case = Case::spent(-5_000).with(|case| {
            case.policy.reuse_grace = Duration::from_millis(1);
        });
        assert_eq!(case.decide(), Decision::Replay);
    }

    #[test]
    fn rotated_further_ahead_is_refused_and_the_session_lives() {
        for case in [Case::spent(-5_001), Case::spent(-5_001).by_another_client()] {
            assert_eq!(case.refusal(), Refusal::RotatedInFuture);
        }
    }

    #[test]
    fn within_the_grace_by_another_client_is_refused_and_the_session_lives() {
        for elapsed in [-5_000, 0, 10_000] {
            let case = Case::spent(elapsed).by_another_client();
            assert_eq!(case.refusal(), Refusal::OtherClient, "after {elapsed} ms");
        }
    }

    #[test]
    fn after_the_grace_by_another_client_is_reuse() {
        assert_eq!(Case::spent(10_001).by_another_client().decide(), REUSE);
    }

    #[test]
    fn within_the_grace_gets_the_same_successor_with_detection_off() {
        assert_eq!(
            Case::spent(10_000).detection_off().decide(),
            Decision::Replay
        );
    }

    #[test]
    fn of_the_last_rotation_there_is_gets_its_successor() {
        let case = Case::current().with(|case| {
            case.lineage.session.generation = Generation::LAST;
            case.token.generation = generation(Generation::LAST.get() - 1);
        });
        assert_eq!(case.decide(), Decision::Replay);
    }
}

mod older_token {
    use super::*;

    #[test]
    fn two_generations_back_is_reuse_within_the_grace() {
        let case = Case::spent(0).with(|case| case.token.generation = generation(3));
        assert_eq!(case.decide(), REUSE);
    }

    #[test]
    fn two_generations_back_is_reuse_however_far_ahead_the_row_is() {
        let case = Case::spent(-60_000).with(|case| case.token.generation = generation(3));
        assert_eq!(case.decide(), REUSE);
    }

    #[test]
    fn of_the_login_is_reuse() {
        let case = Case::spent(0).with(|case| case.token.generation = Generation::FIRST);
        assert_eq!(case.decide(), REUSE);
    }

    #[test]
    fn is_reuse_where_rotation_has_been_switched_off_since() {
        let case = Case::spent(10_001).with(|case| case.policy.mode = RotationMode::Off);
        assert_eq!(case.decide(), REUSE);
    }

    #[test]
    fn is_refused_as_spent_with_detection_off_and_nothing_ends() {
        for case in [
            Case::spent(10_001),
            Case::spent(0).without_grace(),
            Case::spent(0).with(|case| case.token.generation = generation(3)),
        ] {
            assert_eq!(case.detection_off().refusal(), Refusal::Spent);
        }
    }
}

mod standing {
    use super::*;

    #[test]
    fn a_token_ahead_of_the_store_is_refused_as_rolled_back() {
        let case = Case::current().with(|case| case.token.generation = generation(6));
        assert_eq!(case.refusal(), Refusal::StoreRolledBack);
        assert_eq!(case.detection_off().refusal(), Refusal::StoreRolledBack);
    }

    #[test]
    fn an_ended_session_is_refused_with_its_cause() {
        for cause in EndCause::ALL {
            let case = Case::current().with(|case| case.lineage.session.state = ended(cause));
            assert_eq!(case.refusal(), Refusal::Ended(cause));
        }
    }

    #[test]
    fn a_session_is_refused_with_the_cause_of_its_root() {
        let root = ended(EndCause::PasswordChanged);
        let case = Case::current().with(|case| case.lineage.root = root);
        assert_eq!(case.refusal(), Refusal::Ended(EndCause::PasswordChanged));
    }

    #[test]
    fn reuse_never_changes_the_cause_of_an_ended_session() {
        for case in every_generation() {
            let case = case.with(|case| case.lineage.root = ended(EndCause::Logout));
            assert_eq!(case.refusal(), Refusal::Ended(EndCause::Logout));
        }
    }

    #[test]
    fn exhaustion_never_changes_the_cause_of_an_ended_session() {
        let case = Case::current().with(|case| {
            case.set_generation(Generation::LAST);
            case.lineage.session.state = ended(EndCause::Logout);
        });
        assert_eq!(case.refusal(), Refusal::Ended(EndCause::Logout));
    }

    #[test]
    fn a_disabled_session_is_refused() {
        for case in every_generation() {
            let row = case
                .clone()
                .with(|case| case.lineage.session.state = SessionState::Disabled);
            assert_eq!(row.refusal(), Refusal::Disabled);
            let root = case.with(|case| case.lineage.root = SessionState::Disabled);
            assert_eq!(root.refusal(), Refusal::Disabled);
        }
    }

    #[test]
    fn an_ended_root_is_judged_before_a_disabled_row() {
        let case = Case::current().with(|case| {
            case.lineage.session.state = SessionState::Disabled;
            case.lineage.root = ended(EndCause::Logout);
        });
        assert_eq!(case.refusal(), Refusal::Ended(EndCause::Logout));
    }

    #[test]
    fn a_blacklisted_token_is_refused_and_nothing_ends() {
        for case in every_generation() {
            let case = case.with(|case| case.lineage.session.blacklisted_at = Some(case.now));
            assert_eq!(case.refusal(), Refusal::Blacklisted);
        }
    }

    #[test]
    fn a_token_is_refused_from_its_sessions_deadline_on() {
        let second = UnixMillis::from_millis(ROTATED_AT).timestamp();
        for (deadline, decision) in [
            (later(second, -1), Decision::Refuse(Refusal::PastDeadline)),
            (second, Decision::Refuse(Refusal::PastDeadline)),
            (later(second, 1), Decision::Rotate),
        ] {
            let case = Case::current().with(|case| case.lineage.session.deadline = Some(deadline));
            assert_eq!(case.decide(), decision, "{deadline} against {second}");
        }
    }

    #[test]
    fn past_the_deadline_nothing_is_reuse() {
        for case in every_generation() {
            let deadline = Some(case.now.timestamp());
            let case = case.with(|case| case.lineage.session.deadline = deadline);
            assert_eq!(case.refusal(), Refusal::PastDeadline);
        }
    }

    #[test]
    fn an_unfit_account_is_refused() {
        for (account, refusal) in [
            (AccountAtRefresh::Gone, Refusal::AccountGone),
            (AccountAtRefresh::Inactive, Refusal::AccountInactive),
            (AccountAtRefresh::PasswordChanged, Refusal::PasswordChanged),
        ] {
            for case in every_generation() {
                assert_eq!(case.with(|case| case.account = account).refusal(), refusal);
            }
        }
    }

    #[test]
    fn a_fit_account_changes_nothing() {
        for case in every_generation() {
            let unread = case.decide();
            assert_eq!(
                case.with(|case| case.account = AccountAtRefresh::Fit)
                    .decide(),
                unread
            );
        }
    }

    #[test]
    fn a_spent_token_is_refused_before_its_account_where_simplejwt_answers_so() {
        let case = Case::spent(0).without_grace().detection_off();
        let case = case.with(|case| case.account = AccountAtRefresh::Inactive);
        assert_eq!(case.refusal(), Refusal::Spent);
    }

    #[test]
    fn a_token_that_names_another_row_is_unknown() {
        let changes: [fn(&mut PresentedToken); 3] = [
            |token| token.session = SessionNumber::MAX,
            |token| token.account = Some(AccountId::new(8)),
            |token| token.salt = token.salt.map(|salt| Salt::from_low_bits(salt.get() ^ 1)),
        ];
        for change in changes {
            for case in every_generation() {
                let case = case.with(|case| {
                    change(&mut case.token);
                    case.lineage.session.state = ended(EndCause::Logout);
                });
                assert_eq!(
                    case.refusal(),
                    Refusal::Unknown,
                    "it learns nothing of the session"
                );
            }
        }
    }

    /// A current, a just spent, a long spent and a future token.
    fn every_generation() -> [Case; 4] {
        [5, 4, 1, 6].map(|number| {
            Case::spent(20_000).with(|case| case.token.generation = generation(number))
        })
    }
}

mod sliding_token {
    use super::*;

    fn decided(case: &Case) -> Result<(), Refusal> {
        decide_sliding(&case.lineage, case.account, &case.token, case.now)
    }

    #[test]
    fn is_good_while_its_session_lives_whatever_rotation_says() {
        for mode in [RotationMode::Off, RotationMode::Fork, RotationMode::Rotate] {
            let case = Case::current().with(|case| case.policy.mode = mode);
            assert_eq!(decided(&case), Ok(()));
        }
    }

    #[test]
    fn is_refused_as_a_refresh_token_is() {
        let deadline = UnixMillis::from_millis(ROTATED_AT).timestamp();
        let cases: [fn(&mut Case); 7] = [
            |case| case.token.account = Some(AccountId::new(99)),
            |case| case.lineage.root = ended(EndCause::Logout),
            |case| case.lineage.session.state = SessionState::Disabled,
            |case| case.lineage.session.blacklisted_at = Some(case.now),
            |case| case.account = AccountAtRefresh::Inactive,
            |case| case.account = AccountAtRefresh::Gone,
            |case| case.token.generation = generation(6),
        ];
        for change in cases {
            let case = Case::current().with(change);
            assert_eq!(decided(&case), Err(case.refusal()));
        }
        let case = Case::current().with(|case| case.lineage.session.deadline = Some(deadline));
        assert_eq!(decided(&case), Err(Refusal::PastDeadline));
    }
}

mod successor {
    use super::*;

    #[test]
    fn moves_generation_moment_expiry_and_client_together() {
        let step = step(&Case::current().by_another_client());
        let expected = SessionRecord {
            generation: generation(6),
            rotated_at: step.now,
            refresh_expires_at: step.refresh_expires_at,
            keep_until: later(step.refresh_expires_at, 70),
            client: step.client,
            ..session()
        };
        assert_eq!(rotated(&session(), &step), expected);
    }

    #[test]
    fn is_capped_to_the_deadline() {
        let step = step(&Case::current());
        let deadline = later(step.refresh_expires_at, -1);
        let session = SessionRecord {
            deadline: Some(deadline),
            ..session()
        };
        let next = rotated(&session, &step);
        assert_eq!(next.refresh_expires_at, deadline);
        assert_eq!(next.keep_until, later(deadline, 70));
    }

    #[test]
    fn never_shortens_how_long_the_row_is_kept() {
        let step = step(&Case::current());
        let keep_until = later(step.refresh_expires_at, 71);
        let session = SessionRecord {
            keep_until,
            ..session()
        };
        assert_eq!(rotated(&session, &step).keep_until, keep_until);
    }

    #[test]
    fn never_rotates_with_the_token_that_made_it() {
        let case = Case::current();
        let next = rotated(&case.lineage.session, &step(&case));
        let lineage = Lineage {
            root: next.state,
            session: next,
        };
        assert!(!may_rotate(&lineage, &step(&case)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_path_is_where_decide_says_rotate(case in any_case()) {
        let case = case.with(|case| {
            case.policy.mode = RotationMode::Rotate;
            case.account = AccountAtRefresh::Unread;
        });
        prop_assert_eq!(may_rotate(&case.lineage, &step(&case)), case.decide() == Decision::Rotate);
    }

    #[test]
    fn only_the_current_token_gets_anything_new(case in any_case()) {
        let decision = case.decide();
        if matches!(decision, Decision::IssueAccess | Decision::Fork | Decision::Rotate) {
            prop_assert_eq!(case.token.generation, case.lineage.session.generation);
        }
    }

    #[test]
    fn with_detection_off_no_spent_token_ends_a_session(case in any_case()) {
        prop_assert_ne!(case.detection_off().decide(), REUSE);
    }

    #[test]
    fn an_ended_family_gives_nothing_and_ends_nothing(case in any_case(), cause in any_cause()) {
        let case = case.with(|case| case.lineage.root = ended(cause));
        prop_assert!(matches!(case.decide(), Decision::Refuse(_)), "{:?}", case.decide());
    }

    #[test]
    fn without_a_grace_no_successor_is_handed_out_twice(case in any_case()) {
        prop_assert_ne!(case.without_grace().decide(), Decision::Replay);
    }
}

impl Case {
    /// The session's and the token's.
    fn set_generation(&mut self, generation: Generation) {
        self.lineage.session.generation = generation;
        self.token.generation = generation;
    }
}

fn session() -> SessionRecord {
    let rotated_at = UnixMillis::from_millis(ROTATED_AT);
    SessionRecord {
        number: SessionNumber::new(77).unwrap(),
        sid: SessionId::from_random([0xa5; 16]),
        root: SessionNumber::new(77).unwrap(),
        account: Some(AccountId::new(7)),
        generation: generation(5),
        sealing_key: SealingKeyId::new(1),
        first_token: FirstToken::Refresh,
        created_at: UnixMillis::from_millis(ROTATED_AT - 86_400_000),
        rotated_at,
        refresh_expires_at: later(rotated_at.timestamp(), 3_600),
        deadline: None,
        keep_until: later(rotated_at.timestamp(), 3_660),
        credential_version: 1,
        client: ClientDigest::from_bits(0xc11_e47),
        state: SessionState::Live,
        blacklisted_at: None,
    }
}

/// The rotation that a store is asked for in a case.
fn step(case: &Case) -> RotationStep {
    RotationStep {
        token: case.token,
        client: case.client,
        now: case.now,
        refresh_expires_at: later(case.now.timestamp(), 7_200),
        keep_beyond_seconds: 70,
        rotated_out: RotatedOut::Forgotten,
    }
}

fn generation(number: u32) -> Generation {
    Generation::new(number).unwrap()
}

fn ended(cause: EndCause) -> SessionState {
    SessionState::Ended {
        at: UnixMillis::from_millis(ROTATED_AT),
        cause,
    }
}

fn any_cause() -> impl Strategy<Value = EndCause> {
    proptest::sample::select(EndCause::ALL.to_vec())
}

/// Cases close to every boundary of the table, and some far from all of them.
fn any_case() -> impl Strategy<Value = Case> {
    let blacklisted = proptest::bool::weighted(0.15);
    let row = (
        any_generation(),
        any_state(),
        any_state(),
        blacklisted,
        any_moment(),
    );
    let token = (any_generation(), 0_u64..4, 0_i64..4, 0_u32..4);
    let policy = (0_u8..3, any::<bool>(), any_grace(), any_account());
    (row, token, policy, 0_u64..2, any_moment()).prop_map(|(row, token, policy, client, now)| {
        let mut case = Case::current();
        let session = &mut case.lineage.session;
        (session.generation, session.state) = (row.0, row.1);
        session.blacklisted_at = row.3.then_some(now);
        // About half of the moments lie before the rotation; they stand for "none".
        session.deadline = Some(row.4.timestamp()).filter(|_| row.4.millis() >= ROTATED_AT);
        case.lineage.root = row.2;
        case.token.generation = token.0;
        case.token.session = if token.1 == 3 {
            SessionNumber::MAX
        } else {
            case.token.session
        };
        case.token.account = Some(AccountId::new(if token.2 == 3 { 8 } else { 7 }));
        case.token.salt = [
            case.token.salt,
            case.token.salt,
            None,
            Some(Salt::from_low_bits(1)),
        ][usize::try_from(token.3).unwrap()];
        case.policy.mode =
            [RotationMode::Off, RotationMode::Fork, RotationMode::Rotate][usize::from(policy.0)];
        case.policy.reuse_detection = if policy.1 {
            ReuseDetection::On
        } else {
            ReuseDetection::Off
        };
        (case.policy.reuse_grace, case.account) = (policy.2, policy.3);
        case.client = if client == 0 {
            case.client
        } else {
            ClientDigest::from_bits(client)
        };
        case.now = now;
        case
    })
}

fn any_generation() -> impl Strategy<Value = Generation> {
    let last = Generation::LAST.get();
    prop_oneof![6 => 3_u32..7, 2 => last - 2..=last + 1, 1 => 0..=last].prop_map(generation)
}

fn any_state() -> impl Strategy<Value = SessionState> {
    prop_oneof![
        6 => Just(SessionState::Live),
        1 => Just(SessionState::Disabled),
        1 => any_cause().prop_map(ended),
    ]
}

fn any_account() -> impl Strategy<Value = AccountAtRefresh> {
    prop_oneof![
        4 => Just(AccountAtRefresh::Unread),
        1 => Just(AccountAtRefresh::Fit),
        1 => Just(AccountAtRefresh::Inactive),
        1 => Just(AccountAtRefresh::Gone),
        1 => Just(AccountAtRefresh::PasswordChanged),
    ]
}

fn any_grace() -> impl Strategy<Value = Duration> {
    prop_oneof![
        1 => Just(Duration::ZERO),
        3 => Just(Duration::from_secs(10)),
        1 => Just(Duration::MAX),
        1 => (0_u64..20_000).prop_map(Duration::from_millis),
    ]
}

fn any_moment() -> impl Strategy<Value = UnixMillis> {
    prop_oneof![
        4 => -12_000_i64..12_000,
        1 => Just(i64::MAX - ROTATED_AT),
        1 => Just(-ROTATED_AT),
        1 => any::<i32>().prop_map(i64::from),
    ]
    .prop_map(|offset| UnixMillis::from_millis(ROTATED_AT + offset))
}

const ROTATED_AT: i64 = 1_893_456_000_437;
