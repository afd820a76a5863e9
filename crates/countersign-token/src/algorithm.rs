//! The signature algorithms, by their registered names (RFC 7518 §3.1, RFC 8037 §3.1).

use std::fmt;

/// A signature algorithm.
///
/// One key has one algorithm (RFC 8725 §3.1): the algorithm is part of the key, never a choice of
/// the token.
///
/// # Which one to take
/// - [`Es256`](Self::Es256): small keys, small signatures, understood everywhere. The default.
/// - [`EdDsa`](Self::EdDsa): as small, and signs without randomness, where all verifiers have it.
/// - [`Rs256`](Self::Rs256): for verifiers that know nothing else; large signatures.
/// - [`Hs256`](Self::Hs256): only where issuer and verifier are one party, since whoever can verify
///   can also sign.
///
/// # What it is not
/// Not a list of what JOSE knows: there is no `none`, no secp256k1 and no Ed448.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 §3.2): one secret both signs and verifies.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3): the same text has the same signature.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5): salted, the salt as long as the digest.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256, signature as r‖s (RFC 7518 §3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// `EdDSA` on Ed25519 (RFC 8037 §3.1); Ed448, of the same name, is not supported.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 13] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// The value of the `alg` header parameter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads a registered name, byte for byte.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`] for every other text; it says whether the name is known at all.
    pub fn parse(name: &str) -> Result<Self, UnsupportedAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnsupportedAlgorithm::new(name))
    }

    /// Whether the key that verifies could also sign: such keys are never published.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that [`Algorithm::parse`] does not accept, with the reason for those that are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("algorithm {name:?} {reason}")]
pub struct UnsupportedAlgorithm {
    name: Box<str>,
    reason: &'static str,
}

impl UnsupportedAlgorithm {
    fn new(name: &str) -> Self {
        let shown: String = name.chars().take(SHOWN_CHARS).collect();
        Self {
            name: shown.into(),
            reason: reason(name),
        }
    }

    /// The name that was asked for, cut to a length fit for a message.
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn reason(name: &str) -> &'static str {
    match name {
        "ES256K" => "is refused: secp256k1 is not among the curves we accept; use ES256",
        "Ed448" => "is refused: the only Edwards curve we accept is Ed25519, under the name EdDSA",
        "Ed25519" => "is spelled EdDSA (RFC 8037)",
        "ES521" => "has never been registered; P-521 is ES512",
        name if name.eq_ignore_ascii_case("none") => "is refused: an unsigned token proves nothing",
        name if is_misspelled(name) => "is unknown in this spelling: names are case-sensitive",
        _ => "is unknown; use ES256, EdDSA, RS256 or another one of RFC 7518 §3.1",
    }
}

fn is_misspelled(name: &str) -> bool {
    Algorithm::ALL
        .iter()
        .any(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
}

const SHOWN_CHARS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_byte_for_byte() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Ok(algorithm));
            let lower = algorithm.name().to_lowercase();
            assert!(
                Algorithm::parse(&lower)
                    .unwrap_err()
                    .to_string()
                    .contains("case-sensitive")
            );
        }
    }

    #[test]
    fn a_refusal_says_what_is_known_about_the_name() {
        let rows = [
            ("ES256K", "secp256k1"),
            ("Ed448", "Ed25519"),
            ("Ed25519", "spelled EdDSA"),
            ("ES521", "ES512"),
            ("none", "unsigned"),
            ("NONE", "unsigned"),
            ("RSA-OAEP", "unknown"),
            ("", "unknown"),
        ];
        for (name, part) in rows {
            let message = Algorithm::parse(name).unwrap_err().to_string();
            assert!(message.contains(part), "{name}: {message}");
        }
    }

    #[test]
    fn a_long_name_is_cut_in_the_message() {
        assert!(
            Algorithm::parse(&"x".repeat(10_000))
                .unwrap_err()
                .to_string()
                .len()
                < 120
        );
    }
}
