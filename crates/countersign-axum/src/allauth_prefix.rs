//! Where jwt-allauth's endpoints are mounted.

use std::fmt;

use crate::routes;

/// The path in front of jwt-allauth's endpoints, such as `/auth`: one or more segments of letters, digits, `-` and
/// `_`, none of which lead to or past an endpoint that is there anyway.
///
/// ```
/// use countersign_axum::AllauthPrefix;
///
/// assert_eq!(AllauthPrefix::parse("auth/")?.to_string(), "/auth");
/// assert!(AllauthPrefix::parse("/api/token").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllauthPrefix(String);

/// A path that cannot be such a prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitPrefix {
    /// It is no path of plain segments, or a long one.
    #[error(
        "a path of letters, digits, `-` and `_` between slashes is expected, at most {MOST_BYTES} bytes long"
    )]
    Unreadable,
    /// Other endpoints are there, or below it, or above it.
    #[error("`{0}` is there already")]
    Taken(&'static str),
}

impl AllauthPrefix {
    /// Reads a path; one slash at either end may be there or not.
    ///
    /// # Errors
    /// [`UnfitPrefix`].
    pub fn parse(path: &str) -> Result<Self, UnfitPrefix> {
        let bare = path.strip_prefix('/').unwrap_or(path);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        if path.len() > MOST_BYTES || !bare.split('/').all(is_plain) {
            return Err(UnfitPrefix::Unreadable);
        }
        match routes::paths().find(|taken| overlap(taken, bare)) {
            Some(taken) => Err(UnfitPrefix::Taken(taken)),
            None => Ok(Self(format!("/{bare}"))),
        }
    }
}

impl fmt::Display for AllauthPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain(segment: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !segment.is_empty() && segment.bytes().all(is_plain)
}

/// Whether one path leads to the other, segment by segment; a parameter of a route is any segment.
fn overlap(route: &str, bare: &str) -> bool {
    let route = route.split('/').filter(|segment| !segment.is_empty());
    route
        .zip(bare.split('/'))
        .all(|(taken, wanted)| taken == wanted || taken.starts_with('{'))
}

const MOST_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_read_with_and_without_slashes_at_the_ends() {
        for path in ["auth", "/auth", "auth/", "/auth/"] {
            assert_eq!(AllauthPrefix::parse(path).unwrap().to_string(), "/auth");
        }
        for path in ["/api/auth", "/accounts/auth", "/v1/Jwt_auth-2"] {
            assert_eq!(AllauthPrefix::parse(path).unwrap().to_string(), path);
        }
    }

    #[test]
    fn anything_but_plain_segments_is_refused() {
        let long = "a".repeat(MOST_BYTES + 1);
        for path in [
            "",
            "/",
            "//",
            "//auth",
            "auth//",
            "a//b",
            "{id}",
            "a/{*rest}",
            "..",
            "a/../b",
            "a b",
            "a%2fb",
            "ä",
            "a?b",
            "a#b",
            ":a",
            "*",
            &long,
        ] {
            assert_eq!(
                AllauthPrefix::parse(path),
                Err(UnfitPrefix::Unreadable),
                "{path}"
            );
        }
    }

    #[test]
    fn no_prefix_leads_to_other_endpoints_or_past_them() {
        for (path, taken) in [
            ("/api", "/api/token/"),
            ("/api/token", "/api/token/"),
            ("/api/token/allauth", "/api/token/"),
            ("/accounts", "/accounts/api/token/"),
            ("/api/users/7", "/api/users/"),
            ("/healthz", "/healthz"),
            ("/api/me/too", "/api/me/"),
        ] {
            assert_eq!(
                AllauthPrefix::parse(path),
                Err(UnfitPrefix::Taken(taken)),
                "{path}"
            );
        }
    }
}
