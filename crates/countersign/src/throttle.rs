//! How often passwords may be guessed: failed sign-ins, counted for each name at each address, for each address, and
//! for each name, in tables of a fixed size.
//!
//! An attempt counts as failed from the moment it is admitted, before the password is looked at, so
//! that many guesses at once are no more than one after the other. Whoever signs in after all gets it back, and while it
//! is open whether somebody does, further ones of that name at that address wait for it instead of being refused.
//!
//! # Who is refused
//! | full | refused | until |
//! |---|---|---|
//! | a name at an address | that name at that address | its oldest failure leaves the window |
//! | an address | every name there | the same |
//! | a name | that name at every address that it has not signed in from | the same, or [`LONGEST_LOCK`] after the address was first refused |
//!
//! Whoever guesses from many addresses can fill up a name, and keep it full. It stays open from where it was signed in
//! within [`REMEMBERED`]; and any other address that has waited for [`LONGEST_LOCK`] gets one attempt, and waits
//! again. That costs an attacker as much time at each of his addresses, and spares the owner from being kept out.
//!
//! # What is kept
//! Keyed digests of names, never names; addresses (IPv6: the first 64 bits); moments. What is refused leaves nothing but
//! the moment since when an address waits. An entry costs about 200 bytes, and up to 8 for each failure that its limit
//! allows: with the limits of the presets some 45 MB, if somebody fills every table. Where a table is full,
//! what was used only once goes first, then what was used longest ago: an attacker who can pay for more failures than
//! a table has room for gets more guesses, and nobody is ever refused for want of room.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::policy::ThrottlePolicy;

/// No address is kept out of an account for longer than this by failures at other addresses.
pub const LONGEST_LOCK: Duration = Duration::from_mins(15);

/// How long an address from which a name was signed in is remembered: 30 days.
pub const REMEMBERED: Duration = Duration::from_hours(30 * 24);

/// The failures that were counted.
///
/// It knows no limits: those are the policy's, and may change from one attempt to the next. Whoever builds several
/// authorities over one clock hands them the same one
/// ([`Authority::with_throttle`](crate::Authority::with_throttle)).
pub struct Throttle {
    tables: Mutex<Tables>,
    /// Whoever waits for others at the same door is told when one of them is through.
    settled: Notify,
}

/// A name at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Guesser {
    name: NameDigest,
    address: AddressPrefix,
}

impl Guesser {
    /// `name` is a keyed digest: of one length, and nothing that an attacker can choose.
    pub(crate) fn new(name: u64, ip: Option<IpAddr>) -> Self {
        Self {
            name: NameDigest(name),
            address: AddressPrefix::of(ip),
        }
    }
}

/// An attempt that may be made. It counts as failed, and is under way until it is [settled](Throttle::settle).
#[derive(Debug)]
pub(crate) struct Attempt {
    guesser: Guesser,
    at: Moment,
    /// Whether the name counts it, too: not from where it was signed in.
    by_stranger: bool,
}

/// Whether an attempt may be made.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It may, and counts as failed until something else is known.
    Admitted(Attempt),
    /// It may not, whatever the password is.
    Refused(Throttled),
    /// It may not yet: it hangs on how others come out that are under way.
    Later,
}

/// An attempt that may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// How long until one may be.
    pub(crate) retry_after: Duration,
    /// Whether it is the first one in a window that is refused for this reason.
    pub(crate) is_news: bool,
}

impl Throttle {
    /// Asks for an attempt at some moment of elapsed time.
    pub(crate) fn admit(
        &self,
        policy: &ThrottlePolicy,
        guesser: Guesser,
        elapsed: Duration,
    ) -> Admission {
        self.with(|tables| {
            let now = tables.moment(elapsed);
            if tables.hangs_on_others(policy, guesser, now) {
                return Admission::Later;
            }
            match tables.refusal(policy, guesser, now) {
                Some(refused) => Admission::Refused(refused),
                None => Admission::Admitted(tables.count(policy, guesser, now)),
            }
        })
    }

    /// The same, after those that it hangs on. They are being hashed: that takes no longer than the hashing queue does.
    pub(crate) async fn admit_in_turn(
        &self,
        policy: &ThrottlePolicy,
        guesser: Guesser,
        clock: &dyn Clock,
    ) -> Result<Attempt, Throttled> {
        loop {
            let mut settled = pin!(self.settled.notified());
            // Before asking, so that nothing that happens in between is missed.
            settled.as_mut().enable();
            match self.admit(policy, guesser, clock.elapsed()) {
                Admission::Admitted(attempt) => return Ok(attempt),
                Admission::Refused(throttled) => return Err(throttled),
                Admission::Later => settled.await,
            }
        }
    }

    /// The attempt is over, whatever came of it.
    pub(crate) fn settle(&self, attempt: &Attempt) {
        self.with(|tables| {
            if let Some(mut pair) = tables.pairs.peek_mut(&attempt.guesser) {
                pair.under_way = pair.under_way.saturating_sub(1);
            }
        });
        self.settled.notify_waiters();
    }

    /// The attempt was a sign-in: the name at this address begins anew, and other counts get their failure back.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        self.with(|tables| {
            tables.take_back(attempt);
            if let Some(mut pair) = tables.pairs.peek_mut(&attempt.guesser) {
                pair.at.clear();
            }
            tables.waits.remove(&attempt.guesser.neighborhood());
            tables.known.insert(attempt.guesser, attempt.at);
        });
    }

    /// Nobody looked at the password: every count gets its failure back.
    pub(crate) fn take_back(&self, attempt: &Attempt) {
        self.with(|tables| tables.take_back(attempt));
    }

    fn with_room(room: &Room) -> Self {
        let tables = Tables {
            pairs: Cache::new(room.pairs),
            addresses: Cache::new(room.addresses),
            names: Cache::new(room.names),
            waits: Cache::new(room.waits),
            known: Cache::new(room.known),
            latest: Moment(0),
        };
        Self {
            tables: Mutex::new(tables),
            settled: Notify::new(),
        }
    }

    /// Nothing in there can fail halfway: whoever panicked beside it left it whole.
    fn with<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> T {
        work(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::with_room(&ROOM)
    }
}

impl fmt::Debug for Throttle {
    /// Nobody's address belongs in a log by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").finish_non_exhaustive()
    }
}

/// Each is bounded by itself, so that filling one empties no other.
struct Tables {
    pairs: Cache<Guesser, Failures>,
    addresses: Cache<AddressPrefix, Failures>,
    names: Cache<NameDigest, Failures>,
    /// Since when each waits because the name is full elsewhere. Waiting is cheap: it must not crowd out what failed.
    waits: Cache<Guesser, Moment>,
    /// Only a sign-in writes here: no number of guesses makes an address unknown.
    known: Cache<Guesser, Moment>,
    latest: Moment,
}

impl Tables {
    /// Whoever read the clock first may come here last: time goes on, in here, too.
    fn moment(&mut self, elapsed: Duration) -> Moment {
        self.latest = self.latest.max(Moment::at(elapsed));
        self.latest
    }

    fn refusal(
        &mut self,
        policy: &ThrottlePolicy,
        guesser: Guesser,
        now: Moment,
    ) -> Option<Throttled> {
        let window = policy.window;
        if let Some(mut pair) = self.pairs.get_mut(&guesser)
            && let Some(until) = pair.full_until(policy.per_account_and_address, window, now)
        {
            return Some(pair.refuse(until, window, now));
        }
        if let Some(mut address) = self.addresses.get_mut(&guesser.address)
            && let Some(until) = address.full_until(policy.per_address, window, now)
        {
            return Some(address.refuse(until, window, now));
        }
        if self.is_known(guesser, now) {
            return None;
        }
        let mut name = self.names.get_mut(&guesser.name)?;
        let free = name.full_until(policy.per_account, window, now)?;
        let since = entry(&mut self.waits, guesser.neighborhood(), now).map_or(now, |since| *since);
        let until = free.min(since.plus(LONGEST_LOCK));
        (until > now).then(|| name.refuse(until, window, now))
    }

    fn hangs_on_others(&self, policy: &ThrottlePolicy, guesser: Guesser, now: Moment) -> bool {
        let limit = policy.per_account_and_address;
        self.pairs.get(&guesser).is_some_and(|pair| {
            pair.under_way > 0 && pair.full_until(limit, policy.window, now).is_some()
        })
    }

    fn is_known(&self, guesser: Guesser, now: Moment) -> bool {
        let since = self.known.get(&guesser);
        since.is_some_and(|since| since.plus(REMEMBERED) > now)
    }

    fn count(&mut self, policy: &ThrottlePolicy, guesser: Guesser, now: Moment) -> Attempt {
        let window = policy.window;
        let is_stranger = !self.is_known(guesser, now);
        let name_is_full = is_stranger
            && self
                .names
                .get(&guesser.name)
                .is_some_and(|name| name.full_until(policy.per_account, window, now).is_some());
        self.waits.remove(&guesser.neighborhood());
        if name_is_full {
            // Whoever was let through for having waited waits anew.
            self.waits.insert(guesser.neighborhood(), now);
        }
        if let Some(mut pair) = entry(&mut self.pairs, guesser, Failures::default()) {
            pair.count(policy.per_account_and_address, window, now);
            pair.under_way = pair.under_way.saturating_add(1);
        }
        // Without an address everybody would be at the same one, and a stranger could shut out all of them.
        if guesser.address != AddressPrefix::Unknown
            && let Some(mut address) =
                entry(&mut self.addresses, guesser.address, Failures::default())
        {
            address.count(policy.per_address, window, now);
        }
        if is_stranger
            && let Some(mut name) = entry(&mut self.names, guesser.name, Failures::default())
        {
            name.count(policy.per_account, window, now);
        }
        Attempt {
            guesser,
            at: now,
            by_stranger: is_stranger,
        }
    }

    fn take_back(&mut self, attempt: &Attempt) {
        let (guesser, at, now) = (attempt.guesser, attempt.at, self.latest);
        if let Some(mut pair) = self.pairs.peek_mut(&guesser) {
            pair.take_back(at, now);
        }
        if let Some(mut address) = self.addresses.peek_mut(&guesser.address) {
            address.take_back(at, now);
        }
        if attempt.by_stranger
            && let Some(mut name) = self.names.peek_mut(&guesser.name)
        {
            name.take_back(at, now);
        }
    }
}

/// An entry, made if it is not there.
fn entry<K: Hash + Eq + Copy, V>(
    cache: &mut Cache<K, V>,
    key: K,
    new: V,
) -> Option<impl std::ops::DerefMut<Target = V>> {
    let made = cache.get_mut_or_insert_with(&key, || Ok::<_, Infallible>(new));
    match made {
        Ok(entry) => entry,
    }
}

/// The latest failures, never more than the limit: whether there are as many within the window as may be is then a
/// question to the oldest of them.
#[derive(Debug, Default, Clone)]
struct Failures {
    /// In order of time.
    at: VecDeque<Moment>,
    /// How many of them may yet be none. Kept for a name at an address.
    under_way: u32,
    /// Until when a failure would count that others, let through beyond the limit, have displaced.
    displaced_until: Moment,
    /// Until when nobody is told again that it is full.
    told_until: Moment,
}

impl Failures {
    /// When there is room for one more, if there is none now.
    fn full_until(&self, limit: u32, window: Duration, now: Moment) -> Option<Moment> {
        let first_that_counts = self.at.len().checked_sub(whole(limit))?;
        let until = self.at.get(first_that_counts)?.plus(window);
        (until > now).then_some(until)
    }

    fn count(&mut self, limit: u32, window: Duration, now: Moment) {
        while self.at.front().is_some_and(|at| at.plus(window) <= now) {
            self.at.pop_front();
        }
        self.at.push_back(now);
        while self.at.len() > whole(limit) {
            let displaced = self.at.pop_front();
            self.displaced_until = displaced.map_or(now, |at| at.plus(window));
        }
    }

    /// Of several in one millisecond any will do. While one is displaced, what would be taken back stands for it.
    fn take_back(&mut self, at: Moment, now: Moment) {
        if now < self.displaced_until {
            return;
        }
        if let Ok(place) = self.at.binary_search(&at) {
            self.at.remove(place);
        }
    }

    fn refuse(&mut self, until: Moment, window: Duration, now: Moment) -> Throttled {
        let is_news = self.told_until <= now;
        if is_news {
            self.told_until = now.plus(window);
        }
        Throttled {
            retry_after: until.since(now),
            is_news,
        }
    }
}

/// A keyed digest of a name, as it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct NameDigest(u64);

/// What belongs to one client, as far as its address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum AddressPrefix {
    /// Nobody has said.
    Unknown,
    /// The whole address.
    V4(u32),
    /// The first 64 bits: whoever has one address in there has all of them.
    V6([u16; 4]),
}

impl Guesser {
    /// The same with all that one subscriber may have been given (a /48 at most, RFC 6177): whoever waits does so for
    /// the whole of it, so that nobody has a waiting room of a thousand addresses.
    fn neighborhood(self) -> Self {
        let address = match self.address {
            AddressPrefix::V6([a, b, c, _]) => AddressPrefix::V6([a, b, c, 0]),
            address => address,
        };
        Self { address, ..self }
    }
}

impl AddressPrefix {
    /// An IPv4 address in IPv6 clothes is that IPv4 address.
    fn of(ip: Option<IpAddr>) -> Self {
        match ip.map(|ip| ip.to_canonical()) {
            None => Self::Unknown,
            Some(IpAddr::V4(ip)) => Self::V4(ip.to_bits()),
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// A moment of elapsed time, in milliseconds: no clock setting moves it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(u64);

impl Moment {
    fn at(elapsed: Duration) -> Self {
        Self(millis(elapsed))
    }

    fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }

    const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn whole(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// How many entries each table has room for.
struct Room {
    pairs: usize,
    addresses: usize,
    names: usize,
    waits: usize,
    known: usize,
}

/// More names at addresses than a machine of our size can hash passwords for in a window.
const ROOM: Room = Room {
    pairs: 65_536,
    addresses: 8_192,
    names: 8_192,
    waits: 32_768,
    known: 32_768,
};

#[cfg(test)]
mod tests;
