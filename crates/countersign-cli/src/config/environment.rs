//! Settings from the environment: `COUNTERSIGN__JWT__LEEWAY` is `jwt.leeway`.

use std::ffi::OsString;

use countersign::Preset;
use zeroize::Zeroizing;

/// The variables that name settings, as they were when the program started.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    variables: Vec<Variable>,
}

/// One variable that names a setting.
pub(crate) struct Variable {
    /// As it stands in the environment.
    pub(crate) name: String,
    /// `None` if it is not UTF-8.
    pub(crate) value: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The value may be a secret.
        f.debug_tuple("Variable").field(&self.name).finish()
    }
}

impl Variable {
    /// The setting that it names, whether or not there is one of that name.
    pub(crate) fn setting(&self) -> String {
        let rest = self.name.strip_prefix(PREFIX).unwrap_or(&self.name);
        rest.to_lowercase().replace("__", ".")
    }
}

impl Environment {
    /// Reads the process's own environment.
    pub(crate) fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    /// An environment in which nothing is set but the preset.
    pub(crate) fn of_preset(preset: Preset) -> Self {
        Self::from_pairs([(variable_of("preset").into(), preset.name().into())])
    }

    /// Keeps those of `pairs` that name settings.
    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut variables: Vec<_> = pairs
            .into_iter()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok()?;
                let value = value.into_string().ok().map(Zeroizing::new);
                name.starts_with(PREFIX).then_some(Variable { name, value })
            })
            .collect();
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        Self { variables }
    }

    /// Every variable that names a setting, in order of name.
    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }
}

/// The variable that sets a setting.
pub(crate) fn variable_of(setting: &str) -> String {
    format!("{PREFIX}{}", setting.to_uppercase().replace('.', "__"))
}

const PREFIX: &str = "COUNTERSIGN__";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_with_the_prefix_are_kept() {
        let pairs = [
            "COUNTERSIGN__JWT__LEEWAY",
            "COUNTERSIGN_BIN",
            "PATH",
            "COUNTERSIGN__PRESET",
        ];
        let environment = Environment::from_pairs(pairs.map(|name| (name.into(), "x".into())));
        let settings: Vec<_> = environment
            .variables()
            .iter()
            .map(Variable::setting)
            .collect();
        assert_eq!(settings, ["jwt.leeway", "preset"]);
    }

    #[test]
    fn a_setting_names_its_variable() {
        assert_eq!(
            variable_of("jwt.signing_key_file"),
            "COUNTERSIGN__JWT__SIGNING_KEY_FILE"
        );
    }

    #[test]
    fn debug_shows_no_value() {
        let environment =
            Environment::from_pairs([("COUNTERSIGN__JWT__SIGNING_KEY".into(), "hush".into())]);
        assert!(!format!("{environment:?}").contains("hush"));
    }
}
