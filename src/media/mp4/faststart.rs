//! A head for a file whose index is last: the index, with the places of the samples moved, to stand before the media.
//!
//! mp4san makes it. It refuses files in fragments, of QuickTime, with media in several places, without the brand `isom`,
//! and with boxes that it does not know; those are served as they are. What it makes is not believed: the index
//! is read again, and every sample has to be where it was.
//!
//! It holds the index in memory, once as it reads it and once as it writes it, and makes an object of every box, so that
//! nothing is handed to it whose boxes have not been counted.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use mp4san::parse::ParseError;
use mp4san::{Config, InputSpan, SanitizedMetadata, Skip};

use super::MAX_MOVIE_BOXES;
use super::boxes::BoxSpan;
use super::layout::{End, Layout};
use super::movie::{Chunks, Movie, MovieTrack};
use crate::media::probe::Faststart;
use crate::media::walk::{Stop, Walk, number};

/// The longest index that is moved; twice that is in memory. An hour of pictures and sound has one of about 3 MiB.
const MAX_MOOV_BYTES: u64 = 24 << 20;
/// How far behind the start of the file the media may begin. mp4san fills the room before them, up to 4 GiB, with zeros.
const MAX_LEAD_BYTES: u64 = 1 << 20;
/// How much of two lists of chunks is compared at a time.
const COMPARE_BYTES: usize = 64 << 10;

/// Makes the head of a file without faults whose index is last, or says why there is none.
pub(super) fn make<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    layout: &Layout,
    movie: &Movie,
) -> io::Result<Result<Faststart, &'static str>> {
    let (Some(moov), Some(mdat)) = (&layout.moov, &layout.first_mdat) else {
        return Ok(Err("the file has no index or no media"));
    };
    if let Some(note) = refusal(layout, movie, moov, mdat) {
        return Ok(Err(note));
    }
    let length = walk.length();
    let input = Bounded {
        stream: walk.stream(),
        position: 0,
        length,
    };
    let config = Config {
        max_metadata_size: MAX_MOOV_BYTES,
        cumulative_mdat_box_size: None,
    };
    let (head, InputSpan { offset, len }) = match mp4san::sanitize_with_config(input, config) {
        Ok(SanitizedMetadata {
            metadata: Some(head),
            data,
        }) => (head, data),
        Ok(SanitizedMetadata { metadata: None, .. }) => return Ok(Err("nothing would be moved")),
        Err(mp4san::Error::Io(error)) => return Err(error),
        Err(mp4san::Error::Parse(report)) => return Ok(Err(words(report.get_ref()))),
    };
    let faststart = Faststart {
        head,
        body_offset: offset,
        body_length: len,
    };
    match check(walk, mdat, movie, &faststart) {
        Ok(true) => Ok(Ok(faststart)),
        Err(Stop::Io(error)) => Err(error),
        Ok(false) | Err(_) => Ok(Err("an index in front would not lead to the same samples")),
    }
}

/// Why a file is not handed to mp4san.
fn refusal(layout: &Layout, movie: &Movie, moov: &BoxSpan, mdat: &BoxSpan) -> Option<&'static str> {
    match () {
        () if layout.end != End::Whole => Some("the file does not end with a whole box"),
        () if layout.has_more_moovs => Some("the file has several indexes"),
        () if moov.length() > MAX_MOOV_BYTES => Some("the index is too large to be moved"),
        () if mdat.start > MAX_LEAD_BYTES => Some("the media begin too far behind the start"),
        () if !movie.is_complete || movie.more_tracks > 0 => Some("the index has too many boxes"),
        () if movie.has_other_offsets => Some("the index has places of more than samples (saio box)"),
        () => None,
    }
}

/// What mp4san says, without anything of the file in it.
fn words(error: &ParseError) -> &'static str {
    match error {
        ParseError::InvalidBoxLayout => "the boxes are not in the order of the specification",
        ParseError::InvalidInput => "a box holds something that is not allowed",
        ParseError::MissingRequiredBox(_) => "a box is missing that the specification requires",
        ParseError::TruncatedBox => "a box ends too early",
        ParseError::UnsupportedBox(_) => "there is a box that is not known",
        ParseError::UnsupportedBoxLayout => "the media are in several places",
        ParseError::UnsupportedFormat(_) => "the brand isom is not among those of the file",
    }
}

/// Whether the head has the same tracks, and every sample is where it was before.
fn check<S: Read + Seek>(
    walk: &mut Walk<'_, S>,
    mdat: &BoxSpan,
    movie: &Movie,
    made: &Faststart,
) -> Result<bool, Stop> {
    let length = made.head.len() as u64;
    let mut stream = Cursor::new(&made.head);
    let mut head = Walk::new(&mut stream, length, MAX_MOVIE_BOXES);
    let layout = Layout::read(&mut head)?;
    let Some(moov) = layout
        .moov
        .filter(|_| layout.end == End::Whole && layout.first_mdat.is_none())
    else {
        return Ok(false);
    };
    head.allow(MAX_MOVIE_BOXES);
    let moved = Movie::read(&mut head, &moov)?;
    let end = made.body_offset.checked_add(made.body_length);
    let is_same = made.body_offset == mdat.start
        && end.is_some_and(|end| end <= walk.length())
        && (moved.duration, moved.created) == (movie.duration, movie.created)
        && moved.tracks.len() == movie.tracks.len();
    if !is_same {
        return Ok(false);
    }
    for (before, after) in movie.tracks.iter().zip(&moved.tracks) {
        if !same_samples(walk, before, &mut head, after, made)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two lists of chunks differ by nothing but the length of what stands before the media.
fn same_samples<S: Read + Seek, T: Read + Seek>(
    file: &mut Walk<'_, S>,
    before: &MovieTrack,
    head: &mut Walk<'_, T>,
    after: &MovieTrack,
    made: &Faststart,
) -> Result<bool, Stop> {
    let (Some(old), Some(new)) = (before.chunks, after.chunks) else {
        return Ok(false);
    };
    let is_same = (&before.track, old.count, old.width) == (&after.track, new.count, new.width);
    let moved = |place: u64| {
        let within = place
            .checked_sub(made.body_offset)
            .filter(|within| *within < made.body_length);
        within.map(|within| made.head.len() as u64 + within)
    };
    let bytes = |Chunks { at, count, width }: Chunks| at..at + count * width as u64;
    let (old_bytes, new_bytes) = (bytes(old), bytes(new));
    let mut done = 0;
    while is_same && done < old_bytes.end - old_bytes.start {
        let old_part = file.read(old_bytes.start + done, old_bytes.end, COMPARE_BYTES)?;
        let new_part = head.read(new_bytes.start + done, new_bytes.end, COMPARE_BYTES)?;
        let places = |part: &[u8], at| number(part, at, old.width);
        let same = |at| {
            places(&old_part, at).and_then(moved) == places(&new_part, at) && places(&new_part, at).is_some()
        };
        if !(0..old_part.len()).step_by(old.width).all(same) {
            return Ok(false);
        }
        done += old_part.len() as u64;
    }
    Ok(is_same)
}

/// The part of a stream that was looked at, in the form that mp4san reads.
struct Bounded<'a, S> {
    stream: &'a mut S,
    position: u64,
    length: u64,
}

impl<S: Read + Seek> Read for Bounded<'_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let most = into.len().min(left);
        let Some(into) = into.get_mut(..most).filter(|into| !into.is_empty()) else {
            return Ok(0);
        };
        self.stream.seek(SeekFrom::Start(self.position))?;
        let read = self.stream.read(into)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<S: Read + Seek> Skip for Bounded<'_, S> {
    fn skip(&mut self, amount: u64) -> io::Result<()> {
        self.position = self.position.saturating_add(amount);
        Ok(())
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.position)
    }

    fn stream_len(&mut self) -> io::Result<u64> {
        Ok(self.length)
    }
}
