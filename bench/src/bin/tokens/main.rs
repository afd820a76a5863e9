//! Signing and verifying: ours, the bare primitives below it, and other libraries beside it.
//!
//! `tokens [ALGORITHM...]` prints Markdown: a table for each operation and size of claims, and the rows in which
//! another library was faster.

mod ours;
mod peers;
mod table;

use std::error::Error;
use std::hint::black_box;

use countersign_bench::claims::Size;
use countersign_bench::contest::{Contest, Outcome};
use countersign_bench::floor::Floor;
use countersign_token::{Algorithm, SigningKey};

use ours::Ours;
use peers::Library;
use peers::jsonwebtoken::JsonWebToken;
use peers::jwt_simple::JwtSimple;
use peers::pyjwt::{PyJwt, Python};
use table::{Operation, Row, Tables};

fn main() -> Result<(), Box<dyn Error>> {
    let python = Python::prepare()?;
    let mut tables = Tables::default();
    for algorithm in algorithms()? {
        let key = SigningKey::generate(algorithm)?;
        for size in Size::ALL {
            eprintln!("{algorithm}, {size:?}");
            let subject = Subject::new(&key, size, &python)?;
            subject.check();
            for (operation, outcome) in [
                (Operation::Verify, subject.verify()),
                (Operation::Sign, subject.sign()),
            ] {
                tables.add(Row::new(algorithm, size, operation, &outcome));
            }
        }
    }
    tables.print();
    Ok(())
}

fn algorithms() -> Result<Vec<Algorithm>, Box<dyn Error>> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        return Ok(Algorithm::ALL.to_vec());
    }
    let chosen = names.iter().map(|name| Ok(Algorithm::parse(name)?));
    chosen.collect()
}

/// One key in the hands of all candidates, and a token by it.
struct Subject {
    algorithm: Algorithm,
    floor: Floor,
    ours: Ours,
    json_web_token: Option<JsonWebToken>,
    jwt_simple: Option<JwtSimple>,
    pyjwt: PyJwt,
    token: String,
}

impl Subject {
    fn new(key: &SigningKey, size: Size, python: &Python) -> Result<Self, Box<dyn Error>> {
        let (algorithm, exported) = (key.algorithm(), key.export()?);
        let floor = Floor::new(algorithm, &exported, size)?;
        let json_web_token = JsonWebToken::new(algorithm, &exported, floor.public_key(), size)?;
        let ours = Ours::new(key.clone(), size)?;
        let token = ours.sign();
        Ok(Self {
            algorithm,
            json_web_token,
            jwt_simple: JwtSimple::new(algorithm, &exported, size)?,
            pyjwt: PyJwt::start(python, algorithm, &exported, &token, size)?,
            floor,
            ours,
            token,
        })
    }

    /// Ours and the peers that know the algorithm.
    fn libraries(&self) -> impl Iterator<Item = (&'static str, &dyn Library)> {
        let ours: (_, Option<&dyn Library>) = (OURS, Some(&self.ours));
        let json_web_token = self.json_web_token.as_ref();
        let jwt_simple = self.jwt_simple.as_ref();
        [
            ours,
            (JSONWEBTOKEN, json_web_token.map(|library| library as _)),
            (JWT_SIMPLE, jwt_simple.map(|library| library as _)),
        ]
        .into_iter()
        .filter_map(|(name, library)| Some((name, library?)))
    }

    /// All candidates accept each other's tokens, but that the floor knows only one spelling of the header;
    /// none accepts a changed one.
    fn check(&self) {
        let tokens = self
            .libraries()
            .map(|(name, library)| (name, library.sign()))
            .chain([(FLOOR, self.floor.sign()), (PYJWT, self.pyjwt.sign())]);
        for (maker, token) in tokens {
            let changed = token.replacen(".eyJ", ".eyK", 1);
            assert_ne!(token, changed);
            let judges = self
                .libraries()
                .map(|(name, library)| (name, library.accepts(&token), library.accepts(&changed)));
            let python = (
                PYJWT,
                self.pyjwt.accepts(&token),
                self.pyjwt.accepts(&changed),
            );
            for (judge, accepted, accepted_changed) in judges.chain([python]) {
                let case = format!("{} by {maker} to {judge}: {token}", self.algorithm);
                assert!(accepted && !accepted_changed, "{case}");
            }
            assert!(!self.floor.verify(&changed));
        }
        assert!(self.floor.verify(&self.token));
    }

    fn verify(&self) -> Outcome<'_> {
        let token = || black_box(self.token.as_str());
        let parts = self.floor.parts(&self.token);
        let (input, signature) = parts.expect("a token has parts");
        let mut contest = Contest::new("", ROUNDS)
            .enter(FLOOR, move || self.floor.verify(token()))
            .enter(PRIMITIVE, move || {
                self.floor.is_genuine(black_box(input), &signature)
            });
        for (name, library) in self.libraries() {
            contest = contest.enter(name, move || library.accepts(token()));
        }
        contest
            .enter_timed(PYJWT, |repetitions| self.pyjwt.time_verifying(repetitions))
            .run()
    }

    fn sign(&self) -> Outcome<'_> {
        let parts = self.floor.parts(&self.token);
        let (input, _) = parts.expect("a token has parts");
        let mut contest = Contest::new("", ROUNDS)
            .enter(FLOOR, || self.floor.sign())
            .enter(PRIMITIVE, || self.floor.signature(black_box(input)))
            .enter(AT_HAND, || self.ours.sign_at_hand());
        for (name, library) in self.libraries() {
            contest = contest.enter(name, move || library.sign());
        }
        contest
            .enter_timed(PYJWT, |repetitions| self.pyjwt.time_signing(repetitions))
            .run()
    }
}

const FLOOR: &str = "floor";
const PRIMITIVE: &str = "primitive";
const OURS: &str = "countersign-token";
const AT_HAND: &str = "its claims set at hand";
const JSONWEBTOKEN: &str = "jsonwebtoken";
const JWT_SIMPLE: &str = "jwt-simple";
const PYJWT: &str = "PyJWT";

const ROUNDS: usize = 15;
