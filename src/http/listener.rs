//! Sockets: one current-thread runtime a core, each accepting for itself, until the server is told to stop.
//!
//! All threads accept from one listening socket, so that a second server on the same port is refused by the kernel and
//! an idle thread takes the next connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connection::Connection;
use super::service;
use crate::app::App;

/// Connections that the kernel holds for us until one is accepted.
const BACKLOG: i32 = 4096;
/// Most header fields of a request.
const MAX_HEADERS: usize = 100;
/// Pause after the system had no resources for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The least time between two log lines about that.
const ACCEPT_QUIET: Duration = Duration::from_secs(10);

/// A socket that listens on `address`.
///
/// # Errors
/// What the system says, such as that the address is in use.
pub fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A server that accepts connections.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// Starts `threads` runtimes that answer connections of `listener`.
///
/// # Errors
/// What the system says when a thread or a socket cannot be had.
pub fn start(listener: &StdListener, app: &App, threads: usize) -> io::Result<Running> {
    let (stop, stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(app.config.limits.max_connections));
    let failures = Arc::new(Failures::default());
    let count = threads.max(1);
    let threads = (0..count).map(|number| {
        let worker = Worker {
            listener: listener.try_clone()?,
            app: app.for_thread(count).map_err(io::Error::other)?,
            places: Arc::clone(&places),
            failures: Arc::clone(&failures),
            stopping: stopping.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let name = format!("http-{number}");
        std::thread::Builder::new()
            .name(name)
            .spawn(move || runtime.block_on(worker.run()))
    });
    Ok(Running {
        stop,
        threads: threads.collect::<io::Result<_>>()?,
    })
}

impl Running {
    /// Accepts nothing more, lets requests in flight finish within `shutdown_grace`, and returns when all threads have
    /// ended. Blocks.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a server thread has panicked");
            }
        }
    }
}

struct Worker {
    listener: StdListener,
    app: App,
    places: Arc<Semaphore>,
    failures: Arc<Failures>,
    stopping: watch::Receiver<bool>,
}

impl Worker {
    async fn run(mut self) {
        let listener = match TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "a listening socket cannot be used"),
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                Some(_) = connections.join_next() => {}
                (stream, peer, place) = accept(&listener, &self.places, &self.failures) => {
                    connections.spawn(serve(stream, peer, place, self.app.clone(), self.stopping.clone()));
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
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody can tell any more: that is the end, too.
    let _told = stopping.wait_for(|stop| *stop).await.map(|_| ());
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    failures: &Failures,
) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending().await
        };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), place),
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
struct Failures {
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

/// Answers the requests of one connection until it ends or the server stops.
async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    place: OwnedSemaphorePermit,
    app: App,
    mut stopping: watch::Receiver<bool>,
) {
    let limits = &app.config.limits;
    let _not_fatal = stream.set_nodelay(true);
    let io = Connection::new(stream, limits.send_timeout);
    let answer = service_fn(|request| service::answer(&app, peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes)
        .max_headers(MAX_HEADERS)
        .serve_connection(io, answer);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    drop(place);
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
