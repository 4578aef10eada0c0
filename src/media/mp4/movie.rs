//! What the index of a file, its `moov` box, says.
//!
//! The few fields that are needed stand at fixed places, and are read here. The crate mp4-atom reads whole boxes and is
//! sound for hostile ones, but all or nothing: a name of a handler that is not UTF-8, one byte more in `mvhd` or one
//! unknown box of a codec, which players pass over, would hide what is beside it.

use std::io::{Read, Seek};
use std::time::Duration;

use super::boxes::{BoxSpan, Boxes};
use crate::clock::{TICKS_PER_SECOND, Ticks};
use crate::media::probe::{MAX_TRACKS, Track, TrackKind, printable};
use crate::media::walk::{Stop, Walk, number, number32};

/// How many bytes of a box are read at most: more than the longest whose fields are looked at.
const FIELD_BYTES: usize = 128;
/// Seconds from 1904, where these files begin to count, to 1970.
const SECONDS_FROM_1904: i64 = 2_082_844_800;
/// The last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// What an index says.
#[derive(Debug, Default)]
pub(super) struct Movie {
    pub(super) created: Option<Ticks>,
    pub(super) duration: Option<Duration>,
    timescale: u64,
    /// There is an `mvex` box: the media come in fragments, and `duration` is that of what comes before them.
    pub(super) is_fragmented: bool,
    /// How long it is with all fragments.
    pub(super) fragments_duration: Option<Duration>,
    /// The first [`MAX_TRACKS`].
    pub(super) tracks: Vec<MovieTrack>,
    pub(super) more_tracks: usize,
    /// There are offsets that [`super::faststart`] would not move: a `saio` box.
    pub(super) has_other_offsets: bool,
    /// Every box was looked at that matters.
    pub(super) is_complete: bool,
    /// How long a sample of a track with that id is, where a fragment does not say it.
    defaults: Vec<(u64, u64)>,
}

/// What an index says about a track.
#[derive(Debug, Default)]
pub(super) struct MovieTrack {
    pub(super) id: u64,
    pub(super) timescale: u64,
    duration: u64,
    pub(super) track: Track,
    pub(super) chunks: Option<Chunks>,
}

/// Where the places of a track's samples are listed: `count` numbers of `width` bytes from `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) at: u64,
    pub(super) count: u64,
    pub(super) width: usize,
}

impl Movie {
    /// Reads `moov`, up to the number of boxes that `walk` allows.
    pub(super) fn read<S: Read + Seek>(walk: &mut Walk<'_, S>, moov: &BoxSpan) -> Result<Self, Stop> {
        let mut movie = Self::default();
        match movie.read_boxes(walk, moov) {
            Ok(()) => movie.is_complete = true,
            Err(Stop::Limit) => {}
            Err(stop) => return Err(stop),
        }
        let longest = movie
            .tracks
            .iter()
            .filter_map(|track| duration(track.duration, track.timescale))
            .max();
        movie.duration = movie.duration.or(longest);
        Ok(movie)
    }

    fn read_boxes<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, moov: &BoxSpan) -> Result<(), Stop> {
        let mut boxes = Boxes::inside(moov);
        while let Some(found) = boxes.next(walk)? {
            match &found.kind {
                b"mvhd" => self.read_header(&fields(walk, &found)?),
                b"mvex" => self.read_extends(walk, &found)?,
                b"trak" if self.tracks.len() == MAX_TRACKS => self.more_tracks += 1,
                b"trak" => {
                    self.tracks.push(MovieTrack::default());
                    let Some(track) = self.tracks.last_mut() else {
                        continue;
                    };
                    self.has_other_offsets |= track.read(walk, &found)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `mvhd` (section 8.2.2).
    fn read_header(&mut self, fields: &[u8]) {
        let times = Times::read(fields);
        self.created = times.created.and_then(instant);
        self.timescale = times.timescale;
        self.duration = duration(times.duration, times.timescale);
    }

    /// `mvex` with `mehd` and `trex` (sections 8.8.1 to 8.8.3).
    fn read_extends<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, mvex: &BoxSpan) -> Result<(), Stop> {
        self.is_fragmented = true;
        let mut boxes = Boxes::inside(mvex);
        while let Some(found) = boxes.next(walk)? {
            let fields = match &found.kind {
                b"mehd" | b"trex" => fields(walk, &found)?,
                _ => continue,
            };
            if &found.kind == b"mehd" {
                let length = number(&fields, 4, if is_long(&fields) { 8 } else { 4 });
                self.fragments_duration = duration(length.unwrap_or(0), self.timescale);
            } else if let (Some(id), Some(length)) = (number(&fields, 4, 4), number(&fields, 12, 4))
                && self.defaults.len() < MAX_TRACKS
            {
                self.defaults.push((id, length));
            }
        }
        Ok(())
    }

    /// How long a sample of a track is, where nothing nearer says it.
    pub(super) fn default_of(&self, id: u64) -> u64 {
        let found = self.defaults.iter().find(|(track, _)| *track == id);
        found.map_or(0, |(_, length)| *length)
    }
}

impl MovieTrack {
    /// Reads `trak`, and says whether it has offsets of another kind than chunks.
    fn read<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, trak: &BoxSpan) -> Result<bool, Stop> {
        let (mut shown, mut has_other_offsets) = ((None, None), false);
        let mut boxes = Boxes::inside(trak);
        while let Some(found) = boxes.next(walk)? {
            match &found.kind {
                b"tkhd" => shown = self.read_header(&fields(walk, &found)?),
                b"mdia" => has_other_offsets |= self.read_media(walk, &found)?,
                _ => {}
            }
        }
        // The size of the coded picture is what a player shows it by; where that is not said, the size on the page is.
        if self.track.kind == TrackKind::Video && self.track.width.is_none() {
            (self.track.width, self.track.height) = shown;
        }
        Ok(has_other_offsets)
    }

    /// `tkhd` (section 8.3.2): keeps the id, and returns width and height in whole pixels.
    fn read_header(&mut self, fields: &[u8]) -> (Option<u32>, Option<u32>) {
        let (id, size) = if is_long(fields) { (20, 88) } else { (12, 76) };
        self.id = number(fields, id, 4).unwrap_or(0);
        let pixels = |at| {
            number(fields, at, 2)
                .and_then(|pixels| u32::try_from(pixels).ok())
                .filter(|pixels| *pixels > 0)
        };
        (pixels(size), pixels(size + 4))
    }

    /// `mdia` (section 8.4.1) and what is in it, down to the list of chunks.
    fn read_media<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, mdia: &BoxSpan) -> Result<bool, Stop> {
        let mut table = None;
        let mut boxes = Boxes::inside(mdia);
        while let Some(found) = boxes.next(walk)? {
            match &found.kind {
                b"mdhd" => {
                    let fields = fields(walk, &found)?;
                    let times = Times::read(&fields);
                    (self.timescale, self.duration) = (times.timescale, times.duration);
                    let language = if is_long(&fields) { 32 } else { 20 };
                    self.track.language = number(&fields, language, 2).and_then(language_of);
                }
                b"hdlr" => self.track.kind = kind_of(fields(walk, &found)?.get(8..12)),
                b"minf" => {
                    let mut inside = Boxes::inside(&found);
                    while let Some(found) = inside.next(walk)? {
                        if &found.kind == b"stbl" {
                            table = Some(found);
                        }
                    }
                }
                _ => {}
            }
        }
        // Only now it is known whether the samples are pictures.
        table.map_or(Ok(false), |table| self.read_samples(walk, &table))
    }

    /// `stbl` (section 8.5.1).
    fn read_samples<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, stbl: &BoxSpan) -> Result<bool, Stop> {
        let mut has_other_offsets = false;
        let mut boxes = Boxes::inside(stbl);
        while let Some(found) = boxes.next(walk)? {
            match &found.kind {
                b"stsd" => self.read_description(&fields(walk, &found)?),
                b"stco" => self.chunks = chunks(&fields(walk, &found)?, &found, 4),
                b"co64" => self.chunks = chunks(&fields(walk, &found)?, &found, 8),
                b"saio" => has_other_offsets = true,
                _ => {}
            }
        }
        Ok(has_other_offsets)
    }

    /// The first entry of `stsd` (sections 8.5.2 and 12.1.3).
    fn read_description(&mut self, fields: &[u8]) {
        if number32(fields, 4).is_none_or(|entries| entries == 0) {
            return;
        }
        self.track.codec = printable(fields.get(12..16).unwrap_or_default());
        if self.track.kind == TrackKind::Video {
            let pixels = |at| {
                number(fields, at, 2)
                    .and_then(|pixels| u32::try_from(pixels).ok())
                    .filter(|pixels| *pixels > 0)
            };
            (self.track.width, self.track.height) = (pixels(40), pixels(42));
        }
    }
}

/// The first bytes inside of a box.
pub(super) fn fields<S: Read + Seek>(walk: &mut Walk<'_, S>, found: &BoxSpan) -> Result<Vec<u8>, Stop> {
    Ok(walk.read(found.body, found.end, FIELD_BYTES)?)
}

/// Whether a box is of the version with 64 bits.
pub(super) fn is_long(fields: &[u8]) -> bool {
    fields.first() == Some(&1)
}

/// What `mvhd` and `mdhd` begin with.
struct Times {
    created: Option<u64>,
    timescale: u64,
    duration: u64,
}

impl Times {
    fn read(fields: &[u8]) -> Self {
        let (timescale, width) = if is_long(fields) { (20, 8) } else { (12, 4) };
        let length = number(fields, timescale + 4, width).unwrap_or(0);
        // All ones stand for *not known*.
        let unknown = if width == 8 { u64::MAX } else { u64::from(u32::MAX) };
        Self {
            created: number(fields, 4, width),
            timescale: number(fields, timescale, 4).unwrap_or(0),
            duration: if length == unknown { 0 } else { length },
        }
    }
}

/// `units` of which there are `timescale` in a second; none where either is zero, which stands for *not known*.
pub(super) fn duration(units: u64, timescale: u64) -> Option<Duration> {
    if units == 0 || timescale == 0 {
        return None;
    }
    let rest = u128::from(units % timescale) * 1_000_000_000 / u128::from(timescale);
    let nanoseconds = u32::try_from(rest).ok()?;
    Some(Duration::new(units / timescale, nanoseconds))
}

/// An instant in seconds since 1904. Zero stands for *not known*; so does, here, what lies before 1970, because nobody
/// recorded then, and some writers count from 1970.
fn instant(seconds: u64) -> Option<Ticks> {
    let seconds = i64::try_from(seconds).ok()?.checked_sub(SECONDS_FROM_1904)?;
    let ticks = (1..=LAST_SECOND)
        .contains(&seconds)
        .then(|| seconds.checked_mul(TICKS_PER_SECOND))??;
    Some(Ticks(ticks))
}

/// Three letters of five bits each (section 8.4.2.3). QuickTime's older numbers, and `und` for *undetermined*, are none.
fn language_of(packed: u64) -> Option<String> {
    let letter = |shift: u32| u8::try_from(packed >> shift & 0x1f).ok().map(|bits| bits + 0x60);
    let letters = [letter(10)?, letter(5)?, letter(0)?];
    let known = letters.iter().all(u8::is_ascii_lowercase) && &letters != b"und";
    known.then(|| printable(&letters))
}

fn kind_of(handler: Option<&[u8]>) -> TrackKind {
    match handler {
        Some(b"vide") => TrackKind::Video,
        Some(b"soun") => TrackKind::Audio,
        Some(b"text" | b"sbtl" | b"subt" | b"clcp") => TrackKind::Text,
        _ => TrackKind::Other,
    }
}

/// The list in `stco` or `co64` (section 8.7.5), as long as the box has room for it.
fn chunks(fields: &[u8], found: &BoxSpan, width: usize) -> Option<Chunks> {
    let count = number(fields, 4, 4)?;
    let at = found.body + 8;
    let room = found.end.checked_sub(at)? / u64::try_from(width).ok()?;
    (count <= room).then_some(Chunks { at, count, width })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact_to_the_nanosecond() {
        assert_eq!(duration(90_001, 90_000), Some(Duration::new(1, 11_111)));
        assert_eq!(duration(0, 1000), None);
        assert_eq!(duration(5, 0), None);
        assert_eq!(duration(u64::MAX, 1), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(
            duration(u64::MAX, u64::from(u32::MAX)),
            Some(Duration::new(4_294_967_297, 0))
        );
    }

    #[test]
    fn instants_count_from_1904() {
        let told = instant(3_850_448_412).map(|ticks| ticks.to_string());
        assert_eq!(told.as_deref(), Some("2026-01-05T09:00:12.0000000Z"));
        for unknown in [0, 1_700_000_000, 2_082_844_800, u64::MAX, i64::MAX as u64] {
            assert_eq!(instant(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn languages_have_three_letters() {
        assert_eq!(language_of(0x15c7).as_deref(), Some("eng"));
        assert_eq!(language_of(0x55c4), None, "und");
        assert_eq!(language_of(0), None, "English, as QuickTime numbers it");
        assert_eq!(language_of(0x7fff), None);
    }

    #[test]
    fn a_list_of_chunks_is_no_longer_than_its_box() {
        let found = BoxSpan {
            kind: *b"stco",
            start: 0,
            body: 8,
            end: 24,
        };
        assert_eq!(
            chunks(b"\0\0\0\0\0\0\0\x02", &found, 4),
            Some(Chunks {
                at: 16,
                count: 2,
                width: 4
            })
        );
        assert_eq!(chunks(b"\0\0\0\0\0\0\0\x02", &found, 8), None);
        assert_eq!(chunks(b"\0\0\0\0\xff\xff\xff\xff", &found, 4), None);
    }
}
