//! UUIDs, as accounts and sessions are named by them.

use std::fmt;

/// A UUID: 16 bytes with one spelling (RFC 9562 §4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// Takes 16 random bytes and marks them as version 4 (RFC 9562 §5.4).
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// A UUID as a store kept it.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the one spelling that [`Display`](fmt::Display) writes: hyphenated, lower case. Two spellings of one
    /// UUID would be two names of one account.
    pub fn parse(text: &str) -> Option<Self> {
        let hex: String = text.chars().filter(|&c| c != '-').collect();
        let uuid = u128::from_str_radix(&hex, 16).ok()?;
        let uuid = Self(uuid.to_be_bytes());
        (uuid.to_string() == text).then_some(uuid)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", u128::from_be_bytes(self.0));
        for (position, digit) in hex.chars().enumerate() {
            if matches!(position, 8 | 12 | 16 | 20) {
                f.write_str("-")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_one_spelling() {
        let text = "6f0e9c1e-0000-4000-8000-00000000002a";
        assert_eq!(
            Uuid::parse(text).map(|uuid| uuid.to_string()),
            Some(text.to_owned())
        );
        for other in [
            "",
            "6F0E9C1E-0000-4000-8000-00000000002A",
            "6f0e9c1e00004000800000000000002a",
            "{6f0e9c1e-0000-4000-8000-00000000002a}",
            " 6f0e9c1e-0000-4000-8000-00000000002a",
            "6f0e9c1e-0000-4000-80000-0000000002a",
            "+f0e9c1e-0000-4000-8000-00000000002a",
            "6f0e9c1e-0000-4000-8000-00000000002a0",
        ] {
            assert_eq!(Uuid::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn random_bytes_become_version_4() {
        assert_eq!(
            Uuid::from_random([0xff; 16]).to_string(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
    }
}
