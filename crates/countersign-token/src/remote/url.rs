//! Where a key set is published, and which places are trusted to publish one.

use std::fmt;

use reqwest::Url;

/// The address of a key set: HTTPS, or HTTP on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetUrl {
    url: Url,
}

/// Why an address is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetUrlError {
    /// It is no complete URL.
    #[error("it is not a complete URL")]
    NotUrl,
    /// Neither `https` nor `http`.
    #[error("only https is understood")]
    Scheme,
    /// Whoever stands between us and a host elsewhere could put keys of their own into plain HTTP.
    #[error("http is for loopback addresses only: anybody on the way could replace the keys")]
    PlainHttp,
    /// Addresses are shown and logged, and secrets are not.
    #[error("it must not hold a user name or a password")]
    Credentials,
}

impl KeySetUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`KeySetUrlError`] says what it must not be.
    pub fn parse(text: &str) -> Result<Self, KeySetUrlError> {
        let url = Url::parse(text).map_err(|_| KeySetUrlError::NotUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(KeySetUrlError::Credentials);
        }
        match url.scheme() {
            "https" => Ok(Self { url }),
            "http" if is_loopback(&url) => Ok(Self { url }),
            "http" => Err(KeySetUrlError::PlainHttp),
            _ => Err(KeySetUrlError::Scheme),
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for KeySetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// By what is written, not by what a name server says: `localhost` is no name to ask for (RFC 6761 §6.3).
fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_accepted() {
        for text in [
            "https://id.example/keys",
            "https://id.example:8443/a/b.json?tenant=1",
            "http://127.0.0.1:8000/.well-known/jwks.json",
            "http://127.9.9.9/",
            "http://[::1]:8000/keys",
            "http://localhost:8000/keys",
            "http://LOCALHOST/keys",
        ] {
            assert!(KeySetUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        use KeySetUrlError::{Credentials, NotUrl, PlainHttp, Scheme};
        for (text, expected) in [
            ("", NotUrl),
            ("id.example/keys", NotUrl),
            ("/keys", NotUrl),
            ("https://", NotUrl),
            ("ftp://id.example/keys", Scheme),
            ("file:///etc/keys.json", Scheme),
            ("data:application/json,{}", Scheme),
            ("http://id.example/keys", PlainHttp),
            ("http://10.0.0.1/keys", PlainHttp),
            ("http://0.0.0.0/keys", PlainHttp),
            ("http://[::]/keys", PlainHttp),
            ("http://127.0.0.1.example/keys", PlainHttp),
            ("http://localhost.example/keys", PlainHttp),
            ("http://127.0.0.1@id.example/keys", Credentials),
            ("https://me:pw@id.example/keys", Credentials),
        ] {
            assert_eq!(KeySetUrl::parse(text), Err(expected), "{text}");
        }
    }
}
