//! `countersign token flush-expired`: what has expired is counted, and then removed in small batches.

use countersign::authority::{PurgeHorizon, PurgeReport};
use countersign_token::UnixMillis;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{FlushExpired, Form};
use crate::failure::Failure;
use crate::housekeeping::purge_at_leisure;
use crate::opening::Opened;
use crate::output;

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
    let bar = progress_bar(due.total(), ProgressDrawTarget::stderr())?;
    let removed = purge_at_leisure(&opened.authority, horizon, |report| {
        bar.set_position(report.total());
    })
    .await;
    bar.finish_and_clear();
    report_flush(form, &removed.map_err(Failure::of)?)
}

/// A bar that fills up to so many rows. Where there is no terminal, it is not seen.
fn progress_bar(rows: u64, target: ProgressDrawTarget) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows removed")
        .map_err(Failure::of)?;
    Ok(ProgressBar::with_draw_target(Some(rows), target).with_style(style))
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
        Form::Table => output::line(&format!(
            "Removed {} expired rows ({}).",
            report.total(),
            described(report),
        )),
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
    })
}

fn described(report: &PurgeReport) -> String {
    format!(
        "sessions: {}, rotated tokens: {}, foreign tokens: {}, log entries: {}",
        report.sessions, report.rotated_out, report.foreign_tokens, report.log_entries,
    )
}

fn horizon(report: &PurgeReport) -> String {
    output::moment(UnixMillis::from(report.horizon))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps what is written to it.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_bar_fills_up_to_what_is_due() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bar = progress_bar(4_000, target).unwrap();
        bar.set_position(3_000);
        bar.force_draw();
        let drawn = screen.0.lock().unwrap().clone();
        assert!(drawn.contains("3,000 of 4,000 rows removed"), "{drawn}");
        assert!(drawn.contains(&"█".repeat(30)), "three quarters: {drawn}");
        assert!(!drawn.contains(&"█".repeat(31)), "three quarters: {drawn}");
    }
}
