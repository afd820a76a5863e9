//! Another issuer's keys (`jwt.jwk_url`), fetched over HTTPS for the authority, and what the log says of that.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign::keys::IssuerKeys;
use countersign_token::remote::{Fetched, KeySetUrl, RemoteKeySet, RemoteLimits};
use countersign_token::{Algorithm, KeyId, KeySet};

use crate::failure::Failure;

/// The keys that an issuer publishes for one algorithm.
#[derive(Debug)]
pub(crate) struct PublishedKeys {
    url: KeySetUrl,
    algorithm: Algorithm,
    keys: RemoteKeySet,
}

impl PublishedKeys {
    /// Keys that are fetched when the first token needs them.
    ///
    /// # Errors
    /// [`Failure`] if there can be no client.
    pub(crate) fn at(url: &KeySetUrl, algorithm: Algorithm) -> Result<Self, Failure> {
        let shown = url.to_string();
        let report = move |fetched: &Fetched| log(fetched, &shown);
        let keys = RemoteKeySet::new(url.clone(), &[algorithm], RemoteLimits::default(), report);
        let keys = keys.map_err(|error| {
            Failure::of(error).help(
                "install the system's CA certificates: the package is called `ca-certificates`",
            )
        })?;
        Ok(Self {
            url: url.clone(),
            algorithm,
            keys,
        })
    }

    /// Whether these are the keys for that algorithm at that address.
    pub(crate) fn are_at(&self, url: &KeySetUrl, algorithm: Algorithm) -> bool {
        self.url == *url && self.algorithm == algorithm
    }
}

#[async_trait]
impl IssuerKeys for PublishedKeys {
    async fn keys(&self, elapsed: Duration) -> Arc<KeySet> {
        self.keys.keys(elapsed).await
    }

    async fn keys_naming(&self, key_id: &KeyId, elapsed: Duration) -> Arc<KeySet> {
        self.keys.keys_naming(key_id.as_str(), elapsed).await
    }
}

fn log(fetched: &Fetched, url: &str) {
    match fetched {
        Fetched::Renewed { keys: 0 } => tracing::warn!(
            jwk_url = url,
            "the issuer publishes no key for `jwt.algorithm`: its tokens are refused"
        ),
        Fetched::Renewed { keys } => {
            tracing::debug!(
                jwk_url = url,
                keys.count = keys,
                "fetched the issuer's keys"
            );
        }
        Fetched::Failed { error, age } => tracing::warn!(
            jwk_url = url,
            error = causes(error),
            keys.age_seconds = age.map(|age| age.as_secs()),
            "{}",
            match age {
                Some(_) => "the issuer's keys could not be fetched: the last ones go on to count",
                None => "the issuer's keys could not be fetched: its tokens are refused",
            }
        ),
        _ => {}
    }
}

/// An error with everything that it comes from.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
