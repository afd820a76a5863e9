//! What a client submits: the body of a request, read as Django REST framework reads it.
//!
//! A body becomes [`Members`], whatever its type was; [`fields`] then looks for what the endpoint wants. Nothing
//! else of a body is ever used.

pub(crate) mod charset;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod media_type;
pub(crate) mod members;
pub(crate) mod multipart;

use std::borrow::Cow;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::{HeaderMap, StatusCode, header};
use countersign::policy::WireBodies;
use countersign_token::ClaimsSet;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use self::fields::{FieldErrors, Fields};
use self::json::{Document, Limits};
use self::media_type::{BodyType, MediaType};
use crate::failure;
use crate::posted::Submission;

/// Why a body cannot be used.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// Longer than [`MOST_BYTES`].
    TooLarge,
    /// Not complete after [`BODY_TIME`].
    TooSlow,
    /// The connection broke.
    Broken,
    /// Nothing that we read; as the client named it.
    UnsupportedType(String),
    /// Compressed.
    UnsupportedEncoding(String),
    /// Text in an encoding that we do not read.
    UnsupportedCharset { name: String, status: StatusCode },
    /// No JSON; why, as Python would put it.
    Json(String),
    /// No multipart form.
    Multipart(multipart::Fault),
    /// JSON, but not an object.
    NotAnObject(NotAnObject),
    /// Fields are missing or wrong.
    Fields(FieldErrors),
}

/// What stands in the place of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAnObject {
    /// `null`.
    Null,
    /// Another value, by the name of its type in Python.
    Value(&'static str),
}

/// What a client sent, by name, in the order in which it was sent.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// One value, as far as any field could want it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number, as it was written.
    Integer(&'a str),
    /// Any other number, as it was written.
    Float(&'a str),
    /// A string.
    Text(Text<'a>),
    /// An array.
    List,
    /// An object.
    Object,
    /// A file of a multipart form.
    File,
}

/// A string as it was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Text<'a> {
    pub(crate) text: Cow<'a, str>,
    /// The first half of a surrogate pair without the other half, which no Rust string can hold.
    pub(crate) lone_surrogate: Option<u16>,
}

/// Reads a body into what the endpoint wants.
///
/// # Errors
/// The first [`BodyFault`]; of the fields, all of them.
pub(crate) async fn read<S: Submission>(
    head: &HeaderMap,
    body: Body,
    bodies: WireBodies,
) -> Result<S, BodyFault> {
    let bytes = collect(body).await?;
    if bytes.is_empty() {
        return select(&Members::new(), bodies);
    }
    check_encoding(head)?;
    let media_type = MediaType::of(head);
    match media_type.body_type(bodies) {
        Some(BodyType::Json) => {
            let text = charset::decode(&bytes, media_type, bodies)?;
            select(&parse_json(&text, bodies)?, bodies)
        }
        Some(BodyType::Form) => {
            let text = charset::decode(&bytes, media_type, bodies)?;
            select(&form::parse(&text), bodies)
        }
        Some(BodyType::Multipart) => {
            let parts = multipart::parse(&bytes, media_type.parameter("boundary"));
            select(&parts.map_err(BodyFault::Multipart)?, bodies)
        }
        None => Err(BodyFault::UnsupportedType(
            media_type.as_sent().into_owned(),
        )),
    }
}

/// Reads a body that must be one JSON object in UTF-8, as our own endpoints take it: with the limits of a token's
/// claims, no name twice, and nothing beside it. No body at all is an object without members.
///
/// # Errors
/// The first [`BodyFault`].
pub(crate) async fn read_object(head: &HeaderMap, body: Body) -> Result<ClaimsSet, BodyFault> {
    let bytes = collect(body).await?;
    if bytes.is_empty() {
        return Ok(ClaimsSet::new());
    }
    check_encoding(head)?;
    let media_type = MediaType::of(head);
    if media_type.body_type(WireBodies::Strict) != Some(BodyType::Json) {
        let sent = media_type.as_sent().into_owned();
        return Err(BodyFault::UnsupportedType(sent));
    }
    let text = charset::decode(&bytes, media_type, WireBodies::Strict)?;
    ClaimsSet::parse(&text).map_err(|error| BodyFault::Json(failure::chain(&error)))
}

fn select<S: Submission>(members: &Members<'_>, bodies: WireBodies) -> Result<S, BodyFault> {
    let mut fields = Fields::new(members, bodies);
    let form = S::read(&mut fields);
    match fields.into_errors() {
        errors if errors.is_empty() => Ok(form),
        errors => Err(BodyFault::Fields(errors)),
    }
}

/// Takes the whole body, within its limits. One that announces too much is not even begun.
async fn collect(body: Body) -> Result<Bytes, BodyFault> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).is_ok_and(|bytes| bytes == 0) && body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if usize::try_from(announced).map_or(true, |bytes| bytes > MOST_BYTES) {
        return Err(BodyFault::TooLarge);
    }
    match timeout(BODY_TIME, Limited::new(body, MOST_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge),
        Ok(Err(_)) => Err(BodyFault::Broken),
        Err(_) => Err(BodyFault::TooSlow),
    }
}

fn check_encoding(head: &HeaderMap) -> Result<(), BodyFault> {
    for encoding in head.get_all(header::CONTENT_ENCODING) {
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            let name = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
            return Err(BodyFault::UnsupportedEncoding(name));
        }
    }
    Ok(())
}

fn parse_json(text: &str, bodies: WireBodies) -> Result<Members<'_>, BodyFault> {
    let limits = match bodies {
        WireBodies::Drf => &Limits::DRF,
        WireBodies::Strict => &Limits::STRICT,
    };
    match json::parse(text, limits) {
        Ok(Document::Object(members)) => Ok(members),
        Ok(Document::Other(value)) => Err(BodyFault::NotAnObject(value)),
        Err(fault) => Err(BodyFault::Json(fault.told(text))),
    }
}

/// The longest body: 64 KiB.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
