//! From an accepted socket to a protocol: with TLS the handshake and what was agreed in it, without it HTTP/1.1.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::Connection;
use super::head::MAX_HEADERS;
use super::http2;
use super::listener::stopped;
use super::patience::Patient;
use super::service;
use crate::app::App;
use crate::config::LimitsConfig;

/// The first byte of every TLS connection: a record of the handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// What plain HTTP hears where TLS is spoken.
const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 42\r\nConnection: close\r\n\r\nThis port speaks HTTPS: ask with https://\n";
/// As much of a request in plain HTTP is read away, so that its sender hears the answer, and for so long.
const READ_AWAY_BYTES: u64 = 64 * 1024;
const READ_AWAY_TIME: Duration = Duration::from_secs(1);
/// Bytes that wait in the TLS library to be sent. Its own default is 64 KiB, as much as all the rest of a slow download.
const TLS_BUFFER_BYTES: usize = 32 * 1024;

/// A connection that was accepted.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) address: SocketAddr,
}

/// Answers the requests of one connection until it ends or the server stops.
pub(super) async fn serve(
    client: Client,
    app: App,
    tls: Option<TlsAcceptor>,
    mut stopping: watch::Receiver<bool>,
) {
    let Client { stream, address } = client;
    let _not_fatal = stream.set_nodelay(true);
    let peer = address.ip().to_canonical();
    let ended = match tls {
        None => {
            let stream = Patient::new(stream, app.config.limits.send_timeout);
            http1(stream, peer, &app, &mut stopping).await
        }
        Some(tls) => {
            let Some(mut stream) = shake_hands(stream, &tls, &app, &mut stopping).await else {
                return;
            };
            let (below, session) = stream.get_mut();
            match session.alpn_protocol() == Some(b"h2") {
                true => {
                    below.linger();
                    http2::serve(stream, peer, &app, &mut stopping).await
                }
                false => http1(stream, peer, &app, &mut stopping).await,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// TLS on a connection, where the client gets that far in time.
async fn shake_hands(
    stream: TcpStream,
    tls: &TlsAcceptor,
    app: &App,
    stopping: &mut watch::Receiver<bool>,
) -> Option<TlsStream<Patient>> {
    let limit = app.config.tls.as_ref().map(|tls| tls.handshake_timeout);
    let handshake = async {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            refuse_plain(stream).await?;
            return Err(io::Error::other("no TLS"));
        }
        let stream = Patient::new(stream, app.config.limits.send_timeout);
        tls.accept_with(stream, |session| session.set_buffer_limit(Some(TLS_BUFFER_BYTES)))
            .await
    };
    let shaken = tokio::select! {
        shaken = timeout(limit.unwrap_or_default(), handshake) => shaken,
        () = stopped(stopping) => return None,
    };
    match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => Some(stream),
        // Scanners and lost clients: nothing that an operator could see to.
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake has failed");
            None
        }
    }
}

/// Tells a client that speaks plain HTTP what is wrong.
async fn refuse_plain(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(SPEAKS_TLS).await?;
    stream.shutdown().await?;
    // What was not read when a connection is closed makes the system take the answer back.
    let mut rest = stream.take(READ_AWAY_BYTES);
    let _late = timeout(READ_AWAY_TIME, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    Ok(())
}

/// HTTP/1.1, with or without TLS below.
async fn http1<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    peer: IpAddr,
    app: &App,
    stopping: &mut watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let answer = service_fn(|request| service::answer(app, peer, request));
    let stream = TokioIo::new(Connection::new(stream));
    let connection = http1_builder(&app.config.limits).serve_connection(stream, answer);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// The limits of HTTP/1.1.
pub(super) fn http1_builder(limits: &LimitsConfig) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes)
        .max_headers(MAX_HEADERS);
    builder
}
