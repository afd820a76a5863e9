//! A client that keeps its connection, for tests with many requests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::{Answer, connect};

/// What every user of these tests signs in with.
pub(crate) const PASSWORD: &str = "correct horse 9 battery";

/// One keep-alive connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = connect(address);
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn login(&mut self, username: &str) -> Answer {
        self.post(
            "/api/token/",
            &json!({ "username": username, "password": PASSWORD }),
        )
    }

    pub(crate) fn refresh(&mut self, token: &str) -> Answer {
        self.try_refresh(token).expect("the server answers")
    }

    /// `None` if the connection broke before a whole answer came.
    pub(crate) fn try_refresh(&mut self, token: &str) -> Option<Answer> {
        self.try_post("/api/token/refresh/", &json!({ "refresh": token }))
    }

    /// The status of a protected resource.
    pub(crate) fn me(&mut self, access: &str) -> u16 {
        self.get("/api/me/", access).status
    }

    pub(crate) fn get(&mut self, path: &str, access: &str) -> Answer {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: id.example\r\nAuthorization: Bearer {access}\r\n\r\n"
        );
        self.exchange(&head).expect("the server answers")
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).expect("the server answers")
    }

    fn try_post(&mut self, path: &str, body: &Value) -> Option<Answer> {
        let body = body.to_string();
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: id.example\r\nUser-Agent: test\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn exchange(&mut self, request: &str) -> Option<Answer> {
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut text).ok()? == 0 {
                return None;
            }
        }
        let length = Answer::parse(&text)
            .header("content-length")
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        text.push_str(&String::from_utf8(body).unwrap());
        Some(Answer::parse(&text))
    }
}

impl Answer {
    /// A header; empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// A text field of the body.
    pub(crate) fn text(&self, name: &str) -> String {
        let body = self.json();
        body[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    /// The id of the refresh token in the body.
    pub(crate) fn refresh_id(&self) -> String {
        let token = self.text("refresh");
        let claims = URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        claims["jti"].as_str().unwrap().to_owned()
    }
}
