//! What is in a file. So far only its media type, told from its first bytes; nothing is decoded.

pub mod webvtt;

/// How many bytes from the start [`media_type`] looks at.
pub const HEAD_BYTES: usize = 64;

/// The media type of content that begins with `head`: ISO BMFF (`ftyp` box, ISO/IEC 14496-12 section 4.3) is
/// `video/mp4`, or `audio/mp4` where the major brand is `M4A `; EBML (RFC 8794 section 11.2) is `video/webm`;
/// anything else is `application/octet-stream`.
pub fn media_type(head: &[u8]) -> &'static str {
    match head {
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', b' ', ..] => "audio/mp4",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        _ => "application/octet-stream",
    }
}

/// The ending of a file of that media type.
pub fn file_ending(media_type: &str) -> &'static str {
    match media_type {
        "video/mp4" => "mp4",
        "audio/mp4" => "m4a",
        "video/webm" => "webm",
        // Without speakers it is WebVTT all the same.
        "text/vtt" | "application/vnd.microsoft.graph.transcript+text" => "vtt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_told_from_the_first_bytes_alone() {
        let cases: [(&[u8], &str); 7] = [
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\0\0\0\x20ftypM4A \0\0", "audio/mp4"),
            (b"\0\0\0\x14ftypqt  ", "video/mp4"),
            (b"\x1a\x45\xdf\xa3\x9f", "video/webm"),
            (b"<html>", "application/octet-stream"),
            (b"ftyp", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ];
        for (head, expected) in cases {
            assert_eq!(media_type(head), expected, "{head:?}");
        }
    }
}
