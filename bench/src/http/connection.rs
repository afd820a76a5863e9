//! As much of HTTP/1.1 as a client on loopback needs: one connection, kept alive, replies with a length.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    /// The reply, head and body; reused.
    reply: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            reply: Vec::new(),
        })
    }

    /// Sends a request and reads the whole reply: its status and its body.
    ///
    /// # Errors
    /// If the connection breaks, or the reply has no length.
    ///
    /// # Panics
    /// Never: what is sliced was found.
    pub fn ask(&mut self, request: &str) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request.as_bytes())?;
        self.reply.clear();
        let body = loop {
            self.receive()?;
            if let Some(end) = find(&self.reply, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = str::from_utf8(&self.reply[..body]).map_err(io::Error::other)?;
        let status = status(head).ok_or_else(|| io::Error::other("no status line"))?;
        let end =
            body + length(head).ok_or_else(|| io::Error::other("a reply without a length"))?;
        while self.reply.len() < end {
            self.receive()?;
        }
        Ok((status, &self.reply[body..end]))
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut room = [0; 4096];
        match self.stream.read(&mut room)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.reply.extend_from_slice(&room[..count]);
                Ok(())
            }
        }
    }
}

/// `GET`, with an access token if there is one.
pub fn get(path: &str, access: Option<&str>) -> String {
    let authorization = access.map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n{authorization}\r\n")
}

/// `POST` of a JSON text.
pub fn post(path: &str, json: &str) -> String {
    let length = json.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
    )
}

fn status(head: &str) -> Option<u16> {
    head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if !name.eq_ignore_ascii_case("content-length") {
            return None;
        }
        value.trim().parse().ok()
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// A reply that takes longer is an error of the measurement, not a figure.
const PATIENCE: Duration = Duration::from_secs(10);
