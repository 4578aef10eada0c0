//! Copies from one store into another, of whatever back ends the two are.

use graphophone::content::{ContentError, ContentStore, CopyError};

use super::{Place, assert_absent, engines, expected, key, media, put, read};

async fn between_all_back_ends(suite: impl AsyncFn(&Place, ContentStore, ContentStore)) {
    for from in engines() {
        for to in engines() {
            println!("from {from:?} to {to:?}");
            let (from, to) = (Place::new(from), Place::new(to));
            suite(&from, from.open(), to.open()).await;
        }
    }
}

#[tokio::test]
async fn a_copy_has_the_bytes_of_its_original_and_is_made_once() {
    between_all_back_ends(async |_, from, to| {
        for length in [0, 1, 64 * 1024, 1024 * 1024 + 1, 9 * 1024 * 1024] {
            let (key, bytes) = (key(), &media(length)[..length]);
            let written = expected(&key, &put(&from, &key, bytes).await);
            let copied = to.copy_from(&from, &written).await.unwrap();
            assert!(!copied.was_there);
            assert!(read(&to, &key).await == bytes, "{length}");
            assert_eq!(copied.modified_ns, to.open(&key).await.unwrap().modified_ns());
            let again = to.copy_from(&from, &written).await.unwrap();
            assert_eq!((again.was_there, again.modified_ns), (true, copied.modified_ns));
        }
    })
    .await;
}

#[tokio::test]
async fn an_original_that_is_not_what_was_recorded_comes_to_no_copy() {
    between_all_back_ends(async |place, from, to| {
        let key = key();
        let bytes = media(10 * 1024 * 1024);
        let written = expected(&key, &put(&from, &key, &bytes).await);
        let mut changed = bytes.clone();
        changed[10 * 1024 * 1024 - 1] ^= 1;
        for wrong in [&changed[..], &bytes[1..], &[&bytes[..], b"x"].concat()[..]] {
            place.overwrite(&key, wrong).await;
            let refused = to.copy_from(&from, &written).await;
            assert!(
                matches!(&refused, Err(CopyError::Original(ContentError::Damaged { key: named, .. })) if *named == key),
                "{refused:?}"
            );
            assert_absent(&to, &key).await;
        }
        from.remove(&key).await.unwrap();
        let refused = to.copy_from(&from, &written).await;
        assert!(
            matches!(&refused, Err(CopyError::Original(ContentError::NotFound(named))) if *named == key),
            "{refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_there_is_never_replaced() {
    between_all_back_ends(async |_, from, to| {
        let key = key();
        let written = expected(&key, &put(&from, &key, b"the original").await);
        put(&to, &key, b"something else").await;
        let refused = to.copy_from(&from, &written).await;
        assert!(
            matches!(&refused, Err(CopyError::Copy(ContentError::Exists(named))) if *named == key),
            "{refused:?}"
        );
        assert_eq!(read(&to, &key).await, b"something else");
    })
    .await;
}
