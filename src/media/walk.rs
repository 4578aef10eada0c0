//! What the walks through an MP4 and through a Matroska file share: reads at a place that are never long, a count of
//! what was looked at, and the reasons to stop.
//!
//! No size that a file declares is allocated, and nothing recurses, so depth costs nothing: a walk goes down only into
//! what it knows.

use std::io::{self, Read, Seek, SeekFrom};

/// The file, and how much of it may still be looked at.
pub(super) struct Walk<'a, S> {
    stream: &'a mut S,
    length: u64,
    steps_left: u32,
}

/// Why a walk ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file cannot be read.
    Io(io::Error),
    /// Sizes contradict each other.
    Malformed { what: &'static str, at: u64 },
    /// What is called `kind` says that it ends behind the end of the file.
    Beyond { kind: u32, end: u64 },
    /// There is more than is looked at.
    Limit,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<'a, S: Read + Seek> Walk<'a, S> {
    /// A walk through the first `length` bytes of `stream`, of at most `steps` steps.
    pub(super) fn new(stream: &'a mut S, length: u64, steps: u32) -> Self {
        Self {
            stream,
            length,
            steps_left: steps,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Sets how many more steps there may be.
    pub(super) fn allow(&mut self, steps: u32) {
        self.steps_left = steps;
    }

    /// Counts one more box or element.
    pub(super) fn step(&mut self) -> Result<(), Stop> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Stop::Limit)?;
        Ok(())
    }

    /// The bytes from `at` to `end`, at most `most` of them, and none behind the end of the file.
    pub(super) fn read(&mut self, at: u64, end: u64, most: usize) -> io::Result<Vec<u8>> {
        let there = end.min(self.length).saturating_sub(at);
        let wanted = usize::try_from(there).map_or(most, |there| there.min(most));
        let mut bytes = vec![0; wanted];
        self.stream.seek(SeekFrom::Start(at))?;
        // A file that ends earlier than was said has changed meanwhile: that is for the caller to hear.
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Gives the file back, to be read by somebody else.
    pub(super) fn stream(&mut self) -> &mut S {
        self.stream
    }
}

/// The big-endian number of `length` bytes, eight at most, at `at`.
pub(super) fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

/// The big-endian number of four bytes at `at`.
pub(super) fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at, 4).and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_read_is_as_long_as_there_are_bytes() {
        let mut stream = Cursor::new(b"0123456789");
        let mut walk = Walk::new(&mut stream, 8, 1);
        assert_eq!(walk.read(2, 5, 64).unwrap(), b"234");
        assert_eq!(walk.read(2, 5, 2).unwrap(), b"23");
        assert_eq!(
            walk.read(6, u64::MAX, 64).unwrap(),
            b"67",
            "the length that was said holds"
        );
        assert_eq!(walk.read(u64::MAX, u64::MAX, 64).unwrap(), b"");
        assert_eq!(walk.read(5, 2, 64).unwrap(), b"");
    }

    #[test]
    fn a_file_shorter_than_was_said_is_an_error_of_reading() {
        let mut stream = Cursor::new(b"0123");
        let error = Walk::new(&mut stream, 8, 1).read(0, 8, 8).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn steps_are_counted() {
        let mut stream = Cursor::new(b"");
        let mut walk = Walk::new(&mut stream, 0, 1);
        assert!(walk.step().is_ok());
        assert!(matches!(walk.step(), Err(Stop::Limit)));
    }

    #[test]
    fn numbers_are_big_endian() {
        assert_eq!(number(&[1, 2, 3], 1, 2), Some(0x0203));
        assert_eq!(number(&[1, 2, 3], 1, 3), None);
        assert_eq!(number(&[0xff; 8], 0, 8), Some(u64::MAX));
        assert_eq!(number32(&[0, 0, 1, 0], 0), Some(256));
    }
}
