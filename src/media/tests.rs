//! What each sample is, and what no file whatever can do.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// A file of `tests/media`.
pub(super) fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media");
    std::fs::read(folder.join(name)).unwrap()
}

pub(super) fn probed(bytes: &[u8]) -> Probed {
    probe(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
}

/// What is played with a head: it, and the media out of the file.
pub(super) fn played(file: &[u8], faststart: &Faststart) -> Vec<u8> {
    let start = usize::try_from(faststart.body_offset).unwrap();
    let length = usize::try_from(faststart.body_length).unwrap();
    [&faststart.head, &file[start..start + length]].concat()
}

/// Says what a file is, and asserts what holds for every one. The fuzz target asserts the same.
pub(super) fn check(bytes: &[u8]) -> Probed {
    let probed = probed(bytes);
    assert!(probed.facts.tracks.len() <= MAX_TRACKS);
    assert_ne!(
        file_ending(probed.media_type) == "bin",
        probed.facts.format != Format::Unknown
    );
    if let Some(faststart) = &probed.faststart {
        assert_eq!((probed.fault, probed.note), (None, None));
        let again = self::probed(&played(bytes, faststart));
        let expected = Probed {
            faststart: None,
            ..probed.clone()
        };
        assert_eq!(again, expected);
    }
    probed
}

/// A sample in one line.
fn told(name: &str) -> String {
    let probed = check(&sample(name));
    assert_eq!(
        (probed.fault, probed.note, probed.facts.truncated),
        (None, None, false),
        "{name}"
    );
    let Facts {
        format,
        duration,
        created,
        tracks,
        ..
    } = &probed.facts;
    let mut told = format!(
        "{} {format:?} {:?}",
        probed.media_type,
        duration.unwrap_or_default()
    );
    if let Some(created) = created {
        told += &format!(" {}", created.to_seconds_text());
    }
    for Track {
        kind,
        codec,
        width,
        height,
        language,
    } in tracks
    {
        told += &format!(" | {kind:?} {codec}");
        if let (Some(width), Some(height)) = (width, height) {
            told += &format!(" {width}x{height}");
        }
        told.extend(language.iter().flat_map(|language| [" ", language]));
    }
    told + if probed.faststart.is_some() {
        " | to be moved"
    } else {
        ""
    }
}

#[test]
fn every_sample_is_told() {
    let expected = [
        (
            "moov-last.mp4",
            "video/mp4 Mp4 2s 2026-01-05T09:00:12 | Video avc1 64x48 | Audio mp4a eng | to be moved",
        ),
        (
            "faststart.mp4",
            "video/mp4 Mp4 2s 2026-01-05T09:00:12 | Video avc1 64x48 | Audio mp4a",
        ),
        (
            "fragmented.mp4",
            "video/mp4 FragmentedMp4 2.2s 2026-01-05T09:00:12 | Video avc1 64x48 | Audio mp4a",
        ),
        (
            "fragmented-no-index.mp4",
            "video/mp4 FragmentedMp4 2.2s | Video avc1 64x48 | Audio mp4a",
        ),
        (
            "two-audio.mp4",
            "video/mp4 Mp4 2s | Video avc1 64x48 | Audio mp4a eng | Audio mp4a deu | to be moved",
        ),
        ("hevc.mp4", "video/mp4 Mp4 2s | Video hvc1 64x48 | to be moved"),
        ("av1.mp4", "video/mp4 Mp4 2s | Video av01 64x48 | to be moved"),
        ("sound.mp4", "audio/mp4 Mp4 2s | Audio mp4a | to be moved"),
        ("sound.m4a", "audio/mp4 Mp4 2s | Audio mp4a | to be moved"),
        (
            "camera.mov",
            "video/quicktime QuickTime 2s 2026-01-05T09:00:12 | Video avc1 64x48 | Audio mp4a",
        ),
        (
            "browser.webm",
            "video/webm WebM 2.008s 2026-01-05T09:00:12 | Video V_VP8 64x48 | Audio A_OPUS",
        ),
        // To the start of its last sound, because it does not say how long it is.
        (
            "live.webm",
            "video/webm WebM 2.001s | Video V_VP8 64x48 | Audio A_OPUS",
        ),
        ("sound.weba", "audio/webm WebM 2.008s | Audio A_OPUS"),
        (
            "meeting.mkv",
            "video/x-matroska Matroska 2.064s 2026-01-05T09:00:12 | Video V_MPEG4/ISO/AVC 64x48 | Audio A_AAC ger",
        ),
        ("sound.mka", "audio/x-matroska Matroska 2.064s | Audio A_AAC"),
    ];
    for (name, expected) in expected {
        assert_eq!(told(name), expected, "{name}");
    }
}

#[test]
fn every_file_of_the_fuzzing_corpus_holds_what_the_fuzzer_asserts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/media_probe");
    let files = std::fs::read_dir(folder).unwrap();
    let probed: Vec<Probed> = files
        .map(|entry| check(&std::fs::read(entry.unwrap().path()).unwrap()))
        .collect();
    assert!(probed.len() >= 10, "{}", probed.len());
    let moved = probed.iter().filter(|probed| probed.faststart.is_some()).count();
    assert!(moved >= 3, "{moved}");
}

#[test]
fn the_recordings_of_the_demo_play_at_once() {
    for name in ["demo/media/standup.mp4", "examples/media/example-1.mp4"] {
        let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        let probed = check(&bytes);
        assert_eq!(
            (probed.media_type, probed.fault, probed.note),
            ("video/mp4", None, None),
            "{name}"
        );
        assert_eq!(probed.faststart, None, "{name}");
        assert!(probed.facts.duration > Some(Duration::from_secs(1)), "{name}");
    }
}

#[test]
fn the_first_bytes_alone_tell_nearly_as_much() {
    let sound_only = ["sound.mp4", "sound.weba", "sound.mka"];
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bytes = sample(&name);
        let expected = probed(&bytes).media_type;
        let by_head = media_type(&bytes[..HEAD_BYTES]);
        match sound_only.contains(&name.as_str()) {
            true => assert_eq!(by_head.replace("video/", "audio/"), expected, "{name}"),
            false => assert_eq!(by_head, expected, "{name}"),
        }
    }
}

#[test]
fn a_media_type_has_an_ending() {
    let cases = [
        ("video/quicktime", "mov"),
        ("video/x-matroska", "mkv"),
        ("audio/webm", "weba"),
        ("text/html", "bin"),
    ];
    for (media_type, ending) in cases {
        assert_eq!(file_ending(media_type), ending);
    }
}

#[test]
fn what_is_no_recording_is_told() {
    assert_eq!(probed(b"").fault, Some(Fault::Empty));
    let page = probed(b"<!doctype html><title>Sign in</title>");
    assert_eq!(page.media_type, "application/octet-stream");
    let looks_like = Some("a web page (HTML), such as a page that asks to sign in");
    assert_eq!(page.fault, Some(Fault::NotMedia { looks_like }));
    assert_eq!(probed(b"\x01").fault, Some(Fault::NotMedia { looks_like: None }));
}

/// A file that is very long and nearly empty: zeros, but for some places. It counts what is read of it.
pub(super) struct Sparse {
    parts: BTreeMap<u64, Vec<u8>>,
    position: u64,
    pub(super) bytes_read: u64,
}

impl Sparse {
    pub(super) fn new(parts: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Self {
        Self {
            parts: parts.into_iter().collect(),
            position: 0,
            bytes_read: 0,
        }
    }
}

impl Read for Sparse {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        into.fill(0);
        for (start, part) in &self.parts {
            for (at, byte) in (*start..).zip(part) {
                let place = at
                    .checked_sub(self.position)
                    .and_then(|place| usize::try_from(place).ok());
                if let Some(into) = place.and_then(|place| into.get_mut(place)) {
                    *into = *byte;
                }
            }
        }
        self.position += into.len() as u64;
        self.bytes_read += into.len() as u64;
        Ok(into.len())
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(position) = to else {
            panic!("a place is not absolute: {to:?}")
        };
        self.position = position;
        Ok(position)
    }
}

/// Names of samples, whose bytes are then changed.
const MUTATED: [&str; 7] = [
    "moov-last.mp4",
    "faststart.mp4",
    "fragmented.mp4",
    "two-audio.mp4",
    "camera.mov",
    "browser.webm",
    "meeting.mkv",
];

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        check(&bytes);
    }

    #[test]
    fn no_bytes_behind_a_signature_make_it_panic(
        start in prop::sample::select(vec![&b"\0\0\0\x10ftypisom\0\0\0\0"[..], b"\0\0\0\x08wide", b"\x1a\x45\xdf\xa3\x80"]),
        bytes: Vec<u8>,
    ) {
        check(&[start, &bytes].concat());
    }

    #[test]
    fn no_damaged_recording_makes_it_panic(
        name in prop::sample::select(MUTATED.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut: Option<prop::sample::Index>,
    ) {
        let mut bytes = sample(name);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let length = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
        check(&bytes[..length]);
    }

    // Most of a recording is media; what is damaged here is what is read.
    #[test]
    fn no_damaged_index_makes_it_panic(
        name in prop::sample::select(vec!["moov-last.mp4", "two-audio.mp4", "fragmented.mp4"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = sample(name);
        let index = bytes.windows(4).position(|kind| kind == b"moov").unwrap();
        for (place, byte) in changes {
            let at = index + place.index(bytes.len() - index);
            bytes[at] = byte;
        }
        check(&bytes);
    }
}
