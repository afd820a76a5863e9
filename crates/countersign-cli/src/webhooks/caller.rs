//! One request to a service, signed, and its answer, bounded in time and size.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use countersign::clock::Clock;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url, header};

use super::message::Message;
use crate::config::Secret;

/// Sends messages.
pub(super) struct Caller {
    client: Client,
    key: hmac::Key,
    clock: Arc<dyn Clock>,
}

/// What a service answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Caller {
    /// Whoever answers a redirect answers nothing: the message goes where the operator said. So does it without a
    /// proxy, whatever the environment says.
    pub(super) fn new(
        secret: &Secret,
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .user_agent("countersign")
            .build()?;
        Ok(Self {
            client,
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()),
            clock,
        })
    }

    /// Sends a message and reads the answer, all of it within the time that was set.
    pub(super) async fn post(&self, url: &Url, message: &Message) -> Result<Answer, CallError> {
        let sent = self
            .client
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(SIGNATURE, self.signature(message.body()))
            .body(message.body().to_owned())
            .send()
            .await;
        let response = sent.map_err(CallError::of)?;
        let status = response.status();
        let body = read(response).await?;
        Ok(Answer { status, body })
    }

    /// The header that proves who sent a body, and when: a time-stamp, and an HMAC over it and the body.
    fn signature(&self, body: &str) -> String {
        let at = self.clock.now().timestamp().seconds();
        let tag = hmac::sign(&self.key, format!("{at}.{body}").as_bytes());
        let mut text = format!("t={at},v1=");
        for byte in tag.as_ref() {
            // Writing to a `String` never fails.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Reads a body as long as it is short enough.
async fn read(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::of)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(CallError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("the service could not be asked")]
    Failed(#[source] reqwest::Error),
    #[error("the service took too long")]
    TimedOut,
    #[error("the answer is longer than {MOST_BYTES} bytes")]
    TooLong,
}

impl CallError {
    /// The address is left out: it may carry a password of the receiver's.
    fn of(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Failed(error.without_url())
        }
    }
}

const SIGNATURE: &str = "countersign-signature";

/// The longest answer that is read.
const MOST_BYTES: usize = 64 * 1024;
