//! `POST /api/users/{id}/end-sessions/`: signs somebody out everywhere.

use axum::response::Response;

use super::NamedAccount;
use crate::administering::Administering;
use crate::body::members::{Nothing, Sent};
use crate::problem::Problem;
use crate::wire::users;

/// Ends all sessions of the account, and says how many there were.
pub(super) async fn end_sessions(
    administering: Administering,
    NamedAccount(id): NamedAccount,
    Sent(Nothing): Sent<Nothing>,
) -> Result<Response, Problem> {
    let ended = administering.accounts().end_sessions(id).await?;
    Ok(users::ended_sessions(ended))
}
