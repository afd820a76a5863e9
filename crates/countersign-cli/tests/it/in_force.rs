//! What the command line revokes is in force in a running server when the command returns.

use crate::client::{Client, PASSWORD};
use crate::program::Place;

#[test]
fn a_deactivated_user_is_refused_by_the_very_next_request_200_times_in_a_row() {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for turn in 0..200 {
        let access = client.login("alice").text("access");
        assert_eq!(client.me(&access), 200, "turn {turn}");
        place
            .run(&["user", "deactivate", "--username", "alice"])
            .done();
        assert_eq!(client.me(&access), 401, "turn {turn}");
        place
            .run(&["user", "activate", "--username", "alice"])
            .done();
        assert_eq!(
            client.me(&access),
            401,
            "reactivation revives nothing, turn {turn}"
        );
    }
}

#[test]
fn a_revoked_token_is_refused_by_the_very_next_request() {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let pair = client.login("alice");
    assert_eq!(client.me(&pair.text("access")), 200);
    place
        .run_with(&pair.text("access"), &["token", "revoke"])
        .done();
    assert_eq!(client.me(&pair.text("access")), 401);
    let next = client.refresh(&pair.text("refresh"));
    assert_eq!(client.me(&next.text("access")), 200, "its session lives");
    place
        .run_with(&next.text("refresh"), &["token", "revoke"])
        .done();
    assert_eq!(client.me(&next.text("access")), 401);
}
