//! Why a JSON text is not the key that it should be. No message shows a value out of a key.

use crate::algorithm::{Algorithm, UnsupportedAlgorithm};
use crate::json::JsonError;

/// What is wrong with a JWK (RFC 7517 §4), and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkFault {
    /// The text is not one JSON object, or repeats a name in it.
    #[error("not a JSON object with unique names ({0})")]
    Json(JsonError),
    /// A member that the key cannot do without is not there.
    #[error("there is no member `{member}`")]
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// A member has a value that it must not have.
    #[error("the member `{member}` must be {expected}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `use` says that the key is for something else (RFC 7517 §4.2).
    #[error("its `use` is not `sig`: the key is for encryption")]
    Use,
    /// `key_ops` does not allow for what is wanted (RFC 7517 §4.3).
    #[error("its `key_ops` does not list `{needed}`")]
    Operation {
        /// The operation that is wanted.
        needed: &'static str,
    },
    /// `alg` is no algorithm that we know.
    #[error("its `alg` is of no use here: {0}")]
    UnknownAlgorithm(UnsupportedAlgorithm),
    /// `alg` is not the algorithm, or none of those, that the key was meant for.
    #[error("its `alg` is {found}, which is not accepted here")]
    OtherAlgorithm {
        /// The algorithm that the key names.
        found: Algorithm,
    },
    /// There is no `alg`, and `kty` and `crv` fit none of the algorithms that are accepted.
    #[error("its `kty` and `crv` fit none of the algorithms that are accepted here")]
    NoAlgorithmFits,
    /// There is no `alg`, and more than one of the accepted algorithms fits.
    #[error("it names no `alg`, and several algorithms fit: accept only one of them")]
    SeveralAlgorithmsFit,
    /// The key has private members where a public one is expected.
    #[error("it is a private key: whoever only verifies must not hold it; take its public members")]
    Private,
    /// The key has only public members where a private one is expected.
    #[error("it is a public key: it verifies, but cannot sign")]
    Public,
}
