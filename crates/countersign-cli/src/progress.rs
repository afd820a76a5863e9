//! How far a command is.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::Failure;

/// A bar that fills up to so many rows; none where there are none. Where there is no terminal, it is not seen.
///
/// # Errors
/// [`Failure`] if the template is none.
pub(crate) fn bar(
    rows: u64,
    template: &str,
    target: ProgressDrawTarget,
) -> Result<ProgressBar, Failure> {
    if rows == 0 {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template(template).map_err(Failure::of)?;
    Ok(ProgressBar::with_draw_target(Some(rows), target).with_style(style))
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
    fn a_bar_fills_up_to_what_there_is() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bar = bar(
            4_000,
            "{bar:40} {human_pos} of {human_len} rows removed",
            target,
        )
        .unwrap();
        bar.set_position(3_000);
        bar.force_draw();
        let drawn = screen.0.lock().unwrap().clone();
        assert!(drawn.contains("3,000 of 4,000 rows removed"), "{drawn}");
        assert!(drawn.contains(&"█".repeat(30)), "three quarters: {drawn}");
        assert!(!drawn.contains(&"█".repeat(31)), "three quarters: {drawn}");
    }

    #[test]
    fn where_there_is_nothing_to_do_no_bar_is_drawn() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bar = bar(0, "{pos} of {len}", target).unwrap();
        bar.set_position(0);
        bar.force_draw();
        bar.finish_and_clear();
        assert_eq!(*screen.0.lock().unwrap(), "");
    }
}
