//! When a key set is fetched: what is known of the fetches so far, and what follows from it. Pure.

use std::time::Duration;

use super::RemoteTimes;

/// The fetches of one set, in the caller's elapsed time.
#[derive(Debug)]
pub(super) struct Schedule {
    times: RemoteTimes,
    due_at: Duration,
    /// When the set that counts was asked for; `None` if none does.
    loaded_at: Option<Duration>,
    /// When it was last fetched for an unknown key.
    looked_again_at: Option<Duration>,
    is_failing: bool,
}

/// What becomes of the keys after a fetch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The last good ones count.
    LastGood,
    /// They are too old, or there never were any.
    Nothing,
}

impl Schedule {
    /// Before the first fetch, which is due at once.
    pub(super) fn new(times: RemoteTimes) -> Self {
        Self {
            times,
            due_at: Duration::ZERO,
            loaded_at: None,
            looked_again_at: None,
            is_failing: false,
        }
    }

    /// Whether the time has come for a fetch, whatever tokens say.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        now >= self.due_at
    }

    /// From when on the next fetch is due.
    pub(super) fn due_at(&self) -> Duration {
        self.due_at
    }

    /// Whether an unknown key is a reason to fetch the set before it is due:
    /// 1. not if the last one like it began less than a cool-down ago;
    /// 2. not if the set was asked for no earlier than this question: there is no news since;
    /// 3. not while fetches fail: then the next one is due soon anyway.
    pub(super) fn may_look_again(&self, now: Duration) -> bool {
        let cooled_down = self
            .looked_again_at
            .is_none_or(|at| now.saturating_sub(at) >= self.times.cool_down);
        let has_aged = self.loaded_at.is_none_or(|at| at < now);
        cooled_down && has_aged && !self.is_failing
    }

    /// The set is fetched for an unknown key.
    pub(super) fn look_again(&mut self, now: Duration) {
        self.looked_again_at = Some(now);
    }

    /// A fetch begins. If its end is never heard of, it counts as one that failed.
    pub(super) fn begin(&mut self, now: Duration) {
        self.due_at = now.saturating_add(self.times.retry_pause);
    }

    /// The fetch that began at `began` brought a set.
    pub(super) fn succeed(&mut self, began: Duration) {
        self.is_failing = false;
        self.loaded_at = Some(began);
        self.due_at = began.saturating_add(self.times.lifetime);
    }

    /// The fetch that began at `began` brought none.
    pub(super) fn fail(&mut self, began: Duration) -> Keep {
        self.is_failing = true;
        self.due_at = began.saturating_add(self.times.retry_pause);
        self.loaded_at = self
            .loaded_at
            .filter(|at| began.saturating_sub(*at) < self.times.longest_stale);
        self.loaded_at.map_or(Keep::Nothing, |_| Keep::LastGood)
    }

    /// How old the set is that counts.
    pub(super) fn age(&self, now: Duration) -> Option<Duration> {
        self.loaded_at.map(|at| now.saturating_sub(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        Schedule::new(RemoteTimes::default())
    }

    fn loaded_at(seconds: u64) -> Schedule {
        let mut schedule = schedule();
        schedule.begin(at(seconds));
        schedule.succeed(at(seconds));
        schedule
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_fetch_is_due_at_once_and_the_next_after_a_lifetime() {
        assert!(schedule().is_due(at(0)));
        let schedule = loaded_at(7);
        assert!(!schedule.is_due(at(306)));
        assert!(schedule.is_due(at(307)));
    }

    #[test]
    fn a_fetch_whose_end_is_never_heard_of_is_tried_again_after_the_pause() {
        let mut schedule = schedule();
        schedule.begin(at(5));
        assert!(!schedule.is_due(at(14)));
        assert!(schedule.is_due(at(15)));
    }

    #[test]
    fn a_failure_is_tried_again_after_the_pause() {
        let mut schedule = schedule();
        assert_eq!(schedule.fail(at(5)), Keep::Nothing);
        assert!(!schedule.is_due(at(14)));
        assert!(schedule.is_due(at(15)));
    }

    #[test]
    fn an_unknown_key_is_looked_for_once_per_cool_down() {
        let mut schedule = loaded_at(0);
        assert!(schedule.may_look_again(at(1)), "the first one at once");
        schedule.look_again(at(1));
        schedule.succeed(at(1));
        assert!(!schedule.may_look_again(at(60)));
        assert!(schedule.may_look_again(at(61)));
    }

    #[test]
    fn a_set_that_is_as_new_as_the_question_is_not_fetched_again() {
        let schedule = loaded_at(5);
        assert!(!schedule.may_look_again(at(5)));
        assert!(
            !schedule.may_look_again(at(4)),
            "asked before, waited for it"
        );
    }

    #[test]
    fn a_failed_look_counts_for_the_cool_down() {
        let mut schedule = loaded_at(0);
        schedule.look_again(at(10));
        assert_eq!(schedule.fail(at(10)), Keep::LastGood);
        schedule.succeed(at(20));
        assert!(!schedule.may_look_again(at(69)));
        assert!(schedule.may_look_again(at(70)));
    }

    #[test]
    fn while_fetches_fail_unknown_keys_cause_none_before_it_is_due() {
        let mut schedule = loaded_at(0);
        schedule.fail(at(300));
        assert!(!schedule.may_look_again(at(309)));
        assert!(schedule.is_due(at(310)));
    }

    #[test]
    fn the_last_good_set_stays_for_a_day_and_no_longer() {
        let mut schedule = loaded_at(100);
        let day = 24 * 60 * 60;
        assert_eq!(schedule.fail(at(400)), Keep::LastGood);
        assert_eq!(schedule.age(at(400)), Some(at(300)));
        assert_eq!(schedule.fail(at(99 + day)), Keep::LastGood);
        assert_eq!(schedule.fail(at(100 + day)), Keep::Nothing);
        assert_eq!(schedule.age(at(100 + day)), None);
        assert_eq!(schedule.fail(at(110 + day)), Keep::Nothing);
    }

    #[test]
    fn a_question_from_before_a_fetch_began_finds_it_recent() {
        let mut schedule = loaded_at(0);
        schedule.look_again(at(20));
        assert!(!schedule.may_look_again(at(19)));
        assert!(!schedule.is_due(at(0)));
    }
}
