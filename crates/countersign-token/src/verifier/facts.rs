//! What a verifier reads of the claims, and how it judges it (RFC 7519 §4.1).

use std::borrow::Cow;
use std::ops::Range;

use super::Expectations;
use super::claim::{Text, place};
use super::error::{Malformation, Segment, VerifyError};
use crate::expiry::calendar_date;
use crate::json::{self, string_value};
use crate::time::{Timestamp, UnixMillis};

/// The JSON texts of the claims that matter, each `None` if absent.
#[derive(Default)]
pub(super) struct Facts<'p> {
    payload: &'p str,
    expiration: Option<&'p str>,
    not_before: Option<&'p str>,
    issued_at: Option<&'p str>,
    issuer: Option<&'p str>,
    audience: Option<&'p str>,
    subject: Option<&'p str>,
    literal_jti: Option<&'p str>,
    token_id: Option<&'p str>,
    token_type: Option<&'p str>,
    user: Option<&'p str>,
    session: Option<&'p str>,
}

/// What remains of the claims in an [`Authenticated`](super::Authenticated): no borrow, and where
/// possible only the place in the payload.
#[derive(Clone, Debug)]
pub(super) struct TokenIdentity {
    pub(super) token_id: Text,
    pub(super) expires_at: Timestamp,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) kind: KindClaim,
    pub(super) user: Option<(Range<usize>, Option<Text>)>,
    pub(super) session: Option<Text>,
}

/// The dates of a token that is in force.
pub(super) struct Times {
    expires_at: Option<Timestamp>,
    issued_at: Option<Timestamp>,
}

/// The type claim.
#[derive(Clone, Debug)]
pub(super) enum KindClaim {
    /// The verifier was told not to look at kinds.
    Unchecked,
    Absent,
    NotText,
    Text(Text),
}

impl<'p> Facts<'p> {
    /// Scans the whole payload, strictly, and keeps what matters.
    pub(super) fn read(payload: &'p str, wanted: &Expectations) -> Result<Self, VerifyError> {
        let mut facts = Self {
            payload,
            ..Self::default()
        };
        json::scan_object(payload, |name, value| {
            facts.take_claim(&name, value, wanted);
        })
        .map_err(|source| Malformation::Json {
            segment: Segment::Claims,
            source,
        })?;
        Ok(facts)
    }

    /// One claim may play two parts: `jti` is usually also the token id, `sub` may be the user.
    fn take_claim(&mut self, name: &str, value: &'p str, wanted: &Expectations) {
        let value = Some(value);
        match name {
            "exp" => self.expiration = value,
            "nbf" => self.not_before = value,
            "iat" => self.issued_at = value,
            "iss" => self.issuer = value,
            "aud" => self.audience = value,
            "sub" => self.subject = value,
            "jti" => self.literal_jti = value,
            _ => {}
        }
        if *name == *wanted.token_id_claim {
            self.token_id = value;
        }
        if *name == *wanted.user_claim {
            self.user = value;
        }
        if wanted.type_claim.as_deref() == Some(name) {
            self.token_type = value;
        }
        if wanted.session_claim.as_deref() == Some(name) {
            self.session = value;
        }
    }

    /// `iat`, `nbf`, `exp`, in this order. Fractions of a second are cut off.
    pub(super) fn judge_times(
        &self,
        wanted: &Expectations,
        now: UnixMillis,
    ) -> Result<Times, VerifyError> {
        let latest_issue = now.plus(wanted.leeway.max(wanted.issued_at_tolerance));
        let issued_at = date("iat", self.issued_at)?;
        if issued_at.is_some_and(|iat| UnixMillis::from(iat) > latest_issue) {
            return Err(VerifyError::IssuedInFuture);
        }
        let latest_start = now.plus(wanted.leeway);
        let not_before = date("nbf", self.not_before)?;
        if not_before.is_some_and(|nbf| UnixMillis::from(nbf) > latest_start) {
            return Err(VerifyError::NotYetValid);
        }
        let end = now.minus(wanted.leeway);
        let expires_at = expiration(self.expiration)?;
        if expires_at.is_some_and(|exp| UnixMillis::from(exp) <= end) {
            return Err(VerifyError::Expired);
        }
        Ok(Times {
            expires_at,
            issued_at,
        })
    }

    /// `iss` and `aud`, each only if the verifier was told what to expect.
    pub(super) fn judge_parties(&self, wanted: &Expectations) -> Result<(), VerifyError> {
        if let Some(issuers) = &wanted.issuers {
            let issuer = string("iss", self.issuer)?.ok_or(VerifyError::IssuerMismatch)?;
            if !issuers.iter().any(|known| **known == *issuer) {
                return Err(VerifyError::IssuerMismatch);
            }
        }
        if let Some(audiences) = &wanted.audiences {
            let meant = audience(self.audience.ok_or(VerifyError::AudienceMismatch)?)?;
            if !audiences
                .iter()
                .any(|known| meant.iter().any(|one| **known == **one))
            {
                return Err(VerifyError::AudienceMismatch);
            }
        }
        Ok(())
    }

    /// `sub` and `jti` must be strings if they are there; `exp` and the token id must be there.
    pub(super) fn identify(
        &self,
        times: &Times,
        wanted: &Expectations,
    ) -> Result<TokenIdentity, VerifyError> {
        string("sub", self.subject)?;
        string("jti", self.literal_jti)?;
        Ok(TokenIdentity {
            expires_at: times.expires_at.ok_or(VerifyError::MissingExpiration)?,
            token_id: self.token_id(&wanted.token_id_claim)?,
            issued_at: times.issued_at,
            kind: self.kind(wanted),
            user: self.user.map(|value| {
                (
                    place(self.payload, value),
                    Text::of_value(self.payload, value),
                )
            }),
            session: self.session(wanted)?,
        })
    }

    /// A string of 1 to 255 bytes without NUL: it is a key in stores and indexes.
    fn token_id(&self, name: &str) -> Result<Text, VerifyError> {
        let value = self.token_id.ok_or(VerifyError::MissingTokenId)?;
        Text::of_value(self.payload, value)
            .filter(|text| {
                let text = text.as_str(self.payload);
                (1..=MAX_TOKEN_ID_LEN).contains(&text.len()) && !text.contains('\0')
            })
            .ok_or_else(|| VerifyError::claim(name))
    }

    fn kind(&self, wanted: &Expectations) -> KindClaim {
        if wanted.type_claim.is_none() {
            return KindClaim::Unchecked;
        }
        match self.token_type {
            None => KindClaim::Absent,
            Some(value) => {
                Text::of_value(self.payload, value).map_or(KindClaim::NotText, KindClaim::Text)
            }
        }
    }

    /// A session that is named must be named by a string, or its end would go unnoticed.
    fn session(&self, wanted: &Expectations) -> Result<Option<Text>, VerifyError> {
        let (Some(value), Some(name)) = (self.session, &wanted.session_claim) else {
            return Ok(None);
        };
        Text::of_value(self.payload, value)
            .map(Some)
            .ok_or_else(|| VerifyError::claim(name))
    }
}

/// A *`NumericDate`*: a JSON number, nothing else.
fn date(name: &str, value: Option<&str>) -> Result<Option<Timestamp>, VerifyError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let seconds = json::whole_part(value).ok_or_else(|| VerifyError::claim(name))?;
    Ok(Some(Timestamp::from_seconds(seconds)))
}

/// `exp` must also be a date that calendars know: from 1970 to the end of the year 9999.
fn expiration(value: Option<&str>) -> Result<Option<Timestamp>, VerifyError> {
    value
        .map(|value| calendar_date(value).ok_or_else(|| VerifyError::claim("exp")))
        .transpose()
}

fn string<'a>(name: &str, value: Option<&'a str>) -> Result<Option<Cow<'a, str>>, VerifyError> {
    value
        .map(|value| string_value(value).ok_or_else(|| VerifyError::claim(name)))
        .transpose()
}

/// One string, or a list of strings (RFC 7519 §4.1.3). The empty string names nobody.
fn audience(value: &str) -> Result<Vec<Cow<'_, str>>, VerifyError> {
    let mut names = if let Some(one) = string_value(value) {
        vec![one]
    } else {
        let several: Vec<String> =
            serde_json::from_str(value).map_err(|_| VerifyError::claim("aud"))?;
        several.into_iter().map(Cow::Owned).collect()
    };
    names.retain(|name| !name.is_empty());
    Ok(names)
}

const MAX_TOKEN_ID_LEN: usize = 255;
