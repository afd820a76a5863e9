//! The contract of every store: named async functions, one clause each.
//!
//! A backend, and every decorator around one, runs them all. Its integration tests name a function that
//! makes a fresh, empty store, and get one reported test per clause:
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign::memory::MemoryStore;
//! use countersign::store::Store;
//!
//! async fn fresh_store() -> Arc<dyn Store> {
//!     Arc::new(MemoryStore::new())
//! }
//!
//! countersign::conformance_tests!(fresh_store);
//! # fn main() {}
//! ```
//!
//! A backend keeps its own temporary database alive as long as its store. The tests run on a tokio runtime
//! with several threads (features `macros`, `rt-multi-thread`), because races are part of the contract.
//! [`clauses`] is the same list for programs that run it in another way.
//!
//! # What it is not
//! No test of durability: what survives a crash, each backend must show for itself.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a contract clause fails by panicking"
)]

mod accounts;
mod audit;
mod devices;
mod fixture;
mod foreign;
mod forks;
mod keys;
mod races;
mod records;
mod revocations;
mod rotation;
mod services;
mod sessions;
mod takeover;
mod walk;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::Store;

/// A clause being run: it comes to an end, or panics.
pub type Verdict = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One clause of the contract.
pub struct Clause {
    /// Its name, with the aggregate before it: `rotation::a_spent_generation_loses`.
    pub name: &'static str,
    /// Runs it against a fresh, empty store; panics where the store breaks it. Needs a tokio runtime.
    pub run: fn(Arc<dyn Store>) -> Verdict,
}

impl fmt::Debug for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Every clause there is.
pub fn clauses() -> Vec<Clause> {
    macro_rules! listed {
        ($($aggregate:ident { $($clause:ident)* })*) => {
            vec![$($(Clause {
                name: concat!(stringify!($aggregate), "::", stringify!($clause)),
                run: |store| Box::pin($aggregate::$clause(store)),
            }),*),*]
        };
    }
    crate::with_every_clause!([listed])
}

/// Runs the clause of that name against a fresh, empty store.
///
/// # Panics
/// If the store breaks the clause, or there is no such clause.
pub async fn check(name: &str, store: Arc<dyn Store>) {
    let clause = clauses().into_iter().find(|clause| clause.name == name);
    let Some(clause) = clause else {
        panic!("the contract has no clause {name}");
    };
    (clause.run)(store).await;
}

/// One `#[tokio::test]` per clause, for the stores that the named async function makes.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh_store:ident) => {
        $crate::with_every_clause!([$crate::conformance_tests] $fresh_store:);
    };
    ($fresh_store:ident: $($aggregate:ident { $($clause:ident)* })*) => {
        $(mod $aggregate {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $clause() {
                let name = concat!(stringify!($aggregate), "::", stringify!($clause));
                $crate::conformance::check(name, super::$fresh_store().await).await;
            })*
        })*
    };
}

/// Hands the list of all clauses to a macro. A clause that is not entered here is dead code, and the
/// compiler says so.
#[doc(hidden)]
#[macro_export]
macro_rules! with_every_clause {
    ([$($macro:tt)*] $($arguments:tt)*) => {
        $($macro)* ! {
            $($arguments)*
            sessions {
                an_opened_session_is_found_as_it_was_opened
                a_number_that_was_never_drawn_finds_nothing
                numbers_rise_with_every_session
                numbers_are_never_reused_after_purge
                opening_is_refused_for_a_missing_account
                opening_is_refused_for_an_inactive_account_where_asked
                opening_allows_an_inactive_account_where_not_asked
                opening_is_refused_after_the_credential_moved_on
                opening_for_an_account_elsewhere_asks_nobody
                a_public_name_is_one_roots
                a_session_that_waits_is_enabled_once
                a_refused_opening_leaves_nothing_behind
                the_limit_ends_the_oldest
                the_limit_logs_every_session_that_it_ends
                the_limit_counts_live_logins_of_the_account_only
                the_limit_does_not_count_what_has_expired
                the_limit_neither_counts_nor_ends_single_tokens
                a_session_of_nobody_is_found_as_it_was_opened
                a_session_and_its_guard_agree_about_whose_it_is
                ending_all_of_an_account_spares_sessions_of_nobody
                the_purge_horizon_lags_a_run_and_moves_on_by_so_much
                a_store_that_was_never_purged_counts_from_its_oldest_session
                live_sessions_are_listed_newest_first
                logins_are_listed_newest_first_with_those_that_ended
                a_public_name_finds_the_login_and_not_its_forks
                an_end_is_in_the_row_when_it_is_acknowledged
                ending_keeps_its_first_cause
                every_cause_is_kept_as_it_was_given
                ending_logs_the_session_once
                ending_what_never_was_changes_nothing
                ending_all_ends_every_login_of_the_account_and_no_other
                ending_all_counts_only_what_it_ended
                ending_all_logs_one_entry_up_to_the_highest_number
                ending_all_spares_and_logs_its_exception
                an_exception_that_has_ended_is_not_logged
                an_exception_of_another_account_is_not_logged
                ending_all_refuses_foreign_tokens_issued_before
                a_login_after_ending_all_lives
                purge_is_bounded_and_keeps_what_is_alive
                purge_goes_by_keep_until_alone
            }
            devices {
                a_device_is_found_as_it_was_recorded
                a_session_without_a_device_has_none
                devices_are_read_together_and_only_those_asked_for
                an_adopted_token_records_its_device
                a_refused_opening_records_no_device
                a_device_stays_as_it_is_whatever_becomes_of_its_session
                a_device_is_purged_with_its_session_and_not_before
            }
            forks {
                a_fork_is_a_row_of_its_own_under_the_same_root
                a_fork_of_a_fork_has_the_same_root
                a_fork_is_capped_to_the_deadline
                a_fork_moves_the_keep_until_of_its_root
                a_fork_is_refused_once_its_root_has_ended
                a_fork_of_a_blacklisted_token_is_refused
                a_fork_of_nothing_is_refused
                ending_a_fork_ends_its_root_and_all_its_forks
                a_root_stays_as_long_as_its_forks
                blacklisting_stops_the_row_and_spares_its_family
                blacklisting_a_login_spares_its_forks
                blacklisting_logs_the_token
                blacklisting_twice_is_no_error
                blacklisting_after_the_end_changes_nothing
                blacklisting_nothing_is_unknown
            }
            rotation {
                a_rotation_writes_what_the_reference_writes
                a_session_rotates_again_with_each_successor
                a_spent_generation_loses_and_shows_the_row
                a_generation_ahead_of_the_row_loses
                another_salt_loses
                a_foreign_token_has_no_salt_and_rotates
                another_account_loses
                a_session_of_nobody_rotates_for_nobody_only
                a_number_that_was_never_drawn_loses_without_a_row
                an_ended_session_loses
                a_fork_loses_once_its_root_has_ended
                a_session_rotates_until_its_deadline_and_no_longer
                a_successor_is_capped_to_the_deadline
                the_last_generation_loses
                keep_until_only_grows
                rotating_a_fork_moves_the_keep_until_of_its_root
                rotating_a_fork_leaves_its_family_alone
                a_lost_rotation_records_no_event
                moments_are_kept_to_the_millisecond
                far_moments_are_kept
            }
            foreign {
                first_use_opens_a_session_and_is_remembered
                a_used_token_is_known
                a_blacklisted_token_is_known_and_opens_nothing
                an_unrecorded_token_is_refused_where_only_recorded_ones_count
                token_ids_are_compared_exactly
                a_token_from_before_its_accounts_revocation_is_refused
                a_token_from_before_everybodys_revocation_is_refused
                adoption_is_refused_after_the_account_changed
                other_sealing_keys_refuse_adoption
                other_sealing_keys_refuse_blacklisting
                adoption_keeps_to_the_session_limit
                a_refused_adoption_leaves_nothing_behind
                blacklisting_logs_the_token_once
                blacklisting_an_adopted_token_names_its_session
                foreign_purge_is_bounded_and_keeps_what_has_not_expired
            }
            takeover {
                an_imported_account_is_found_as_it_was_there
                numbers_go_on_above_the_imported_ones
                numbers_of_the_other_system_are_not_drawn_here
                an_account_of_ours_takes_no_foreign_token_once_another_system_is_taken_over
                a_name_that_was_given_up_inherits_no_foreign_token
                an_address_that_was_given_up_inherits_no_foreign_token
                importing_accounts_twice_changes_nothing
                what_the_other_system_changed_is_taken
                a_password_changed_here_is_never_overwritten
                an_upgraded_hash_is_never_overwritten
                a_deactivation_there_is_logged_and_ends_sessions_where_asked
                the_later_sign_in_stays
                a_number_of_ours_is_refused_and_takes_no_foreign_token
                a_deleted_account_is_not_brought_back
                a_taken_username_is_refused
                a_taken_uuid_is_refused
                an_imported_token_is_recorded_and_can_be_adopted
                an_imported_blacklisting_is_logged_and_refuses
                an_imported_blacklisting_ends_the_session_that_the_token_opened
                importing_tokens_twice_changes_nothing
                a_token_that_is_blacklisted_here_stays_so
                other_sealing_keys_refuse_imported_tokens
                a_rehearsal_says_what_would_come_and_changes_nothing
                numbers_of_deleted_accounts_are_listed
                foreign_tokens_are_listed_in_order_and_bounded
                sessions_are_listed_in_order_with_their_roots
            }
            records {
                the_current_token_of_every_session_is_listed_newest_first
                a_rotated_token_is_recorded_as_it_was
                what_is_rotated_out_is_recorded_only_where_asked
                a_lost_rotation_records_nothing
                what_a_session_began_with_is_kept
                a_fork_begins_with_a_refresh_token
                an_end_blacklists_the_tokens_of_the_root_and_its_forks
                a_token_blacklisted_by_itself_leaves_its_family_alone
                everything_that_was_revoked_is_blacklisted
                a_foreign_token_is_listed_with_its_blacklisting
                a_foreign_token_that_its_first_use_spent_is_blacklisted
                a_foreign_token_that_stays_good_is_listed_once
                a_foreign_token_that_was_good_is_spent_once_its_session_moves_on
                a_list_is_read_page_by_page
                the_latest_rotation_is_listed_first
                a_page_begins_behind_its_place_whatever_became_of_it
                nothing_is_left_behind_a_rotated_token_that_is_gone
                an_accounts_tokens_are_listed_and_no_others
                blacklisted_tokens_are_those_outstanding_ones_that_say_so
                tokens_of_a_deleted_account_stay
                a_token_is_found_by_its_name
                purging_history_is_bounded_and_keeps_what_has_not_expired
                history_of_a_purged_session_is_not_listed
                a_preview_counts_what_a_purge_removes
                a_preview_goes_as_far_as_a_purge_would_and_moves_nothing
            }
            accounts {
                a_table_of_accounts_says_that_it_holds_them
                ids_count_up_from_one
                deleted_account_ids_never_come_back
                a_created_account_is_found_by_login_and_number
                a_username_is_taken_once
                usernames_are_compared_exactly
                an_account_is_found_by_uuid_and_address
                an_address_that_several_accounts_have_names_none
                accounts_are_listed_in_order_and_bounded
                a_new_password_moves_the_credential_version
                a_rehash_keeps_the_credential_version
                names_are_read_together_and_only_of_those_that_exist
                a_sample_of_passwords_is_bounded_and_spread_over_all
                a_rehash_of_an_outdated_form_changes_nothing
                a_sign_in_is_noted
                an_address_is_taken_by_one_account_or_several
                an_edit_changes_what_it_says_and_nothing_else
                an_edit_can_refuse_earlier_foreign_tokens
                a_flag_can_be_set_alone
                several_edits_are_one_change
                a_change_without_edits_ends_the_sessions
                a_privileged_account_is_out_of_reach
                an_unprivileged_account_is_within_reach
                an_edit_that_keeps_the_sessions_ends_none
                password_change_ends_sessions_and_logs_upto_in_one_step
                a_change_that_ends_sessions_refuses_earlier_foreign_tokens
                a_new_password_is_logged_as_changed_credential
                deactivation_is_logged
                activation_is_logged
                deletion_is_logged
                every_other_edit_is_logged_as_a_changed_record
                deletion_keeps_the_rows_of_its_sessions
                deletion_ends_the_sessions_where_asked
                editing_nobody_changes_nothing
                a_creations_event_names_the_new_account
            }
            revocations {
                a_new_log_is_empty
                sequences_rise_from_above_zero
                entries_are_read_in_order_from_anywhere
                an_entry_is_read_as_it_was_written
                the_marker_changes_with_every_append
                the_marker_changes_with_the_signing_keys
                every_change_of_the_signing_keys_is_logged
                entries_about_signing_keys_are_never_forgotten
                an_entry_is_readable_when_it_is_acknowledged
                revoking_everything_covers_every_number_drawn_and_none_after
                everybodys_revocation_never_moves_back
                a_session_entry_is_kept_as_long_as_any_token
                a_session_entry_covers_a_rotated_token
                a_blacklisted_tokens_entry_is_kept_as_long_as_it
                an_account_entry_is_kept_as_long_as_any_token
                a_newer_account_entry_is_kept_as_long_as_an_older_one
                a_state_entry_is_kept_as_long_as_any_token
                an_entry_for_everything_is_never_forgotten
                log_purge_is_bounded_and_goes_by_forget_at
                the_newest_entry_is_never_purged
                sequences_are_never_reused_after_purge
                openings_and_rotations_log_nothing
                revocations_carry_their_events
                states_are_logged_in_the_order_of_their_changes
            }
            audit {
                events_are_read_newest_first_and_bounded
                events_of_every_kind_read_back_whole
                a_log_is_read_page_by_page_either_way
                a_page_has_what_meets_the_filter_among_what_was_looked_at
                every_condition_of_a_filter_counts
                purging_the_audit_log_is_bounded_and_keeps_the_newest_event
                a_place_in_the_audit_log_is_given_once
                an_event_dated_ahead_holds_no_purge_up
                openings_carry_their_event
                rotations_carry_their_event
                forks_carry_their_event
                a_refused_fork_records_no_event
                an_end_records_its_event_once
                ending_all_carries_its_event
                blacklisting_records_its_event_once
                adoptions_record_their_event_once
                foreign_blacklisting_records_its_event_once
                account_changes_carry_their_event
                new_keys_carry_their_event
                an_event_without_a_session_gets_the_name_of_the_row
                an_event_keeps_the_session_that_it_names
                a_change_without_an_event_records_none
                the_events_of_a_session_are_those_that_name_it
                what_ended_many_sessions_is_an_event_of_each
            }
            keys {
                a_new_store_has_no_keys
                founded_keys_read_back_whole
                founding_happens_once
                signing_keys_of_every_kind_read_back_oldest_first
                a_promoted_key_signs_and_the_one_before_is_kept
                the_first_promotion_replaces_nothing
                a_replaced_key_is_kept_as_long_as_any_session
                a_promotion_that_lost_a_race_changes_nothing
                a_retired_key_has_no_secret_left
                a_key_is_not_retired_before_its_last_token_expired
                only_a_retiring_key_is_retired
                a_revoked_key_has_no_secret_left
                the_successor_of_a_revoked_key_signs
                a_revocation_that_lost_a_race_changes_nothing
                the_active_key_is_not_revoked_without_a_successor
                sessions_of_a_key_are_counted_by_when_their_tokens_were_made
                only_sessions_that_can_be_refreshed_count
                forks_count_with_their_root
                every_step_of_a_key_carries_its_events
                sealing_keys_read_back_oldest_first
                a_dropped_sealing_key_is_gone_and_no_other
                a_sealing_key_stays_while_its_sessions_must_be_kept
            }
            services {
                a_credential_is_found_by_its_digest_as_it_was_made
                another_digest_finds_nothing
                a_live_name_is_taken_once
                a_name_is_free_again_once_it_is_revoked_or_expired
                a_revoked_credential_says_since_when
                revoking_takes_expired_ones_along
                revoking_nobody_changes_nothing
                credentials_are_listed_in_order_of_creation
                credentials_carry_their_events
            }
            races {
                rotate_with_one_generation_has_exactly_one_winner
                losers_of_a_rotation_see_the_winners_row
                adoption_has_exactly_one_winner
                adoption_races_an_imported_blacklisting_and_never_outlives_it
                an_end_has_exactly_one_cause
                a_token_that_is_blacklisted_at_once_is_blacklisted_once
                a_store_is_founded_by_exactly_one_caller
                a_key_is_replaced_by_exactly_one_other
                a_username_goes_to_exactly_one_caller
                a_service_name_goes_to_exactly_one_caller
                a_promoted_account_is_out_of_reach_at_once
                concurrent_openings_draw_different_numbers
                the_limit_holds_under_concurrent_openings
                opening_races_a_password_change_and_never_keeps_the_old_credential
                forking_races_the_end_of_its_root_and_never_outlives_it
                a_rotation_never_revives_an_ended_session
                ending_all_races_rotations_and_forks_and_misses_none
                sequence_follows_commit_order
            }
            walk {
                a_random_walk_gives_the_references_answers
                rotation_wins_exactly_where_decide_says_rotate
            }
        }
    };
}
