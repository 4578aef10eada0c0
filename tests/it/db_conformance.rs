//! What a database promises, asked of every back end: a suite is a function of a [`Place`], and [`on_every_back_end`] lists
//! the places. What only SQLite can be asked stands at the end.

mod directory;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use graphophone::clock::{Clock, Ticks};
use graphophone::config::MetadataPlace;
use graphophone::db::access_policies::{self, AccessPolicy, PolicyFacts};
use graphophone::db::adhoc_calls::{self, AdhocCall};
use graphophone::db::applications::{self, Application, PermissionKind, Registration};
use graphophone::db::artifacts::{self, Artifact, ArtifactKind, Parent, StoredArtifact, Stream, UploadState};
use graphophone::db::audit::{self, Append, AuditRecord};
use graphophone::db::changes::{self, Change, ChangeType};
use graphophone::db::content_objects::{self, ContentObject, Restamp};
use graphophone::db::meetings::{self, OnlineMeeting, Role};
use graphophone::db::signing_keys::{self, KeyPurpose, PutFirst, StoredKey};
use graphophone::db::tenants::{self, Tenant};
use graphophone::db::users::{self, User};
use graphophone::db::{Db, DbError, NEWEST_MIGRATION, Tx, Value, Write, consents};
use tempfile::TempDir;

use crate::support::NOW;
use crate::support::postgres::Database;

/// An empty store of one back end, opened as often as a suite wants: each time as another process would.
enum Place {
    Sqlite(TempDir),
    Postgres(Database),
}

/// The back ends.
#[derive(Clone, Copy, Debug)]
enum Engine {
    Sqlite,
    Postgres,
}

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

impl Place {
    fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(tempfile::tempdir().unwrap()),
            Engine::Postgres => Self::Postgres(Database::empty()),
        }
    }

    fn metadata(&self) -> MetadataPlace {
        match self {
            Self::Sqlite(folder) => MetadataPlace::Sqlite(folder.path().join("store.db")),
            Self::Postgres(database) => database.place(),
        }
    }

    async fn open(&self) -> Db {
        self.try_open().await.unwrap()
    }

    async fn try_open(&self) -> Result<Db, DbError> {
        Db::open(&self.metadata(), 4, &clock()).await
    }
}

async fn on_every_back_end(suite: impl AsyncFn(&Place)) {
    for engine in ENGINES {
        println!("on {engine:?}");
        suite(&Place::new(engine)).await;
    }
}

fn clock() -> Clock {
    Clock::manual(at(NOW))
}

fn at(text: &str) -> Ticks {
    text.parse().unwrap()
}

type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 'a>>;

/// A write made of a closure.
struct Do<F>(F);

impl<T, F> Write for Do<F>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Tx<'_>) -> Running<'a, T> + Send + 'static,
{
    type Output = T;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<T, DbError> {
        (self.0)(tx).await
    }
}

/// Runs `work` as one write.
async fn write<T, F>(db: &Db, work: F) -> Result<T, DbError>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Tx<'_>) -> Running<'a, T> + Send + 'static,
{
    db.write(Do(work)).await
}

async fn put_tenant(db: &Db, tenant: Tenant) -> Result<(), DbError> {
    write(db, move |tx| {
        Box::pin(async move { tenants::put(tx, &tenant).await })
    })
    .await
}

async fn put_user(db: &Db, user: User) -> Result<(), DbError> {
    write(db, move |tx| Box::pin(async move { users::put(tx, &user).await })).await
}

async fn put_object(db: &Db, object: ContentObject) -> Result<(), DbError> {
    write(db, move |tx| {
        Box::pin(async move { content_objects::insert(tx, &object).await })
    })
    .await
}

async fn put_artifact(db: &Db, stored: StoredArtifact) -> Result<(), DbError> {
    write(db, move |tx| {
        Box::pin(async move { artifacts::put(tx, &stored).await })
    })
    .await
}

async fn put_meeting(db: &Db, meeting: OnlineMeeting, roles: Vec<(String, Role)>) -> Result<(), DbError> {
    write(db, move |tx| {
        Box::pin(async move { meetings::put(tx, &meeting, &roles).await })
    })
    .await
}

fn tenant(id: &str) -> Tenant {
    Tenant {
        id: id.to_owned(),
        display_name: None,
        suspended: false,
        participants_can_download_recordings: true,
        guest_access: false,
        transcripts_enabled: true,
        speaker_attribution_enabled: false,
    }
}

fn user(id: &str, name: &str) -> User {
    User {
        id: id.to_owned(),
        tenant_id: "t".to_owned(),
        user_principal_name: Some(name.to_owned()),
        display_name: None,
        mail: None,
        password_hash: None,
        external_id: None,
        is_guest: false,
        account_enabled: true,
        deleted: None,
    }
}

fn meeting(id: &str) -> OnlineMeeting {
    OnlineMeeting {
        id: id.to_owned(),
        tenant_id: "t".to_owned(),
        organizer_id: "organizer".to_owned(),
        expiry: at("2099-01-01T00:00:00Z"),
        first_loaded: at(NOW),
        meeting_type: "scheduled".to_owned(),
        thread_id: "19:x@thread.v2".to_owned(),
        ..OnlineMeeting::default()
    }
}

fn object(key: &str) -> ContentObject {
    ContentObject {
        key: key.to_owned(),
        size_bytes: 3,
        sha256: vec![0, 1, 0xff],
        media_type: "video/mp4".to_owned(),
        modified_ns: 123_456_789,
        stored: at(NOW),
        served: None,
        facts: None,
    }
}

fn recording(id: &str) -> StoredArtifact {
    StoredArtifact {
        kind: ArtifactKind::Recording,
        artifact: Artifact {
            id: id.to_owned(),
            call_id: "call".to_owned(),
            content_correlation_id: "correlation".to_owned(),
            created: at("2026-01-05T09:00:01.1234567Z"),
            end: None,
            quarantined: false,
            parent: Parent::Meeting("m".to_owned()),
            owner_id: "u".to_owned(),
            tenant_id: "t".to_owned(),
        },
        upload_state: UploadState::Complete,
        legal_hold: false,
        deleted: None,
        content_key: None,
        metadata_key: None,
    }
}

fn record(id: &str, at: Ticks) -> AuditRecord {
    AuditRecord {
        id: id.to_owned(),
        at,
        tenant_id: "t".to_owned(),
        application_id: None,
        user_id: None,
        actor: None,
        operation: "content.read".to_owned(),
        kind: ArtifactKind::Transcript,
        artifact_id: "a".to_owned(),
        meeting_id: None,
        first_byte: 0,
        last_byte: -1,
        request_id: "r".to_owned(),
    }
}

/// A tenant `t` with a user `organizer` and a meeting `m`.
async fn with_meeting(place: &Place) -> Db {
    let db = place.open().await;
    put_tenant(&db, tenant("t")).await.unwrap();
    put_user(&db, user("organizer", "organizer@x")).await.unwrap();
    put_meeting(&db, meeting("m"), Vec::new()).await.unwrap();
    db
}

fn is_conflict<T: std::fmt::Debug>(result: Result<T, DbError>) -> bool {
    match result {
        Err(DbError::Conflict(_)) => true,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tenants_come_back_as_they_were_put() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        let first = tenant("t");
        let second = Tenant {
            display_name: Some("Contoso".to_owned()),
            suspended: true,
            participants_can_download_recordings: false,
            guest_access: true,
            transcripts_enabled: false,
            speaker_attribution_enabled: true,
            ..tenant("t")
        };
        for tenant in [first, second] {
            put_tenant(&db, tenant.clone()).await.unwrap();
            let found = tenants::find(&mut db.snapshot().await.unwrap(), "t")
                .await
                .unwrap();
            assert_eq!(found, Some(tenant));
        }
        assert_eq!(
            tenants::find(&mut db.snapshot().await.unwrap(), "T")
                .await
                .unwrap(),
            None
        );
        write(&db, |tx| Box::pin(tenants::remove(tx, "t"))).await.unwrap();
        write(&db, |tx| Box::pin(tenants::remove(tx, "t"))).await.unwrap();
        assert!(
            tenants::ids(&mut db.snapshot().await.unwrap())
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn users_come_back_as_they_were_put() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        let full = User {
            display_name: Some("Ötzi".to_owned()),
            mail: Some("o@x".to_owned()),
            password_hash: Some("$argon2id$".to_owned()),
            external_id: Some("External".to_owned()),
            is_guest: true,
            account_enabled: false,
            ..user("u", "Straße@Contoso.example")
        };
        let empty = User {
            user_principal_name: None,
            ..user("v", "")
        };
        for user in [&full, &empty] {
            put_user(&db, user.clone()).await.unwrap();
            let found = users::find(&mut db.snapshot().await.unwrap(), &user.id)
                .await
                .unwrap();
            assert_eq!(found.as_ref(), Some(user));
        }
        let mut snapshot = db.snapshot().await.unwrap();
        for (tenant, name, expected) in [
            ("t", "STRAßE@contoso.EXAMPLE", Some(&full)),
            ("t", "strasse@contoso.example", None),
            ("other", "straße@contoso.example", None),
            ("t", "", None),
        ] {
            let found = users::find_by_principal_name(&mut snapshot, tenant, name)
                .await
                .unwrap();
            assert_eq!(found.as_ref(), expected, "{tenant} {name}");
        }
        for (external, expected) in [("External", Some(&full)), ("external", None)] {
            let found = users::find_by_external_id(&mut snapshot, "t", external)
                .await
                .unwrap();
            assert_eq!(found.as_ref(), expected, "{external}");
        }
        let named = users::find_all_by_principal_name(&mut snapshot, "nobody")
            .await
            .unwrap();
        assert_eq!(named, []);
    })
    .await;
}

#[tokio::test]
async fn the_names_of_a_deleted_user_can_be_given_away() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        let named = |id: &str| User {
            external_id: Some("e".to_owned()),
            ..user(id, "Same@x")
        };
        put_user(&db, named("first")).await.unwrap();
        assert!(is_conflict(put_user(&db, user("second", "sAME@X")).await));
        let by_external = User {
            external_id: Some("e".to_owned()),
            ..user("second", "other@x")
        };
        assert!(is_conflict(put_user(&db, by_external).await));
        let deleted = User {
            deleted: Some(at(NOW)),
            ..named("first")
        };
        put_user(&db, deleted.clone()).await.unwrap();
        put_user(&db, named("second")).await.unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        let found = users::find_by_principal_name(&mut snapshot, "t", "same@x")
            .await
            .unwrap();
        assert_eq!(found.unwrap().id, "second");
        let found = users::find_by_external_id(&mut snapshot, "t", "e").await.unwrap();
        assert_eq!(found.unwrap().id, "second");
        assert_eq!(users::find(&mut snapshot, "first").await.unwrap(), Some(deleted));
        drop(snapshot);
        // The first cannot come back under its old name.
        assert!(is_conflict(put_user(&db, named("first")).await));
    })
    .await;
}

#[tokio::test]
async fn two_users_can_change_names_in_one_write() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        put_tenant(&db, tenant("t2")).await.unwrap();
        put_user(&db, user("a", "one@x")).await.unwrap();
        put_user(&db, user("b", "two@x")).await.unwrap();
        write(&db, |tx| {
            Box::pin(async move {
                users::release_names(tx, "a").await?;
                users::release_names(tx, "b").await?;
                users::put(tx, &user("a", "two@x")).await?;
                users::put(tx, &user("b", "one@x")).await
            })
        })
        .await
        .unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        let found = users::find_by_principal_name(&mut snapshot, "t", "one@x")
            .await
            .unwrap();
        assert_eq!(found.unwrap().id, "b");
        drop(snapshot);
        let elsewhere = User {
            tenant_id: "t2".to_owned(),
            ..user("c", "one@x")
        };
        put_user(&db, elsewhere).await.unwrap();
        let all = users::find_all_by_principal_name(&mut db.snapshot().await.unwrap(), "ONE@x")
            .await
            .unwrap();
        assert_eq!(
            all.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(),
            ["b", "c"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_registration_is_replaced_whole() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        put_tenant(&db, tenant("s")).await.unwrap();
        let application = |tenant: &str| Application {
            app_id: "app".to_owned(),
            tenant_id: tenant.to_owned(),
            display_name: Some("App".to_owned()),
            secret_hash: None,
            account_enabled: true,
            is_fallback_public_client: false,
        };
        for tenant in ["t", "s"] {
            let application = application(tenant);
            write(&db, move |tx| {
                Box::pin(async move {
                    let registration = Registration {
                        application,
                        permissions: vec![
                            (PermissionKind::Role, "b"),
                            (PermissionKind::Role, "B"),
                            (PermissionKind::Role, "b"),
                            (PermissionKind::Scope, "c"),
                        ],
                        redirect_uris: vec!["http://x", "http://x"],
                    };
                    applications::put(tx, &registration).await
                })
            })
            .await
            .unwrap();
        }
        let mut snapshot = db.snapshot().await.unwrap();
        let found = applications::find(&mut snapshot, "app", "t").await.unwrap();
        assert_eq!(found, Some(application("t")));
        assert_eq!(
            applications::tenants_of(&mut snapshot, "app").await.unwrap(),
            ["s", "t"]
        );
        let roles = applications::permissions(&mut snapshot, "app", "t", PermissionKind::Role)
            .await
            .unwrap();
        assert_eq!(roles, ["B", "b"]);
        drop(snapshot);
        let replaced = Application {
            secret_hash: Some("hash".to_owned()),
            account_enabled: false,
            ..application("t")
        };
        let stored = replaced.clone();
        write(&db, move |tx| {
            Box::pin(async move {
                let registration = Registration {
                    application: stored,
                    permissions: vec![(PermissionKind::Chat, "d")],
                    redirect_uris: Vec::new(),
                };
                applications::put(tx, &registration).await
            })
        })
        .await
        .unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(
            applications::find(&mut snapshot, "app", "t").await.unwrap(),
            Some(replaced)
        );
        for (tenant, kind, expected) in [
            ("t", PermissionKind::Role, &[][..]),
            ("t", PermissionKind::Scope, &[]),
            ("t", PermissionKind::Chat, &["d"]),
            ("s", PermissionKind::Role, &["B", "b"]),
        ] {
            let names = applications::permissions(&mut snapshot, "app", tenant, kind)
                .await
                .unwrap();
            assert_eq!(names, expected, "{tenant} {kind:?}");
        }
    })
    .await;
}

async fn put_policy(
    db: &Db,
    identity: &'static str,
    app: &'static str,
    to: &'static [&str],
    is_global: bool,
) {
    write(db, move |tx| {
        Box::pin(async move {
            let policy = AccessPolicy {
                tenant_id: "t",
                identity,
                app_ids: vec![app, app],
                principals: to.to_vec(),
                is_global,
            };
            access_policies::put(tx, &policy).await
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn policies_answer_for_the_user_and_for_all() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        put_tenant(&db, tenant("s")).await.unwrap();
        put_policy(&db, "global", "a", &[], true).await;
        put_policy(&db, "by id", "b", &["USER-1"], false).await;
        put_policy(&db, "by name", "c", &["User2@X", "user2@x"], false).await;
        let facts = |personal, global| PolicyFacts { personal, global };
        let cases = [
            ("t", "a", ["user-9", "nine@x"], facts(None, true)),
            ("t", "a", ["user-1", "one@x"], facts(Some(false), true)),
            ("t", "b", ["user-1", "one@x"], facts(Some(true), false)),
            ("t", "b", ["user-1", ""], facts(Some(true), false)),
            ("t", "b", ["user-9", "user-1"], facts(Some(true), false)),
            ("t", "c", ["user-2", "USER2@x"], facts(Some(true), false)),
            ("t", "c", ["user2@x", "user2@x"], facts(Some(true), false)),
            ("t", "c", ["", ""], facts(None, false)),
            ("t", "A", ["user-9", "nine@x"], facts(None, false)),
            ("s", "a", ["user-1", "one@x"], facts(None, false)),
        ];
        let mut snapshot = db.snapshot().await.unwrap();
        for (tenant, app, principals, expected) in cases {
            let found = access_policies::facts(&mut snapshot, tenant, app, principals)
                .await
                .unwrap();
            assert_eq!(found, expected, "{tenant} {app} {principals:?}");
        }
        drop(snapshot);
        // Replaced whole: the grant of before is gone.
        put_policy(&db, "by id", "b", &[], false).await;
        write(&db, |tx| Box::pin(access_policies::remove(tx, "t", "global")))
            .await
            .unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        for app in ["a", "b"] {
            let found = access_policies::facts(&mut snapshot, "t", app, ["user-1", ""])
                .await
                .unwrap();
            assert_eq!(found, facts(None, false), "{app}");
        }
    })
    .await;
}

#[tokio::test]
async fn consents_are_for_one_application_in_one_chat() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        let names = vec!["p".to_owned(), "p".to_owned(), "q".to_owned()];
        write(&db, move |tx| {
            Box::pin(async move { consents::put(tx, "a", "chat", &names).await })
        })
        .await
        .unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        for (app, chat, name, expected) in [
            ("a", "chat", "p", true),
            ("a", "chat", "q", true),
            ("a", "chat", "P", false),
            ("a", "Chat", "p", false),
            ("b", "chat", "p", false),
        ] {
            let found = consents::granted(&mut snapshot, app, chat, name).await.unwrap();
            assert_eq!(found, expected, "{app} {chat} {name}");
        }
        drop(snapshot);
        let names = vec!["q".to_owned()];
        write(&db, move |tx| {
            Box::pin(async move { consents::put(tx, "a", "chat", &names).await })
        })
        .await
        .unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        assert!(!consents::granted(&mut snapshot, "a", "chat", "p").await.unwrap());
        assert!(consents::granted(&mut snapshot, "a", "chat", "q").await.unwrap());
        drop(snapshot);
        write(&db, |tx| Box::pin(consents::remove(tx, "a", "chat")))
            .await
            .unwrap();
        assert!(
            !consents::granted(&mut db.snapshot().await.unwrap(), "a", "chat", "q")
                .await
                .unwrap()
        );
    })
    .await;
}

#[tokio::test]
async fn meetings_keep_when_they_were_first_loaded() {
    on_every_back_end(async |place| {
        let db = with_meeting(place).await;
        put_user(&db, user("other", "other@x")).await.unwrap();
        let changed = OnlineMeeting {
            subject: Some("Réunion 数学 😀".to_owned()),
            join_web_url: Some("https://x".to_owned()),
            start: Some(Ticks(-1)),
            end: Some(Ticks(0)),
            expiry: Ticks(7),
            first_loaded: at("2027-01-01T00:00:00Z"),
            meeting_type: "other".to_owned(),
            thread_id: "19:y".to_owned(),
            is_channel_meeting: true,
            i_cal_uid: Some("04".to_owned()),
            deleted: Some(at(NOW)),
            ..meeting("m")
        };
        let roles = vec![
            ("other".to_owned(), Role::Coorganizer),
            ("organizer".to_owned(), Role::Attendee),
        ];
        put_meeting(&db, changed.clone(), roles).await.unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        let expected = OnlineMeeting {
            first_loaded: at(NOW),
            ..changed
        };
        assert_eq!(meetings::find(&mut snapshot, "m").await.unwrap(), Some(expected));
        assert_eq!(meetings::find(&mut snapshot, "M").await.unwrap(), None);
        assert_eq!(
            meetings::role_of(&mut snapshot, "m", "other").await.unwrap(),
            Some(Role::Coorganizer)
        );
        assert_eq!(
            meetings::role_of(&mut snapshot, "m", "nobody").await.unwrap(),
            None
        );
        drop(snapshot);
        for role in [Role::Attendee, Role::Presenter, Role::Producer, Role::Coorganizer] {
            put_meeting(&db, meeting("m"), vec![("other".to_owned(), role)])
                .await
                .unwrap();
            let mut snapshot = db.snapshot().await.unwrap();
            assert_eq!(
                meetings::role_of(&mut snapshot, "m", "other").await.unwrap(),
                Some(role)
            );
            assert_eq!(
                meetings::role_of(&mut snapshot, "m", "organizer").await.unwrap(),
                None
            );
        }
        write(&db, |tx| Box::pin(meetings::remove(tx, "m")))
            .await
            .unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(meetings::find(&mut snapshot, "m").await.unwrap(), None);
        assert_eq!(
            meetings::role_of(&mut snapshot, "m", "other").await.unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test]
async fn adhoc_calls_come_back_as_they_were_put() {
    on_every_back_end(async |place| {
        let db = with_meeting(place).await;
        let call = AdhocCall {
            id: "c".to_owned(),
            tenant_id: "t".to_owned(),
            user_id: "organizer".to_owned(),
        };
        let stored = call.clone();
        write(&db, move |tx| {
            Box::pin(async move { adhoc_calls::put(tx, &stored).await })
        })
        .await
        .unwrap();
        assert_eq!(
            adhoc_calls::find(&mut db.snapshot().await.unwrap(), "c")
                .await
                .unwrap(),
            Some(call)
        );
        let of_call = StoredArtifact {
            artifact: Artifact {
                parent: Parent::AdhocCall("c".to_owned()),
                ..recording("of call").artifact
            },
            ..recording("of call")
        };
        put_artifact(&db, of_call.clone()).await.unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        let found = artifacts::find_stored(&mut snapshot, ArtifactKind::Recording, "of call")
            .await
            .unwrap();
        assert_eq!(found, Some(of_call));
        drop(snapshot);
        assert!(is_conflict(
            write(&db, |tx| Box::pin(adhoc_calls::remove(tx, "c"))).await
        ));
    })
    .await;
}

#[tokio::test]
async fn artifacts_come_back_as_they_were_put() {
    on_every_back_end(async |place| {
        let db = with_meeting(place).await;
        put_object(&db, object("key")).await.unwrap();
        put_object(&db, object("meta")).await.unwrap();
        let full = StoredArtifact {
            kind: ArtifactKind::Transcript,
            artifact: Artifact {
                end: Some(Ticks(-5)),
                quarantined: true,
                ..recording("x").artifact
            },
            legal_hold: true,
            content_key: Some("key".to_owned()),
            metadata_key: Some("meta".to_owned()),
            ..recording("x")
        };
        // The same id may be a recording's and a transcript's.
        let pending = StoredArtifact {
            upload_state: UploadState::Pending,
            ..recording("x")
        };
        let deleted = StoredArtifact {
            deleted: Some(at(NOW)),
            ..recording("gone")
        };
        for stored in [&full, &pending, &deleted] {
            put_artifact(&db, stored.clone()).await.unwrap();
            let mut snapshot = db.snapshot().await.unwrap();
            let found = artifacts::find_stored(&mut snapshot, stored.kind, &stored.artifact.id)
                .await
                .unwrap();
            assert_eq!(found.as_ref(), Some(stored));
        }
        let mut snapshot = db.snapshot().await.unwrap();
        for (kind, meeting, id, shown) in [
            (ArtifactKind::Transcript, "m", "x", true),
            (ArtifactKind::Transcript, "other", "x", false),
            (ArtifactKind::Recording, "m", "x", false),
            (ArtifactKind::Recording, "m", "gone", false),
        ] {
            let parent = Parent::Meeting(meeting.to_owned());
            let found = artifacts::find_in(&mut snapshot, kind, &parent, id)
                .await
                .unwrap();
            assert_eq!(found.is_some(), shown, "{kind:?} {meeting} {id}");
        }
        let content = artifacts::content(&mut snapshot, ArtifactKind::Transcript, "x", Stream::Content)
            .await
            .unwrap();
        assert_eq!(content, Some(object("key")));
        let metadata = artifacts::content(&mut snapshot, ArtifactKind::Transcript, "x", Stream::Metadata)
            .await
            .unwrap();
        assert_eq!(metadata, Some(object("meta")));
        let none = artifacts::content(&mut snapshot, ArtifactKind::Recording, "x", Stream::Content)
            .await
            .unwrap();
        assert_eq!(none, None);
    })
    .await;
}

#[tokio::test]
async fn stored_artifacts_are_listed_by_time_then_by_the_bytes_of_their_ids() {
    on_every_back_end(async |place| {
        let db = with_meeting(place).await;
        let mut expected = Vec::new();
        for (ticks, id) in [
            (5, "b"),
            (5, "B"),
            (5, "é"),
            (-9, "z"),
            (i64::MAX, "a"),
            (i64::MIN, "a2"),
            (5, ""),
        ] {
            let mut stored = recording(id);
            stored.artifact.created = Ticks(ticks);
            put_artifact(&db, stored).await.unwrap();
            expected.push((Ticks(ticks), id.to_owned()));
        }
        expected.sort();
        let mut snapshot = db.snapshot().await.unwrap();
        // The first place of all has nothing before it; its own row is after no place.
        let (mut after, mut found) = ((Ticks(i64::MIN), String::new()), Vec::new());
        loop {
            let list = artifacts::list_stored(
                &mut snapshot,
                ArtifactKind::Recording,
                "t",
                (after.0, &after.1),
                2,
            );
            let page = list.await.unwrap();
            let Some(last) = page.last() else { break };
            let artifact = &last.stored.artifact;
            after = (artifact.created, artifact.id.clone());
            found.extend(
                page.into_iter()
                    .map(|one| (one.stored.artifact.created, one.stored.artifact.id)),
            );
        }
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn content_objects_come_back_as_they_were_put() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        let stored = ContentObject {
            size_bytes: i64::MAX,
            sha256: (0..=255).collect(),
            modified_ns: i64::MIN,
            ..object("key")
        };
        put_object(&db, stored.clone()).await.unwrap();
        assert_eq!(
            content_objects::find(&mut db.snapshot().await.unwrap(), "key")
                .await
                .unwrap(),
            Some(stored)
        );
        assert!(is_conflict(put_object(&db, object("key")).await));
        let restamp = Restamp {
            key: "key".to_owned(),
            modified_ns: 42,
        };
        db.write(restamp).await.unwrap();
        let found = content_objects::find(&mut db.snapshot().await.unwrap(), "key")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.modified_ns, found.size_bytes), (42, i64::MAX));
        write(&db, |tx| Box::pin(content_objects::remove(tx, "key", Ticks(0))))
            .await
            .unwrap();
        assert_eq!(
            content_objects::find(&mut db.snapshot().await.unwrap(), "key")
                .await
                .unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test]
async fn audit_records_are_answered_newest_first_to_the_ends_of_time() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        let full = AuditRecord {
            application_id: Some("app".to_owned()),
            user_id: Some("u".to_owned()),
            meeting_id: Some("m".to_owned()),
            first_byte: 1,
            last_byte: i64::MAX,
            ..record("b", Ticks(0))
        };
        let records = [
            record("z", Ticks(i64::MIN)),
            record("a", Ticks(0)),
            full,
            record("c", Ticks(i64::MAX)),
        ];
        for record in &records {
            db.write(Append(record.clone())).await.unwrap();
        }
        let newest = |since, limit| {
            let db = db.clone();
            async move {
                audit::newest(&mut db.snapshot().await.unwrap(), since, limit)
                    .await
                    .unwrap()
            }
        };
        let [first, second, third, fourth] = records.clone();
        assert_eq!(
            newest(Ticks(i64::MIN), 9).await,
            [fourth.clone(), third.clone(), second, first]
        );
        assert_eq!(newest(Ticks(0), 2).await, [fourth.clone(), third]);
        assert_eq!(newest(Ticks(i64::MAX), 9).await, [fourth]);
        // Written twice it is there once, as after an answer that was lost; another one under its id is refused.
        db.write(Append(records[0].clone())).await.unwrap();
        assert_eq!(newest(Ticks(i64::MIN), 9).await.len(), 4);
        let other = AuditRecord {
            operation: "another".to_owned(),
            ..records[0].clone()
        };
        assert!(is_conflict(db.write(Append(other)).await));
    })
    .await;
}

#[tokio::test]
async fn the_first_key_of_a_purpose_counts() {
    on_every_back_end(async |place| {
        let (db, other) = (place.open().await, place.open().await);
        let put = |db: &Db, purpose, kid: &str| {
            let key = StoredKey {
                kid: kid.to_owned(),
                secret: vec![1, 2, 0],
                is_sealed: false,
                public_jwk: Some("{\"kty\":\"RSA\"}".to_owned()),
                created: at(NOW),
            };
            let db = db.clone();
            async move { db.write(PutFirst { purpose, key }).await.unwrap().kid }
        };
        let (first, second) = tokio::join!(
            put(&db, KeyPurpose::Token, "one"),
            put(&other, KeyPurpose::Token, "two")
        );
        assert_eq!(first, second);
        assert_eq!(put(&db, KeyPurpose::Page, "page").await, "page");
        let mut snapshot = db.snapshot().await.unwrap();
        let found = signing_keys::newest(&mut snapshot, KeyPurpose::Token)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.kid, found.secret, found.created),
            (first.clone(), vec![1, 2, 0], at(NOW))
        );
        for (purpose, known) in [(KeyPurpose::Token, true), (KeyPurpose::Page, false)] {
            let found = signing_keys::find(&mut snapshot, purpose, &first).await.unwrap();
            assert_eq!(found.is_some(), known);
        }
    })
    .await;
}

#[tokio::test]
async fn text_is_kept_and_ordered_by_its_bytes() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        // By UTF-16 the second to last would come after the last, by any language é before z.
        let mut ids = [
            "",
            " ",
            "A",
            "Z",
            "a",
            "aa",
            "z",
            "é",
            "e\u{301}",
            "ß",
            "数学",
            "\u{fffd}",
            "😀",
            "a%_'\"\\?1",
        ];
        for id in ids {
            put_tenant(&db, tenant(id)).await.unwrap();
        }
        ids.sort_unstable();
        assert_eq!(
            tenants::ids(&mut db.snapshot().await.unwrap()).await.unwrap(),
            ids
        );
    })
    .await;
}

#[tokio::test]
async fn a_null_of_every_type_can_be_bound() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        let nulls = write(&db, |tx| {
            Box::pin(async move {
                const SQL: &str = "
                    INSERT INTO users (id, tenant_id, user_principal_name, user_type, account_enabled, deleted_ticks)
                    VALUES ('u', 't', ?1, 'Member', ?2, ?3)";
                tx.execute(SQL, &[Value::Text(None), Value::Bool(Some(true)), Value::Int(None)]).await
            })
        });
        assert_eq!(nulls.await.unwrap(), 1);
        // Where there must be a value a null of its type is refused.
        for (sql, null) in [
            ("UPDATE users SET account_enabled = ?1", Value::Bool(None)),
            ("UPDATE users SET user_type = ?1", Value::Text(None)),
            ("UPDATE change_counter SET last = ?1", Value::Int(None)),
        ] {
            let refused = write(&db, move |tx| Box::pin(async move { tx.execute(sql, &[null]).await }));
            assert!(is_conflict(refused.await));
        }
        put_object(&db, object("key")).await.unwrap();
        let refused = write(&db, |tx| {
            Box::pin(async move { tx.execute("UPDATE content_objects SET sha256 = ?1", &[Value::Bytes(None)]).await })
        });
        assert!(is_conflict(refused.await));
    })
    .await;
}

#[tokio::test]
async fn what_refers_to_nothing_and_what_is_referred_to_is_refused() {
    on_every_back_end(async |place| {
        let db = with_meeting(place).await;
        put_object(&db, object("key")).await.unwrap();
        let holding = |id: &str| StoredArtifact {
            content_key: Some("key".to_owned()),
            ..recording(id)
        };
        put_artifact(&db, holding("first")).await.unwrap();
        let foreign = User {
            tenant_id: "nowhere".to_owned(),
            ..user("u", "u@x")
        };
        assert!(is_conflict(put_user(&db, foreign).await));
        let nobodys = OnlineMeeting {
            organizer_id: "nobody".to_owned(),
            ..meeting("n")
        };
        assert!(is_conflict(put_meeting(&db, nobodys, Vec::new()).await));
        let with_nobody = vec![("nobody".to_owned(), Role::Attendee)];
        assert!(is_conflict(put_meeting(&db, meeting("n"), with_nobody).await));
        let homeless = StoredArtifact {
            artifact: Artifact {
                parent: Parent::Meeting("nowhere".to_owned()),
                ..recording("r").artifact
            },
            ..recording("r")
        };
        assert!(is_conflict(put_artifact(&db, homeless).await));
        // One content, one artifact.
        assert!(is_conflict(put_artifact(&db, holding("second")).await));
        assert!(is_conflict(
            write(&db, |tx| Box::pin(content_objects::remove(tx, "key", Ticks(0)))).await
        ));
        assert!(is_conflict(
            write(&db, |tx| Box::pin(meetings::remove(tx, "m"))).await
        ));
        assert!(is_conflict(
            write(&db, |tx| Box::pin(users::remove(tx, "organizer"))).await
        ));
        assert!(is_conflict(
            write(&db, |tx| Box::pin(tenants::remove(tx, "t"))).await
        ));
        // Nothing of the refused is there.
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(meetings::find(&mut snapshot, "n").await.unwrap(), None);
        assert_eq!(users::find(&mut snapshot, "u").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_refused_write_undoes_itself_and_nothing_else() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        let writes = (0..200).map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                write(&db, move |tx| {
                    Box::pin(async move {
                        tenants::put(tx, &tenant(&format!("{number:03}"))).await?;
                        tenants::put(tx, &tenant(&format!("{number:03} too"))).await?;
                        match number % 5 {
                            1 => Err(DbError::Foreign),
                            2 => tx
                                .execute("INSERT INTO tenants (id) VALUES ('x')", &[])
                                .await
                                .map(|_| ()),
                            3 => tx.execute("no statement", &[]).await.map(|_| ()),
                            _ => Ok(()),
                        }
                    })
                })
                .await
            })
        });
        let writes: Vec<_> = writes.collect();
        let mut expected = Vec::new();
        for (number, write) in writes.into_iter().enumerate() {
            let refused = match (number % 5, write.await.unwrap()) {
                (1, Err(DbError::Foreign))
                | (2, Err(DbError::Conflict(_)))
                | (3, Err(DbError::Engine(_))) => true,
                (0 | 4, Ok(())) => false,
                (_, other) => panic!("{number}: {other:?}"),
            };
            if !refused {
                expected.extend([format!("{number:03}"), format!("{number:03} too")]);
            }
        }
        assert_eq!(
            tenants::ids(&mut db.snapshot().await.unwrap()).await.unwrap(),
            expected
        );
    })
    .await;
}

#[tokio::test]
async fn a_write_that_panics_is_refused_and_the_store_goes_on() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        for round in 0..3 {
            let before = {
                let db = db.clone();
                tokio::spawn(async move { put_tenant(&db, tenant(&format!("good {round}"))).await })
            };
            let panicking = write::<(), _>(&db, move |tx| {
                Box::pin(async move {
                    tenants::put(tx, &tenant("panicked")).await?;
                    panic!("a test's own panic")
                })
            });
            assert!(matches!(panicking.await, Err(DbError::Engine(_))));
            before.await.unwrap().unwrap();
        }
        let ids = tenants::ids(&mut db.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(ids, ["good 0", "good 1", "good 2"]);
    })
    .await;
}

#[tokio::test]
async fn a_write_whose_caller_has_gone_is_whole_or_not_there() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        for number in 0..50 {
            let writing = write(&db, move |tx| {
                Box::pin(async move {
                    tenants::put(tx, &tenant(&format!("{number:02} a"))).await?;
                    tenants::put(tx, &tenant(&format!("{number:02} b"))).await
                })
            });
            let _left = tokio::time::timeout(std::time::Duration::ZERO, writing).await;
        }
        put_tenant(&db, tenant("last")).await.unwrap();
        let ids = tenants::ids(&mut db.snapshot().await.unwrap()).await.unwrap();
        let of = |ending: &str| -> BTreeSet<String> {
            ids.iter()
                .filter_map(|id| id.strip_suffix(ending))
                .map(ToOwned::to_owned)
                .collect()
        };
        assert_eq!(of(" a"), of(" b"));
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_sees_one_state() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("before")).await.unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(tenants::ids(&mut snapshot).await.unwrap(), ["before"]);
        put_tenant(&db, tenant("after")).await.unwrap();
        place.open().await.snapshot().await.unwrap();
        assert_eq!(tenants::ids(&mut snapshot).await.unwrap(), ["before"]);
        let mut later = db.snapshot().await.unwrap();
        assert_eq!(tenants::ids(&mut later).await.unwrap(), ["after", "before"]);
        assert_eq!(tenants::ids(&mut snapshot).await.unwrap(), ["before"]);
        drop(snapshot);
        // Its connection comes back without the old state.
        drop(later);
        for _ in 0..2 {
            assert_eq!(
                tenants::ids(&mut db.snapshot().await.unwrap())
                    .await
                    .unwrap()
                    .len(),
                2
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_changes_nothing() {
    on_every_back_end(async |place| {
        let db = place.open().await;
        put_tenant(&db, tenant("t")).await.unwrap();
        for sql in [
            "DELETE FROM tenants RETURNING id",
            "UPDATE tenants SET suspended = TRUE RETURNING id",
            "DELETE FROM tenants",
            "DROP TABLE consents",
            "CREATE TABLE x (id TEXT)",
        ] {
            let mut snapshot = db.snapshot().await.unwrap();
            let refused = snapshot.rows(sql, &[], |row| row.text(0)).await;
            assert!(refused.is_err(), "{sql}: {refused:?}");
        }
        let found = tenants::find(&mut db.snapshot().await.unwrap(), "t")
            .await
            .unwrap();
        assert_eq!(found, Some(tenant("t")));
    })
    .await;
}

#[tokio::test]
async fn a_store_opened_twice_is_one_store() {
    on_every_back_end(async |place| {
        let (one, two) = (place.open().await, place.open().await);
        let thread = one.for_thread(2).unwrap();
        for (number, (writer, reader)) in [(&one, &two), (&two, &one), (&thread, &two), (&two, &thread)]
            .into_iter()
            .enumerate()
        {
            // The reader has looked before, so that an answer kept from then would show.
            assert_eq!(
                tenants::ids(&mut reader.snapshot().await.unwrap())
                    .await
                    .unwrap()
                    .len(),
                number
            );
            put_tenant(writer, tenant(&number.to_string())).await.unwrap();
            assert_eq!(
                tenants::ids(&mut reader.snapshot().await.unwrap())
                    .await
                    .unwrap()
                    .len(),
                number + 1
            );
        }
        let both = (0..100).map(|number| {
            let db = if number % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move { put_tenant(&db, tenant(&format!("both {number}"))).await })
        });
        for written in both.collect::<Vec<_>>() {
            written.await.unwrap().unwrap();
        }
        drop((one, two, thread));
        assert_eq!(
            tenants::ids(&mut place.open().await.snapshot().await.unwrap())
                .await
                .unwrap()
                .len(),
            104
        );
    })
    .await;
}

/// Keeps its transaction open for a while.
async fn dawdle(tx: &mut Tx<'_>) -> Result<(), DbError> {
    const SQL: &str = "
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        SELECT COUNT(*)
        FROM n";
    tx.row(SQL, &[10_000.into()], |row| row.int(0)).await.map(|_| ())
}

async fn append_changes(db: &Db, writer: usize, round: usize) {
    write(db, move |tx| {
        Box::pin(async move {
            let ids: Vec<String> = (0..=round % 3)
                .map(|part| format!("{writer}/{round}/{part}"))
                .collect();
            let artifacts: Vec<Artifact> = ids.iter().map(|id| recording(id).artifact).collect();
            let changes: Vec<Change<'_>> = artifacts
                .iter()
                .map(|artifact| Change {
                    kind: ArtifactKind::Recording,
                    artifact,
                    change: ChangeType::Created,
                    at: at(NOW),
                    announce: round.is_multiple_of(2),
                })
                .collect();
            changes::append(tx, &changes).await?;
            if (writer + round).is_multiple_of(4) {
                dawdle(tx).await?;
            }
            match round % 7 {
                6 => Err(DbError::Foreign),
                _ => Ok(()),
            }
        })
    })
    .await
    .map_or_else(
        |error| assert!(matches!(error, DbError::Foreign), "{error}"),
        |()| (),
    );
}

async fn change_numbers(db: &Db, after: i64) -> Vec<i64> {
    let mut snapshot = db.snapshot().await.unwrap();
    let sql = "SELECT number FROM changes WHERE number > ?1 ORDER BY number";
    snapshot
        .rows(sql, &[after.into()], |row| row.int(0))
        .await
        .unwrap()
}

#[tokio::test]
async fn changes_are_numbered_without_gaps_in_the_order_of_their_commits() {
    const WRITERS: usize = 16;
    const ROUNDS: usize = 30;
    on_every_back_end(async |place| {
        // Half of the writers are in another process.
        let stores = [place.open().await, place.open().await];
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let db = stores[writer % 2].for_thread(1).unwrap();
                tokio::spawn(async move {
                    for round in 0..ROUNDS {
                        append_changes(&db, writer, round).await;
                    }
                })
            })
            .collect();
        // Whoever has read up to a number never finds a smaller one later, nor one that leaves a gap.
        let reader = place.open().await;
        let mut seen = 0;
        loop {
            let done = writers.iter().all(tokio::task::JoinHandle::is_finished);
            for number in change_numbers(&reader, seen).await {
                assert_eq!(number, seen + 1);
                seen = number;
            }
            if done {
                break;
            }
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let of_a_writer: usize = (0..ROUNDS)
            .filter(|round| round % 7 != 6)
            .map(|round| round % 3 + 1)
            .sum();
        assert_eq!(usize::try_from(seen).unwrap(), WRITERS * of_a_writer);
        assert_eq!(change_numbers(&reader, 0).await.len(), WRITERS * of_a_writer);
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_is_there_when_the_store_is_opened_again() {
    on_every_back_end(async |place| {
        for number in 0..5_usize {
            let db = place.open().await;
            assert_eq!(
                tenants::ids(&mut db.snapshot().await.unwrap())
                    .await
                    .unwrap()
                    .len(),
                number
            );
            put_tenant(&db, tenant(&number.to_string())).await.unwrap();
        }
    })
    .await;
}

// What follows is SQLite's own.

/// A SQLite file, opened as it is by the program, and by hand.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store.db")
    }

    fn open(&self) -> Result<Db, DbError> {
        Db::open_file(&self.path(), &clock())
    }
}

fn plain(file: &File) -> rusqlite::Connection {
    rusqlite::Connection::open(file.path()).unwrap()
}

#[test]
fn a_newer_store_is_refused_untouched() {
    let file = File::new();
    drop(file.open().unwrap());
    let newer = NEWEST_MIGRATION + 1;
    plain(&file).pragma_update(None, "user_version", newer).unwrap();
    let before = std::fs::read(file.path()).unwrap();
    match file.open() {
        Err(DbError::Newer { found, known }) => assert_eq!((found, known), (newer, NEWEST_MIGRATION)),
        other => panic!("{:?}", other.map(|_| ())),
    }
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
}

#[test]
fn what_is_no_store_is_refused_untouched() {
    type Make = fn(&File);
    let foreign: [(&str, Make); 5] = [
        ("text", |file| {
            std::fs::write(file.path(), "a letter to somebody, and quite a long one").unwrap();
        }),
        ("another database", |file| {
            plain(file).execute_batch("CREATE TABLE x (y TEXT)").unwrap();
        }),
        ("another application's", |file| {
            plain(file).pragma_update(None, "application_id", 7).unwrap();
        }),
        ("another application's version", |file| {
            plain(file).pragma_update(None, "user_version", 1).unwrap();
        }),
        ("a store without its number", |file| {
            drop(file.open().unwrap());
            plain(file).pragma_update(None, "user_version", 0).unwrap();
        }),
    ];
    for (what, make) in foreign {
        let file = File::new();
        make(&file);
        let before = std::fs::read(file.path()).unwrap();
        let refused = file.open().map(|_| ());
        assert!(matches!(refused, Err(DbError::Foreign)), "{what}: {refused:?}");
        assert_eq!(std::fs::read(file.path()).unwrap(), before, "{what}");
    }
}

#[test]
fn stores_that_are_made_at_once_by_two_are_one() {
    for _ in 0..5 {
        let file = File::new();
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| file.open().map(|_| ()))).collect();
            for opener in openers {
                opener.join().unwrap().unwrap();
            }
        });
        let rows: i64 = plain(&file)
            .query_row("SELECT COUNT(*) FROM store", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 1);
    }
}

#[test]
fn the_file_is_its_owners_alone() {
    let file = File::new();
    let _db = file.open().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(file.folder()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name());
    }
    assert!(names.len() >= 2, "{names:?}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let file = File::new();
    let nowhere = file.folder().join("nowhere/store.db");
    assert!(Db::open_file(&nowhere, &clock()).is_err());
}

#[tokio::test]
async fn sqlite_is_set_as_promised() {
    let file = File::new();
    let db = file.open().unwrap();
    // FULL is 2.
    let settings = [
        ("synchronous", "2"),
        ("journal_mode", "wal"),
        ("foreign_keys", "1"),
    ];
    for (setting, expected) in settings {
        let sql = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
        let asked = sql.clone();
        let written = write(&db, move |tx| {
            Box::pin(async move { tx.row(&asked, &[], |row| row.text(0)).await })
        });
        assert_eq!(written.await.unwrap().as_deref(), Some(expected), "{setting}");
        let mut snapshot = db.snapshot().await.unwrap();
        let read = snapshot.row(&sql, &[], |row| row.text(0)).await.unwrap();
        assert_eq!(read.as_deref(), Some(expected), "{setting} of a reader");
    }
    let sql = "SELECT query_only FROM pragma_query_only";
    let mut snapshot = db.snapshot().await.unwrap();
    assert_eq!(snapshot.row(sql, &[], |row| row.int(0)).await.unwrap(), Some(1));
    assert!(rusqlite::version_number() >= 3_051_003);
}

#[tokio::test]
async fn a_failed_write_outside_the_savepoint_does_not_stop_the_writer() {
    let file = File::new();
    let db = file.open().unwrap();
    // As a full disk does: the whole transaction is undone from within.
    let undone = write(&db, |tx| {
        Box::pin(async move {
            tenants::put(tx, &tenant("lost")).await?;
            tx.execute("ROLLBACK", &[]).await.map(|_| ())
        })
    });
    assert!(undone.await.is_err());
    put_tenant(&db, tenant("kept")).await.unwrap();
    assert_eq!(
        tenants::ids(&mut db.snapshot().await.unwrap()).await.unwrap(),
        ["kept"]
    );
}

#[tokio::test]
async fn concurrent_writes_share_commits() {
    let file = File::new();
    let db = file.open().unwrap();
    let before = db.commits();
    put_tenant(&db, tenant("alone")).await.unwrap();
    assert_eq!(db.commits(), before + 1);
    let writes: Vec<_> = (0..500)
        .map(|number| {
            let db = db.clone();
            tokio::spawn(async move { put_tenant(&db, tenant(&number.to_string())).await })
        })
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let commits = db.commits() - before - 1;
    assert!((8..=250).contains(&commits), "{commits} commits for 500 writes");
    let other = db.for_thread(2).unwrap();
    assert_eq!(other.commits(), db.commits());
}

#[tokio::test]
async fn a_write_that_waits_is_refused_and_the_store_goes_on() {
    let file = File::new();
    let db = file.open().unwrap();
    let waiting = write::<(), _>(&db, move |tx| {
        Box::pin(async move {
            tenants::put(tx, &tenant("waited")).await?;
            std::future::pending().await
        })
    });
    assert!(matches!(waiting.await, Err(DbError::Engine(_))));
    put_tenant(&db, tenant("good")).await.unwrap();
    let ids = tenants::ids(&mut db.snapshot().await.unwrap()).await.unwrap();
    assert_eq!(ids, ["good"]);
}
