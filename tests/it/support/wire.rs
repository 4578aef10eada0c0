//! [`Wire`]: a connection to a server that breaks when a test says so.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Hands everything on to a server, until it is told otherwise.
pub struct Wire {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behind: SocketAddr,
    is_cut: AtomicBool,
    /// The answer to the next commit gets lost.
    loses_commit: AtomicBool,
    /// The connection on which this is sent breaks.
    breaks_on: Mutex<Option<&'static str>>,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire to `behind`.
    pub fn to(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behind,
            is_cut: AtomicBool::new(false),
            loses_commit: AtomicBool::new(false),
            breaks_on: Mutex::default(),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                accepting.join(client.unwrap());
            }
        });
        Self { address, shared }
    }

    /// Breaks all connections, and every further one, until it is mended.
    pub fn cut(&self) {
        self.shared.is_cut.store(true, Ordering::SeqCst);
        self.break_all();
    }

    /// Breaks all connections; further ones are good.
    pub fn break_all(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _broken_already = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets further connections through again.
    pub fn mend(&self) {
        self.shared.is_cut.store(false, Ordering::SeqCst);
    }

    /// Breaks the connection on which the next commit is sent, once the server has answered.
    pub fn lose_the_next_commit(&self) {
        self.shared.loses_commit.store(true, Ordering::SeqCst);
    }

    /// Breaks the connection on which `text` is sent next; it does not reach the server.
    pub fn break_on(&self, text: &'static str) {
        *self.shared.breaks_on.lock().unwrap() = Some(text);
    }

    /// Whether that has happened.
    pub fn has_broken(&self) -> bool {
        self.shared.breaks_on.lock().unwrap().is_none()
    }

    /// Whether there was such a commit.
    pub fn has_lost_it(&self) -> bool {
        !self.shared.loses_commit.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn join(self: &Arc<Self>, client: TcpStream) {
        if self.is_cut.load(Ordering::SeqCst) {
            return;
        }
        let server = TcpStream::connect(self.behind).unwrap();
        let ends = [client.try_clone().unwrap(), server.try_clone().unwrap()];
        self.open.lock().unwrap().extend(ends);
        let swallow = Arc::new(AtomicBool::new(false));
        for (from, to, is_request) in [
            (client.try_clone().unwrap(), server.try_clone().unwrap(), true),
            (server, client, false),
        ] {
            let (shared, swallow) = (Arc::clone(self), Arc::clone(&swallow));
            std::thread::spawn(move || {
                shared.pass(&from, &to, is_request, &swallow);
                for end in [from, to] {
                    let _broken_already = end.shutdown(Shutdown::Both);
                }
            });
        }
    }

    fn breaks_at(&self, bytes: &[u8]) -> bool {
        let mut breaks_on = self.breaks_on.lock().unwrap();
        let is_there = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let breaks = breaks_on.is_some_and(is_there);
        if breaks {
            *breaks_on = None;
        }
        breaks
    }

    fn pass(&self, mut from: &TcpStream, mut to: &TcpStream, is_request: bool, swallow: &AtomicBool) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..count];
            if is_request && self.breaks_at(bytes) {
                return;
            }
            if is_request && bytes.windows(7).any(|window| window == b"COMMIT\0") {
                swallow.store(self.loses_commit.swap(false, Ordering::SeqCst), Ordering::SeqCst);
            }
            if !is_request && swallow.load(Ordering::SeqCst) {
                return;
            }
            if to.write_all(bytes).is_err() {
                return;
            }
        }
    }
}
