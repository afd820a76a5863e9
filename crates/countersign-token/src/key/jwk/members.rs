//! The members of a JWK (RFC 7517 §4), read strictly: one spelling for each value.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::fault::JwkFault;
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{scan_object, string_value};
use crate::key::id::KeyId;
use crate::key::scheme::{PairScheme, Scheme};

/// What a key is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::key) enum Purpose {
    Sign,
    Verify,
}

impl Purpose {
    const fn operation(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Verify => "verify",
        }
    }
}

/// Names and values of one JWK; members that we do not know are ignored (RFC 7517 §4).
pub(in crate::key) struct Members<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Members<'a> {
    pub(in crate::key) fn read(text: &'a str) -> Result<Self, JwkFault> {
        let mut members = Vec::new();
        scan_object(text, |name, value| members.push((name, value))).map_err(JwkFault::Json)?;
        Ok(Self { members })
    }

    /// Checks everything but the numbers: type, use, operations, algorithm, curve.
    pub(in crate::key) fn check(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
    ) -> Result<(), JwkFault> {
        self.check_purpose(purpose)?;
        if let Some(found) = self.algorithm()?
            && found != algorithm
        {
            return Err(JwkFault::OtherAlgorithm { found });
        }
        let (key_type, curve) = key_type_and_curve(algorithm);
        self.expect("kty", key_type)?;
        curve.map_or(Ok(()), |curve| self.expect("crv", curve))
    }

    /// The one algorithm of those accepted that the key is for.
    pub(in crate::key) fn choose_algorithm(
        &self,
        accepted: &[Algorithm],
        purpose: Purpose,
    ) -> Result<Algorithm, JwkFault> {
        self.check_purpose(purpose)?;
        if let Some(found) = self.algorithm()? {
            return Some(found)
                .filter(|found| accepted.contains(found))
                .ok_or(JwkFault::OtherAlgorithm { found });
        }
        let mut fitting = accepted.iter().filter(|algorithm| {
            let (key_type, curve) = key_type_and_curve(**algorithm);
            self.is("kty", key_type) && curve.is_none_or(|curve| self.is("crv", curve))
        });
        match (fitting.next(), fitting.next()) {
            (None, _) => Err(JwkFault::NoAlgorithmFits),
            (Some(only), None) => Ok(*only),
            (Some(_), Some(_)) => Err(JwkFault::SeveralAlgorithmsFit),
        }
    }

    /// Whether the key is a shared secret.
    pub(in crate::key) fn is_symmetric(&self) -> bool {
        self.is("kty", "oct")
    }

    /// Whether there is a member that only the owner of a key may know.
    pub(in crate::key) fn is_private(&self) -> bool {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .into_iter()
            .any(|name| self.raw(name).is_some())
    }

    /// Whether there is a member of that name.
    pub(in crate::key) fn contains(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// `kid`, if there is one.
    pub(in crate::key) fn key_id(&self) -> Result<Option<KeyId>, JwkFault> {
        let parse = |name: Cow<'_, str>| {
            KeyId::parse(&name).map_err(|_| JwkFault::Member {
                member: "kid",
                expected: "1 to 200 bytes without control characters",
            })
        };
        self.text("kid")?.map(parse).transpose()
    }

    /// Bytes of a member in base64url.
    pub(in crate::key) fn bytes(
        &self,
        member: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, JwkFault> {
        let text = self.text(member)?.ok_or(JwkFault::Missing { member })?;
        base64url::decode(&text)
            .map(Zeroizing::new)
            .map_err(|_| JwkFault::Member {
                member,
                expected: "base64url without padding",
            })
    }

    /// A number that has leading zeros if it needs them (RFC 7518 §6.2.1.2).
    pub(in crate::key) fn fixed_number(
        &self,
        member: &'static str,
        len: usize,
    ) -> Result<Zeroizing<Vec<u8>>, JwkFault> {
        let bytes = self.bytes(member)?;
        if bytes.len() == len {
            return Ok(bytes);
        }
        Err(JwkFault::Member {
            member,
            expected: "exactly as long as the numbers of its curve",
        })
    }

    /// A number that has no leading zeros (`Base64urlUInt`, RFC 7518 §2).
    pub(in crate::key) fn short_number(
        &self,
        member: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, JwkFault> {
        let bytes = self.bytes(member)?;
        match bytes.first() {
            Some(1..) => Ok(bytes),
            Some(0) | None => Err(JwkFault::Member {
                member,
                expected: "a number without leading zero bytes",
            }),
        }
    }

    fn check_purpose(&self, purpose: Purpose) -> Result<(), JwkFault> {
        if self.text("use")?.is_some_and(|usage| usage != "sig") {
            return Err(JwkFault::Use);
        }
        let Some(operations) = self.raw("key_ops") else {
            return Ok(());
        };
        let operations: Vec<String> =
            serde_json::from_str(operations).map_err(|_| JwkFault::Member {
                member: "key_ops",
                expected: "a list of strings",
            })?;
        let needed = purpose.operation();
        if operations.iter().any(|operation| operation == needed) {
            return Ok(());
        }
        Err(JwkFault::Operation { needed })
    }

    fn algorithm(&self) -> Result<Option<Algorithm>, JwkFault> {
        let parse =
            |name: Cow<'_, str>| Algorithm::parse(&name).map_err(JwkFault::UnknownAlgorithm);
        self.text("alg")?.map(parse).transpose()
    }

    fn expect(&self, member: &'static str, expected: &'static str) -> Result<(), JwkFault> {
        if self.is(member, expected) {
            return Ok(());
        }
        Err(JwkFault::Member { member, expected })
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.raw(name)
            .and_then(string_value)
            .is_some_and(|found| found == value)
    }

    fn text(&self, member: &'static str) -> Result<Option<Cow<'a, str>>, JwkFault> {
        let wrong = JwkFault::Member {
            member,
            expected: "a string",
        };
        self.raw(member)
            .map(|value| string_value(value).ok_or(wrong))
            .transpose()
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        let mut members = self.members.iter();
        members
            .find(|(member, _)| member == name)
            .map(|(_, value)| *value)
    }
}

fn key_type_and_curve(algorithm: Algorithm) -> (&'static str, Option<&'static str>) {
    match Scheme::of(algorithm) {
        Scheme::Mac(_) => ("oct", None),
        Scheme::Pair(PairScheme::Rsa(_)) => ("RSA", None),
        Scheme::Pair(PairScheme::Curve(curve)) => (curve.key_type(), Some(curve.name())),
    }
}
