//! `GET /api/users/?after=&limit=`: the accounts, in order of number, a page at a time.

use axum::http::Uri;
use axum::response::Response;
use countersign::account::AccountId;

use super::number;
use crate::administering::Administering;
use crate::body::{Value, form};
use crate::problem::Problem;
use crate::wire::users;

/// Which part of all accounts is asked for. A page goes on where the one before ended, whatever was made or deleted
/// meanwhile.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    after: i64,
    limit: u32,
}

impl Part {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        let mut part = Self {
            after: 0,
            limit: USUAL_LIMIT,
        };
        for (name, value) in form::parse(uri.query().unwrap_or_default()) {
            let value = match &value {
                Value::Text(text) => number(&text.text),
                _ => None,
            };
            let fault = match (name.as_ref(), value) {
                ("after", Some(after)) if after >= 0 => {
                    part.after = after;
                    continue;
                }
                ("limit", Some(limit)) if (1..=i64::from(MOST_LIMIT)).contains(&limit) => {
                    part.limit = u32::try_from(limit).unwrap_or(MOST_LIMIT);
                    continue;
                }
                ("after", _) => "the number of an account is expected, or 0",
                ("limit", _) => "a number from 1 to 500 is expected",
                _ => "the parameters are `after` and `limit`",
            };
            return Err(Problem::Parameter {
                name: name.into_owned(),
                detail: fault,
            });
        }
        Ok(part)
    }
}

/// Lists a page.
pub(super) async fn list(administering: Administering, uri: Uri) -> Result<Response, Problem> {
    let Part { after, limit } = Part::of(&uri)?;
    let found = administering
        .accounts()
        .list_accounts(AccountId::new(after), limit + 1)
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(users::page(&found, limit))
}

const USUAL_LIMIT: u32 = 100;
const MOST_LIMIT: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn part(query: &'static str) -> Option<Part> {
        Part::of(&Uri::from_static(query)).ok()
    }

    #[test]
    fn a_part_has_a_beginning_and_a_bound() {
        let of = |after, limit| Some(Part { after, limit });
        assert_eq!(part("/"), of(0, 100));
        assert_eq!(part("/?"), of(0, 100));
        assert_eq!(part("/?limit=500&after=7"), of(7, 500));
        assert_eq!(part("/?after=%37&limit=1"), of(7, 1));
        assert_eq!(part("/?after=9223372036854775807"), of(i64::MAX, 100));
    }

    #[test]
    fn anything_else_is_refused() {
        for query in [
            "/?after=",
            "/?after=-1",
            "/?after=07",
            "/?after=x",
            "/?after=9223372036854775808",
            "/?limit=0",
            "/?limit=501",
            "/?limit=1.0",
            "/?limit=4294967297",
            "/?page=2",
            "/?After=1",
        ] {
            assert_eq!(part(query), None, "{query}");
        }
    }
}
