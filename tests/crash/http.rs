//! HTTP for a server that may be gone at any moment: a connection for each request, and no answer is an answer.

use std::io::Write;
use std::net::TcpStream;

use crate::binary::{DEADLINE, Http, read_answer};

/// Bytes that are handed to the connection at a time.
const PIECE: usize = 32 * 1024;

/// A request.
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Lines, each with its end.
    pub headers: String,
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// One without a body.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            headers: String::new(),
            body: b"",
        }
    }

    /// With a token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.headers
            .push_str(&format!("Authorization: Bearer {token}\r\n"));
        self
    }

    /// With a JSON body.
    pub fn with_json(mut self, body: &'a [u8]) -> Self {
        self.headers.push_str("Content-Type: application/json\r\n");
        self.body = body;
        self
    }

    /// As a slice of a whole.
    pub fn with_slice(mut self, first: usize, slice: &'a [u8], total: usize) -> Self {
        let last = first + slice.len() - 1;
        self.headers
            .push_str(&format!("Content-Range: bytes {first}-{last}/{total}\r\n"));
        self.body = slice;
        self
    }

    /// Sends it; `sent` is told of every piece. Status 0 where there was no whole answer.
    pub fn send(&self, address: &str, sent: &dyn Fn(usize)) -> Http {
        let none = Http {
            status: 0,
            head: String::new(),
            body: Vec::new(),
        };
        let Ok(mut stream) = TcpStream::connect(address) else {
            return none;
        };
        stream.set_read_timeout(Some(DEADLINE * 2)).unwrap();
        stream.set_write_timeout(Some(DEADLINE * 2)).unwrap();
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n",
            self.method,
            self.path,
            self.body.len(),
            self.headers
        );
        let pieces = std::iter::once(head.as_bytes()).chain(self.body.chunks(PIECE));
        for piece in pieces {
            if stream.write_all(piece).is_err() {
                break;
            }
            sent(piece.len());
        }
        let answer = read_answer(&mut stream, Vec::new());
        let length = answer.header("content-length").parse().unwrap_or(0);
        match answer.head.ends_with("\r\n\r\n") && answer.body.len() >= length {
            true => answer,
            false => none,
        }
    }
}

/// What an answer says, for a message.
pub fn told(answer: &Http) -> String {
    format!(
        "{} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body[..answer.body.len().min(1000)])
    )
}
