//! Signing and verifying: ours, the bare primitives below it, and the crate `jsonwebtoken` beside it.
//!
//! The floor does what cannot be left out: compare the header, decode, check the signature with a prepared key,
//! parse the claims into a struct that borrows from them, look at kind and expiry. It refuses no duplicate
//! name, no depth, no foreign key; ours does.

use std::error::Error;
use std::hint::black_box;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::NO_PAD;
use countersign_bench::contest::Contest;
use countersign_token::{
    Access, Algorithm, ClaimsError, ClaimsSet, HeaderForm, KeySet, SigningKey, Timestamp,
    UnixMillis, Verifier,
};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// One algorithm of each family that has a floor of its own here.
const MEASURED: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa];

fn main() -> Result<(), Box<dyn Error>> {
    let claims = claims().to_json();
    println!("{} bytes of claims: {claims}", claims.len());
    for algorithm in MEASURED {
        let subject = Subject::new(algorithm)?;
        subject.check();
        subject.verify();
        subject.sign();
    }
    Ok(())
}

/// One key in the hands of all candidates, and a token by it.
struct Subject {
    algorithm: Algorithm,
    ours: Ours,
    floor: Floor,
    peer: Peer,
    token: String,
}

impl Subject {
    fn new(algorithm: Algorithm) -> Result<Self, Box<dyn Error>> {
        let key = SigningKey::generate(algorithm)?;
        let exported = key.export()?;
        let floor = Floor::new(algorithm, &exported)?;
        let peer = Peer::new(&exported, &floor.key);
        let ours = Ours::new(key)?;
        let token = ours.sign(&ours.claims);
        Ok(Self {
            algorithm,
            ours,
            floor,
            peer,
            token,
        })
    }

    /// All candidates accept each other's tokens, but that the floor knows only one spelling of the header;
    /// none accepts a changed one.
    fn check(&self) {
        let accepted = |token: &str| {
            [
                self.floor.verify(token),
                self.ours.verify(token),
                self.peer.verify(token),
            ]
        };
        for token in [self.floor.sign(), self.ours.sign(&claims())] {
            assert_eq!(accepted(&token), [true; 3], "{} {token}", self.algorithm);
            let changed = token.replacen(".eyJ", ".eyK", 1);
            assert_eq!(
                accepted(&changed),
                [false; 3],
                "{} {changed}",
                self.algorithm
            );
        }
        assert_eq!(
            accepted(&self.peer.sign()),
            [false, true, true],
            "{}",
            self.algorithm
        );
    }

    fn verify(&self) {
        let title = format!("{} verify", self.algorithm);
        let token = || black_box(self.token.as_str());
        let mut contest = Contest::new(&title, ROUNDS)
            .enter("floor", || self.floor.verify(token()))
            .enter("ours", || self.ours.verify(token()))
            .enter("jsonwebtoken", || self.peer.verify(token()));
        if let Key::Mac { key, secret } = &self.floor.key {
            let input = self.token.rsplit_once('.').map_or("", |(input, _)| input);
            contest = contest
                .enter("floor, pads absorbed for every token", || {
                    let fresh = hmac::Key::new(hmac::HMAC_SHA256, black_box(secret));
                    self.floor.verify_with(token(), |input, tag| {
                        hmac::verify(&fresh, input, tag).is_ok()
                    })
                })
                .enter("of the floor: HMAC alone", || {
                    hmac::sign(key, black_box(input.as_bytes()))
                });
        }
        contest.run().print("floor");
    }

    fn sign(&self) {
        let title = format!("{} sign", self.algorithm);
        Contest::new(&title, ROUNDS)
            .enter("floor", || self.floor.sign())
            .enter("ours", || self.ours.sign(black_box(&self.ours.claims)))
            .enter("ours, its claims put together first", || {
                self.ours.sign(&claims())
            })
            .enter("jsonwebtoken", || self.peer.sign())
            .run()
            .print("floor");
    }
}

/// The token crate of this project.
struct Ours {
    key: SigningKey,
    verifier: Verifier,
    claims: ClaimsSet,
}

impl Ours {
    fn new(key: SigningKey) -> Result<Self, Box<dyn Error>> {
        let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
        Ok(Self {
            key,
            verifier,
            claims: claims(),
        })
    }

    fn sign(&self, claims: &ClaimsSet) -> String {
        let token = self.key.encode(HeaderForm::Plain, claims);
        token.expect("a generated key signs").into_string()
    }

    fn verify(&self, token: &str) -> bool {
        self.verifier
            .verify::<Access>(token, UnixMillis::from_seconds(NOW))
            .is_ok()
    }
}

/// Nothing but the primitives.
struct Floor {
    header: String,
    base64: Simd,
    key: Key,
}

enum Key {
    Mac {
        key: Box<hmac::Key>,
        secret: Vec<u8>,
    },
    P256(EcdsaKeyPair, ParsedPublicKey),
    Ed25519(Ed25519KeyPair, ParsedPublicKey),
}

impl Floor {
    fn new(algorithm: Algorithm, exported: &[u8]) -> Result<Self, Box<dyn Error>> {
        let key = match algorithm {
            Algorithm::Es256 => {
                let pair =
                    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, exported)?;
                let public =
                    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())?;
                Key::P256(pair, public)
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(exported)?;
                let public = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref())?;
                Key::Ed25519(pair, public)
            }
            _ => Key::Mac {
                key: Box::new(hmac::Key::new(hmac::HMAC_SHA256, exported)),
                secret: exported.to_vec(),
            },
        };
        let base64 = Simd::url_safe(NO_PAD);
        let header = base64.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        Ok(Self {
            header,
            base64,
            key,
        })
    }

    fn sign(&self) -> String {
        let claims =
            serde_json::to_vec(black_box(&BORROWED)).expect("strings and numbers have a JSON form");
        let mut token = String::with_capacity(self.header.len() + claims.len() * 2 + 100);
        token.push_str(&self.header);
        token.push('.');
        self.base64.encode_string(&claims, &mut token);
        let input = token.as_bytes();
        match &self.key {
            Key::Mac { key, .. } => self.append(hmac::sign(key, input), &mut token),
            Key::P256(pair, _) => {
                let signature = pair.sign(&SystemRandom::new(), input);
                self.append(signature.expect("a generated key signs"), &mut token);
            }
            Key::Ed25519(pair, _) => self.append(pair.sign(input), &mut token),
        }
        token
    }

    fn append(&self, signature: impl AsRef<[u8]>, token: &mut String) {
        token.push('.');
        self.base64.encode_string(signature.as_ref(), token);
    }

    fn verify(&self, token: &str) -> bool {
        match &self.key {
            Key::Mac { key, .. } => {
                self.verify_with(token, |input, tag| hmac::verify(key, input, tag).is_ok())
            }
            Key::P256(_, public) | Key::Ed25519(_, public) => self
                .verify_with(token, |input, signature| {
                    public.verify_sig(input, signature).is_ok()
                }),
        }
    }

    fn verify_with(&self, token: &str, genuine: impl Fn(&[u8], &[u8]) -> bool) -> bool {
        let Some((input, signature)) = token.rsplit_once('.') else {
            return false;
        };
        let Some((header, claims)) = input.split_once('.') else {
            return false;
        };
        let mut room = [0; 96];
        let Ok(length) = self.base64.decode_slice(signature, &mut room) else {
            return false;
        };
        if header != self.header || !genuine(input.as_bytes(), &room[..length]) {
            return false;
        }
        let Ok(claims) = self.base64.decode(claims) else {
            return false;
        };
        serde_json::from_slice::<Claims<'_>>(&claims)
            .is_ok_and(|claims| black_box(claims).is_access_at(NOW))
    }
}

/// The crate that most programs use.
struct Peer {
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

impl Peer {
    fn new(exported: &[u8], key: &Key) -> Self {
        let (algorithm, signing, verifying) = match key {
            Key::Mac { secret, .. } => (
                jsonwebtoken::Algorithm::HS256,
                EncodingKey::from_secret(secret),
                DecodingKey::from_secret(secret),
            ),
            Key::P256(pair, _) => (
                jsonwebtoken::Algorithm::ES256,
                EncodingKey::from_ec_der(exported),
                DecodingKey::from_ec_der(pair.public_key().as_ref()),
            ),
            Key::Ed25519(pair, _) => (
                jsonwebtoken::Algorithm::EdDSA,
                EncodingKey::from_ed_der(exported),
                DecodingKey::from_ed_der(pair.public_key().as_ref()),
            ),
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        Self {
            header: Header::new(algorithm),
            signing,
            verifying,
            validation,
        }
    }

    fn sign(&self) -> String {
        jsonwebtoken::encode(&self.header, black_box(&BORROWED), &self.signing)
            .expect("a generated key signs")
    }

    fn verify(&self, token: &str) -> bool {
        jsonwebtoken::decode::<OwnedClaims>(token, &self.verifying, &self.validation)
            .is_ok_and(|token| black_box(token.claims).token_type == "access")
    }
}

/// The claims of an access token in `SimpleJWT`'s form, in its order.
#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    token_type: &'a str,
    exp: i64,
    iat: i64,
    jti: &'a str,
    user_id: &'a str,
}

impl Claims<'_> {
    fn is_access_at(&self, now: i64) -> bool {
        self.token_type == "access" && self.iat <= now && now < self.exp
    }
}

/// The same for a peer that lends nothing.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what matters is that they are parsed")]
struct OwnedClaims {
    token_type: String,
    exp: i64,
    iat: i64,
    jti: String,
    user_id: String,
}

fn claims() -> ClaimsSet {
    try_claims().expect("strings and dates are acceptable claims")
}

fn try_claims() -> Result<ClaimsSet, ClaimsError> {
    let mut claims = ClaimsSet::new();
    claims.insert("token_type", BORROWED.token_type)?;
    claims.set_expiration(Timestamp::from_seconds(BORROWED.exp));
    claims.set_issued_at(Timestamp::from_seconds(BORROWED.iat));
    claims.set_token_id(BORROWED.jti)?;
    claims.insert("user_id", BORROWED.user_id)?;
    Ok(claims)
}

const BORROWED: Claims<'static> = Claims {
    token_type: "access",
    exp: 4_102_444_800,
    iat: 1_700_000_000,
    jti: "5f1a8c0e9b3d47265f1a8c0e9b3d4726",
    user_id: "7",
};
const NOW: i64 = 1_893_456_000;
const ROUNDS: usize = 15;
