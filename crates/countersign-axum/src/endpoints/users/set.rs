//! `PATCH /api/users/{id}/`: changes an account; what is not sent stays as it is.

use axum::response::Response;
use countersign::account::Standing;
use countersign::authority::AccountChanges;
use countersign::store::PrivilegeChange;

use super::NamedAccount;
use crate::administering::Administering;
use crate::body::members::{MemberFault, Members, Object, Sent};
use crate::problem::Problem;
use crate::wire::users;

/// What is to change.
pub(super) struct UserChanges(AccountChanges);

impl Object for UserChanges {
    fn take(members: &mut Members) -> Result<Self, MemberFault> {
        let standing = |active| {
            if active {
                Standing::Active
            } else {
                Standing::Inactive
            }
        };
        Ok(Self(AccountChanges {
            email: members.text("email")?,
            privileges: PrivilegeChange {
                staff: members.flag("is_staff")?,
                superuser: members.flag("is_superuser")?,
            },
            role: members.number("role")?,
            standing: members.flag("is_active")?.map(standing),
            password_needs_reset: members.flag("password_needs_reset")?,
            attributes: members.object("attributes")?,
        }))
    }
}

/// Changes the account, all at once, and shows it.
pub(super) async fn set(
    administering: Administering,
    NamedAccount(id): NamedAccount,
    Sent(UserChanges(changes)): Sent<UserChanges>,
) -> Result<Response, Problem> {
    let accounts = administering.accounts();
    accounts.change_account(id, changes).await?;
    Ok(users::user(&accounts.find_account(id).await?))
}
