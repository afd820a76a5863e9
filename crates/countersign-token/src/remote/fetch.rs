//! One fetch over HTTP, bounded in every way.

use std::error::Error;
use std::iter;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Client, Response, StatusCode, redirect};

use super::RemoteLimits;
use super::url::KeySetUrl;

/// A client for one address.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    url: KeySetUrl,
    most_bytes: usize,
}

/// There can be no client.
#[derive(Debug, thiserror::Error)]
#[error("there can be no HTTPS client")]
pub struct SetupError {
    source: Box<dyn Error + Send + Sync>,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The issuer cannot be reached, its certificate is not trusted, or what it sends is no HTTP.
    #[error("the issuer did not answer")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It took too long.
    #[error("the answer took too long")]
    TooSlow,
    /// The answer points elsewhere, which is never followed.
    #[error("the answer is a redirect (status {0}), and none is followed: name the final address")]
    Redirect(u16),
    /// The answer is not a success.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// There are more bytes than a key set may have.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The bytes are no text.
    #[error("the answer is not UTF-8")]
    NotUtf8,
}

impl Fetcher {
    pub(super) fn new(url: KeySetUrl, limits: &RemoteLimits) -> Result<Self, SetupError> {
        let builder = Client::builder()
            .timeout(limits.fetch_time)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // Minutes pass between two fetches: no connection is kept for the next one.
            .pool_max_idle_per_host(0);
        let builder = if url.is_https() {
            builder.https_only(true)
        } else {
            // On loopback nothing is encrypted: the client must not fail for want of CA certificates.
            builder.tls_certs_only(iter::empty())
        };
        let client = builder.build().map_err(|error| SetupError {
            source: Box::new(error),
        })?;
        Ok(Self {
            client,
            url,
            most_bytes: limits.bytes,
        })
    }

    pub(super) fn url(&self) -> &KeySetUrl {
        &self.url
    }

    /// The text at the address.
    pub(super) async fn fetch(&self) -> Result<String, FetchError> {
        let request = self.client.get(self.url.url().clone());
        let json = HeaderValue::from_static("application/json");
        let answer = request.header(ACCEPT, json).send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(FetchError::Redirect(status.as_u16()));
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status(status.as_u16()));
        }
        String::from_utf8(self.body(answer).await?).map_err(|_| FetchError::NotUtf8)
    }

    /// Piece by piece: what a length field promises need not be true.
    async fn body(&self, mut answer: Response) -> Result<Vec<u8>, FetchError> {
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if piece.len() > self.most_bytes.saturating_sub(body.len()) {
                return Err(FetchError::TooLarge(self.most_bytes));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn failed(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TooSlow;
    }
    FetchError::Unreachable(Box::new(error.without_url()))
}
