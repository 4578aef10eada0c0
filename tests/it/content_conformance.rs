//! What a content store promises, asked of every back end: a suite is a function of a [`Place`], and [`on_every_back_end`]
//! lists the places. What only a folder can be asked stands at the end; what only a bucket can be asked, in `content_s3`.
//!
//! With `TEST_S3_ENDPOINT`, `TEST_S3_BUCKET`, `TEST_S3_ACCESS_KEY_ID` and `TEST_S3_SECRET_ACCESS_KEY` in the environment the
//! suites also run on that bucket: see `scripts/test-s3`.
//!
//! Not seen here: whether files and folders are fsynced, and in which order. That needs a machine that loses its power.

mod copies;
mod partial;

use std::collections::HashSet;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use graphophone::clock::Ticks;
use graphophone::config::{Addressing, ContentConfig, S3Config};
use graphophone::content::{
    CHUNK_BYTES, Checked, ContentError, ContentKey, ContentReader, ContentStore, ContentStream, Expected,
    Part, Swept, Written,
};
use graphophone::ids;
use tempfile::TempDir;

use crate::support::{client, media, s3};

/// An empty store of one back end.
struct Place {
    engine: Engine,
    folder: TempDir,
    bucket: Option<s3::Bucket>,
    prefix: String,
}

/// The back ends. Another one joins by its name here and its arms below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Folder,
    /// A server in this process, whose files can be reached.
    S3,
    /// A server that the environment names.
    OtherS3,
}

fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::Folder, Engine::S3];
    if std::env::var_os("TEST_S3_ENDPOINT").is_some() {
        engines.push(Engine::OtherS3);
    }
    engines
}

/// The bucket that the environment names.
fn other_s3(prefix: &str) -> S3Config {
    let named = |name: &str| std::env::var(format!("TEST_S3_{name}")).unwrap();
    S3Config {
        bucket: named("BUCKET"),
        prefix: prefix.to_owned(),
        endpoint: Some(named("ENDPOINT")),
        region: "us-east-1".to_owned(),
        addressing: Addressing::Path,
        ca_file: None,
        credentials: s3::keys(&named("ACCESS_KEY_ID"), &named("SECRET_ACCESS_KEY")),
    }
}

impl Place {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            folder: tempfile::tempdir().unwrap(),
            bucket: (engine == Engine::S3).then(s3::Bucket::new),
            prefix: format!("test-{}", ids::random()),
        }
    }

    fn open(&self) -> ContentStore {
        let config = match &self.bucket {
            None if self.engine == Engine::Folder => ContentConfig::Folder(self.root()),
            None => s3::place(other_s3(&self.prefix)),
            Some(bucket) => s3::place(bucket.config()),
        };
        ContentStore::at(&config).unwrap()
    }

    /// Where objects lie on this machine; a folder without any where they lie elsewhere.
    fn root(&self) -> PathBuf {
        match &self.bucket {
            None => self.folder.path().join("content"),
            Some(bucket) => bucket.folder().join("a/b"),
        }
    }

    fn file(&self, key: &ContentKey) -> PathBuf {
        self.root().join(key.as_str())
    }

    /// Spoils an object behind the store's back, so that its time of change moves.
    async fn overwrite(&self, key: &ContentKey, bytes: &[u8]) {
        match self.engine {
            Engine::Folder | Engine::S3 => self.overwrite_at(key, bytes, Duration::from_secs(next())),
            Engine::OtherS3 => {
                let store = self.open();
                let before = store.open(key).await.unwrap().modified_ns();
                // Times are whole seconds there.
                let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
                loop {
                    store.remove(key).await.unwrap();
                    if put(&store, key, bytes).await.modified_ns != before {
                        return;
                    }
                    assert!(tokio::time::Instant::now() < deadline, "time stands still");
                }
            }
        }
    }

    /// The same with a time of change, since 1970, for what lies on this machine.
    fn overwrite_at(&self, key: &ContentKey, bytes: &[u8], time: Duration) {
        let file = std::fs::File::options()
            .write(true)
            .truncate(true)
            .open(self.file(key))
            .unwrap();
        io::Write::write_all(&mut &file, bytes).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + time).unwrap();
    }
}

async fn on_every_back_end(suite: impl AsyncFn(&Place, ContentStore)) {
    for engine in engines() {
        println!("on {engine:?}");
        let place = Place::new(engine);
        let store = place.open();
        suite(&place, store).await;
    }
}

fn next() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A key that nothing else has.
fn key() -> ContentKey {
    ContentKey::new(
        "2432b57b-0abd-43db-aa7b-16eadd115d34",
        "2024-07-12T11:37:59Z".parse().unwrap(),
        uuid::Uuid::from_u128(u128::from(next())),
        Part::Recording,
        "video/mp4",
    )
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

async fn put(store: &ContentStore, key: &ContentKey, bytes: &[u8]) -> Written {
    store.put(key, io::Cursor::new(bytes.to_vec())).await.unwrap()
}

fn expected(key: &ContentKey, written: &Written) -> Expected {
    Expected {
        key: key.clone(),
        size_bytes: written.size_bytes,
        sha256: written.sha256.to_vec(),
        modified_ns: written.modified_ns,
    }
}

/// The bytes that a stream gives, and no more than a chunk of them at a time.
async fn drain(mut stream: ContentStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let expected = stream.remaining();
    while let Some(chunk) = std::future::poll_fn(|cx| stream.poll_chunk(cx)).await {
        let chunk = chunk?;
        assert!(!chunk.is_empty(), "a chunk without bytes");
        bytes.extend_from_slice(&chunk);
        assert_eq!(stream.remaining(), expected - bytes.len() as u64);
    }
    assert_eq!(stream.remaining(), 0, "an end before the end");
    Ok(bytes)
}

async fn range(reader: &ContentReader, first: u64, length: u64) -> Vec<u8> {
    drain(reader.read(first, length).await.unwrap()).await.unwrap()
}

/// All bytes of an object, as a download reads them.
async fn read_all(reader: &ContentReader) -> Vec<u8> {
    range(reader, 0, reader.size_bytes()).await
}

async fn read(store: &ContentStore, key: &ContentKey) -> Vec<u8> {
    read_all(&store.open(key).await.unwrap()).await
}

async fn assert_absent(store: &ContentStore, key: &ContentKey) {
    match store.open(key).await {
        Err(ContentError::NotFound(named)) => assert_eq!(named, *key),
        other => panic!("{other:?}"),
    }
}

/// A source that a test feeds. It ends when the test lets go of it, and fails or panics when told to.
struct Fed(mpsc::Receiver<Piece>);

enum Piece {
    Bytes(Vec<u8>),
    Failure,
    Panic,
    Interruption,
}

impl Read for Fed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.recv() {
            Ok(Piece::Bytes(bytes)) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            Ok(Piece::Failure) => Err(io::Error::other("the source has gone")),
            Ok(Piece::Interruption) => Err(io::ErrorKind::Interrupted.into()),
            Ok(Piece::Panic) => panic!("a test's own panic"),
            Err(_) => Ok(0),
        }
    }
}

/// A put that is under way, and what feeds it.
fn slow_put(
    store: &ContentStore,
    key: &ContentKey,
) -> (
    mpsc::Sender<Piece>,
    tokio::task::JoinHandle<Result<Written, ContentError>>,
) {
    let (feed, source) = mpsc::channel();
    let (store, key) = (store.clone(), key.clone());
    let put = tokio::spawn(async move { store.put(&key, Fed(source)).await });
    (feed, put)
}

#[tokio::test]
async fn bytes_come_back_with_their_length_and_digest() {
    on_every_back_end(async |_, store| {
        for length in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            1024 * 1024 + 1,
            3_000_000,
        ] {
            let (key, bytes) = (key(), &media(length)[..length]);
            let written = put(&store, &key, bytes).await;
            assert_eq!(written.size_bytes, length as u64);
            assert_eq!(written.sha256.to_vec(), sha256(bytes), "{length}");
            let reader = store.open(&key).await.unwrap();
            assert_eq!(reader.size_bytes(), length as u64);
            assert_eq!(reader.modified_ns(), written.modified_ns);
            assert!(read_all(&reader).await == bytes, "{length}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_is_written_once() {
    on_every_back_end(async |_, store| {
        let key = key();
        let written = put(&store, &key, b"first").await;
        let again = store.put(&key, &b"second"[..]).await;
        assert!(
            matches!(&again, Err(ContentError::Exists(named)) if *named == key),
            "{again:?}"
        );
        assert_eq!(read(&store, &key).await, b"first");
        store.open_checked(&expected(&key, &written)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn of_two_that_write_a_key_at_once_one_wins_whole() {
    on_every_back_end(async |place, store| {
        for first_ends_first in [true, false] {
            let key = key();
            let (feed_a, put_a) = slow_put(&store, &key);
            let (feed_b, put_b) = slow_put(&store, &key);
            for _ in 0..10 {
                feed_a.send(Piece::Bytes(b"a".to_vec())).unwrap();
                feed_b.send(Piece::Bytes(b"b".to_vec())).unwrap();
            }
            let (a, b) = if first_ends_first {
                drop(feed_a);
                let a = put_a.await.unwrap();
                drop(feed_b);
                (a, put_b.await.unwrap())
            } else {
                drop((feed_a, feed_b));
                (put_a.await.unwrap(), put_b.await.unwrap())
            };
            match (a, b) {
                (Ok(_), Err(ContentError::Exists(_))) | (Err(ContentError::Exists(_)), Ok(_)) => {}
                // S3 has no write that all servers refuse alike: the later of two at the same moment stays.
                (Ok(_), Ok(_)) if place.engine != Engine::Folder && !first_ends_first => {}
                other => panic!("{other:?}"),
            }
            let bytes = read(&store, &key).await;
            assert!(bytes == b"aaaaaaaaaa" || bytes == b"bbbbbbbbbb", "{bytes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_object_is_not_there_until_it_is_complete() {
    on_every_back_end(async |place, store| {
        let key = key();
        let (feed, put) = slow_put(&store, &key);
        for _ in 0..3 {
            feed.send(Piece::Bytes(vec![7; 1000])).unwrap();
            feed.send(Piece::Interruption).unwrap();
            assert_absent(&store, &key).await;
            assert_absent(&place.open(), &key).await;
        }
        drop(feed);
        assert_eq!(put.await.unwrap().unwrap().size_bytes, 3000);
        assert_eq!(read(&place.open(), &key).await, vec![7; 3000]);
    })
    .await;
}

#[tokio::test]
async fn a_source_that_fails_leaves_nothing() {
    on_every_back_end(async |place, store| {
        for ending in [Piece::Failure, Piece::Panic] {
            let key = key();
            let is_failure = matches!(ending, Piece::Failure);
            let (feed, put_one) = slow_put(&store, &key);
            feed.send(Piece::Bytes(vec![7; 1000])).unwrap();
            feed.send(ending).unwrap();
            match put_one.await.unwrap() {
                Err(ContentError::Source(error)) => assert!(is_failure, "{error}"),
                Err(ContentError::Io(error)) => assert!(!is_failure, "{error}"),
                other => panic!("{other:?}"),
            }
            assert_absent(&store, &key).await;
            assert_eq!(files(&place.root()), Vec::<PathBuf>::new());
            // The key is free, and the store goes on.
            put(&store, &key, b"whole").await;
            assert_eq!(read(&store, &key).await, b"whole");
            store.remove(&key).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_put_whose_caller_has_gone_is_whole_or_not_there() {
    on_every_back_end(async |place, store| {
        let key = key();
        let (feed, put) = slow_put(&store, &key);
        feed.send(Piece::Bytes(vec![7; 1000])).unwrap();
        feed.send(Piece::Bytes(vec![7; 1000])).unwrap();
        put.abort();
        let _aborted = put.await;
        // A source that nobody reads any more lets go of its end.
        let _nobody = feed.send(Piece::Failure);
        while !files(&place.root()).is_empty() {
            tokio::task::yield_now().await;
        }
        assert_absent(&store, &key).await;
    })
    .await;
}

#[tokio::test]
async fn ranges_are_read_to_their_edges() {
    on_every_back_end(async |_, store| {
        let (key, bytes) = (key(), media(CHUNK_BYTES * 2 + 10));
        put(&store, &key, &bytes).await;
        let reader = store.open(&key).await.unwrap();
        let end = bytes.len();
        for (offset, length) in [
            (0, 0),
            (0, 1),
            (0, CHUNK_BYTES),
            (1, CHUNK_BYTES),
            (CHUNK_BYTES - 1, 2),
            (CHUNK_BYTES, CHUNK_BYTES),
            (end - 1, 1),
            (end - 10, 10),
            (1, end - 1),
            (0, end),
            (end, 0),
        ] {
            let found = range(&reader, offset as u64, length as u64).await;
            assert!(
                found == bytes[offset..offset + length],
                "{length} from {offset}: {} bytes",
                found.len()
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_object_that_has_shrunk_ends_in_an_error() {
    on_every_back_end(async |place, store| {
        let (key, bytes) = (key(), media(CHUNK_BYTES * 2));
        put(&store, &key, &bytes).await;
        let reader = store.open(&key).await.unwrap();
        place.overwrite(&key, &bytes[..CHUNK_BYTES + 1]).await;
        // Before the first byte or after some: never an answer that looks whole.
        if let Ok(stream) = reader.read(0, bytes.len() as u64).await {
            assert!(drain(stream).await.is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_reads_what_is_removed_gets_its_bytes_or_is_cut() {
    on_every_back_end(async |_, store| {
        let (key, bytes) = (key(), media(CHUNK_BYTES + 1));
        put(&store, &key, &bytes).await;
        let reader = store.open(&key).await.unwrap();
        let stream = reader.read(0, bytes.len() as u64).await.unwrap();
        store.remove(&key).await.unwrap();
        assert_absent(&store, &key).await;
        if let Ok(found) = drain(stream).await {
            assert!(found == bytes);
        }
        store.remove(&key).await.unwrap();
        put(&store, &key, &media(CHUNK_BYTES + 2)[1..]).await;
        if let Ok(stream) = reader.read(0, bytes.len() as u64).await
            && let Ok(found) = drain(stream).await
        {
            assert!(found == bytes);
        }
        assert_eq!(read(&store, &key).await, media(CHUNK_BYTES + 2)[1..]);
    })
    .await;
}

async fn damage(store: &ContentStore, expected: &Expected) -> &'static str {
    match store.open_checked(expected).await {
        Err(ContentError::Damaged { key, what }) => {
            assert_eq!(key, expected.key);
            what
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_object_is_opened_without_another_stamp() {
    on_every_back_end(async |_, store| {
        for length in [0, 1, 100_000] {
            let (key, bytes) = (key(), vec![9; length]);
            let written = put(&store, &key, &bytes).await;
            let Checked { reader, restamped } = store.open_checked(&expected(&key, &written)).await.unwrap();
            assert_eq!(restamped, None);
            assert!(read_all(&reader).await == bytes);
        }
    })
    .await;
}

#[tokio::test]
async fn an_object_that_is_not_there_is_not_damaged() {
    on_every_back_end(async |_, store| {
        let key = key();
        let written = put(&store, &key, b"gone").await;
        store.remove(&key).await.unwrap();
        let opened = store.open_checked(&expected(&key, &written)).await;
        assert!(
            matches!(&opened, Err(ContentError::NotFound(named)) if *named == key),
            "{opened:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn another_length_is_damage_whatever_its_time() {
    on_every_back_end(async |place, store| {
        let key = key();
        let written = put(&store, &key, b"whole").await;
        for bytes in [&b"whol"[..], b"wholes", b""] {
            place.overwrite(&key, bytes).await;
            assert_eq!(
                damage(&store, &expected(&key, &written)).await,
                "its length has changed"
            );
            let stamped = Expected {
                modified_ns: store.open(&key).await.unwrap().modified_ns(),
                ..expected(&key, &written)
            };
            assert_eq!(damage(&store, &stamped).await, "its length has changed");
        }
    })
    .await;
}

#[tokio::test]
async fn other_bytes_are_damage_until_they_are_mended() {
    on_every_back_end(async |place, store| {
        let (key, bytes) = (key(), vec![9; 100_000]);
        let written = put(&store, &key, &bytes).await;
        let mut spoiled = bytes.clone();
        spoiled[99_999] = 8;
        place.overwrite(&key, &spoiled).await;
        for _ in 0..2 {
            assert_eq!(
                damage(&store, &expected(&key, &written)).await,
                "its bytes have changed"
            );
        }
        // Another process that looks at it finds the same.
        assert_eq!(
            damage(&place.open(), &expected(&key, &written)).await,
            "its bytes have changed"
        );
        // Twenty requests at once, too.
        let asked: Vec<_> = (0..20)
            .map(|_| {
                let (store, expected) = (store.clone(), expected(&key, &written));
                tokio::spawn(async move { damage(&store, &expected).await })
            })
            .collect();
        for answer in asked {
            assert_eq!(answer.await.unwrap(), "its bytes have changed");
        }
        place.overwrite(&key, &bytes).await;
        let checked = store.open_checked(&expected(&key, &written)).await.unwrap();
        assert!(checked.restamped.is_some());
    })
    .await;
}

#[tokio::test]
async fn damage_is_remembered_by_its_time_of_change() {
    on_every_back_end(async |place, store| {
        let key = key();
        let written = put(&store, &key, b"good").await;
        place.overwrite(&key, b"evil").await;
        let stamp = store.open(&key).await.unwrap().modified_ns();
        assert_eq!(
            damage(&store, &expected(&key, &written)).await,
            "its bytes have changed"
        );
        if place.engine == Engine::OtherS3 {
            return;
        }
        // Mended in a way that nobody can see: the verdict stands until the time moves or the store is opened anew.
        place.overwrite_at(&key, b"good", Duration::from_nanos(u64::try_from(stamp).unwrap()));
        assert_eq!(
            damage(&store, &expected(&key, &written)).await,
            "its bytes have changed"
        );
        assert!(place.open().open_checked(&expected(&key, &written)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn an_object_that_was_only_touched_gets_a_new_stamp() {
    on_every_back_end(async |place, store| {
        let (key, bytes) = (key(), media(2_000_000));
        let written = put(&store, &key, &bytes).await;
        place.overwrite(&key, &bytes).await;
        let checked = store.open_checked(&expected(&key, &written)).await.unwrap();
        let stamp = checked.restamped.unwrap();
        assert_eq!(stamp, checked.reader.modified_ns());
        assert_ne!(stamp, written.modified_ns);
        assert!(read_all(&checked.reader).await == bytes);
        let stamped = Expected {
            modified_ns: stamp,
            ..expected(&key, &written)
        };
        assert_eq!(store.open_checked(&stamped).await.unwrap().restamped, None);
    })
    .await;
}

#[tokio::test]
async fn a_store_that_is_there_can_be_reached() {
    on_every_back_end(async |_, store| store.reach().await.unwrap()).await;
}

/// Where the unfinished uploads of another server can be listed, as they cannot be in this process's.
#[tokio::test]
async fn an_unfinished_upload_of_another_server_goes_after_a_day() {
    if !engines().contains(&Engine::OtherS3) {
        return;
    }
    let place = Place::new(Engine::OtherS3);
    let store = place.open();
    let config = other_s3(&place.prefix);
    let url = format!(
        "{}/{}/{}/{}?uploads",
        config.endpoint.unwrap(),
        config.bucket,
        config.prefix,
        key().as_str()
    );
    let begun = client().post(url).send().await.unwrap();
    assert_eq!(begun.status(), 200);
    let sweep = async |now: &str| store.sweep(now.parse().unwrap(), HashSet::new()).await.unwrap();
    // moto says of every upload that it was begun at 20:48 on 10 November 2010.
    let (early, late) = ("2010-11-11T20:00:00Z", "2999-01-01T00:00:00Z");
    assert_eq!(sweep(early).await, Swept { removed: 0, kept: 1 });
    assert_eq!(sweep(late).await, Swept { removed: 1, kept: 0 });
    assert_eq!(sweep(late).await, Swept::default());
}

#[test]
fn keys_differ_by_every_part_of_what_they_are_for() {
    let make = |tenant: &str, at: &str, unique: u128, part, media_type: &str| {
        ContentKey::new(
            tenant,
            at.parse().unwrap(),
            uuid::Uuid::from_u128(unique),
            part,
            media_type,
        )
    };
    let guid = "2432b57b-0abd-43db-aa7b-16eadd115d34";
    let at = "2024-07-12T11:37:59Z";
    let keys = [
        make(guid, at, 1, Part::Recording, "video/mp4"),
        make(guid, at, 2, Part::Recording, "video/mp4"),
        make(guid, at, 1, Part::Transcript, "text/vtt"),
        make(guid, at, 1, Part::TranscriptMetadata, "text/vtt"),
        make("another", at, 1, Part::Recording, "video/mp4"),
        make("Another", at, 1, Part::Recording, "video/mp4"),
        make(guid, "0001-01-01T00:00:00Z", 1, Part::Recording, "video/mp4"),
        make(guid, "9999-01-01T00:00:00Z", 1, Part::Recording, "video/mp4"),
    ];
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(ContentKey::from_row(key.as_str()).as_ref(), Some(key));
        assert_eq!(key.unique().len(), 32, "{key}");
        assert!(!keys[..at].contains(key), "{key}");
    }
}

// What follows is the folder's own.

fn files(folder: &Path) -> Vec<PathBuf> {
    if !folder.exists() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => waiting.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut at = 0;
    while let Some(folder) = found.get(at).cloned() {
        let below = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        found.extend(below.filter(|path| path.is_dir()));
        at += 1;
    }
    found
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_folder_and_its_files_are_their_owners_alone() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let key = key();
    put(&store, &key, b"x").await;
    let all = folders(&place.root());
    assert!(all.len() >= 5, "{all:?}");
    for folder in all {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    assert_eq!(files(&place.root()), [place.file(&key)]);
    assert_eq!(mode(&place.file(&key)), 0o600);
    let (feed, put) = slow_put(&store, &self::key());
    while files(&place.root()).len() == 1 {
        tokio::task::yield_now().await;
    }
    for file in files(&place.root()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(feed);
    put.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_object_is_its_plain_bytes_under_its_key() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let key = key();
    put(&store, &key, b"plain").await;
    assert_eq!(std::fs::read(place.file(&key)).unwrap(), b"plain");
    store.remove(&key).await.unwrap();
    assert!(
        !place.file(&key).parent().unwrap().exists(),
        "its folder goes with it"
    );
    assert!(
        place.file(&key).ancestors().nth(2).unwrap().is_dir(),
        "its month stays"
    );
}

#[tokio::test]
async fn a_folder_keeps_what_is_removed_for_whoever_reads_it() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let (key, bytes) = (key(), media(CHUNK_BYTES + 1));
    put(&store, &key, &bytes).await;
    let reader = store.open(&key).await.unwrap();
    store.remove(&key).await.unwrap();
    assert!(read_all(&reader).await == bytes);
    put(&store, &key, b"new").await;
    assert!(read_all(&reader).await == bytes);
}

#[tokio::test]
async fn what_a_crash_left_goes_after_a_day_and_not_before() {
    const DAY: u64 = 24 * 3600;
    const OLD: &str = "00000000-0000-4000-8000-00000000000a";
    const YOUNG: &str = "00000000-0000-4000-8000-00000000000b.json";
    const OTHER: &str = "of somebody else";
    let place = Place::new(Engine::Folder);
    let incoming = place.root().join(".incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (name, after) in [(OLD, 0), (YOUNG, 2), (OTHER, 0)] {
        let file = std::fs::File::create(incoming.join(name)).unwrap();
        file.set_modified(written + Duration::from_secs(after)).unwrap();
    }
    let store = place.open();
    let left = async |seconds: u64| {
        let at = Ticks::from_unix_seconds(i64::try_from(1_000_000_000 + seconds).unwrap());
        let swept = store.sweep(at, HashSet::new()).await.unwrap();
        let mut names: Vec<_> = files(&incoming)
            .iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(swept.kept, names.len());
        names
    };
    assert_eq!(left(0).await, [OLD, YOUNG, OTHER]);
    assert_eq!(left(DAY).await, [OLD, YOUNG, OTHER]);
    assert_eq!(left(DAY + 1).await, [YOUNG, OTHER]);
    assert_eq!(left(DAY + 3).await, [OTHER]);
}

#[tokio::test]
async fn nothing_is_removed_through_a_link() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let outside = place.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let precious = outside.join("00000000-0000-4000-8000-00000000000a");
    std::fs::write(&precious, "precious").unwrap();
    for name in [".incoming", ".uploads"] {
        let folder = place.root().join(name);
        std::fs::remove_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&outside, &folder).unwrap();
        let swept = store.sweep(Ticks::from_unix_seconds(9_000_000_000), HashSet::new());
        assert!(matches!(swept.await, Err(ContentError::Io(_))));
        assert!(precious.exists());
        std::fs::remove_file(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
    }
}

#[tokio::test]
async fn a_link_in_place_of_an_object_is_refused() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let key = key();
    let written = put(&store, &key, b"secret").await;
    let outside = place.folder.path().join("outside");
    std::fs::rename(place.file(&key), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, place.file(&key)).unwrap();
    let opened = store.open(&key).await;
    assert!(
        matches!(opened, Err(ContentError::Io(_) | ContentError::Damaged { .. })),
        "{opened:?}"
    );
    assert!(store.open_checked(&expected(&key, &written)).await.is_err());
    let again = store.put(&key, &b"new"[..]).await;
    assert!(matches!(again, Err(ContentError::Exists(_))), "{again:?}");
    store.remove(&key).await.unwrap();
    assert_eq!(
        std::fs::read(&outside).unwrap(),
        b"secret",
        "what the link led to stays"
    );
    // A link that leads nowhere takes the key, too.
    std::fs::create_dir_all(place.file(&key).parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("nowhere", place.file(&key)).unwrap();
    let again = store.put(&key, &b"new"[..]).await;
    assert!(matches!(again, Err(ContentError::Exists(_))), "{again:?}");
    assert!(!place.file(&key).with_file_name("nowhere").exists());
}

#[tokio::test]
async fn a_folder_in_place_of_an_object_is_damage() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let key = key();
    std::fs::create_dir_all(place.file(&key)).unwrap();
    let opened = store.open(&key).await;
    assert!(matches!(opened, Err(ContentError::Damaged { .. })), "{opened:?}");
}

#[tokio::test]
async fn a_pipe_in_place_of_an_object_does_not_hold_up_a_reader() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let key = key();
    std::fs::create_dir_all(place.file(&key).parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(place.file(&key))
        .status()
        .unwrap();
    assert!(made.success());
    let opened = tokio::task::spawn_blocking(move || {
        tokio::runtime::Handle::current().block_on(async move { store.open(&key).await })
    });
    let opened = tokio::time::timeout(Duration::from_secs(10), opened).await;
    let opened = match opened {
        Ok(opened) => opened.unwrap(),
        Err(_) => {
            // Lets the thread go, so that the test can end.
            let _writer = std::fs::File::options()
                .write(true)
                .open(files(&place.root()).pop().unwrap());
            panic!("opening waits for somebody who writes into the pipe");
        }
    };
    assert!(matches!(opened, Err(ContentError::Damaged { .. })), "{opened:?}");
}

#[tokio::test]
async fn a_folder_that_has_gone_is_not_reached() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    std::fs::rename(place.root(), place.folder.path().join("elsewhere")).unwrap();
    assert!(store.reach().await.is_err());
}

/// What is put where a disk has been taken away would be seen by nobody once it is back.
#[tokio::test]
async fn a_folder_that_goes_while_an_object_is_written_is_not_made_again() {
    let place = Place::new(Engine::Folder);
    let store = place.open();
    let key = key();
    let (feed, put_one) = slow_put(&store, &key);
    feed.send(Piece::Bytes(vec![7; 1000])).unwrap();
    // It is being written.
    while files(&place.root()).is_empty() {
        tokio::task::yield_now().await;
    }
    let elsewhere = place.folder.path().join("elsewhere");
    std::fs::rename(place.root(), &elsewhere).unwrap();
    drop(feed);
    let put = put_one.await.unwrap();
    assert!(matches!(put, Err(ContentError::Io(_))), "{put:?}");
    assert!(!place.root().exists());
    // Once it is back, the store goes on.
    std::fs::rename(&elsewhere, place.root()).unwrap();
    self::put(&store, &key, b"whole").await;
    assert_eq!(read(&store, &key).await, b"whole");
}

/// What is removed for good must not come back with the disk.
#[tokio::test]
async fn nothing_is_said_to_be_removed_while_the_folder_is_away() {
    let place = Place::new(Engine::Folder);
    let (store, key) = (place.open(), key());
    put(&store, &key, b"whole").await;
    let elsewhere = place.folder.path().join("elsewhere");
    std::fs::rename(place.root(), &elsewhere).unwrap();
    for is_mount_point in [false, true] {
        if is_mount_point {
            std::fs::create_dir(place.root()).unwrap();
        }
        let removed = store.remove(&key).await;
        assert!(matches!(removed, Err(ContentError::Io(_))), "{removed:?}");
    }
    std::fs::remove_dir(place.root()).unwrap();
    std::fs::rename(&elsewhere, place.root()).unwrap();
    for _ in 0..2 {
        store.remove(&key).await.unwrap();
        assert_absent(&store, &key).await;
    }
}

#[test]
fn a_file_where_the_folder_should_be_is_an_error() {
    let place = Place::new(Engine::Folder);
    std::fs::write(place.root(), "x").unwrap();
    assert!(ContentStore::at(&ContentConfig::Folder(place.root())).is_err());
}
