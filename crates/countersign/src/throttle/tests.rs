//! What is counted, for whom, and for how long.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const POLICY: ThrottlePolicy = ThrottlePolicy {
    enabled: true,
    per_account_and_address: 5,
    per_address: 100,
    per_account: 100,
    window: Duration::from_mins(5),
};

const ALICE: u64 = 1;
const BOB: u64 = 2;
const HOME: &str = "192.0.2.1";
const WORK: &str = "198.51.100.7";

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// One of many addresses.
fn stranger(number: u32) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + number).into())
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A throttle with a clock beside it.
#[derive(Default)]
struct Door {
    throttle: Throttle,
    now: Duration,
}

impl Door {
    fn of(room: &Room) -> Self {
        Self {
            throttle: Throttle::with_room(room),
            now: Duration::ZERO,
        }
    }

    fn admit(&self, name: u64, ip: impl Into<Option<IpAddr>>) -> Admission {
        let guesser = Guesser::new(name, ip.into());
        self.throttle.admit(&POLICY, guesser, self.now)
    }

    /// A wrong password; how long to wait if none may be tried.
    fn fail(&self, name: u64, ip: impl Into<Option<IpAddr>>) -> Result<(), Throttled> {
        match self.admit(name, ip) {
            Admission::Admitted(attempt) => {
                self.throttle.settle(&attempt);
                Ok(())
            }
            Admission::Refused(throttled) => Err(throttled),
            Admission::Later => panic!("something is under way"),
        }
    }

    /// The right password.
    fn enter(&self, name: u64, ip: impl Into<Option<IpAddr>>) -> Result<(), Throttled> {
        match self.admit(name, ip) {
            Admission::Admitted(attempt) => {
                self.throttle.succeeded(&attempt);
                self.throttle.settle(&attempt);
                Ok(())
            }
            Admission::Refused(throttled) => Err(throttled),
            Admission::Later => panic!("something is under way"),
        }
    }

    /// As many failures of a name as it takes, each address with its five.
    fn fill_name(&self, name: u64) {
        for number in 0..100 {
            assert_eq!(self.fail(name, stranger(number / 5)), Ok(()), "{number}");
        }
    }
}

fn wait_of(refused: Result<(), Throttled>) -> Duration {
    refused.unwrap_err().retry_after
}

#[test]
fn the_sixth_attempt_waits_until_the_first_failure_leaves_the_window() {
    let mut door = Door::default();
    for _ in 0..5 {
        assert_eq!(door.fail(ALICE, at(HOME)), Ok(()));
        door.now += seconds(10);
    }
    assert_eq!(wait_of(door.fail(ALICE, at(HOME))), seconds(250));
    door.now += seconds(249);
    assert_eq!(wait_of(door.enter(ALICE, at(HOME))), seconds(1));
    door.now += seconds(1);
    assert_eq!(door.fail(ALICE, at(HOME)), Ok(()));
    assert_eq!(wait_of(door.fail(ALICE, at(HOME))), seconds(10));
}

#[test]
fn being_refused_makes_nobody_wait_longer() {
    let mut door = Door::default();
    for _ in 0..5 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    for waited in 0..300 {
        assert_eq!(
            wait_of(door.fail(ALICE, at(HOME))),
            seconds(300 - waited),
            "after {waited} s"
        );
        door.now += seconds(1);
    }
    assert_eq!(door.fail(ALICE, at(HOME)), Ok(()));
}

#[test]
fn a_name_that_is_full_at_one_address_is_open_at_another_and_so_are_other_names() {
    let door = Door::default();
    for _ in 0..5 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    assert!(door.fail(ALICE, at(HOME)).is_err());
    assert_eq!(door.enter(ALICE, at(WORK)), Ok(()));
    assert_eq!(door.enter(BOB, at(HOME)), Ok(()));
    assert!(door.fail(ALICE, at(HOME)).is_err());
}

#[test]
fn a_sign_in_clears_its_name_at_its_address_and_nothing_else() {
    let door = Door::default();
    for number in 0..96 {
        door.fail(100 + number, at(HOME)).unwrap();
    }
    for _ in 0..4 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    // The address is full: a hundred failures. Those of others are no reason to let go of it.
    assert!(door.enter(ALICE, at(HOME)).is_err());

    let door = Door::default();
    for number in 0..95 {
        door.fail(100 + number, at(HOME)).unwrap();
    }
    for _ in 0..3 {
        door.fail(ALICE, at(HOME)).unwrap();
        door.fail(ALICE, at(WORK)).unwrap();
    }
    door.enter(ALICE, at(HOME)).unwrap();
    // 98 are left at this address, of which two more are too many for none but Alice.
    for _ in 0..2 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    assert!(door.fail(BOB, at(HOME)).is_err());
    // Elsewhere her failures stand.
    for _ in 0..2 {
        door.fail(ALICE, at(WORK)).unwrap();
    }
    assert!(door.fail(ALICE, at(WORK)).is_err());
}

#[test]
fn an_attempt_that_nobody_looked_at_was_none() {
    let door = Door::default();
    for _ in 0..200 {
        let Admission::Admitted(attempt) = door.admit(ALICE, at(HOME)) else {
            panic!("refused")
        };
        door.throttle.take_back(&attempt);
    }
    for _ in 0..5 {
        assert_eq!(door.fail(ALICE, at(HOME)), Ok(()));
    }
}

#[test]
fn an_address_has_a_hundred_failures_whatever_the_names() {
    let mut door = Door::default();
    for name in 0..100 {
        assert_eq!(door.fail(name, at(HOME)), Ok(()), "{name}");
    }
    assert_eq!(wait_of(door.fail(1_000, at(HOME))), seconds(300));
    assert_eq!(door.fail(1_000, at(WORK)), Ok(()));
    door.now += seconds(300);
    assert_eq!(door.fail(1_000, at(HOME)), Ok(()));
}

#[test]
fn without_addresses_a_name_has_its_five_and_nobody_is_kept_out_by_other_names() {
    let door = Door::default();
    for name in 0..1_000 {
        assert_eq!(door.fail(name, None::<IpAddr>), Ok(()), "{name}");
    }
    for _ in 0..4 {
        assert_eq!(door.fail(7, None::<IpAddr>), Ok(()));
    }
    assert!(door.fail(7, None::<IpAddr>).is_err());
}

#[test]
fn an_ipv6_network_of_64_bits_is_one_address_and_an_ipv4_address_is_itself_however_it_is_written() {
    for (one, other, are_one) in [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ("192.0.2.1", "192.0.2.2", false),
    ] {
        let same = AddressPrefix::of(Some(at(one))) == AddressPrefix::of(Some(at(other)));
        assert_eq!(same, are_one, "{one} {other}");
    }
}

#[test]
fn a_name_under_attack_from_everywhere_stays_open_where_it_was_signed_in() {
    let mut door = Door::default();
    door.enter(ALICE, at(HOME)).unwrap();
    door.now += REMEMBERED.saturating_sub(seconds(1));
    door.fill_name(ALICE);
    assert!(door.fail(ALICE, at(WORK)).is_err());
    for _ in 0..4 {
        assert_eq!(door.fail(ALICE, at(HOME)), Ok(()));
    }
    assert_eq!(door.enter(ALICE, at(HOME)), Ok(()));
    // Its failures there are bounded all the same.
    for _ in 0..5 {
        assert_eq!(door.fail(ALICE, at(HOME)), Ok(()));
    }
    assert!(door.fail(ALICE, at(HOME)).is_err());
}

#[test]
fn what_fails_where_a_name_was_signed_in_closes_it_for_nobody_else() {
    let door = Door::default();
    for number in 0..25 {
        door.enter(ALICE, stranger(number)).unwrap();
    }
    door.fill_name(ALICE);
    assert_eq!(door.fail(ALICE, at(WORK)), Ok(()));
}

#[test]
fn an_address_is_forgotten_after_thirty_days() {
    let mut door = Door::default();
    door.enter(ALICE, at(HOME)).unwrap();
    door.now += REMEMBERED;
    door.fill_name(ALICE);
    assert!(door.enter(ALICE, at(HOME)).is_err());
}

/// The attacker has more addresses than anybody can count, and never rests.
#[test]
fn nobody_is_kept_out_for_more_than_a_quarter_of_an_hour() {
    let mut door = Door::default();
    let mut attackers = 0;
    let mut guesses = 0;
    let mut attack = |door: &Door| {
        for _ in 0..50 {
            attackers += 1;
            while door.fail(ALICE, stranger(attackers)).is_ok() {
                guesses += 1;
            }
        }
    };
    attack(&door);
    let first = wait_of(door.enter(ALICE, at(WORK)));
    assert!(first <= LONGEST_LOCK);
    let begun = door.now;
    loop {
        door.now += seconds(1);
        attack(&door);
        if door.enter(ALICE, at(WORK)).is_ok() {
            break;
        }
    }
    assert_eq!(door.now, begun + LONGEST_LOCK);
    // Three windows and what just began; each address of the attacker was seen for the first time.
    assert_eq!(guesses, 400);
}

#[test]
fn whoever_has_waited_gets_one_attempt_and_waits_again() {
    let mut door = Door::default();
    for minutes in 0..45 {
        for number in 0..100 {
            let stranger = stranger(1_000 * minutes + number);
            let _ = door.fail(ALICE, stranger);
        }
        let admitted = door.fail(ALICE, at(WORK)).is_ok();
        assert_eq!(
            admitted,
            minutes == 15 || minutes == 30,
            "{minutes} minutes"
        );
        door.now += seconds(60);
    }
}

#[test]
fn each_reason_is_news_once_in_a_window() {
    let mut door = Door::default();
    let is_news = |door: &Door, name, ip| door.fail(name, ip).unwrap_err().is_news;
    for _ in 0..5 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    assert!(is_news(&door, ALICE, at(HOME)));
    for _ in 0..10 {
        assert!(!is_news(&door, ALICE, at(HOME)));
    }
    door.fill_name(BOB);
    assert!(is_news(&door, BOB, stranger(900)));
    assert!(!is_news(&door, BOB, stranger(901)));
    assert!(is_news(&door, BOB, stranger(0)));
    door.now += POLICY.window;
    for _ in 0..5 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    assert!(is_news(&door, ALICE, at(HOME)));
}

#[test]
fn a_lower_limit_holds_for_what_was_counted_under_a_higher_one() {
    let door = Door::default();
    for _ in 0..4 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    let stricter = ThrottlePolicy {
        per_account_and_address: 2,
        ..POLICY
    };
    let guesser = Guesser::new(ALICE, Some(at(HOME)));
    let admission = door.throttle.admit(&stricter, guesser, seconds(1));
    assert!(matches!(admission, Admission::Refused(_)));
}

#[test]
fn a_reading_of_the_clock_that_comes_late_opens_nothing() {
    let mut door = Door::default();
    door.now += seconds(1_000);
    for _ in 0..5 {
        door.fail(ALICE, at(HOME)).unwrap();
    }
    door.now = seconds(999);
    assert_eq!(wait_of(door.fail(ALICE, at(HOME))), seconds(300));
}

#[test]
fn of_fifty_guesses_at_once_five_are_admitted() {
    let door = Arc::new(Door::default());
    let guessing = (0..50).map(|_| {
        let door = Arc::clone(&door);
        thread::spawn(move || {
            let admission = door.admit(ALICE, at(HOME));
            matches!(admission, Admission::Admitted(_))
        })
    });
    let guessing: Vec<_> = guessing.collect();
    let admitted = guessing.into_iter().map(|thread| thread.join().unwrap());
    assert_eq!(admitted.filter(|admitted| *admitted).count(), 5);
}

#[test]
fn a_flood_of_names_and_addresses_takes_no_more_room_and_forgets_nobody_who_is_full() {
    let door = Door::of(&Room {
        pairs: 100,
        addresses: 100,
        names: 100,
        waits: 100,
        known: 100,
    });
    door.enter(BOB, at(HOME)).unwrap();
    for _ in 0..5 {
        door.fail(ALICE, at(WORK)).unwrap();
    }
    assert!(door.fail(ALICE, at(WORK)).is_err());
    for number in 0..10_000 {
        door.fail(u64::from(number) + 10, stranger(number)).unwrap();
        if number % 50 == 0 {
            assert!(door.fail(ALICE, at(WORK)).is_err(), "after {number}");
        }
    }
    door.throttle.with(|tables| {
        assert!(tables.pairs.len() <= 100);
        assert!(tables.addresses.len() <= 100);
        assert!(tables.names.len() <= 100);
        assert!(tables.waits.is_empty());
        assert_eq!(tables.known.len(), 1, "nobody but Bob has signed in");
    });
}

/// Waiting costs nothing, and makes nobody forget what cost a guess.
#[test]
fn a_flood_of_addresses_that_wait_forgets_no_failure() {
    let door = Door::of(&Room {
        pairs: 100,
        addresses: 100,
        names: 100,
        waits: 100,
        known: 100,
    });
    door.fill_name(ALICE);
    door.fail(BOB, at(HOME)).unwrap();
    for number in 0..10_000 {
        assert!(door.fail(ALICE, stranger(1_000 + number)).is_err());
    }
    for _ in 0..4 {
        assert_eq!(door.fail(BOB, at(HOME)), Ok(()));
    }
    assert!(door.fail(BOB, at(HOME)).is_err());
    door.throttle.with(|tables| {
        assert!(tables.waits.len() <= 100);
        assert_eq!(tables.pairs.len(), 21);
    });
}

/// Whoever comes while others are being looked at is refused only once they have failed.
#[test]
fn what_hangs_on_others_waits_for_them() {
    let door = Door::default();
    let mut under_way = Vec::new();
    for _ in 0..5 {
        let Admission::Admitted(attempt) = door.admit(ALICE, at(HOME)) else {
            panic!("not admitted")
        };
        under_way.push(attempt);
    }
    assert!(matches!(door.admit(ALICE, at(HOME)), Admission::Later));
    let last = under_way.pop().unwrap();
    for failed in under_way {
        door.throttle.settle(&failed);
        assert!(matches!(door.admit(ALICE, at(HOME)), Admission::Later));
    }
    door.throttle.settle(&last);
    assert!(matches!(door.admit(ALICE, at(HOME)), Admission::Refused(_)));
}

/// As many failures as there may be are kept, and not one more.
#[test]
fn failures_take_no_more_room_than_their_limit() {
    let mut door = Door::default();
    for number in 0..5_000 {
        let _ = door.fail(ALICE, stranger(number));
        door.now += seconds(1);
    }
    door.throttle.with(|tables| {
        let name = tables.names.get(&NameDigest(ALICE)).unwrap();
        assert!(name.at.len() <= 100 && name.at.capacity() <= 128);
    });
}

/// What somebody does at the door.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Lets some seconds pass.
    Wait(u64),
    /// Begins an attempt.
    Begin(u64, u8),
    /// Ends one of those that were begun.
    End(usize, End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Failed,
    Succeeded,
    TakenBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let end = prop_oneof![
        6 => Just(End::Failed),
        1 => Just(End::Succeeded),
        1 => Just(End::TakenBack),
    ];
    let step = prop_oneof![
        1 => prop_oneof![0..4_u64, Just(100), Just(899), Just(900), Just(1_000)].prop_map(Step::Wait),
        6 => (0..2_u64, 0..5_u8).prop_map(|(name, address)| Step::Begin(name, address)),
        3 => (0..8_usize, end).prop_map(|(which, end)| Step::End(which, end)),
    ];
    vec(step, 1..120)
}

/// An attempt as the model keeps it.
#[derive(Debug, Clone, Copy)]
struct Kept {
    name: u64,
    address: u8,
    at: u64,
    /// Counted for each of the three.
    pair: bool,
    whole_address: bool,
    whole_name: bool,
}

/// Keeps everything for ever, and counts by going through all of it.
#[derive(Default)]
struct Model {
    now: u64,
    /// When somebody came last.
    latest: u64,
    kept: Vec<Kept>,
    known: HashSet<(u64, u8)>,
    /// Since when each waits.
    waits: HashMap<(u64, u8), u64>,
    /// Until when a name gets nothing back, because it has let through more than its limit.
    overdrawn_until: HashMap<u64, u64>,
}

const SMALL: ThrottlePolicy = ThrottlePolicy {
    enabled: true,
    per_account_and_address: 2,
    per_address: 3,
    per_account: 4,
    window: Duration::from_millis(SMALL_WINDOW),
};
/// Longer than anybody waits, so that names are still full then.
const SMALL_WINDOW: u64 = 1_000_000;
const WAIT: u64 = 900_000;

impl Model {
    /// When those that still count were made.
    fn counted(&self, counts: impl Fn(&Kept) -> bool) -> Vec<u64> {
        let kept = self.kept.iter();
        let counted = kept.filter(|one| one.at + SMALL_WINDOW > self.now && counts(one));
        counted.map(|one| one.at).collect()
    }

    fn admit(&mut self, name: u64, address: u8) -> bool {
        self.latest = self.now;
        let guesser = (name, address);
        let pair = self.counted(|one| one.pair && (one.name, one.address) == guesser);
        let whole_address = self.counted(|one| one.whole_address && one.address == address);
        let whole_name = self.counted(|one| one.whole_name && one.name == name);
        if pair.len() >= 2 || whole_address.len() >= 3 {
            return false;
        }
        let is_stranger = !self.known.contains(&guesser);
        if is_stranger && whole_name.len() >= 4 {
            let since = *self.waits.entry(guesser).or_insert(self.now);
            if self.now - since < WAIT {
                return false;
            }
            self.waits.insert(guesser, self.now);
            let displaced = whole_name[whole_name.len() - 4];
            self.overdrawn_until.insert(name, displaced + SMALL_WINDOW);
        } else {
            self.waits.remove(&guesser);
        }
        self.kept.push(Kept {
            name,
            address,
            at: self.now,
            pair: true,
            whole_address: address < 4,
            whole_name: is_stranger,
        });
        true
    }

    fn take_back(&mut self, index: usize) {
        let kept = &mut self.kept[index];
        (kept.pair, kept.whole_address) = (false, false);
        let overdrawn_until = self.overdrawn_until.get(&kept.name);
        if overdrawn_until.is_none_or(|until| self.latest >= *until) {
            kept.whole_name = false;
        }
    }

    fn succeed(&mut self, index: usize) {
        self.take_back(index);
        let guesser = (self.kept[index].name, self.kept[index].address);
        self.known.insert(guesser);
        self.waits.remove(&guesser);
        for one in &mut self.kept {
            one.pair &= (one.name, one.address) != guesser;
        }
    }
}

fn address(number: u8) -> Option<IpAddr> {
    // The last one is nobody's.
    (number < 4).then(|| IpAddr::from([192, 0, 2, number]))
}

proptest! {
    /// Whatever the interleaving, an attempt is admitted exactly if no count would exceed its limit by it, or if its
    /// address has waited for a name that is full.
    #[test]
    fn attempts_are_admitted_as_a_model_says_that_forgets_nothing(steps in steps()) {
        let throttle = Throttle::default();
        let mut model = Model::default();
        let mut begun: Vec<(Attempt, usize)> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(time) => model.now += 1_000 * time,
                Step::Begin(name, place) => {
                    // No two in one millisecond, so that each is told apart.
                    model.now += 1;
                    let may = model.admit(name, place);
                    let guesser = Guesser::new(name, address(place));
                    let now = Duration::from_millis(model.now);
                    let admission = throttle.admit(&SMALL, guesser, now);
                    prop_assert_eq!(matches!(&admission, Admission::Admitted(_)), may);
                    if let Admission::Admitted(attempt) = admission {
                        begun.push((attempt, model.kept.len() - 1));
                    }
                }
                Step::End(which, end) if which < begun.len() => {
                    let (attempt, index) = begun.remove(which);
                    throttle.settle(&attempt);
                    match end {
                        End::Failed => {}
                        End::TakenBack => {
                            throttle.take_back(&attempt);
                            model.take_back(index);
                        }
                        End::Succeeded => {
                            throttle.succeeded(&attempt);
                            model.succeed(index);
                        }
                    }
                }
                Step::End(..) => {}
            }
        }
    }
}

#[test]
fn whoever_waits_does_so_for_a_whole_site() {
    let place = |address: &str| Guesser::new(7, Some(address.parse().unwrap())).neighborhood();
    assert_eq!(place("2001:db8:1:1::1"), place("2001:db8:1:2::1"));
    assert_ne!(place("2001:db8:1::1"), place("2001:db8:2::1"));
    assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
}
