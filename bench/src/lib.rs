//! What the measuring programs share: rounds in which the candidates take turns, and a table of ratios.
//!
//! A machine's speed drifts, so a single time says little and two times taken one after the other compare the
//! machine with itself. Here the candidates take turns in every round, a ratio is formed within its round, and
//! what is printed is the median of all rounds between the smallest and the largest.

pub mod claims;
pub mod contest;
pub mod floor;
pub mod http;
pub mod process;
pub mod python;
pub mod spread;
