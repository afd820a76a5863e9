//! `GET /api/users/{id}/`: shows an account.

use axum::response::Response;

use super::NamedAccount;
use crate::administering::Administering;
use crate::problem::Problem;
use crate::wire::users;

/// Shows the account.
pub(super) async fn show(
    administering: Administering,
    NamedAccount(id): NamedAccount,
) -> Result<Response, Problem> {
    let account = administering.accounts().find_account(id).await?;
    Ok(users::user(&account))
}
