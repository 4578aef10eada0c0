//! Matroska and WebM (RFC 9559), as far as to what a file is: its `Info` and its `Tracks`, which stand before the first
//! `Cluster`, and where its last cluster begins.
//!
//! A live recording does not know how long it gets. The lengths of its `Segment` and clusters are unknown then, which is
//! no fault, and so is its duration, unless the clusters themselves have lengths.

use std::io::{self, Read, Seek};
use std::time::Duration;

use self::element::{Element, Elements, float, unsigned, value};
use super::fault::Fault;
use super::probe::{Facts, Format, Probed, Track, TrackKind, printable};
use super::walk::{Stop, Walk};
use crate::clock::{TICKS_PER_SECOND, Ticks};

mod element;

#[cfg(test)]
mod tests;

/// How many elements are walked over, at 12 bytes read for each. A cluster holds seconds, so this is a day at least.
const MAX_FILE_ELEMENTS: u32 = 1 << 16;
/// How many elements of the last cluster are looked at: a cluster holds seconds.
const MAX_CLUSTER_ELEMENTS: u32 = 4096;

// The ids of RFC 9559, section 5.1.
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
const DURATION: u32 = 0x4489;
const DATE_UTC: u32 = 0x4461;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const LANGUAGE: u32 = 0x22_b59c;
const LANGUAGE_BCP47: u32 = 0x22_b59d;
const VIDEO: u32 = 0xe0;
const PIXEL_WIDTH: u32 = 0xb0;
const PIXEL_HEIGHT: u32 = 0xba;
const CLUSTER: u32 = 0x1f43_b675;
const CLUSTER_TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;
const BLOCK_GROUP: u32 = 0xa0;
const BLOCK: u32 = 0xa1;

/// Nanoseconds in a unit of time, where `TimestampScale` does not say it.
const DEFAULT_SCALE: u64 = 1_000_000;
/// Seconds from 1970 to 2001, where dates begin to count (RFC 8794, section 7.6).
const SECONDS_TO_2001: i64 = 978_307_200;

/// What was found on the way to the first cluster and behind it.
#[derive(Default)]
struct Found {
    facts: Facts,
    scale: Option<u64>,
    /// In units of the scale.
    duration: Option<f64>,
    has_info: bool,
    has_tracks: bool,
    /// The last cluster, as far as it is there.
    last_cluster: Option<Element>,
    /// The file is to be this long, and is not.
    expected: Option<u64>,
}

/// Says what is in a file that begins as EBML does, by its header in that format.
pub(super) fn probe<S: Read + Seek>(stream: &mut S, length: u64, format: Format) -> io::Result<Probed> {
    let mut walk = Walk::new(stream, length, MAX_FILE_ELEMENTS);
    let mut found = Found::default();
    found.facts.format = format;
    let stop = match found.read_file(&mut walk) {
        Ok(()) => None,
        Err(Stop::Io(error)) => return Err(error),
        Err(stop) => Some(stop),
    };
    let fault = found.fault(stop.as_ref(), length);
    // The last cluster of a recorder that was killed: a player plays up to it.
    let is_cut = matches!(stop, Some(Stop::Beyond { .. } | Stop::Malformed { .. }));
    found.facts.truncated = fault.is_none() && is_cut;
    if matches!(stop, Some(Stop::Limit)) {
        // The last cluster is further on.
        found.last_cluster = None;
    }
    found.facts.duration = found.duration(&mut walk)?;
    let media_type = match (format, found.facts.is_sound_only()) {
        (Format::WebM, true) => "audio/webm",
        (Format::WebM, false) => "video/webm",
        (_, true) => "audio/x-matroska",
        (_, false) => "video/x-matroska",
    };
    Ok(Probed {
        media_type,
        facts: found.facts,
        fault,
        faststart: None,
        note: None,
    })
}

impl Found {
    fn read_file<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>) -> Result<(), Stop> {
        let (mut at, length) = (0, walk.length());
        while at < length {
            let found = Elements::between(at, length).read(walk)?;
            if found.id == SEGMENT {
                self.expected = found.end.filter(|end| *end > length);
                return self.read_segment(walk, found.body, found.end.map_or(length, |end| end.min(length)));
            }
            at = known_end(&found)?;
        }
        Ok(())
    }

    fn read_segment<S: Read + Seek>(
        &mut self,
        walk: &mut Walk<'_, S>,
        body: u64,
        end: u64,
    ) -> Result<(), Stop> {
        let mut elements = Elements::between(body, end);
        loop {
            let found = match elements.next(walk) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(()),
                Err(Stop::Beyond { kind: CLUSTER, end }) => {
                    // What is there of a cluster plays.
                    let cut = elements.read(walk)?;
                    self.last_cluster = Some(Element {
                        end: Some(walk.length()),
                        ..cut
                    });
                    return Err(Stop::Beyond { kind: CLUSTER, end });
                }
                Err(stop) => return Err(stop),
            };
            match found.id {
                CLUSTER => self.last_cluster = Some(found),
                INFO if !self.has_info => {
                    self.has_info = true;
                    self.read_info(walk, &found)?;
                }
                TRACKS if !self.has_tracks => {
                    self.has_tracks = true;
                    self.read_tracks(walk, &found)?;
                }
                _ => {}
            }
            if self.last_cluster.is_some() && !(self.has_info && self.has_tracks) {
                // A player that gets the file piece by piece cannot play what is not described yet.
                return Ok(());
            }
        }
    }

    fn read_info<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, info: &Element) -> Result<(), Stop> {
        let mut elements = Elements::between(info.body, known_end(info)?);
        while let Some(found) = elements.next(walk)? {
            match found.id {
                TIMESTAMP_SCALE => self.scale = unsigned(&value(walk, &found)?).filter(|scale| *scale > 0),
                DURATION => self.duration = float(&value(walk, &found)?),
                DATE_UTC => self.facts.created = instant(&value(walk, &found)?),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_tracks<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>, tracks: &Element) -> Result<(), Stop> {
        let mut elements = Elements::between(tracks.body, known_end(tracks)?);
        while let Some(found) = elements.next(walk)? {
            if found.id == TRACK_ENTRY {
                let track = read_track(walk, &found)?;
                self.facts.push(track);
            }
        }
        Ok(())
    }

    /// What is wrong with a file that was walked over, to its end or to where the walk was stopped.
    fn fault(&self, stop: Option<&Stop>, length: u64) -> Option<Fault> {
        let cut = |expected_bytes| {
            Some(Fault::Truncated {
                expected_bytes,
                found_bytes: length,
            })
        };
        let has_media = self.last_cluster.is_some();
        match stop {
            _ if self.expected.is_some() => self.expected.and_then(cut),
            Some(Stop::Beyond { end, .. }) if !has_media => cut(*end),
            Some(Stop::Malformed { what, at }) if !has_media => Some(Fault::Malformed { what, at: *at }),
            _ if self.facts.tracks.is_empty() => Some(Fault::NoTracks),
            Some(Stop::Limit) => None,
            _ if !has_media => Some(Fault::NoMedia),
            _ if !self.has_info => Some(Fault::Malformed {
                what: "there is no Info element before the first Cluster",
                at: 0,
            }),
            _ => None,
        }
    }

    /// How long it plays: as it says, or to the last picture or sound of the last cluster.
    fn duration<S: Read + Seek>(&self, walk: &mut Walk<'_, S>) -> io::Result<Option<Duration>> {
        let scale = self.scale.unwrap_or(DEFAULT_SCALE);
        let known = if let Some(units) = self.duration {
            Duration::try_from_secs_f64(units * scale as f64 / 1e9).ok()
        } else if let Some(cluster) = self.last_cluster.filter(|cluster| cluster.end.is_some()) {
            walk.allow(MAX_CLUSTER_ELEMENTS);
            last_timestamp(walk, &cluster)?
                .and_then(|units| units.checked_mul(scale))
                .map(Duration::from_nanos)
        } else {
            None
        };
        Ok(known.filter(|duration| !duration.is_zero()))
    }
}

/// The end of an element that may not have an unknown one (RFC 9559, section 5.1: only `Segment` and `Cluster` may).
fn known_end(found: &Element) -> Result<u64, Stop> {
    let what = "an element has no length that must have one";
    found.end.ok_or(Stop::Malformed {
        what,
        at: found.start,
    })
}

/// A `TrackEntry` (RFC 9559, section 5.1.4.1). The specification takes a language that is not written for English; but
/// browsers write none, whatever is spoken.
fn read_track<S: Read + Seek>(walk: &mut Walk<'_, S>, entry: &Element) -> Result<Track, Stop> {
    let mut track = Track::default();
    let mut has_tag = false;
    let mut elements = Elements::between(entry.body, known_end(entry)?);
    while let Some(found) = elements.next(walk)? {
        match found.id {
            TRACK_TYPE => track.kind = kind_of(unsigned(&value(walk, &found)?)),
            CODEC_ID => track.codec = printable(&value(walk, &found)?),
            LANGUAGE if !has_tag => track.language = language_of(&value(walk, &found)?),
            LANGUAGE_BCP47 => {
                has_tag = true;
                track.language = language_of(&value(walk, &found)?);
            }
            VIDEO => {
                let mut elements = Elements::between(found.body, known_end(&found)?);
                while let Some(found) = elements.next(walk)? {
                    match found.id {
                        PIXEL_WIDTH => track.width = pixels(&value(walk, &found)?),
                        PIXEL_HEIGHT => track.height = pixels(&value(walk, &found)?),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(track)
}

/// The time of the last block in a cluster (RFC 9559, sections 5.1.3 and 10.1), in units of the scale. A cluster that is
/// cut off has a last block too.
fn last_timestamp<S: Read + Seek>(walk: &mut Walk<'_, S>, cluster: &Element) -> io::Result<Option<u64>> {
    let (mut base, mut last) = (0, 0);
    match read_blocks(walk, cluster, &mut base, &mut last) {
        Err(Stop::Io(error)) => Err(error),
        // There are later ones, which are not looked at.
        Err(Stop::Limit) => Ok(None),
        Ok(()) | Err(_) => Ok(base.checked_add(last)),
    }
}

fn read_blocks<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    cluster: &Element,
    base: &mut u64,
    last: &mut u64,
) -> Result<(), Stop> {
    let mut elements = Elements::between(cluster.body, known_end(cluster)?);
    while let Some(found) = elements.next(walk)? {
        match found.id {
            CLUSTER_TIMESTAMP => *base = unsigned(&value(walk, &found)?).unwrap_or(0),
            SIMPLE_BLOCK => *last = block_offset(&value(walk, &found)?).max(*last),
            BLOCK_GROUP => {
                let mut elements = Elements::between(found.body, known_end(&found)?);
                while let Some(found) = elements.next(walk)? {
                    if found.id == BLOCK {
                        *last = block_offset(&value(walk, &found)?).max(*last);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// How far behind the start of its cluster a block is; a few are before it.
fn block_offset(block: &[u8]) -> u64 {
    // The number of the track comes first, in one byte or two.
    let at = if block.first().is_some_and(|first| *first >= 0x80) {
        1
    } else {
        2
    };
    let bytes = block.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u64::try_from(i16::from_be_bytes(*bytes)).unwrap_or(0))
}

fn kind_of(number: Option<u64>) -> TrackKind {
    match number {
        Some(1) => TrackKind::Video,
        Some(2) => TrackKind::Audio,
        Some(0x11) => TrackKind::Text,
        _ => TrackKind::Other,
    }
}

fn pixels(value: &[u8]) -> Option<u32> {
    u32::try_from(unsigned(value)?).ok().filter(|pixels| *pixels > 0)
}

fn language_of(value: &[u8]) -> Option<String> {
    Some(printable(value)).filter(|language| !language.is_empty() && language != "und")
}

/// Nanoseconds since 2001, as an instant from 1970 on.
fn instant(value: &[u8]) -> Option<Ticks> {
    let nanoseconds = i64::from_be_bytes(*value.first_chunk()?);
    let ticks = (nanoseconds / 100).checked_add(SECONDS_TO_2001 * TICKS_PER_SECOND)?;
    (ticks > 0).then_some(Ticks(ticks))
}
