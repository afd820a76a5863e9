//! The signature algorithms of this build, by their registered names (RFC 7518 §3.1, RFC 8037 §3.1).

use std::fmt;

/// A signature algorithm that this build signs and verifies with.
///
/// One key has one algorithm (RFC 8725 §3.1): the algorithm is part of the key, never a choice of
/// the token.
///
/// # What it is not
/// Not a list of what JOSE knows: there is no `none`, no RSA yet, and no algorithm without a
/// current use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 §3.2): one secret both signs and verifies.
    Hs256,
    /// ECDSA on P-256 with SHA-256, signature as r‖s (RFC 7518 §3.4).
    Es256,
    /// `EdDSA` on Ed25519 (RFC 8037 §3.1); Ed448, of the same name, is not supported.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm of this build.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Es256, Self::EdDsa];

    /// The value of the `alg` header parameter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
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
        matches!(self, Self::Hs256)
    }

    /// Bytes of a signature; every other length is refused (RFC 7518 §3.2, §3.4, RFC 8032 §5.1.6).
    pub(crate) const fn signature_len(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Es256 | Self::EdDsa => 64,
        }
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
        "HS384" | "HS512" | "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES384"
        | "ES512" => "is not yet in this build; use ES256, EdDSA or HS256",
        "ES256K" => "is refused: secp256k1 is not among the curves we accept; use ES256",
        "Ed448" => "is refused: the only Edwards curve we accept is Ed25519, under the name EdDSA",
        "Ed25519" => "is spelled EdDSA (RFC 8037)",
        "ES521" => "has never been registered; P-521 is ES512, which is not yet in this build",
        name if name.eq_ignore_ascii_case("none") => "is refused: an unsigned token proves nothing",
        name if is_misspelled(name) => "is unknown in this spelling: names are case-sensitive",
        _ => "is unknown; use ES256, EdDSA or HS256",
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
            ("RS256", "not yet in this build"),
            ("ES256K", "secp256k1"),
            ("Ed448", "Ed25519"),
            ("none", "unsigned"),
            ("NONE", "unsigned"),
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
                < 100
        );
    }
}
