//! As much of an HTTP client as the tests need: one request, one answer, one connection.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A request to be sent.
pub(crate) struct Request {
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            head: format!("GET {path} HTTP/1.1\r\nHost: id.example\r\nConnection: close\r\n"),
            body: String::new(),
        }
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::post_text(path, &body.to_string())
    }

    /// Posts a text that is JSON already.
    pub(crate) fn post_text(path: &str, body: &str) -> Self {
        let length = body.len();
        Self {
            head: format!(
                "POST {path} HTTP/1.1\r\nHost: id.example\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n"
            ),
            body: body.to_owned(),
        }
    }

    /// The same request with another method.
    pub(crate) fn named(mut self, method: &str) -> Self {
        let rest = self.head.find(' ').unwrap();
        self.head.replace_range(..rest, method);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn send(&self, address: SocketAddr) -> Answer {
        let mut stream = connect(address);
        let text = format!("{}\r\n{}", self.head, self.body);
        // A server that refuses a head need not read it to its end.
        let _ = stream.write_all(text.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::parse(&String::from_utf8(answer).unwrap())
    }
}

/// A connection that does not wait for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.parse().unwrap(),
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
