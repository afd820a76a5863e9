//! Whether a password may be tried at all, for every way in that takes one.

use countersign_token::UnixMillis;

use super::login::is_plausible;
use super::{Authority, AuthorityError, Client};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::throttle::{Admission, Attempt, Guesser, Throttled};

/// An attempt that may be made; `None` where nobody counts.
pub(super) type Try = Option<Attempt>;

impl Authority {
    /// Asks for an attempt at the password of whoever signs in as `login`. It counts as failed until
    /// [`try_succeeded`](Self::try_succeeded) or [`try_was_none`](Self::try_was_none) says otherwise, also where the
    /// client stops waiting.
    pub(super) fn admit_try(&self, login: &str, client: &Client<'_>) -> Result<Try, Throttled> {
        let policy = &self.policy.throttle;
        if !policy.enabled {
            return Ok(None);
        }
        let name = self.keys.throttle_digest(&folded(login));
        let guesser = Guesser::new(name, client.ip);
        match self.throttle.admit(policy, guesser, self.clock.elapsed()) {
            Admission::Admitted(attempt) => Ok(Some(attempt)),
            Admission::Refused(throttled) => Err(throttled),
        }
    }

    /// The password was right, and opened what it is for.
    pub(super) fn try_succeeded(&self, attempt: &Try) {
        if let Some(attempt) = attempt {
            self.throttle.succeeded(attempt);
        }
    }

    /// Nobody can tell what it would have come to.
    pub(super) fn try_was_none(&self, attempt: &Try) {
        if let Some(attempt) = attempt {
            self.throttle.take_back(attempt);
        }
    }

    /// Leaves a line in the audit log where it is news. The account is looked up for it, whether or not there is one:
    /// the work is the same for every name.
    pub(super) async fn tell_of_throttling(
        &self,
        login: &str,
        throttled: Throttled,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<(), AuthorityError> {
        if !throttled.is_news {
            return Ok(());
        }
        let account = if is_plausible(login) {
            let key = self.login_key(login);
            self.accounts.find_account_by(key).await?
        } else {
            None
        };
        let mut event =
            AuditEvent::new(now, AuditKind::LoginThrottled, Actor::Client).from_ip(client.ip);
        event.subject = account.map(|account| account.id);
        self.store.append_audit(&event).await?;
        Ok(())
    }
}

/// A name as failures are counted: never told apart where some look-up of accounts would not.
fn folded(login: &str) -> String {
    login.trim().to_lowercase()
}
