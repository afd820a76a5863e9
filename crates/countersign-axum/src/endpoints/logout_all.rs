//! `POST /api/logout-all/`: signs out everywhere, here as well.

use axum::response::Response;

use crate::body::members::{Nothing, Sent};
use crate::owner::Owner;
use crate::problem::Problem;
use crate::wire::sessions;

/// Ends all sessions of the account, and says how many there were.
pub(crate) async fn logout_all(
    owner: Owner,
    Sent(Nothing): Sent<Nothing>,
) -> Result<Response, Problem> {
    Ok(sessions::ended(owner.sessions().end_all().await?))
}
