//! `countersign config`: whether the configuration holds, and what it amounts to.

use annotate_snippets::Renderer;
use serde::Serialize;

use crate::cli::{Common, ConfigCommand, Form};
use crate::config::Origin;
use crate::config::schema::SETTINGS;
use crate::failure::Failure;
use crate::{opening, output};

/// Runs one of the commands.
///
/// # Errors
/// [`Failure`] if the configuration is wrong.
pub(super) fn run(common: &Common, command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check => check(common),
        ConfigCommand::Show => show(common),
    }
}

fn check(common: &Common) -> Result<(), Failure> {
    let config = opening::configuration(common)?;
    if let Some(warnings) = config.render_warnings(&Renderer::styled()) {
        output::remark(&warnings);
    }
    match common.form() {
        Form::Json => output::json(&serde_json::json!({ "valid": true })),
        Form::Table => output::line("The configuration is valid."),
    }
}

#[derive(Serialize)]
struct Row {
    setting: &'static str,
    /// As TOML; `null` if it is not set.
    value: Option<String>,
    origin: &'static str,
}

fn show(common: &Common) -> Result<(), Failure> {
    let config = opening::configuration(common)?;
    let rows: Vec<_> = SETTINGS
        .iter()
        .map(|setting| Row {
            setting: setting.name,
            value: setting.effective(&config),
            origin: config.origin(setting.name).map_or("preset", Origin::name),
        })
        .collect();
    output::rows(common.form(), &["setting", "value", "from"], &rows, |row| {
        let value = row.value.clone().unwrap_or_else(|| "(not set)".to_owned());
        vec![row.setting.to_owned(), value, row.origin.to_owned()]
    })
}
