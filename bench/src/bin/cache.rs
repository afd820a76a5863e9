//! The verify cache: what a repeated token costs beside its signature check, and what the cache costs a token
//! that it has never seen.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign_bench::claims::{AUDIENCE, ISSUER, NOW, Size};
use countersign_bench::contest::Contest;
use countersign_bench::floor::Floor;
use countersign_token::{
    Access, Algorithm, HeaderForm, KeySet, NoRandomness, SigningKey, UnixMillis, Verifier,
    VerifyCache,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("| | signature check, ns | without cache | repeated | cold, of without cache |");
    println!("|---|---|---|---|---|");
    for algorithm in MEASURED {
        let key = SigningKey::generate(algorithm)?;
        for size in Size::ALL {
            eprintln!("{algorithm}, {size:?}");
            println!("{}", Subject::new(&key, size)?.row()?);
        }
    }
    Ok(())
}

/// One key, and many tokens by it that differ in their ids.
struct Subject {
    title: String,
    floor: Floor,
    verifier: Verifier,
    tokens: Vec<String>,
}

impl Subject {
    fn new(key: &SigningKey, size: Size) -> Result<Self, Box<dyn Error>> {
        let (algorithm, bytes) = (key.algorithm(), size.claims_set().to_json().len());
        let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
        Ok(Self {
            title: format!("{algorithm}, {bytes} bytes of claims"),
            floor: Floor::new(algorithm, &key.export()?, size)?,
            verifier: match size {
                Size::Small => verifier,
                Size::Large => verifier.issuer(ISSUER).audience(AUDIENCE),
            },
            tokens: (0..TOKENS)
                .map(|number| sign(key, size, number))
                .collect::<Result<_, _>>()?,
        })
    }

    fn row(&self) -> Result<String, Box<dyn Error>> {
        let token = self.tokens[0].as_str();
        let (input, signature) = self.floor.parts(token).ok_or("a token has parts")?;
        let repeated = self.with_cache()?;
        assert!(accepts(&repeated, token));
        let mut without = self.tokens.iter().cycle();
        let mut unseen = Unseen::new(self)?;
        let outcome = Contest::new(&self.title, ROUNDS)
            .enter("check", || {
                self.floor.is_genuine(black_box(input), &signature)
            })
            .enter("repeated", || accepts(&repeated, black_box(token)))
            .enter_timed("without", |repetitions| {
                let tokens = without.by_ref().take(repetitions as usize);
                time(&self.verifier, tokens)
            })
            .enter_timed("cold", |repetitions| unseen.take_turn(repetitions))
            .run();
        let [check, without, repeated, cold] = [
            outcome.time("check").map(|time| format!("{time:.0}")),
            outcome
                .ratio("without", "check")
                .map(|of| format!("{of:.3}")),
            outcome
                .ratio("repeated", "check")
                .map(|of| format!("{of:.4}")),
            outcome
                .ratio("cold", "without")
                .map(|of| format!("{of:.4}")),
        ]
        .map(Option::unwrap_or_default);
        let title = &self.title;
        Ok(format!(
            "| {title} | {check} | {without} | {repeated} | {cold} |"
        ))
    }

    fn with_cache(&self) -> Result<Verifier, NoRandomness> {
        Ok(self.verifier.clone().cache(VerifyCache::new(CAPACITY)?))
    }
}

/// Shows a cache tokens that it has not seen. It is soon full, as in a server, so that each makes another go.
struct Unseen<'a> {
    subject: &'a Subject,
    verifier: Verifier,
    next: usize,
}

impl<'a> Unseen<'a> {
    fn new(subject: &'a Subject) -> Result<Self, NoRandomness> {
        let verifier = subject.with_cache()?;
        Ok(Self {
            subject,
            verifier,
            next: 0,
        })
    }

    fn take_turn(&mut self, repetitions: u32) -> Duration {
        let repetitions = repetitions as usize;
        if self.next + repetitions > TOKENS {
            // All have been shown: on with a new cache, filled again before the clock runs.
            self.verifier = self
                .subject
                .with_cache()
                .expect("there was randomness before");
            time(&self.verifier, self.subject.tokens.iter().take(CAPACITY));
            self.next = CAPACITY;
        }
        let tokens = self.subject.tokens.iter();
        let elapsed = time(&self.verifier, tokens.skip(self.next).take(repetitions));
        self.next += repetitions;
        elapsed
    }
}

fn time<'t>(verifier: &Verifier, tokens: impl Iterator<Item = &'t String>) -> Duration {
    let start = Instant::now();
    for token in tokens {
        black_box(accepts(verifier, token));
    }
    start.elapsed()
}

fn accepts(verifier: &Verifier, token: &str) -> bool {
    let now = UnixMillis::from_seconds(NOW);
    verifier.verify::<Access>(token, now).is_ok()
}

fn sign(key: &SigningKey, size: Size, number: usize) -> Result<String, Box<dyn Error>> {
    let mut claims = size.claims_set();
    claims.set_token_id(&format!("{number:032x}"))?;
    Ok(key.encode(HeaderForm::Plain, &claims)?.into_string())
}

/// What is signed by one and checked by many.
const MEASURED: [Algorithm; 4] = [
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::Rs256,
    Algorithm::Es384,
];
const TOKENS: usize = 5_000;
const CAPACITY: usize = 1_000;
const ROUNDS: usize = 15;
