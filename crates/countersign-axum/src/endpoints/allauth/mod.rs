//! jwt-allauth's endpoints, behind a prefix of the operator's choice. The refresh token travels in bodies.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod refresh;
pub(crate) mod user;

use crate::exchange::{Access, Field};

const REFRESH: Field = Field {
    name: "refresh",
    label: "Refresh",
    access: Access::Submitted,
};
