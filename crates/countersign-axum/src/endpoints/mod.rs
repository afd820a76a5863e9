//! The endpoints, one file each: extract, one call of the authority, render.

pub(crate) mod add_slash;
pub(crate) mod allauth;
pub(crate) mod blacklist;
pub(crate) mod health;
pub(crate) mod issue;
pub(crate) mod jwks;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod me;
pub(crate) mod obtain;
pub(crate) mod obtain_sliding;
pub(crate) mod refresh;
pub(crate) mod refresh_sliding;
pub(crate) mod sessions;
pub(crate) mod token_lists;
pub(crate) mod unknown;
pub(crate) mod users;
pub(crate) mod verify;
