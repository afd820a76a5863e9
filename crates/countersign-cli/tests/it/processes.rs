//! Two processes on one store: whatever one of them commits, the other one goes by.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::client::{Client, PASSWORD};
use crate::http::Answer;
use crate::program::{Place, Server};

const MODERN: &str = "preset = \"modern\"\n";
const NO_GRACE: &str = "preset = \"modern\"\nrotation.reuse_grace = \"0s\"\n";
const ROTATING_SIMPLEJWT: &str = "preset = \"simplejwt\"\n\
    jwt.signing_key = \"kU3vXq8wPz1RtY6mNb4cDf7gHj9sLaEe0iOoWxZq2T5y\"\n\
    jwt.rotate_refresh_tokens = true\njwt.blacklist_after_rotation = true\n";

/// Two servers on two ports, on one store.
struct Pair {
    servers: [Server; 2],
    _place: Place,
}

impl Pair {
    fn start(settings: &str) -> Self {
        let place = Place::migrated(settings);
        place.user("alice", PASSWORD);
        Self {
            servers: [place.serve(&["serve"]), place.serve(&["serve"])],
            _place: place,
        }
    }

    fn addresses(&mut self) -> [SocketAddr; 2] {
        self.servers.each_mut().map(Server::address)
    }

    fn client(&mut self, server: usize) -> Client {
        Client::connect(self.addresses()[server])
    }

    /// One token, presented fifty times at the same moment, to each process as often as to the other.
    fn refresh_fifty_times(&mut self, token: &str) -> Vec<Answer> {
        let addresses = self.addresses();
        let start = Barrier::new(50);
        thread::scope(|scope| {
            let tries: Vec<_> = (0..50)
                .map(|number| {
                    let start = &start;
                    scope.spawn(move || {
                        let mut client = Client::connect(addresses[number % 2]);
                        start.wait();
                        client.refresh(token)
                    })
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        })
    }
}

#[test]
fn fifty_refreshes_of_one_token_at_two_processes_share_one_successor() {
    let mut pair = Pair::start(MODERN);
    let mut token = pair.client(0).login("alice").text("refresh");
    for round in 0..3 {
        let answers = pair.refresh_fifty_times(&token);
        for answer in &answers {
            assert_eq!(answer.status, 200, "round {round}: {answer:?}");
        }
        let successors: HashSet<_> = answers.iter().map(Answer::refresh_id).collect();
        assert_eq!(successors.len(), 1, "round {round}");
        let replayed = |answer: &&Answer| answer.header("countersign-refresh") == "replayed";
        assert_eq!(answers.iter().filter(replayed).count(), 49);
        token = answers[0].text("refresh");
    }
}

#[test]
fn without_a_grace_exactly_one_of_fifty_refreshes_at_two_processes_is_answered() {
    for settings in [NO_GRACE, ROTATING_SIMPLEJWT] {
        let mut pair = Pair::start(settings);
        let token = pair.client(0).login("alice").text("refresh");
        let answers = pair.refresh_fifty_times(&token);
        let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 200);
        assert_eq!(good.len(), 1, "{settings}");
        for answer in bad {
            let told = (answer.status, answer.text("detail"));
            assert_eq!(told, (401, "Token is blacklisted".to_owned()), "{settings}");
        }
        // With detection the other presentations were reuse, and the successor is dead at both; without, it lives.
        let successor = good[0].text("refresh");
        let expected = if settings == NO_GRACE { 401 } else { 200 };
        assert_eq!(pair.client(1).refresh(&successor).status, expected);
    }
}

#[test]
fn what_one_process_ends_the_other_one_refuses() {
    let mut pair = Pair::start(MODERN);
    let [mut first, mut second] = [pair.client(0), pair.client(1)];
    for turn in 0..20 {
        let opened = first.login("alice");
        let next = second.refresh(&opened.text("refresh"));
        assert_eq!(second.me(&next.text("access")), 200, "turn {turn}");
        // With the old token: whoever lost an answer holds no other.
        let given_back = json!({ "refresh": opened.text("refresh") });
        let ended = first.post("/api/token/blacklist/", &given_back);
        assert_eq!(ended.status, 200, "turn {turn}: {ended:?}");
        assert_eq!(second.refresh(&next.text("refresh")).status, 401);
        assert_eq!(first.me(&next.text("access")), 401, "turn {turn}");
    }
}
