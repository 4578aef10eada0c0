//! `/healthz`: the process is alive. `/readyz`: it can serve, because database and content can be reached.

use std::time::Duration;

use http::{Response, StatusCode, header};
use serde_json::json;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::body::Body;
use crate::app::App;
use crate::db;

/// How long each of the two may take to answer.
const LIMIT: Duration = Duration::from_secs(4);

/// `GET /healthz`
pub(super) fn alive() -> Response<Body> {
    text(StatusCode::OK, &json!({ "status": "alive" }))
}

/// `GET /readyz`
pub(super) async fn ready(app: &App) -> Response<Body> {
    let database = async {
        let mut snapshot = app.db.snapshot().await?;
        db::tenants::find(&mut snapshot, "").await
    };
    // Whoever asks has a limit of its own, and is to hear which of the two it is.
    let database = timeout(LIMIT, database).await;
    let content = timeout(LIMIT, app.content.reach()).await;
    for (which, error) in [("database", trouble(&database)), ("content", trouble(&content))] {
        if let Some(error) = error {
            tracing::error!(error, "the {which} is not ready");
        }
    }
    let (database, content) = (matches!(database, Ok(Ok(_))), matches!(content, Ok(Ok(()))));
    let word = |reached| if reached { "ready" } else { "unreachable" };
    let (status, overall) = match database && content {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    text(
        status,
        &json!({ "status": overall, "database": word(database), "content": word(content) }),
    )
}

/// Why something could not be reached.
fn trouble<T, E: std::fmt::Display>(asked: &Result<Result<T, E>, Elapsed>) -> Option<String> {
    match asked {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("it does not answer within {} s", LIMIT.as_secs())),
    }
}

fn text(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::Full(format!("{body}\n").into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}
