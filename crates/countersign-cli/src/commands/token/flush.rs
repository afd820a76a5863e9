//! `countersign token flush-expired`: what has expired is counted, and then removed in small batches.

use countersign::authority::{PurgeHorizon, PurgeReport};
use countersign_token::UnixMillis;
use indicatif::ProgressDrawTarget;

use crate::cli::{FlushExpired, Form};
use crate::failure::Failure;
use crate::housekeeping::purge_at_leisure;
use crate::opening::Opened;
use crate::output;
use crate::progress;

pub(super) async fn flush_expired(
    opened: &Opened,
    form: Form,
    args: &FlushExpired,
) -> Result<(), Failure> {
    let horizon = if args.yes {
        PurgeHorizon::Unbounded
    } else {
        PurgeHorizon::Cautious
    };
    let due = opened.authority.preview_purge(horizon).await;
    let due = due.map_err(Failure::of)?;
    if args.dry_run {
        return report_dry_run(form, &due);
    }
    let bar = progress::bar(due.total(), PROGRESS, ProgressDrawTarget::stderr())?;
    let removed = purge_at_leisure(&opened.authority, horizon, |report| {
        bar.set_position(report.total());
    })
    .await;
    bar.finish_and_clear();
    report_flush(form, &removed.map_err(Failure::of)?)
}

fn report_dry_run(form: Form, due: &PurgeReport) -> Result<(), Failure> {
    remark_if_held_back(due);
    if form == Form::Json {
        return output::json(&serde_json::json!({
            "due": due.total(),
            "removed": 0,
            "rows": rows(due),
            "expired_before": horizon(due),
            "held_back": due.held_back,
        }));
    }
    if due.total() == 0 {
        return output::line(&why_nothing(due));
    }
    output::line(&format!(
        "Would remove {} expired rows ({}), all from before {}. Nothing was removed.",
        due.total(),
        described(due),
        horizon(due),
    ))
}

fn report_flush(form: Form, report: &PurgeReport) -> Result<(), Failure> {
    remark_if_held_back(report);
    match form {
        Form::Json => output::json(&serde_json::json!({
            "removed": report.total(),
            "rows": rows(report),
            "expired_before": horizon(report),
            "held_back": report.held_back,
        })),
        Form::Table if report.total() == 0 => output::line(&why_nothing(report)),
        Form::Table => output::line(&format!(
            "Removed {} expired rows ({}).",
            report.total(),
            described(report),
        )),
    }
}

/// Why nothing is due: nothing has expired, or not before where caution stops.
fn why_nothing(report: &PurgeReport) -> String {
    let nothing = format!(
        "Nothing was removed: no row expired before {}",
        horizon(report)
    );
    if report.horizon < report.wanted {
        let wanted = output::moment(UnixMillis::from(report.wanted));
        format!(
            "{nothing}, where caution stops this purge: each one goes no further than the one before wanted to, and \
             on by a day at most. With --yes it goes on to {wanted}."
        )
    } else {
        format!("{nothing}, which is as far as any purge goes: rows stay for the longest leeway.")
    }
}

fn remark_if_held_back(report: &PurgeReport) {
    if report.held_back {
        output::remark(&format!(
            "Only what expired before {} is purged: a clock that jumped ahead\n\
             would remove live sessions. If the clock is right, run it again with --yes.",
            horizon(report),
        ));
    }
}

fn rows(report: &PurgeReport) -> serde_json::Value {
    serde_json::json!({
        "sessions": report.sessions,
        "rotated_out": report.rotated_out,
        "foreign_tokens": report.foreign_tokens,
        "log_entries": report.log_entries,
        "audit_events": report.audit_events,
    })
}

fn described(report: &PurgeReport) -> String {
    let tokens = format!(
        "sessions: {}, rotated tokens: {}, foreign tokens: {}, log entries: {}",
        report.sessions, report.rotated_out, report.foreign_tokens, report.log_entries,
    );
    match report.audit_events {
        0 => tokens,
        events => format!("{tokens}, audit events: {events}"),
    }
}

fn horizon(report: &PurgeReport) -> String {
    output::moment(UnixMillis::from(report.horizon))
}

const PROGRESS: &str = "{bar:40} {human_pos} of {human_len} rows removed";
