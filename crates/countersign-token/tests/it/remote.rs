//! Keys that somebody publishes over HTTP: how often they are fetched, and what is done with the answers.
//!
//! The publisher is real, on loopback; time is whatever a test says it is.

mod publisher;

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_token::remote::{Fetched, KeySetUrl, RemoteKeySet, RemoteLimits};
use countersign_token::{Algorithm, KeyId, KeySet, SigningKey};

use publisher::{Answer, Publisher};

/// A key set that follows a publisher, and what it reported.
struct Follower {
    set: RemoteKeySet,
    reports: Arc<Mutex<Vec<String>>>,
}

impl Follower {
    fn of(publisher: &Publisher) -> Self {
        Self::at(&publisher.url(), patient())
    }

    fn at(url: &str, limits: RemoteLimits) -> Self {
        let reports = Arc::<Mutex<Vec<String>>>::default();
        let told = Arc::clone(&reports);
        let report = move |fetched: &Fetched| told.lock().unwrap().push(in_words(fetched));
        let url = KeySetUrl::parse(url).unwrap();
        let set = RemoteKeySet::new(url, &[Algorithm::Es256], limits, report).unwrap();
        Self { set, reports }
    }

    async fn names(&self, seconds: u64) -> Vec<String> {
        names(self.set.keys(at(seconds)).await.as_ref())
    }

    async fn names_looking_for(&self, key_id: &str, seconds: u64) -> Vec<String> {
        names(self.set.keys_naming(key_id, at(seconds)).await.as_ref())
    }

    fn reports(&self) -> Vec<String> {
        std::mem::take(&mut self.reports.lock().unwrap())
    }

    /// Insists that one fetch was reported, and that this is what came of it.
    fn reported(&self, expected: &str) {
        let reports = self.reports();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains(expected), "{expected}: {reports:?}");
    }
}

#[tokio::test]
async fn a_set_is_fetched_once_and_kept_for_its_lifetime() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a", "b"]))).await;
    let follower = Follower::of(&publisher);
    assert_eq!(publisher.fetches(), 0, "not before somebody asks");
    for seconds in [10, 11, 309] {
        assert_eq!(follower.names(seconds).await, ["a", "b"]);
    }
    assert_eq!(publisher.fetches(), 1);
    follower.reported("renewed: 2 keys");
    publisher.answer(Answer::json(&set_of(&["c"])));
    assert_eq!(follower.names(310).await, ["c"]);
    assert_eq!(publisher.fetches(), 2);
}

#[tokio::test]
async fn the_same_keys_stay_the_same_value() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Follower::of(&publisher);
    let first = follower.set.keys(at(0)).await;
    let second = follower.set.keys(at(300)).await;
    assert_eq!(publisher.fetches(), 2);
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn a_key_that_the_publisher_adds_is_found_by_its_name() {
    let publisher = Publisher::of(Answer::json(&set_of(&["old"]))).await;
    let follower = Follower::of(&publisher);
    assert_eq!(follower.names(0).await, ["old"]);
    publisher.answer(Answer::json(&set_of(&["new", "next"])));
    assert_eq!(follower.names(1).await, ["old"]);
    assert_eq!(follower.names_looking_for("new", 1).await, ["new", "next"]);
    assert_eq!(publisher.fetches(), 2);
    assert_eq!(follower.names_looking_for("next", 2).await, ["new", "next"]);
    assert_eq!(publisher.fetches(), 2, "it is there already");
}

#[tokio::test]
async fn unknown_names_cause_one_fetch_per_cool_down() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Follower::of(&publisher);
    follower.names(0).await;
    for seconds in 1..=60 {
        let name = format!("nobody {seconds}");
        assert_eq!(follower.names_looking_for(&name, seconds).await, ["a"]);
    }
    assert_eq!(publisher.fetches(), 2);
    follower.names_looking_for("nobody", 61).await;
    assert_eq!(publisher.fetches(), 3);
}

#[tokio::test]
async fn an_unknown_name_is_not_looked_for_in_a_set_fetched_for_it() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Follower::of(&publisher);
    follower.names(7).await;
    follower.names_looking_for("nobody", 7).await;
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn all_who_ask_at_once_share_one_fetch() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"])).when_released()).await;
    let follower = Arc::new(Follower::of(&publisher));
    let mut askers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let follower = Arc::clone(&follower);
        askers.spawn(async move {
            if number % 2 == 0 {
                follower.names(0).await
            } else {
                follower.names_looking_for("a", 0).await
            }
        });
    }
    publisher.asked().await;
    publisher.release();
    for names in askers.join_all().await {
        assert_eq!(names, ["a"]);
    }
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_renewal_but_who_began_it() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Arc::new(Follower::of(&publisher));
    follower.names(0).await;
    publisher.answer(Answer::json(&set_of(&["b"])).when_released());
    let first = Arc::clone(&follower);
    let first = tokio::spawn(async move { first.names(300).await });
    publisher.asked().await;
    assert_eq!(follower.names(300).await, ["a"]);
    publisher.release();
    assert_eq!(first.await.unwrap(), ["b"]);
    assert_eq!(follower.names(300).await, ["b"]);
    assert_eq!(publisher.fetches(), 2);
}

#[tokio::test]
async fn an_asker_that_goes_away_does_not_take_the_answer_with_it() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"])).when_released()).await;
    let follower = Arc::new(Follower::of(&publisher));
    let asker = Arc::clone(&follower);
    let asker = tokio::spawn(async move { asker.names(0).await });
    publisher.asked().await;
    asker.abort();
    assert!(asker.await.unwrap_err().is_cancelled());
    publisher.release();
    assert_eq!(follower.names_looking_for("a", 0).await, ["a"]);
    assert_eq!(publisher.fetches(), 1);
}

#[tokio::test]
async fn the_last_good_set_outlives_failures_for_a_day() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Follower::of(&publisher);
    follower.names(0).await;
    follower.reported("renewed");
    publisher.answer(Answer::status(503));
    assert_eq!(follower.names(300).await, ["a"]);
    follower.reported("status 503; age 300 s");
    assert_eq!(follower.names(309).await, ["a"]);
    assert_eq!(publisher.fetches(), 2, "the pause between two failures");
    assert_eq!(follower.names_looking_for("b", 310).await, ["a"]);
    follower.reported("status 503; age 310 s");

    let day = 24 * 60 * 60;
    assert_eq!(follower.names(day - 1).await, ["a"]);
    follower.reported("age 86399 s");
    assert!(follower.names(day + 9).await.is_empty());
    follower.reported("status 503; no keys");

    publisher.answer(Answer::json(&set_of(&["b"])));
    assert_eq!(follower.names(day + 19).await, ["b"]);
}

#[tokio::test]
async fn a_publisher_that_is_gone_is_reported_and_asked_again_after_the_pause() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let url = publisher.url();
    drop(publisher);
    let follower = Follower::at(&url, patient());
    for seconds in [0, 9] {
        assert!(follower.names(seconds).await.is_empty());
    }
    follower.reported("the issuer did not answer");
    assert!(follower.names(10).await.is_empty());
    follower.reported("the issuer did not answer");
}

#[tokio::test]
async fn answers_that_are_no_set_leave_the_last_good_one() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Follower::of(&publisher);
    follower.names(0).await;
    follower.reported("renewed");
    let secret = r#"{"keys":[{"kty":"oct","kid":"s","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}]}"#;
    let twin = jwk("twin");
    let twins = format!(r#"{{"keys":[{twin},{twin}]}}"#);
    for (seconds, answer, expected) in [
        (300, Answer::json(""), "not a JSON object"),
        (310, Answer::json("[]"), "not a JSON object"),
        (320, Answer::json("<html>"), "not a JSON object"),
        (330, Answer::json("{}"), "no list `keys`"),
        (340, Answer::json(r#"{"keys":{}}"#), "no list `keys`"),
        (350, Answer::json(secret), "shared secret"),
        (360, Answer::json(&twins), "two keys"),
        (
            370,
            Answer::bytes(b"{\"keys\":[],\"x\":\"\xFF\"}".to_vec()),
            "not UTF-8",
        ),
        (380, Answer::status(204), "status 204"),
        (390, Answer::status(404), "status 404"),
        (400, Answer::status(500), "status 500"),
    ] {
        publisher.answer(answer);
        assert_eq!(follower.names(seconds).await, ["a"], "{expected}");
        follower.reported(expected);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    for status in [301, 302, 303, 307, 308] {
        let publisher = Publisher::of(Answer::redirect(status, &elsewhere.url())).await;
        let follower = Follower::of(&publisher);
        assert!(follower.names(0).await.is_empty());
        follower.reported(&format!("a redirect (status {status})"));
    }
    assert_eq!(elsewhere.fetches(), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_whatever_it_says_of_its_length() {
    let limits = RemoteLimits {
        bytes: 4_096,
        ..patient()
    };
    let padded = |length: usize| {
        let set = set_of(&["a"]);
        let padding = " ".repeat(length - set.len());
        format!("{set}{padding}")
    };
    for (length, expected) in [(4_096, "renewed: 1 keys"), (4_097, "more than 4096 bytes")] {
        for answer in [
            Answer::json(&padded(length)),
            Answer::json(&padded(length)).in_chunks(),
        ] {
            let publisher = Publisher::of(answer).await;
            let follower = Follower::at(&publisher.url(), limits);
            follower.names(0).await;
            follower.reported(expected);
        }
    }
    let publisher = Publisher::of(Answer::endless()).await;
    let follower = Follower::at(&publisher.url(), limits);
    assert!(follower.names(0).await.is_empty());
    follower.reported("more than 4096 bytes");
}

#[tokio::test]
async fn a_publisher_that_takes_too_long_is_given_up() {
    let limits = RemoteLimits {
        fetch_time: Duration::from_millis(50),
        ..RemoteLimits::default()
    };
    let set = set_of(&["a"]);
    for answer in [
        Answer::json(&set).when_released(),
        Answer::json(&set).cut_off_open(),
    ] {
        let publisher = Publisher::of(answer).await;
        let follower = Follower::at(&publisher.url(), limits);
        assert!(follower.names(0).await.is_empty());
        follower.reported("took too long");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"])).cut_off()).await;
    let follower = Follower::of(&publisher);
    assert!(follower.names(0).await.is_empty());
    follower.reported("did not answer");
}

#[tokio::test]
async fn keys_that_are_not_for_us_are_left_out() {
    let with = |members: &str| {
        let written = r#""use":"sig","alg":"ES256","kid":"ours""#;
        let key = jwk("ours");
        assert!(key.contains(written), "{key}");
        key.replace(written, members)
    };
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = [
        jwk("ours"),
        with(r#""kid":"no alg, no use""#),
        with(r#""kid":"for encryption","use":"enc""#),
        with(r#""kid":"of another algorithm","alg":"ECDH-ES""#),
        other.verification_key().to_jwk().unwrap(),
        r#"{"kty":"AKP","kid":"of a type to come","alg":"ML-DSA-44","pub":"AA"}"#.to_owned(),
    ];
    let text = format!(r#"{{"keys":[{}],"more":1}}"#, keys.join(","));
    let publisher = Publisher::of(Answer::json(&text)).await;
    let follower = Follower::of(&publisher);
    assert_eq!(follower.names(0).await, ["ours", "no alg, no use"]);
    follower.reported("renewed: 2 keys");
}

#[tokio::test]
async fn an_empty_set_is_the_publishers_word() {
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let follower = Follower::of(&publisher);
    assert_eq!(follower.names(0).await, ["a"]);
    publisher.answer(Answer::json(r#"{"keys":[]}"#));
    assert!(follower.names(300).await.is_empty());
    assert!(follower.names(301).await.is_empty());
    assert_eq!(publisher.fetches(), 2);
}

#[tokio::test]
async fn a_client_for_https_speaks_nothing_else() {
    // Plain HTTP at the other end is no TLS, and nothing falls back to it.
    let publisher = Publisher::of(Answer::json(&set_of(&["a"]))).await;
    let url = publisher.url().replace("http://", "https://");
    let url = KeySetUrl::parse(&url).unwrap();
    let limits = patient();
    let told = Arc::<Mutex<Vec<String>>>::default();
    let reports = Arc::clone(&told);
    let report = move |fetched: &Fetched| reports.lock().unwrap().push(in_words(fetched));
    match RemoteKeySet::new(url, &[Algorithm::Es256], limits, report) {
        Ok(set) => {
            assert!(set.keys(at(0)).await.is_empty());
            assert!(told.lock().unwrap()[0].contains("did not answer"));
        }
        // A machine without CA certificates has no such client at all.
        Err(error) => assert_eq!(error.to_string(), "there can be no HTTPS client"),
    }
    assert_eq!(publisher.fetches(), 0);
}

/// The defaults, but for a machine that has other things to do.
fn patient() -> RemoteLimits {
    RemoteLimits {
        fetch_time: Duration::from_mins(1),
        ..RemoteLimits::default()
    }
}

fn in_words(fetched: &Fetched) -> String {
    match fetched {
        Fetched::Renewed { keys } => format!("renewed: {keys} keys"),
        Fetched::Failed { error, age } => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            let age = age.map_or("no keys".to_owned(), |age| {
                format!("age {} s", age.as_secs())
            });
            format!("failed: {text}; {age}")
        }
        other => panic!("{other:?}"),
    }
}

fn names(keys: &KeySet) -> Vec<String> {
    keys.iter().map(|key| key.key_id().to_string()).collect()
}

fn set_of(names: &[&str]) -> String {
    let keys: Vec<_> = names.iter().map(|name| jwk(name)).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// A new public key of that name.
fn jwk(name: &str) -> String {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let key = key.with_key_id(KeyId::parse(name).unwrap());
    key.verification_key().to_jwk().unwrap()
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
