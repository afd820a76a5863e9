//! The extractor of the token endpoints: what a client submits.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};

use crate::api::Api;
use crate::body;
use crate::body::fields::Fields;
use crate::client::Sender;
use crate::exchange::{Exchange, Refused, Viewed};
use crate::wire::simplejwt;

/// What an endpoint lets clients submit.
pub(crate) trait Submission: Viewed + Sized {
    /// Reads the fields, in the order in which they are declared.
    fn read(fields: &mut Fields<'_>) -> Self;
}

/// A submission that was read without complaint, and all that is needed to answer it.
///
/// Whatever is wrong with a request is answered by the extractor, in the original's order: what the client
/// accepts, the method, the body, the fields.
pub(crate) struct Posted<S> {
    pub(crate) exchange: Exchange,
    pub(crate) sender: Sender,
    pub(crate) form: S,
}

impl<S: Submission> FromRequest<Arc<Api>> for Posted<S> {
    type Rejection = Refused;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let exchange = Exchange::begin(api, S::VIEW, &parts)?;
        exchange.admit(&parts.method)?;
        match body::read::<S>(&parts.headers, body, api.bodies()).await {
            Ok(form) => Ok(Self {
                form,
                sender: Sender::of(&parts),
                exchange,
            }),
            Err(fault) => Err(exchange.refuse(simplejwt::body_refused(&fault))),
        }
    }
}
