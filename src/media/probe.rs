//! [`probe`], and what it tells.

use std::io::{self, Read, Seek};
use std::time::Duration;

use super::fault::Fault;
use super::signature::{self, Container};
use super::walk::Walk;
use super::{HEAD_BYTES, ebml, mp4};
use crate::clock::Ticks;

/// How many tracks are kept; the others are only counted.
pub const MAX_TRACKS: usize = 64;
/// How many bytes are looked at to tell what a file is that is no recording: a tar archive says so in the 263rd.
const LOOK_BYTES: usize = 512;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The media type to serve it under: `application/octet-stream` where it is none of the known ones.
    pub media_type: &'static str,
    /// What is in it.
    pub facts: Facts,
    /// Why it cannot be played, or not to its end.
    pub fault: Option<Fault>,
    /// A head that makes it play before it is there as a whole, for an MP4 whose index is last.
    pub faststart: Option<Faststart>,
    /// Why there is no such head for a file that would need one, for the log.
    pub note: Option<&'static str>,
}

/// What is in a file, as far as it says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The container.
    pub format: Format,
    /// How long it plays.
    pub duration: Option<Duration>,
    /// When it was recorded, by its own account.
    pub created: Option<Ticks>,
    /// The first [`MAX_TRACKS`] tracks, in the order of the file.
    pub tracks: Vec<Track>,
    /// How many tracks there are beyond those kept.
    pub more_tracks: usize,
    /// The file was cut off within its last fragment, and plays up to there.
    pub truncated: bool,
}

/// A container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// ISO BMFF with one index.
    Mp4,
    /// ISO BMFF in pieces, each with an index of its own.
    FragmentedMp4,
    /// Apple's, which ISO BMFF was made of.
    QuickTime,
    /// The part of Matroska that browsers play.
    WebM,
    /// Matroska.
    Matroska,
    /// None of these.
    #[default]
    Unknown,
}

/// One picture, voice or text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    /// What it is.
    pub kind: TrackKind,
    /// The codec by the container's own name for it, such as `avc1` in MP4 and `V_MPEG4/ISO/AVC` in Matroska; only
    /// characters of ASCII that can be seen, and empty where it is not said.
    pub codec: String,
    /// Width of the picture in pixels.
    pub width: Option<u32>,
    /// Height of the picture in pixels.
    pub height: Option<u32>,
    /// The language by the container's own code, such as `eng` or `de-AT`.
    pub language: Option<String>,
}

/// What a track is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrackKind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles and captions.
    Text,
    /// Anything else, such as time codes.
    #[default]
    Other,
}

/// A head that makes a file play before it is there as a whole: `head`, then `body_length` bytes of the file from
/// `body_offset`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faststart {
    /// What comes before the media.
    pub head: Vec<u8>,
    /// Where the media begin in the file.
    pub body_offset: u64,
    /// How long they are.
    pub body_length: u64,
}

/// Says what is in a file of `size_bytes`, as far as can be said without decoding it.
///
/// What the file is like is never an error; that it cannot be read, or ends before `size_bytes`, is one. A few MiB are
/// read at most, and less than 64 MiB kept, whatever the file says; with a [`Faststart`] its index is read too.
pub fn probe(source: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<Probed> {
    let head = Walk::new(source, size_bytes, 0).read(0, size_bytes, LOOK_BYTES)?;
    match signature::container(head.get(..HEAD_BYTES).unwrap_or(&head)) {
        Some(Container::Mp4(_) | Container::QuickTime) => mp4::probe(source, size_bytes),
        Some(Container::WebM) => ebml::probe(source, size_bytes, Format::WebM),
        Some(Container::Matroska) => ebml::probe(source, size_bytes, Format::Matroska),
        None if size_bytes == 0 => Ok(Probed::faulty(Fault::Empty)),
        None => {
            let looks_like = signature::looks_like(&head);
            Ok(Probed::faulty(Fault::NotMedia { looks_like }))
        }
    }
}

impl Probed {
    fn faulty(fault: Fault) -> Self {
        Self {
            media_type: "application/octet-stream",
            facts: Facts::default(),
            fault: Some(fault),
            faststart: None,
            note: None,
        }
    }
}

impl Facts {
    /// Keeps a track, if there is room.
    pub(super) fn push(&mut self, track: Track) {
        if self.tracks.len() < MAX_TRACKS {
            self.tracks.push(track);
        } else {
            self.more_tracks += 1;
        }
    }

    /// Whether there is sound and no picture among the tracks.
    pub(super) fn is_sound_only(&self) -> bool {
        let has = |kind| self.tracks.iter().any(|track| track.kind == kind);
        has(TrackKind::Audio) && !has(TrackKind::Video)
    }
}

/// `bytes` as the name of a codec or language: what of it can be seen.
pub(super) fn printable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .filter(|byte| byte.is_ascii_graphic())
        .map(|byte| char::from(*byte))
        .collect()
}
