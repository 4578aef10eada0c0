//! `Content-Disposition` with a name that a person can read (RFC 6266, RFC 8187).

use odata::encode_segment;

use crate::clock::Ticks;
use crate::db::artifacts::ArtifactKind;
use crate::media;

/// The longest subject that becomes part of a name, in characters.
const SUBJECT_CHARS: usize = 80;

/// `attachment` with subject, date and ending.
pub(super) fn content_disposition(
    subject: Option<&str>,
    kind: ArtifactKind,
    created: Ticks,
    media_type: &str,
) -> String {
    let kept = subject
        .unwrap_or_default()
        .chars()
        .filter(|c| is_harmless(*c))
        .take(SUBJECT_CHARS);
    let kept: String = kept.collect();
    let subject = match kept.trim().trim_start_matches('.').trim() {
        "" => match kind {
            ArtifactKind::Recording => "Recording",
            ArtifactKind::Transcript => "Transcript",
        },
        text => text,
    };
    let date = created.to_seconds_text().replace('T', " ").replace(':', "");
    let name = format!("{subject} {date}.{}", media::file_ending(media_type));
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    format!(
        "attachment; filename=\"{ascii}\"; filename*=UTF-8''{}",
        encode_segment(&name)
    )
}

/// Not a control character, nothing that a file system or a shell reads otherwise, and no mark that is unseen or turns the
/// direction of the text.
fn is_harmless(c: char) -> bool {
    let unseen =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !"\"\\/:*?<>|%;'`$&".contains(c) && !unseen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(subject: Option<&str>) -> String {
        content_disposition(
            subject,
            ArtifactKind::Recording,
            "2024-07-12T11:37:59.0113199Z".parse().unwrap(),
            "video/mp4",
        )
    }

    #[test]
    fn a_name_is_subject_and_date() {
        let expected = "attachment; filename=\"Stand-up 2024-07-12 113759.mp4\"; \
                        filename*=UTF-8''Stand-up%202024-07-12%20113759.mp4";
        assert_eq!(named(Some("Stand-up")), expected);
    }

    #[test]
    fn other_scripts_are_kept_in_the_extended_form() {
        let name = named(Some("Réunion 数学"));
        assert!(name.contains("filename=\"R_union __ 2024"), "{name}");
        assert!(
            name.contains("R%C3%A9union%20%E6%95%B0%E5%AD%A6%202024"),
            "{name}"
        );
    }

    #[test]
    fn nothing_harmful_gets_into_a_name() {
        for subject in [
            "a\"b",
            "../../x",
            "a\r\nX-Y: z",
            "\u{202e}fdp",
            "",
            "...",
            "a;b",
            " . x",
        ] {
            let name = named(Some(subject));
            let quoted = name.split('"').nth(1).unwrap();
            assert!(
                !quoted.contains(['/', '\\', '\r', '\n', ';', '\u{202e}']),
                "{name}"
            );
            assert!(!quoted.starts_with(['.', ' ']), "{name}");
            assert_eq!(name.matches('"').count(), 2, "{name}");
        }
    }

    #[test]
    fn a_recording_without_a_subject_has_a_name_too() {
        assert!(named(None).contains("\"Recording 2024-07-12 113759.mp4\""));
    }
}
