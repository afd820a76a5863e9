//! The token crate of this project.

use std::error::Error;

use countersign_bench::claims::{AUDIENCE, ISSUER, NOW, Size};
use countersign_token::{Access, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier};

use crate::peers::Library;

pub struct Ours {
    key: SigningKey,
    verifier: Verifier,
    claims: ClaimsSet,
    size: Size,
}

impl Ours {
    pub fn new(key: SigningKey, size: Size) -> Result<Self, Box<dyn Error>> {
        let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
        let verifier = match size {
            Size::Small => verifier,
            Size::Large => verifier.issuer(ISSUER).audience(AUDIENCE),
        };
        Ok(Self {
            key,
            verifier,
            claims: size.claims_set(),
            size,
        })
    }

    /// Signs a claims set that is there already.
    pub fn sign_at_hand(&self) -> String {
        self.encode(&self.claims)
    }

    fn encode(&self, claims: &ClaimsSet) -> String {
        let token = self.key.encode(HeaderForm::Plain, claims);
        token.expect("a generated key signs").into_string()
    }
}

impl Library for Ours {
    /// With a claims set that is put together for this token, as an authority does.
    fn sign(&self) -> String {
        self.encode(&self.size.claims_set())
    }

    fn accepts(&self, token: &str) -> bool {
        let now = UnixMillis::from_seconds(NOW);
        self.verifier.verify::<Access>(token, now).is_ok()
    }
}
