//! [`Front`]: an address that stays while the server behind it goes and comes, and that breaks after so many bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Hands everything on to the server behind it, if there is one.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    behind: Option<SocketAddr>,
    /// After so many bytes of requests all connections break.
    budget: Option<Budget>,
    open: Vec<TcpStream>,
    /// How many bytes of requests have been handed on.
    sent: usize,
}

#[derive(Clone, Copy)]
struct Budget {
    bytes: usize,
    /// Whether nothing is behind it from then on.
    for_good: bool,
}

impl Front {
    /// One with nothing behind it.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                join(&accepting, client.unwrap());
            }
        });
        Self { address, shared }
    }

    /// The server behind it.
    pub fn lead_to(&self, behind: &str) {
        self.shared.lock().unwrap().behind = Some(behind.parse().unwrap());
    }

    /// Breaks all connections once after so many bytes of requests.
    pub fn break_after(&self, bytes: usize) {
        let budget = Budget {
            bytes,
            for_good: false,
        };
        self.shared.lock().unwrap().budget = Some(budget);
    }

    /// The same, and nothing is behind it until it is led somewhere again.
    pub fn close_after(&self, bytes: usize) {
        let budget = Budget {
            bytes,
            for_good: true,
        };
        self.shared.lock().unwrap().budget = Some(budget);
    }

    /// Whether that has happened.
    pub fn has_broken(&self) -> bool {
        self.shared.lock().unwrap().budget.is_none()
    }

    /// How many bytes of requests have been handed on.
    pub fn sent(&self) -> usize {
        self.shared.lock().unwrap().sent
    }
}

fn join(shared: &Arc<Mutex<Shared>>, client: TcpStream) {
    let behind = shared.lock().unwrap().behind;
    let Some(Ok(server)) = behind.map(TcpStream::connect) else {
        return;
    };
    let ends = [client.try_clone().unwrap(), server.try_clone().unwrap()];
    shared.lock().unwrap().open.extend(ends);
    let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let asking = Arc::clone(shared);
    std::thread::spawn(move || pass((client, server), |bytes| allowed(&asking, bytes)));
    std::thread::spawn(move || pass(back, |bytes| bytes));
}

/// How many of so many bytes are handed on.
fn allowed(shared: &Mutex<Shared>, bytes: usize) -> usize {
    let mut shared = shared.lock().unwrap();
    let allowed = shared.budget.map_or(bytes, |budget| bytes.min(budget.bytes));
    shared.sent += allowed;
    match &mut shared.budget {
        Some(budget) if allowed < bytes => {
            if budget.for_good {
                shared.behind = None;
            }
            shared.budget = None;
            for stream in shared.open.drain(..) {
                let _broken_already = stream.shutdown(Shutdown::Both);
            }
        }
        Some(budget) => budget.bytes -= allowed,
        None => {}
    }
    allowed
}

fn pass((mut from, mut to): (TcpStream, TcpStream), allow: impl Fn(usize) -> usize) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let allowed = allow(count);
        if to.write_all(&buffer[..allowed]).is_err() || allowed < count {
            break;
        }
    }
    for end in [from, to] {
        let _broken_already = end.shutdown(Shutdown::Both);
    }
}
