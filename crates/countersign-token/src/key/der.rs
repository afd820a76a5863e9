//! The little that we must know of DER: where a value ends, and which key is in it.
//!
//! Keys are parsed by the cryptographic library. It does not look at what follows a key, and its
//! errors do not say what a key is instead, so that much is read here. This module may refuse a
//! key; it never makes one acceptable that the library would refuse.

/// The name of the keys of RS256, PS256 and their like.
pub(super) const RSA_KEY: &str = "an RSA key";
/// The name of the key of ES256.
pub(super) const P256_KEY: &str = "a P-256 key";
/// The name of the key of ES384.
pub(super) const P384_KEY: &str = "a P-384 key";
/// The name of the key of ES512.
pub(super) const P521_KEY: &str = "a P-521 key";
/// The name of the key of `EdDSA`.
pub(super) const ED25519_KEY: &str = "an Ed25519 key";

/// The structures that keys are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Any private key (RFC 5958).
    Pkcs8,
    /// An RSA private key (RFC 8017 appendix A.1.2).
    Pkcs1Private,
    /// An EC private key (RFC 5915).
    Sec1,
    /// Any public key (RFC 5280 §4.1).
    Spki,
    /// An RSA public key (RFC 8017 appendix A.1.1).
    Pkcs1Public,
}

impl Form {
    pub(super) const fn is_public(self) -> bool {
        matches!(self, Self::Spki | Self::Pkcs1Public)
    }
}

/// Tells the structures apart by their first members.
pub(super) fn form_of(der: &[u8]) -> Option<Form> {
    let content = content_of(der, SEQUENCE)?;
    let (tag, first, rest) = split(content)?;
    let (second, _, rest) = split(rest)?;
    match (tag, first, second) {
        (SEQUENCE, _, BIT_STRING) => Some(Form::Spki),
        (INTEGER, [0 | 1], SEQUENCE) => Some(Form::Pkcs8),
        (INTEGER, [1], OCTET_STRING) => Some(Form::Sec1),
        (INTEGER, _, INTEGER) if rest.is_empty() => Some(Form::Pkcs1Public),
        (INTEGER, [0], INTEGER) => Some(Form::Pkcs1Private),
        _ => None,
    }
}

/// Bytes of the private number of an EC key: the library takes it at any length.
pub(super) fn ec_scalar_len(der: &[u8]) -> Option<usize> {
    let (Form::Sec1, content) = innermost(der)? else {
        return None;
    };
    let (_version, _, rest) = split(content)?;
    split(rest).map(|(_, scalar, _)| scalar.len())
}

/// The modulus of an RSA key, big-endian without leading zeros.
pub(super) fn rsa_modulus(der: &[u8]) -> Option<&[u8]> {
    let (form, content) = innermost(der)?;
    let (_, first, rest) = split(content)?;
    let modulus = match form {
        Form::Pkcs1Public => first,
        Form::Pkcs1Private => split(rest)?.1,
        Form::Pkcs8 | Form::Sec1 | Form::Spki => return None,
    };
    Some(modulus.strip_prefix(&[0]).unwrap_or(modulus))
}

/// Whether an SPKI names its key as RFC 3279 §2.3.1 says: `rsaEncryption` and NULL.
pub(super) fn has_plain_rsa_name(spki: &[u8]) -> bool {
    const PLAIN: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    content_of(spki, SEQUENCE).is_some_and(|content| content.starts_with(PLAIN))
}

/// The structure of one kind of key, taken out of PKCS#8 or SPKI: its form and its members.
fn innermost(der: &[u8]) -> Option<(Form, &[u8])> {
    let content = content_of(der, SEQUENCE)?;
    let form = form_of(der)?;
    let inner = match form {
        Form::Pkcs8 => {
            let (_version, _, rest) = split(content)?;
            let (_algorithm, _, rest) = split(rest)?;
            let (OCTET_STRING, inner, _attributes) = split(rest)? else {
                return None;
            };
            inner
        }
        Form::Spki => {
            let (_algorithm, _, rest) = split(content)?;
            content_of(rest, BIT_STRING)?.strip_prefix(&[0])?
        }
        Form::Pkcs1Private | Form::Pkcs1Public | Form::Sec1 => return Some((form, content)),
    };
    Some((form_of(inner)?, content_of(inner, SEQUENCE)?))
}

/// The content of the one value that the bytes are.
fn content_of(der: &[u8], tag: u8) -> Option<&[u8]> {
    match split(der)? {
        (found, content, []) if found == tag => Some(content),
        _ => None,
    }
}

/// Whether the bytes are one DER SEQUENCE and nothing else.
pub(super) fn is_one_sequence(der: &[u8]) -> bool {
    content_of(der, SEQUENCE).is_some()
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
    let Some(content) = content_of(der, SEQUENCE) else {
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
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Identifiers with tag and length, and the key they belong to. Curves come before `ecPublicKey`.
const OBJECT_IDENTIFIERS: [(&[u8], &str); 12] = [
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", RSA_KEY),
    (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a",
        "an RSA key that is marked for PSS alone (make a plain one: openssl genrsa)",
    ),
    (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", P256_KEY),
    (b"\x06\x05\x2b\x81\x04\x00\x22", P384_KEY),
    (b"\x06\x05\x2b\x81\x04\x00\x23", P521_KEY),
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
    fn forms_are_told_apart() {
        let rows: [(&[u8], Option<Form>); 8] = [
            (&[0x30, 7, 2, 1, 0, 0x30, 0, 4, 0], Some(Form::Pkcs8)),
            (
                &[0x30, 9, 2, 1, 0, 2, 1, 5, 2, 1, 3],
                Some(Form::Pkcs1Private),
            ),
            (&[0x30, 6, 2, 1, 5, 2, 1, 3], Some(Form::Pkcs1Public)),
            (&[0x30, 6, 2, 1, 1, 4, 1, 7], Some(Form::Sec1)),
            (&[0x30, 5, 0x30, 0, 3, 1, 0], Some(Form::Spki)),
            (&[0x30, 6, 2, 1, 2, 4, 1, 7], None),
            (&[0x30, 3, 2, 1, 1], None),
            (&[], None),
        ];
        for (der, form) in rows {
            assert_eq!(form_of(der), form, "{der:?}");
        }
        let wrapped = [0x30, 13, 2, 1, 0, 0x30, 0, 4, 6, 0x30, 4, 2, 1, 5, 2];
        assert_eq!(rsa_modulus(&wrapped), None);
        assert_eq!(rsa_modulus(&[0x30, 7, 2, 2, 0, 5, 2, 1, 3]), Some(&[5][..]));
    }

    #[test]
    fn random_bytes_do_not_look_like_a_key() {
        assert!(!looks_like_key(&[0x30; 32]));
        assert!(!looks_like_key(&[0x30, 3, 1, 1, 0]));
        assert!(looks_like_key(&[0x30, 6, 2, 1, 5, 2, 1, 3]));
    }
}
