//! WebVTT, the form of a transcript: [`Transcript::from_bytes`] reads a file, [`Cue::spans`] tells who says what in
//! a cue, [`write()`] makes a file again, and the others make the forms in which one stored transcript is served.
//!
//! Reading follows the parser of W3C's *WebVTT: The Web Video Text Tracks Format*, <https://www.w3.org/TR/webvtt1/>,
//! whose sections are cited where they are implemented. It is more lenient in one place, the times, because Teams
//! writes `0:0:5.320` and starts before zero.
//!
//! Nothing here lays out, styles or places a cue: settings, regions and style sheets are read over. A stored file
//! is never changed by it either; what is derived is made from cues anew.
//!
//! Every step is linear in the length of the text, and the constants below bound what it keeps.

use std::str::FromStr;

mod derived;
mod metadata;
mod read;
mod text;
mod timestamp;
mod write;

#[cfg(test)]
mod tests;

pub use derived::{has_speakers, unattributed};
pub use metadata::{MetadataCue, content_from_metadata, from_metadata, metadata_content};
pub use text::Span;
pub use write::write;

/// The longest file that is read. A day of speech is about 5 MiB.
pub const MAX_TEXT_BYTES: usize = 64 << 20;
/// How many cues a transcript may have: two weeks, with one cue in every second.
pub const MAX_CUES: usize = 1_000_000;
/// How many problems are kept; the others are only counted.
pub const MAX_PROBLEMS: usize = 100;
/// How deep tags nest before the inner ones are read over.
pub const MAX_DEPTH: usize = 64;
/// How many spans a cue has at most; what follows belongs to the last one.
pub const MAX_SPANS: usize = 1_000;
/// How long the name of a speaker, or of a language, may be; the rest is cut off.
pub const MAX_NAME_CHARS: usize = 256;
/// The longest `metadataContent` that is made. It repeats a name for every span, so its source does not bound it well.
pub const MAX_METADATA_BYTES: usize = 256 << 20;
/// The time farthest from zero, in milliseconds: an offset in units of 100 ns still fits an `i64`.
pub const MAX_TIME_MS: i64 = i64::MAX / 10_000;

/// What a WebVTT file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The cues in the order of the file, which need not be that of their times.
    pub cues: Vec<Cue>,
    /// What was lost, the first [`MAX_PROBLEMS`] in the order of the file.
    pub problems: Vec<Problem>,
    /// How many problems there were beyond those kept.
    pub more_problems: usize,
}

/// A text that is shown, or said, during an interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cue {
    /// The line above the times; empty if there is none.
    pub identifier: String,
    /// When it starts, relative to the recording. Teams writes times before zero; they are kept.
    pub start_ms: i64,
    /// When it ends. Nothing says that this is after the start.
    pub end_ms: i64,
    /// The cue text with its tags and character references, lines separated by U+000A.
    pub text: String,
}

/// Something in a file that was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: ProblemKind,
}

/// The ways in which a block of a file can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// A line with an arrow whose times cannot be read: the cue is lost.
    #[error("expected two times such as 00:00:01.500 --> 00:00:04.000")]
    BadTimes,
    /// A block that is neither a cue nor one of the known kinds, such as what follows a blank line within a cue.
    #[error("expected a cue, NOTE, STYLE or REGION")]
    NoCue,
}

/// Why a file was not read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first line is not the signature.
    #[error("expected WEBVTT at the start of the first line")]
    NotWebVtt,
    /// The text is longer than [`MAX_TEXT_BYTES`], or what would be made of it than [`MAX_METADATA_BYTES`].
    #[error("the transcript is too large")]
    TooLarge,
    /// There are more than [`MAX_CUES`] cues.
    #[error("the transcript has more than {MAX_CUES} cues")]
    TooManyCues,
}

impl Transcript {
    /// Reads a file. What is not UTF-8 in it becomes U+FFFD (section 6.1, *UTF-8 decode*).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(Error::TooLarge);
        }
        read::transcript(&String::from_utf8_lossy(bytes), MAX_CUES)
    }
}

impl FromStr for Transcript {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(Error::TooLarge);
        }
        read::transcript(text, MAX_CUES)
    }
}

impl Cue {
    /// Who says what, in order, without tags and without what is only white space.
    ///
    /// A `<v>` that is not closed reaches to the end of the cue (section 4.2.2, *cue voice span*). The text of a ruby
    /// annotation is part of the text around it.
    pub fn spans(&self) -> Vec<Span> {
        text::spans(&self.text)
    }

    /// Start and end on a time line that begins at zero and runs forward.
    fn clamped(&self) -> (i64, i64) {
        let start_ms = self.start_ms.max(0);
        (start_ms, self.end_ms.max(start_ms))
    }
}
