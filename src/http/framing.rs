//! Whether a request's head can be read in one way only (RFC 9112 sections 2.2, 6.1, 6.3 and 11.2), judged on its bytes
//! before the HTTP library sees them: it forgives bare line feeds, a repeated `Content-Length` and a `Content-Length`
//! beside `Transfer-Encoding`, and a proxy in front may read those otherwise.
//!
//! Bodies are not followed. After a request that has one the connection is closed (`service`), so that what comes behind
//! it is never taken for a request.

/// As much of a line as is looked at: the names and values that matter are shorter.
const LINE_BYTES: usize = 96;

/// Follows the heads of one connection, in time linear in their length and with a fixed amount of memory.
pub(super) struct HeadScanner {
    watching: bool,
    line: [u8; LINE_BYTES],
    length: usize,
    previous: u8,
    head: Head,
}

/// What the present head has said so far.
#[derive(Default)]
struct Head {
    begun: bool,
    content_lengths: u32,
    transfer_encodings: u32,
    has_body: bool,
    odd_coding: bool,
}

impl HeadScanner {
    pub(super) fn new() -> Self {
        Self {
            watching: true,
            line: [0; LINE_BYTES],
            length: 0,
            previous: 0,
            head: Head::default(),
        }
    }

    /// Whether bytes still have to be shown to it.
    pub(super) fn is_watching(&self) -> bool {
        self.watching
    }

    /// Looks at the next bytes. Where they can be read in two ways, the byte that makes it so becomes NUL, which no head
    /// may hold: the library answers 400 and closes the connection.
    pub(super) fn scan(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if !self.watching {
                return;
            }
            if !self.accepts(*byte) {
                *byte = 0;
                self.watching = false;
            }
        }
    }

    fn accepts(&mut self, byte: u8) -> bool {
        let previous = std::mem::replace(&mut self.previous, byte);
        match byte {
            b'\n' if previous != b'\r' => false,
            b'\n' => self.end_line(),
            b'\r' => true,
            _ => {
                if let Some(place) = self.line.get_mut(self.length) {
                    *place = byte;
                }
                self.length += 1;
                true
            }
        }
    }

    fn end_line(&mut self) -> bool {
        let length = std::mem::take(&mut self.length);
        let line = self.line.get(..length.min(LINE_BYTES)).unwrap_or_default();
        match (length, self.head.begun) {
            // Empty lines before a request are skipped by the library too.
            (0, false) => true,
            (0, true) => self.end_head(),
            (_, false) => {
                self.head.begun = true;
                true
            }
            (_, true) => {
                self.head.field(line);
                true
            }
        }
    }

    fn end_head(&mut self) -> bool {
        let head = std::mem::take(&mut self.head);
        self.watching = !head.has_body;
        head.content_lengths + head.transfer_encodings <= 1 && !head.odd_coding
    }
}

impl Head {
    fn field(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.content_lengths += 1;
            self.has_body |= value != b"0";
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.transfer_encodings += 1;
            self.has_body = true;
            self.odd_coding |= !value.eq_ignore_ascii_case(b"chunked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `text` is passed on unchanged, however it is cut.
    fn passes(text: &str) -> bool {
        let whole = {
            let mut bytes = text.as_bytes().to_vec();
            HeadScanner::new().scan(&mut bytes);
            bytes == text.as_bytes()
        };
        let mut scanner = HeadScanner::new();
        let single = text.bytes().all(|byte| {
            let mut one = [byte];
            scanner.scan(&mut one);
            one == [byte]
        });
        assert_eq!(whole, single, "{text:?}");
        whole
    }

    #[test]
    fn ordinary_heads_pass() {
        for text in [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\ncontent-length:0\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\nc",
            "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        ] {
            assert!(passes(text), "{text:?}");
        }
        assert!(passes(&format!(
            "GET /{} HTTP/1.1\r\nX: {}\r\n\r\n",
            "a".repeat(5000),
            "b".repeat(5000)
        )));
    }

    #[test]
    fn what_can_be_read_in_two_ways_does_not_pass() {
        for text in [
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\nabcde",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\nHost: x\n\n",
        ] {
            assert!(!passes(text), "{text:?}");
        }
    }
}
