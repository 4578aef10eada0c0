//! Matroska files as recorders, copies and attackers leave them.

use std::time::Duration;

use super::*;
use crate::media::probe;
use crate::media::tests::{Sparse, check, sample};

/// An element whose length has eight bytes.
fn element(id: u32, inside: &[u8]) -> Vec<u8> {
    let id: Vec<u8> = id
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    let length = (1 << 56 | inside.len() as u64).to_be_bytes();
    [&id, &length[..], inside].concat()
}

/// An element whose length is not known.
fn open(id: u32, inside: &[u8]) -> Vec<u8> {
    let mut file = element(id, inside);
    let at = file.len() - inside.len() - 8;
    file[at..at + 8].copy_from_slice(&[1, 255, 255, 255, 255, 255, 255, 255]);
    file
}

fn header() -> Vec<u8> {
    element(0x1a45_dfa3, &element(0x4282, b"matroska"))
}

fn tracks() -> Vec<u8> {
    let entry = [element(TRACK_TYPE, &[2]), element(CODEC_ID, b"A_OPUS\0")].concat();
    element(TRACKS, &element(TRACK_ENTRY, &entry))
}

/// A cluster of two blocks, of which the later one stands first.
fn cluster(start: u8) -> Vec<u8> {
    let late = element(BLOCK_GROUP, &element(BLOCK, b"\x81\0\x14\0sound"));
    element(
        CLUSTER,
        &[
            element(CLUSTER_TIMESTAMP, &[start]),
            late,
            element(SIMPLE_BLOCK, b"\x81\0\x0a\0sound"),
        ]
        .concat(),
    )
}

fn live(parts: &[Vec<u8>]) -> Vec<u8> {
    [header(), open(SEGMENT, &parts.concat())].concat()
}

#[test]
fn a_live_recording_is_as_long_as_its_clusters() {
    let probed = check(&live(&[element(INFO, b""), tracks(), cluster(100), cluster(200)]));
    assert_eq!((probed.fault, probed.media_type), (None, "audio/x-matroska"));
    assert_eq!(probed.facts.duration, Some(Duration::from_millis(220)));
    let scale = element(INFO, &element(TIMESTAMP_SCALE, &2_000_000_u32.to_be_bytes()));
    let probed = check(&live(&[scale, tracks(), cluster(100)]));
    assert_eq!(probed.facts.duration, Some(Duration::from_millis(240)));
}

#[test]
fn clusters_of_unknown_length_are_no_fault() {
    let file = live(&[
        element(INFO, b""),
        tracks(),
        open(CLUSTER, &element(CLUSTER_TIMESTAMP, &[1])),
    ]);
    let probed = check(&file);
    assert_eq!(
        (probed.fault, probed.facts.truncated, probed.facts.duration),
        (None, false, None)
    );
}

#[test]
fn a_live_recording_plays_up_to_where_it_is_cut_off() {
    let file = live(&[element(INFO, b""), tracks(), cluster(100), cluster(200)]);
    for (less, duration) in [(3, 220), (40, 200), (cluster(0).len() + 3, 120)] {
        let probed = check(&file[..file.len() - less]);
        assert_eq!((probed.fault, probed.facts.truncated), (None, true), "{less}");
        assert_eq!(
            probed.facts.duration,
            Some(Duration::from_millis(duration)),
            "{less}"
        );
    }
}

#[test]
fn a_copy_that_was_cut_off_says_how_long_it_should_be() {
    for name in ["browser.webm", "meeting.mkv"] {
        let file = sample(name);
        let probed = check(&file[..5000]);
        let expected_bytes = file.len() as u64;
        assert_eq!(
            probed.fault,
            Some(Fault::Truncated {
                expected_bytes,
                found_bytes: 5000
            })
        );
        assert_eq!(probed.facts.tracks.len(), 2, "what is there is told: {name}");
    }
}

#[test]
fn media_that_nothing_describes_are_a_fault() {
    let cases = [
        (vec![element(INFO, b""), cluster(0), tracks()], Fault::NoTracks),
        (vec![element(INFO, b""), tracks()], Fault::NoMedia),
        (vec![], Fault::NoTracks),
        (
            vec![tracks(), cluster(0)],
            Fault::Malformed {
                what: "there is no Info element before the first Cluster",
                at: 0,
            },
        ),
    ];
    for (parts, fault) in cases {
        assert_eq!(check(&live(&parts)).fault, Some(fault));
    }
    assert_eq!(check(&header()).fault, Some(Fault::NoTracks));
}

#[test]
fn damage_is_told_with_its_place() {
    let start = header().len() as u64 + 12;
    let cases = [
        (vec![vec![0; 9]], "there is no element where one should be", start),
        (
            vec![open(INFO, b"")],
            "an element has no length that must have one",
            start,
        ),
        (
            vec![element(INFO, b"\x44\x89\x84\0"), cluster(0)],
            "an element reaches out of the element that it is in",
            start + 12,
        ),
    ];
    for (parts, what, at) in cases {
        assert_eq!(check(&live(&parts)).fault, Some(Fault::Malformed { what, at }));
    }
}

#[test]
fn the_newer_code_of_a_language_counts() {
    let entry = |parts: &[Vec<u8>]| {
        let tracks = element(TRACKS, &element(TRACK_ENTRY, &parts.concat()));
        check(&live(&[element(INFO, b""), tracks, cluster(0)]))
            .facts
            .tracks[0]
            .language
            .clone()
    };
    let (old, new) = (element(LANGUAGE, b"ger"), element(LANGUAGE_BCP47, b"de-AT"));
    assert_eq!(entry(&[new.clone(), old.clone()]).as_deref(), Some("de-AT"));
    assert_eq!(entry(&[old.clone(), new]).as_deref(), Some("de-AT"));
    assert_eq!(entry(&[old]).as_deref(), Some("ger"));
    assert_eq!(entry(&[element(LANGUAGE, b"und")]), None);
    assert_eq!(entry(&[]), None, "what is not said is not taken for English");
}

#[test]
fn a_duration_that_cannot_be_is_not_known() {
    for duration in [f64::NAN, -1.0, 0.0, f64::MAX, f64::INFINITY] {
        let info = element(INFO, &element(DURATION, &duration.to_be_bytes()));
        assert_eq!(
            check(&live(&[info, tracks(), cluster(7)])).facts.duration,
            None,
            "{duration}"
        );
    }
}

#[test]
fn bombs_are_answered_at_once() {
    let deep = (0..10_000).fold(Vec::new(), |inside, _| element(TRACKS, &inside));
    assert_eq!(check(&live(&[deep])).fault, Some(Fault::NoTracks));
    let many = element(0xec, b"").repeat(100_000);
    let probed = check(&live(&[element(INFO, b""), tracks(), cluster(9), many]));
    assert_eq!((probed.fault, probed.facts.duration), (None, None));
    let file = live(&[
        element(INFO, b""),
        element(TRACKS, &element(TRACK_ENTRY, b"").repeat(1000)),
        cluster(0),
    ]);
    assert_eq!(check(&file).facts.more_tracks, 936);
}

#[test]
fn a_file_of_a_terabyte_costs_no_more_than_a_small_one() {
    let length = 1_u64 << 40;
    let name = [&[0x86, 1][..], &(1_u64 << 39).to_be_bytes()[1..]].concat();
    let entry = [&[0xae, 1][..], &((1_u64 << 39) + 9).to_be_bytes()[1..], &name].concat();
    let tracks = [
        &TRACKS.to_be_bytes()[..],
        &[1],
        &((1_u64 << 39) + 18).to_be_bytes()[1..],
        &entry,
    ]
    .concat();
    let mut sparse = Sparse::new([(0, live(&[tracks]))]);
    let probed = probe(&mut sparse, length).unwrap();
    assert_eq!(probed.facts.tracks.len(), 1);
    assert!(sparse.bytes_read < 1 << 16, "{}", sparse.bytes_read);
}
