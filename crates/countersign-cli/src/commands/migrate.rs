//! `countersign migrate`: the store, brought to this version.

use serde::Serialize;

use crate::cli::{Common, Form};
use crate::failure::Failure;
use crate::opening;
use crate::output;

/// Migrates the store.
///
/// # Errors
/// [`Failure`]: the command may run again.
pub(super) async fn run(common: &Common) -> Result<(), Failure> {
    let config = opening::configuration(common)?;
    let done = opening::migrate(&config).await?;
    let report = Report {
        applied: done.schema.applied,
        version: done.schema.version,
        keys_made: done.founded,
    };
    if common.form() == Form::Json {
        return output::json(&report);
    }
    let schema = match report.applied.len() {
        0 => format!("The store is at version {} already.", report.version),
        steps => format!(
            "The store is at version {} now ({steps} steps).",
            report.version
        ),
    };
    output::line(&schema)?;
    if report.keys_made {
        let path = config.master_key_file.display();
        output::line(&format!(
            "It has its first keys; {path} opens them: keep a copy in a safe place."
        ))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Report {
    applied: Vec<&'static str>,
    version: i64,
    keys_made: bool,
}
