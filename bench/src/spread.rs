//! Several readings of one quantity.

use std::fmt;

/// The smallest, the middle and the largest of several readings.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The smallest reading.
    pub min: f64,
    /// The middle one, of an even number the upper of the two.
    pub median: f64,
    /// The largest reading.
    pub max: f64,
}

impl Spread {
    /// Sorts readings; of none, all three are NaN.
    #[must_use]
    pub fn of(readings: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = readings.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            min: at(0),
            median: at(sorted.len() / 2),
            max: at(sorted.len().saturating_sub(1)),
        }
    }

    /// Pairs the readings of the same rounds: `of` divided by `by`.
    #[must_use]
    pub fn ratio(of: &[f64], by: &[f64]) -> Self {
        Self::of(of.iter().zip(by).map(|(of, by)| of / by))
    }
}

/// `median (min–max)`, each with the precision asked for.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let text = format!(
            "{:.digits$} ({:.digits$}–{:.digits$})",
            self.median, self.min, self.max
        );
        f.pad_integral(true, "", &text)
    }
}
