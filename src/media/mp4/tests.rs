//! MP4 files as recorders, copies and attackers leave them.

use std::time::Duration;

use super::*;
use crate::media::tests::{Sparse, check, played, probed, sample};
use crate::media::{Fault, probe};

/// A box with its header.
fn boxed(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    let length = u32::try_from(inside.len() + 8).unwrap();
    [&length.to_be_bytes(), &kind[..], inside].concat()
}

/// Where the first box of that name begins.
fn find(file: &[u8], kind: &[u8; 4]) -> usize {
    file.windows(4).position(|name| name == kind).unwrap() - 4
}

fn renamed(file: &[u8], from: &[u8; 4], to: &[u8; 4]) -> Vec<u8> {
    let mut file = file.to_vec();
    while let Some(at) = file.windows(4).position(|name| name == from) {
        file[at..at + 4].copy_from_slice(to);
    }
    file
}

/// The places in every `stco` of a file.
fn places(file: &[u8]) -> Vec<usize> {
    let lists = file.windows(4).enumerate().filter(|(_, name)| *name == b"stco");
    let number = |at: usize| u32::from_be_bytes(*file[at..].first_chunk().unwrap()) as usize;
    lists
        .flat_map(|(at, _)| (0..number(at + 8)).map(move |index| number(at + 12 + 4 * index)))
        .collect()
}

#[test]
fn a_head_leads_to_the_same_samples() {
    for name in [
        "moov-last.mp4",
        "two-audio.mp4",
        "hevc.mp4",
        "av1.mp4",
        "sound.mp4",
        "sound.m4a",
    ] {
        let file = sample(name);
        let faststart = check(&file).faststart.unwrap();
        let moved = played(&file, &faststart);
        assert!(find(&moved, b"moov") < find(&moved, b"mdat"), "{name}");
        let (before, after) = (places(&file), places(&moved));
        assert!(!before.is_empty() && before != after, "{name}");
        assert_eq!(before.len(), after.len(), "{name}");
        for (old, new) in before.into_iter().zip(after) {
            assert_eq!(file[old..old + 4], moved[new..new + 4], "{name}: {old}");
        }
    }
}

/// OBS records fragments, and makes one box of media of them when it stops: its index is last, and the old ones are
/// hidden among the media.
#[test]
fn a_finished_hybrid_recording_has_one_index() {
    let file = sample("moov-last.mp4");
    let (free, moov) = (find(&file, b"free"), find(&file, b"moov"));
    let hidden = sample("fragmented.mp4");
    let length = (16 + moov - (free + 16) + hidden.len()) as u64;
    let header = [&b"\0\0\0\x01mdat"[..], &length.to_be_bytes()].concat();
    let hybrid = [
        &file[..free],
        &header,
        &file[free + 16..moov],
        &hidden,
        &file[moov..],
    ]
    .concat();
    let probed = check(&hybrid);
    assert_eq!(probed.facts, check(&file).facts);
    assert_eq!(probed.faststart.unwrap().body_length, length);
}

#[test]
fn what_cannot_be_moved_is_served_as_it_is() {
    let file = sample("moov-last.mp4");
    let moov = find(&file, b"moov");
    let with = |extra: &[u8]| [&file[..moov], extra, &file[moov..]].concat();
    let mut crowded = file.clone();
    let crowd = boxed(b"free", b"").repeat(5000);
    crowded.extend(&crowd);
    let length = u32::try_from(file.len() - moov + crowd.len()).unwrap();
    crowded[moov..moov + 4].copy_from_slice(&length.to_be_bytes());
    let cases = [
        (renamed(&file, b"isom", b"mp41"), "brand isom"),
        (with(&boxed(b"uuid", &[0; 20])), "not known"),
        (
            with(&[boxed(b"skip", b""), file[..moov].to_vec()].concat()),
            "order of the specification",
        ),
        (renamed(&file, b"stss", b"saio"), "saio"),
        ([&file[..], &boxed(b"moov", b"")].concat(), "several indexes"),
        ([&file[..], b"junkjunkjunk"].concat(), "whole box"),
        (crowded, "too many boxes"),
    ];
    for (file, expected) in cases {
        let probed = check(&file);
        assert_eq!((probed.fault, probed.faststart), (None, None), "{expected}");
        assert_eq!(probed.facts.tracks.len(), 2, "{expected}");
        let note = probed.note.unwrap();
        assert!(note.contains(expected), "{note} is not {expected}");
    }
}

#[test]
fn a_large_index_or_lead_is_not_moved() {
    let file = sample("moov-last.mp4");
    let (mdat, moov) = (find(&file, b"mdat"), find(&file, b"moov"));
    let mut index = file[moov + 8..].to_vec();
    index.extend(boxed(b"free", &vec![0; 24 << 20]));
    let large = [&file[..moov], &boxed(b"moov", &index)].concat();
    assert!(check(&large).note.unwrap().contains("too large"));
    let lead = boxed(b"free", &vec![0; 1 << 20]);
    let late = [&file[..mdat], &lead, &file[mdat..]].concat();
    assert!(check(&late).note.unwrap().contains("too far"));
}

#[test]
fn a_place_outside_of_the_media_is_not_moved() {
    let mut file = sample("moov-last.mp4");
    let list = find(&file, b"stco");
    file[list + 16..list + 20].copy_from_slice(&1_u32.to_be_bytes());
    let probed = check(&file);
    assert_eq!((probed.fault, probed.faststart), (None, None));
    assert!(probed.note.is_some());
}

#[test]
fn a_recorder_that_was_killed_leaves_no_index() {
    let file = sample("moov-last.mp4");
    let (mdat, moov) = (find(&file, b"mdat"), find(&file, b"moov"));
    let mut killed = file[..moov].to_vec();
    killed[mdat..mdat + 4].fill(0);
    // Some write how long the media are only at the end, and until then that they are empty.
    let mut empty = killed.clone();
    empty[mdat + 3] = 8;
    for file in [&file[..moov], &killed, &empty, &file[..mdat], &file[..mdat + 4]] {
        let probed = check(file);
        assert_eq!(
            (probed.media_type, probed.fault),
            ("video/mp4", Some(Fault::NoMoov))
        );
        assert_eq!(probed.facts.format, Format::Mp4);
    }
}

#[test]
fn a_copy_that_was_cut_off_says_how_long_it_should_be() {
    let cut = |name: &str, length: usize| check(&sample(name)[..length]).fault.unwrap();
    let file = sample("faststart.mp4");
    let length = file.len() as u64;
    let truncated = |expected_bytes, found: usize| Fault::Truncated {
        expected_bytes,
        found_bytes: found as u64,
    };
    assert_eq!(cut("faststart.mp4", 5000), truncated(length, 5000));
    assert_eq!(cut("moov-last.mp4", 8000), truncated(length, 8000));
    assert_eq!(
        cut("moov-last.mp4", 4000),
        truncated(find(&sample("moov-last.mp4"), b"moov") as u64, 4000)
    );
    // Cut before the media, or within media that reach to wherever the end is: the index knows better.
    let mdat = find(&file, b"mdat");
    let last = *places(&file).iter().max().unwrap() as u64;
    assert_eq!(cut("faststart.mp4", mdat), truncated(last + 1, mdat));
    let mut open = file[..5000].to_vec();
    open[mdat..mdat + 4].fill(0);
    assert_eq!(check(&open).fault.unwrap(), truncated(last + 1, 5000));
}

#[test]
fn fragments_play_up_to_where_they_are_cut_off() {
    let file = sample("fragmented.mp4");
    let whole = check(&file).facts;
    let cut = check(&file[..file.len() - 2000]);
    assert_eq!((cut.fault, cut.facts.truncated), (None, true));
    assert!(
        cut.facts.duration < whole.duration && cut.facts.duration > Some(Duration::from_secs(1)),
        "{cut:?}"
    );
    let (moof, mdat) = (find(&file, b"moof"), find(&file, b"mdat"));
    assert!(matches!(
        check(&file[..mdat + 100]).fault,
        Some(Fault::Truncated { .. })
    ));
    assert_eq!(check(&file[..moof]).fault, Some(Fault::NoMedia));
}

#[test]
fn an_index_without_tracks_or_media_is_a_fault() {
    let file = sample("moov-last.mp4");
    assert_eq!(
        check(&renamed(&file, b"trak", b"free")).fault,
        Some(Fault::NoTracks)
    );
    let hidden = renamed(&file, b"mdat", b"free");
    assert_eq!(check(&hidden).fault, Some(Fault::NoMedia));
}

#[test]
fn damage_is_told_with_its_place() {
    let mut file = sample("faststart.mp4");
    let trak = find(&file, b"trak");
    file[trak..trak + 4].copy_from_slice(&7_u32.to_be_bytes());
    let probed = check(&file);
    let (what, at) = ("a box is smaller than its header", trak as u64);
    assert_eq!(probed.fault, Some(Fault::Malformed { what, at }));
    assert_eq!(probed.media_type, "video/mp4");
}

#[test]
fn what_follows_the_media_does_not_matter() {
    let file = sample("faststart.mp4");
    for junk in [&b"\0\0\0"[..], b"\0\0\xff\xffjunk", b"\0\0\0\x02junk", &[0; 64]] {
        let probed = check(&[&file[..], junk].concat());
        assert_eq!((probed.fault, probed.note), (None, None), "{junk:?}");
        assert_eq!(probed.facts, check(&file).facts, "{junk:?}");
    }
}

/// An index of one track, every box in its form with 64 bits.
fn long_index() -> Vec<u8> {
    let times = |timescale: u32, length: u64| {
        let created = 3_850_448_412_u64.to_be_bytes();
        [
            &[1, 0, 0, 0][..],
            &created,
            &created,
            &timescale.to_be_bytes(),
            &length.to_be_bytes(),
        ]
        .concat()
    };
    let mdhd = [times(48_000, u64::MAX), vec![0x15, 0xc7, 0, 0]].concat();
    let size = [640_u32 << 16, 360 << 16].map(u32::to_be_bytes).concat();
    let tkhd = [&[1, 0, 0, 0][..], &[0; 84], &size].concat();
    let stsd = boxed(
        b"stsd",
        &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &boxed(b"ab\x01d", &[0; 8])].concat(),
    );
    let minf = boxed(b"minf", &boxed(b"stbl", &stsd));
    // The media come before what says that they are pictures.
    let mdia = [
        minf,
        boxed(b"mdhd", &mdhd),
        boxed(b"hdlr", b"\0\0\0\0\0\0\0\0vide\0\0\0\0"),
    ]
    .concat();
    let trak = [boxed(b"tkhd", &tkhd), boxed(b"mdia", &mdia)].concat();
    boxed(
        b"moov",
        &[boxed(b"mvhd", &times(1000, 90_500)), boxed(b"trak", &trak)].concat(),
    )
}

#[test]
fn boxes_with_64_bits_are_read() {
    let file = [boxed(b"wide", b""), long_index(), boxed(b"mdat", b"x")].concat();
    let probed = check(&file);
    assert_eq!((probed.media_type, probed.fault), ("video/quicktime", None));
    assert_eq!(probed.facts.duration, Some(Duration::from_millis(90_500)));
    assert_eq!(
        probed.facts.created.unwrap().to_string(),
        "2026-01-05T09:00:12.0000000Z"
    );
    let track = &probed.facts.tracks[0];
    assert_eq!(
        (track.codec.as_str(), track.width, track.height),
        ("abd", Some(640), Some(360))
    );
    assert_eq!(track.language.as_deref(), Some("eng"));
}

#[test]
fn tracks_beyond_the_first_are_only_counted() {
    let index = boxed(b"moov", &boxed(b"trak", b"").repeat(70));
    let facts = check(&[boxed(b"ftyp", b"isom"), index, boxed(b"mdat", b"x")].concat()).facts;
    assert_eq!((facts.tracks.len(), facts.more_tracks), (64, 6));
}

#[test]
fn bombs_are_answered_at_once() {
    let ftyp = boxed(b"ftyp", b"isom\0\0\0\0isom");
    let deep = (0..10_000).fold(Vec::new(), |inside, _| boxed(b"moov", &inside));
    assert_eq!(check(&[ftyp.clone(), deep].concat()).fault, Some(Fault::NoTracks));
    let many = boxed(b"free", b"").repeat(100_000);
    assert!(matches!(
        check(&[ftyp.clone(), many].concat()).fault,
        Some(Fault::Malformed { .. })
    ));
    let file = sample("moov-last.mp4");
    for kind in [b"stsz", b"stsd", b"stts", b"stsc", b"stco"] {
        let mut bomb = file.clone();
        let at = find(&bomb, kind);
        bomb[at + 12..at + 16].fill(0xff);
        assert_eq!(check(&bomb).fault, None);
    }
}

/// Sizes that are true, so that nothing but a limit keeps them from being read.
#[test]
fn a_file_of_a_terabyte_costs_no_more_than_a_small_one() {
    let large = |kind: &[u8; 4], length: u64| [&[0, 0, 0, 1], &kind[..], &length.to_be_bytes()].concat();
    let ftyp = boxed(b"ftyp", b"isom\0\0\0\0isom");
    let (start, length) = (ftyp.len() as u64, 1_u64 << 40);
    // An index of a terabyte of zeros, media that begin behind four gigabytes of nothing, and nothing but zeros.
    let index = large(b"moov", length - start);
    let nothing = [&(u32::MAX - 7).to_be_bytes(), &b"free"[..]].concat();
    let media = start + u64::from(u32::MAX - 7);
    let files = [
        vec![(0, ftyp.clone()), (start, index)],
        vec![
            (0, ftyp.clone()),
            (start, nothing),
            (media, boxed(b"mdat", b"x")),
            (media + 9, long_index()),
        ],
        vec![(0, ftyp)],
    ];
    for (file, expected) in files
        .into_iter()
        .zip([Some(Fault::NoTracks), None, Some(Fault::NoMoov)])
    {
        let mut sparse = Sparse::new(file);
        let probed = probe(&mut sparse, length).unwrap();
        assert_eq!((probed.fault, probed.faststart), (expected, None));
        assert!(sparse.bytes_read < 1 << 20, "{}", sparse.bytes_read);
    }
}

#[test]
fn an_index_that_is_already_in_front_is_left_there() {
    let probed = probed(&sample("faststart.mp4"));
    assert_eq!((probed.faststart, probed.note), (None, None));
}
