//! Where the commands get a password from: standard input, a terminal, or chance. Never a command line, which others on the
//! machine can read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::Failure;
use crate::authority::{password, random_secret, secret_hash};
use crate::config::{BACKUP_PASSPHRASE, Secret};

/// No line is read any further.
const MAX_LINE_BYTES: u64 = 4096;

/// Where a password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The first line of standard input.
    StandardInput,
    /// Made here.
    Generated,
    /// A person at a terminal, who is asked twice.
    Terminal,
}

/// A password that will do for the user of that name.
pub(super) fn obtain(source: Source, user_principal_name: &str) -> Result<Secret, Failure> {
    let found = match source {
        Source::Generated => return random_secret::password().map_err(Failure::at_work),
        Source::StandardInput => first_line()?,
        Source::Terminal => ask_twice()?,
    };
    password::check(found.expose(), user_principal_name).map_err(|fault| Failure::refused([fault]))?;
    Ok(found)
}

/// What is kept of a password. Hashing is slow, so it is done on a thread of its own.
pub(super) async fn hash(secret: Secret) -> Result<String, Failure> {
    let hashed = tokio::task::spawn_blocking(move || secret_hash::hash(secret.expose())).await;
    hashed.map_err(Failure::at_work)?.map_err(Failure::at_work)
}

fn first_line() -> Result<Secret, Failure> {
    line_of(io::stdin().lock()).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Failure::refused(["the password on standard input is not UTF-8"]),
        _ => error.into(),
    })
}

/// The first line of something, without its end.
fn line_of(source: impl Read) -> io::Result<Secret> {
    let mut bytes = Vec::new();
    BufReader::new(source.take(MAX_LINE_BYTES)).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "its first line is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

fn ask_twice() -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() {
        let text =
            "there is no terminal to ask for a password on: use --password-stdin or --generate-password";
        return Err(Failure::refused([text]));
    }
    let (one, two) = (ask("Password: ")?, ask("The same again: ")?);
    match one == two {
        true => Ok(one),
        false => Err(Failure::refused(["these were two different passwords"])),
    }
}

/// The passphrase of a backup: the first line of `file`, what the environment says, or what a person at a terminal does, who is
/// asked twice for a new one.
pub(super) fn passphrase(file: Option<&Path>, is_new: bool) -> Result<Secret, Failure> {
    if let Some(file) = file {
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::refused([format!("--passphrase-file: {}: {error}", file.display())])
        };
        let opened = File::open(file).map_err(|error| unreadable(&error))?;
        return line_of(opened).map_err(|error| unreadable(&error));
    }
    if let Some(text) = std::env::var_os(BACKUP_PASSPHRASE) {
        let text = text.into_string();
        return text
            .map(Secret::new)
            .map_err(|_| Failure::refused([format!("{BACKUP_PASSPHRASE}: the value is not UTF-8")]));
    }
    if !io::stdin().is_terminal() {
        let text = format!(
            "there is no passphrase for the keys: name a file with --passphrase-file, set {BACKUP_PASSPHRASE}, or leave the \
             keys out with --without-keys"
        );
        return Err(Failure::refused([text]));
    }
    let one = ask("Passphrase of the backup: ")?;
    match is_new && one != ask("The same again: ")? {
        true => Err(Failure::refused(["these were two different passphrases"])),
        false => Ok(one),
    }
}

fn ask(prompt: &str) -> Result<Secret, Failure> {
    let silence = Silence::begin()?;
    let mut terminal = io::stderr();
    terminal.write_all(prompt.as_bytes())?;
    terminal.flush()?;
    let answer = first_line();
    drop(silence);
    // The line break that was typed was not shown either.
    terminal.write_all(b"\n")?;
    answer
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence {
    before: Termios,
}

impl Silence {
    fn begin() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before the question is no answer to it.
        tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that has gone away shows nothing anyway.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
