//! One connection of HTTP/2 (RFC 9113): its limits, its streams, and when it has been idle for long enough.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::body::Body;
use super::frames::{Counted, Waste};
use super::listener::stopped;
use super::patience::Watch;
use super::service;
use crate::app::App;
use crate::config::LimitsConfig;

/// Streams that a client may have open at a time.
const MAX_STREAMS: u32 = 128;
/// Streams that were reset before they were even looked at. One more, and the connection ends.
const MAX_PENDING_RESETS: usize = 20;
/// Streams that we reset because of what the client has done on them. One more, and the connection ends.
const MAX_ERROR_RESETS: usize = 256;
/// What a client may send of one body, and of all together, before we have read it.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Bytes of an answer that may wait in the library before it asks for more: next to none, as it takes whole pieces. So a slow
/// download holds one piece there and the next in hand.
const SEND_BYTES: usize = 1;
/// The most of an answer that is handed over at a time: the size of a frame. A client that takes less in
/// `send_timeout` counts as taking nothing.
const PIECE_BYTES: usize = 16 * 1024;
/// A client that has asked nothing for so long is waited for no longer than that when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a client that has never asked for anything has to hear that it is too late.
const CURT: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// Ties the body of an answer to the task of its stream, between which the library stands.
    static WATCH: Arc<Watch>;
}

/// Answers the requests of a connection until it ends, is idle for too long, or the server stops.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    peer: IpAddr,
    app: &App,
    stopping: &mut watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let limits = &app.config.limits;
    let streams = Streams::new(limits.send_timeout);
    let waste = Waste::default();
    let io = TokioIo::new(Counted::new(stream, waste.clone()));
    let app = Arc::new(app.clone());
    let answer = service_fn(|request| {
        let (app, waste) = (Arc::clone(&app), waste.clone());
        async move {
            let answer = service::answer(&app, peer, request).await;
            waste.answered();
            answer.map(|answer| without_bytes(answer).map(Watched::new))
        }
    });
    let connection = builder(&streams, limits).serve_connection(io, answer);
    let mut connection = pin!(connection);
    let is_idle = tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopped(stopping) => false,
        () = streams.idle(limits.header_timeout) => true,
    };
    connection.as_mut().graceful_shutdown();
    // The library waits for the client to hear of it, which may be gone. What was answered lately is still on its way.
    let open = streams.now();
    let patience = match is_idle {
        true if open.was_used => limits.send_timeout,
        true => CURT,
        false if open.is_quiet_for(FAREWELL) => FAREWELL,
        false => app.config.shutdown_grace,
    };
    let stopped_meanwhile = async {
        stopped(stopping).await;
        streams.quiet(FAREWELL).await;
    };
    tokio::select! {
        ended = connection => ended,
        () = streams.quiet(patience) => Ok(()),
        () = stopped_meanwhile, if is_idle => Ok(()),
    }
}

/// An answer to HEAD says with its head that nothing follows, and how much GET would send.
fn without_bytes(mut answer: Response<Body>) -> Response<Body> {
    if let Body::Length(length) = *answer.body() {
        // These say nothing about a length (RFC 9110 section 8.6).
        if !matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            let headers = answer.headers_mut();
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        *answer.body_mut() = Body::Empty;
    }
    answer
}

fn builder(streams: &Streams, limits: &LimitsConfig) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams.clone());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BYTES);
    builder
}

/// Runs the streams of a connection, each in a task of its own on this thread, and knows when there are none.
#[derive(Clone, Debug)]
struct Streams {
    patience: Duration,
    open: Arc<watch::Sender<Open>>,
}

/// The streams of a connection.
#[derive(Clone, Copy, Debug)]
struct Open {
    count: usize,
    /// When that has changed.
    since: Instant,
    /// There have been any.
    was_used: bool,
}

impl Open {
    fn is_quiet_for(self, time: Duration) -> bool {
        self.count == 0 && self.since.elapsed() >= time
    }
}

impl Streams {
    fn new(patience: Duration) -> Self {
        let none = Open {
            count: 0,
            since: Instant::now(),
            was_used: false,
        };
        Self {
            patience,
            open: Arc::new(watch::Sender::new(none)),
        }
    }

    fn now(&self) -> Open {
        *self.open.borrow()
    }

    /// Returns when none has been open for `limit`, since the last one or since the connection began.
    async fn idle(&self, limit: Duration) {
        self.none_for(limit, None).await;
    }

    /// Returns when none has been open for `limit` from now on.
    async fn quiet(&self, limit: Duration) {
        self.none_for(limit, Some(Instant::now())).await;
    }

    async fn none_for(&self, limit: Duration, from: Option<Instant>) {
        let mut changes = self.open.subscribe();
        loop {
            let open = *changes.borrow_and_update();
            let since = from.map_or(open.since, |from| from.max(open.since));
            let quiet = async {
                match open.count {
                    0 => sleep_until(since + limit).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = quiet => return,
                // An error means that the sender is gone, and `self` holds it.
                _ = changes.changed() => {}
            }
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let open = OneOpen::of(&self.open);
        let patience = self.patience;
        tokio::spawn(async move {
            let _open = open;
            let watch = Arc::new(Watch::default());
            // Dropping the stream resets it, with all that waits to be sent on it.
            tokio::select! {
                () = WATCH.scope(Arc::clone(&watch), stream) => {}
                () = watch.stalled(patience) => tracing::debug!("a stream was given up, as its client takes nothing"),
            }
        });
    }
}

/// Counts a stream for as long as it is there.
struct OneOpen(Arc<watch::Sender<Open>>);

impl OneOpen {
    fn of(open: &Arc<watch::Sender<Open>>) -> Self {
        Self::change(open, |count| count + 1);
        Self(Arc::clone(open))
    }

    fn change(open: &watch::Sender<Open>, count: impl FnOnce(usize) -> usize) {
        open.send_modify(|open| {
            *open = Open {
                count: count(open.count),
                since: Instant::now(),
                was_used: true,
            };
        });
    }
}

impl Drop for OneOpen {
    fn drop(&mut self) {
        Self::change(&self.0, |count| count.saturating_sub(1));
    }
}

/// The body of an answer, in small pieces, of which it is told when they are asked for.
struct Watched {
    body: Body,
    watch: Option<Arc<Watch>>,
}

impl Watched {
    fn new(mut body: Body) -> Self {
        if let Body::Content(content) = &mut body {
            content.give_at_most(PIECE_BYTES);
        }
        Self {
            body,
            watch: WATCH.try_with(Arc::clone).ok(),
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let watched = &mut *self;
        let frame = match &mut watched.body {
            Body::Full(bytes) if bytes.len() > PIECE_BYTES => {
                Poll::Ready(Some(Ok(Frame::data(bytes.split_to(PIECE_BYTES)))))
            }
            body => Pin::new(body).poll_frame(cx),
        };
        if let Some(watch) = &watched.watch {
            match &frame {
                Poll::Ready(Some(Ok(_))) => watch.handed_over(),
                _ => watch.taken(),
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
