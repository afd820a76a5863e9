//! The line that carries an access token: `Authorization: Bearer …`, or the header and schemes in the settings.

use axum::http::{HeaderMap, HeaderName};

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credentials<'a> {
    /// Nothing that is meant for us: no header, an empty one, or another scheme. Schemes are case-sensitive, as
    /// SimpleJWT's are.
    Absent,
    /// Our scheme, but not exactly one value behind it; or several headers.
    Malformed,
    /// Our scheme and one value that cannot be a token, for it is not even text.
    NotText,
    /// A token.
    Token(&'a str),
}

/// Reads the credentials. Any blanks separate the parts, as in Python.
pub(crate) fn read<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    schemes: &[impl AsRef<str>],
) -> Credentials<'a> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else {
        return Credentials::Absent;
    };
    let mut words = line
        .as_bytes()
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let Some(scheme) = words.next() else {
        return Credentials::Absent;
    };
    if !schemes
        .iter()
        .any(|known| known.as_ref().as_bytes() == scheme)
    {
        return Credentials::Absent;
    }
    match (words.next(), words.next(), lines.next()) {
        (Some(token), None, None) => {
            str::from_utf8(token).map_or(Credentials::NotText, Credentials::Token)
        }
        _ => Credentials::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn read_lines<'a>(headers: &'a mut HeaderMap, lines: &[&'static [u8]]) -> Credentials<'a> {
        for line in lines {
            headers.append(
                header::AUTHORIZATION,
                HeaderValue::from_bytes(line).unwrap(),
            );
        }
        read(headers, &header::AUTHORIZATION, &["Bearer".to_owned()])
    }

    #[test]
    fn credentials_are_read_as_simplejwt_reads_them() {
        let cases: &[(&[&'static [u8]], Credentials<'_>)] = &[
            (&[], Credentials::Absent),
            (&[b""], Credentials::Absent),
            (&[b"bearer a"], Credentials::Absent),
            (&[b"Basic a"], Credentials::Absent),
            (&[b"a.b.c"], Credentials::Absent),
            (&[b"Bearer:a"], Credentials::Absent),
            (&[b"Bearer"], Credentials::Malformed),
            (&[b"Bearer "], Credentials::Malformed),
            (&[b"Bearer a b"], Credentials::Malformed),
            (&[b"Bearer a", b"Bearer a"], Credentials::Malformed),
            (&[b"Bearer a", b""], Credentials::Malformed),
            (&[b"Basic a", b"Bearer a"], Credentials::Absent),
            (&[b"Bearer \xff"], Credentials::NotText),
            (&[b"  Bearer \t a  "], Credentials::Token("a")),
            (&[b"Bearer a,"], Credentials::Token("a,")),
        ];
        for (lines, expected) in cases {
            assert_eq!(
                &read_lines(&mut HeaderMap::new(), lines),
                expected,
                "{lines:?}"
            );
        }
    }
}
