//! `keys`: the signing keys in the store.

use crate::program::Place;

#[test]
fn a_generated_key_stands_by() {
    let place = Place::migrated("");
    let made = place.run(&["keys", "generate", "--json"]).done().json();
    let listed = place.run(&["keys", "list", "--json"]).done().json();
    let states: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["active", "standby"]);
    assert_eq!(listed[1]["kid"], made["kid"]);
    assert_eq!(listed[1]["algorithm"], "ES256");
    place.run(&["user", "list"]).done();
}

#[test]
fn keys_are_made_for_known_algorithms_and_under_the_right_master_key_only() {
    let place = Place::migrated("");
    place
        .run(&["keys", "generate", "--algorithm", "RS256"])
        .failed(2, "not yet in this build");
    let other = Place::migrated("");
    std::fs::copy(other.path("master.key"), place.path("master.key")).unwrap();
    place
        .run(&["keys", "generate"])
        .failed(1, "not the one that this store was made with");
}

#[test]
fn a_configured_key_owns_the_ring() {
    let place = Place::migrated(
        "preset = \"simplejwt\"\njwt.signing_key = \"gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN\"\n",
    );
    let refused = place
        .run(&["keys", "generate"])
        .failed(2, "`jwt.signing_key` owns the key ring");
    assert!(!refused.stderr.contains("gE2Yq8"), "{refused:?}");
    let listed = place.run(&["keys", "list", "--json"]).done().json();
    assert_eq!(listed[0]["state"], "configured");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}
