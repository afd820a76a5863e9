//! Errors that are nobody's refusal: logged here, once, and told to clients without any detail.

use std::error::Error;
use std::fmt;

use countersign::authority::AuthorityError;

use crate::wire::Answer;
use crate::wire::simplejwt;

/// Logs why an operation could not be carried out, and says to the client whether trying again may help.
pub(crate) fn answer(error: &AuthorityError) -> Answer {
    log(error);
    if error.is_temporary() {
        simplejwt::unavailable()
    } else {
        simplejwt::broken()
    }
}

/// Logs an error with everything behind it.
pub(crate) fn log(error: &AuthorityError) {
    if error.is_temporary() {
        tracing::warn!(error = %Chain(error), "the request cannot be answered now");
    } else {
        tracing::error!(error = %Chain(error), "the request cannot be answered");
    }
}

/// An error and all its sources, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    Chain(error).to_string()
}

/// The same, without a text of its own.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
