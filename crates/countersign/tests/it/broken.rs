//! Stores with one fault each: the contract catches every one of them, by name.

mod faults;

use std::sync::Arc;

use countersign::conformance::clauses;

use self::faults::{BrokenStore, Fault};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_decorator_without_a_fault_keeps_every_clause() {
    assert_eq!(broken_clauses(None).await, [""; 0]);
}

/// One test per fault. A fault without one does not compile: nothing else makes it.
macro_rules! caught_by_name {
    ($($test:ident: $fault:ident by $($clause:literal)+)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $test() {
            let broken = broken_clauses(Some(Fault::$fault)).await;
            for clause in [$($clause),+] {
                assert!(broken.contains(&clause), "{clause} passed; caught by {broken:#?}");
            }
        })+
    };
}

caught_by_name! {
    two_winners_are_caught: SecondWinner
        by "rotation::a_spent_generation_loses_and_shows_the_row"
           "races::rotate_with_one_generation_has_exactly_one_winner"
           "walk::rotation_wins_exactly_where_decide_says_rotate"
    a_late_commit_is_caught: LateCommit
        by "rotation::a_rotation_writes_what_the_reference_writes"
           "rotation::rotating_a_fork_moves_the_keep_until_of_its_root"
           "walk::a_random_walk_gives_the_references_answers"
    a_lost_end_is_caught: LostEnd
        by "sessions::an_end_is_in_the_row_when_it_is_acknowledged"
           "rotation::an_ended_session_loses"
    a_second_end_is_caught: SecondEnd
        by "sessions::ending_keeps_its_first_cause"
           "races::an_end_has_exactly_one_cause"
    a_kept_dead_row_is_caught: KeptDeadRow
        by "sessions::purge_is_bounded_and_keeps_what_is_alive"
           "sessions::numbers_are_never_reused_after_purge"
    a_taken_live_row_is_caught: TakenLiveRow
        by "sessions::purge_is_bounded_and_keeps_what_is_alive"
           "sessions::purge_goes_by_keep_until_alone"
    a_kept_account_is_caught: KeptAccount
        by "accounts::deleted_account_ids_never_come_back"
    a_dropped_event_is_caught: DroppedEvent
        by "audit::rotations_carry_their_event"
    an_event_without_its_change_is_caught: EventWithoutChange
        by "rotation::a_lost_rotation_records_no_event"
    a_dropped_log_entry_is_caught: DroppedEntry
        by "sessions::ending_logs_the_session_once"
           "sessions::the_limit_logs_every_session_that_it_ends"
    log_entries_out_of_order_are_caught: EntriesOutOfOrder
        by "revocations::sequences_rise_from_above_zero"
           "revocations::entries_are_read_in_order_from_anywhere"
    a_late_log_entry_is_caught: LateEntry
        by "races::sequence_follows_commit_order"
           "revocations::an_entry_is_readable_when_it_is_acknowledged"
    entries_forgotten_early_are_caught: ForgottenEarly
        by "revocations::a_session_entry_is_kept_as_long_as_any_token"
           "revocations::an_account_entry_is_kept_as_long_as_any_token"
           "revocations::a_state_entry_is_kept_as_long_as_any_token"
           "revocations::an_entry_for_everything_is_never_forgotten"
           "revocations::entries_about_signing_keys_are_never_forgotten"
    a_stale_marker_is_caught: StaleMarker
        by "revocations::the_marker_changes_with_every_append"
           "revocations::the_marker_changes_with_the_signing_keys"
    an_unchecked_guard_is_caught: UncheckedGuard
        by "sessions::opening_is_refused_for_a_missing_account"
           "sessions::opening_is_refused_after_the_credential_moved_on"
           "races::opening_races_a_password_change_and_never_keeps_the_old_credential"
    an_ignored_limit_is_caught: IgnoredLimit
        by "sessions::the_limit_ends_the_oldest"
           "races::the_limit_holds_under_concurrent_openings"
    a_second_adoption_is_caught: SecondAdoption
        by "foreign::a_used_token_is_known"
           "races::adoption_has_exactly_one_winner"
    numbers_of_others_are_caught: NumbersOfOthers
        by "takeover::numbers_of_the_other_system_are_not_drawn_here"
           "takeover::an_account_of_ours_takes_no_foreign_token_once_another_system_is_taken_over"
    an_untaken_blacklisting_is_caught: UntakenBlacklisting
        by "takeover::an_imported_blacklisting_is_logged_and_refuses"
           "takeover::an_imported_blacklisting_ends_the_session_that_the_token_opened"
    an_overwriting_import_is_caught: OverwritingImport
        by "takeover::a_password_changed_here_is_never_overwritten"
           "takeover::an_upgraded_hash_is_never_overwritten"
    unchecked_sealing_keys_are_caught: UncheckedSealingKeys
        by "foreign::other_sealing_keys_refuse_adoption"
    a_fork_of_an_ended_session_is_caught: ForkOfEnded
        by "forks::a_fork_is_refused_once_its_root_has_ended"
    lost_milliseconds_are_caught: LostMilliseconds
        by "rotation::moments_are_kept_to_the_millisecond"
    a_second_founding_is_caught: SecondFounding
        by "keys::founding_happens_once"
           "races::a_store_is_founded_by_exactly_one_caller"
    a_hidden_conflict_of_keys_is_caught: HiddenKeyConflict
        by "keys::a_promotion_that_lost_a_race_changes_nothing"
           "keys::a_revocation_that_lost_a_race_changes_nothing"
           "keys::the_active_key_is_not_revoked_without_a_successor"
           "races::a_key_is_replaced_by_exactly_one_other"
    an_untold_change_of_keys_is_caught: UntoldKeyChange
        by "revocations::every_change_of_the_signing_keys_is_logged"
    a_key_kept_too_short_is_caught: KeyKeptTooShort
        by "keys::a_promoted_key_signs_and_the_one_before_is_kept"
           "keys::a_replaced_key_is_kept_as_long_as_any_session"
    an_early_retirement_is_caught: EarlyRetirement
        by "keys::a_key_is_not_retired_before_its_last_token_expired"
    a_kept_secret_is_caught: KeptSecret
        by "keys::a_retired_key_has_no_secret_left"
           "keys::a_revoked_key_has_no_secret_left"
           "keys::the_successor_of_a_revoked_key_signs"
    dropped_history_is_caught: DroppedHistory
        by "records::a_rotated_token_is_recorded_as_it_was"
           "records::purging_history_is_bounded_and_keeps_what_has_not_expired"
           "walk::a_random_walk_gives_the_references_answers"
    kept_history_is_caught: KeptHistory
        by "records::purging_history_is_bounded_and_keeps_what_has_not_expired"
           "records::a_preview_counts_what_a_purge_removes"
    a_repeated_place_is_caught: RepeatedPlace
        by "records::a_list_is_read_page_by_page"
    a_moving_preview_is_caught: MovingPreview
        by "records::a_preview_goes_as_far_as_a_purge_would_and_moves_nothing"
    a_miscount_of_sessions_is_caught: MiscountedSessions
        by "keys::only_sessions_that_can_be_refreshed_count"
    an_ignored_reach_is_caught: IgnoredReach
        by "accounts::a_privileged_account_is_out_of_reach"
    a_skipped_event_is_caught: SkippedEvent
        by "audit::a_log_is_read_page_by_page_either_way"
    an_event_taken_too_early_is_caught: TakenEvent
        by "audit::purging_the_audit_log_is_bounded_and_keeps_the_newest_event"
    a_kept_service_credential_is_caught: KeptService
        by "services::a_revoked_credential_says_since_when"
           "services::revoking_takes_expired_ones_along"
    a_name_given_away_twice_is_caught: SecondServiceOfName
        by "services::a_live_name_is_taken_once"
           "races::a_service_name_goes_to_exactly_one_caller"
    a_kept_device_is_caught: KeptDevice
        by "devices::a_device_is_purged_with_its_session_and_not_before"
}

/// The names of the clauses that a store with this fault breaks.
async fn broken_clauses(fault: Option<Fault>) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for clause in clauses() {
        let verdict = tokio::spawn((clause.run)(Arc::new(BrokenStore::with(fault)))).await;
        if verdict.is_err() {
            broken.push(clause.name);
        }
    }
    broken
}
