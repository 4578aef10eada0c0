//! What surrounds the process: standard error that nobody reads, few open files, any umask, signals at any time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::binary::{BINARY, DEADLINE, Process, Ran, clean, command, get};
use super::home::Home;
use crate::support::media;
use crate::support::names::{ORGANIZER, STANDUP, my_standup};
use crate::support::stores::files_below;

/// A server whose standard error the test has in its hand; killed when it is dropped.
struct Unread {
    child: Child,
    errors: Option<BufReader<ChildStderr>>,
    address: String,
}

impl Unread {
    /// Serves `home` and reads standard error as far as the line that it listens.
    fn serve(home: &Home) -> Self {
        let mut command = command(&["serve", "--data", &home.data(), "--listen", "127.0.0.1:0"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on http://") {
            line.clear();
            assert_ne!(errors.read_line(&mut line).unwrap(), 0, "it ended");
        }
        let address = line.trim().split("http://").nth(1).unwrap().to_owned();
        Self {
            child,
            errors: Some(errors),
            address,
        }
    }

    /// SIGTERM, and the exit status.
    fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        for _ in 0..DEADLINE.as_millis() / 10 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[test]
fn a_server_whose_standard_error_is_closed_goes_on() {
    let home = Home::seeded();
    let mut server = Unread::serve(&home);
    server.errors = None;
    for _ in 0..50 {
        assert_eq!(get(&server.address, "/healthz", "").status, 200);
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_server_whose_standard_error_is_not_read_goes_on() {
    let home = Home::seeded();
    let server = Unread::serve(&home);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for number in 0..2000 {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert_ne!(answers.read_line(&mut line).unwrap(), 0, "cut at {number}");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        answers.read_exact(&mut vec![0; length]).unwrap();
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_was_logged_before_the_end_is_written() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    for _ in 0..20 {
        assert_eq!(get(&server.address(), "/healthz", "").status, 200);
    }
    let ran = server.stop();
    let requests = ran.err.lines().filter(|line| line.contains("route="));
    assert_eq!(requests.count(), 20, "{}", ran.err);
    assert!(
        ran.err.lines().next().unwrap().contains("listening on"),
        "{}",
        ran.err
    );
}

#[test]
fn the_exit_status_is_the_same_where_standard_error_is_full() {
    let home = Home::new();
    let mut command = command(&["seed", "/nonexistent.yaml", "--data", &home.data()]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = command.stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

/// The binary under a shell that has done `first`.
fn after(first: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    clean(&mut command)
        .args(["-c", &format!("{first} && exec \"$0\" \"$@\""), BINARY])
        .args(arguments);
    command
}

/// A server of `home` with limits of open files.
fn serve_with_files(home: &Home, limits: &str, more: &[&str]) -> Process {
    let data = home.data();
    let arguments = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let mut command = after(limits, &[&arguments, more].concat());
    let mut server = Process::spawn(command.envs(home.stores.environment()));
    server.error_with("listening on http://");
    server
}

fn silent_connections(address: &str) -> Vec<TcpStream> {
    (0..300).map(|_| TcpStream::connect(address).unwrap()).collect()
}

/// The lines of what a server has said that are about open files or failed accepts.
fn about_files(ran: &Ran) -> Vec<&str> {
    let about = |line: &&str| line.contains("limit of open files") || line.contains("could not be accepted");
    ran.err.lines().filter(about).collect()
}

#[test]
fn the_soft_limit_of_open_files_is_raised() {
    let home = Home::seeded();
    let file = home.write("graphophone.toml", b"[limits]\nmax_connections = 600\n");
    let server = serve_with_files(&home, "ulimit -Sn 128 && ulimit -Hn 1000", &["--config", &file]);
    let silent = silent_connections(&server.address());
    let mut asked = TcpStream::connect(server.address()).unwrap();
    // Below header_timeout, after which the silent ones are gone.
    asked.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    asked
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut begin = [0; 12];
    asked.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    drop((silent, asked));
    assert!(about_files(&server.stop()).is_empty());
}

#[test]
fn with_few_open_files_there_are_fewer_connections_and_one_warning() {
    let home = Home::seeded();
    let file = home.write("graphophone.toml", b"[limits]\nheader_timeout = \"1s\"\n");
    let server = serve_with_files(&home, "ulimit -n 256", &["--config", &file]);
    let token = home.token(ORGANIZER);
    let silent = silent_connections(&server.address());
    // Its turn comes when the silent ones before it have been silent for too long, and then there is a file for it.
    let path = format!("{}/recordings/recording-1/content", my_standup());
    let answer = get(&server.address(), &path, &token);
    assert_eq!((answer.status, answer.body.len()), (200, 1000));
    drop(silent);
    let ran = server.stop();
    let lines = about_files(&ran);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "max_connections=10000",
        "open_files=256",
        "reserved_files=256",
        "connections=64",
    ] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
}

/// Permission bits.
fn mode(path: impl AsRef<Path>) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o777
}

/// What is half written when it is listed may have its name a moment later.
fn are_for_their_owner_alone(files: &[std::path::PathBuf]) {
    for file in files {
        match std::fs::symlink_metadata(file) {
            Ok(metadata) => assert_eq!(metadata.mode() & 0o077, 0, "{}", file.display()),
            Err(error) => assert!(
                error.kind() == std::io::ErrorKind::NotFound
                    && file.to_string_lossy().contains("/.incoming/"),
                "{}: {error}",
                file.display()
            ),
        }
    }
}

#[test]
fn with_any_umask_a_served_folder_is_for_its_owner_alone() {
    let home = Home::new();
    let data = home.data();
    let seed = home.path("seed.yaml");
    let serve = [
        "serve",
        "--data",
        &data,
        "--listen",
        "127.0.0.1:0",
        "--seed",
        &seed,
    ];
    let start = || {
        let mut server = Process::spawn(&mut after("umask 000", &serve));
        server.error_with("listening on http://");
        server
    };
    let server = start();
    assert_eq!(mode(&data), 0o700);
    let lock = home.path("data/serve.lock");
    assert_eq!(mode(&lock), 0o600);
    let mut files = Vec::new();
    files_below(Path::new(&data), &mut files);
    are_for_their_owner_alone(&files);
    server.stop();
    std::fs::set_permissions(&lock, PermissionsExt::from_mode(0o666)).unwrap();
    let server = start();
    assert_eq!(mode(&lock), 0o600);
    server.stop();
}

fn demo(home: &Home, first: &str, arguments: &[&str]) -> Process {
    let temporary = home.path("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    Process::spawn(after(first, &[&["demo"], arguments].concat()).env("TMPDIR", temporary))
}

fn entries(folder: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn with_any_umask_the_demo_is_for_its_owner_alone() {
    let home = Home::new();
    let mut process = demo(&home, "umask 000", &[]);
    process.error_with("listening on http://");
    let [folder] = entries(&home.path("tmp")).try_into().unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(folder.join("tokens")), 0o700);
    let mut files = Vec::new();
    files_below(&folder, &mut files);
    assert!(files.iter().any(|file| file.ends_with("tokens/organizer")));
    are_for_their_owner_alone(&files);
    process.stop();
    assert!(entries(&home.path("tmp")).is_empty());
}

#[test]
fn tokens_are_not_written_where_a_link_leads_or_others_may_read() {
    let home = Home::new();
    let (data, tokens) = (home.data(), home.path("data/tokens"));
    std::fs::create_dir_all(&tokens).unwrap();
    std::fs::set_permissions(&tokens, PermissionsExt::from_mode(0o777)).unwrap();
    let elsewhere = home.write("elsewhere", b"as it was");
    symlink(&elsewhere, home.path("data/tokens/organizer")).unwrap();
    home.write("data/tokens/archiver", b"old");
    let open = PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(home.path("data/tokens/archiver"), open).unwrap();
    let mut process = demo(&home, "umask 000", &["--data", &data]);
    process.error_with("listening on http://");
    process.stop();
    assert_eq!(std::fs::read(&elsewhere).unwrap(), b"as it was");
    assert_eq!(mode(&tokens), 0o700);
    let files = entries(&tokens);
    assert_eq!(files.len(), 7, "{files:?}");
    for file in files {
        assert!(
            std::fs::symlink_metadata(&file).unwrap().is_file(),
            "{}",
            file.display()
        );
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }

    std::fs::rename(&tokens, home.path("moved")).unwrap();
    symlink(home.path("moved"), &tokens).unwrap();
    let ran = demo(&home, "true", &["--data", &data]).finish();
    assert!(ran.failed().contains("tokens"), "{ran:?}");
}

/// Waits until there is a file below `folder` whose path `fits`.
fn wait_for_file(process: &mut Process, folder: &str, fits: impl Fn(&Path) -> bool) {
    for _ in 0..DEADLINE.as_millis() {
        let mut files = Vec::new();
        files_below(Path::new(folder), &mut files);
        if files.iter().any(|file| fits(file)) {
            return;
        }
        let ended = process.ends_within(Duration::from_millis(1));
        assert!(ended.is_none(), "it has ended already: {ended:?}");
    }
    panic!("there is no such file");
}

#[test]
fn a_signal_while_a_seed_is_loaded_ends_the_server_with_0() {
    for signal in [Signal::TERM, Signal::INT, Signal::TERM, Signal::INT, Signal::TERM] {
        let home = Home::seeded();
        let mut seed = String::from("recordings:\n");
        let bytes = media(8_000_000);
        for number in 0..12 {
            home.write(&format!("{number}.mp4"), &bytes);
            seed.push_str(&format!(
                "  - {{ id: \"{number}\", meetingId: \"{STANDUP}\", contentFile: \"{number}.mp4\" }}\n"
            ));
        }
        let seed = home.write("much.yaml", seed.as_bytes());
        let before = home.content_files();
        let mut server = home.spawn(&["serve", "--listen", "127.0.0.1:0", "--seed", &seed]);
        let content = home.stores.content_root().display().to_string();
        wait_for_file(&mut server, &content, |file| !before.contains(&file.to_owned()));
        server.signal(signal);
        let ran = server.finish();
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(!ran.err.contains("listening on"), "{ran:?}");
        // All or nothing.
        let listed = home
            .run(&["recording", "list", "--json", "--meeting", STANDUP])
            .succeeded();
        assert_eq!(listed.lines().count(), 2, "{listed}");
    }
}

#[test]
fn a_signal_while_the_demo_starts_ends_it_with_0_and_nothing_stays() {
    // The moments at which it gets so far differ from its first one to late ones.
    for sign in [
        "",
        "serve.lock",
        "graphophone.db",
        "seed.yaml",
        "tokens/organizer",
    ] {
        let home = Home::new();
        let mut process = demo(&home, "true", &[]);
        let folder = home.path("tmp");
        if sign.is_empty() {
            while entries(&folder).is_empty() {
                assert!(process.ends_within(Duration::from_millis(1)).is_none());
            }
        } else {
            // Some are there for a moment only, the last one stays.
            let last = "tokens/organizer";
            wait_for_file(&mut process, &folder, |file| {
                file.ends_with(sign) || file.ends_with(last)
            });
        }
        let ran = process.stop();
        assert!(ran.err.contains("stopping"), "{sign}: {ran:?}");
        assert!(entries(&folder).is_empty(), "{sign}: {:?}", entries(&folder));
    }
}
