//! base64url without padding (RFC 7515 §2), and only in its canonical form.
//!
//! Refused: `=`, white space, the letters `+` and `/`, and unused trailing bits that are not zero
//! (RFC 4648 §3.5). One value has one spelling, so nobody can respell a token that we know.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::GeneralPurpose as Fastest;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::Simd as Fastest;

/// The text is not canonical base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotBase64Url;

/// Encodes into a new string.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Appends the encoding of `bytes`.
pub(crate) fn append(bytes: &[u8], text: &mut String) {
    ENGINE.encode_string(bytes, text);
}

/// Decodes into a new vector.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    ENGINE.decode(text).map_err(|_| NotBase64Url)
}

/// Decodes a text, on the stack if `N` bytes are room enough.
pub(crate) fn decode_brief<const N: usize>(text: &str) -> Result<Brief<N>, NotBase64Url> {
    if base64::decoded_len_estimate(text.len()) > N {
        return decode(text).map(Brief::Heap);
    }
    let mut bytes = [0; N];
    let len = ENGINE
        .decode_slice(text, &mut bytes)
        .map_err(|_| NotBase64Url)?;
    Ok(Brief::Stack { bytes, len })
}

/// A few bytes without an allocation, or more of them with one.
pub(crate) enum Brief<const N: usize> {
    Stack { bytes: [u8; N], len: usize },
    Heap(Vec<u8>),
}

impl<const N: usize> Brief<N> {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Stack { bytes, len } => bytes.get(..*len).unwrap_or_default(),
            Self::Heap(bytes) => bytes,
        }
    }
}

/// Asks the processor once which instructions it has.
static ENGINE: LazyLock<Fastest> = LazyLock::new(|| {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    return Fastest::url_safe(NO_PAD);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Fastest::new(&base64::alphabet::URL_SAFE, NO_PAD);
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7515_appendix_c() {
        let bytes = [3, 236, 255, 224, 193];
        assert_eq!(encode(&bytes), "A-z_4ME");
        assert_eq!(decode("A-z_4ME").unwrap(), bytes);
    }

    #[test]
    fn the_stack_and_the_heap_hold_the_same() {
        for len in 0..80 {
            let bytes: Vec<u8> = (0..len).collect();
            let brief = decode_brief::<32>(&encode(&bytes)).unwrap();
            assert_eq!(brief.as_slice(), bytes);
        }
        assert!(decode_brief::<4>("AAAAAAAAAAAA=").is_err());
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let spellings = [
            "A-z_4ME=",
            "A+z/4ME",
            "A-z_4MF",
            " A-z_4ME",
            "A-z_4ME\n",
            "A-z_\n4ME",
            "A",
            "A-z_4",
            "A-z_4ME==",
            "A-z_4M?",
            "\u{ff21}-z_4ME",
        ];
        for text in spellings {
            assert_eq!(decode(text), Err(NotBase64Url), "{text:?}");
            // Long enough for the vector instructions, which have a path of their own.
            let long = "A-z_".repeat(40) + text;
            assert_eq!(decode(&long), Err(NotBase64Url), "{long:?}");
        }
    }
}
