//! What commands print: tables for people, one JSON object a line for programs.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Prints a line to standard output; a reader that has gone away ends the output, not the program.
pub(super) fn line(text: &str) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says a line on standard error. Where that cannot be written, nobody is there to be told.
pub(super) fn say(text: &str) {
    // One write, so that lines of several threads do not mix.
    let _lost = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Prints rows in columns as wide as their widest cell.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let heading: Vec<String> = headings.iter().map(ToString::to_string).collect();
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let all = || std::iter::once(&heading).chain(&shown);
    let width = |column: usize| {
        all()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    for row in all() {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Text of somebody else's for a terminal: what would move the cursor, or turn the direction of what follows, is escaped.
pub(super) fn printable(text: &str) -> String {
    let turns = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::new();
    for c in text.chars() {
        match c.is_control() || turns(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// Prints what is known of one thing, a name and a value a line.
pub(super) fn facts(rows: &[(&str, String)]) -> io::Result<()> {
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in rows {
        line(format!("{name:width$}  {}", printable(value)).trim_end())?;
    }
    Ok(())
}

/// Shows how far long work is: a bar on a terminal, a line now and then elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
    plain: Option<Mutex<(&'static str, usize)>>,
}

impl Progress {
    pub(super) fn of(what: &'static str) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} ({eta} left)");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            plain: (!terminal).then(|| Mutex::new((what, 0))),
        }
    }

    /// The same for `total` bytes of a file: a bar on a terminal, nothing elsewhere, as each file has a line of its own.
    pub(super) fn of_bytes(what: &str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} ({eta} left)");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, plain: None }
    }

    /// Counts where nobody knows how much there is.
    pub(super) fn counting(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {spinner} {prefix} objects, {bytes} ({elapsed})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, plain: None }
    }

    /// So many objects, and bytes in them.
    pub(super) fn count(&self, objects: i64, bytes: i64) {
        self.bar.set_prefix(objects.to_string());
        self.bar.set_position(u64::try_from(bytes).unwrap_or(0));
    }

    /// So many bytes are done.
    pub(super) fn show_bytes(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// `done` of `total` are done.
    pub(super) fn show(&self, done: usize, total: usize) {
        let Some(plain) = &self.plain else {
            self.bar.set_length(total as u64);
            self.bar.set_position(done as u64);
            return;
        };
        // A line for each tenth of work that is long enough to be watched.
        let Ok(mut plain) = plain.lock() else { return };
        let tenth = (done * 10).checked_div(total).unwrap_or(10);
        if total >= 100 && tenth > plain.1 {
            plain.1 = tenth;
            say(&format!("{}: {done} of {total}", plain.0));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
