//! Which Ed25519 public keys prove anything (RFC 8032 §5.1, RFC 8037 §2).
//!
//! The crypto library takes every point of the curve. Under a point of small order anybody can make signatures
//! that verify, and a coordinate that is not reduced is a second spelling of another key.

/// Whether an encoded point is in its one spelling and not of small order.
pub(super) fn is_sound(encoded: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(encoded) else {
        return false;
    };
    // The highest bit is the sign of the other coordinate.
    y[31] &= 0x7f;
    let is_reduced = y.iter().rev().lt(PRIME.iter().rev());
    is_reduced && !OF_SMALL_ORDER.contains(&y)
}

/// 2^255 - 19, little-endian.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The `y` of the points of order 1, 2, 4 and 8, little-endian.
const OF_SMALL_ORDER: [[u8; 32]; 5] = [
    small(0),
    small(1),
    {
        let mut minus_one = PRIME;
        minus_one[0] -= 1;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn small(y: u8) -> [u8; 32] {
    let mut encoded = [0; 32];
    encoded[0] = y;
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, SigningKey, VerificationKey};

    #[test]
    fn points_of_small_order_and_second_spellings_are_refused_with_either_sign() {
        let mut unreduced = PRIME;
        unreduced[0] += 9;
        for y in OF_SMALL_ORDER
            .into_iter()
            .chain([PRIME, unreduced, [0xff; 32]])
        {
            for sign in [0, 0x80] {
                let mut encoded = y;
                encoded[31] |= sign;
                assert!(!is_sound(&encoded), "{encoded:02x?}");
            }
        }
        assert!(!is_sound(&[9; 31]));
    }

    /// `x` of small order, `r` the same point and `s` zero: without the check this signs everything.
    #[test]
    fn a_key_that_verifies_everything_does_not_load() {
        for x in [
            "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
            assert!(
                VerificationKey::from_jwk(Algorithm::EdDsa, &jwk).is_err(),
                "{x}"
            );
        }
    }

    #[test]
    fn keys_of_ours_are_sound() {
        for _ in 0..20 {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
            let jwk = crate::KeySet::new(vec![key.verification_key()])
                .unwrap()
                .jwk_set();
            assert!(jwk.contains("Ed25519"));
        }
    }
}
