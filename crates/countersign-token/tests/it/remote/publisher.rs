//! A publisher of key sets that answers as it is told, well or badly, and counts how often it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// What a publisher answers.
#[derive(Clone)]
pub(super) struct Answer {
    head: String,
    body: Vec<u8>,
    form: Form,
    waits: bool,
}

#[derive(Clone, Copy)]
enum Form {
    WithLength,
    Chunked,
    Endless,
    /// Half of the body, and then the end of the connection.
    CutOff,
    /// Half of the body, and then nothing.
    CutOffOpen,
}

impl Answer {
    pub(super) fn json(body: &str) -> Self {
        Self::bytes(body.as_bytes().to_vec())
    }

    pub(super) fn bytes(body: Vec<u8>) -> Self {
        Self {
            head: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n".to_owned(),
            body,
            form: Form::WithLength,
            waits: false,
        }
    }

    pub(super) fn status(status: u16) -> Self {
        Self {
            head: format!("HTTP/1.1 {status} No\r\n"),
            ..Self::json("")
        }
    }

    pub(super) fn redirect(status: u16, location: &str) -> Self {
        Self {
            head: format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n"),
            ..Self::json("")
        }
    }

    pub(super) fn endless() -> Self {
        Self {
            form: Form::Endless,
            ..Self::json("")
        }
    }

    /// The same without a length field.
    pub(super) fn in_chunks(self) -> Self {
        Self {
            form: Form::Chunked,
            ..self
        }
    }

    pub(super) fn cut_off(self) -> Self {
        Self {
            form: Form::CutOff,
            ..self
        }
    }

    pub(super) fn cut_off_open(self) -> Self {
        Self {
            form: Form::CutOffOpen,
            ..self
        }
    }

    /// The same, once [`Publisher::release`] allows for it.
    pub(super) fn when_released(self) -> Self {
        Self {
            waits: true,
            ..self
        }
    }

    /// An error is a client that has seen enough.
    async fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let half = self.body.get(..self.body.len() / 2).unwrap_or_default();
        let length = format!("Content-Length: {}\r\n", self.body.len());
        let (fields, body) = match self.form {
            Form::WithLength => (length, self.body.as_slice()),
            Form::CutOff | Form::CutOffOpen => (length, half),
            Form::Chunked | Form::Endless => ("Transfer-Encoding: chunked\r\n".to_owned(), &[][..]),
        };
        let head = format!("{}{fields}Connection: close\r\n\r\n", self.head);
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        match self.form {
            Form::WithLength | Form::CutOff => {}
            Form::CutOffOpen => std::future::pending().await,
            Form::Chunked => {
                for piece in self.body.chunks(1_000) {
                    send_chunk(stream, piece).await?;
                }
                stream.write_all(b"0\r\n\r\n").await?;
            }
            Form::Endless => loop {
                send_chunk(stream, &[b' '; 1_000]).await?;
            },
        }
        Ok(())
    }
}

async fn send_chunk(stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
    let size = format!("{:x}\r\n", piece.len());
    stream.write_all(size.as_bytes()).await?;
    stream.write_all(piece).await?;
    stream.write_all(b"\r\n").await
}

/// An HTTP server on loopback, until it is dropped.
pub(super) struct Publisher {
    state: Arc<State>,
    url: String,
    server: JoinHandle<()>,
}

struct State {
    answer: Mutex<Answer>,
    fetches: AtomicUsize,
    asked: Notify,
    released: Semaphore,
}

impl Publisher {
    pub(super) async fn of(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/keys.json", listener.local_addr().unwrap());
        let state = Arc::new(State {
            answer: Mutex::new(answer),
            fetches: AtomicUsize::new(0),
            asked: Notify::new(),
            released: Semaphore::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { state, url, server }
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// What it answers from now on.
    pub(super) fn answer(&self, answer: Answer) {
        *self.state.answer.lock().unwrap() = answer;
    }

    /// How often it was asked for the set.
    pub(super) fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }

    /// Waits until it is asked.
    pub(super) async fn asked(&self) {
        self.state.asked.notified().await;
    }

    /// Lets one answer go that waits.
    pub(super) fn release(&self) {
        self.state.released.add_permits(1);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(converse(stream, Arc::clone(&state)));
    }
}

async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mut start = [0; REQUEST.len()];
    if stream.read_exact(&mut start).await.is_err() || start != *REQUEST {
        return;
    }
    let mut rest = Vec::new();
    while !rest.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => rest.push(byte),
            Err(_) => return,
        }
    }
    let answer = state.answer.lock().unwrap().clone();
    state.fetches.fetch_add(1, Ordering::SeqCst);
    if answer.waits {
        state.asked.notify_one();
        state.released.acquire().await.unwrap().forget();
    }
    let _ = answer.send(&mut stream).await;
}

const REQUEST: &[u8; 25] = b"GET /keys.json HTTP/1.1\r\n";
