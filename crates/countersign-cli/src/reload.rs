//! SIGHUP: the configuration is read again and put in force without a restart.
//!
//! A second authority is built beside the one that answers, over the same store and the same clock and exactly as a
//! start would build it, and made ready. Then requests go to it. A request that has begun ends with the authority that
//! it began with, so that none sees half of a change; and where anything is wrong, nothing changes. What an authority
//! only remembers (verified signatures, sessions seen lately) is learned anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotate_snippets::Renderer;
use arc_swap::ArcSwap;
use axum::Router;
use countersign::Authority;
use countersign::keys::SigningKeySource;
use countersign_axum::{AllauthPrefix, TrustedProxies};
use countersign_token::KeyId;
use tokio::signal::unix::Signal;

use crate::config::Config;
use crate::config::schema::SETTINGS;
use crate::failure::Failure;
use crate::opening::Foundation;

/// What of a configuration is about the way to an authority and no business of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    proxies: TrustedProxies,
    allauth_prefix: Option<AllauthPrefix>,
}

impl Surroundings {
    /// Those of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            proxies: config.trusted_proxies.clone(),
            allauth_prefix: config.allauth_prefix.clone(),
        }
    }

    fn routes_to(self, authority: Arc<Authority>) -> Router {
        let routes = match &self.allauth_prefix {
            Some(prefix) => countersign_axum::router_with_allauth(authority, prefix),
            None => countersign_axum::router(authority),
        };
        self.proxies.before(routes)
    }
}

/// What answers now: an authority, and the routes to it.
pub(crate) struct Current {
    authority: ArcSwap<Authority>,
    routes: Arc<ArcSwap<Router>>,
}

impl Current {
    /// An authority that begins to answer, in these surroundings.
    pub(crate) fn of(authority: Authority, surroundings: Surroundings) -> Self {
        let authority = Arc::new(authority);
        let routes = surroundings.routes_to(Arc::clone(&authority));
        Self {
            authority: ArcSwap::new(authority),
            routes: Arc::new(ArcSwap::from_pointee(routes)),
        }
    }

    /// The authority.
    pub(crate) fn authority(&self) -> Arc<Authority> {
        self.authority.load_full()
    }

    /// The routes, whichever they are at the time.
    pub(crate) fn routes(&self) -> Arc<ArcSwap<Router>> {
        Arc::clone(&self.routes)
    }

    fn replace(&self, authority: Authority, surroundings: Surroundings) {
        let next = Self::of(authority, surroundings);
        self.authority.store(next.authority());
        self.routes.store(next.routes.load_full());
    }
}

/// Reads the configuration again whenever somebody asks for it.
pub(crate) struct Reload {
    read: Box<dyn Fn() -> Result<Config, Failure> + Send>,
    in_force: Values,
    foundation: Foundation,
    current: Arc<Current>,
}

impl Reload {
    /// A reload of what `read` returns, for a server that was started with `in_force`.
    pub(crate) fn new(
        read: impl Fn() -> Result<Config, Failure> + Send + 'static,
        in_force: Values,
        foundation: Foundation,
        current: Arc<Current>,
    ) -> Self {
        Self {
            read: Box::new(read),
            in_force,
            foundation,
            current,
        }
    }

    /// Reloads at every SIGHUP. Runs until it is dropped, which is safe at any moment.
    pub(crate) async fn at_every(mut self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            if let Err(failure) = self.reload().await {
                tracing::error!(
                    error = failure.in_words(),
                    "the configuration cannot be put in force: everything stays as it was"
                );
            }
        }
    }

    async fn reload(&mut self) -> Result<(), Failure> {
        let config = (self.read)()?;
        if let Some(warnings) = config.render_warnings(&Renderer::plain()) {
            tracing::warn!("{warnings}");
        }
        let wanted = Values::of(&config);
        let surroundings = Surroundings::of(&config);
        let authority = self.foundation.authority(config).await?;
        authority.check_ready().await.map_err(Failure::of)?;
        self.current.replace(authority, surroundings);
        self.in_force.report_and_take(wanted);
        tracing::info!("the configuration was read again, and is in force");
        Ok(())
    }
}

/// The value of every setting, in the form in which it may be shown.
pub(crate) struct Values {
    shown: BTreeMap<&'static str, Option<String>>,
    /// A secret has no form in which it may be shown, but its key has a name.
    signing_key: Option<KeyId>,
}

impl Values {
    /// The values of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let shown = SETTINGS
            .iter()
            .map(|setting| (setting.name, setting.effective(config)));
        Self {
            shown: shown.collect(),
            signing_key: match &config.signing_key {
                SigningKeySource::Configured(key) => Some(key.key_id().clone()),
                SigningKeySource::Stored(_) => None,
            },
        }
    }

    /// Says of every setting that was changed what becomes of it, and takes what is in force now.
    fn report_and_take(&mut self, wanted: Self) {
        for (setting, value) in wanted.shown {
            let before = self.shown.get(setting).cloned().flatten();
            if before == value {
                continue;
            }
            let (was, is) = (before.as_deref(), value.as_deref());
            if NEED_RESTART.contains(&setting) {
                tracing::warn!(
                    setting,
                    in_force = was,
                    wanted = is,
                    "this setting needs a restart: the old value stays in force until then"
                );
            } else {
                tracing::info!(setting, was, is, "a setting was changed");
                self.shown.insert(setting, value);
            }
        }
        if self.signing_key != wanted.signing_key {
            tracing::info!("the signing key of the configuration is another one now");
            self.signing_key = wanted.signing_key;
        }
    }
}

/// What a running server stands on. Everything else is put in force.
const NEED_RESTART: [&str; 3] = ["keys.master_key_file", "server.bind", "store.url"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_restart_are_settings() {
        for name in NEED_RESTART {
            assert!(
                SETTINGS.iter().any(|setting| setting.name == name),
                "{name}"
            );
        }
    }
}
