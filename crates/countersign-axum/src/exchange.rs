//! One request to an endpoint of SimpleJWT's surface: what it asked for, and how its answer looks.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign::Authority;
use countersign::language::Language;

use crate::api::Api;
use crate::headers;
use crate::language;
use crate::negotiation::{Rendering, negotiate};
use crate::problem::Problem;
use crate::wire::{Answer, describe, indent, simplejwt};

/// An endpoint as its clients see it. Each endpoint file declares one.
#[derive(Debug)]
pub(crate) struct View {
    /// What `OPTIONS` calls it.
    pub(crate) name: &'static str,
    /// What `OPTIONS` says about it.
    pub(crate) description: &'static str,
    /// What it answers to, besides `OPTIONS`.
    pub(crate) method: Answers,
    /// Its fields, in order.
    pub(crate) fields: &'static [Field],
}

/// The methods that an endpoint answers to, besides `OPTIONS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// `POST`.
    ToPost,
    /// `GET`, and `HEAD` with the same headers.
    ToGet,
    /// The same, and `PATCH`.
    AlsoToPatch,
}

impl Answers {
    const fn allow(self) -> HeaderValue {
        match self {
            Self::ToPost => HeaderValue::from_static("POST, OPTIONS"),
            Self::ToGet => HeaderValue::from_static("GET, HEAD, OPTIONS"),
            Self::AlsoToPatch => HeaderValue::from_static("GET, PATCH, HEAD, OPTIONS"),
        }
    }

    fn admits(self, method: &Method) -> bool {
        match self {
            Self::ToPost => method == Method::POST,
            Self::ToGet => method == Method::GET || method == Method::HEAD,
            Self::AlsoToPatch => Self::ToGet.admits(method) || method == Method::PATCH,
        }
    }
}

/// One field of an endpoint.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) access: Access,
}

/// Which way a field goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The client must send it.
    Submitted,
    /// It only stands in answers.
    Answered,
}

/// A type that belongs to an endpoint.
pub(crate) trait Viewed {
    /// The endpoint.
    const VIEW: &'static View;
}

/// A request that an extractor answered by itself. Boxed, for the way back goes through many hands.
#[derive(Debug)]
pub(crate) struct Refused(Box<Response>);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem.into_response()))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// A request on its way to an answer.
pub(crate) struct Exchange {
    api: Arc<Api>,
    view: &'static View,
    rendering: Rendering,
    /// The language that the client asked for, if it asked.
    language: Option<Language>,
}

impl Exchange {
    /// Begins with what comes before everything else: can the client read what we write?
    ///
    /// # Errors
    /// The answer if it cannot.
    pub(crate) fn begin(
        api: &Arc<Api>,
        view: &'static View,
        parts: &Parts,
    ) -> Result<Self, Refused> {
        let negotiated = negotiate(parts);
        let exchange = Self {
            api: Arc::clone(api),
            view,
            rendering: negotiated.unwrap_or(Rendering::Compact),
            language: language::wanted(&parts.headers, api.languages()),
        };
        match negotiated {
            Ok(_) => Ok(exchange),
            Err(problem) => Err(exchange.refuse(simplejwt::not_acceptable(problem))),
        }
    }

    /// Lets the endpoint's own method pass and answers all others: `OPTIONS` with the endpoint's description.
    ///
    /// # Errors
    /// That answer.
    pub(crate) fn admit(&self, method: &Method) -> Result<(), Refused> {
        if self.view.method.admits(method) {
            return Ok(());
        }
        let answer = if method == Method::OPTIONS {
            describe(self.view, self.api.bodies())
        } else {
            simplejwt::method_not_allowed(method)
        };
        Err(self.refuse(answer))
    }

    /// What is shared by all requests.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The authority.
    pub(crate) fn authority(&self) -> &Authority {
        &self.api.authority
    }

    /// The same as [`answer`](Self::answer), where an extractor ends with it.
    pub(crate) fn refuse(&self, answer: Answer) -> Refused {
        Refused(Box::new(self.answer(answer)))
    }

    /// Turns an answer into a response with all the headers that the original sends.
    ///
    /// The language is named, and `Vary` names its header, only to a client that asked: nobody else's answer
    /// could differ, and no cache keeps either.
    pub(crate) fn answer(&self, answer: Answer) -> Response {
        let translation = self
            .language
            .and_then(|language| self.api.translations.of(language));
        let json = answer.content.into_json(translation);
        let body = match self.rendering {
            Rendering::Compact => Body::from(json),
            Rendering::Indented(blanks) => Body::from(indent::indented(&json, blanks)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        let fields = response.headers_mut();
        fields.reserve(EXPECTED_HEADERS);
        fields.insert(header::CONTENT_TYPE, headers::JSON);
        fields.insert(header::ALLOW, self.view.method.allow());
        if let Some(translation) = translation {
            fields.insert(header::VARY, headers::VARY_LANGUAGE);
            fields.insert(header::CONTENT_LANGUAGE, translation.name.clone());
        } else {
            fields.insert(header::VARY, headers::VARY_ACCEPT);
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            fields.insert(header::WWW_AUTHENTICATE, self.api.challenge.clone());
        }
        if let Some((name, value)) = answer.header {
            fields.insert(name, value);
        }
        response
    }
}

/// Those set here and those that every answer gets later, so that the map grows once.
const EXPECTED_HEADERS: usize = 12;
