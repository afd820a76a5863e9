//! `docs/security-tests.md`: every test that it names is there, and every promise has one or stands in a list.

use std::collections::BTreeSet;
use std::path::Path;

const PAGE: &str = include_str!("../../../../docs/security-tests.md");

/// Promises without a test, each with its reason on the page. This list only gets shorter.
const NONE_YET: &[&str] = &["R09", "S05", "X04"];

/// Every promise there is, by the first letter, with how many there are of it.
const PROMISES: &[(&str, u32)] = &[("R", 10), ("V", 8), ("S", 5), ("P", 12), ("X", 5), ("L", 4)];

/// A row of the page.
struct Promise<'a> {
    id: &'a str,
    tests: Vec<&'a str>,
    /// Whether it says that there is no test, and why.
    explains: bool,
}

fn promises() -> Vec<Promise<'static>> {
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.split('|').map(str::trim).collect();
        let (id, tests) = (cells[0], cells[2]);
        let numbered = id.len() == 3 && id[1..].bytes().all(|b| b.is_ascii_digit());
        numbered.then(|| Promise {
            id,
            tests: tests.split('`').skip(1).step_by(2).collect(),
            explains: tests
                .strip_prefix("none yet: ")
                .is_some_and(|why| why.len() > 10),
        })
    });
    rows.collect()
}

#[test]
fn every_promise_has_a_test_or_stands_in_the_list_that_only_shrinks() {
    let promises = promises();
    let ids: Vec<_> = promises.iter().map(|promise| promise.id).collect();
    let expected = PROMISES
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n:02}")));
    assert_eq!(ids, expected.collect::<Vec<_>>());
    let without = promises.iter().filter(|promise| promise.tests.is_empty());
    assert_eq!(
        without.map(|promise| promise.id).collect::<Vec<_>>(),
        NONE_YET
    );
    for promise in &promises {
        let excused = NONE_YET.contains(&promise.id);
        assert_eq!(
            promise.explains, excused,
            "{}: a reason, or tests",
            promise.id
        );
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let mut known = BTreeSet::new();
    collect(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")),
        &mut known,
    );
    assert!(known.len() > 500, "{} tests were found", known.len());
    let missing: Vec<_> = promises()
        .iter()
        .flat_map(|promise| promise.tests.clone())
        .filter(|test| !known.contains(*test))
        .collect();
    assert_eq!(missing, [""; 0]);
}

/// Adds the names of all tests below a folder: functions that are marked as one, those that a macro of tests takes,
/// and the clauses of the stores' contract.
fn collect(folder: &Path, known: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().unwrap() != "target" {
                collect(&path, known);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            known.extend(functions(&text, is_listed(&path)));
        }
    }
}

/// Whether the functions of a file are made tests of elsewhere: as clauses, or by a macro that runs each on every
/// store.
fn is_listed(path: &Path) -> bool {
    let path = path.to_string_lossy();
    path.contains("/conformance/") || path.contains("/tests/it/")
}

fn functions(text: &str, is_listed: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_marked = false;
    for line in text.lines().map(str::trim_start) {
        if let Some((before, rest)) = line.split_once("fn ")
            && before
                .split_whitespace()
                .all(|word| ["pub(super)", "pub(crate)", "async"].contains(&word))
        {
            let takes_a_store = before.contains("async");
            if is_marked || is_listed && takes_a_store {
                let name = rest
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next();
                names.extend(name.map(str::to_owned));
            }
            is_marked = false;
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_marked = true;
        }
    }
    names
}
