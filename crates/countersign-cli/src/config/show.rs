//! Values in effect, written as TOML.

/// What stands for a secret.
pub(crate) const HIDDEN: &str = r#""****""#;

/// A text in quotes.
pub(crate) fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A list of texts.
pub(crate) fn texts<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<_> = texts.iter().map(|item| text(item.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

/// Names with their texts, as a table on one line.
pub(crate) fn pairs(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let table = pairs
        .into_iter()
        .map(|(name, text)| (name, toml::Value::String(text)));
    toml::Value::Table(table.collect()).to_string()
}

/// A length of time in quotes.
pub(crate) fn duration(duration: std::time::Duration) -> String {
    text(&super::duration::show(duration))
}

/// A switch.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is written where a setting may also be unset"
)]
pub(crate) fn switch(on: bool) -> Option<String> {
    Some(on.to_string())
}
