//! Boxes: a size, a name of four bytes, and what is inside (ISO/IEC 14496-12, section 4.2).

use std::io::{Read, Seek};

use crate::media::walk::{Stop, Walk, number, number32};

/// The length of the shortest header.
const HEADER_BYTES: u64 = 8;
/// The length of a header whose size has 64 bits.
const LARGE_HEADER_BYTES: u64 = 16;

/// Where a box lies. It is always within what it is in, and that within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoxSpan {
    pub(super) kind: [u8; 4],
    /// Where its header begins.
    pub(super) start: u64,
    /// Where what is inside begins.
    pub(super) body: u64,
    /// Where it ends.
    pub(super) end: u64,
}

impl BoxSpan {
    pub(super) fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// The boxes in a part of the file, one after the other.
pub(super) struct Boxes {
    at: u64,
    end: u64,
    is_file: bool,
}

impl Boxes {
    /// Those of the whole file.
    pub(super) fn of_file(length: u64) -> Self {
        Self {
            at: 0,
            end: length,
            is_file: true,
        }
    }

    /// Those inside of a box.
    pub(super) fn inside(parent: &BoxSpan) -> Self {
        Self {
            at: parent.body,
            end: parent.end,
            is_file: false,
        }
    }

    /// The next one. A few bytes at the end that are too short for a header are padding, as QuickTime writes it.
    pub(super) fn next<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>) -> Result<Option<BoxSpan>, Stop> {
        if self.end - self.at < HEADER_BYTES {
            return Ok(None);
        }
        walk.step()?;
        let found = self.read(walk)?;
        self.at = found.end;
        Ok(Some(found))
    }

    fn read<S: Read + Seek>(&self, walk: &mut Walk<'_, S>) -> Result<BoxSpan, Stop> {
        let start = self.at;
        let malformed = |what| Stop::Malformed { what, at: start };
        let header = walk.read(start, self.end, 16)?;
        let short = || malformed("a box ends within its header");
        let kind = number32(&header, 4).ok_or_else(short)?;
        let (size, header_length) = match number32(&header, 0).ok_or_else(short)? {
            // It reaches to the end of what it is in.
            0 => (self.end - start, HEADER_BYTES),
            1 => (number(&header, 8, 8).ok_or_else(short)?, LARGE_HEADER_BYTES),
            size => (u64::from(size), HEADER_BYTES),
        };
        if size < header_length {
            return Err(malformed("a box is smaller than its header"));
        }
        let end = start
            .checked_add(size)
            .ok_or_else(|| malformed("a box is larger than any file"))?;
        if end > self.end && self.is_file {
            return Err(Stop::Beyond { kind, end });
        }
        if end > self.end {
            return Err(malformed("a box reaches out of the box that it is in"));
        }
        let body = start + header_length;
        Ok(BoxSpan {
            kind: kind.to_be_bytes(),
            start,
            body,
            end,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// The boxes of `bytes`, by their names and the lengths of what is inside.
    fn boxes(bytes: &[u8]) -> Result<Vec<(String, u64)>, Stop> {
        let mut stream = Cursor::new(bytes);
        let length = bytes.len() as u64;
        let mut walk = Walk::new(&mut stream, length, 4);
        let mut boxes = Boxes::of_file(length);
        let mut found = Vec::new();
        while let Some(span) = boxes.next(&mut walk)? {
            found.push((
                String::from_utf8_lossy(&span.kind).into_owned(),
                span.end - span.body,
            ));
        }
        Ok(found)
    }

    #[test]
    fn sizes_have_three_forms() {
        let file = b"\0\0\0\x0aftypxx\0\0\0\x01mdat\0\0\0\0\0\0\0\x13yyy\0\0\0\0freezzzz";
        let expected = [
            ("ftyp".to_owned(), 2),
            ("mdat".to_owned(), 3),
            ("free".to_owned(), 4),
        ];
        assert_eq!(boxes(file).unwrap(), expected);
        assert_eq!(
            boxes(b"\0\0\0\x08free\0\0\0\0").unwrap().len(),
            1,
            "padding is no box"
        );
    }

    #[test]
    fn a_size_that_cannot_be_stops_the_walk() {
        let cases: [(&[u8], &str); 4] = [
            (b"\0\0\0\x07free", "smaller than its header"),
            (b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f", "smaller than its header"),
            (b"\0\0\0\x01free\0\0\0\0", "ends within its header"),
            (
                b"\0\0\0\x08skip\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff",
                "larger than any file",
            ),
        ];
        for (file, expected) in cases {
            let stop = boxes(file).unwrap_err();
            assert!(
                matches!(stop, Stop::Malformed { what, .. } if what.contains(expected)),
                "{stop:?}"
            );
        }
        let stop = boxes(b"\0\0\x01\0mdat1234").unwrap_err();
        assert!(matches!(stop, Stop::Beyond { end: 256, .. }), "{stop:?}");
    }

    #[test]
    fn a_box_stays_in_its_own() {
        let file = b"\0\0\0\x10moov\0\0\0\x0cmvhd\0\0\0\0";
        let mut stream = Cursor::new(file);
        let mut walk = Walk::new(&mut stream, file.len() as u64, 4);
        let moov = Boxes::of_file(16).next(&mut walk).unwrap().unwrap();
        let stop = Boxes::inside(&moov).next(&mut walk).unwrap_err();
        assert!(matches!(stop, Stop::Malformed { at: 8, .. }), "{stop:?}");
    }

    #[test]
    fn no_more_boxes_are_looked_at_than_was_said() {
        assert!(matches!(boxes(&b"\0\0\0\x08free".repeat(5)), Err(Stop::Limit)));
    }
}
