//! A token that was found genuine, and whose key said so.

use std::ops::Deref;

use countersign_token::Authenticated;

/// A genuine token. Only [`KeyRing::authenticate`](super::KeyRing::authenticate) makes one.
#[derive(Debug, Clone)]
pub(crate) struct Genuine {
    token: Authenticated,
    voucher: Voucher,
}

/// Whose key verified a token: whoever holds the private one can write into a token whatever they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voucher {
    /// A key of our own ring: an id that opens is one that we sealed, for this token.
    Ourselves,
    /// A key that another issuer publishes: its ids are its own, whatever they look like.
    OtherIssuer,
}

impl Genuine {
    pub(super) const fn new(token: Authenticated, voucher: Voucher) -> Self {
        Self { token, voucher }
    }

    pub(crate) const fn voucher(&self) -> Voucher {
        self.voucher
    }

    /// Forgets who vouches.
    pub(crate) fn into_token(self) -> Authenticated {
        self.token
    }
}

impl Deref for Genuine {
    type Target = Authenticated;

    fn deref(&self) -> &Authenticated {
        &self.token
    }
}
