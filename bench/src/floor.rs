//! Nothing but what cannot be left out.
//!
//! Compare the header, decode, check the signature with a prepared key, parse the claims into a struct that
//! borrows from them, look at kind and expiry, for large claims also at issuer and audience. It refuses no
//! duplicate name, no depth, no foreign key; ours does.

use std::error::Error;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair,
    ParsedPublicKey, RsaEncoding, RsaKeyPair, RsaParameters,
};
use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::NO_PAD;
use countersign_token::Algorithm;

use crate::claims::Size;

/// The primitives of aws-lc-rs, base64url with vector instructions, `serde_json`.
pub struct Floor {
    header: String,
    base64: Simd,
    key: Key,
    size: Size,
}

enum Key {
    Mac(Box<hmac::Key>),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding, ParsedPublicKey),
    Curve(EcdsaKeyPair, ParsedPublicKey),
    Ed25519(Ed25519KeyPair, ParsedPublicKey),
}

/// A signature where the library left it.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be an allocation that is not needed"
)]
pub enum Signature {
    /// Of an HMAC.
    Tag(hmac::Tag),
    /// Of RSA, at the front.
    Rsa {
        /// Room for it.
        bytes: [u8; RSA_ROOM],
        /// How much of that it takes.
        length: usize,
    },
    /// Of a curve.
    Curve(signature::Signature),
}

impl Signature {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Tag(tag) => tag.as_ref(),
            Self::Rsa { bytes, length } => &bytes[..*length],
            Self::Curve(signature) => signature.as_ref(),
        }
    }
}

impl Floor {
    /// Prepares a key: the secret itself, or PKCS#8 DER.
    ///
    /// # Errors
    /// If the library does not take the key.
    pub fn new(algorithm: Algorithm, exported: &[u8], size: Size) -> Result<Self, Box<dyn Error>> {
        let base64 = Simd::url_safe(NO_PAD);
        let header = base64.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        Ok(Self {
            header,
            base64,
            key: Key::new(algorithm, exported)?,
            size,
        })
    }

    /// The public key as its family writes it, PKCS#1 or raw; `None` for a secret.
    #[must_use]
    pub fn public_key(&self) -> Option<&[u8]> {
        match &self.key {
            Key::Mac(_) => None,
            Key::Rsa(pair, ..) => Some(pair.public_key().as_ref()),
            Key::Curve(pair, _) => Some(pair.public_key().as_ref()),
            Key::Ed25519(pair, _) => Some(pair.public_key().as_ref()),
        }
    }

    /// Signs the claims.
    #[must_use]
    pub fn sign(&self) -> String {
        let claims = self.size.to_json();
        let mut token = String::with_capacity(self.header.len() + claims.len() * 2 + 700);
        token.push_str(&self.header);
        token.push('.');
        self.base64.encode_string(&claims, &mut token);
        let signature = self.signature(token.as_bytes());
        token.push('.');
        self.base64.encode_string(signature.bytes(), &mut token);
        token
    }

    /// The bare primitive: makes a signature.
    #[must_use]
    pub fn signature(&self, input: &[u8]) -> Signature {
        let random = SystemRandom::new();
        match &self.key {
            Key::Mac(key) => Signature::Tag(hmac::sign(key, input)),
            Key::Rsa(pair, encoding, _) => {
                let mut bytes = [0; RSA_ROOM];
                let length = pair.public_modulus_len();
                let signed = pair.sign(*encoding, &random, input, &mut bytes[..length]);
                signed.expect("a generated key signs");
                Signature::Rsa { bytes, length }
            }
            Key::Curve(pair, _) => {
                let signed = pair.sign(&random, input);
                Signature::Curve(signed.expect("a generated key signs"))
            }
            Key::Ed25519(pair, _) => Signature::Curve(pair.sign(input)),
        }
    }

    /// Verifies a token.
    #[must_use]
    pub fn verify(&self, token: &str) -> bool {
        let Some((input, signature)) = token.rsplit_once('.') else {
            return false;
        };
        let Some((header, claims)) = input.split_once('.') else {
            return false;
        };
        let mut room = [0; RSA_ROOM];
        let Ok(length) = self.base64.decode_slice(signature, &mut room) else {
            return false;
        };
        if header != self.header || !self.is_genuine(input.as_bytes(), &room[..length]) {
            return false;
        }
        let claims = self.base64.decode(claims);
        claims.is_ok_and(|claims| self.size.is_accepted(&claims))
    }

    /// The bare primitive: checks a signature.
    #[must_use]
    pub fn is_genuine(&self, input: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Mac(key) => hmac::verify(key, input, signature).is_ok(),
            Key::Rsa(.., public) | Key::Curve(_, public) | Key::Ed25519(_, public) => {
                public.verify_sig(input, signature).is_ok()
            }
        }
    }

    /// Takes a token apart: what was signed, and the signature.
    #[must_use]
    pub fn parts<'t>(&self, token: &'t str) -> Option<(&'t [u8], Vec<u8>)> {
        let (input, signature) = token.rsplit_once('.')?;
        Some((input.as_bytes(), self.base64.decode(signature).ok()?))
    }
}

impl Key {
    fn new(algorithm: Algorithm, exported: &[u8]) -> Result<Self, Box<dyn Error>> {
        use signature as s;
        let mac = |algorithm| Ok(Self::Mac(Box::new(hmac::Key::new(algorithm, exported))));
        let rsa = |signing: &'static dyn RsaEncoding, verifying: &'static RsaParameters| {
            let pair = RsaKeyPair::from_pkcs8(exported)?;
            let public = ParsedPublicKey::new(verifying, pair.public_key().as_ref())?;
            Ok(Self::Rsa(pair, signing, public))
        };
        let curve = |signing: &'static EcdsaSigningAlgorithm,
                     verifying: &'static EcdsaVerificationAlgorithm| {
            let pair = EcdsaKeyPair::from_private_key_der(signing, exported)?;
            let public = ParsedPublicKey::new(verifying, pair.public_key().as_ref())?;
            Ok(Self::Curve(pair, public))
        };
        match algorithm {
            Algorithm::Hs256 => mac(hmac::HMAC_SHA256),
            Algorithm::Hs384 => mac(hmac::HMAC_SHA384),
            Algorithm::Hs512 => mac(hmac::HMAC_SHA512),
            Algorithm::Rs256 => rsa(&s::RSA_PKCS1_SHA256, &s::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => rsa(&s::RSA_PKCS1_SHA384, &s::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => rsa(&s::RSA_PKCS1_SHA512, &s::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::Ps256 => rsa(&s::RSA_PSS_SHA256, &s::RSA_PSS_2048_8192_SHA256),
            Algorithm::Ps384 => rsa(&s::RSA_PSS_SHA384, &s::RSA_PSS_2048_8192_SHA384),
            Algorithm::Ps512 => rsa(&s::RSA_PSS_SHA512, &s::RSA_PSS_2048_8192_SHA512),
            Algorithm::Es256 => curve(
                &s::ECDSA_P256_SHA256_FIXED_SIGNING,
                &s::ECDSA_P256_SHA256_FIXED,
            ),
            Algorithm::Es384 => curve(
                &s::ECDSA_P384_SHA384_FIXED_SIGNING,
                &s::ECDSA_P384_SHA384_FIXED,
            ),
            Algorithm::Es512 => curve(
                &s::ECDSA_P521_SHA512_FIXED_SIGNING,
                &s::ECDSA_P521_SHA512_FIXED,
            ),
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(exported)?;
                let public = ParsedPublicKey::new(&s::ED25519, pair.public_key().as_ref())?;
                Ok(Self::Ed25519(pair, public))
            }
            other => Err(format!("no floor for {other}").into()),
        }
    }
}

/// Bytes of a signature with a key of 4096 bits.
const RSA_ROOM: usize = 512;
