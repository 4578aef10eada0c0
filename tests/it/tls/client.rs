//! [`Two`]: a client of HTTP/2 that leaves streams and windows to the test.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{Answer, TestApp};

/// How long a test waits for something on a connection.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A connection of HTTP/2.
pub struct Two {
    send: SendRequest<Bytes>,
    /// Ends with the connection.
    pub ended: JoinHandle<Result<(), h2::Error>>,
    base: String,
}

impl Two {
    /// A connection to `app`, with the windows that the protocol begins with.
    pub async fn to(app: &TestApp) -> Self {
        Self::with(app, |_| {}).await
    }

    /// One that differs.
    pub async fn with(app: &TestApp, change: impl FnOnce(&mut Builder)) -> Self {
        let authority = app.authority.as_ref().unwrap();
        let stream = authority.connect(app.address(), &["h2"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Self::on(stream, app.base(), change).await
    }

    /// On a connection that is there already.
    pub async fn on(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        base: &str,
        change: impl FnOnce(&mut Builder),
    ) -> Self {
        let mut builder = Builder::new();
        change(&mut builder);
        let (send, connection) = builder.handshake(stream).await.unwrap();
        Self {
            send,
            ended: tokio::spawn(connection),
            base: base.to_owned(),
        }
    }

    /// A request to be completed by the test.
    pub fn request(&self, method: &str, path: &str, token: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request
    }

    /// Sends the head of a request.
    pub async fn send(
        &mut self,
        request: http::request::Builder,
        is_whole: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.ready().await?;
        self.send.send_request(request.body(()).unwrap(), is_whole)
    }

    /// Waits until the server lets another stream be opened.
    pub async fn ready(&mut self) -> Result<(), h2::Error> {
        let ready = std::future::poll_fn(|cx| self.send.poll_ready(cx));
        timeout(DEADLINE, ready).await.expect("no room for a stream")
    }

    /// Sends a request and reads all of the answer.
    pub async fn ask(&mut self, request: http::request::Builder) -> Result<Answer, h2::Error> {
        let (answer, _) = self.send(request, true).await?;
        let answer = timeout(DEADLINE, answer).await.expect("no answer")?;
        read(answer).await
    }

    /// GET with a token.
    pub async fn get(&mut self, path: &str, token: &str) -> Answer {
        self.ask(self.request("GET", path, token)).await.unwrap()
    }

    /// The error with which the connection ends; `None` where it ends well.
    pub async fn end(self) -> Option<h2::Error> {
        drop(self.send);
        let ended = timeout(DEADLINE, self.ended).await.expect("it goes on");
        ended.unwrap().err()
    }
}

/// Reads all of an answer, giving room for more as it comes.
pub async fn read(answer: Response<RecvStream>) -> Result<Answer, h2::Error> {
    let (head, mut stream) = answer.into_parts();
    let mut body = Vec::new();
    while let Some(part) = timeout(DEADLINE, stream.data()).await.expect("no bytes") {
        let part = part?;
        body.extend_from_slice(&part);
        stream.flow_control().release_capacity(part.len())?;
    }
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    })
}
