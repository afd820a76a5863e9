//! Webhooks: a service that is asked for claims before tokens are issued, and one that is told of sign-ins afterwards.
//!
//! Both get one signed JSON object by `POST`; `docs/webhooks.md` describes it for those who receive it. What is asked
//! is waited for, for a bounded time. What is told waits in a bounded queue and is told at most once: a receiver that
//! is down or slow costs messages, never sign-ins.

mod caller;
mod message;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use countersign::clock::Clock;
use countersign::hooks::{
    ClaimsRefusal, ClaimsRequest, ClaimsSource, Hooks, SignInObserver, SignedIn,
};
use countersign::policy::UnfitClaims;
use countersign_token::{ClaimsError, ClaimsSet};
use reqwest::{StatusCode, Url};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::caller::{Answer, CallError, Caller};
use self::message::Message;
use crate::config::{HookSettings, OnFailure};
use crate::failure::{Failure, chain};

/// The hooks that are configured. What they tell later is among the deliveries.
///
/// # Errors
/// [`Failure`] if no connection could ever be made, for want of certificates to trust.
pub(crate) fn install(
    settings: HookSettings,
    clock: Arc<dyn Clock>,
    deliveries: &Deliveries,
) -> Result<Hooks, Failure> {
    let mut hooks = Hooks::default();
    let Some(secret) = settings.secret else {
        return Ok(hooks);
    };
    let caller = Caller::new(&secret, settings.timeout, clock).map_err(|error| {
        Failure::of(anyhow::Error::new(error).context("webhooks cannot be sent"))
            .help("install the system's certificates (the package ca-certificates)")
    })?;
    let caller = Arc::new(caller);
    if let Some(url) = settings.claims {
        hooks = hooks.claims(Arc::new(ClaimsHook {
            caller: Arc::clone(&caller),
            url,
            on_failure: settings.on_failure,
        }));
    }
    if let Some(url) = settings.login {
        let (queue, waiting) = mpsc::channel(LONGEST_QUEUE);
        hooks = hooks.observer(Arc::new(LoginHook { queue }));
        deliveries.tasks().spawn(deliver(caller, url, waiting));
    }
    Ok(hooks)
}

/// Asks a service for claims.
struct ClaimsHook {
    caller: Arc<Caller>,
    url: Url,
    on_failure: OnFailure,
}

/// What a service says about an account.
enum Verdict {
    Given(ClaimsSet),
    Refused,
}

#[async_trait]
impl ClaimsSource for ClaimsHook {
    async fn claims(&self, request: &ClaimsRequest<'_>) -> Result<ClaimsSet, ClaimsRefusal> {
        match self.ask(request).await {
            Ok(Verdict::Given(claims)) => Ok(claims),
            Ok(Verdict::Refused) => Err(ClaimsRefusal::Refused),
            Err(error) if self.on_failure == OnFailure::Continue => {
                tracing::warn!(error = %chain(&error), "no answer from hooks.claims_url: going on without its claims");
                Ok(ClaimsSet::new())
            }
            Err(error) => Err(ClaimsRefusal::unavailable(error)),
        }
    }
}

impl ClaimsHook {
    async fn ask(&self, request: &ClaimsRequest<'_>) -> Result<Verdict, HookError> {
        let message = Message::claims(request)?;
        let answer = self.caller.post(&self.url, &message).await?;
        let claims = match answer.status {
            StatusCode::FORBIDDEN => return Ok(Verdict::Refused),
            StatusCode::NO_CONTENT => ClaimsSet::new(),
            StatusCode::OK => claims_in(&answer)?,
            other => return Err(HookError::Status(other.as_u16())),
        };
        request.check(&claims)?;
        Ok(Verdict::Given(claims))
    }
}

/// The claims in `{"claims": {…}}`: exactly that, so that a change of the form is noticed at once.
fn claims_in(answer: &Answer) -> Result<ClaimsSet, HookError> {
    let text = str::from_utf8(&answer.body).map_err(|_| HookError::NotClaims)?;
    let body = ClaimsSet::parse(text).map_err(HookError::Unreadable)?;
    match (body.raw("claims"), body.len()) {
        (Some(claims), 1) => ClaimsSet::parse(claims).map_err(HookError::Unreadable),
        _ => Err(HookError::NotClaims),
    }
}

/// Why there is no usable answer. Nothing of the answer itself is shown.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error("the question could not be written")]
    Message(#[from] serde_json::Error),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the service answered with status {0}")]
    Status(u16),
    #[error("the answer is no object with the one member `claims`")]
    NotClaims,
    #[error("the answer is not acceptable JSON")]
    Unreadable(#[source] ClaimsError),
    #[error("the answer has claims that cannot be given")]
    Unfit(#[from] UnfitClaims),
}

/// Tells a service of sign-ins, later.
struct LoginHook {
    queue: mpsc::Sender<Message>,
}

#[async_trait]
impl SignInObserver for LoginHook {
    async fn signed_in(&self, event: &SignedIn<'_>) {
        let queued = Message::login(event)
            .map_err(|error| error.to_string())
            .and_then(|message| {
                self.queue
                    .try_send(message)
                    .map_err(|error| error.to_string())
            });
        if let Err(error) = queued {
            let account = event.account.id.get();
            tracing::warn!(
                user.id = account,
                error,
                "hooks.login_url is not told of a sign-in"
            );
        }
    }
}

/// Delivers what is queued, until nobody is left who could queue anything.
async fn deliver(caller: Arc<Caller>, url: Url, mut waiting: mpsc::Receiver<Message>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(message) = waiting.recv().await {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let (caller, url) = (Arc::clone(&caller), url.clone());
        tokio::spawn(async move {
            let failure = match caller.post(&url, &message).await {
                Ok(answer) if answer.status.is_success() => None,
                Ok(answer) => Some(HookError::Status(answer.status.as_u16())),
                Err(error) => Some(error.into()),
            };
            if let Some(error) = failure {
                tracing::warn!(hook.id = message.id(), error = %chain(&error), "hooks.login_url was not told of a sign-in");
            }
            drop(permit);
        });
    }
    drop(room.acquire_many(ALL_AT_ONCE).await);
}

/// What is still to be delivered, by one task for each queue there ever was.
#[derive(Clone, Default)]
pub(crate) struct Deliveries(Arc<Mutex<JoinSet<()>>>);

impl Deliveries {
    /// Waits a while for what is queued. Whoever could queue more must be gone.
    pub(crate) async fn finish(self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        let delivered = async { while tasks.join_next().await.is_some() {} };
        if timeout(FINISH_TIME, delivered).await.is_err() {
            tracing::warn!("hooks.login_url was not told of all sign-ins before the end");
        }
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many messages wait at most: some megabytes.
const LONGEST_QUEUE: usize = 1_000;

/// How many are on their way at once.
const AT_ONCE: usize = 8;
const ALL_AT_ONCE: u32 = 8;

/// How long a server that stops goes on delivering.
const FINISH_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use countersign::authority::{AccountRequest, Client, SignIn};
    use countersign::clock::SystemClock;
    use countersign::keys::{KeyRing, SigningKeySource};
    use countersign::memory::MemoryStore;
    use countersign::password::{Argon2Cost, PlainPassword};
    use countersign::random::SystemRandom;
    use countersign::secrets::MasterKey;
    use countersign::{Authority, Policy, Preset};

    use super::*;

    /// An authority with the user `ann`, which tells this observer.
    async fn authority(observer: LoginHook) -> Authority {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(SystemClock::default());
        let mut policy = Policy::preset(Preset::Modern);
        policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
        let source = SigningKeySource::Stored(policy.tokens.algorithm);
        let master = || MasterKey::from_bytes([7; 32]);
        KeyRing::found(
            store.as_ref(),
            &master(),
            &source,
            &SystemRandom,
            clock.now(),
        )
        .await
        .unwrap();
        let keys = KeyRing::load(store.as_ref(), master(), source)
            .await
            .unwrap();
        let authority = Authority::new(policy, keys, store.clone(), store, clock).unwrap();
        authority
            .create_account(
                "ann".to_owned(),
                Some(password()),
                AccountRequest::default(),
            )
            .await
            .unwrap();
        authority.with_hooks(Hooks::default().observer(Arc::new(observer)))
    }

    fn password() -> PlainPassword {
        PlainPassword::new("pw-of-ann".to_owned())
    }

    #[tokio::test]
    async fn a_full_queue_costs_messages_and_no_sign_in() {
        let (queue, mut waiting) = mpsc::channel(2);
        let authority = authority(LoginHook { queue }).await;
        for _ in 0..5 {
            let client = Client::default();
            let signed_in = authority.login("ann", password(), &client).await;
            assert!(matches!(signed_in.unwrap(), SignIn::Opened(_)));
        }
        let (first, second) = (waiting.try_recv().unwrap(), waiting.try_recv().unwrap());
        assert_ne!(first.id(), second.id());
        assert!(waiting.try_recv().is_err());
    }
}
