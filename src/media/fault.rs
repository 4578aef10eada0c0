//! What is wrong with a file: a sentence for the person who brought it, and a word for machines.

/// Why a file cannot be played, or not to its end.
///
/// Shown, it says what is wrong, and then what would help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There are no bytes.
    #[error("The file is empty. Copy it again from where it came from.")]
    Empty,
    /// The bytes are of another kind.
    #[error("{}", not_media(*.looks_like))]
    NotMedia {
        /// What they are instead, with its article, where that can be told.
        looks_like: Option<&'static str>,
    },
    /// An MP4 or QuickTime file without its index.
    #[error(
        "The file has no index (moov box): the recorder was stopped before it could write it, so nothing can find the \
         pictures and sounds. They are in the file; a tool such as untrunc can make a new index, with the help of an \
         intact file of the same recorder."
    )]
    NoMoov,
    /// There is an index, and nothing that it could point to.
    #[error(
        "The file has an index but no pictures or sounds: the recorder was stopped at once, or this is only the first \
         part of a recording kept in several files. Join the parts, or copy the file again from where it came from."
    )]
    NoMedia,
    /// The end is missing.
    #[error(
        "The file is cut off: it has {found_bytes} bytes, and at least {expected_bytes} by what it says itself. Copy it \
         again from where it came from; if it is as short there, a tool such as untrunc can save what is left."
    )]
    Truncated {
        /// How long the file is at least, if it is whole.
        expected_bytes: u64,
        /// How long it is.
        found_bytes: u64,
    },
    /// The file contradicts itself.
    #[error(
        "The file is damaged: {what}, at byte {at}. Copy it again from where it came from; if it is damaged there too, a \
         player such as VLC may still play it, and ffmpeg may copy what is sound into a new file."
    )]
    Malformed {
        /// What contradicts what.
        what: &'static str,
        /// Where in the file.
        at: u64,
    },
    /// The file describes no pictures, sounds or texts.
    #[error(
        "The file describes no tracks, so there is nothing to play in it. Record or export it again, with pictures or \
         sound."
    )]
    NoTracks,
}

impl Fault {
    /// A word that stays the same, for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotMedia { .. } => "notMedia",
            Self::NoMoov => "noMoov",
            Self::NoMedia => "noMedia",
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::NoTracks => "noTracks",
        }
    }
}

fn not_media(looks_like: Option<&str>) -> String {
    let found = looks_like.map_or_else(
        || "what it is instead is not known".to_owned(),
        |found| format!("it looks like {found}"),
    );
    format!(
        "The file is no MP4, QuickTime, WebM or Matroska; {found}. Check that the right file was copied; if it is a \
         recording of another kind, convert it to MP4 first, for instance with ffmpeg."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_what_is_wrong_and_what_would_help() {
        let looks_like = Some("a web page (HTML)");
        let told = Fault::NotMedia { looks_like }.to_string();
        assert!(told.starts_with(
            "The file is no MP4, QuickTime, WebM or Matroska; it looks like a web page (HTML). Check"
        ));
        assert!(Fault::NoMoov.to_string().contains("untrunc"));
        let told = Fault::Truncated {
            expected_bytes: 9,
            found_bytes: 4,
        }
        .to_string();
        assert!(told.contains("it has 4 bytes, and at least 9"), "{told}");
        let told = Fault::Malformed {
            what: "a box is smaller than its header",
            at: 7,
        }
        .to_string();
        assert!(
            told.contains("a box is smaller than its header, at byte 7."),
            "{told}"
        );
    }

    #[test]
    fn the_words_for_machines_stay() {
        assert_eq!(Fault::NotMedia { looks_like: None }.reason(), "notMedia");
        assert_eq!(Fault::NoMoov.reason(), "noMoov");
    }
}
