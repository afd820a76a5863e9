//! `countersign audit …`: what can be asked of the audit log.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use countersign::Authority;
use countersign::audit::AuditKind;
use countersign::session::SessionId;
use countersign_token::UnixMillis;

use crate::config::duration;

/// `countersign audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show the newest events, oldest first, one on a line
    #[command(
        after_help = "With -o json, each line is an object. The fewer events fit, the more of the log is read.\n\n\
        Examples:\n  countersign audit tail --follow\n  \
        countersign audit tail -n 20 --kind login_failed --kind reuse_detected --since 2h\n  \
        countersign audit tail --username ann -o json"
    )]
    Tail(TailAudit),
    /// Write a stretch of the audit log as JSON, one event on a line
    #[command(
        after_help = "Moments are RFC 3339, UTC. A file is made whole, for its owner alone, and never in place of\n\
        another one; without --file the lines go to stdout.\n\n\
        Examples:\n  countersign audit export --from 2030-01-01 --to 2030-02-01 --file january.jsonl\n  \
        countersign audit export --from 1d | jq -c 'select(.result == \"refused\")'"
    )]
    Export(ExportAudit),
}

/// `countersign audit tail`
#[derive(Debug, Args)]
pub(crate) struct TailAudit {
    /// How many events, at most 10000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(..=i64::from(Authority::MAX_AUDIT_TAIL)))]
    pub(crate) lines: u32,
    /// Go on with what happens from now on, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only this kind; more than one may be named
    #[arg(long = "kind", value_name = "KIND", value_parser = kind(), hide_possible_values = true)]
    pub(crate) kinds: Vec<AuditKind>,
    /// Only what concerns this user
    #[arg(long, value_name = "NAME", conflicts_with = "account")]
    pub(crate) username: Option<String>,
    /// The same by id, for users that are gone
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<i64>,
    /// Only what concerns this session
    #[arg(long, value_name = "ID", value_parser = session)]
    pub(crate) session: Option<SessionId>,
    /// Only from then on: a moment, a date (from its beginning, UTC), or how long ago, such as `2h`
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub(crate) since: Option<When>,
}

/// `countersign audit export`
#[derive(Debug, Args)]
pub(crate) struct ExportAudit {
    /// From then on: a moment, a date, or how long ago, such as `1d` [default: from the first event]
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub(crate) from: Option<When>,
    /// What was before then: a moment, a date, or how long ago [default: up to now]
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub(crate) to: Option<When>,
    /// Write to this new file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// A time as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// A moment; a date stands for its beginning.
    At(UnixMillis),
    /// So long before now.
    Ago(Duration),
}

impl When {
    /// Reads a moment as RFC 3339 writes it, a date, or a length of time.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(time) = duration::parse(text) {
            return Ok(Self::Ago(time));
        }
        let moment = if text.contains(['T', 't', ' ']) {
            text.parse::<jiff::Timestamp>().ok()
        } else {
            let date = text.parse::<jiff::civil::Date>().ok();
            let beginning = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
            beginning.map(|zoned| zoned.timestamp())
        };
        let moment = moment.map(|moment| UnixMillis::from_millis(moment.as_millisecond()));
        moment.map(Self::At).ok_or_else(|| {
            "expected a moment such as 2030-01-31T18:00:00Z, a date such as 2030-01-31, or how long ago, such as 2h"
                .to_owned()
        })
    }

    /// The moment that is meant.
    pub(crate) fn resolve(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::At(moment) => moment,
            Self::Ago(time) => {
                let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                UnixMillis::from_millis(now.millis().saturating_sub(millis))
            }
        }
    }
}

fn kind() -> impl TypedValueParser<Value = AuditKind> {
    PossibleValuesParser::new(AuditKind::ALL.iter().map(|kind| kind.name()))
        .try_map(|name| AuditKind::parse(&name).ok_or("there is no such kind"))
}

fn session(text: &str) -> Result<SessionId, String> {
    SessionId::parse(text).ok_or_else(|| "expected the UUID of a session".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_a_date_or_a_while_ago() {
        let now = UnixMillis::from_seconds(1_893_456_000);
        let rows = [
            ("2030-01-01T00:00:00Z", 1_893_456_000_000),
            ("2030-01-01T02:00:00.25+02:00", 1_893_456_000_250),
            ("2030-01-02", 1_893_542_400_000),
            ("2h", 1_893_448_800_000),
            ("90", 1_893_455_910_000),
        ];
        for (text, millis) in rows {
            let when = When::parse(text).unwrap().resolve(now);
            assert_eq!(when, UnixMillis::from_millis(millis), "{text}");
        }
        for text in ["", "yesterday", "2030-13-01", "2030-01-01T00:00:00", "-2h"] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }
}
