//! JWS compact serialization (RFC 7515 §7.1): the shape of a token, before anything in it counts.

use super::error::{Malformation, Segment};
use crate::base64url::{self, NotBase64Url};
use crate::key::VerificationKey;

/// The three segments of a token. Header and claims are still encoded: they are read later, if at
/// all.
pub(super) struct CompactJws<'a> {
    pub(super) header: &'a str,
    claims: &'a str,
    /// The text that was signed: header, dot, claims (RFC 7515 §5.1).
    signing_input: &'a str,
    signature: base64url::Brief<SIGNATURE_ROOM>,
}

impl<'a> CompactJws<'a> {
    pub(super) fn parse(token: &'a str, limit: usize) -> Result<Self, Malformation> {
        if token.len() > limit {
            return Err(Malformation::TooLong { limit });
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Malformation::Structure)?;
        let (header, claims) = signing_input
            .split_once('.')
            .ok_or(Malformation::Structure)?;
        let segments = [header, claims, signature];
        if segments.iter().any(|segment| segment.is_empty()) || claims.contains('.') {
            return Err(Malformation::Structure);
        }
        let signature = base64url::decode_brief(signature)
            .map_err(|NotBase64Url| Malformation::Base64Url(Segment::Signature))?;
        Ok(Self {
            header,
            claims,
            signing_input,
            signature,
        })
    }

    pub(super) fn decode_header(&self) -> Result<String, Malformation> {
        decode(self.header, Segment::Header)
    }

    /// To be called once the signature is known to be good.
    pub(super) fn decode_claims(&self) -> Result<String, Malformation> {
        decode(self.claims, Segment::Claims)
    }

    /// The first of the keys that made the signature.
    pub(super) fn verified_by<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerificationKey>,
    ) -> Option<&'k VerificationKey> {
        let (input, signature) = (self.signing_input.as_bytes(), self.signature.as_slice());
        keys.into_iter().find(|key| key.verifies(input, signature))
    }
}

fn decode(text: &str, segment: Segment) -> Result<String, Malformation> {
    let bytes = base64url::decode(text).map_err(|NotBase64Url| Malformation::Base64Url(segment))?;
    String::from_utf8(bytes).map_err(|_| Malformation::Utf8(segment))
}

/// Room for the signatures of curves and MACs, at most 132 bytes. Those of RSA keys need an
/// allocation, which is nothing beside the arithmetic that follows.
const SIGNATURE_ROOM: usize = 136;
