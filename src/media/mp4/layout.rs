//! The boxes that a file consists of, from its first to its last.

use std::io::{self, Read, Seek};

use super::boxes::{BoxSpan, Boxes};
use crate::media::walk::{Stop, Walk};

/// Which boxes there are.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The major brand of `ftyp`, which old files of QuickTime do not have.
    pub(super) brand: Option<[u8; 4]>,
    /// The first index, and whether there are others.
    pub(super) moov: Option<BoxSpan>,
    pub(super) has_more_moovs: bool,
    pub(super) first_mdat: Option<BoxSpan>,
    /// The last fragment whose media are there too.
    pub(super) last_fragment: Option<BoxSpan>,
    pub(super) end: End,
}

/// How a file ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum End {
    /// With a whole box.
    #[default]
    Whole,
    /// Within a box of that name, which would reach to that place.
    Cut { kind: [u8; 4], expected: u64 },
    /// With what is no box.
    Malformed { what: &'static str, at: u64 },
    /// Not known, because there are more boxes than are looked at.
    Limit,
}

impl Layout {
    pub(super) fn read<S: Read + Seek>(walk: &mut Walk<'_, S>) -> io::Result<Self> {
        let mut layout = Self::default();
        let mut boxes = Boxes::of_file(walk.length());
        let mut fragment = None;
        loop {
            let found = match boxes.next(walk) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(layout),
                Err(stop) => {
                    layout.end = End::of(stop)?;
                    return Ok(layout);
                }
            };
            match &found.kind {
                b"ftyp" if layout.brand.is_none() => {
                    layout.brand = walk.read(found.body, found.end, 4)?.first_chunk().copied();
                }
                b"moov" if layout.moov.is_some() => layout.has_more_moovs = true,
                b"moov" => layout.moov = Some(found),
                b"moof" => fragment = Some(found),
                b"mdat" => {
                    layout.first_mdat.get_or_insert(found);
                    layout.last_fragment = fragment.take().or(layout.last_fragment);
                }
                _ => {}
            }
        }
    }

    /// Whether the index stands behind the media, so that nothing plays before all is there.
    pub(super) fn is_moov_last(&self) -> bool {
        let (Some(moov), Some(mdat)) = (&self.moov, &self.first_mdat) else {
            return false;
        };
        moov.start > mdat.start
    }
}

impl End {
    fn of(stop: Stop) -> io::Result<Self> {
        match stop {
            Stop::Io(error) => Err(error),
            Stop::Beyond { kind, end } => Ok(Self::Cut {
                kind: kind.to_be_bytes(),
                expected: end,
            }),
            Stop::Malformed { what, at } => Ok(Self::Malformed { what, at }),
            Stop::Limit => Ok(Self::Limit),
        }
    }
}
