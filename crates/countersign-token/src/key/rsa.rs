//! What makes an RSA key acceptable, beyond what the library checks.
//!
//! The library takes any odd exponent, looks at the size only when it verifies, and knows nothing
//! of keys that were drawn badly. All of that is judged here, once, when a key is loaded.

use super::error::KeyError;
use crate::algorithm::Algorithm;

/// The public numbers of an RSA key, big-endian without leading zeros.
pub(super) struct RsaNumbers {
    pub(super) modulus: Box<[u8]>,
    pub(super) exponent: Box<[u8]>,
}

impl RsaNumbers {
    /// Takes a modulus of 2048 to 8192 bits and an odd exponent from 65537 (RFC 7518 §3.3,
    /// NIST SP 800-131A), that no known weak generator has made.
    pub(super) fn check(
        algorithm: Algorithm,
        modulus: &[u8],
        exponent: &[u8],
    ) -> Result<Self, KeyError> {
        check_size(algorithm, modulus)?;
        if !is_acceptable_exponent(exponent) {
            return Err(KeyError::RsaExponent { algorithm });
        }
        if modulus.last().is_none_or(|last| last % 2 == 0) {
            return Err(KeyError::Invalid { algorithm });
        }
        if is_roca(modulus) {
            return Err(KeyError::RsaGenerator { algorithm });
        }
        Ok(Self {
            modulus: modulus.into(),
            exponent: exponent.into(),
        })
    }
}

/// A key of 2048 bits or more; those above 8192 only cost time.
pub(super) fn check_size(algorithm: Algorithm, modulus: &[u8]) -> Result<(), KeyError> {
    let bits = bit_length(modulus);
    if (MIN_BITS..=MAX_BITS).contains(&bits) && modulus.first() != Some(&0) {
        return Ok(());
    }
    Err(KeyError::RsaSize { algorithm, bits })
}

fn bit_length(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let leading = number.get(zeros).map_or(0, |byte| byte.leading_zeros());
    8 * (number.len() - zeros) - usize::try_from(leading).unwrap_or_default()
}

/// Odd, at least 65537, and of at most 33 bits, which is what the library can use.
fn is_acceptable_exponent(exponent: &[u8]) -> bool {
    if exponent.first() == Some(&0) || exponent.len() > 5 {
        return false;
    }
    let value = exponent
        .iter()
        .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    value % 2 == 1 && (65_537..1 << 33).contains(&value)
}

/// Whether the modulus has the fingerprint of the Infineon library of CVE-2017-15361, whose keys
/// can be factored: modulo each of these primes it is a power of 65537. Of good keys, one in 2²⁷ is
/// turned away with them.
fn is_roca(modulus: &[u8]) -> bool {
    ROCA_PRIMES
        .into_iter()
        .all(|prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    number.iter().fold(0, |remainder, byte| {
        ((remainder << 8) | u32::from(*byte)) % divisor
    })
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        power = power * (65_537 % prime) % prime;
    }
    false
}

const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 8192;

/// The primes below 168 modulo which not every number is a power of 65537.
const ROCA_PRIMES: [u32; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_odd_and_large_enough() {
        for good in [&[1, 0, 1][..], &[1, 0, 3], &[1, 0xFF, 0xFF, 0xFF, 0xFF]] {
            assert!(is_acceptable_exponent(good), "{good:?}");
        }
        for bad in [
            &[][..],
            &[1],
            &[3],
            &[0xFF, 0xFF],
            &[1, 0, 0],
            &[1, 0, 2],
            &[0, 1, 0, 1],
            &[2, 0, 0, 0, 1],
            &[1, 0, 0, 0, 0, 1],
        ] {
            assert!(!is_acceptable_exponent(bad), "{bad:?}");
        }
    }

    #[test]
    fn sizes_are_counted_in_bits() {
        let number = |first: u8, len: usize| [&[first][..], &vec![0xFF; len - 1]].concat();
        for (number, bits, good) in [
            (number(0x80, 256), 2048, true),
            (number(0x7F, 256), 2047, false),
            (number(1, 257), 2049, true),
            (number(0xFF, 1024), 8192, true),
            (number(1, 1025), 8193, false),
            (number(0, 257), 2048, false),
            (Vec::new(), 0, false),
        ] {
            assert_eq!(bit_length(&number), bits);
            assert_eq!(
                check_size(Algorithm::Rs256, &number).is_ok(),
                good,
                "{bits}"
            );
        }
    }
}
