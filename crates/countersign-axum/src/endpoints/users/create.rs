//! `POST /api/users/`: makes an account.

use axum::extract::MatchedPath;
use axum::http::HeaderValue;
use axum::response::Response;
use countersign::account::Privileges;
use countersign::authority::{AccountRequest, NewPassword};

use super::new_password;
use crate::administering::Administering;
use crate::body::members::{MemberFault, Members, Object, Sent};
use crate::problem::Problem;
use crate::wire::users;

/// The account to be made. Without a password nobody can sign in to it with one.
pub(super) struct NewUser {
    username: String,
    password: Option<NewPassword>,
    request: AccountRequest,
}

impl Object for NewUser {
    fn take(members: &mut Members) -> Result<Self, MemberFault> {
        let missing = MemberFault::Missing("username");
        Ok(Self {
            username: members.text("username")?.ok_or(missing)?,
            password: new_password(members)?,
            request: AccountRequest {
                email: members.text("email")?.unwrap_or_default(),
                privileges: Privileges {
                    staff: members.flag("is_staff")?.unwrap_or(false),
                    superuser: members.flag("is_superuser")?.unwrap_or(false),
                },
                role: members.number("role")?.unwrap_or(0),
                inactive: !members.flag("is_active")?.unwrap_or(true),
                password_needs_reset: members.flag("password_needs_reset")?.unwrap_or(false),
                attributes: members.object("attributes")?.unwrap_or_default(),
            },
        })
    }
}

/// Makes the account, and says where it is.
pub(super) async fn create(
    administering: Administering,
    route: MatchedPath,
    Sent(user): Sent<NewUser>,
) -> Result<Response, Problem> {
    let account = administering
        .accounts()
        .create_account(user.username, user.password, user.request)
        .await?;
    // Made of the route, which has no parameters: also below another path, and to no other host.
    let location = format!("{}{}/", route.as_str(), account.id);
    let location = HeaderValue::try_from(location).map_err(|_| Problem::Broken)?;
    Ok(users::created(&account, location))
}
