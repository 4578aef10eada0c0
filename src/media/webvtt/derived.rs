//! A transcript without its speakers.

use super::{Transcript, text, write};

/// Whether a cue names who speaks.
pub fn has_speakers(transcript: &Transcript) -> bool {
    let mut spans = transcript.cues.iter().flat_map(super::Cue::spans);
    spans.any(|span| span.speaker.is_some())
}

/// The transcript as WebVTT with times and text only, for `application/vnd.microsoft.graph.transcript+text`.
///
/// Tags and identifiers are left out, cues that say nothing too. The voices of one cue have a line each. Times begin at
/// zero and no cue ends before it starts.
pub fn unattributed(transcript: &Transcript) -> String {
    let mut file = write::start();
    for cue in &transcript.cues {
        let said = text::plain(&cue.text);
        if !said.is_empty() {
            write::push_cue(&mut file, cue.clamped(), &text::escape(&said));
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cues: &str) -> Transcript {
        format!("WEBVTT\n\n{cues}").parse().unwrap()
    }

    #[test]
    fn nobody_is_named_without_attribution() {
        let transcript = read(
            "id/0\n-00:00:01.500 --> 0:0:5.320 align:start\n<v Ada>Good <b>morning</b></v><v Bo>Hi\nAda</v>\n\n00:06.000 --> 00:05.000\n1 &lt; 2 &amp; 3 --&gt;\n\n00:07.000 --> 00:08.000\n<v Ada></v>",
        );
        let expected = "WEBVTT\n\n00:00:00.000 --> 00:00:05.320\nGood morning\nHi\nAda\n\n00:00:06.000 --> 00:00:06.000\n1 &lt; 2 &amp; 3 --&gt;\n";
        assert_eq!(unattributed(&transcript), expected);
    }

    #[test]
    fn a_cue_wholly_before_zero_is_at_zero() {
        let transcript = read("-00:03.000 --> -00:01.000\nx");
        assert_eq!(
            unattributed(&transcript),
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.000\nx\n"
        );
    }

    #[test]
    fn what_is_written_as_a_reference_cannot_become_markup() {
        let transcript =
            read("00:01.000 --> 00:02.000\na&#10;&#10;00:03.000 --&gt; 00:04.000&#13;&lt;v Ada&gt;b");
        let again: Transcript = unattributed(&transcript).parse().unwrap();
        assert_eq!(again.cues.len(), 1);
        assert!(!has_speakers(&again));
        assert_eq!(
            text::plain(&again.cues[0].text),
            "a\n00:03.000 --> 00:04.000\n<v Ada>b"
        );
    }

    #[test]
    fn a_voice_with_a_name_is_a_speaker() {
        let cases = [
            ("00:01.000 --> 00:02.000\n<v Ada>x</v>", true),
            (
                "00:01.000 --> 00:02.000\nx\n\n00:03.000 --> 00:04.000\n<v.a Bo>x",
                true,
            ),
            ("00:01.000 --> 00:02.000\n<v>x</v>", false),
            ("00:01.000 --> 00:02.000\n<v Ada></v>", false),
            ("00:01.000 --> 00:02.000\n&lt;v Ada>x", false),
            ("", false),
        ];
        for (cues, expected) in cases {
            assert_eq!(has_speakers(&read(cues)), expected, "{cues}");
        }
    }
}
