//! When a fragment ends, by its `moof` box (ISO/IEC 14496-12, section 8.8).

use std::io::{Read, Seek};
use std::time::Duration;

use super::boxes::{BoxSpan, Boxes};
use super::movie::{Movie, duration, fields, is_long};
use crate::media::walk::{Stop, Walk, number};

/// How much of the lists of samples is read altogether. Fragments are seconds long, so theirs are far shorter.
const LISTS_BYTES: usize = 1 << 20;

/// When the last of its tracks ends.
pub(super) fn end<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    moof: &BoxSpan,
    movie: &Movie,
) -> Result<Option<Duration>, Stop> {
    let (mut last, mut most) = (None, LISTS_BYTES);
    let mut boxes = Boxes::inside(moof);
    while let Some(found) = boxes.next(walk)? {
        if &found.kind == b"traf" {
            last = last.max(track_end(walk, &found, movie, &mut most)?);
        }
    }
    Ok(last)
}

fn track_end<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    traf: &BoxSpan,
    movie: &Movie,
    most: &mut usize,
) -> Result<Option<Duration>, Stop> {
    let (mut id, mut default, mut units) = (0, 0, 0_u64);
    let mut boxes = Boxes::inside(traf);
    while let Some(found) = boxes.next(walk)? {
        match &found.kind {
            b"tfhd" => {
                let fields = fields(walk, &found)?;
                id = number(&fields, 4, 4).unwrap_or(0);
                default = default_of(&fields).unwrap_or_else(|| movie.default_of(id));
            }
            b"tfdt" => {
                let fields = fields(walk, &found)?;
                let width = if is_long(&fields) { 8 } else { 4 };
                units = units.saturating_add(number(&fields, 4, width).unwrap_or(0));
            }
            b"trun" => {
                let list = walk.read(found.body, found.end, *most)?;
                *most -= list.len();
                units = units.saturating_add(length(&list, default));
            }
            _ => {}
        }
    }
    let track = movie.tracks.iter().find(|track| track.id == id);
    Ok(track.and_then(|track| duration(units, track.timescale)))
}

fn flags(fields: &[u8]) -> u64 {
    number(fields, 1, 3).unwrap_or(0)
}

/// The length of a sample by `tfhd` (section 8.8.7), behind the fields that its flags tell of.
fn default_of(fields: &[u8]) -> Option<u64> {
    let flags = flags(fields);
    if flags & 0x08 == 0 {
        return None;
    }
    let before = if flags & 0x01 == 0 { 0 } else { 8 } + if flags & 0x02 == 0 { 0 } else { 4 };
    number(fields, 8 + before, 4)
}

/// The length of the samples of a `trun` (section 8.8.8).
fn length(list: &[u8], default: u64) -> u64 {
    let (flags, count) = (flags(list), number(list, 4, 4).unwrap_or(0));
    if flags & 0x0100 == 0 {
        return count.saturating_mul(default);
    }
    let start = 8 + if flags & 0x01 == 0 { 0 } else { 4 } + if flags & 0x04 == 0 { 0 } else { 4 };
    let fields = [0x0100, 0x0200, 0x0400, 0x0800]
        .iter()
        .filter(|flag| flags & **flag != 0)
        .count();
    let samples = list.get(start..).unwrap_or_default().chunks_exact(4 * fields);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    samples
        .take(count)
        .filter_map(|sample| number(sample, 0, 4))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_one_length_or_each_its_own() {
        assert_eq!(length(b"\0\0\x02\x00\0\0\0\x03", 1024), 3072);
        let each = b"\0\0\x03\x05\0\0\0\x02offsflag\0\0\0\x07size\0\0\0\x05size";
        assert_eq!(length(each, 1024), 12);
    }

    #[test]
    fn a_count_that_cannot_be_costs_nothing() {
        assert_eq!(length(b"\0\0\x01\x00\xff\xff\xff\xff\0\0\0\x07", 0), 7);
        assert_eq!(length(b"\0\0\0\0\xff\xff\xff\xff", u64::MAX), u64::MAX);
        assert_eq!(length(b"", 1), 0);
    }

    #[test]
    fn a_header_may_say_the_length_behind_other_fields() {
        assert_eq!(default_of(b"\0\0\0\x08\0\0\0\x01\0\0\x04\0"), Some(1024));
        assert_eq!(
            default_of(b"\0\0\0\x0b\0\0\0\x01offsetofindx\0\0\x04\0"),
            Some(1024)
        );
        assert_eq!(default_of(b"\0\x02\0\0\0\0\0\x01"), None);
    }
}
