//! The server: accepts connections, bounds them, and ends them in an orderly way.
//!
//! Limits of the request head are here, because only hyper sees it being read; limits of whole requests and
//! bodies belong to the layers of `countersign-axum`. TLS and HTTP/2 belong to the proxy in front.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use countersign_axum::ClientAddress;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

use crate::failure::Failure;
use crate::impatient::Impatient;

/// How many connections are served at once. Further ones wait in the kernel's queue.
const MOST_CONNECTIONS: u32 = 4_096;

/// How long requests in progress may take once the server is asked to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// How long a request head may take; it also ends connections that rest.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long a client may leave its answer unread, without taking a single byte of it.
const STALL_TIME: Duration = Duration::from_secs(30);

/// The longest request head, in bytes.
const HEAD_BYTES: usize = 32 * 1024;

/// The most header fields of a request.
const HEAD_FIELDS: usize = 100;

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds the address that a server listens on. `remedy` names the setting or option for it.
///
/// # Errors
/// [`Failure`] if it is taken or not ours.
pub(crate) async fn bind(address: SocketAddr, remedy: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::of(
            anyhow::Error::new(error).context(format!("the server cannot listen on {address}")),
        )
        .help(format!("choose another address with {remedy}"))
    })
}

/// Resolves when the process is asked to stop, by SIGTERM or SIGINT.
///
/// # Errors
/// [`Failure`] if the signals cannot be waited for.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::of)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::of)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The SIGHUPs from now on. Until this is called the first one ends the process.
///
/// # Errors
/// [`Failure`] if they cannot be waited for.
pub(crate) fn hangups() -> Result<Signal, Failure> {
    signal(SignalKind::hangup()).map_err(Failure::of)
}

/// Serves until `stop` resolves, then finishes the requests in progress. Each request takes the routes of the moment.
pub(crate) async fn run(
    listener: TcpListener,
    routes: Arc<ArcSwap<Router>>,
    stop: impl Future<Output = ()>,
) {
    let server = Arc::new(Server::new(routes, STALL_TIME));
    let (stopping, _) = watch::channel(false);
    tokio::select! {
        () = accept(&server, &listener, &stopping) => {}
        () = stop => {}
    }
    drop(listener);
    tracing::info!("stopping: no new connections, finishing requests");
    stopping.send_replace(true);
    if timeout(DRAIN_TIME, server.drained()).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
}

struct Server {
    routes: Arc<ArcSwap<Router>>,
    http: http1::Builder,
    stall_time: Duration,
    /// One permit per connection: bounds them, and tells when the last one is gone.
    room: Arc<Semaphore>,
}

impl Server {
    fn new(routes: Arc<ArcSwap<Router>>, stall_time: Duration) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_headers(HEAD_FIELDS)
            .max_header_size(HEAD_BYTES)
            .max_buf_size(HEAD_BYTES);
        let room = usize::try_from(MOST_CONNECTIONS).unwrap_or(usize::MAX);
        Self {
            routes,
            http,
            stall_time,
            room: Arc::new(Semaphore::new(room)),
        }
    }

    async fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        mut stopping: watch::Receiver<bool>,
    ) {
        let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ClientAddress(peer.ip()));
            let router = Router::clone(&self.routes.load());
            router.oneshot(request.map(Body::new))
        });
        let stream = TokioIo::new(Impatient::new(stream, self.stall_time));
        let mut connection = std::pin::pin!(self.http.serve_connection(stream, service));
        // The guard that `wait_for` returns must not live across the next await.
        let asked_to_stop = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = asked_to_stop => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(client.ip = %peer.ip(), error = %error, "a connection ended early");
        }
    }

    async fn drained(&self) {
        // The semaphore is never closed, so there is no other outcome than all permits.
        drop(self.room.acquire_many(MOST_CONNECTIONS).await);
    }
}

async fn accept(server: &Arc<Server>, listener: &TcpListener, stopping: &watch::Sender<bool>) {
    loop {
        let Ok(permit) = Arc::clone(&server.room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => spawn(server, stream, peer, stopping.subscribe(), permit),
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The task is owned by its permit: [`Server::drained`] waits for all of them.
fn spawn(
    server: &Arc<Server>,
    stream: TcpStream,
    peer: SocketAddr,
    stopping: watch::Receiver<bool>,
    permit: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "TCP_NODELAY could not be set");
    }
    let server = Arc::clone(server);
    tokio::spawn(async move {
        server.serve(stream, peer, stopping).await;
        drop(permit);
    });
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use countersign::clock::{Clock, ManualClock};
    use countersign::keys::{KeyRing, SigningKeySource};
    use countersign::memory::MemoryStore;
    use countersign::random::SystemRandom;
    use countersign::secrets::MasterKey;
    use countersign::{Authority, Policy, Preset};
    use countersign_token::{Algorithm, UnixMillis};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    /// A client that has sent `request`, and the server's end of its connection.
    async fn connect(
        server: Server,
        request: &[u8],
    ) -> (TcpStream, impl Future<Output = ()> + use<>) {
        let listener = listen().await;
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        client.write_all(request).await.unwrap();
        let connection = async move {
            let (_stopping, receiver) = watch::channel(false);
            server.serve(stream, peer, receiver).await;
        };
        (client, connection)
    }

    async fn listen() -> TcpListener {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
    }

    /// Answers that are larger than what the kernel keeps for a client.
    fn talkative(stall_time: Duration) -> Server {
        let router = Router::new().fallback(async || vec![b'x'; ANSWER_BYTES]);
        over(router, stall_time)
    }

    fn over(router: Router, stall_time: Duration) -> Server {
        Server::new(Arc::new(ArcSwap::from_pointee(router)), stall_time)
    }

    /// The whole product, over the reference store.
    async fn authority() -> Server {
        let now = UnixMillis::from_seconds(1_893_456_000);
        let (store, source) = (
            MemoryStore::new(),
            SigningKeySource::Stored(Algorithm::Es256),
        );
        let master = || MasterKey::from_bytes([7; 32]);
        KeyRing::found(&store, &master(), &source, &SystemRandom, now)
            .await
            .unwrap();
        let keys = KeyRing::load(&store, master(), source).await.unwrap();
        let (store, clock) = (Arc::new(store), Arc::new(ManualClock::at(now)));
        let clock: Arc<dyn Clock> = clock;
        let policy = Policy::preset(Preset::Modern);
        let authority = Authority::new(policy, keys, store.clone(), store, clock).unwrap();
        over(countersign_axum::router(Arc::new(authority)), STALL_TIME)
    }

    /// Sends a byte every seven seconds until the connection is closed, and returns what came back.
    async fn drip(mut client: TcpStream, byte: u8) -> String {
        let mut answer = String::new();
        loop {
            tokio::select! {
                read = client.read_to_string(&mut answer) => {
                    read.unwrap();
                    return answer;
                }
                () = sleep(Duration::from_secs(7)) => client.write_all(&[byte]).await.unwrap(),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_in_drops_has_its_time_all_the_same() {
        let (client, connection) = connect(authority().await, b"GET /healthz HT").await;
        let begun = Instant::now();
        let connection = tokio::spawn(connection);
        drip(client, b'T').await;
        connection.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), HEAD_TIME.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_rests_is_closed() {
        let (mut client, connection) = connect(authority().await, REQUEST).await;
        let begun = Instant::now();
        let connection = tokio::spawn(connection);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        connection.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), HEAD_TIME.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_in_drops_is_given_up_and_its_connection_closed() {
        let head = b"POST /api/token/ HTTP/1.1\r\nHost: id.example\r\nContent-Length: 100\r\n\r\n";
        let (client, connection) = connect(authority().await, head).await;
        let begun = Instant::now();
        let connection = tokio::spawn(connection);
        let answer = drip(client, b' ').await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        connection.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[tokio::test]
    async fn connections_above_the_bound_wait_for_room() {
        let server = Arc::new(Server {
            room: Arc::new(Semaphore::new(1)),
            ..authority().await
        });
        let listener = listen().await;
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            let (stopping, _) = watch::channel(false);
            accept(&server, &listener, &stopping).await;
        });
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        assert_ne!(first.read(&mut [0; 4096]).await.unwrap(), 0);
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        let waiting = timeout(Duration::from_millis(100), second.readable()).await;
        assert!(waiting.is_err(), "it is served beside the first one");
        drop(first);
        assert_ne!(second.read(&mut [0; 4096]).await.unwrap(), 0);
        accepting.abort();
    }

    #[tokio::test]
    async fn a_client_that_never_reads_loses_its_connection() {
        let server = talkative(Duration::from_millis(100));
        let (_client, connection) = connect(server, &REQUEST.repeat(8)).await;
        timeout(Duration::from_secs(20), connection).await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_reads_slowly_gets_its_whole_answer() {
        let (mut client, connection) = connect(talkative(Duration::from_secs(2)), REQUEST).await;
        let connection = tokio::spawn(connection);
        let mut taken = 0;
        let mut piece = vec![0; ANSWER_BYTES / 32];
        while taken < ANSWER_BYTES {
            match client.read(&mut piece).await.unwrap() {
                0 => break,
                length => taken += length,
            }
            sleep(Duration::from_millis(50)).await;
        }
        assert!(taken >= ANSWER_BYTES, "cut off after {taken} bytes");
        drop(client);
        connection.await.unwrap();
    }

    const ANSWER_BYTES: usize = 16 * 1024 * 1024;
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: id.example\r\n\r\n";
}
