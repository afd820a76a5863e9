//! The claims set: the JSON object that a token signs (RFC 7519 §2).

mod members;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::expiry::{self, ExpiryError};
use crate::json::{self, JsonError};
use crate::time::{Timestamp, UnixMillis};

use members::Members;

/// Claims in the order in which they were put in, each with its value as JSON text.
///
/// Values are kept as text, so what is read is written again unchanged: order, the spelling of
/// numbers and escapes survive, and [`ClaimsSet::parse`] of [`ClaimsSet::to_json`] is the same set.
///
/// # What it is not
/// Not proof of anything: a claims set may be built by anybody. Whoever needs checked claims asks
/// for [`Authenticated`](crate::Authenticated) or [`Verified`](crate::Verified).
///
/// Creating:
/// ```
/// use countersign_token::ClaimsSet;
///
/// let mut claims = ClaimsSet::new();
/// claims.insert("name", "Zoé")?;
/// claims.insert("roles", ["editor"])?;
/// assert_eq!(claims.to_json(), r#"{"name":"Zo\u00e9","roles":["editor"]}"#);
/// # Ok::<(), countersign_token::ClaimsError>(())
/// ```
///
/// Reading: an absent claim is `None`, one of another type an error, and `null` is a value.
/// ```
/// # use countersign_token::ClaimsSet;
/// let claims = ClaimsSet::parse(r#"{"roles":["editor"],"level":3,"team":null}"#)?;
/// let roles: Vec<String> = claims.get("roles").transpose()?.unwrap_or_default();
/// assert_eq!(roles, ["editor"]);
/// assert!(claims.get::<bool>("level").is_some_and(|read| read.is_err()));
/// assert!(claims.contains("team") && claims.get::<u8>("age").is_none());
/// assert_eq!(claims.raw("level"), Some("3"));
/// # Ok::<(), countersign_token::ClaimsError>(())
/// ```
///
/// Changing: what is replaced keeps its place.
/// ```
/// # use countersign_token::{ClaimsSet, Timestamp};
/// let mut claims = ClaimsSet::parse(r#"{"kind":"a","exp":1,"old":true}"#)?;
/// claims.insert("kind", "b")?;
/// claims.set_expiration(Timestamp::from_seconds(1_893_456_300));
/// assert!(claims.remove("old"));
/// assert_eq!(claims.to_json(), r#"{"kind":"b","exp":1893456300}"#);
/// # Ok::<(), countersign_token::ClaimsError>(())
/// ```
///
/// Deriving the claims of one token from those of another: [`inherit`](Self::inherit).
#[derive(Clone, Default)]
pub struct ClaimsSet {
    members: Members,
    /// Where a value is written before it is known to be acceptable; empty in between.
    draft: Vec<u8>,
}

impl ClaimsSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a JSON object, strictly.
    ///
    /// # Errors
    /// [`ClaimsError::Json`] if the text is not one JSON object, repeats a name at any depth
    /// (RFC 7519 §4), holds a lone surrogate, is nested more than 32 deep, has more than 1000
    /// members or a number of more than 40 digits.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        let mut members = Members::with_capacity(text.len());
        // Each name is new: the scan refuses a second one before it shows it.
        json::scan_object(text, |name, value| members.push(&name, value))
            .map_err(ClaimsError::Json)?;
        Ok(Self {
            members,
            draft: Vec::new(),
        })
    }

    /// Writes the set as a compact JSON object.
    pub fn to_json(&self) -> String {
        self.as_json().to_owned()
    }

    /// The set as a compact JSON object.
    pub(crate) fn as_json(&self) -> &str {
        self.members.as_json()
    }

    /// Sets a claim: in its place if the name is there already, else at the end.
    ///
    /// The value is written as Python writes it: ASCII only (`é` becomes `\u00e9`), `1.0` with its
    /// fraction. A float that is not finite becomes `null`, since JSON has no spelling for it.
    ///
    /// # Errors
    /// - [`ClaimsError::Value`] if the value has no JSON form.
    /// - [`ClaimsError::Json`] if the form would be refused by [`parse`](Self::parse).
    ///
    /// The set is unchanged then.
    pub fn insert<T: Serialize>(&mut self, name: &str, value: T) -> Result<(), ClaimsError> {
        self.draft.clear();
        self.draft.reserve(USUAL_VALUE_BYTES);
        let written = json::write_ascii(&value, &mut self.draft)
            .map_err(|source| ClaimsError::value(name, source))?;
        if !written.is_acceptable_by_construction {
            check_value(written.json)?;
        }
        self.members.set(name, written.json);
        self.draft.clear();
        Ok(())
    }

    /// Sets a claim to a JSON text, as [`raw`](Self::raw) gives it: no digit and no escape changes.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_raw(&mut self, name: &str, json: impl AsRef<str>) -> Result<(), ClaimsError> {
        let json = json.as_ref().trim_matches(JSON_BLANKS);
        check_value(json)?;
        self.members.set(name, json);
        Ok(())
    }

    /// Takes over the claims of another token, after those that are here, in their order and spelling.
    ///
    /// What makes a token itself does not pass on: `exp`, `iat` and `jti` never do, nor what
    /// `except` names: the type claim, at least, and the claim of the token id if it is not `jti`.
    /// A claim that is here already stays as it is.
    ///
    /// An access token derived from a refresh token that was just verified:
    /// ```
    /// # use countersign_token::{
    /// #     Access, Algorithm, ClaimsSet, HeaderForm, KeySet, Refresh, SigningKey, TokenKind,
    /// #     UnixMillis, Verified, Verifier,
    /// # };
    /// # use std::time::Duration;
    /// fn derive(refresh: &Verified<Refresh>, now: UnixMillis) -> Result<ClaimsSet, Failure> {
    ///     let mut access = ClaimsSet::new();
    ///     access.insert("token_type", Access::TYPE)?;
    ///     access.set_expiration(now.plus(Duration::from_mins(5)).timestamp());
    ///     access.set_issued_at(now.timestamp());
    ///     access.set_token_id("c1e6a1670b454bc9")?; // drawn at random, in earnest
    ///     access.inherit(&refresh.claims()?, &["token_type"]);
    ///     Ok(access)
    /// }
    ///
    /// # type Failure = Box<dyn std::error::Error>;
    /// # fn main() -> Result<(), Failure> {
    /// # let key = SigningKey::generate(Algorithm::EdDsa)?;
    /// # let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
    /// # let now = UnixMillis::from_seconds(1_893_456_000);
    /// let refresh = ClaimsSet::parse(
    ///     r#"{"token_type":"refresh","exp":1893542400,"iat":1893456000,"jti":"1","user_id":"7"}"#,
    /// )?;
    /// let refresh = key.encode(HeaderForm::Plain, &refresh)?;
    /// let refresh = verifier.verify::<Refresh>(refresh.as_str(), now)?;
    /// let access = key.encode(HeaderForm::Plain, &derive(&refresh, now)?)?;
    /// let access = verifier.verify::<Access>(access.as_str(), now)?;
    /// assert_eq!(access.subject(), Some("7"));
    /// assert_eq!(access.expires_at().seconds(), 1_893_456_300);
    /// # Ok(())
    /// # }
    /// ```
    pub fn inherit(&mut self, from: &Self, except: &[&str]) {
        for (name, value) in from.iter() {
            let is_own =
                NEVER_INHERITED.contains(&name) || except.contains(&name) || self.contains(name);
            if !is_own {
                self.members.push(name, value);
            }
        }
    }

    /// Sets every claim of another set, whatever it is called: in its place if the name is there already, else at the end.
    pub fn update(&mut self, from: &Self) {
        for (name, value) in from.iter() {
            self.members.set(name, value);
        }
    }

    /// Takes a claim out; tells whether it was there. The others keep their order.
    pub fn remove(&mut self, name: &str) -> bool {
        self.members.remove(name)
    }

    /// Whether the claim is there, even as `null`.
    pub fn contains(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// Reads a claim into a type; `None` if it is absent.
    ///
    /// # Errors
    /// The inner [`ClaimsError::Value`] if the value is there and of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<Result<T, ClaimsError>> {
        let value = self.raw(name)?;
        Some(serde_json::from_str(value).map_err(|source| ClaimsError::value(name, source)))
    }

    /// The JSON text of a claim.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.members.get(name)
    }

    /// Names and JSON texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter()
    }

    /// How many claims there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.len() == 0
    }
}

/// The registered claims (RFC 7519 §4.1). A getter answers `None` also for a value of a wrong type.
impl ClaimsSet {
    /// `iss`: who issued the token.
    pub fn issuer(&self) -> Option<String> {
        self.registered("iss")
    }

    /// `sub`: whom the token is about.
    pub fn subject(&self) -> Option<String> {
        self.registered("sub")
    }

    /// `aud`: for whom the token is; one string counts as a list of one.
    pub fn audience(&self) -> Option<Vec<String>> {
        self.registered("aud")
            .map(|one: String| vec![one])
            .or_else(|| self.registered("aud"))
    }

    /// `exp`: from this second on the token is refused.
    pub fn expiration(&self) -> Option<Timestamp> {
        self.date("exp")
    }

    /// `nbf`: before this second the token is refused.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.date("nbf")
    }

    /// `iat`: when the token was issued.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.date("iat")
    }

    /// `jti`: the id of the token.
    pub fn token_id(&self) -> Option<String> {
        self.registered("jti")
    }

    /// Sets `iss`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert); no string is refused.
    pub fn set_issuer(&mut self, issuer: &str) -> Result<(), ClaimsError> {
        self.insert("iss", issuer)
    }

    /// Sets `sub`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert); no string is refused.
    pub fn set_subject(&mut self, subject: &str) -> Result<(), ClaimsError> {
        self.insert("sub", subject)
    }

    /// Sets `aud`: to a string if there is one audience, else to a list (RFC 7519 §4.1.3).
    ///
    /// # Errors
    /// As [`insert`](Self::insert); no list of strings is refused.
    pub fn set_audience(&mut self, audiences: &[&str]) -> Result<(), ClaimsError> {
        match audiences {
            [one] => self.insert("aud", one),
            several => self.insert("aud", several),
        }
    }

    /// Sets `jti`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert); no string is refused.
    pub fn set_token_id(&mut self, id: &str) -> Result<(), ClaimsError> {
        self.insert("jti", id)
    }

    /// Sets `exp`.
    pub fn set_expiration(&mut self, at: Timestamp) {
        self.set_date("exp", at);
    }

    /// Sets `nbf`.
    pub fn set_not_before(&mut self, at: Timestamp) {
        self.set_date("nbf", at);
    }

    /// Sets `iat`.
    pub fn set_issued_at(&mut self, at: Timestamp) {
        self.set_date("iat", at);
    }

    /// A date in any claim, its fraction of a second cut off; `None` if it is absent or no date.
    pub fn date(&self, name: &str) -> Option<Timestamp> {
        self.raw(name)
            .and_then(json::whole_part)
            .map(Timestamp::from_seconds)
    }

    /// Sets any claim to a date.
    pub fn set_date(&mut self, name: &str, at: Timestamp) {
        // The decimal text of an integer is a JSON value of at most 19 digits.
        let set = self.insert(name, at.seconds());
        debug_assert!(set.is_ok(), "an integer is valid JSON");
    }

    /// Whether the date in a claim still lies ahead, by the rules of `exp` (RFC 7519 §4.1.4).
    /// Answers with the date.
    ///
    /// For claims of a verified token, [`Verifier::check_expiry`](crate::Verifier::check_expiry)
    /// does the same with the verifier's own leeway.
    ///
    /// # Errors
    /// [`ExpiryError`]: the claim is absent, no date, or the date has passed.
    pub fn check_expiry(
        &self,
        claim: &str,
        now: UnixMillis,
        leeway: Duration,
    ) -> Result<Timestamp, ExpiryError> {
        expiry::check(self.raw(claim), now, leeway)
    }

    fn registered<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.get(name).and_then(Result::ok)
    }
}

/// Two sets are equal if they have the same claims in the same order and the same spelling.
impl PartialEq for ClaimsSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ClaimsSet {}

/// Shows the names only: values may be personal, and `hash_password` is nobody's business.
impl std::fmt::Debug for ClaimsSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

/// Why a claims set could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The text is not a JSON value that we accept.
    #[error("not an acceptable claims set")]
    Json(#[source] JsonError),
    /// The value of one claim does not fit the type that was asked for, or has no JSON form.
    #[error("the value of claim {claim:?} does not fit")]
    Value {
        /// The name of the claim.
        claim: Box<str>,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The claims as a whole do not fit the type that was asked for.
    #[error("the claims do not fit")]
    Unfit(#[source] serde_json::Error),
}

impl ClaimsError {
    pub(crate) fn value(claim: &str, source: serde_json::Error) -> Self {
        Self::Value {
            claim: claim.into(),
            source,
        }
    }
}

/// When a token was made and when it ends, and its name: no other token has them.
const NEVER_INHERITED: [&str; 3] = ["exp", "iat", "jti"];

fn check_value(json: &str) -> Result<(), ClaimsError> {
    json::scan_value(json).map_err(ClaimsError::Json)
}

/// Few values are longer.
const USUAL_VALUE_BYTES: usize = 500;

/// Blanks around a value are no part of it (RFC 8259 §2).
const JSON_BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(claims: &ClaimsSet) -> Vec<&str> {
        claims.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_text_of_values_survives() {
        let text =
            r#"{"b":1.50,"a":123456789012345678901234567890,"é":"\u00e9é","n":{"x" : [1e5]}}"#;
        let claims = ClaimsSet::parse(text).unwrap();
        let written = claims.to_json();
        assert_eq!(written, text.replace("\"é\":", "\"\\u00e9\":"));
        assert_eq!(ClaimsSet::parse(&written).unwrap(), claims);
    }

    #[test]
    fn a_claim_is_replaced_in_its_place_and_removed_without_a_gap() {
        let mut claims = ClaimsSet::parse(r#"{"a":1,"b":2,"c":3}"#).unwrap();
        claims.insert("a", "x").unwrap();
        claims.insert("d", 4).unwrap();
        assert!(claims.remove("b"));
        assert!(!claims.remove("b"));
        assert_eq!(claims.to_json(), r#"{"a":"x","c":3,"d":4}"#);
        assert_eq!(names(&claims), ["a", "c", "d"]);
    }

    #[test]
    fn absent_null_and_wrong_types_are_told_apart() {
        let claims = ClaimsSet::parse(r#"{"n":null,"s":"7"}"#).unwrap();
        assert!(claims.get::<String>("x").is_none());
        assert!(claims.contains("n"));
        assert_eq!(claims.get::<Option<String>>("n").unwrap().unwrap(), None);
        assert!(claims.get::<u8>("s").unwrap().is_err());
        assert_eq!(claims.raw("s"), Some("\"7\""));
    }

    #[test]
    fn what_parse_would_refuse_cannot_be_inserted() {
        let mut claims = ClaimsSet::new();
        for text in [
            "",
            "1,\"b\":2",
            "{\"a\":1,\"a\":2}",
            "[1",
            "\"\\ud800\"",
            "1}",
            "NaN",
        ] {
            assert!(claims.insert_raw("a", text).is_err(), "{text}");
        }
        let mut deep = serde_json::json!(1);
        for _ in 0..31 {
            deep = serde_json::json!([deep]);
        }
        claims.insert("deep", &deep).unwrap();
        assert!(claims.insert("deeper", [&deep]).is_err());
        assert!(ClaimsSet::parse(&claims.to_json()).is_ok());
        assert_eq!(names(&claims), ["deep"]);
    }

    #[test]
    fn registered_claims_have_names_of_their_own() {
        let mut claims = ClaimsSet::new();
        claims.set_issuer("i").unwrap();
        claims.set_subject("s").unwrap();
        claims.set_audience(&["one"]).unwrap();
        claims.set_expiration(Timestamp::from_seconds(3));
        claims.set_not_before(Timestamp::from_seconds(1));
        claims.set_issued_at(Timestamp::from_seconds(-2));
        claims.set_token_id("t").unwrap();
        let text = r#"{"iss":"i","sub":"s","aud":"one","exp":3,"nbf":1,"iat":-2,"jti":"t"}"#;
        assert_eq!(claims.to_json(), text);
        assert_eq!(claims.expiration(), Some(Timestamp::from_seconds(3)));
        assert_eq!(claims.audience().unwrap(), ["one"]);
        claims.set_audience(&["one", "two"]).unwrap();
        assert_eq!(claims.audience().unwrap(), ["one", "two"]);
        assert_eq!(
            (claims.issuer(), claims.token_id()),
            (Some("i".into()), Some("t".into()))
        );
    }

    #[test]
    fn a_token_keeps_to_itself_what_makes_it_itself() {
        let refresh = r#"{"kind":"r","exp":9,"a":1.50,"iat":8,"jti":"x","tid":"y","b":"\u00e9"}"#;
        let refresh = ClaimsSet::parse(refresh).unwrap();
        let inherited = |own: &str, except: &[&str]| {
            let mut claims = ClaimsSet::parse(own).unwrap();
            claims.inherit(&refresh, except);
            claims.to_json()
        };
        assert_eq!(
            inherited(r#"{"kind":"a","exp":1}"#, &["kind", "tid"]),
            r#"{"kind":"a","exp":1,"a":1.50,"b":"\u00e9"}"#
        );
        assert_eq!(
            inherited("{}", &["kind", "tid", "a"]),
            r#"{"b":"\u00e9"}"#,
            "nothing has the dates of another token, even if it has none of its own"
        );
        assert_eq!(
            inherited(r#"{"b":2,"kind":"a","tid":"z"}"#, &[]),
            r#"{"b":2,"kind":"a","tid":"z","a":1.50}"#,
            "what is here stays, whatever is forgotten"
        );
    }

    #[test]
    fn debug_shows_no_values() {
        let claims = ClaimsSet::parse(r#"{"hash_password":"A1B2"}"#).unwrap();
        assert_eq!(format!("{claims:?}"), r#"{"hash_password"}"#);
    }
}
