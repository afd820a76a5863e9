//! The extractor of protected endpoints: whoever holds an access token, or another one that the settings accept.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign::authority::{Identification, Identified};

use crate::api::Api;
use crate::bearer::{self, Credentials};
use crate::exchange::{Exchange, Refused, Viewed};
use crate::failure;
use crate::wire::{Answer, simplejwt};

/// The holder of an access token at the endpoint `V`.
///
/// Authentication comes before the method: a wrong method without a token is told about the token only, and so is
/// `OPTIONS`. An endpoint that asks for this type cannot forget any of it.
pub(crate) struct SignedIn<V> {
    pub(crate) exchange: Exchange,
    pub(crate) identified: Box<Identified>,
    view: PhantomData<fn() -> V>,
}

impl<V: Viewed> FromRequestParts<Arc<Api>> for SignedIn<V> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refused> {
        let exchange = Exchange::begin(api, V::VIEW, parts)?;
        match identify(api, parts).await {
            Ok(identified) => {
                exchange.admit(&parts.method)?;
                Ok(Self {
                    exchange,
                    identified,
                    view: PhantomData,
                })
            }
            Err(answer) => Err(exchange.refuse(answer)),
        }
    }
}

pub(crate) async fn identify(api: &Api, parts: &Parts) -> Result<Box<Identified>, Answer> {
    let token = match bearer::read(&parts.headers, &api.token_header, api.schemes()) {
        Credentials::Token(token) => token,
        Credentials::Absent => return Err(simplejwt::credentials_absent()),
        Credentials::Malformed => return Err(simplejwt::credentials_malformed()),
        Credentials::NotText => return Err(simplejwt::credentials_not_text(api.token_classes())),
    };
    match api.authority.identify(token).await {
        Ok(Identification::Known(identified)) => Ok(identified),
        Ok(Identification::Refused(refusal)) => Err(simplejwt::access_refused(&refusal)),
        Err(error) => Err(failure::answer(&error)),
    }
}
