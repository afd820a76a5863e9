//! Virtual environments with pinned peers, made once and kept in this package's target folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of an environment with what `<folder>/requirements.txt` asks for; `folder` lies in this package.
/// `PYTHON` names another interpreter than `python3` to make it with.
///
/// # Errors
/// If it cannot be made.
pub fn environment(folder: &str) -> io::Result<PathBuf> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let venv = Path::new(HERE).join(format!("target/{folder}-venv"));
    let interpreter = venv.join("bin/python");
    let requirements = Path::new(HERE).join(folder).join("requirements.txt");
    let (made_from, wanted) = (venv.join(".made-from"), fs::read_to_string(&requirements)?);
    if fs::read_to_string(&made_from).ok().as_ref() != Some(&wanted) {
        run(Command::new(python)
            .args(["-m", "venv", "--clear"])
            .arg(&venv))?;
        run(Command::new(&interpreter)
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--only-binary", ":all:"])
            .arg("-r")
            .arg(&requirements))?;
        fs::write(made_from, wanted)?;
    }
    Ok(interpreter)
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {status}")))
}

const HERE: &str = env!("CARGO_MANIFEST_DIR");
