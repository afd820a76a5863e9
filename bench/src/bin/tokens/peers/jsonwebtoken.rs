//! The crate that most Rust programs use, on the same aws-lc-rs as ours.

use std::error::Error;
use std::hint::black_box;

use ::jsonwebtoken::{self as library, DecodingKey, EncodingKey, Header, Validation};
use countersign_bench::claims::{AUDIENCE, ISSUER, LARGE, Large, SMALL, Size, Small};
use countersign_token::Algorithm;

use super::{Library, pem};

pub struct JsonWebToken {
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    size: Size,
}

impl JsonWebToken {
    /// `None` for an algorithm that it does not have.
    pub fn new(
        algorithm: Algorithm,
        exported: &[u8],
        public: Option<&[u8]>,
        size: Size,
    ) -> Result<Option<Self>, Box<dyn Error>> {
        let Ok(algorithm) = algorithm.name().parse::<library::Algorithm>() else {
            return Ok(None);
        };
        let (signing, verifying) = keys(algorithm, exported, public.unwrap_or_default())?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        if size == Size::Large {
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
        }
        Ok(Some(Self {
            header: Header::new(algorithm),
            signing,
            verifying,
            validation,
            size,
        }))
    }
}

impl Library for JsonWebToken {
    fn sign(&self) -> String {
        let signed = match self.size {
            Size::Small => library::encode(&self.header, black_box(&SMALL), &self.signing),
            Size::Large => library::encode(&self.header, black_box(&*LARGE), &self.signing),
        };
        signed.expect("a generated key signs")
    }

    fn accepts(&self, token: &str) -> bool {
        let (key, validation) = (&self.verifying, &self.validation);
        match self.size {
            Size::Small => library::decode::<Small<String>>(token, key, validation)
                .is_ok_and(|token| black_box(token.claims).token_type == "access"),
            Size::Large => library::decode::<Large<String>>(token, key, validation)
                .is_ok_and(|token| black_box(token.claims).token_type == "access"),
        }
    }
}

fn keys(
    algorithm: library::Algorithm,
    exported: &[u8],
    public: &[u8],
) -> Result<(EncodingKey, DecodingKey), Box<dyn Error>> {
    use library::AlgorithmFamily as Family;
    Ok(match algorithm.family() {
        Family::Hmac => (
            EncodingKey::from_secret(exported),
            DecodingKey::from_secret(exported),
        ),
        Family::Rsa => (
            EncodingKey::from_rsa_pem(pem(exported).as_bytes())?,
            DecodingKey::from_rsa_der(public),
        ),
        Family::Ec => (
            EncodingKey::from_ec_der(exported),
            DecodingKey::from_ec_der(public),
        ),
        Family::Ed => (
            EncodingKey::from_ed_der(exported),
            DecodingKey::from_ed_der(public),
        ),
    })
}
