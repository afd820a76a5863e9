//! Bodies of our own endpoints: one JSON object, read strictly, with no member that is not known.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use countersign_token::ClaimsSet;
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::body;
use crate::problem::Problem;

/// The members of an object, each taken once.
pub(crate) struct Members(ClaimsSet);

/// Why a member cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MemberFault {
    /// The endpoint knows none of this name.
    Unknown(String),
    /// It must be there.
    Missing(&'static str),
    /// It is of another type, or nothing that we keep.
    Invalid {
        name: &'static str,
        expected: &'static str,
    },
}

impl Members {
    /// A text. None has a NUL: not every store could keep it, and no sign-in could repeat it.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, MemberFault> {
        let expected = "a string without NUL characters is expected";
        match self.take::<String>(name, expected)? {
            Some(text) if text.contains('\0') => Err(MemberFault::Invalid { name, expected }),
            text => Ok(text),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, MemberFault> {
        self.take(name, "true or false is expected")
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<i64>, MemberFault> {
        self.take(name, "a whole number of at most 64 bits is expected")
    }

    /// An object, kept as it was written.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<ClaimsSet>, MemberFault> {
        let expected = "an object is expected";
        let Some(text) = self.0.raw(name) else {
            return Ok(None);
        };
        let object = ClaimsSet::parse(text);
        self.0.remove(name);
        object
            .map(Some)
            .map_err(|_| MemberFault::Invalid { name, expected })
    }

    /// What has not been taken by now is not known.
    fn finish(&self) -> Result<(), MemberFault> {
        match self.0.iter().next() {
            Some((name, _)) => Err(MemberFault::Unknown(name.to_owned())),
            None => Ok(()),
        }
    }

    fn take<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, MemberFault> {
        let value = self.0.get(name).transpose();
        self.0.remove(name);
        value.map_err(|_| MemberFault::Invalid { name, expected })
    }
}

/// What an endpoint takes.
pub(crate) trait Object: Sized {
    /// Takes every member that the endpoint knows; what is left over is refused.
    fn take(members: &mut Members) -> Result<Self, MemberFault>;
}

/// Nothing: no body, or an object without members.
pub(crate) struct Nothing;

impl Object for Nothing {
    fn take(_: &mut Members) -> Result<Self, MemberFault> {
        Ok(Self)
    }
}

/// A body that was read without complaint.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: Object> FromRequest<Arc<Api>> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Api>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut members = Members(body::read_object(&parts.headers, body).await?);
        let object = T::take(&mut members)?;
        members.finish()?;
        Ok(Self(object))
    }
}
