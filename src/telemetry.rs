//! Logs: where they go and in which form.
//!
//! Nobody waits for standard error: lines are handed to a thread that writes them. Where it cannot write, or nobody
//! reads what it has written, lines are lost and requests are answered all the same.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Lines that may wait for being written; those beyond are lost.
const WAITING: usize = 16_384;

/// The way to standard error. When it is dropped, what waits is written, as far as that takes no longer than a second.
#[derive(Debug)]
pub struct Logs {
    lines: Lines,
    _until_written: WorkerGuard,
}

/// Sends log lines to standard error from now on. A second call changes nothing about where they go.
pub fn start(config: &LogConfig) -> Logs {
    let logs = Logs::to(io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_writer(logs.lines.clone())
        .with_ansi(io::stderr().is_terminal())
        .with_max_level(LevelFilter::INFO)
        // What it would say about a failed write goes to the same place and panics there.
        .log_internal_errors(false);
    // It would tell of each attempt; what comes of them is told once, by whoever asked.
    let ours = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("object_store", LevelFilter::WARN)
        .with_target("deadpool", LevelFilter::ERROR)
        .with_target("deadpool_postgres", LevelFilter::ERROR);
    let _already = match config.format {
        LogFormat::Text => builder.with_target(false).finish().with(ours).try_init(),
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_target(false);
            builder.finish().with(ours).try_init()
        }
    };
    logs
}

impl Logs {
    fn to(writer: impl Write + Send + 'static) -> Self {
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = Counted {
            writer,
            waiting: Arc::clone(&waiting),
        };
        // One place more than is ever taken by lines, or the guard, which has to tell the thread to end, would complain
        // on standard output that there is none.
        let (queue, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(WAITING + 1)
            .thread_name("log")
            .finish(counted);
        Self {
            lines: Lines { queue, waiting },
            _until_written: guard,
        }
    }

    /// Says a line that is not a log line, in its order among them.
    pub fn say(&self, text: &str) {
        let _lost = self.lines.clone().write_all(format!("{text}\n").as_bytes());
    }
}

/// Takes lines, each with one write, and loses them where too many wait.
#[derive(Debug, Clone)]
struct Lines {
    queue: NonBlocking,
    waiting: Arc<AtomicUsize>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let place = self
            .waiting
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < WAITING).then_some(waiting + 1)
            });
        match place {
            Ok(_) => self.queue.write(line),
            Err(_) => Ok(line.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Counts the lines off that were written. One that could not be written is lost.
struct Counted<W> {
    writer: W,
    waiting: Arc<AtomicUsize>,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _lost = self.writer.write_all(line);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _lost = self.writer.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Writes a line when it is allowed to, and hands it over.
    struct Gate {
        allowed: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _all_allowed = self.allowed.recv();
            let _nobody_reads = self.written.send(line.to_owned());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_beyond_the_bound_are_lost_and_the_others_are_written_in_order_before_the_end() {
        let (allow, allowed) = channel();
        let (written, lines) = channel();
        let logs = Logs::to(Gate { allowed, written });
        for number in 0..WAITING + 100 {
            logs.say(&number.to_string());
        }
        drop(allow);
        drop(logs);
        let lines: Vec<Vec<u8>> = lines.iter().collect();
        assert_eq!(lines.len(), WAITING);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(*line, format!("{number}\n").into_bytes());
        }
    }

    #[test]
    fn the_end_does_not_wait_for_a_writer_that_is_stuck() {
        let (_allow, allowed) = channel();
        let (written, _lines) = channel();
        let logs = Logs::to(Gate { allowed, written });
        for _ in 0..2 * WAITING {
            logs.say("line");
        }
        drop(logs);
    }
}
