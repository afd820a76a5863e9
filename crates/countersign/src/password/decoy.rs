//! What an unknown name is checked against, so that the time of a refusal does not tell which names exist.
//!
//! Imported hashes cost half a second, ours thirty milliseconds: one fixed decoy would tell them apart. So decoys
//! are drawn from what the accounts really hold, in proportion, and a name always meets the same one for as
//! long as the proportions stay.

use super::EncodedPassword;

/// Stored passwords that stand for all of them.
#[derive(Debug)]
pub(super) struct Decoys {
    /// Sorted by scheme and cost: as one scheme gives way to another, each name moves over once, as a real
    /// account does at its first sign-in.
    samples: Vec<EncodedPassword>,
}

impl Decoys {
    /// The decoys of an installation without accounts: what would be written today.
    pub(super) fn only(current: EncodedPassword) -> Self {
        Self {
            samples: vec![current],
        }
    }

    /// The decoys that stand for these accounts; `None` for none.
    pub(super) fn of(mut samples: Vec<EncodedPassword>) -> Option<Self> {
        samples.sort_by(|one, two| scheme_and_cost(one).cmp(scheme_and_cost(two)));
        (!samples.is_empty()).then_some(Self { samples })
    }

    /// The decoy for a name, by a keyed digest of it.
    pub(super) fn choose(&self, name_digest: u64) -> Option<&EncodedPassword> {
        let count = u128::try_from(self.samples.len()).ok()?;
        let place = (u128::from(name_digest) * count) >> 64;
        self.samples.get(usize::try_from(place).ok()?)
    }
}

/// The encoded text up to its salt, more or less: enough to bring equal costs together.
fn scheme_and_cost(encoded: &EncodedPassword) -> &str {
    let text = encoded.as_stored();
    let fields = if encoded.algorithm() == super::argon2::NAME {
        3
    } else {
        1
    };
    let mut separators = text.match_indices('$').map(|(place, _)| place);
    let end = separators.nth(fields).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<EncodedPassword> {
        (0..10)
            .map(|n| {
                let scheme = if n == 4 {
                    "argon2$argon2id$v=19$m=8,t=1,p=1"
                } else {
                    "pbkdf2_sha256$1000000"
                };
                EncodedPassword::from_stored(format!("{scheme}$salt{n}$hash"))
            })
            .collect()
    }

    #[test]
    fn names_meet_schemes_in_the_proportion_in_which_they_are_stored() {
        let decoys = Decoys::of(samples()).unwrap();
        let step = u64::MAX / 1000;
        let digests = (0..1000).map(|n| n * step + step / 2);
        let met = digests.filter(|digest| decoys.choose(*digest).unwrap().algorithm() == "argon2");
        assert_eq!(met.count(), 100);
    }

    #[test]
    fn a_name_always_meets_the_same_decoy() {
        let (one, mut other) = (Decoys::of(samples()).unwrap(), samples());
        other.reverse();
        let other = Decoys::of(other).unwrap();
        for digest in [0, 1, u64::MAX / 2, u64::MAX] {
            let schemes =
                [&one, &other].map(|decoys| scheme_and_cost(decoys.choose(digest).unwrap()));
            assert_eq!(schemes[0], schemes[1]);
        }
    }

    #[test]
    fn as_a_scheme_gives_way_each_name_moves_over_once() {
        let share = |argon2: usize| {
            let mut stored = samples();
            for sample in stored.iter_mut().take(argon2) {
                *sample =
                    EncodedPassword::from_stored("argon2$argon2id$v=19$m=8,t=1,p=1$s$h".to_owned());
            }
            Decoys::of(stored).unwrap()
        };
        for n in 0..100 {
            let digest = n * (u64::MAX / 100);
            let schemes = (5..=10)
                .map(|argon2| share(argon2).choose(digest).unwrap().algorithm() == "argon2");
            let moves: Vec<bool> = schemes.collect();
            assert!(moves.is_sorted(), "{digest}: {moves:?}");
        }
    }
}
