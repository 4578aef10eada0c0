//! Elements: an id, a length, and what is inside (RFC 8794, sections 4 to 6).

use std::io::{Read, Seek};

use crate::media::walk::{Stop, Walk, number};

/// The longest header: an id of four bytes and a length of eight.
const HEADER_BYTES: usize = 12;
/// How many bytes of a value are read at most: longer ones are neither numbers nor names.
const VALUE_BYTES: usize = 64;

/// Where an element lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) id: u32,
    /// Where its header begins.
    pub(super) start: u64,
    /// Where what is inside begins.
    pub(super) body: u64,
    /// Where it ends; none for one whose length was not known when it was written.
    pub(super) end: Option<u64>,
}

/// The elements in a part of the file, one after the other.
pub(super) struct Elements {
    at: u64,
    end: u64,
}

impl Elements {
    pub(super) fn between(at: u64, end: u64) -> Self {
        Self { at, end }
    }

    /// The next one. Behind one of unknown length there is none, because only what is inside tells where it ends.
    pub(super) fn next<S: Read + Seek>(&mut self, walk: &mut Walk<'_, S>) -> Result<Option<Element>, Stop> {
        if self.at >= self.end {
            return Ok(None);
        }
        let found = self.read(walk)?;
        let Element { id, start, end, .. } = found;
        if let Some(end) = end.filter(|end| *end > walk.length()) {
            return Err(Stop::Beyond { kind: id, end });
        }
        if end.is_some_and(|end| end > self.end) {
            return Err(Stop::Malformed {
                what: "an element reaches out of the element that it is in",
                at: start,
            });
        }
        self.at = end.unwrap_or(self.end);
        Ok(Some(found))
    }

    /// The one that comes next, which may reach behind the end of what it is in.
    pub(super) fn read<S: Read + Seek>(&self, walk: &mut Walk<'_, S>) -> Result<Element, Stop> {
        walk.step()?;
        let start = self.at;
        let malformed = |what| Stop::Malformed { what, at: start };
        let header = walk.read(start, self.end, HEADER_BYTES)?;
        let short = || malformed("an element ends within its header");
        let id_length =
            length_of(&header, 0, 4).ok_or_else(|| malformed("there is no element where one should be"))?;
        let size_length = match header.get(id_length) {
            Some(_) => length_of(&header, id_length, 8)
                .ok_or_else(|| malformed("the length of an element cannot be read"))?,
            None => return Err(short()),
        };
        let id = number(&header, 0, id_length)
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(short)?;
        let size = number(&header, id_length, size_length).ok_or_else(short)?;
        // The first one bit marks the length of the length, and all ones a length that is not known.
        let mark = 1_u64 << (7 * size_length);
        let size = size & (mark - 1);
        let body = start + (id_length + size_length) as u64;
        if size == mark - 1 {
            return Ok(Element {
                id,
                start,
                body,
                end: None,
            });
        }
        let end = body
            .checked_add(size)
            .ok_or_else(|| malformed("an element is larger than any file"))?;
        Ok(Element {
            id,
            start,
            body,
            end: Some(end),
        })
    }
}

/// How many bytes a number of variable length has by the first of them, if they are no more than `most`.
fn length_of(bytes: &[u8], at: usize, most: usize) -> Option<usize> {
    let zeros = usize::try_from(bytes.get(at)?.leading_zeros()).ok()?;
    (zeros < most).then_some(zeros + 1)
}

/// The first bytes inside of an element.
pub(super) fn value<S: Read + Seek>(walk: &mut Walk<'_, S>, found: &Element) -> Result<Vec<u8>, Stop> {
    Ok(walk.read(found.body, found.end.unwrap_or(found.body), VALUE_BYTES)?)
}

/// A value as an unsigned number (section 7.2).
pub(super) fn unsigned(value: &[u8]) -> Option<u64> {
    (value.len() <= 8).then(|| number(value, 0, value.len()))?
}

/// A value as a number with decimals (section 7.3).
pub(super) fn float(value: &[u8]) -> Option<f64> {
    match *value {
        [a, b, c, d] => Some(f64::from(f32::from_be_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => Some(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn elements(bytes: &[u8]) -> Result<Vec<Element>, Stop> {
        let mut stream = Cursor::new(bytes);
        let length = bytes.len() as u64;
        let mut walk = Walk::new(&mut stream, length, 4);
        let mut elements = Elements::between(0, length);
        let mut found = Vec::new();
        while let Some(element) = elements.next(&mut walk)? {
            found.push(element);
        }
        Ok(found)
    }

    #[test]
    fn ids_and_lengths_have_one_to_eight_bytes() {
        let file = b"\xae\x81x\x42\x82\x40\x01y\x1f\x43\xb6\x75\x01\0\0\0\0\0\0\x01z";
        let found: Vec<_> = elements(file)
            .unwrap()
            .iter()
            .map(|e| (e.id, e.body, e.end))
            .collect();
        assert_eq!(
            found,
            [
                (0xae, 2, Some(3)),
                (0x4282, 7, Some(8)),
                (0x1f43_b675, 20, Some(21))
            ]
        );
    }

    #[test]
    fn a_length_may_be_unknown() {
        for file in [
            &b"\xae\xffxx"[..],
            b"\xae\x7f\xffxx",
            b"\xae\x01\xff\xff\xff\xff\xff\xff\xffxx",
        ] {
            let found = elements(file).unwrap();
            assert_eq!(found.len(), 1, "{file:?}");
            assert_eq!(found[0].end, None);
        }
    }

    #[test]
    fn what_cannot_be_stops_the_walk() {
        let cases: [(&[u8], &str); 5] = [
            (b"\0\x81x", "no element"),
            (b"\x08\x80\x80\x80\x80\x80", "no element"),
            (b"\xae", "within its header"),
            (b"\xae\0", "cannot be read"),
            (b"\xae\x40", "within its header"),
        ];
        for (file, expected) in cases {
            let stop = elements(file).unwrap_err();
            assert!(
                matches!(stop, Stop::Malformed { what, .. } if what.contains(expected)),
                "{file:?} {stop:?}"
            );
        }
        let stop = elements(b"\xae\x85x").unwrap_err();
        assert!(matches!(stop, Stop::Beyond { kind: 0xae, end: 7 }), "{stop:?}");
        assert!(matches!(elements(&b"\xec\x80".repeat(5)), Err(Stop::Limit)));
    }

    #[test]
    fn values_are_numbers() {
        assert_eq!(unsigned(&[1, 0]), Some(256));
        assert_eq!(unsigned(&[]), Some(0));
        assert_eq!(unsigned(&[1; 9]), None);
        assert_eq!(float(&1.5_f32.to_be_bytes()), Some(1.5));
        assert_eq!(float(&1.5_f64.to_be_bytes()), Some(1.5));
        assert_eq!(float(&[1]), None);
    }
}
