//! From the text of a file to cues.

use std::borrow::Cow;

use super::{Cue, Error, MAX_PROBLEMS, Problem, ProblemKind, Transcript, timestamp};

/// What divides times; a line with it can only be the start of a cue.
const ARROW: &str = "-->";

/// Reads a whole file of at most `max_cues` cues (section 6.1, *WebVTT parser algorithm*).
pub(super) fn transcript(text: &str, max_cues: usize) -> Result<Transcript, Error> {
    let text = normalize(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut lines = Lines::new(&text);
    if !lines.next().is_some_and(|line| begins_with_word(line, "WEBVTT")) {
        return Err(Error::NotWebVtt);
    }
    lines.skip_block();
    let mut transcript = Transcript::default();
    while let Some(block) = Block::collect(&mut lines) {
        match block {
            Block::Cue(_) if transcript.cues.len() == max_cues => return Err(Error::TooManyCues),
            Block::Cue(cue) => transcript.cues.push(cue),
            Block::Nothing => {}
            Block::Wrong(problem) => transcript.report(problem),
        }
    }
    Ok(transcript)
}

/// `text` with U+000A for every line end, and U+FFFD for U+0000.
fn normalize(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') && !text.contains('\0') {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(text.replace('\0', "\u{fffd}"))
}

/// Whether `line` is `word`, perhaps with something behind a space or tab.
fn begins_with_word(line: &str, word: &str) -> bool {
    line.strip_prefix(word)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

impl Transcript {
    fn report(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

/// The lines of a text. A copy is a place to return to.
#[derive(Clone, Copy)]
struct Lines<'a> {
    rest: &'a str,
    /// How many lines were read.
    number: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            number: 0,
        }
    }

    /// The next line without its end; none behind the last line end.
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.number += 1;
        Some(line)
    }

    /// Reads over lines up to a blank one or the next cue.
    fn skip_block(&mut self) {
        let mut before = *self;
        while let Some(line) = self.next() {
            if line.is_empty() {
                return;
            }
            if line.contains(ARROW) {
                *self = before;
                return;
            }
            before = *self;
        }
    }

    /// The next line that is not blank.
    fn next_filled(&mut self) -> Option<&'a str> {
        loop {
            let line = self.next()?;
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    /// The lines up to a blank one or the next cue, joined.
    fn payload(&mut self) -> String {
        let mut text = String::new();
        let mut before = *self;
        while let Some(line) = self.next() {
            if line.is_empty() {
                break;
            }
            if line.contains(ARROW) {
                *self = before;
                break;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
            before = *self;
        }
        text
    }
}

/// What stands between blank lines.
enum Block {
    Cue(Cue),
    /// A comment, a style sheet or a region.
    Nothing,
    Wrong(Problem),
}

impl Block {
    /// Reads the next block (section 6.1, *collect a WebVTT block*): times are looked for in its first two lines, and
    /// a line with an arrow further down starts the next block.
    fn collect(lines: &mut Lines<'_>) -> Option<Self> {
        let first = lines.next_filled()?;
        let first_line = lines.number;
        if first.contains(ARROW) {
            return Some(Self::cue("", first, lines));
        }
        let before = *lines;
        match lines.next() {
            Some(second) if second.contains(ARROW) => return Some(Self::cue(first, second, lines)),
            Some(_) => *lines = before,
            None => {}
        }
        lines.skip_block();
        if is_known(first) {
            return Some(Self::Nothing);
        }
        Some(Self::Wrong(Problem {
            line: first_line,
            what: ProblemKind::NoCue,
        }))
    }

    fn cue(identifier: &str, times: &str, lines: &mut Lines<'_>) -> Self {
        let line = lines.number;
        let Some((start_ms, end_ms)) = timestamp::read_times(times) else {
            lines.skip_block();
            return Self::Wrong(Problem {
                line,
                what: ProblemKind::BadTimes,
            });
        };
        Self::Cue(Cue {
            identifier: identifier.to_owned(),
            start_ms,
            end_ms,
            text: lines.payload(),
        })
    }
}

/// Whether a block that begins with `line` is a comment, a style sheet or a region (section 4.1).
fn is_known(line: &str) -> bool {
    let mut words = ["NOTE", "STYLE", "REGION"].into_iter();
    words.any(|word| begins_with_word(line, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Transcript {
        text.parse().unwrap()
    }

    fn texts(text: &str) -> Vec<String> {
        read(text).cues.into_iter().map(|cue| cue.text).collect()
    }

    fn cue(identifier: &str, start_ms: i64, end_ms: i64, text: &str) -> Cue {
        Cue {
            identifier: identifier.to_owned(),
            start_ms,
            end_ms,
            text: text.to_owned(),
        }
    }

    #[test]
    fn only_the_signature_makes_it_webvtt() {
        for text in [
            "WEBVTT",
            "WEBVTT\n",
            "WEBVTT - a title\n",
            "WEBVTT\tx",
            "\u{feff}WEBVTT\r\n",
            "WEBVTT\r",
        ] {
            assert_eq!(text.parse(), Ok(Transcript::default()), "{text:?}");
        }
        for text in [
            "",
            "WEBVT",
            "webvtt\n",
            "WEBVTT:\n",
            "WEBVTTX\n",
            "WEBVTT\0",
            " WEBVTT\n",
            "\nWEBVTT\n",
            "\u{feff}\u{feff}WEBVTT\n",
            "1\n00:00:01,000 --> 00:00:02,000\nHi\n",
        ] {
            assert_eq!(text.parse::<Transcript>(), Err(Error::NotWebVtt), "{text:?}");
        }
        let utf_16: Vec<u8> = "\u{feff}WEBVTT"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(Transcript::from_bytes(&utf_16), Err(Error::NotWebVtt));
    }

    #[test]
    fn a_cue_has_times_an_identifier_and_lines() {
        let text = "WEBVTT\n\nfirst cue\n00:01.000 --> 00:02.000 align:start\n<v Ada>Good\nmorning</v>\n\n\n\n00:03.000 --> 00:04.000\n\n";
        let expected = vec![
            cue("first cue", 1_000, 2_000, "<v Ada>Good\nmorning</v>"),
            cue("", 3_000, 4_000, ""),
        ];
        assert_eq!(read(text).cues, expected);
        assert_eq!(read(text).problems, []);
    }

    #[test]
    fn all_line_ends_read_the_same() {
        let text = "WEBVTT\n\na\n00:01.000 --> 00:02.000\nx\ny\n\n00:03.000 --> 00:04.000\nz";
        let expected = read(text);
        assert_eq!(expected.cues.len(), 2);
        assert_eq!(read(&text.replace('\n', "\r\n")), expected);
        assert_eq!(read(&text.replace('\n', "\r")), expected);
        assert_eq!(read(&text.replacen('\n', "\r\n", 5)), expected);
    }

    #[test]
    fn what_is_below_the_signature_is_read_over() {
        let text = "WEBVTT\nKind: captions\nLanguage: en\n\n00:01.000 --> 00:02.000\nx";
        assert_eq!(texts(text), ["x"]);
        assert_eq!(texts("WEBVTT title\nX-A: b\n00:01.000 --> 00:02.000\nx"), ["x"]);
        assert_eq!(texts("WEBVTT\n00:01.000 --> 00:02.000\nx"), ["x"]);
        assert_eq!(
            read("WEBVTT\nid\n00:01.000 --> 00:02.000\nx").cues,
            [cue("", 1_000, 2_000, "x")]
        );
    }

    #[test]
    fn comments_styles_and_regions_are_no_cues_and_no_problems() {
        let text = "WEBVTT\n\nNOTE\n\nNOTE one line\n\nNOTE\nmany\nlines\n\nSTYLE\n::cue { color: red }\n\nREGION \nid:a width:40%\n\n00:01.000 --> 00:02.000\nx\n\nSTYLE\nlate\n\nNOTE end";
        assert_eq!(texts(text), ["x"]);
        assert_eq!(read(text).problems, []);
    }

    #[test]
    fn a_word_above_times_is_an_identifier_whatever_it_is() {
        let text = "WEBVTT\n\nSTYLE\n00:01.000 --> 00:02.000\nx\n\nNOTE a\n00:03.000 --> 00:04.000\ny";
        assert_eq!(
            read(text).cues,
            [cue("STYLE", 1_000, 2_000, "x"), cue("NOTE a", 3_000, 4_000, "y")]
        );
    }

    #[test]
    fn times_end_the_cue_above_them() {
        let text =
            "WEBVTT\n\n00:01.000 --> 00:02.000\nx\n00:03.000 --> 00:04.000\ny\nz\n00:05.000 --> 00:06.000";
        assert_eq!(texts(text), ["x", "y\nz", ""]);
        let text = "WEBVTT\n\nNOTE a\nb\n00:03.000 --> 00:04.000\ny";
        assert_eq!(texts(text), ["y"]);
    }

    #[test]
    fn a_bad_cue_loses_that_cue_only_and_is_reported() {
        let text = "WEBVTT\n\n00:01.000 --> 00:02.000\nx\n\nid\n00:99.000 --> 00:02.000\nlost\n\nalone\nand lost\n\nNOTE --> \nlost\n00:03.000 --> 00:04.000\ny";
        let transcript = read(text);
        assert_eq!(texts(text), ["x", "y"]);
        let problem = |line, what| Problem { line, what };
        let expected = [
            problem(7, ProblemKind::BadTimes),
            problem(10, ProblemKind::NoCue),
            problem(13, ProblemKind::BadTimes),
        ];
        assert_eq!(transcript.problems, expected);
        assert_eq!(transcript.more_problems, 0);
    }

    #[test]
    fn what_follows_a_blank_line_is_not_part_of_the_cue() {
        let transcript = read("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n\ny\n \nz");
        assert_eq!(transcript.cues, [cue("", 1_000, 2_000, "x")]);
        assert_eq!(
            transcript.problems,
            [Problem {
                line: 6,
                what: ProblemKind::NoCue
            }]
        );
    }

    #[test]
    fn nul_and_bytes_that_are_not_utf_8_are_replaced() {
        let bytes = b"WEBVTT\n\n\0id\0\n00:01.000 --> 00:02.000\na\0b\xffc\0";
        let transcript = Transcript::from_bytes(bytes).unwrap();
        assert_eq!(
            transcript.cues,
            [cue(
                "\u{fffd}id\u{fffd}",
                1_000,
                2_000,
                "a\u{fffd}b\u{fffd}c\u{fffd}"
            )]
        );
    }

    #[test]
    fn problems_beyond_the_limit_are_counted() {
        let transcript = read(&format!("WEBVTT\n\n{}", "-->\n".repeat(MAX_PROBLEMS + 7)));
        assert_eq!(
            (transcript.problems.len(), transcript.more_problems),
            (MAX_PROBLEMS, 7)
        );
    }

    #[test]
    fn too_many_cues_are_refused() {
        let text = "WEBVTT\n\n00:01.000 --> 00:02.000\n\nNOTE a\n\n00:01.000 --> 00:02.000\nx\n\n-->";
        assert_eq!(transcript(text, 2).map(|read| read.cues.len()), Ok(2));
        assert_eq!(transcript(text, 1), Err(Error::TooManyCues));
        assert_eq!(transcript(text, 0), Err(Error::TooManyCues));
    }
}
