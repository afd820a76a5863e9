//! `countersign init`: a commented configuration file and a master key.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use countersign::Preset;

use crate::cli::{Common, InitArgs};
use crate::config::schema::{SETTINGS, Setting, State, sections};
use crate::config::{Config, Environment};
use crate::failure::Failure;
use crate::{output, owner_only};

/// Writes both files; overwrites nothing.
///
/// # Errors
/// [`Failure`] if one of them is there already, or cannot be written.
pub(super) fn run(common: &Common, args: &InitArgs) -> Result<(), Failure> {
    let preset = Preset::parse(&args.preset).ok_or_else(|| {
        let known = Preset::ALL.map(Preset::name).join(" or ");
        Failure::usage(format!("there is no preset {:?}", args.preset)).help(format!("use {known}"))
    })?;
    let path = common
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from(Config::DEFAULT_FILE));
    let master_key = path.with_file_name("master.key");
    for taken in [&path, &master_key] {
        refuse_taken(taken)?;
    }
    let text = template(preset)?;
    owner_only::create(&master_key)?;
    owner_only::write_new(&path, text.as_bytes())?;
    output::line(&format!(
        "Wrote {} and {}.",
        path.display(),
        master_key.display()
    ))?;
    output::line("Next: read the file, then run `countersign migrate` and `countersign serve`.")
}

fn refuse_taken(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display()))
            .help("move it away, or name another file with --config"));
    }
    Ok(())
}

/// The configuration file: every setting that works, with its default as a comment.
///
/// # Errors
/// [`Failure`] if the defaults themselves do not hold, which a test rules out.
pub(super) fn template(preset: Preset) -> Result<String, Failure> {
    let defaults = Config::load(None, &Environment::of_preset(preset))?;
    let mut text = format!("{HEAD}preset = \"{}\"\n", preset.name());
    for section in sections() {
        let settings: Vec<_> = SETTINGS
            .iter()
            .filter(|setting| {
                setting.section() == section && matches!(setting.state, State::Built(_))
            })
            .collect();
        if settings.is_empty() {
            continue;
        }
        write!(text, "\n[{section}]\n").map_err(Failure::of)?;
        for setting in settings {
            text.push_str(&entry(setting, &defaults));
        }
    }
    Ok(text)
}

fn entry(setting: &Setting, defaults: &Config) -> String {
    let (key, about) = (setting.key(), setting.about);
    match setting.effective(defaults) {
        Some(value) => format!("# {about}\n#{key} = {value}\n"),
        None => format!("# {about}\n#{key} = ...\n"),
    }
}

const HEAD: &str = "\
# Countersign's configuration. Lines that begin with # are comments; settings in them show the default.
# Every setting is also an environment variable, which beats this file: `leeway` in `[jwt]` is
# COUNTERSIGN__JWT__LEEWAY. `countersign config check` reads this file, `countersign config show` lists
# everything in effect. Lengths of time: \"10s\", \"5m\", \"2h\", \"1d\", \"1w\", or whole seconds.

# Whose defaults to start from: modern, or simplejwt (djangorestframework-simplejwt on the wire).
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_holds_exactly_the_defaults() {
        for preset in Preset::ALL {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("countersign.toml");
            let text = template(preset).unwrap();
            let defaults = Config::load(None, &Environment::of_preset(preset)).unwrap();
            for (name, text) in [
                ("as written", text.clone()),
                ("uncommented", uncommented(&text)),
            ] {
                std::fs::write(&path, &text).unwrap();
                let config = Config::load(Some(&path), &Environment::default())
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(config.policy, defaults.policy, "{} {name}", preset.name());
                assert_eq!(config.bind, defaults.bind);
            }
        }
    }

    fn uncommented(text: &str) -> String {
        let uncomment = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') && !setting.ends_with("...") => {
                setting.to_owned()
            }
            _ => line.to_owned(),
        };
        text.lines().map(|line| uncomment(line) + "\n").collect()
    }
}
