//! What all endpoints share: the authority, and what of its settings every answer needs, made ready once.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, header};
use countersign::Authority;
use countersign::language::Language;
use countersign::policy::{TokenClass, WireBodies};

use crate::guard::RequestIds;
use crate::wire::Translations;

/// The state behind every route.
pub(crate) struct Api {
    pub(crate) authority: Arc<Authority>,
    /// `WWW-Authenticate` of every 401.
    pub(crate) challenge: HeaderValue,
    /// The header that carries access tokens.
    pub(crate) token_header: HeaderName,
    pub(crate) request_ids: RequestIds,
    pub(crate) translations: Translations,
}

impl Api {
    pub(crate) fn new(authority: Arc<Authority>) -> Arc<Self> {
        let wire = &authority.policy().wire;
        let scheme = wire
            .auth_header_types
            .first()
            .map_or("Bearer", String::as_str);
        // An authority exists only with valid settings: both fallbacks are never reached.
        let challenge = HeaderValue::try_from(format!("{scheme} realm=\"api\""))
            .unwrap_or(HeaderValue::from_static("Bearer realm=\"api\""));
        let token_header =
            HeaderName::try_from(wire.auth_header_name.as_str()).unwrap_or(header::AUTHORIZATION);
        Arc::new(Self {
            challenge,
            token_header,
            request_ids: RequestIds::default(),
            translations: Translations::load(&wire.languages),
            authority,
        })
    }

    /// The schemes that may stand before an access token.
    pub(crate) fn schemes(&self) -> &[String] {
        &self.authority.policy().wire.auth_header_types
    }

    /// The classes of token that protected endpoints accept.
    pub(crate) fn token_classes(&self) -> &[TokenClass] {
        &self.authority.policy().tokens.resource_classes
    }

    /// The languages that a client can ask for.
    pub(crate) fn languages(&self) -> &[Language] {
        &self.authority.policy().wire.languages
    }

    /// How bodies are read.
    pub(crate) fn bodies(&self) -> WireBodies {
        self.authority.policy().wire.bodies
    }
}
