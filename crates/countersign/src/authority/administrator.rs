//! Who administers accounts, and how far that reaches.

use crate::account::{Account, AccountId};
use crate::audit::Actor;
use crate::service::ServiceName;
use crate::store::{PrivilegeChange, Reach};

/// Who administers accounts.
///
/// 1. The operator, a service credential of scope `users` and a superuser may do everything.
/// 2. A staff member may see every account, and may make, change and delete those that are not
///    [privileged](Account::is_privileged). They can make nobody privileged. Their own account is privileged, so that
///    they cannot change it here; and whether an account still is within their reach is decided in the transaction of
///    the change.
/// 3. Nobody who is deactivated is an administrator, also where the settings let deactivated accounts in.
///
/// Attributes are not looked into: who lets them decide about rights gives these to staff members, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administrator {
    /// Somebody at the command line, or the program that embeds the authority.
    Operator,
    /// A program with a service credential of scope `users`.
    Service(ServiceName),
    /// An account with the superuser flag.
    Superuser(AccountId),
    /// An account with the staff flag alone.
    Staff(AccountId),
}

impl Administrator {
    /// The administrator that the holder of an account is, if any.
    pub fn of(account: &Account) -> Option<Self> {
        if !account.is_active() {
            return None;
        }
        if account.privileges.superuser {
            return Some(Self::Superuser(account.id));
        }
        account.privileges.staff.then_some(Self::Staff(account.id))
    }

    /// Whom the audit log names.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Operator => Actor::Operator,
            Self::Service(name) => Actor::Service(name.clone()),
            Self::Superuser(id) | Self::Staff(id) => Actor::Account(*id),
        }
    }

    /// Whose accounts they may change.
    pub const fn reach(&self) -> Reach {
        match self {
            Self::Operator | Self::Service(_) | Self::Superuser(_) => Reach::Everybody,
            Self::Staff(_) => Reach::Unprivileged,
        }
    }

    /// Whether they may give an account these flags and this role.
    pub(super) fn may_grant(&self, flags: PrivilegeChange, role: Option<i64>) -> bool {
        match self.reach() {
            Reach::Everybody => true,
            Reach::Unprivileged => {
                flags.staff != Some(true)
                    && flags.superuser != Some(true)
                    && role.is_none_or(|role| role < Account::ADMINISTRATIVE_ROLES_FROM)
            }
        }
    }
}
