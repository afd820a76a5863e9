//! The settings that somebody gave, in a file or in the environment, each of the right kind and with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use super::diagnostics::{Complaint, ConfigError, Place, Problem, ShownSource, closest};
use super::environment::{Environment, Variable};
use super::file::{ConfigFile, Row, leaves, rows};
use super::kind::{Secret, Value};
use super::schema::{self, REFUSED, SETTINGS, Setting, State};

/// The settings that somebody gave.
pub(crate) struct Settings {
    given: BTreeMap<&'static str, Given>,
    shown: Option<ShownSource>,
    folder: PathBuf,
}

struct Given {
    value: Value,
    place: Place,
}

impl Settings {
    /// Reads a file, if there is one, and the environment, which beats it.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is unknown, of the wrong kind, or not built yet.
    pub(crate) fn read(
        file: Option<&ConfigFile>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::default();
        if let Some(file) = file {
            let table = file.parse()?;
            for row in rows(table.get_ref()) {
                reader.take_row(&row);
            }
            reader.check_secrecy(file);
        }
        for variable in environment.variables() {
            reader.take_variable(variable);
        }
        let shown = file.map(|file| file.shown(&reader.hidden));
        if !reader.problems.is_empty() {
            reader.problems.sort_by_key(Problem::offset);
            return Err(ConfigError::new(reader.problems, shown));
        }
        let folder = file
            .and_then(|file| file.path().parent())
            .unwrap_or(Path::new(""));
        Ok(Self {
            given: reader.given,
            shown,
            folder: folder.to_owned(),
        })
    }

    /// A text that was given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A secret that was given.
    pub(crate) fn secret(&self, name: &str) -> Option<&Secret> {
        match self.value(name)? {
            Value::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    /// A list of texts that was given.
    pub(crate) fn texts(&self, name: &str) -> Option<&[String]> {
        match self.value(name)? {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// Names with their texts that were given.
    pub(crate) fn pairs(&self, name: &str) -> Option<&[(String, String)]> {
        match self.value(name)? {
            Value::Pairs(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// A switch that was given.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Switch(on) => Some(*on),
            _ => None,
        }
    }

    /// A number that was given.
    pub(crate) fn whole(&self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Value::Whole(number) => Some(*number),
            _ => None,
        }
    }

    /// A length of time that was given.
    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        match self.value(name)? {
            Value::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    /// Where a setting was given; [`Place::Nowhere`] if it was not.
    pub(crate) fn place(&self, name: &str) -> Place {
        self.given
            .get(name)
            .map_or(Place::Nowhere, |given| given.place.clone())
    }

    /// A path as it is meant: relative to the folder of the configuration file.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// A complaint about a setting, at the place where it was given.
    pub(crate) fn problem(&self, name: &str, message: impl Into<String>) -> Complaint {
        Complaint::new(self.place(name), message)
    }

    /// An error of these problems.
    pub(crate) fn error(&self, problems: Vec<Problem>) -> ConfigError {
        ConfigError::new(problems, self.shown.clone())
    }

    /// Where every setting that was given was given, and the file to show beside a warning.
    pub(crate) fn into_places(self) -> (BTreeMap<&'static str, Place>, Option<ShownSource>) {
        let places = self
            .given
            .into_iter()
            .map(|(name, given)| (name, given.place));
        (places.collect(), self.shown)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        debug_assert!(
            schema::find(name).is_some(),
            "{name} is in no row of the table"
        );
        self.given.get(name).map(|given| &given.value)
    }
}

/// What is found while reading.
#[derive(Default)]
struct Reader {
    given: BTreeMap<&'static str, Given>,
    problems: Vec<Problem>,
    hidden: Vec<Range<usize>>,
}

impl Reader {
    fn take_row(&mut self, row: &Row<'_>) {
        let setting = schema::find(&row.name);
        if setting.is_none_or(|setting| setting.kind.is_hidden()) || may_hold_secret(row.value) {
            self.hidden.extend(leaves(row.span.clone(), row.value));
        }
        let Some(setting) = setting else {
            let key = Place::File(row.key.clone());
            self.problems.push(unknown(&row.name, key));
            return;
        };
        self.take(
            setting,
            setting.kind.read_toml(row.value),
            Place::File(row.span.clone()),
        );
    }

    fn take_variable(&mut self, variable: &Variable) {
        let name = variable.setting();
        let place = Place::Environment(variable.name.clone());
        match schema::find(&name) {
            None => self.problems.push(unknown(&name, place)),
            Some(setting) => {
                let value = variable
                    .value
                    .as_deref()
                    .and_then(|text| setting.kind.read_text(text));
                self.take(setting, value, place);
            }
        }
    }

    fn take(&mut self, setting: &'static Setting, value: Option<Value>, place: Place) {
        let Some(value) = value else {
            self.problems.push(of_another_kind(setting, place));
            return;
        };
        if let State::OnlyOff(off) = setting.state
            && !off.is(&value)
        {
            self.problems
                .push(not_built(setting.name, setting.key(), &off.show(), place));
            return;
        }
        self.given.insert(setting.name, Given { value, place });
    }

    /// A secret is no secret in a file that everybody reads.
    fn check_secrecy(&mut self, file: &ConfigFile) {
        let secret = SETTINGS
            .iter()
            .filter(|setting| setting.kind.is_secret())
            .find_map(|setting| Some((setting.name, self.given.get(setting.name)?)));
        if let Some((name, given)) = secret
            && file.is_readable_by_others()
        {
            let path = file.path().display();
            let problem = Complaint::new(given.place.clone(), format!("`{name}` stands in a file that others can read"))
                .help(format!("chmod 600 {path}, or move the key to a file of its own and name it in `{name}_file`"));
            self.problems.push(problem);
        }
    }
}

fn of_another_kind(setting: &Setting, place: Place) -> Problem {
    let help = match &place {
        Place::Environment(variable) => {
            format!("such as `{variable}={}`", setting.kind.example_text())
        }
        _ => format!("such as `{} = {}`", setting.key(), setting.kind.example()),
    };
    let message = format!("`{}` must be {}", setting.name, setting.kind.expected());
    Complaint::new(place, message).help(help)
}

fn not_built(name: &str, key: &str, only: &str, place: Place) -> Problem {
    Complaint::new(
        place,
        format!("`{name}` is not built yet; only `{only}` is accepted"),
    )
    .help(format!("write `{key} = {only}`, or leave it out"))
}

fn unknown(name: &str, place: Place) -> Problem {
    // Whoever brings a setting from Django may bring it in its own letters.
    if let Some((_, advice)) = REFUSED
        .iter()
        .find(|(refused, _)| refused.eq_ignore_ascii_case(name))
    {
        return Complaint::new(place, format!("there is no setting `{name}`")).help(*advice);
    }
    if schema::sections().contains(&name) {
        return Complaint::new(place, format!("`{name}` must be a section"))
            .help(format!("write `[{name}]` on a line of its own"));
    }
    let problem = Complaint::new(place, format!("there is no setting `{name}`"));
    match meant(name) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem.help("`countersign config show` lists every setting"),
    }
}

/// The setting that an unknown name was most likely meant to be.
fn meant(name: &str) -> Option<String> {
    let Some((section, key)) = name.split_once('.') else {
        return meant_at_top(name);
    };
    let keys = SETTINGS
        .iter()
        .filter(|setting| setting.section() == section)
        .map(Setting::key);
    if let Some(key) = closest(key, keys) {
        return Some(format!("{section}.{key}"));
    }
    let elsewhere = SETTINGS.iter().find(|setting| setting.key() == key);
    let close = || closest(name, SETTINGS.iter().map(|setting| setting.name));
    elsewhere
        .map(|setting| setting.name)
        .or_else(close)
        .map(str::to_owned)
}

/// The same for a name without a section: a setting that stands in one, one that stands in none, or a section.
fn meant_at_top(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.key() == lower) {
        return Some(setting.name.to_owned());
    }
    let sections = schema::sections();
    let alone = SETTINGS
        .iter()
        .filter(|setting| setting.section().is_empty())
        .map(Setting::key);
    let meant = closest(name, alone.chain(sections.iter().copied()))?;
    Some(if sections.contains(&meant) {
        format!("[{meant}]")
    } else {
        meant.to_owned()
    })
}

/// A URL may carry a password, and people paste keys where the name of a file belongs.
fn may_hold_secret(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::String(text) if (text.contains("://") && text.contains('@')) || text.contains("-----BEGIN"))
}
