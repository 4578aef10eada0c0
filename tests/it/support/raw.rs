//! Bytes on a TCP connection, for what no client library would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a test waits for an answer before it fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// An answer as it came.
#[derive(Debug)]
pub struct RawAnswer {
    /// Status; 0 where there was no answer.
    pub status: u16,
    /// All of it.
    pub text: String,
}

impl RawAnswer {
    fn of(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        Self {
            status: status.unwrap_or(0),
            text,
        }
    }

    /// Whether it says that the connection is closed.
    pub fn closes(&self) -> bool {
        self.text.to_lowercase().contains("\r\nconnection: close\r\n")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        let body = self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status and code of a refusal.
    pub fn error(&self) -> (u16, String) {
        (
            self.status,
            self.json()["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    }
}

/// Sends `bytes` and reads until the server closes the connection. The bytes must make it do so (`Connection: close`).
pub async fn send(address: &str, bytes: &[u8]) -> RawAnswer {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may answer and close before it has read everything.
        let _cut = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _cut = stream.read_to_end(&mut answer).await;
        answer
    };
    let answer = tokio::time::timeout(DEADLINE, talk)
        .await
        .expect("the server neither answers nor closes");
    RawAnswer::of(&answer)
}

/// A connection on which one answer after another is read.
pub struct RawConnection {
    stream: TcpStream,
    /// What was read behind the last answer.
    rest: Vec<u8>,
}

impl RawConnection {
    /// A new connection.
    pub async fn open(address: &str) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            rest: Vec::new(),
        }
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next answer, whose length its head tells; status 0 where the server closes before.
    pub async fn answer(&mut self) -> RawAnswer {
        let read = async {
            loop {
                if let Some(length) = whole_answer(&self.rest) {
                    return length;
                }
                if !matches!(self.stream.read_buf(&mut self.rest).await, Ok(1..)) {
                    return self.rest.len();
                }
            }
        };
        let length = tokio::time::timeout(DEADLINE, read).await.expect("no answer");
        let answer: Vec<u8> = self.rest.drain(..length).collect();
        RawAnswer::of(&answer)
    }

    /// Sends `bytes` and reads one answer.
    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> RawAnswer {
        self.send(bytes.as_ref()).await;
        self.answer().await
    }

    /// Whether the server says no more and closes.
    pub async fn is_closed(&mut self) -> bool {
        self.answer().await.text.is_empty()
    }
}

/// The length of the answer with which `bytes` begin, if it is there.
fn whole_answer(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .split_once("\r\ncontent-length: ")
        .map_or("0", |(_, rest)| rest.split("\r\n").next().unwrap());
    let length = end + length.parse::<usize>().unwrap();
    (length <= bytes.len()).then_some(length)
}
