//! Reading user agents with the regular expressions of uap-core (see `uap-core/README.md`).

use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::sync::oneshot;
use ua_parser::{Extractor, Regexes};

use super::forms::{Families, Forms, SPIDER};

/// What a user agent tells, at full length.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) browser: String,
    pub(super) browser_version: String,
    pub(super) os: String,
    pub(super) os_version: String,
    pub(super) device: String,
    pub(super) brand: Option<String>,
    pub(super) model: Option<String>,
    pub(super) forms: Forms,
}

impl Told {
    /// What an empty user agent tells.
    pub(super) fn nothing() -> Self {
        Self {
            browser: UNNAMED.to_owned(),
            browser_version: String::new(),
            os: UNNAMED.to_owned(),
            os_version: String::new(),
            device: UNNAMED.to_owned(),
            brand: None,
            model: None,
            forms: Forms::default(),
        }
    }

    fn by(extractor: &Extractor<'_>, user_agent: &str) -> Self {
        let (browser, os, device) = extractor.extract(user_agent);
        let mut told = Self::nothing();
        if let Some(browser) = browser {
            told.browser = browser.family.into_owned();
            told.browser_version = version([browser.major, browser.minor, browser.patch]);
        }
        if let Some(os) = os {
            let parts = [&os.major, &os.minor, &os.patch, &os.patch_minor];
            told.os_version = version(parts.map(Option::as_deref));
            told.os = os.os.into_owned();
        }
        if let Some(device) = device {
            told.device = device.device.into_owned();
            told.brand = device.brand.map(Into::into);
            told.model = device.model.map(Into::into);
        }
        told.forms = Forms::of(&Families {
            user_agent,
            browser: &told.browser,
            os: &told.os,
            os_version: &told.os_version,
            device: &told.device,
        });
        told
    }

    pub(super) fn is_bot(&self) -> bool {
        self.device == SPIDER
    }
}

fn version<const N: usize>(parts: [Option<&str>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// Reads a user agent; `None` if none can be read at all.
///
/// The caller bounds its length: the time is linear in it, with about a thousand expressions as the factor.
pub(super) async fn read(user_agent: String) -> Option<Told> {
    let (answer, told) = oneshot::channel();
    let question = Question { user_agent, answer };
    READER.as_ref()?.send(question).ok()?;
    told.await.ok().flatten()
}

/// Has the expressions compiled, if they are not.
pub(super) async fn prepare() {
    drop(read(String::new()).await);
}

/// A user agent to be read, and whom to tell.
struct Question {
    user_agent: String,
    answer: oneshot::Sender<Option<Told>>,
}

/// The one thread that reads, begun at the first use and there as long as the process; `None` if it could not begin.
///
/// One for the process, because compiled expressions take 25 MB, and however many authorities there are, they read with
/// the same ones. A thread of its own, because each expression keeps working memory for every thread that uses it, and
/// memory that one thread gives back is often of no use to another.
static READER: LazyLock<Option<Sender<Question>>> = LazyLock::new(|| {
    let (questions, asked) = channel();
    let begun = thread::Builder::new()
        .name("user-agents".to_owned())
        .spawn(move || answer(asked));
    begun
        .inspect_err(|error| tracing::error!(%error, "user agents cannot be read"))
        .ok()
        .map(|_| questions)
});

/// Answers one question after the other. Where the expressions cannot be compiled, it is tried again as rarely as they
/// would be compiled anew.
fn answer(questions: Receiver<Question>) {
    let mut extractor = None;
    let mut uses_left = 0;
    for Question { user_agent, answer } in questions {
        if uses_left == 0 {
            // First of all the old one goes: two at once would take twice the memory.
            drop(extractor.take());
            extractor = build();
            uses_left = USES;
        }
        let told = if user_agent.is_empty() {
            Some(Told::nothing())
        } else {
            uses_left -= 1;
            let by = |extractor| Told::by(extractor, &user_agent);
            extractor.as_ref().map(by)
        };
        // Whoever asked may have gone meanwhile.
        drop(answer.send(told));
    }
}

fn build() -> Option<Extractor<'static>> {
    let regexes = serde_json::from_str::<Regexes<'static>>(REGEXES)
        .inspect_err(|error| tracing::error!(%error, "user agents cannot be read"))
        .ok()?;
    Extractor::try_from(regexes)
        .inspect_err(|error| tracing::error!(%error, "user agents cannot be read"))
        .ok()
}

const REGEXES: &str = include_str!("uap-core/regexes.json");

/// How many user agents are read before the expressions are compiled anew.
///
/// An expression that is used keeps working memory, some 30 kB, for ever. Ever new user agents would add 40 MB until
/// each has been used; so many add 10 MB at most, and building again costs less than hashing as many passwords by far.
const USES: u32 = 500;

/// The family of what has no name.
const UNNAMED: &str = "Other";
