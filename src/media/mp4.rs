//! MP4 (ISO/IEC 14496-12, ISO base media file format) and the QuickTime files that it was made of.
//!
//! [`layout`] walks over the boxes of the file, [`movie`] reads the index, [`fragment`] the end of a file in fragments,
//! and [`faststart`] makes a head for a file whose index is last.

use std::io::{self, Read, Seek};
use std::time::Duration;

use self::layout::{End, Layout};
use self::movie::{Chunks, Movie};
use super::fault::Fault;
use super::probe::{Facts, Faststart, Format, Probed, Track};
use super::walk::{Stop, Walk, number};

mod boxes;
mod faststart;
mod fragment;
mod layout;
mod movie;

#[cfg(test)]
mod tests;

/// How many boxes of the file itself are walked over, at 16 bytes read for each: a day in fragments of three seconds.
const MAX_FILE_BOXES: u32 = 1 << 16;
/// How many boxes of an index are looked at: 64 tracks have fewer than 2,000.
const MAX_MOVIE_BOXES: u32 = 4096;

/// Brands of files that are sound only (the MP4 registration authority lists them: <https://mp4ra.org/>).
const SOUND_BRANDS: [&[u8; 4]; 4] = [b"M4A ", b"M4B ", b"F4A ", b"F4B "];

/// Whether files of that major brand are sound only.
pub(super) fn is_sound_brand(brand: [u8; 4]) -> bool {
    SOUND_BRANDS.contains(&&brand)
}

/// Says what is in a file that begins as an MP4 or QuickTime file does.
pub(super) fn probe<S: Read + Seek>(stream: &mut S, length: u64) -> io::Result<Probed> {
    let mut walk = Walk::new(stream, length, MAX_FILE_BOXES);
    let layout = Layout::read(&mut walk)?;
    walk.allow(MAX_MOVIE_BOXES);
    let read = layout
        .moov
        .as_ref()
        .map(|moov| Movie::read(&mut walk, moov))
        .transpose();
    let (movie, mut fault) = match read {
        Ok(Some(movie)) => (movie, None),
        Ok(None) => (Movie::default(), Some(without_index(&layout, length))),
        Err(stop) => (Movie::default(), Some(malformed(stop)?)),
    };
    let mut facts = facts(&mut walk, &layout, &movie)?;
    if fault.is_none() {
        fault = fault_of(&mut walk, &layout, &movie)?;
    }
    facts.truncated = fault.is_none()
        && movie.is_fragmented
        && matches!(layout.end, End::Cut { .. } | End::Malformed { .. });
    let (faststart, note) = if fault.is_none() && facts.format == Format::Mp4 && layout.is_moov_last() {
        split(faststart::make(&mut walk, &layout, &movie)?)
    } else {
        (None, None)
    };
    Ok(Probed {
        media_type: media_type(&layout, &facts),
        facts,
        fault,
        faststart,
        note,
    })
}

fn split(made: Result<Faststart, &'static str>) -> (Option<Faststart>, Option<&'static str>) {
    match made {
        Ok(faststart) => (Some(faststart), None),
        Err(note) => (None, Some(note)),
    }
}

fn malformed(stop: Stop) -> io::Result<Fault> {
    match stop {
        Stop::Io(error) => Err(error),
        Stop::Malformed { what, at } => Ok(Fault::Malformed { what, at }),
        // Neither comes out of an index: what is in it ends with it, and a limit only makes it shorter.
        Stop::Beyond { .. } | Stop::Limit => Ok(Fault::NoMoov),
    }
}

/// What is wrong with a file that has no index. One that was cut off while it was copied says how long its media are; one
/// whose recorder was killed does not, and what looks like boxes in the middle of media is none.
fn without_index(layout: &Layout, length: u64) -> Fault {
    let is_name = |kind: [u8; 4]| kind.iter().all(u8::is_ascii_alphanumeric);
    match layout.end {
        End::Cut { kind, .. } if layout.first_mdat.is_some() && !is_name(kind) => Fault::NoMoov,
        End::Malformed { .. } if layout.first_mdat.is_some() => Fault::NoMoov,
        End::Cut { expected, .. } => Fault::Truncated {
            expected_bytes: expected,
            found_bytes: length,
        },
        End::Malformed { what, at } => Fault::Malformed { what, at },
        End::Limit => Fault::Malformed {
            what: "there is no index among the first boxes",
            at: 0,
        },
        End::Whole => Fault::NoMoov,
    }
}

/// What is wrong with a file that has an index.
fn fault_of<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    layout: &Layout,
    movie: &Movie,
) -> io::Result<Option<Fault>> {
    if movie.tracks.is_empty() {
        return Ok(Some(Fault::NoTracks));
    }
    let is_there = layout.first_mdat.is_some();
    let cut = |expected_bytes| {
        Some(Fault::Truncated {
            expected_bytes,
            found_bytes: walk.length(),
        })
    };
    match layout.end {
        End::Cut { kind, expected } if !is_there || (!movie.is_fragmented && &kind == b"mdat") => {
            return Ok(cut(expected));
        }
        End::Malformed { what, at } if !is_there => return Ok(Some(Fault::Malformed { what, at })),
        End::Limit => return Ok(None),
        // What plays is there; what follows is of no importance to it.
        _ => {}
    }
    if !movie.is_fragmented
        && let Some(expected_bytes) = missing_chunk(walk, movie)?
    {
        return Ok(Some(Fault::Truncated {
            expected_bytes,
            found_bytes: walk.length(),
        }));
    }
    Ok((!is_there).then_some(Fault::NoMedia))
}

/// How long the file is at least, if one of the last samples lies behind its end. Files are cut off between two boxes
/// too, and within media that reach to the end of the file, whatever that is.
fn missing_chunk<S: Read + Seek>(walk: &mut Walk<'_, S>, movie: &Movie) -> io::Result<Option<u64>> {
    let mut last = None;
    for Chunks { at, count, width } in movie.tracks.iter().filter_map(|track| track.chunks) {
        let Some(index) = count.checked_sub(1) else {
            continue;
        };
        // The list lies within its box, so nothing of this overflows.
        let at = at + index * width as u64;
        last = last.max(number(&walk.read(at, u64::MAX, width)?, 0, width));
    }
    Ok(last
        .filter(|last| *last >= walk.length())
        .map(|last| last.saturating_add(1)))
}

fn facts<S: Read + Seek>(walk: &mut Walk<'_, S>, layout: &Layout, movie: &Movie) -> io::Result<Facts> {
    let is_quicktime = layout.brand.is_none_or(|brand| &brand == b"qt  ");
    let format = match is_quicktime {
        _ if movie.is_fragmented => Format::FragmentedMp4,
        true => Format::QuickTime,
        false => Format::Mp4,
    };
    let duration = if movie.is_fragmented {
        fragmented_duration(walk, layout, movie)?
    } else {
        movie.duration
    };
    let tracks: Vec<Track> = movie.tracks.iter().map(|track| track.track.clone()).collect();
    let (created, more_tracks) = (movie.created, movie.more_tracks);
    Ok(Facts {
        format,
        duration,
        created,
        tracks,
        more_tracks,
        truncated: false,
    })
}

/// How long a file in fragments plays: to the end of the last one that is whole.
fn fragmented_duration<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    layout: &Layout,
    movie: &Movie,
) -> io::Result<Option<Duration>> {
    if layout.end == End::Limit {
        // The last one is further on.
        return Ok(movie.fragments_duration);
    }
    walk.allow(MAX_MOVIE_BOXES);
    let last = match layout
        .last_fragment
        .as_ref()
        .map(|moof| fragment::end(walk, moof, movie))
        .transpose()
    {
        Ok(last) => last.flatten().max(movie.duration),
        Err(Stop::Io(error)) => return Err(error),
        Err(_) => None,
    };
    // What was planned counts where the plan was carried out.
    Ok(if layout.end == End::Whole {
        last.max(movie.fragments_duration)
    } else {
        last
    })
}

/// What it is served as. The brand of sound does not make a picture sound.
fn media_type(layout: &Layout, facts: &Facts) -> &'static str {
    match layout.brand {
        None | Some([b'q', b't', b' ', b' ']) => "video/quicktime",
        Some(_) if facts.is_sound_only() => "audio/mp4",
        Some(brand) if facts.tracks.is_empty() && is_sound_brand(brand) => "audio/mp4",
        Some(_) => "video/mp4",
    }
}
