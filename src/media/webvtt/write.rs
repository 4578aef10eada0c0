//! From cues to the text of a file.

use super::{Cue, text, timestamp};

/// A WebVTT file of `cues` (section 4.1). It is read again as the same cues, if a file can hold them at all.
pub fn write(cues: &[Cue]) -> String {
    let mut file = start();
    for cue in cues {
        let identifier = one_line(&cue.identifier);
        if !identifier.is_empty() {
            file.push('\n');
            file.push_str(&identifier);
        }
        push_cue(&mut file, (cue.start_ms, cue.end_ms), &cue.text);
    }
    file
}

/// The signature. Every cue brings the line end before it.
pub(super) fn start() -> String {
    "WEBVTT\n".to_owned()
}

/// Appends a cue whose payload is `payload`: times, then lines up to a blank one.
pub(super) fn push_cue(file: &mut String, (start_ms, end_ms): (i64, i64), payload: &str) {
    // An identifier stands between the blank line and the times.
    file.push('\n');
    file.push_str(&timestamp::to_text(start_ms));
    file.push_str(" --> ");
    file.push_str(&timestamp::to_text(end_ms));
    file.push('\n');
    let payload = payload.replace("-->", "--&gt;").replace('\0', "\u{fffd}");
    for line in payload.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        file.push_str(line);
        file.push('\n');
    }
}

/// `said` as the text of a cue, in a `<v>` if there is a speaker.
pub(super) fn voice(speaker: Option<&str>, said: &str) -> String {
    let name = text::escape_name(speaker.unwrap_or_default());
    let said = text::escape(said);
    if name.is_empty() {
        return said;
    }
    format!("<v {name}>{said}</v>")
}

/// `identifier` without what would end it, or make it a line of times.
fn one_line(identifier: &str) -> String {
    let line = identifier.replace("-->", "-- >").replace('\0', "\u{fffd}");
    line.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::webvtt::Transcript;

    fn cue(identifier: &str, text: &str) -> Cue {
        Cue {
            identifier: identifier.to_owned(),
            start_ms: -1_500,
            end_ms: 3_600_000,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_file_has_a_blank_line_before_each_cue() {
        let cues = [
            cue("", "<v Ada>Good\nmorning</v>"),
            cue("one", ""),
            cue("two", "x"),
        ];
        let expected = "WEBVTT\n\n-00:00:01.500 --> 01:00:00.000\n<v Ada>Good\nmorning</v>\n\none\n-00:00:01.500 --> 01:00:00.000\n\ntwo\n-00:00:01.500 --> 01:00:00.000\nx\n";
        assert_eq!(write(&cues), expected);
        assert_eq!(expected.parse::<Transcript>().unwrap().cues, cues);
        assert_eq!(write(&[]), "WEBVTT\n");
    }

    #[test]
    fn no_text_breaks_out_of_its_cue() {
        let cases = [
            (
                "a\n\n00:01.000 --> 00:02.000\nb",
                "a\n00:01.000 --&gt; 00:02.000\nb",
            ),
            ("\n\r\na\r\n\r\nb\rc\n", "a\nb\nc"),
            ("--->-->", "---&gt;--&gt;"),
            ("a\0b", "a\u{fffd}b"),
            ("NOTE x", "NOTE x"),
        ];
        for (text, expected) in cases {
            let again: Transcript = write(&[cue("", text), cue("", "end")]).parse().unwrap();
            assert_eq!(again.cues, [cue("", expected), cue("", "end")], "{text:?}");
            assert_eq!(again.problems, []);
        }
    }

    #[test]
    fn no_identifier_breaks_out_of_its_line() {
        let cases = [
            ("a\n\nb", "a  b"),
            ("00:01.000 --> 00:02.000", "00:01.000 -- > 00:02.000"),
            ("----->>", "----- >>"),
            ("a\0\r", "a\u{fffd} "),
        ];
        for (identifier, expected) in cases {
            let again: Transcript = write(&[cue(identifier, "x")]).parse().unwrap();
            assert_eq!(again.cues, [cue(expected, "x")], "{identifier:?}");
        }
    }

    #[test]
    fn a_voice_is_written_only_for_a_name() {
        assert_eq!(voice(Some("Ada & Bo"), "1 < 2"), "<v Ada &amp; Bo>1 &lt; 2</v>");
        assert_eq!(voice(Some("a>b"), "x"), "<v a&gt;b>x</v>");
        assert_eq!(voice(Some(" \n"), "x"), "x");
        assert_eq!(voice(None, "x"), "x");
    }
}
