//! A bucket that is not as it should be: one line from `config check`, and the same from `serve`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::binary::{DEADLINE, Process, command, run};
use super::home::Home;
use crate::support::s3::{self, Action, Bucket, Front};

fn config(home: &Home, bucket: &str, endpoint: &str, secret: &str) -> String {
    let text = format!(
        "data = \"data\"\nlisten = \"127.0.0.1:0\"\n[content]\nurl = \"s3://{bucket}/a/b\"\n[content.s3]\nendpoint = \"{endpoint}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{secret}\"\n",
        s3::ACCESS_KEY_ID
    );
    home.write("s3.toml", text.as_bytes())
}

/// The one line, of both commands.
fn refused(file: &str) -> String {
    let of = |arguments: &[&str]| {
        let ran = run(&[arguments, &["--config", file]].concat());
        assert_eq!(ran.status, 1, "{ran:?}");
        let mut lines: Vec<_> = ran
            .err
            .lines()
            .filter(|line| !line.contains("warning: "))
            .collect();
        let last = lines.pop().unwrap_or_default().to_owned();
        assert!(lines.is_empty(), "{ran:?}");
        assert!(!ran.err.contains("hush"), "{ran:?}");
        last
    };
    let (checked, served) = (of(&["config", "check"]), of(&["serve"]));
    assert_eq!(checked, served);
    checked.trim_start_matches("graphophone: ").to_owned()
}

#[test]
fn a_bucket_that_cannot_be_used_is_one_line_that_names_the_setting() {
    let home = Home::new();
    let bucket = Bucket::new();
    let direct = format!("http://{}", bucket.address());
    let name = bucket.config().bucket;
    let line = refused(&config(&home, "no-such-bucket", &direct, s3::SECRET_ACCESS_KEY));
    assert!(
        line.starts_with("content.url: there is no bucket `no-such-bucket`"),
        "{line}"
    );
    let line = refused(&config(&home, &name, &direct, "hush"));
    assert!(line.starts_with("content.s3.secret_access_key: "), "{line}");
    let line = refused(&config(
        &home,
        &name,
        "http://nowhere.invalid",
        s3::SECRET_ACCESS_KEY,
    ));
    assert!(line.starts_with("content.s3.endpoint: the host of "), "{line}");
    let line = refused(&config(
        &home,
        &name,
        &format!("http://{}", s3::nobody()),
        s3::SECRET_ACCESS_KEY,
    ));
    assert!(
        line.starts_with("content.s3.endpoint: nobody answers at "),
        "{line}"
    );
    let front = Front::before(bucket.address());
    let through = format!("http://{}", front.address);
    front.does(|_| Action::Refuse(403, "RequestTimeTooSkewed"));
    let line = refused(&config(&home, &name, &through, s3::SECRET_ACCESS_KEY));
    assert!(line.starts_with("content.s3.endpoint: the clocks of "), "{line}");
    front.does(|seen| match seen.method == "PUT" {
        true => Action::Refuse(403, "AccessDenied"),
        false => Action::Pass,
    });
    let line = refused(&config(&home, &name, &through, s3::SECRET_ACCESS_KEY));
    assert!(
        line.starts_with("content.s3.access_key_id: ") && line.ends_with("s3:PutObject"),
        "{line}"
    );
}

#[test]
fn a_good_bucket_is_checked_seeded_and_served() {
    let home = Home::new();
    let bucket = Bucket::new();
    let file = config(
        &home,
        &bucket.config().bucket,
        &format!("http://{}", bucket.address()),
        s3::SECRET_ACCESS_KEY,
    );
    let out = run(&["config", "check", "--config", &file]).succeeded();
    assert!(out.trim_end().ends_with("Nothing is wrong with it."), "{out}");
    assert!(!out.contains(s3::SECRET_ACCESS_KEY), "{out}");
    assert!(s3::files_below(&bucket.folder()).is_empty());
    run(&["seed", "--config", &file, &home.path("seed.yaml")]).succeeded();
    assert!(!s3::files_below(&bucket.folder()).is_empty());
    assert!(!home.folder.path().join("data/content").exists());
    let server = Process::listening(&mut command(&["serve", "--config", &file]));
    server.stop().succeeded();
}

#[test]
fn credentials_may_come_from_the_environment_as_everywhere() {
    let home = Home::new();
    let bucket = Bucket::new();
    let file = home.write(
        "s3.toml",
        format!(
            "data = \"data\"\ncontent.url = \"s3://{}\"\ncontent.s3.endpoint = \"http://{}\"\n",
            bucket.config().bucket,
            bucket.address()
        )
        .as_bytes(),
    );
    let mut check = command(&["config", "check", "--config", &file]);
    check
        .env("AWS_ACCESS_KEY_ID", s3::ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", s3::SECRET_ACCESS_KEY);
    let out = Process::spawn(&mut check).finish().succeeded();
    assert!(out.contains("AWS_SECRET_ACCESS_KEY"), "{out}");
    assert!(!out.contains(s3::SECRET_ACCESS_KEY), "{out}");
    let mut none = command(&["config", "check", "--config", &file]);
    let ran = Process::spawn(&mut none).finish();
    let line = ran.refused();
    assert!(line.starts_with("content.s3.access_key_id: required; "), "{line}");
}

#[test]
fn that_unfinished_uploads_cannot_be_listed_is_told_once() {
    let home = Home::new();
    let bucket = Bucket::new();
    let front = Front::before(bucket.address());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    front.does(move |seen| match seen.target.contains("uploads=&") {
        true => {
            counted.fetch_add(1, Ordering::SeqCst);
            Action::Refuse(501, "NotImplemented")
        }
        false => Action::Pass,
    });
    let through = format!("http://{}", front.address);
    let file = config(&home, &bucket.config().bucket, &through, s3::SECRET_ACCESS_KEY);
    let mut server = Process::listening(&mut command(&["serve", "--config", &file]));
    // By the start, and by the look that is repeated.
    for _ in 0..DEADLINE.as_millis() {
        if asked.load(Ordering::SeqCst) == 2 {
            break;
        }
        assert!(server.ends_within(Duration::from_millis(1)).is_none());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let ran = server.stop();
    let told: Vec<&str> = ran
        .err
        .lines()
        .filter(|line| line.contains("NotImplemented"))
        .collect();
    assert_eq!(told.len(), 1, "{}", ran.err);
    assert!(
        told[0].contains("so let the bucket's life cycle remove them"),
        "{told:?}"
    );
}
