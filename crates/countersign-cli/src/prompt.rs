//! Secrets that people type: from the terminal without an echo, or from the first line of stdin.

use std::io::{IsTerminal as _, Read as _};

use countersign::password::PlainPassword;
use zeroize::Zeroizing;

use crate::cli::PasswordSource;
use crate::failure::Failure;

/// A new password: asked for twice, or read from stdin.
///
/// # Errors
/// [`Failure`] if there is none, or if the two differ.
pub(crate) fn new_password(source: &PasswordSource) -> Result<PlainPassword, Failure> {
    if source.password_stdin {
        let mut line = first_line_of_stdin()?;
        return Ok(PlainPassword::new(std::mem::take(&mut *line)));
    }
    require_terminal("pass the password in the first line of stdin with --password-stdin")?;
    let first = Zeroizing::new(rpassword::prompt_password("New password: ").map_err(Failure::of)?);
    let second = Zeroizing::new(rpassword::prompt_password("Once more: ").map_err(Failure::of)?);
    if *first != *second {
        return Err(Failure::new("the two passwords differ").help("run the command again"));
    }
    Ok(PlainPassword::new(first.to_string()))
}

/// A token: asked for, or read from stdin.
///
/// # Errors
/// [`Failure`] if there is none.
pub(crate) fn token() -> Result<Zeroizing<String>, Failure> {
    let token = if std::io::stdin().is_terminal() {
        Zeroizing::new(rpassword::prompt_password("Token: ").map_err(Failure::of)?)
    } else {
        first_line_of_stdin()?
    };
    let token = Zeroizing::new(token.trim().to_owned());
    if token.is_empty() {
        return Err(Failure::usage("there is no token")
            .help("paste it at the prompt, or pass it in the first line of stdin"));
    }
    Ok(token)
}

fn require_terminal(help: &str) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage("there is no terminal to ask for the password").help(help))
}

fn first_line_of_stdin() -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_INPUT));
    let limit = u64::try_from(LONGEST_INPUT).unwrap_or(u64::MAX);
    std::io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(Failure::of)?;
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line)
        .map(|line| Zeroizing::new(line.to_owned()))
        .map_err(|_| {
            Failure::usage("the first line of stdin is not UTF-8").help("pass it as UTF-8 text")
        })
}

/// More than any password or token has.
const LONGEST_INPUT: usize = 128 * 1024;
