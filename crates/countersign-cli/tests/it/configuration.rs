//! Where the configuration comes from, and that its secrets stay where they are.

use crate::program::Place;

const SECRET: &str = "gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN";

#[test]
fn a_wrong_configuration_stops_every_command_with_code_2() {
    let place = Place::new();
    place.put("countersign.toml", "[jwt]\nleway = 5\n", 0o600);
    for words in [
        &["serve"][..],
        &["migrate"],
        &["user", "list"],
        &["config", "check"],
        &["config", "show"],
    ] {
        let failed = place
            .run(words)
            .failed(2, "there is no setting `jwt.leway`");
        assert!(failed.stderr.contains("countersign.toml:2:1"), "{failed:?}");
        assert!(
            failed.stderr.contains("did you mean `jwt.leeway`?"),
            "{failed:?}"
        );
    }
    place
        .run(&["--config", "other.toml", "config", "check"])
        .failed(2, "other.toml cannot be read");
}

#[test]
fn an_end_of_a_takeover_that_has_passed_is_warned_of_by_the_check_and_at_the_start() {
    let place = Place::migrated("preset = \"simplejwt\"\n");
    place.configure("preset = \"simplejwt\"\nforeign.until = \"2020-01-31\"\n");
    let warning = "`foreign.until` has passed";
    place.run(&["config", "check"]).done().told(warning);
    let mut server = place.serve(&["serve"]);
    server.address();
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    let warned = |line: &String| line.contains(warning) && line.contains("\"WARN\"");
    assert!(log.iter().any(warned), "{log:?}");
}

#[test]
fn show_tells_values_and_origins_and_hides_secrets() {
    let place = Place::new();
    place.configure(&format!(
        "preset = \"simplejwt\"\njwt.signing_key = \"{SECRET}\"\n"
    ));
    for form in ["table", "json"] {
        let shown = place.run(&["config", "show", "-o", form]).done();
        assert!(!shown.stdout.contains(SECRET), "{shown:?}");
        assert!(shown.stdout.contains("****"), "{shown:?}");
    }
    let rows = place.run(&["config", "show", "--json"]).done().json();
    let row = |name: &str| {
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["setting"] == name)
            .cloned()
            .unwrap()
    };
    assert_eq!(row("jwt.algorithm")["value"], "\"HS256\"");
    assert_eq!(row("jwt.algorithm")["origin"], "preset");
    assert_eq!(row("jwt.signing_key")["origin"], "file");
}

#[test]
fn check_warns_and_says_that_it_is_valid() {
    let place = Place::new();
    place.configure("blacklist.enabled = false\njwt.blacklist_after_rotation = true\njwt.rotate_refresh_tokens = false\n");
    let checked = place.run(&["config", "check"]).done();
    assert!(
        checked
            .stderr
            .contains("`jwt.blacklist_after_rotation` has no effect"),
        "{checked:?}"
    );
    assert_eq!(checked.stdout, "The configuration is valid.\n");
}

#[test]
fn without_a_file_the_defaults_hold() {
    let place = Place::new();
    let rows = place.run(&["config", "show", "--json"]).done().json();
    assert_eq!(rows[0]["value"], "\"modern\"");
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["origin"] == "preset"),
        "{rows}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::new();
    let line = format!(
        "{} config show --json | head -c 1",
        env!("CARGO_BIN_EXE_countersign")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &line])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b"["[..], &b""[..])
    );
}

#[test]
fn help_teaches_every_command() {
    let place = Place::new();
    for words in [
        &["--help"][..],
        &["user", "create", "--help"],
        &["token", "revoke", "--help"],
        &["dev", "--help"],
    ] {
        let help = place.run(words).done();
        assert!(help.stdout.contains("countersign"), "{help:?}");
    }
    assert_eq!(place.run(&["tokens"]).code, Some(2));
    let version = place.run(&["--version"]).done();
    let expected = concat!("countersign ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(version.stdout, expected);
}
