//! `metadataContent`: WebVTT whose cues hold one JSON object each (section 4.6.1, *file using metadata content*),
//! after the example on <https://learn.microsoft.com/graph/api/calltranscript-get>.

use serde::{Deserialize, Serialize};

use super::{Cue, Error, MAX_METADATA_BYTES, MAX_TIME_MS, Span, Transcript, write};
use crate::clock::{TICKS_PER_SECOND, Ticks};

/// One cue of `metadataContent`. The order of the members is that of the example.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataCue {
    /// When the cue starts, relative to the recording.
    #[serde(skip)]
    pub start_ms: i64,
    /// When the cue ends.
    #[serde(skip)]
    pub end_ms: i64,
    /// The instant at which it starts, in the form `2024-07-12T11:38:15.2593199+00:00`.
    #[serde(default)]
    pub start_date_time: Option<String>,
    /// The instant at which it ends.
    #[serde(default)]
    pub end_date_time: Option<String>,
    /// Who speaks, where that is known.
    #[serde(default)]
    pub speaker_name: Option<String>,
    /// What is said, without tags or references.
    pub spoken_text: String,
    /// In which language, such as `en-us`, where that is known.
    #[serde(default)]
    pub spoken_language: Option<String>,
}

/// The transcript as `metadataContent`: a cue for every span.
///
/// `created` is the instant of time zero. The instants in the JSON are what the transcript says, even before that;
/// the times of the cues begin at zero. `language` holds where no `<lang>` does; a name or language that is not known
/// is null.
pub fn metadata_content(
    transcript: &Transcript,
    created: Ticks,
    language: Option<&str>,
) -> Result<String, Error> {
    content_within(transcript, created, language, MAX_METADATA_BYTES)
}

fn content_within(
    transcript: &Transcript,
    created: Ticks,
    language: Option<&str>,
    max_bytes: usize,
) -> Result<String, Error> {
    let mut file = write::start();
    for cue in &transcript.cues {
        for span in cue.spans() {
            let json = json(&metadata_cue(cue, span, created, language))?;
            write::push_cue(&mut file, cue.clamped(), &json);
            if file.len() > max_bytes {
                return Err(Error::TooLarge);
            }
        }
    }
    Ok(file)
}

fn metadata_cue(cue: &Cue, span: Span, created: Ticks, language: Option<&str>) -> MetadataCue {
    let language = span.language.as_deref().or(language);
    MetadataCue {
        start_ms: cue.start_ms,
        end_ms: cue.end_ms,
        start_date_time: Some(instant(created, cue.start_ms)),
        end_date_time: Some(instant(created, cue.end_ms)),
        speaker_name: span.speaker,
        spoken_text: span.text,
        spoken_language: language.map(str::to_ascii_lowercase),
    }
}

/// The instant `ms` after `created`, with an offset where Graph's other instants have `Z`.
fn instant(created: Ticks, ms: i64) -> String {
    let offset = ms.clamp(-MAX_TIME_MS, MAX_TIME_MS) * (TICKS_PER_SECOND / 1000);
    let mut text = Ticks(created.0.saturating_add(offset)).to_string();
    if text.ends_with('Z') {
        text.pop();
    }
    text + "+00:00"
}

/// `cue` on one line. Within JSON an arrow can only stand in a string, where its last character can be escaped.
fn json(cue: &MetadataCue) -> Result<String, Error> {
    // Strings and nulls can always be written; only the room for them can be too small.
    let json = serde_json::to_string(cue).map_err(|_| Error::TooLarge)?;
    Ok(json.replace("-->", "--\\u003e"))
}

/// Reads `metadataContent`. None if a cue holds anything but such a JSON object, as the cues of plain transcripts do.
pub fn from_metadata(transcript: &Transcript) -> Option<Vec<MetadataCue>> {
    let filled = transcript.cues.iter().filter(|cue| !cue.text.trim().is_empty());
    let cues = filled.map(|cue| {
        let read: MetadataCue = serde_json::from_str(&cue.text).ok()?;
        Some(MetadataCue {
            start_ms: cue.start_ms,
            end_ms: cue.end_ms,
            ..read
        })
    });
    cues.collect()
}

/// The `content` of a transcript of which only `metadataContent` is there: times, `<v>` and text.
pub fn content_from_metadata(cues: &[MetadataCue]) -> String {
    let mut file = write::start();
    for cue in cues {
        let text = write::voice(cue.speaker_name.as_deref(), cue.spoken_text.trim());
        write::push_cue(&mut file, (cue.start_ms, cue.end_ms), &text);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cues: &str) -> Transcript {
        format!("WEBVTT\n\n{cues}").parse().unwrap()
    }

    fn created() -> Ticks {
        "2024-07-12T11:37:59.0113199Z".parse().unwrap()
    }

    #[test]
    fn a_cue_is_one_json_object_on_one_line() {
        let transcript = read("a/0\n00:00:16.246 --> 00:00:17.726\n<v Ada L.>This is a test.</v>");
        let expected = "WEBVTT\n\n00:00:16.246 --> 00:00:17.726\n{\"startDateTime\":\"2024-07-12T11:38:15.2573199+00:00\",\"endDateTime\":\"2024-07-12T11:38:16.7373199+00:00\",\"speakerName\":\"Ada L.\",\"spokenText\":\"This is a test.\",\"spokenLanguage\":\"en-us\"}\n";
        let content = metadata_content(&transcript, created(), Some("en-US")).unwrap();
        assert_eq!(content, expected);
    }

    #[test]
    fn two_speakers_make_two_cues_of_the_same_time() {
        let transcript =
            read("00:01.000 --> 00:02.000\n<v Ada>Hi</v>\n<v Bo>Good <lang FR>jour</lang></v>\nx");
        let content = metadata_content(&transcript, created(), None).unwrap();
        let cues = from_metadata(&content.parse().unwrap()).unwrap();
        let told: Vec<_> = cues
            .iter()
            .map(|cue| {
                let language = cue.spoken_language.as_deref();
                (
                    cue.speaker_name.as_deref(),
                    cue.spoken_text.as_str(),
                    language,
                    cue.start_ms,
                )
            })
            .collect();
        let expected = [
            (Some("Ada"), "Hi", None, 1_000),
            (Some("Bo"), "Good", None, 1_000),
            (Some("Bo"), "jour", Some("fr"), 1_000),
            (None, "x", None, 1_000),
        ];
        assert_eq!(told, expected);
        assert_eq!(content.matches("\"spokenLanguage\":null").count(), 3);
        assert_eq!(content.matches("\"speakerName\":null").count(), 1);
    }

    #[test]
    fn instants_go_before_creation_where_times_stop_at_zero() {
        let transcript = read("-00:00:01.500 --> -00:00:00.500\nx");
        let content = metadata_content(&transcript, created(), None).unwrap();
        assert!(content.contains("00:00:00.000 --> 00:00:00.000\n"), "{content}");
        assert!(
            content.contains("\"startDateTime\":\"2024-07-12T11:37:57.5113199+00:00\""),
            "{content}"
        );
        assert!(
            content.contains("\"endDateTime\":\"2024-07-12T11:37:58.5113199+00:00\""),
            "{content}"
        );
    }

    #[test]
    fn instants_stay_within_the_years_that_can_be_written() {
        let transcript = read("-256204778:48:05.477 --> 256204778:48:05.477\nx");
        let content = metadata_content(&transcript, created(), None).unwrap();
        assert!(
            content.contains("\"startDateTime\":\"0001-01-01T00:00:00.0000000+00:00\""),
            "{content}"
        );
        assert!(
            content.contains("\"endDateTime\":\"9999-12-31T23:59:59.9999999+00:00\""),
            "{content}"
        );
    }

    #[test]
    fn what_is_said_cannot_break_the_cue() {
        let said = "--> \" \\ \n --\u{0}>\r\n\n---> {} \u{2028}";
        let cue = Cue {
            end_ms: 1_000,
            text: write::voice(Some("A --> \"B\""), said),
            ..Cue::default()
        };
        let transcript = Transcript {
            cues: vec![cue],
            ..Transcript::default()
        };
        let content = metadata_content(&transcript, created(), None).unwrap();
        assert_eq!(content.lines().count(), 4);
        assert_eq!(content.matches("-->").count(), 1);
        let cues = from_metadata(&content.parse().unwrap()).unwrap();
        assert_eq!(cues[0].speaker_name.as_deref(), Some("A --> \"B\""));
        assert_eq!(cues[0].spoken_text, said.trim());
    }

    #[test]
    fn members_may_be_absent_unknown_or_in_any_order() {
        let transcript = read(
            "0:0:1.0 --> 0:0:2.0\n{ \"spokenText\": \"a\",\n  \"other\": [1, {}],\n  \"speakerName\": null }\n\n00:03.000 --> 00:04.000\n\n00:05.000 --> 00:06.000\n{\"speakerName\":\"Bo\",\"spokenText\":\"b\"}",
        );
        let cues = from_metadata(&transcript).unwrap();
        let expected = [
            MetadataCue {
                start_ms: 1_000,
                end_ms: 2_000,
                spoken_text: "a".to_owned(),
                ..MetadataCue::default()
            },
            MetadataCue {
                start_ms: 5_000,
                end_ms: 6_000,
                speaker_name: Some("Bo".to_owned()),
                spoken_text: "b".to_owned(),
                ..MetadataCue::default()
            },
        ];
        assert_eq!(cues, expected);
    }

    #[test]
    fn other_transcripts_are_no_metadata() {
        for text in [
            "<v Ada>x</v>",
            "x",
            "{}",
            "[]",
            "null",
            "\"x\"",
            "{\"spokenText\":1}",
            "{\"spokenText\":\"x\"} y",
            "{\"spokenText\":\"x\",\"speakerName\":[]}",
            "{\"spokenText\":\"x\",\"spokenText\":\"y\"}",
            "{\"spokenText\":\"x\"",
        ] {
            let good = "00:00.000 --> 00:01.000\n{\"spokenText\":\"x\"}";
            let transcript = read(&format!("{good}\n\n00:01.000 --> 00:02.000\n{text}"));
            assert_eq!(from_metadata(&transcript), None, "{text}");
        }
        assert_eq!(from_metadata(&read("")), Some(Vec::new()));
    }

    #[test]
    fn content_is_made_from_metadata() {
        let transcript = read(
            "00:00:16.246 --> 00:00:17.726\n{\"startDateTime\":\"2024-07-12T11:38:15.2593199+00:00\",\"endDateTime\":\"2024-07-12T11:38:16.7393199+00:00\",\"speakerName\":\"Ada\",\"spokenText\":\"1 < 2 --\\u003e 3\",\"spokenLanguage\":\"en-us\"}\n\n-00:01.000 --> 00:02.000\n{\"spokenText\":\"a\\n\\nb\"}",
        );
        let content = content_from_metadata(&from_metadata(&transcript).unwrap());
        let expected = "WEBVTT\n\n00:00:16.246 --> 00:00:17.726\n<v Ada>1 &lt; 2 --&gt; 3</v>\n\n-00:00:01.000 --> 00:00:02.000\na\nb\n";
        assert_eq!(content, expected);
    }

    #[test]
    fn metadata_that_would_be_too_large_is_refused() {
        let transcript =
            read("00:00.000 --> 00:01.000\n<v Ada>x</v><v Bo>y</v>\n\n00:01.000 --> 00:02.000\nz");
        let length = metadata_content(&transcript, created(), None).unwrap().len();
        assert!(content_within(&transcript, created(), None, length).is_ok());
        for max_bytes in [0, length / 2, length - 1] {
            let refused = content_within(&transcript, created(), None, max_bytes);
            assert_eq!(refused, Err(Error::TooLarge));
        }
    }
}
