//! Which scheme a stored password is of, and whether a password matches it.

use super::argon2::Workspace;
use super::{EncodedPassword, WrittenForm, argon2, bcrypt, md5, pbkdf2, scrypt};

/// A stored password of a scheme that we verify, taken apart and within bounds.
pub(super) enum Scheme {
    Argon2(argon2::Stored),
    Pbkdf2(pbkdf2::Stored),
    Bcrypt(bcrypt::Stored),
    Scrypt(scrypt::Stored),
    Md5(md5::Stored),
}

impl Scheme {
    /// `None` for what no password matches: unusable, malformed, unknown, or too costly.
    pub(super) fn parse(encoded: &EncodedPassword) -> Option<Self> {
        let (name, fields) = encoded.as_stored().split_once('$')?;
        match name {
            argon2::NAME => argon2::Stored::parse(fields).map(Self::Argon2),
            scrypt::NAME => scrypt::Stored::parse(fields).map(Self::Scrypt),
            md5::NAME => md5::Stored::parse(fields).map(Self::Md5),
            name if pbkdf2::NAMES.contains(&name) => {
                pbkdf2::Stored::parse(name, fields).map(Self::Pbkdf2)
            }
            name if bcrypt::NAMES.contains(&name) => {
                bcrypt::Stored::parse(name, fields).map(Self::Bcrypt)
            }
            _ => None,
        }
    }

    /// Whether a password matches, at the full cost of the scheme.
    pub(super) fn matches(&self, password: &[u8], workspace: &mut Workspace) -> bool {
        match self {
            Self::Argon2(stored) => stored.matches(password, workspace),
            Self::Pbkdf2(stored) => stored.matches(password),
            Self::Bcrypt(stored) => stored.matches(password),
            Self::Scrypt(stored) => stored.matches(password),
            Self::Md5(stored) => stored.matches(password),
        }
    }

    /// Whether a check costs more than four times what it does at Django's newest default.
    pub(super) fn is_costly(&self) -> bool {
        match self {
            Self::Argon2(stored) => stored.is_costly(),
            Self::Pbkdf2(stored) => stored.is_costly(),
            Self::Bcrypt(stored) => stored.is_costly(),
            Self::Scrypt(stored) => stored.is_costly(),
            Self::Md5(_) => false,
        }
    }

    /// Whether this is what would be written today.
    pub(super) fn is_current(&self, written: WrittenForm) -> bool {
        match (self, written) {
            (Self::Argon2(stored), WrittenForm::Argon2id(cost)) => stored.is_current(cost),
            (Self::Pbkdf2(stored), WrittenForm::Django(cost)) => stored.is_current(cost),
            _ => false,
        }
    }
}
