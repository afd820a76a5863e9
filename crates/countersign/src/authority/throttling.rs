//! Whether a password may be tried at all, for every way in that takes one.

use std::sync::Arc;

use countersign_token::UnixMillis;
use unicode_normalization::UnicodeNormalization as _;

use super::login::Login;
use super::{Authority, AuthorityError, Client};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::throttle::{Attempt, Guesser, Throttle, Throttled};

/// An attempt that may be made. Dropped without another word, also because the client stops waiting, it has failed.
pub(super) struct Try(Option<(Arc<Throttle>, Attempt)>);

impl Try {
    /// The password was right, and opened what it is for.
    pub(super) fn succeeded(self) {
        if let Some((throttle, attempt)) = &self.0 {
            throttle.succeeded(attempt);
        }
    }

    /// Nobody can tell what it would have come to.
    pub(super) fn was_none(self) {
        if let Some((throttle, attempt)) = &self.0 {
            throttle.take_back(attempt);
        }
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        if let Some((throttle, attempt)) = &self.0 {
            throttle.settle(attempt);
        }
    }
}

impl Authority {
    /// Asks for an attempt at the password of whoever signs in as `login`.
    pub(super) async fn admit_try(
        &self,
        login: &str,
        client: &Client<'_>,
    ) -> Result<Try, Throttled> {
        let policy = &self.policy.throttle;
        if !policy.enabled {
            return Ok(Try(None));
        }
        let name = self.keys.throttle_digest(&folded(login));
        let guesser = Guesser::new(name, client.ip);
        let admission = self
            .throttle
            .admit_in_turn(policy, guesser, self.clock.as_ref());
        let attempt = admission.await?;
        Ok(Try(Some((Arc::clone(&self.throttle), attempt))))
    }

    /// Leaves a line in the audit log where it is news. The account is looked up for it, whether or not there is one:
    /// the work is the same for every name.
    pub(super) async fn tell_of_throttling(
        &self,
        login: Login<'_>,
        throttled: Throttled,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<(), AuthorityError> {
        if !throttled.is_news {
            return Ok(());
        }
        let account = match login.key() {
            Some(key) => self.accounts.find_account_by(key).await?,
            None => None,
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
    let folded: String = login.nfkc().collect();
    folded.trim().to_lowercase()
}
