//! Runs the binary, waits for its lines and its end, and asks it over plain TCP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};

/// How long a test waits before it fails.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_graphophone");

/// What a finished run has left.
#[derive(Debug)]
pub struct Ran {
    /// Exit status; -1 after a signal.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Asserts success and gives standard output.
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    /// Asserts a failure at work in one line on standard error, and gives that line.
    #[track_caller]
    pub fn failed(&self) -> &str {
        self.one_line(1)
    }

    /// Asserts a refusal in one line on standard error, and gives that line.
    #[track_caller]
    pub fn refused(&self) -> &str {
        self.one_line(2)
    }

    #[track_caller]
    fn one_line(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        let line = self.err.trim_end().strip_prefix("graphophone: ");
        line.unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// The binary with these arguments and nothing of ours in its environment.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    clean(&mut command).args(arguments);
    command
}

/// Takes the variables that a configuration reads out of the environment of `command`.
pub fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy();
        if shown.starts_with("GRAPHOPHONE_") || shown.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Ran {
    Process::spawn(&mut command(arguments)).finish()
}

enum Line {
    Out(String),
    Err(String),
}

/// A running process; killed when it is dropped.
pub struct Process {
    pid: Option<Pid>,
    ended: Receiver<ExitStatus>,
    lines: Receiver<Line>,
    /// The lines of standard output so far.
    pub out: Vec<String>,
    /// The lines of standard error so far.
    pub err: Vec<String>,
}

impl Process {
    /// Starts `command`.
    pub fn spawn(command: &mut Command) -> Self {
        Self::spawn_reading(command, Stdio::null())
    }

    /// Starts `command` with something to read.
    pub fn spawn_reading(command: &mut Command, input: impl Into<Stdio>) -> Self {
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (lines, received) = channel();
        pass_on(child.stdout.take().unwrap(), lines.clone(), Line::Out);
        pass_on(child.stderr.take().unwrap(), lines, Line::Err);
        let pid = Pid::from_child(&child);
        let (end, ended) = channel();
        std::thread::spawn(move || {
            let _nobody_waits = end.send(child.wait().unwrap());
        });
        Self {
            pid: Some(pid),
            ended,
            lines: received,
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    /// Starts `command`, a server, and waits until it listens.
    pub fn listening(command: &mut Command) -> Self {
        let mut process = Self::spawn(command);
        process.error_with("listening on");
        process
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        let line = self.err.iter().find(|line| line.contains("listening on http"));
        let line = line.unwrap_or_else(|| panic!("{:?}", self.err));
        line.split("://").nth(1).unwrap().trim().to_owned()
    }

    /// Waits for a line on standard error that contains `text`.
    #[track_caller]
    pub fn error_with(&mut self, text: &str) -> String {
        if let Some(line) = self.said(text) {
            return line;
        }
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(Line::Out(line)) => self.out.push(line),
                Ok(Line::Err(line)) => {
                    self.err.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("no line with {text:?}, {error}: {:?} {:?}", self.out, self.err),
            }
        }
    }

    /// The line on standard error that contains `text`, if there has been one by now.
    pub fn said(&mut self, text: &str) -> Option<String> {
        while let Ok(line) = self.lines.try_recv() {
            match line {
                Line::Out(line) => self.out.push(line),
                Line::Err(line) => self.err.push(line),
            }
        }
        self.err.iter().find(|line| line.contains(text)).cloned()
    }

    /// Waits for a line on standard output that contains `text`.
    #[track_caller]
    pub fn output_with(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(Line::Err(line)) => self.err.push(line),
                Ok(Line::Out(line)) => {
                    self.out.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("no line with {text:?}, {error}: {:?} {:?}", self.out, self.err),
            }
        }
    }

    /// Its id.
    pub fn id(&self) -> i32 {
        self.pid.unwrap().as_raw_nonzero().get()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            kill_process(pid, signal).unwrap();
        }
    }

    /// Waits for the end, at most `patience`.
    pub fn ends_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        match self.ended.recv_timeout(patience) {
            Ok(status) => {
                self.pid = None;
                Some(status)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the end was told already"),
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub fn finish(mut self) -> Ran {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(Line::Out(line)) => self.out.push(line),
                Ok(Line::Err(line)) => self.err.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:?} {:?}", self.out, self.err),
            }
        }
        let status = self.ends_within(DEADLINE).expect("it does not end");
        let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect();
        Ran {
            status: status.code().unwrap_or(-1),
            out: text(&self.out),
            err: text(&self.err),
        }
    }

    /// Stops a server with SIGTERM and expects a good end.
    #[track_caller]
    pub fn stop(self) -> Ran {
        self.signal(Signal::TERM);
        let ran = self.finish();
        assert_eq!(ran.status, 0, "{ran:?}");
        ran
    }

    /// Ends it as a power cut would, as far as a process can tell.
    #[track_caller]
    pub fn kill(self) {
        assert!(self.kill_if_running(), "it has ended by itself");
    }

    /// The same, where it may have ended by itself in the same moment; whether it has not.
    #[track_caller]
    pub fn kill_if_running(mut self) -> bool {
        let Some(pid) = self.pid else { return false };
        match kill_process(pid, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => panic!("{error}"),
        }
        let status = self.ends_within(DEADLINE).expect("it does not end");
        status.signal() == Some(Signal::KILL.as_raw())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            let _ended = kill_process(pid, Signal::KILL);
            let _ended = self.ended.recv_timeout(DEADLINE);
        }
    }
}

fn pass_on(stream: impl Read + Send + 'static, lines: Sender<Line>, of: fn(String) -> Line) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { return };
            if lines
                .send(of(String::from_utf8_lossy(&line).into_owned()))
                .is_err()
            {
                return;
            }
        }
    });
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Http {
    /// Status; 0 where there was no answer.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Http {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The ids of a collection.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let json = self.json();
        let all = json["value"].as_array().unwrap().iter();
        all.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// Sends a GET on a connection of its own that takes its answer slowly, and reads nothing of it.
pub fn ask(address: &str, path: &str, token: &str) -> TcpStream {
    let address: std::net::SocketAddr = address.parse().unwrap();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Reads to the end of the connection, after what was `read` already.
pub fn read_answer(stream: &mut TcpStream, mut read: Vec<u8>) -> Http {
    // A connection that is cut has an answer, too: its beginning.
    let _cut = stream.read_to_end(&mut read);
    let end = read.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.map_or(read.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Http {
        status: status.unwrap_or(0),
        body: read.split_off(end),
        head,
    }
}

/// GET.
pub fn get(address: &str, path: &str, token: &str) -> Http {
    read_answer(&mut ask(address, path, token), Vec::new())
}
