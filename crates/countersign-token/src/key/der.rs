//! The little that we must know of DER: where a value ends, and which key is in it.
//!
//! Keys are parsed by the cryptographic library. It does not look at what follows a key, and its
//! errors do not say what a key is instead, so that much is read here. No decision to *accept*
//! rests on this module.

/// The name of the key of ES256.
pub(super) const P256_KEY: &str = "a P-256 key";
/// The name of the key of `EdDSA`.
pub(super) const ED25519_KEY: &str = "an Ed25519 key";

/// Whether the bytes are one DER SEQUENCE and nothing else.
pub(super) fn is_one_sequence(der: &[u8]) -> bool {
    matches!(split(der), Some((SEQUENCE, _, [])))
}

/// Says which key a DER structure holds, judged by the object identifiers in it.
pub(super) fn name_of_key(der: &[u8]) -> Option<&'static str> {
    let known = OBJECT_IDENTIFIERS
        .iter()
        .find(|(identifier, _)| contains(der, identifier));
    known.map(|(_, name)| *name)
}

/// Whether the bytes have the shape of a key: PKCS#8, SPKI, SEC1, or the bare integers of PKCS#1.
pub(super) fn looks_like_key(der: &[u8]) -> bool {
    let Some((SEQUENCE, content, [])) = split(der) else {
        return false;
    };
    name_of_key(der).is_some() || is_pkcs1(content) || is_sec1(content)
}

/// `SEQUENCE { INTEGER, INTEGER, … }` and nothing but integers (RFC 8017 appendix A.1).
fn is_pkcs1(mut content: &[u8]) -> bool {
    let mut integers = 0;
    while let Some((INTEGER, _, rest)) = split(content) {
        integers += 1;
        content = rest;
    }
    integers >= 2 && content.is_empty()
}

/// `SEQUENCE { INTEGER 1, OCTET STRING, … }` (RFC 5915 §3).
fn is_sec1(content: &[u8]) -> bool {
    let Some((INTEGER, [1], rest)) = split(content) else {
        return false;
    };
    matches!(split(rest), Some((OCTET_STRING, _, _)))
}

/// Splits off the first value: its tag, its content, and what follows it.
fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x0F))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| (length << 8) | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Identifiers with tag and length, and the key they belong to. Curves come before `ecPublicKey`.
const OBJECT_IDENTIFIERS: [(&[u8], &str); 12] = [
    (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
        "an RSA key",
    ),
    (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a",
        "an RSA key (PSS)",
    ),
    (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", P256_KEY),
    (b"\x06\x05\x2b\x81\x04\x00\x22", "a P-384 key"),
    (b"\x06\x05\x2b\x81\x04\x00\x23", "a P-521 key"),
    (b"\x06\x05\x2b\x81\x04\x00\x0a", "a secp256k1 key"),
    (
        b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
        "an elliptic-curve key on another curve",
    ),
    (b"\x06\x03\x2b\x65\x70", ED25519_KEY),
    (b"\x06\x03\x2b\x65\x71", "an Ed448 key"),
    (b"\x06\x03\x2b\x65\x6e", "an X25519 key, which cannot sign"),
    (b"\x06\x03\x2b\x65\x6f", "an X448 key, which cannot sign"),
    (b"\x06\x07\x2a\x86\x48\xce\x38\x04\x01", "a DSA key"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_ends_where_its_length_says() {
        assert!(is_one_sequence(&[0x30, 0]));
        assert!(is_one_sequence(&[0x30, 0x81, 1, 0]));
        for bytes in [
            &[0x30, 0, 0][..],
            &[0x30, 1],
            &[0x31, 0],
            &[0x30, 0x80, 0, 0],
            &[0x30],
            &[],
        ] {
            assert!(!is_one_sequence(bytes), "{bytes:?}");
        }
        assert!(!is_one_sequence(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0]));
    }

    #[test]
    fn random_bytes_do_not_look_like_a_key() {
        assert!(!looks_like_key(&[0x30; 32]));
        assert!(!looks_like_key(&[0x30, 3, 1, 1, 0]));
        assert!(looks_like_key(&[0x30, 6, 2, 1, 5, 2, 1, 3]));
    }
}
