//! `/healthz` and `/readyz`, and the end.

use std::sync::Arc;

use graphophone::clock::Clock;
use graphophone::server::Prepared;

use crate::support::stores::Stores;
use crate::support::{NOW, TestApp, load_config};

#[tokio::test]
async fn the_probes_answer_without_a_token() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = app.send(app.request("GET", path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert!(answer.json().is_object(), "{path}");
        let head = app.send(app.request("HEAD", path)).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
}

#[tokio::test]
async fn a_server_without_its_content_is_alive_and_not_ready() {
    let app = TestApp::start().await;
    let away = app.take_content_away().await;
    let ready = app.send(app.request("GET", "/readyz")).await;
    let alive = app.send(app.request("GET", "/healthz")).await;
    away.bring_back();
    assert_eq!((ready.status, alive.status), (503, 200));
    assert_eq!(ready.json()["database"], "ready");
    assert_eq!(ready.json()["content"], "unreachable");
    let again = app.send(app.request("GET", "/readyz")).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn a_probe_has_no_other_method() {
    let app = TestApp::start().await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = app.send(app.request(method, "/healthz")).await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").contains("GET"), "{method}");
    }
}

/// Whoever gives a start up removes what was started on: a thread that still writes would make files again.
#[test]
fn a_server_that_is_dropped_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graphophone.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ndata = \"data\"\n").unwrap();
    let stores = Stores::new(&folder.path().join("data"));
    let config = load_config(&file, &stores);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(async {
        let clock = Clock::manual(NOW.parse().unwrap());
        let prepared = Prepared::open(config, &clock).await.unwrap();
        prepared.start(Some(2)).await.unwrap()
    });
    // With it the tasks that do not have a thread of their own.
    drop(runtime);
    let held = Arc::downgrade(&server.app.config);
    drop(server);
    assert_eq!(
        held.strong_count(),
        0,
        "a thread still holds what it was started with"
    );
}
