//! What only PostgreSQL can be asked: servers that refuse us, connections that break, TLS, and nodes that start together.

use std::net::SocketAddr;
use std::sync::LazyLock;

use graphophone::clock::{Clock, Ticks};
use graphophone::config::MetadataPlace;
use graphophone::db::artifacts::ArtifactKind;
use graphophone::db::audit::{self, Append, AuditRecord};
use graphophone::db::tenants::{self, Tenant};
use graphophone::db::{Db, DbError, NEWEST_MIGRATION, Tx, Write};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::names::{ORGANIZER, my_standup};
use crate::support::postgres::{Database, Server, server};
use crate::support::wire::Wire;
use crate::support::{NOW, TestApp, TokenOf, place_of};

fn clock() -> Clock {
    Clock::manual(NOW.parse().unwrap())
}

async fn open(place: &MetadataPlace) -> Result<Db, DbError> {
    Db::open(place, 4, &clock()).await
}

/// Why there is no store to be had, in the line that an operator reads.
async fn refusal(place: &MetadataPlace) -> String {
    match open(place).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{place:?} was opened"),
    }
}

/// By TCP, where the server asks for the password.
fn url_by(address: SocketAddr, database: &str) -> String {
    format!("postgres://graphophone:graphophone@{address}/{database}")
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server().port))
}

/// Puts a tenant; not to be run twice.
struct Once(&'static str);

impl Write for Once {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let tenant = Tenant {
            id: self.0.to_owned(),
            display_name: None,
            suspended: false,
            participants_can_download_recordings: false,
            guest_access: false,
            transcripts_enabled: true,
            speaker_attribution_enabled: true,
        };
        tenants::put(tx, &tenant).await
    }
}

fn record(id: &str) -> AuditRecord {
    AuditRecord {
        id: id.to_owned(),
        at: NOW.parse().unwrap(),
        tenant_id: "t".to_owned(),
        application_id: None,
        user_id: None,
        actor: None,
        operation: "content.read".to_owned(),
        kind: ArtifactKind::Recording,
        artifact_id: "r".to_owned(),
        meeting_id: None,
        first_byte: 0,
        last_byte: 9,
        request_id: "q".to_owned(),
    }
}

async fn tenant_ids(db: &Db) -> Result<Vec<String>, DbError> {
    tenants::ids(&mut *db.snapshot().await?).await
}

#[tokio::test]
async fn a_newer_store_is_refused_untouched() {
    let database = Database::with_schema();
    let newer = NEWEST_MIGRATION + 1;
    database.run(&format!(
        "UPDATE store SET value = '{newer}' WHERE name = 'schema'"
    ));
    match open(&database.place()).await {
        Err(DbError::Newer { found, known }) => assert_eq!((found, known), (newer, NEWEST_MIGRATION)),
        other => panic!("{:?}", other.map(|_| ())),
    }
    assert_eq!(
        database.run("SELECT value FROM store WHERE name = 'schema'"),
        [newer.to_string()]
    );
}

#[tokio::test]
async fn what_is_no_store_is_refused_untouched() {
    for made in [
        "CREATE TABLE x (y TEXT)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TABLE store (id INT)",
        "CREATE TABLE store (name TEXT, value TEXT)",
        "CREATE TABLE store (name TEXT, value TEXT); INSERT INTO store VALUES ('application', 'a shop'), ('schema', '1')",
        "CREATE TABLE store (name TEXT, value TEXT); INSERT INTO store VALUES ('application', 'graphophone')",
        "CREATE TABLE store (name INT, value INT)",
    ] {
        let database = Database::empty();
        database.run(made);
        let refused = open(&database.place()).await.map(|_| ());
        assert!(matches!(refused, Err(DbError::Foreign)), "{made}: {refused:?}");
        let tables = database.run("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
        assert_eq!(tables.len(), 1, "{made}: {tables:?}");
        assert!(!Db::is_there(&database.place()).await.is_ok_and(|there| there));
    }
}

#[tokio::test]
async fn nodes_may_start_together() {
    let database = Database::empty();
    assert!(!Db::is_there(&database.place()).await.unwrap());
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let place = database.place();
            tokio::spawn(async move { open(&place).await.map(|_| ()) })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().unwrap();
    }
    assert!(Db::is_there(&database.place()).await.unwrap());
    assert_eq!(
        database.run("SELECT name FROM store ORDER BY name"),
        ["application", "created", "schema"]
    );
}

/// Whatever isolation and mode the database has by default.
#[tokio::test]
async fn nodes_may_start_together_where_transactions_are_strict() {
    let database = Database::empty();
    for setting in ["isolation = 'serializable'", "read_only = on"] {
        database.run(&format!(
            "ALTER DATABASE {} SET default_transaction_{setting}",
            database.name()
        ));
    }
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let place = database.place();
            tokio::spawn(async move { open(&place).await.map(|_| ()) })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().unwrap();
    }
    open(&database.place())
        .await
        .unwrap()
        .write(Once("t"))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_older_store_is_brought_up_to_date() {
    let database = Database::empty();
    database.run(include_str!("../../migrations/postgres/0001_start.sql"));
    database
        .run("INSERT INTO store VALUES ('application', 'graphophone'), ('created', 'once'), ('schema', '1')");
    let db = open(&database.place()).await.unwrap();
    db.write(Once("t")).await.unwrap();
    assert_eq!(
        database.run("SELECT value FROM store WHERE name = 'schema'"),
        [NEWEST_MIGRATION.to_string()]
    );
    assert_eq!(
        database.run("SELECT value FROM store WHERE name = 'created'"),
        ["once"]
    );
}

#[tokio::test]
async fn a_server_that_refuses_us_is_told_in_a_line_that_names_the_setting() {
    let database = Database::with_schema();
    let (name, here) = (database.name(), address());
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for (url, words) in [
        (
            format!("postgres://graphophone:hush@{here}/{name}"),
            "metadata.password: the server refuses the password of role \"graphophone\"",
        ),
        (
            format!("postgres://nobody:hush@{here}/{name}"),
            "metadata.password: the server refuses the password of role \"nobody\"",
        ),
        (
            format!("postgres://graphophone@{here}/{name}"),
            "metadata.password: the server asks role \"graphophone\" for a password",
        ),
        (
            format!("postgres://graphophone:graphophone@{here}/nowhere"),
            "metadata.url: there is no database \"nowhere\"",
        ),
        (
            format!("postgres://graphophone:hush@{nobody}/{name}"),
            "metadata.url: no server answers at 127.0.0.1:",
        ),
        (
            format!("postgres://graphophone:hush@host.invalid/{name}?sslmode=disable"),
            "metadata.url: no connection to host.invalid:5432",
        ),
        (
            format!("postgres://graphophone:graphophone@{here}/{name}?sslmode=require"),
            "check sslmode",
        ),
        (
            format!("postgres://graphophone:graphophone@{here}/{name}?target_session_attrs=read-only"),
            "is as target_session_attrs asks",
        ),
    ] {
        let line = refusal(&place_of(&url)).await;
        assert!(line.contains(words), "{url}: {line}");
        assert!(!line.contains("hush") && !line.contains('\n'), "{line}");
    }
}

#[tokio::test]
async fn a_password_may_stand_in_a_file() {
    let database = Database::with_schema();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "graphophone\n").unwrap();
    let mut place = place_of(&format!(
        "postgres://graphophone@{}/{}",
        address(),
        database.name()
    ));
    let MetadataPlace::Postgres(server) = &mut place else {
        panic!("{place:?}");
    };
    server.password = Some(graphophone::config::SecretSource::File(file.clone()));
    open(&place).await.unwrap();
    std::fs::remove_file(file).unwrap();
    assert!(refusal(&place).await.starts_with("metadata.password_file: "));
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let name = "latin";
    server().run(&format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
    ));
    let line = refusal(&place_of(&server().url(name))).await;
    server().run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    assert!(line.contains("LATIN1") && line.contains("UTF8"), "{line}");
}

#[tokio::test]
async fn rights_that_are_missing_are_named() {
    let database = Database::with_schema();
    database.run(
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'weak') THEN
         CREATE ROLE weak LOGIN; END IF; END $$",
    );
    database.run(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO weak; REVOKE UPDATE ON tenants FROM weak",
    );
    let weak = |database: &Database| place_of(&database.url().replace("graphophone@", "weak@"));
    let found = Db::probe(&weak(&database)).await;
    assert!(
        found
            .iter()
            .any(|finding| finding.is_problem && finding.line.contains("tenants (UPDATE)")),
        "{found:?}"
    );
    // Somebody else's table beside ours is nobody's business.
    database.run("GRANT UPDATE ON tenants TO weak; CREATE TABLE other (id INT)");
    let found = Db::probe(&weak(&database)).await;
    assert!(found.iter().all(|finding| !finding.is_problem), "{found:?}");
    database.run("REVOKE UPDATE ON tenants FROM weak");
    // The store works as far as it may.
    let db = open(&weak(&database)).await.unwrap();
    assert!(matches!(db.write(Once("new")).await, Err(DbError::Denied(_))));
    assert!(tenant_ids(&db).await.unwrap().is_empty());

    database.run("REVOKE ALL ON store FROM weak");
    let line = refusal(&weak(&database)).await;
    assert!(line.starts_with("metadata.url: the role may not read"), "{line}");

    // An empty database in which it may make nothing: since version 15 that is so for everybody but the owner.
    let empty = Database::empty();
    let line = refusal(&weak(&empty)).await;
    assert!(
        line.starts_with("metadata.url: ") && line.contains("CREATE"),
        "{line}"
    );
    let found = Db::probe(&weak(&empty)).await;
    assert!(
        found
            .iter()
            .any(|finding| finding.is_problem && finding.line.contains("CREATE"))
    );
}

#[tokio::test]
async fn a_server_that_can_only_be_read_is_read() {
    let database = Database::with_schema();
    let db = open(&database.place()).await.unwrap();
    db.write(Once("t")).await.unwrap();
    database.run(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        database.name()
    ));
    let read_write = place_of(&format!("{}?target_session_attrs=read-write", database.url()));
    assert!(refusal(&read_write).await.contains("target_session_attrs"));
    let read_only = place_of(&format!("{}?target_session_attrs=read-only", database.url()));
    let db = open(&read_only).await.unwrap();
    assert_eq!(tenant_ids(&db).await.unwrap(), ["t"]);
    // But it is only the default of the database, which our transactions do not keep to.
    db.write(Once("too")).await.unwrap();
    assert_eq!(Db::probe(&read_only).await, []);
}

#[tokio::test]
async fn a_first_host_that_is_away_is_passed_over() {
    let database = Database::with_schema();
    let url = format!(
        "postgres://graphophone:graphophone@127.0.0.1:1,{}/{}?target_session_attrs=read-write",
        address(),
        database.name()
    );
    let db = open(&place_of(&url)).await.unwrap();
    db.write(Once("t")).await.unwrap();
}

#[tokio::test]
async fn what_can_be_lost_is_warned_of() {
    let careless = Server::start_with(&["fsync=off", "full_page_writes=off"]);
    let found = Db::probe(&place_of(&careless.url("postgres"))).await;
    assert!(found.iter().all(|finding| !finding.is_problem), "{found:?}");
    for setting in ["fsync=off", "full_page_writes=off"] {
        assert!(
            found.iter().any(|finding| finding.line.contains(setting)),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn a_probe_leaves_nothing() {
    let database = Database::with_schema();
    let before = database.run("SELECT name || value FROM store ORDER BY 1");
    assert_eq!(Db::probe(&database.place()).await, []);
    assert_eq!(database.run("SELECT name || value FROM store ORDER BY 1"), before);
}

#[tokio::test]
async fn commits_are_durable_whatever_the_server_says() {
    let database = Database::with_schema();
    database.run(&format!(
        "ALTER DATABASE {} SET synchronous_commit = off",
        database.name()
    ));
    let db = open(&database.place()).await.unwrap();
    let mut snapshot = db.snapshot().await.unwrap();
    let setting = snapshot
        .row("SELECT current_setting('synchronous_commit')", &[], |row| {
            row.text(0)
        })
        .await
        .unwrap();
    assert_eq!(setting.as_deref(), Some("on"));
}

#[tokio::test]
async fn connections_that_broke_meanwhile_are_replaced_unseen() {
    let database = Database::with_schema();
    let wire = Wire::to(address());
    let db = open(&place_of(&url_by(wire.address, database.name())))
        .await
        .unwrap();
    db.write(Once("before")).await.unwrap();
    // Several in the pool.
    let snapshots = [db.snapshot().await.unwrap(), db.snapshot().await.unwrap()];
    for mut snapshot in snapshots {
        tenants::ids(&mut snapshot).await.unwrap();
    }
    for round in 0..5 {
        wire.break_all();
        assert_eq!(tenant_ids(&db).await.unwrap().len(), 1, "{round}");
        wire.break_all();
        db.write(Append(record(&format!("a{round}")))).await.unwrap();
        // Not to be run twice, but nothing of it had been asked when the connection broke.
        wire.break_all();
        db.write(Once("before")).await.unwrap();
    }
}

#[tokio::test]
async fn a_snapshot_whose_connection_breaks_is_an_error_and_the_next_is_good() {
    let database = Database::with_schema();
    let wire = Wire::to(address());
    let db = open(&place_of(&url_by(wire.address, database.name())))
        .await
        .unwrap();
    let mut snapshot = db.snapshot().await.unwrap();
    tenants::ids(&mut snapshot).await.unwrap();
    wire.break_all();
    let broken = tenants::ids(&mut snapshot).await;
    assert!(matches!(broken, Err(DbError::Unreachable(_))), "{broken:?}");
    drop(snapshot);
    assert!(tenant_ids(&db).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_repeated_only_where_that_is_the_same() {
    let database = Database::with_schema();
    let wire = Wire::to(address());
    let db = open(&place_of(&url_by(wire.address, database.name())))
        .await
        .unwrap();
    wire.lose_the_next_commit();
    db.write(Append(record("once"))).await.unwrap();
    assert!(wire.has_lost_it());
    // Asked elsewhere, for a snapshot ends with a commit too.
    let other = open(&database.place()).await.unwrap();
    let mut snapshot = other.snapshot().await.unwrap();
    let kept = audit::newest(&mut snapshot, Ticks(0), 9).await.unwrap();
    assert_eq!(kept, [record("once")]);

    wire.lose_the_next_commit();
    let unknown = db.write(Once("perhaps")).await;
    assert!(wire.has_lost_it());
    assert!(matches!(unknown, Err(DbError::Unreachable(_))), "{unknown:?}");
}

/// Goes on after a statement that has failed.
struct Heedless;

impl Write for Heedless {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        Once("lost").run(tx).await?;
        let _ignored = tx.execute("INSERT INTO tenants (id) VALUES ('x')", &[]).await;
        Ok(())
    }
}

/// The server undoes such a transaction and calls that a successful commit.
#[tokio::test]
async fn a_write_that_ignores_a_failed_statement_is_not_acknowledged() {
    let database = Database::with_schema();
    let db = open(&database.place()).await.unwrap();
    assert!(db.write(Heedless).await.is_err());
    assert!(tenant_ids(&db).await.unwrap().is_empty());
    db.write(Once("t")).await.unwrap();
}

#[tokio::test]
async fn a_write_that_others_keep_from_its_lock_gives_up() {
    let database = Database::with_schema();
    let db = open(&database.place()).await.unwrap();
    let other = database.client().await;
    other
        .batch_execute("SET statement_timeout = 0; BEGIN; LOCK TABLE tenants")
        .await
        .unwrap();
    // Shorter for this test: a new connection takes the limit of its database.
    database.run(&format!(
        "ALTER ROLE graphophone IN DATABASE {} SET lock_timeout = '50ms'",
        database.name()
    ));
    let db_with_limit = open(&database.place()).await.unwrap();
    drop(db);
    let refused = db_with_limit.write(Once("t")).await;
    assert!(matches!(refused, Err(DbError::Busy)), "{refused:?}");
    other.batch_execute("ROLLBACK").await.unwrap();
    db_with_limit.write(Once("t")).await.unwrap();
}

#[tokio::test]
async fn a_server_whose_database_goes_away_answers_503_and_recovers_by_itself() {
    let database = Database::with_schema();
    let wire = Wire::to(address());
    let url = url_by(wire.address, database.name());
    let app = TestApp::with().database(database, url).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let list = format!("{}/recordings", my_standup());
    let content = format!("{list}/recording-1/content");
    assert_eq!(app.get(&list, &token).await.status, 200);
    for _ in 0..2 {
        wire.cut();
        for path in [&list, &content] {
            let answer = app.get(path, &token).await;
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(answer.json()["error"]["code"], "serviceNotAvailable");
        }
        let ready = app.send(app.request("GET", "/readyz")).await;
        assert_eq!(ready.status, 503);
        assert_eq!(ready.json()["database"], "unreachable");
        assert_eq!(ready.json()["content"], "ready");
        wire.mend();
        assert_eq!(app.get(&list, &token).await.status, 200);
        assert_eq!(app.get(&content, &token).await.status, 200);
        assert_eq!(app.send(app.request("GET", "/readyz")).await.status, 200);
    }
    // One that breaks between two requests is not even seen, nor one that breaks in the middle of a read. A new connection
    // sends the text of a statement when it is first used.
    wire.break_all();
    wire.break_on("FROM online_meetings");
    assert_eq!(app.get(&list, &token).await.status, 200);
    assert!(wire.has_broken());
    wire.break_all();
    wire.break_on("INSERT INTO audit_records");
    assert_eq!(app.get(&content, &token).await.status, 200);
    assert!(wire.has_broken());
}

#[tokio::test]
async fn no_character_of_a_path_or_a_filter_is_an_error_of_the_engine() {
    let database = Database::with_schema();
    let url = database.url();
    let app = TestApp::with().database(database, url).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let meeting = my_standup();
    for path in [
        format!("{meeting}/recordings/a%00b"),
        format!("{meeting}/recordings/%F4%8F%BF%BF0"),
        "/v1.0/users/a%00b/onlineMeetings/m/recordings".to_owned(),
        "/v1.0/me/onlineMeetings/%00/recordings".to_owned(),
        format!("{meeting}/recordings?$filter=contentCorrelationId eq '%00'"),
    ] {
        let answer = app.get_raw_path(&path.replace(' ', "%20"), &token).await;
        assert!(answer.status < 500, "{path}: {}", answer.text);
    }
}

struct Certificates {
    authority: String,
    other_authority: String,
    server: String,
    key: String,
    _folder: tempfile::TempDir,
}

/// A server with a certificate for 127.0.0.1 and another for nobody we know.
fn certificates() -> Certificates {
    let folder = tempfile::tempdir().unwrap();
    let authority = || {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, other) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let server = server.signed_by(&key, &ours).unwrap();
    let write = |name: &str, text: String| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    Certificates {
        authority: write("authority.pem", ours.pem()),
        other_authority: write("other.pem", other.pem()),
        server: write("server.pem", server.pem()),
        key: write("key.pem", key.serialize_pem()),
        _folder: folder,
    }
}

static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(certificates);
static TLS_SERVER: LazyLock<Server> = LazyLock::new(|| {
    let certificate = format!("certificate={}", CERTIFICATES.server);
    Server::start_with(&[&certificate, &format!("key={}", CERTIFICATES.key)])
});

#[tokio::test]
async fn tls_proves_as_much_as_sslmode_asks_for() {
    let port = TLS_SERVER.port;
    let encode = |path: &str| path.replace('/', "%2F");
    let (ours, other) = (
        encode(&CERTIFICATES.authority),
        encode(&CERTIFICATES.other_authority),
    );
    // localhost is the same server, and not in its certificate.
    for (host, options, refused) in [
        ("127.0.0.1", "sslmode=disable".to_owned(), None),
        ("127.0.0.1", "sslmode=require".to_owned(), None),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={ours}"),
            None,
        ),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={ours}"), None),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={ours}"),
            Some("check sslmode and sslrootcert"),
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={other}"),
            Some("check sslmode and sslrootcert"),
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={other}"),
            Some("check sslmode and sslrootcert"),
        ),
        (
            "127.0.0.1",
            "sslmode=verify-full&sslrootcert=%2Fnowhere.pem".to_owned(),
            Some("sslrootcert /nowhere.pem"),
        ),
    ] {
        let url = format!("postgres://graphophone:graphophone@{host}:{port}/postgres?{options}");
        let found = Db::is_there(&place_of(&url)).await;
        match refused {
            None => assert!(!found.unwrap(), "{url}"),
            Some(words) => {
                let line = found.unwrap_err().to_string();
                assert!(
                    line.starts_with("metadata.url: ") && line.contains(words),
                    "{url}: {line}"
                );
            }
        }
    }
    let encrypted = TLS_SERVER.run("SELECT COUNT(*) FROM pg_stat_ssl WHERE ssl");
    assert_eq!(encrypted.len(), 1);
}
