//! Reading without verifying: for tools that show a token, never for a decision.
//!
//! Anybody can write any claims into a token; only the signature says that *we* did. What this
//! module returns is therefore a plain [`ClaimsSet`], which no function takes for proof, and its
//! name is meant to stand out in a review. Legitimate uses are few: a debugger, a log of refused
//! tokens, a look at `iss` to find out whom to ask for keys.

use std::borrow::Cow;

use super::MAX_TOKEN_BYTES;
use super::compact::CompactJws;
use super::error::{Malformation, Segment};
use crate::claims::{ClaimsError, ClaimsSet};
use crate::header::Header;

/// Reads the claims of a token, whoever signed it and however long ago.
///
/// The form is judged as strictly as ever: size, three segments, canonical base64url, a header
/// without extensions, unique names. Signature, algorithm, times, parties and kind are not.
///
/// # Errors
/// [`Malformation`] if the text is no token at all.
///
/// ```
/// use countersign_token::{ClaimsSet, HeaderForm, Algorithm, SigningKey, dangerous};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut claims = ClaimsSet::new();
/// claims.set_issuer("https://who.knows")?;
/// let token = SigningKey::generate(Algorithm::Es256)?.encode(HeaderForm::Plain, &claims)?;
///
/// // Enough to ask somebody for keys; not enough to let anybody in.
/// let unverified = dangerous::read_without_verifying(token.as_str())?;
/// assert_eq!(unverified.issuer().as_deref(), Some("https://who.knows"));
/// # Ok(())
/// # }
/// ```
pub fn read_without_verifying(token: &str) -> Result<ClaimsSet, Malformation> {
    let jws = CompactJws::parse(token, MAX_TOKEN_BYTES)?;
    Header::read(&jws.decode_header()?)?;
    ClaimsSet::parse(&jws.decode_claims()?).map_err(|error| match error {
        ClaimsError::Json(source) => Malformation::Json {
            segment: Segment::Claims,
            source,
        },
        ClaimsError::Value { .. } | ClaimsError::Unfit(_) => Malformation::Utf8(Segment::Claims),
    })
}

/// Reads which key a token claims to be signed with, its `kid`: to find out whether keys must be
/// fetched, for the key itself comes from a set that we trust.
///
/// The form is judged as by [`read_without_verifying`], but for the claims, which are not read.
///
/// # Errors
/// [`Malformation`] if the text is no token at all.
pub fn read_key_id_without_verifying(token: &str) -> Result<Option<String>, Malformation> {
    let jws = CompactJws::parse(token, MAX_TOKEN_BYTES)?;
    let header = jws.decode_header()?;
    Ok(Header::read(&header)?.key_id.map(Cow::into_owned))
}
