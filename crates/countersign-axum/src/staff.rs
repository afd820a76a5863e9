//! The extractor of endpoints that are for staff.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign::account::Privileges;

use crate::api::Api;
use crate::exchange::{Exchange, Refused, Viewed};
use crate::problem::Problem;
use crate::signed_in::identify;

/// A member of staff, or a superuser, at the endpoint `V`. An endpoint that asks for this type cannot forget it.
///
/// Whoever is not signed in is told so as at every protected endpoint; whoever is, and is neither, gets a 403. An
/// account that is deactivated is no staff, whatever the settings say of it elsewhere.
pub(crate) struct Staff<V> {
    view: PhantomData<fn() -> V>,
}

impl<V: Viewed> FromRequestParts<Arc<Api>> for Staff<V> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refused> {
        let exchange = Exchange::begin(api, V::VIEW, parts)?;
        let identified = match identify(api, parts).await {
            Ok(identified) => identified,
            Err(answer) => return Err(exchange.refuse(answer)),
        };
        let account = &identified.account;
        let Privileges { staff, superuser } = account.privileges;
        if account.is_active() && (staff || superuser) {
            return Ok(Self { view: PhantomData });
        }
        Err(Problem::StaffRequired.into())
    }
}
