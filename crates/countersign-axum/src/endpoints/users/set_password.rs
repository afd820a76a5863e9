//! `POST /api/users/{id}/set-password/`: sets a new password, plain or as Django stores it.

use axum::response::Response;
use countersign::authority::NewPassword;

use super::{NamedAccount, new_password};
use crate::administering::Administering;
use crate::body::members::{MemberFault, Members, Object, Sent};
use crate::problem::Problem;
use crate::wire::users;

/// The password to be set.
pub(super) struct PasswordToSet(NewPassword);

impl Object for PasswordToSet {
    fn take(members: &mut Members) -> Result<Self, MemberFault> {
        let missing = MemberFault::Missing("password");
        new_password(members)?.map(Self).ok_or(missing)
    }
}

/// Sets the password, and says how many sessions ended with it.
pub(super) async fn set_password(
    administering: Administering,
    NamedAccount(id): NamedAccount,
    Sent(PasswordToSet(password)): Sent<PasswordToSet>,
) -> Result<Response, Problem> {
    let ended = administering.accounts().set_password(id, password).await?;
    Ok(users::ended_sessions(ended))
}
