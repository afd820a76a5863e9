//! Secrets that people type: from the terminal without an echo, or from the first line of stdin.

use std::io::{BufRead, IsTerminal as _};

use countersign::password::PlainPassword;
use zeroize::Zeroizing;

use crate::cli::PasswordSource;
use crate::failure::Failure;

/// A new password: asked for twice, or read from stdin.
///
/// # Errors
/// [`Failure`] if there is none, if the two differ, or if nobody could sign in with it.
pub(crate) fn new_password(source: &PasswordSource) -> Result<PlainPassword, Failure> {
    let mut password = if source.password_stdin {
        first_line_of_stdin()?
    } else {
        password_of_terminal()?
    };
    if password.contains('\0') {
        return Err(Failure::new("a password has no NUL character")
            .help("choose another password: a sign-in with this one would be refused"));
    }
    Ok(PlainPassword::new(std::mem::take(&mut *password)))
}

fn password_of_terminal() -> Result<Zeroizing<String>, Failure> {
    require_terminal("pass the password in the first line of stdin with --password-stdin")?;
    let first = Zeroizing::new(rpassword::prompt_password("New password: ").map_err(Failure::of)?);
    let second = Zeroizing::new(rpassword::prompt_password("Once more: ").map_err(Failure::of)?);
    if *first != *second {
        return Err(Failure::new("the two passwords differ").help("run the command again"));
    }
    Ok(first)
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
    first_line(std::io::stdin().lock())
}

/// Reads as far as the first line ends and no further: whoever writes it may keep the pipe open.
fn first_line(input: impl BufRead) -> Result<Zeroizing<String>, Failure> {
    // Never grows, which would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_INPUT));
    let limit = u64::try_from(LONGEST_INPUT).unwrap_or(u64::MAX);
    input
        .take(limit)
        .read_until(b'\n', &mut bytes)
        .map_err(Failure::of)?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line)
        .map(|line| Zeroizing::new(line.to_owned()))
        .map_err(|_| {
            Failure::usage("the first line of stdin is not UTF-8").help("pass it as UTF-8 text")
        })
}

/// More than any password or token has.
const LONGEST_INPUT: usize = 128 * 1024;
