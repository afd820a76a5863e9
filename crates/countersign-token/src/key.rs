//! Keys: what signs, what verifies, how they are read, and what is published of them.
//!
//! A key is bound to one algorithm for its whole life (RFC 8725 §3.1). Secrets of HMAC and public
//! keys are different types all the way down: there is no function that makes a MAC key out of
//! public material, and [`SigningKey::from_secret`] refuses secrets that look like it.

mod der;
mod edwards;
mod error;
mod id;
mod jwk;
mod pem;
mod private;
mod public;
#[cfg(test)]
mod rfc;
mod rsa;
mod scheme;
mod secret;
mod set;
mod signing;
mod verification;
#[cfg(test)]
mod wycheproof;

pub use error::{KeyError, SignError};
pub use id::{KeyId, KeyIdError};
pub use jwk::JwkFault;
pub use set::{JwkSetError, KeySet, KeySetError};
pub use signing::SigningKey;
pub use verification::VerificationKey;

pub(crate) use id::KeyIdentity;
