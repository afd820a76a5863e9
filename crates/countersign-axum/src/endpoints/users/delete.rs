//! `DELETE /api/users/{id}/`: deletes an account. Its number never comes back.

use axum::response::Response;

use super::NamedAccount;
use crate::administering::Administering;
use crate::problem::Problem;
use crate::wire::users;

/// Deletes the account, and says how many sessions ended with it.
pub(super) async fn delete(
    administering: Administering,
    NamedAccount(id): NamedAccount,
) -> Result<Response, Problem> {
    let ended = administering.accounts().delete_account(id).await?;
    Ok(users::ended_sessions(ended))
}
