//! Sockets: one current-thread runtime a core, each accepting for itself, until the server is told to stop.
//!
//! All threads accept from one listening socket, so that a second server on the same port is refused by the kernel and
//! an idle thread takes the next connection.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::redirect;
use super::transport::{self, Client};
use crate::app::App;

/// Connections that the kernel holds for us until one is accepted.
const BACKLOG: i32 = 4096;
/// Pause after the system had no resources for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The least time between two log lines about that.
const ACCEPT_QUIET: Duration = Duration::from_secs(10);

/// A socket that listens.
#[derive(Debug)]
pub struct Bound {
    socket: StdListener,
    /// Where it does.
    pub address: SocketAddr,
}

impl Bound {
    /// The same for a thread.
    fn for_thread(&self) -> io::Result<Self> {
        Ok(Self {
            socket: self.socket.try_clone()?,
            address: self.address,
        })
    }

    /// The same on the runtime of this thread; `None`, and a line in the log, where that is refused.
    pub(super) fn on_runtime(self) -> Option<TcpListener> {
        TcpListener::from_std(self.socket)
            .inspect_err(|error| tracing::error!(%error, "a listening socket cannot be used"))
            .ok()
    }
}

/// A socket that listens on `address`.
///
/// # Errors
/// What the system says, such as that the address is in use.
pub fn bind(address: SocketAddr) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let socket = StdListener::from(socket);
    Ok(Bound {
        address: socket.local_addr()?,
        socket,
    })
}

/// A server that accepts connections. Dropping it blocks: nothing more is accepted, requests in flight finish within
/// `shutdown_grace`, and all threads have ended.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// Sockets to listen on, and what is spoken there.
#[derive(Debug)]
pub struct Sockets {
    /// The main one.
    pub main: Bound,
    /// How TLS is spoken on it; `None`: not at all.
    pub tls: Option<Arc<ServerConfig>>,
    /// Where plain HTTP is answered with the way to HTTPS.
    pub redirect: Option<Bound>,
}

/// Starts `threads` runtimes that answer connections of `sockets`.
///
/// # Errors
/// What the system says when a thread or a socket cannot be had.
pub fn start(sockets: Sockets, app: &App, threads: usize) -> io::Result<Running> {
    let (stop, stopping) = watch::channel(false);
    let tls = sockets.tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(app.config.limits.max_connections));
    let failures = Arc::new(Failures::default());
    let count = threads.max(1);
    // Threads that have been started are ended if the next one cannot be.
    let mut running = Running {
        stop,
        threads: Vec::new(),
    };
    if let Some(socket) = sockets.redirect {
        let redirect = redirect::Redirect::new(app, stopping.clone());
        let thread = spawn("http-redirect".to_owned(), redirect.run(socket))?;
        running.threads.push(thread);
    }
    for number in 0..count {
        let worker = Worker {
            listener: sockets.main.for_thread()?,
            tls: tls.clone(),
            app: app.for_thread(count).map_err(io::Error::other)?,
            places: Arc::clone(&places),
            failures: Arc::clone(&failures),
            stopping: stopping.clone(),
        };
        let thread = spawn(format!("http-{number}"), worker.run())?;
        running.threads.push(thread);
    }
    Ok(running)
}

/// Runs `work` on a runtime and a thread of its own.
fn spawn(name: String, work: impl Future<Output = ()> + Send + 'static) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name(name)
        .spawn(move || runtime.block_on(work))
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a server thread has panicked");
            }
        }
    }
}

struct Worker {
    listener: Bound,
    tls: Option<TlsAcceptor>,
    app: App,
    places: Arc<Semaphore>,
    failures: Arc<Failures>,
    stopping: watch::Receiver<bool>,
}

impl Worker {
    async fn run(mut self) {
        let Some(listener) = self.listener.on_runtime() else {
            return;
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                Some(_) = connections.join_next() => {}
                (client, place) = accept(&listener, &self.places, &self.failures) => {
                    let (app, tls, stopping) = (self.app.clone(), self.tls.clone(), self.stopping.clone());
                    connections.spawn(async move {
                        transport::serve(client, app, tls, stopping).await;
                        drop(place);
                    });
                }
            }
        }
        drop(listener);
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.app.config.shutdown_grace, drained)
            .await
            .is_err()
        {
            tracing::warn!(
                "requests were still in flight when shutdown_grace was over; their connections are cut"
            );
        }
    }
}

/// Returns when the server is told to stop.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody can tell any more: that is the end, too.
    let _told = stopping.wait_for(|stop| *stop).await.map(|_| ());
}

/// The next connection, once there is a place for it.
pub(super) async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    failures: &Failures,
) -> (Client, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending().await
        };
        match listener.accept().await {
            Ok((stream, address)) => return (Client { stream, address }, place),
            Err(error) => {
                if let Some(attempts) = failures.to_report(Instant::now()) {
                    tracing::warn!(%error, attempts, "a connection could not be accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Attempts to accept that have failed. They come in swarms, of which a log line now and then is enough.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// How many there were since the last line, and when that was.
    unreported: Mutex<(usize, Option<Instant>)>,
}

impl Failures {
    /// One more, at `now`. How many a line should tell of, where it is time for one.
    fn to_report(&self, now: Instant) -> Option<usize> {
        let mut unreported = self.unreported.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = &mut *unreported;
        *count += 1;
        if last.is_some_and(|last| now.saturating_duration_since(last) < ACCEPT_QUIET) {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_to_accept_are_told_at_once_and_then_counted_for_a_while() {
        let failures = Failures::default();
        let begin = Instant::now();
        assert_eq!(failures.to_report(begin), Some(1));
        for second in 1..10 {
            assert_eq!(failures.to_report(begin + Duration::from_secs(second)), None);
        }
        assert_eq!(failures.to_report(begin + ACCEPT_QUIET), Some(10));
        assert_eq!(failures.to_report(begin + ACCEPT_QUIET), None);
    }
}
