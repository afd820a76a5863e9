//! What a crash must not change: everything acknowledged is there, and nothing spent can be spent again.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Client, PASSWORD};
use crate::http::Answer;
use crate::program::{Place, Server};

const ROTATING_SIMPLEJWT: &str = "preset = \"simplejwt\"\n\
    jwt.signing_key = \"kU3vXq8wPz1RtY6mNb4cDf7gHj9sLaEe0iOoWxZq2T5y\"\n\
    jwt.rotate_refresh_tokens = true\njwt.blacklist_after_rotation = true\n";
const MODERN: &str = "preset = \"modern\"\n";
const CLIENTS: usize = 16;

fn place(settings: &str) -> Place {
    let place = Place::migrated(settings);
    place.user("alice", PASSWORD);
    place
}

/// Every refresh token that one client was given before the crash, in order. The server may have carried out one
/// more request, whose answer was lost.
type Chain = Vec<String>;

/// Signs in, waits for the others, and rotates as fast as the server answers, until the connection breaks.
fn rotate_until_it_breaks(
    address: SocketAddr,
    signed_in: &Barrier,
    answered: &AtomicUsize,
) -> Chain {
    let mut client = Client::connect(address);
    let mut chain = vec![client.login("alice").text("refresh")];
    signed_in.wait();
    while let Some(reply) = client.try_refresh(chain.last().unwrap()) {
        assert_eq!(reply.status, 200, "{reply:?}");
        chain.push(reply.text("refresh"));
        answered.fetch_add(1, Ordering::Relaxed);
    }
    chain
}

/// Sixteen clients at full speed, and SIGKILL once so many rotations were answered: between any two instructions,
/// with requests of all clients in flight.
fn crash_after(place: &Place, rotations: usize) -> Vec<Chain> {
    let mut server = place.serve(&["serve"]);
    let address = server.address();
    let (signed_in, answered) = (Barrier::new(CLIENTS), AtomicUsize::new(0));
    let deadline = Instant::now() + Duration::from_mins(1);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| rotate_until_it_breaks(address, &signed_in, &answered)))
            .collect();
        while answered.load(Ordering::Relaxed) < rotations {
            assert!(
                Instant::now() < deadline,
                "too slow to be killed in the middle"
            );
            thread::yield_now();
        }
        server.kill();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    })
}

/// Under SimpleJWT's rules nothing ends by reuse, so every token of every chain can be tried.
#[test]
fn after_kill_9_every_acknowledged_rotation_is_there_and_nothing_spends_twice() {
    let place = place(ROTATING_SIMPLEJWT);
    for rotations in [1, 97, 400] {
        let chains = crash_after(&place, rotations);
        let mut server = place.serve(&["serve"]);
        let mut client = Client::connect(server.address());
        for chain in &chains {
            let (last, spent) = chain.split_last().unwrap();
            for token in spent {
                assert_blacklisted(&client.refresh(token));
            }
            // Spent if the last request was carried out without an answer, and only then. Never twice.
            let answers = [client.refresh(last).status, client.refresh(last).status];
            assert!(matches!(answers, [200 | 401, 401]), "{answers:?}");
        }
        let (code, log) = server.stop();
        assert_eq!(code, Some(0), "{log:?}");
        assert_whole(&place);
    }
}

/// Under the modern rules the client whose answer was lost asks again, and is not logged out.
#[test]
fn after_kill_9_a_lost_answer_is_given_again_within_the_grace() {
    let place = place(&format!("{MODERN}rotation.reuse_grace = \"10m\"\n"));
    let chains = crash_after(&place, 50);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for chain in &chains {
        let answers = [0, 1].map(|_| client.refresh(chain.last().unwrap()));
        assert_eq!(answers[0].status, 200, "{answers:?}");
        assert_eq!(answers[0].refresh_id(), answers[1].refresh_id());
    }
}

#[test]
fn fifty_parallel_refreshes_mint_exactly_one_successor() {
    for (settings, accepted) in [(MODERN, 50), (ROTATING_SIMPLEJWT, 1)] {
        let place = place(settings);
        let mut server = place.serve(&["serve"]);
        let replies = refresh_in_parallel(&mut server, 50);
        let (good, bad): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
        assert_eq!(good.len(), accepted, "{settings}");
        let successors: HashSet<_> = good.iter().map(|reply| reply.refresh_id()).collect();
        assert_eq!(successors.len(), 1, "{settings}");
        bad.into_iter().for_each(assert_blacklisted);
    }
}

fn refresh_in_parallel(server: &mut Server, count: usize) -> Vec<Answer> {
    let address = server.address();
    let token = Client::connect(address).login("alice").text("refresh");
    let start = Arc::new(Barrier::new(count));
    let tries: Vec<_> = (0..count)
        .map(|_| {
            let (token, start) = (token.clone(), Arc::clone(&start));
            thread::spawn(move || {
                let mut client = Client::connect(address);
                start.wait();
                client.refresh(&token)
            })
        })
        .collect();
    tries
        .into_iter()
        .map(|attempt| attempt.join().unwrap())
        .collect()
}

#[test]
fn sigterm_under_load_cuts_off_no_request() {
    let place = place(MODERN);
    let mut server = place.serve(&["serve"]);
    let address = server.address();
    let (signed_in, answered) = (Barrier::new(1), AtomicUsize::new(0));
    let chain = thread::scope(|scope| {
        let client = scope.spawn(|| rotate_until_it_breaks(address, &signed_in, &answered));
        while answered.load(Ordering::Relaxed) < 20 {
            thread::yield_now();
        }
        let (code, log) = server.stop();
        assert_eq!(code, Some(0), "{log:?}");
        client.join().unwrap()
    });
    let mut server = place.serve(&["serve"]);
    let reply = Client::connect(server.address()).refresh(chain.last().unwrap());
    assert_eq!(
        (reply.status, reply.header("countersign-refresh")),
        (200, ""),
        "nothing was cut off"
    );
    assert_whole(&place);
}

fn assert_blacklisted(reply: &Answer) {
    let told = (reply.status, reply.text("detail"));
    assert_eq!(told, (401, "Token is blacklisted".to_owned()));
}

/// The database opens without repair, and SQLite finds nothing wrong in it.
fn assert_whole(place: &Place) {
    let connection = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}
