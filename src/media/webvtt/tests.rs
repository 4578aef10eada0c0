//! What holds for every transcript, and what hostile ones do.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::clock::Ticks;

/// Reads a file that was written here: nothing in it is wrong.
fn reread(file: &str) -> Vec<Cue> {
    let transcript: Transcript = file.parse().unwrap();
    assert_eq!(transcript.problems, [], "{file}");
    transcript.cues
}

fn spans_of(cues: &[Cue]) -> Vec<Span> {
    cues.iter().flat_map(Cue::spans).collect()
}

/// Speakers and what they say, without line breaks: a file cannot hold every text's.
fn said(spans: &[Span]) -> Vec<(Option<&str>, String)> {
    let words = |text: &str| {
        text.split(['\n', '\r'])
            .filter(|line| !line.is_empty())
            .collect::<String>()
    };
    spans
        .iter()
        .map(|span| (span.speaker.as_deref(), words(&span.text)))
        .collect()
}

/// Makes every form of what `bytes` hold, and reads it again. The fuzz target asserts the same.
fn check(bytes: &[u8]) -> Option<Transcript> {
    let transcript = Transcript::from_bytes(bytes).ok()?;
    assert_eq!(reread(&write(&transcript.cues)), transcript.cues);

    let spans = spans_of(&transcript.cues);
    let filled = transcript
        .cues
        .iter()
        .filter(|cue| !cue.spans().is_empty())
        .count();
    let without = reread(&unattributed(&transcript));
    assert_eq!(without.len(), filled);
    assert_eq!(spans_of(&without).len(), filled);
    assert!(spans_of(&without).iter().all(|span| span.speaker.is_none()));
    assert!(
        without
            .iter()
            .all(|cue| 0 <= cue.start_ms && cue.start_ms <= cue.end_ms)
    );

    let content = metadata_content(&transcript, Ticks(0), Some("en-US")).unwrap();
    let metadata: Transcript = content.parse().unwrap();
    assert_eq!(metadata.problems, []);
    let cues = from_metadata(&metadata).unwrap();
    assert_eq!(cues.len(), spans.len());
    assert!(cues.iter().all(|cue| cue.spoken_language.is_some()));
    assert_eq!(
        said(&spans_of(&reread(&content_from_metadata(&cues)))),
        said(&spans)
    );
    let _given = from_metadata(&transcript).map(|cues| reread(&content_from_metadata(&cues)));
    Some(transcript)
}

/// Pieces of which interesting files are made.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        6 => prop::sample::select(vec![
            "\n", "\n\n", "\r", "\r\n", "-->", " --> ", "--", ">", "<", "&", "\0", " ", "\t", ";", "x", "é",
        ]),
        3 => prop::sample::select(vec![
            "00:00:01.000 --> 00:00:02.000\n", "\n\n0:0:0.0 --> 0:0:5.320\n", "-00:01.500-->00:01.000", "NOTE",
            "STYLE\n", "REGION\n", "WEBVTT\n", "id", "{\"spokenText\":\"x\"}", "\n\n00:01.000 --> 00:02.000\n{",
        ]),
        3 => prop::sample::select(vec![
            "<v Ada>", "<v.loud Bo L.>", "<v>", "</v>", "<lang en-GB>", "</lang>", "<b>", "</b>", "<ruby>", "<rt>",
            "</ruby>", "<00:01.000>", "&amp;", "&lt;v Ada&gt;", "--&gt;", "&#10;&#10;", "&#13;", "&#0;", "&#x", "&nbsp;",
        ]),
    ];
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// A cue as a file can hold it.
fn cue() -> impl Strategy<Value = Cue> {
    let line = "[^\r\n\0]{1,20}";
    let text = prop::collection::vec(line, 0..4).prop_map(|lines| lines.join("\n"));
    let times = (-MAX_TIME_MS..=MAX_TIME_MS, -MAX_TIME_MS..=MAX_TIME_MS);
    let arrows = |text: String| text.replace("-->", "..");
    ("[^\r\n\0]{0,20}", times, text).prop_map(move |(identifier, (start_ms, end_ms), text)| Cue {
        identifier: arrows(identifier),
        start_ms,
        end_ms,
        text: arrows(text),
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
        check(&[b"WEBVTT\n\n00:01.000 --> 00:02.000\n", bytes.as_slice()].concat());
    }

    #[test]
    fn what_was_derived_reads_as_what_it_was_derived_from(text in soup()) {
        for start in ["WEBVTT\n\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n"] {
            let file = [start, &text].concat();
            prop_assert!(check(file.as_bytes()).is_some());
        }
    }

    #[test]
    fn cues_are_written_and_read_as_themselves(cues in prop::collection::vec(cue(), 0..5)) {
        prop_assert_eq!(reread(&write(&cues)), cues);
    }

    #[test]
    fn cues_that_no_file_can_hold_stay_as_many(texts in prop::collection::vec((soup(), soup()), 0..5), ms in any::<i64>()) {
        let cue = |(identifier, text): &(String, String)| Cue {
            identifier: identifier.clone(),
            start_ms: ms,
            end_ms: ms.wrapping_neg(),
            text: text.clone(),
        };
        let cues: Vec<Cue> = texts.iter().map(cue).collect();
        let once = reread(&write(&cues));
        prop_assert_eq!(once.len(), cues.len());
        prop_assert_eq!(reread(&write(&once)), once);
    }

    #[test]
    fn what_a_speaker_says_comes_back(name in "[^\0\r\n\t\x0c ]{0,20}", text in "[^\0\r\n]{0,40}") {
        let cues = [MetadataCue {
            speaker_name: Some(name.clone()),
            spoken_text: text.clone(),
            ..MetadataCue::default()
        }];
        let spans = spans_of(&reread(&content_from_metadata(&cues)));
        let expected = Span {
            speaker: Some(name).filter(|name| !name.is_empty()),
            language: None,
            text: text.trim().to_owned(),
        };
        let expected = Some(expected).filter(|span| !span.text.is_empty());
        prop_assert_eq!(spans, Vec::from_iter(expected));
    }
}

/// 10 MiB and a little more of `piece`.
fn much(piece: &str) -> String {
    piece.repeat((10 << 20) / piece.len() + 1)
}

/// A hundredth of that, for tests of many pieces.
fn many(piece: &str) -> String {
    piece.repeat((100 << 10) / piece.len() + 1)
}

fn in_a_cue(text: &str) -> Vec<Span> {
    let transcript: Transcript = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{text}")
        .parse()
        .unwrap();
    assert_eq!(transcript.cues.len(), 1);
    spans_of(&transcript.cues)
}

#[test]
fn ten_megabytes_of_arrows_are_one_problem_on_one_line() {
    let transcript: Transcript = format!("WEBVTT\n\n{}", much("-->")).parse().unwrap();
    let problems = (transcript.problems.len(), transcript.more_problems);
    assert_eq!((transcript.cues.len(), problems), (0, (1, 0)));
}

#[test]
fn a_line_with_an_arrow_is_a_problem_each() {
    let text = many("-->\n");
    let transcript: Transcript = format!("WEBVTT\n\n{text}").parse().unwrap();
    assert_eq!(
        transcript.problems.len() + transcript.more_problems,
        text.lines().count()
    );
}

#[test]
fn a_line_of_times_is_an_empty_cue_each() {
    let text = many("0:0:0.0-->0:0:1.0\n");
    let transcript: Transcript = format!("WEBVTT\n\n{text}").parse().unwrap();
    assert_eq!(transcript.cues.len(), text.lines().count());
    assert!(transcript.cues.iter().all(|cue| cue.text.is_empty()));
    assert_eq!(unattributed(&transcript), "WEBVTT\n");
}

#[test]
fn digits_without_end_are_no_hours_but_a_fraction() {
    let digits = many("9");
    let text =
        format!("WEBVTT\n\n{digits}:00:00.000 --> 00:01.000\nx\n\n00:01.{digits} --> 00:02.{digits}\ny");
    let transcript: Transcript = text.parse().unwrap();
    assert_eq!(transcript.problems.len(), 1);
    let times = transcript.cues.iter().map(|cue| (cue.start_ms, cue.end_ms));
    assert_eq!(Vec::from_iter(times), [(1_999, 2_999)]);
}

#[test]
fn ten_megabytes_of_unfinished_tags_say_nothing() {
    assert_eq!(in_a_cue(&much("<v")), []);
    for piece in [
        "<v Ada>",
        "<c>",
        "</v>",
        "<",
        "<>",
        "<ruby><rt>",
        "<lang x>",
        "<v A></v>",
    ] {
        assert_eq!(in_a_cue(&many(piece)), [], "{piece}");
    }
}

#[test]
fn voices_without_end_are_as_many_spans_as_allowed() {
    assert_eq!(in_a_cue(&many("<v Ada>x</v>")).len(), MAX_SPANS);
    assert_eq!(in_a_cue(&many("<v Ada>x")).len(), MAX_DEPTH);
}

#[test]
fn ten_megabytes_of_ampersands_are_one_span() {
    let text = much("&");
    let spans = in_a_cue(&text);
    assert_eq!((spans.len(), spans[0].text.len()), (1, text.len()));
}

#[test]
fn ten_megabytes_on_one_line_are_one_span() {
    let text = much("x");
    let spans = in_a_cue(&text);
    assert_eq!((spans.len(), spans[0].text.len()), (1, text.len()));
}

#[test]
fn text_without_end_is_one_span_and_escaped_the_same() {
    for piece in ["&", "&#", "&amp", ">", "x\n"] {
        let spans = in_a_cue(&many(piece));
        assert_eq!(spans.len(), 1, "{piece}");
        assert_eq!(in_a_cue(&text::escape(&spans[0].text)), spans, "{piece}");
    }
    assert_eq!(in_a_cue(&many("&#10;")), []);
    assert_eq!(in_a_cue(&format!("&#{};", many("9"))).len(), 1);
}

#[test]
fn names_without_end_are_cut() {
    for name in [many("x"), many("x "), many("&amp;"), many(" ")] {
        let spans = in_a_cue(&format!("<v {name}>x</v>"));
        let length = spans[0].speaker.as_deref().unwrap_or_default().chars().count();
        assert!(length <= MAX_NAME_CHARS, "{length}");
    }
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let mut text = format!("WEBVTT {}", "x".repeat(MAX_TEXT_BYTES - 7));
    assert!(Transcript::from_bytes(text.as_bytes()).is_ok());
    text.push('x');
    assert_eq!(Transcript::from_bytes(text.as_bytes()), Err(Error::TooLarge));
    assert_eq!(text.parse::<Transcript>(), Err(Error::TooLarge));
}

#[test]
fn a_transcript_as_teams_writes_it_is_read() {
    let transcript = replay("teams.vtt").unwrap();
    let told: Vec<_> = transcript
        .cues
        .iter()
        .map(|cue| (cue.start_ms, cue.end_ms, cue.identifier.len()))
        .collect();
    assert_eq!(told, [(3_120, 6_440, 41), (7_000, 8_210, 41)]);
    let spans = spans_of(&transcript.cues);
    let expected = [
        (
            Some("Ada Lovelace"),
            "Shall we begin withthe minutes of last week?".to_owned(),
        ),
        (Some("Bo Diddley"), "Yes & no.".to_owned()),
    ];
    assert_eq!(said(&spans), expected);
    let transcript = replay("teams-unpadded.vtt").unwrap();
    assert_eq!(
        (transcript.cues[1].start_ms, transcript.cues[1].end_ms),
        (5_320, 62_500)
    );
    let transcript = replay("teams-before-zero.vtt").unwrap();
    assert_eq!(
        (transcript.cues[1].start_ms, transcript.cues[1].end_ms),
        (-3_000, -2_000)
    );
    assert_eq!(from_metadata(&replay("metadata.vtt").unwrap()).unwrap().len(), 1);
    assert_eq!(from_metadata(&replay("metadata-broken.vtt").unwrap()), None);
}

fn replay(name: &str) -> Option<Transcript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/webvtt");
    check(&std::fs::read(folder.join(name)).unwrap())
}

#[test]
fn every_file_of_the_fuzzing_corpus_holds_what_the_fuzzer_asserts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/webvtt");
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(names.len() >= 20, "{names:?}");
    let read = names.iter().filter(|name| replay(name).is_some()).count();
    assert!(read >= names.len() / 2, "{read} of {}", names.len());
}
