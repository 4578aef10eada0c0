//! Whether each request of a connection can be read in one way only (RFC 9112 sections 2.2, 6, 7.1 and 11.2), judged on its
//! bytes before the HTTP library sees them: it forgives bare line feeds, a repeated `Content-Length` and a `Content-Length`
//! beside `Transfer-Encoding`, and a proxy in front may read those otherwise.
//!
//! Bodies are followed, so that what comes behind one is watched from its first byte; what they hold is skipped. The library
//! must never find the end of a body elsewhere: it takes the same decisions on fewer texts, and where it refuses, it reads
//! no further request.

/// As much of a line as is kept: the names and values that matter are shorter.
const LINE_BYTES: usize = 96;
/// Most digits of the size of a chunk: those of a `u64`.
const SIZE_DIGITS: usize = 16;
/// Longest line with the size of a chunk. The longest extension that is in use is a signature of S3, of 81 bytes.
const SIZE_LINE_BYTES: usize = 256;
/// Longest trailer section. The library has a limit too, of twice as much.
const TRAILER_BYTES: usize = 8 * 1024;

/// Follows the requests of one connection, in time linear in the length of their lines and with a fixed amount of memory.
pub struct MessageScanner {
    place: Place,
    line: [u8; LINE_BYTES],
    /// Bytes of the present line so far, without its end.
    length: usize,
    /// The last byte was the first half of a line's end.
    after_cr: bool,
    /// What the present head has said of its body.
    body: Option<Body>,
}

/// Bytes that can be read in two ways: the connection must end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refused {
    /// So many of the bytes that were shown come before.
    pub accepted: usize,
    /// They are of a head, and not of a body.
    pub in_head: bool,
}

/// Where in a message the next byte is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Line(Line),
    /// In a body or a chunk.
    Content {
        /// So many bytes are still to come; at least one.
        left: u64,
        /// What is behind.
        next: Line,
    },
    /// Behind what was refused.
    Nowhere {
        in_head: bool,
    },
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    /// The first of a request, or an empty one before.
    Request,
    Field,
    ChunkSize,
    /// The empty one behind a chunk.
    ChunkEnd,
    Trailer {
        /// So many bytes may the rest of the section have.
        room: usize,
    },
}

/// How a body is framed.
#[derive(Clone, Copy)]
enum Body {
    Length(u64),
    Chunked,
}

impl Default for MessageScanner {
    fn default() -> Self {
        Self {
            place: Place::Line(Line::Request),
            line: [0; LINE_BYTES],
            length: 0,
            after_cr: false,
            body: None,
        }
    }
}

impl MessageScanner {
    /// Looks at the next bytes. After a refusal there are no next ones.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut accepted = 0;
        while let Some(byte) = bytes.get(accepted) {
            let place = self.place;
            match place {
                Place::Line(line) if self.accepts(line, *byte) => accepted += 1,
                Place::Line(line) => {
                    let in_head = matches!(line, Line::Request | Line::Field);
                    self.place = Place::Nowhere { in_head };
                }
                Place::Content { left, next } => {
                    let here = bytes.len() - accepted;
                    let skipped = usize::try_from(left).map_or(here, |left| left.min(here));
                    self.place = content(left - skipped as u64, next);
                    accepted += skipped;
                }
                Place::Nowhere { in_head } => return Err(Refused { accepted, in_head }),
            }
        }
        Ok(())
    }

    /// Whether this byte may be the next one of this line.
    fn accepts(&mut self, line: Line, byte: u8) -> bool {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        match byte {
            b'\n' => after_cr && self.end_line(line),
            _ if after_cr => false,
            b'\r' => true,
            b'\t' | b' '..=b'~' | 0x80.. => self.keep(line, byte),
            _ => false,
        }
    }

    fn keep(&mut self, line: Line, byte: u8) -> bool {
        let longest = match line {
            // The library has one limit for the whole head.
            Line::Request | Line::Field => usize::MAX,
            Line::ChunkSize => SIZE_LINE_BYTES,
            Line::ChunkEnd => 0,
            Line::Trailer { room } => room,
        };
        if let Some(place) = self.line.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
        self.length <= longest
    }

    fn end_line(&mut self, line: Line) -> bool {
        let length = std::mem::take(&mut self.length);
        let next = match (line, length) {
            // Empty lines before a request are skipped by the library too.
            (Line::Request, 0) => Some(Place::Line(Line::Request)),
            (Line::Request, _) => Some(Place::Line(Line::Field)),
            (Line::Field, 0) => Some(self.end_head()),
            (Line::Field, _) => self.field(length),
            (Line::ChunkSize, _) => chunk_size(self.kept(length)).map(|size| match size {
                0 => Place::Line(Line::Trailer { room: TRAILER_BYTES }),
                size => content(size, Line::ChunkEnd),
            }),
            (Line::ChunkEnd, _) => Some(Place::Line(Line::ChunkSize)),
            (Line::Trailer { .. }, 0) => Some(Place::Line(Line::Request)),
            (Line::Trailer { room }, _) => self.trailer(room, length),
        };
        match next {
            Some(next) => self.place = next,
            None => return false,
        }
        true
    }

    /// What is kept of a line of this length.
    fn kept(&self, length: usize) -> &[u8] {
        self.line.get(..length.min(LINE_BYTES)).unwrap_or_default()
    }

    fn end_head(&mut self) -> Place {
        match self.body.take() {
            None => Place::Line(Line::Request),
            Some(Body::Length(length)) => content(length, Line::Request),
            Some(Body::Chunked) => Place::Line(Line::ChunkSize),
        }
    }

    /// A field of a head: one at most speaks of the body, and plainly.
    fn field(&mut self, length: usize) -> Option<Place> {
        if let Some((name, value)) = framing_field(self.kept(length)) {
            if self.body.is_some() || length > LINE_BYTES {
                return None;
            }
            self.body = Some(name.body(value)?);
        }
        Some(Place::Line(Line::Field))
    }

    /// A field behind the last chunk: none speaks of the body.
    fn trailer(&self, room: usize, length: usize) -> Option<Place> {
        let room = room.checked_sub(length + "\r\n".len())?;
        match framing_field(self.kept(length)) {
            Some(_) => None,
            None => Some(Place::Line(Line::Trailer { room })),
        }
    }
}

fn content(left: u64, next: Line) -> Place {
    match left {
        0 => Place::Line(next),
        left => Place::Content { left, next },
    }
}

/// A field that says how a body is framed.
enum FramingName {
    ContentLength,
    TransferEncoding,
}

impl FramingName {
    /// What it says; nothing where the value is not in its one form.
    fn body(&self, value: &[u8]) -> Option<Body> {
        match self {
            Self::ContentLength => number(value, u8::is_ascii_digit, 10).map(Body::Length),
            Self::TransferEncoding => value.eq_ignore_ascii_case(b"chunked").then_some(Body::Chunked),
        }
    }
}

/// Name and value of a field, if it is one that says how a body is framed.
fn framing_field(line: &[u8]) -> Option<(FramingName, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    let name = if name.eq_ignore_ascii_case(b"content-length") {
        FramingName::ContentLength
    } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
        FramingName::TransferEncoding
    } else {
        return None;
    };
    // A line holds no other blanks than the two that a value may have around it.
    Some((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

/// The size at the begin of a chunk's first line; behind it is nothing, or an extension.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?;
    if digits.len() > SIZE_DIGITS {
        return None;
    }
    number(digits, u8::is_ascii_hexdigit, 16)
}

/// A number of digits only: what reads them by itself allows a sign.
fn number(text: &[u8], is_digit: fn(&u8) -> bool, radix: u32) -> Option<u64> {
    if !text.iter().all(is_digit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

#[cfg(test)]
mod tests;
