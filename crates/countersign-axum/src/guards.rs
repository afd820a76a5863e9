//! Guards: what a token must say before it opens a route. They read claims and never a database.
//!
//! A guard is a [`Permission`], for a whole router by [`GateLayer::with`](crate::GateLayer::with) or in the middle of a
//! handler:
//!
//! ```
//! use countersign_axum::Bearer;
//! use countersign_axum::guards::{Forbidden, email_verified, only_roles, role, roles};
//! use countersign_token::{Access, Role};
//!
//! const EDITOR: Role = Role::new(300);
//!
//! async fn publish(Bearer(token): Bearer<Access>) -> Result<&'static str, Forbidden> {
//!     role(EDITOR).check(&token)?;
//!     email_verified().check(&token)?;
//!     Ok("published")
//! }
//! # let _ = (roles([300, 700]), only_roles([EDITOR]));
//! ```
//!
//! Whoever is admitted, the token was good: no token and a bad one are 401 before any guard is asked. A good token that
//! does not say what a guard demands, or says nothing of it, is 403.
//!
//! Claims are as old as the token: a role that was taken away is gone with the next access token, if
//! `claims.from_account` puts it there and `claims.at_refresh` renews it.

use axum::response::{IntoResponse, Response};
use countersign_token::{Authenticated, Role};

use crate::gate;
use crate::headers;
use crate::wire::{Answer, simplejwt};

/// At least this role. Only the number counts: `role(700)` admits 700, 900 and 1000, and `role(1000)` staff alone.
pub fn role(least: impl Into<Role>) -> Permission {
    Permission(Demand::Role(Admitted::From(least.into())))
}

/// One of these roles, or superuser or staff.
///
/// # Source
/// jwt-allauth `BasePermission.accepted_roles`.
pub fn roles(listed: impl IntoIterator<Item = impl Into<Role>>) -> Permission {
    let listed = collected(listed);
    Permission(Demand::Role(Admitted::ListedOrAdministrative(listed)))
}

/// One of these roles and no other: superusers and staff are admitted only if they are listed.
///
/// # Source
/// jwt-allauth `BasePermissionStaffExcluded`.
pub fn only_roles(listed: impl IntoIterator<Item = impl Into<Role>>) -> Permission {
    Permission(Demand::Role(Admitted::Listed(collected(listed))))
}

/// The claim `email_verified` is `true`, and nothing that merely counts as true elsewhere, such as `"false"`.
///
/// # Source
/// jwt-allauth `IsEmailVerified`; `OpenID` Connect Core §5.1.
pub const fn email_verified() -> Permission {
    Permission(Demand::VerifiedEmail)
}

/// Something that a token must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission(Demand);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Demand {
    Role(Admitted),
    VerifiedEmail,
}

/// The roles that are admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Admitted {
    From(Role),
    Listed(Box<[Role]>),
    ListedOrAdministrative(Box<[Role]>),
}

impl Permission {
    /// Whether a token says it.
    ///
    /// # Errors
    /// [`Forbidden`] if it says something else, or nothing of the kind.
    pub fn check(&self, token: &Authenticated) -> Result<(), Forbidden> {
        let (is_met, otherwise) = match &self.0 {
            Demand::Role(admitted) => {
                let role = Role::in_token(token);
                (role.is_some_and(|it| admitted.admits(it)), Missing::Role)
            }
            Demand::VerifiedEmail => {
                let verified = token.claim("email_verified");
                (matches!(verified, Some(Ok(true))), Missing::VerifiedEmail)
            }
        };
        is_met.then_some(()).ok_or(Forbidden(otherwise))
    }
}

impl Admitted {
    fn admits(&self, role: Role) -> bool {
        match self {
            Self::From(least) => role >= *least,
            Self::Listed(listed) => listed.contains(&role),
            Self::ListedOrAdministrative(listed) => {
                role.is_administrative() || listed.contains(&role)
            }
        }
    }
}

/// A good token does not say what a guard demands. As a response, it is the 403 that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden(Missing);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Role,
    VerifiedEmail,
}

impl Forbidden {
    pub(crate) fn answer(self) -> Answer {
        match self.0 {
            Missing::Role => simplejwt::permission_denied(),
            Missing::VerifiedEmail => simplejwt::email_not_verified(),
        }
    }
}

impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        gate::response(self.answer(), &headers::CHALLENGE)
    }
}

fn collected(roles: impl IntoIterator<Item = impl Into<Role>>) -> Box<[Role]> {
    roles.into_iter().map(Into::into).collect()
}
