//! The extractor of protected endpoints that take a body.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use countersign::authority::Identified;

use crate::api::Api;
use crate::body;
use crate::client::Sender;
use crate::exchange::{Exchange, Refused};
use crate::posted::Submission;
use crate::signed_in::SignedIn;
use crate::wire::simplejwt;

/// What the holder of an access token submits. Who it is comes before the method, and both before the body.
pub(crate) struct SignedPost<S> {
    pub(crate) exchange: Exchange,
    pub(crate) sender: Sender,
    pub(crate) identified: Box<Identified>,
    pub(crate) form: S,
}

impl<S: Submission> FromRequest<Arc<Api>> for SignedPost<S> {
    type Rejection = Refused;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let SignedIn {
            exchange,
            identified,
            ..
        } = SignedIn::<S>::from_request_parts(&mut parts, api).await?;
        match body::read::<S>(&parts.headers, body, api.bodies()).await {
            Ok(form) => Ok(Self {
                sender: Sender::of(&parts),
                exchange,
                identified,
                form,
            }),
            Err(fault) => Err(exchange.refuse(simplejwt::body_refused(&fault))),
        }
    }
}
