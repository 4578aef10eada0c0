//! `graphophone session`. Sessions and grants are put into the store as the sign-in pages do.

use graphophone::clock::Ticks;
use graphophone::db::sign_in_sessions::{self, SignInSession};
use graphophone::db::{DbError, Tx, Write};
use serde_json::Value;

use super::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, FABRIKAM, FABRIKAM_ORGANIZER, GUEST, ORGANIZER};

const TENANT: [&str; 2] = ["--tenant", CONTOSO];

/// Begins sessions.
struct Begin(Vec<SignInSession>);

impl Write for Begin {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        for session in &self.0 {
            sign_in_sessions::put(tx, session).await?;
        }
        Ok(())
    }
}

fn at(text: &str) -> Ticks {
    text.parse().unwrap()
}

fn session(id: &str, tenant: &str, user: &str, ends: &str) -> SignInSession {
    SignInSession {
        id: id.to_owned(),
        secret_sha256: id.as_bytes().to_vec(),
        tenant_id: tenant.to_owned(),
        user_id: user.to_owned(),
        created: at("2026-01-05T09:00:00Z"),
        last_used: at("2026-01-05T10:00:00Z"),
        expires: at(ends),
        revoked: None,
    }
}

/// With two sessions of the organizer, one of the guest, one of Fabrikam and one that has ended; a grant in each of the first
/// two, and one of a device.
async fn signed_in() -> Home {
    let home = Home::seeded();
    let store = home.open().await;
    let sessions = vec![
        session("second", CONTOSO, ORGANIZER, "2099-01-02T00:00:00Z"),
        session("first", CONTOSO, ORGANIZER, "2099-01-01T00:00:00Z"),
        session("guest", CONTOSO, GUEST, "2099-01-03T00:00:00Z"),
        session("elsewhere", FABRIKAM, FABRIKAM_ORGANIZER, "2099-01-01T00:00:00Z"),
        session("ended", CONTOSO, ORGANIZER, "2026-01-06T00:00:00Z"),
    ];
    store.db.write(Begin(sessions)).await.unwrap();
    for (id, kind, user, session) in [
        ("grant-first", "code", ORGANIZER, "'first'"),
        ("grant-second", "code", ORGANIZER, "'second'"),
        ("device", "device", ORGANIZER, "NULL"),
        ("guests-device", "device", GUEST, "NULL"),
    ] {
        home.stores.change(&format!(
            "INSERT INTO token_grants (id, kind, tenant_id, app_id, user_id, session_id, root_id, scope, created_ticks, \
             expires_ticks) VALUES ('{id}', '{kind}', '{CONTOSO}', '{ARCHIVER}', '{user}', {session}, '{id}', 's', 1, {})",
            at("2099-06-01T00:00:00Z").0
        ));
    }
    home
}

/// The ids of what is listed.
fn listed(home: &Home, more: &[&str]) -> Vec<String> {
    let all = home.json(&[&["session", "list"], more, &TENANT].concat());
    all.iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The grants that are going on.
fn grants(home: &Home) -> Vec<String> {
    home.stores
        .texts("SELECT id FROM token_grants WHERE revoked_ticks IS NULL ORDER BY id")
}

#[tokio::test]
async fn sessions_and_devices_that_are_going_on_are_listed() {
    let home = signed_in().await;
    assert_eq!(
        listed(&home, &[]),
        ["first", "second", "guest", "device", "guests-device"]
    );
    assert_eq!(
        listed(&home, &["--user", "organizer@contoso.example"]),
        ["first", "second", "device"]
    );
    let all = home.json(&[&["session", "list"][..], &TENANT].concat());
    let kinds: Vec<&str> = all.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["browser", "browser", "browser", "device", "device"]);
    assert_eq!(all[0]["userId"], ORGANIZER);
    assert_eq!(all[0]["lastUsedDateTime"], "2026-01-05T10:00:00.0000000Z");
    assert_eq!(all[3]["appId"], ARCHIVER);
    assert_eq!(all[3]["lastUsedDateTime"], Value::Null);
    let table = home
        .run(&[&["session", "list"][..], &TENANT].concat())
        .succeeded();
    assert_eq!(table.lines().count(), 6, "{table}");
}

#[tokio::test]
async fn what_was_granted_in_a_session_ends_with_it() {
    let home = signed_in().await;
    let revoke = |id| home.run(&[&["session", "revoke", id][..], &TENANT].concat());
    let out = revoke("first").succeeded();
    assert!(out.contains("ended: 2"), "{out}");
    assert_eq!(listed(&home, &["--user", ORGANIZER]), ["second", "device"]);
    assert_eq!(grants(&home), ["device", "grant-second", "guests-device"]);
    revoke("device").succeeded();
    assert_eq!(grants(&home), ["grant-second", "guests-device"]);
    // Nothing twice, nothing that is not there, nothing of another tenant.
    for id in ["first", "nothing", "elsewhere"] {
        assert!(revoke(id).failed().contains("it is not there"), "{id}");
    }
}

#[tokio::test]
async fn all_of_a_user_ends_at_once() {
    let home = signed_in().await;
    let revoke = [&["session", "revoke", "--user", ORGANIZER][..], &TENANT].concat();
    // Two that go on, one that has expired by itself, three grants.
    assert_eq!(home.one(&revoke)["ended"], 6);
    assert_eq!(listed(&home, &[]), ["guest", "guests-device"]);
    assert_eq!(grants(&home), ["guests-device"]);
    let out = home.run(&revoke).succeeded();
    assert!(out.contains("nothing was going on"), "{out}");
    let ran = home.run(&[&["session", "revoke", "--user", "nobody"][..], &TENANT].concat());
    assert!(ran.refused().starts_with("--user: "), "{ran:?}");
}

#[tokio::test]
async fn another_password_and_being_disabled_end_what_was_begun() {
    for change in [
        &["user", "disable", ORGANIZER][..],
        &["user", "password", ORGANIZER, "--generate"],
    ] {
        let home = signed_in().await;
        home.run(&[change, &TENANT].concat()).succeeded();
        assert_eq!(listed(&home, &[]), ["guest", "guests-device"], "{change:?}");
        assert_eq!(grants(&home), ["guests-device"], "{change:?}");
    }
    // A link alone ends nothing: nobody has used it.
    let home = signed_in().await;
    home.run(&[&["user", "password", ORGANIZER, "--link"][..], &TENANT].concat())
        .succeeded();
    assert_eq!(listed(&home, &[]).len(), 5);
}
