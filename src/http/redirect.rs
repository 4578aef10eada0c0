//! The listener of plain HTTP beside HTTPS: every request is answered with the way there.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::body::Body;
use super::connection::Connection;
use super::listener::{Bound, Failures, accept, stopped};
use super::patience::Patient;
use super::transport::{Client, http1_builder};
use crate::app::App;
use crate::config::LimitsConfig;

/// Connections at a time. They are short, and those who fill them keep nobody from HTTPS.
const MAX_CONNECTIONS: usize = 256;

/// Answers one listening socket.
pub(super) struct Redirect {
    public_url: Arc<str>,
    limits: Arc<LimitsConfig>,
    stopping: watch::Receiver<bool>,
}

impl Redirect {
    pub(super) fn new(app: &App, stopping: watch::Receiver<bool>) -> Self {
        Self {
            public_url: Arc::clone(&app.public_url),
            limits: Arc::new(app.config.limits.clone()),
            stopping,
        }
    }

    /// Answers until the server stops.
    pub(super) async fn run(mut self, socket: Bound) {
        let Some(listener) = socket.on_runtime() else {
            return;
        };
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let failures = Failures::default();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                Some(_) = connections.join_next() => {}
                (client, place) = accept(&listener, &places, &failures) => {
                    let (limits, public_url) = (Arc::clone(&self.limits), Arc::clone(&self.public_url));
                    connections.spawn(async move {
                        serve(client, &limits, &public_url).await;
                        drop(place);
                    });
                }
            }
        }
    }
}

async fn serve(client: Client, limits: &LimitsConfig, public_url: &str) {
    let stream = Patient::new(client.stream, limits.send_timeout);
    let answer = service_fn(|request: Request<Incoming>| {
        let answer = redirect(public_url, request.uri());
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let connection = http1_builder(limits)
        .keep_alive(false)
        .serve_connection(TokioIo::new(Connection::new(stream)), answer);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The same path and query under `public_url`, whatever host the client believes to talk to. Method and body stay as they are
/// (RFC 9110 section 15.4.9).
fn redirect(public_url: &str, uri: &Uri) -> Response<Body> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    // `*` of OPTIONS is no path.
    let target = if target.starts_with('/') { target } else { "/" };
    let mut response = Response::new(Body::Empty);
    match HeaderValue::from_str(&format!("{public_url}{target}")) {
        Ok(location) => {
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(header::LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_to_public_url_and_nowhere_else() {
        for (asked, location) in [
            ("/v1.0/me?$top=1", "https://a.example/v1.0/me?$top=1"),
            ("/", "https://a.example/"),
            ("//evil.example/x", "https://a.example//evil.example/x"),
            ("http://evil.example/x%0d%0ay", "https://a.example/x%0d%0ay"),
            ("http://evil.example", "https://a.example/"),
            ("*", "https://a.example/"),
            ("evil.example:443", "https://a.example/"),
        ] {
            let answer = redirect("https://a.example", &asked.parse().unwrap());
            assert_eq!(answer.status(), 308);
            assert_eq!(answer.headers()[header::LOCATION], location, "{asked}");
        }
    }
}
