//! What the first bytes of a file say about it.

use super::walk::number;

/// A container that is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// ISO BMFF, with its major brand.
    Mp4([u8; 4]),
    QuickTime,
    WebM,
    Matroska,
}

/// How EBML begins (RFC 8794, section 11.2.1).
const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];
/// The brands of pictures, which are ISO BMFF too (ISO/IEC 23008-12, section 10.2; AVIF, section 6).
const PICTURES: [&[u8; 4]; 5] = [b"heic", b"heix", b"mif1", b"avif", b"avis"];

/// The container that begins with `head`: ISO BMFF by its `ftyp` box (ISO/IEC 14496-12, section 4.3), QuickTime by
/// its brand or, from before there were brands, by the boxes that it may begin with, EBML by its `DocType`.
pub(super) fn container(head: &[u8]) -> Option<Container> {
    match head {
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', b' ', b' ', ..] => Some(Container::QuickTime),
        [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..] => {
            let brand = [*a, *b, *c, *d];
            (!PICTURES.contains(&&brand)).then_some(Container::Mp4(brand))
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Container::Mp4(*b"    ")),
        // The sizes of these are small, so that a text such as `The free …` is not taken for one.
        [0, _, _, _, kind @ ..] if begins_quicktime(kind) => Some(Container::QuickTime),
        [_, _, _, _, b'm', b'd', b'a', b't', ..] => Some(Container::QuickTime),
        [a, b, c, d, ..] if [*a, *b, *c, *d] == EBML => match doc_type(head) {
            Some(b"matroska") => Some(Container::Matroska),
            Some(b"webm") | None => Some(Container::WebM),
            Some(_) => None,
        },
        _ => None,
    }
}

/// QuickTime File Format, *File format overview*: atoms that stand at the start of old files.
fn begins_quicktime(kind: &[u8]) -> bool {
    [b"moov", b"wide", b"free", b"skip", b"pnot"]
        .iter()
        .any(|name| kind.starts_with(*name))
}

/// The element `DocType` (0x4282) of an EBML header, which stands within the first bytes of every file seen so far.
fn doc_type(head: &[u8]) -> Option<&[u8]> {
    let at = head.windows(2).position(|pair| pair == [0x42, 0x82])?;
    // The length is a number of variable length, as in [`super::ebml`].
    let width = usize::try_from(head.get(at + 2)?.leading_zeros()).ok()? + 1;
    let marked = number(head, at + 2, width).filter(|_| width <= 8)?;
    let length = usize::try_from(marked & !(1 << (7 * width))).ok()?;
    let name = head.get(at + 2 + width..)?.get(..length)?;
    // Zeros behind it are padding (RFC 8794, section 7.4).
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(length);
    name.get(..end)
}

/// Where a signature stands, the signature, and what it is of.
type Signature = (usize, &'static [u8], &'static str);

const SIGNATURES: [Signature; 36] = [
    (0, b"%PDF-", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (0, b"BZh", "a bzip2 archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (0, b"GIF8", "a picture (GIF)"),
    (8, b"WEBP", "a picture (WebP)"),
    (4, b"ftyphei", "a picture (HEIF)"),
    (4, b"ftypmif1", "a picture (HEIF)"),
    (4, b"ftypavi", "a picture (AVIF)"),
    (8, b"WAVEfmt ", "a sound file (WAV)"),
    (8, b"AVI LIST", "an AVI video"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a sound file (FLAC)"),
    (0, b"ID3", "a sound file (MP3)"),
    (0, b"\xff\xfb", "a sound file (MP3)"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
    (0, b"FLV\x01", "a Flash video"),
    (0, b"\0\0\x01\xba", "an MPEG-2 video"),
    (4, b"styp", "a piece of a streamed video"),
    (4, b"moof", "a piece of a streamed video"),
    (4, b"sidx", "a piece of a streamed video"),
    (0, &EBML, "an EBML file of an unknown kind"),
    (0, b"WEBVTT", "a transcript (WebVTT)"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"#!", "a script"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"#EXTM3U", "a play list (M3U)"),
];

/// What a file that is none of the [`Container`]s looks like, by up to 512 bytes of it.
pub(super) fn looks_like(head: &[u8]) -> Option<&'static str> {
    let is = |(at, bytes, _): &&Signature| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
    if let Some((_, _, name)) = SIGNATURES.iter().find(is) {
        return Some(name);
    }
    if is_transport_stream(head) {
        return Some("an MPEG transport stream");
    }
    if head.iter().all(|byte| *byte == 0) {
        return Some("nothing but zeros, as an interrupted copy leaves them");
    }
    text(head)
}

/// Packets of 188 bytes that begin with 0x47 (ISO/IEC 13818-1, section 2.4.3.2).
fn is_transport_stream(head: &[u8]) -> bool {
    [0, 188, 376].iter().all(|at| head.get(*at) == Some(&0x47))
}

fn text(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // The head may end within a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c');
    if text.is_empty() || text.contains(is_control) {
        return None;
    }
    let start = text
        .trim_start()
        .get(..5)
        .unwrap_or_default()
        .to_ascii_lowercase();
    Some(match start.as_str() {
        "<!doc" | "<html" => "a web page (HTML), such as a page that asks to sign in",
        "<?xml" => "an XML document",
        _ if start.starts_with(['{', '[']) => "a JSON document",
        _ => "a text",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_by_their_first_bytes() {
        let cases: [(&[u8], Option<Container>); 15] = [
            (b"\0\0\0\x20ftypisom", Some(Container::Mp4(*b"isom"))),
            (b"\0\0\0\x20ftypM4A ", Some(Container::Mp4(*b"M4A "))),
            (b"\0\0\0\x14ftypqt  ", Some(Container::QuickTime)),
            (b"\0\0\0\x08wide\0\0\0\0mdat", Some(Container::QuickTime)),
            (b"\x54\0\0\0mdat", Some(Container::QuickTime)),
            (b"\0\0\x10\0moov\0\0\0\x6cmvhd", Some(Container::QuickTime)),
            (b"The free encyclopedia", None),
            (b"\0\0\0\x1cftypheic", None),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
                Some(Container::WebM),
            ),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska",
                Some(Container::Matroska),
            ),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x82\x8amatroska\0\0",
                Some(Container::Matroska),
            ),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x82\x40\x08matroska",
                Some(Container::Matroska),
            ),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84mine", None),
            (b"\x1a\x45\xdf\xa3\x9f", Some(Container::WebM)),
            (b"", None),
        ];
        for (head, expected) in cases {
            assert_eq!(container(head), expected, "{head:?}");
        }
    }

    #[test]
    fn what_else_a_file_may_be_is_told_too() {
        let cases: [(&[u8], Option<&str>); 12] = [
            (
                b"\xef\xbb\xbf\r\n<!DOCTYPE html><title>Sign in",
                Some("a web page (HTML), such as a page that asks to sign in"),
            ),
            (b"%PDF-1.7\n%\xe2\xe3", Some("a PDF document")),
            (b"PK\x03\x04\x14\0", Some("a ZIP archive or an Office document")),
            (b"\x1f\x8b\x08\0", Some("a gzip archive")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("a picture (JPEG)")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("a sound file (WAV)")),
            (b"\0\0\0\x1cftypheic", Some("a picture (HEIF)")),
            (b"{\"error\":{\"code\":\"Forbidden\"}}", Some("a JSON document")),
            ("Die Aufnahme fehlt \u{1f62e}".as_bytes(), Some("a text")),
            (
                &[0; 512],
                Some("nothing but zeros, as an interrupted copy leaves them"),
            ),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84mine",
                Some("an EBML file of an unknown kind"),
            ),
            (b"\x01\x02\x03", None),
        ];
        for (head, expected) in cases {
            assert_eq!(looks_like(head), expected, "{head:?}");
        }
        assert_eq!(looks_like(&"ä".as_bytes()[..1]), None);
        assert_eq!(looks_like(&"aä".as_bytes()[..2]), Some("a text"));
        let mut packets = vec![0; 400];
        for at in [0, 188, 376] {
            packets[at] = 0x47;
        }
        assert_eq!(looks_like(&packets), Some("an MPEG transport stream"));
    }
}
