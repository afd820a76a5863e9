//! Candidates that do the same work in turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::spread::Spread;

/// Candidates for one piece of work.
pub struct Contest<'a> {
    title: &'a str,
    rounds: usize,
    candidates: Vec<Candidate<'a>>,
}

struct Candidate<'a> {
    name: &'a str,
    /// Does the work so many times and tells how long that took.
    batch: Box<dyn FnMut(u32) -> Duration + 'a>,
    repetitions: u32,
    /// Nanoseconds per piece of work, one reading per turn of this round.
    turns: Vec<f64>,
    /// Nanoseconds per piece of work, one reading per round.
    readings: Vec<f64>,
}

impl<'a> Contest<'a> {
    /// A contest of so many rounds.
    #[must_use]
    pub fn new(title: &'a str, rounds: usize) -> Self {
        Self {
            title,
            rounds,
            candidates: Vec::new(),
        }
    }

    /// Enters a candidate. What `work` returns is computed for real, although nobody looks at it.
    #[must_use]
    pub fn enter<R>(self, name: &'a str, mut work: impl FnMut() -> R + 'a) -> Self {
        self.enter_timed(name, move |repetitions| {
            let start = Instant::now();
            for _ in 0..repetitions {
                black_box(work());
            }
            start.elapsed()
        })
    }

    /// Enters a candidate that does its work so many times and tells itself how long that took: it has to
    /// prepare something first, or lives in another process.
    #[must_use]
    pub fn enter_timed(mut self, name: &'a str, batch: impl FnMut(u32) -> Duration + 'a) -> Self {
        self.candidates.push(Candidate {
            name,
            batch: Box::new(batch),
            repetitions: 1,
            turns: Vec::new(),
            readings: Vec::new(),
        });
        self
    }

    /// Lets the candidates take turns, every other time in the opposite order.
    ///
    /// A turn is short and a reading is the median of a round's turns: those in which the machine was busy with
    /// something else do not count.
    #[must_use]
    pub fn run(mut self) -> Outcome<'a> {
        self.candidates.iter_mut().for_each(Candidate::warm_up);
        for _ in 0..self.rounds {
            for turn in 0..TURNS_PER_ROUND {
                if turn % 2 == 0 {
                    self.candidates.iter_mut().for_each(Candidate::take_turn);
                } else {
                    self.candidates
                        .iter_mut()
                        .rev()
                        .for_each(Candidate::take_turn);
                }
            }
            self.candidates.iter_mut().for_each(Candidate::end_round);
        }
        Outcome {
            title: self.title,
            readings: self
                .candidates
                .into_iter()
                .map(|done| (done.name, done.readings))
                .collect(),
        }
    }
}

impl Candidate<'_> {
    /// Finds out how many repetitions fill a turn.
    fn warm_up(&mut self) {
        while (self.batch)(self.repetitions) < TURN {
            self.repetitions = self.repetitions.saturating_mul(2);
        }
    }

    fn take_turn(&mut self) {
        let elapsed = (self.batch)(self.repetitions);
        self.turns
            .push(elapsed.as_secs_f64() * 1e9 / f64::from(self.repetitions));
    }

    fn end_round(&mut self) {
        self.readings.push(Spread::of(self.turns.drain(..)).median);
    }
}

/// What the rounds gave.
pub struct Outcome<'a> {
    title: &'a str,
    readings: Vec<(&'a str, Vec<f64>)>,
}

impl Outcome<'_> {
    /// Nanoseconds per piece of work; `None` for who did not take part.
    #[must_use]
    pub fn time(&self, name: &str) -> Option<Spread> {
        let readings = self.readings_of(name)?;
        Some(Spread::of(readings.iter().copied()))
    }

    /// The time of one candidate divided by that of another, within each round.
    #[must_use]
    pub fn ratio(&self, of: &str, by: &str) -> Option<Spread> {
        Some(Spread::ratio(self.readings_of(of)?, self.readings_of(by)?))
    }

    /// Prints one line per candidate: nanoseconds, and the ratio to the candidate called `base`.
    pub fn print(&self, base: &str) {
        println!("\n{}", self.title);
        println!("  {:<44} {:>28} {:>26}", "", "ns", format!("× {base}"));
        for (name, readings) in &self.readings {
            let time = Spread::of(readings.iter().copied());
            let ratio = self
                .readings_of(base)
                .map(|base| Spread::ratio(readings, base));
            let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            println!("  {name:<44} {:>28} {ratio:>26}", format!("{time:.0}"));
        }
    }

    fn readings_of(&self, wanted: &str) -> Option<&[f64]> {
        let found = self.readings.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, readings)| readings.as_slice())
    }
}

/// Long beside the resolution of the clock, short beside the time slices of the scheduler.
const TURN: Duration = Duration::from_micros(400);
const TURNS_PER_ROUND: u32 = 40;
