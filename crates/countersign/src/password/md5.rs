//! Django's salted `md5`, which some old test sites still hold: verified so that its first sign-in replaces it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use md5::{Digest as _, Md5};

use super::bcrypt::hex;

/// The name before the first `$` of Django's encoded form.
pub(super) const NAME: &str = "md5";

/// A stored password taken apart: `salt$hex`.
pub(super) struct Stored {
    salt: String,
    hash: String,
}

impl Stored {
    pub(super) fn parse(fields: &str) -> Option<Self> {
        let (salt, hash) = fields.split_once('$')?;
        (!salt.is_empty()).then(|| Self {
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let computed = Md5::new()
            .chain_update(&self.salt)
            .chain_update(password)
            .finalize();
        verify_slices_are_equal(hex(&computed).as_bytes(), self.hash.as_bytes()).is_ok()
    }
}
