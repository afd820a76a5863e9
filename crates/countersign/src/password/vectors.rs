//! Every stored form that Django writes, and the broken ones that it may hold.

use serde_json::Value;

use super::EncodedPassword;
use super::argon2::Workspace;
use super::scheme::Scheme;

const GOLDEN: &str = include_str!("../../tests/vectors/simplejwt/passwords.json");

#[test]
fn every_hash_of_django_verifies_as_django_does() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let mut workspace = Workspace::default();
    let mut tries = 0;
    let mut failures = Vec::new();
    for case in golden["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let stored = EncodedPassword::from_stored(case["encoded"].as_str().unwrap().to_owned());
        for attempt in case["tries"].as_array().unwrap() {
            let password = attempt["password"].as_str().unwrap();
            // Where Django raises, nothing matches.
            let correct = attempt["correct"].as_bool().unwrap_or(false);
            let matches = Scheme::parse(&stored)
                .is_some_and(|scheme| scheme.matches(password.as_bytes(), &mut workspace));
            tries += 1;
            if matches != correct {
                failures.push(format!("{id}: {password:?} gave {matches}"));
            }
        }
    }
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(tries, 211);
}
