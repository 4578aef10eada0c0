//! Objects that arrive in slices.

use std::collections::HashSet;

use bytes::Bytes;
use graphophone::clock::Ticks;
use graphophone::content::{ContentError, ContentStore, Destination, Part, Partial, Swept};

use super::{Engine, next, on_every_back_end, read, sha256};
use crate::support::media;

const MIB: usize = 1024 * 1024;

fn destination() -> Destination {
    Destination {
        tenant: "2432b57b-0abd-43db-aa7b-16eadd115d34".to_owned(),
        created: "2024-07-12T11:37:59Z".parse().unwrap(),
        unique: uuid::Uuid::from_u128(0xa_0000_0000 + u128::from(next())),
        part: Part::Recording,
    }
}

/// A slice, in pieces as the network gives them; what is stored of it, as it comes out of a row.
async fn append(store: &ContentStore, at: &Destination, partial: Partial, bytes: &[u8]) -> Partial {
    let mut appending = store.append(at, partial).await.unwrap();
    for piece in bytes.chunks(30_000) {
        appending.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let json = serde_json::to_string(&appending.end().await.unwrap()).unwrap();
    serde_json::from_str(&json).unwrap()
}

/// Some bytes that begin as an MP4 does.
fn film(length: usize) -> Vec<u8> {
    let mut bytes = media(length)[..length].to_vec();
    let head = b"\0\0\0\x20ftypisom";
    let shared = head.len().min(length);
    bytes[..shared].copy_from_slice(&head[..shared]);
    bytes
}

#[tokio::test]
async fn slices_of_any_size_become_one_object() {
    on_every_back_end(async |place, store| {
        for lengths in [
            &[1, 2, 3][..],
            &[0, 5, 0],
            &[300_000],
            &[100, 8 * MIB - 100, 1],
            &[8 * MIB, 8 * MIB + 7],
            &[1, 9 * MIB, 512 * 1024, 20 * MIB, 1],
        ] {
            let whole = film(lengths.iter().sum());
            let (at, mut partial, mut sent) = (destination(), Partial::default(), 0);
            for length in lengths {
                // Each slice may come to another node.
                let other = place.open();
                partial = append(&other, &at, partial, &whole[sent..sent + length]).await;
                sent += length;
                assert_eq!(partial.received_bytes, sent as u64);
            }
            let (key, written) = store.complete(&at, &partial).await.unwrap();
            assert_eq!(written.size_bytes, whole.len() as u64);
            assert_eq!(written.sha256.to_vec(), sha256(&whole), "{lengths:?}");
            let ending = if whole.len() < 12 { "bin" } else { "mp4" };
            assert!(key.as_str().ends_with(ending), "{key}");
            assert!(read(&store, &key).await == whole, "{lengths:?}");
            let opened = store.open(&key).await.unwrap();
            assert_eq!(opened.modified_ns(), written.modified_ns);
            // Asked again after a crash, it is complete already.
            assert_eq!(store.complete(&at, &partial).await.unwrap(), (key, written));
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_not_stored_last_does_not_count() {
    on_every_back_end(async |_, store| {
        let whole = film(20 * MIB);
        let (at, first) = (destination(), 9 * MIB);
        let partial = append(&store, &at, Partial::default(), &whole[..first]).await;
        // Two slices whose rows were never written: other bytes, one of them longer than all that follows.
        for noise in [[9; 3 * MIB].to_vec(), vec![7; 17 * MIB]] {
            let mut lost = store.append(&at, partial.clone()).await.unwrap();
            lost.write(noise.into()).await.unwrap();
            lost.end().await.unwrap();
        }
        let partial = append(&store, &at, partial, &whole[first..]).await;
        let (key, written) = store.complete(&at, &partial).await.unwrap();
        assert_eq!(written.sha256.to_vec(), sha256(&whole));
        assert!(read(&store, &key).await == whole);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_there_until_it_is_complete_and_nothing_stays_of_what_is_discarded() {
    on_every_back_end(async |_, store| {
        for length in [1000, 9 * MIB] {
            let (at, bytes) = (destination(), film(length));
            let partial = append(&store, &at, Partial::default(), &bytes).await;
            let absent = store.open(&at.key("video/mp4")).await;
            assert!(matches!(absent, Err(ContentError::NotFound(_))), "{absent:?}");
            store.discard(&at, &partial).await.unwrap();
            store.discard(&at, &partial).await.unwrap();
            let lost = store.append(&at, partial.clone()).await;
            let completed = store.complete(&at, &partial).await;
            assert!(completed.is_err(), "{completed:?}");
            assert!(
                lost.is_err() || length > 8 * MIB,
                "went on with what was discarded"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_gone_on_with_is_not_swept() {
    on_every_back_end(async |place, store| {
        let (mine, other) = (destination(), destination());
        let whole = film(9 * MIB);
        let partial = append(&store, &mine, Partial::default(), &whole[..MIB]).await;
        let partial = append(&store, &mine, partial, &whole[MIB..]).await;
        append(&store, &other, Partial::default(), &whole).await;
        let far: Ticks = "2100-01-01T00:00:00Z".parse().unwrap();
        let going_on = HashSet::from([mine.unique]);
        let swept = store.sweep(far, going_on).await.unwrap();
        // Which uploads are unfinished, not every server tells.
        if place.engine == Engine::Folder {
            assert_eq!(swept, Swept { removed: 1, kept: 1 });
        }
        let (key, _) = store.complete(&mine, &partial).await.unwrap();
        assert!(read(&store, &key).await == whole);
    })
    .await;
}
