//! Cue text: its tags and character references (section 6.4), and the way back.

use super::{MAX_DEPTH, MAX_NAME_CHARS, MAX_SPANS};

/// Text that one speaker says in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// The name in the innermost `<v>` around it.
    pub speaker: Option<String>,
    /// The tag in the innermost `<lang>` around it, as written.
    pub language: Option<String>,
    /// The text, without white space at its ends.
    pub text: String,
}

/// The spans of a cue text.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let parsed = CueText::parse(text);
    let runs = parsed.runs.iter().filter_map(|run| {
        let text = run.text.trim();
        (!text.is_empty()).then(|| Span {
            speaker: parsed.name(run.within.voice),
            language: parsed.name(run.within.language),
            text: text.to_owned(),
        })
    });
    runs.collect()
}

/// What is said in a cue text, with a line of its own for every `<v>`.
pub(super) fn plain(text: &str) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut last = None;
    for run in CueText::parse(text).runs {
        match said.last_mut() {
            Some(line) if last == Some(run.within.voice) => line.push_str(&run.text),
            _ => said.push(run.text),
        }
        last = Some(run.within.voice);
    }
    let lines: Vec<&str> = said
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// `text` so that it reads as itself within a cue (section 4.2.2, *cue text span*).
pub(super) fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace("-->", "--&gt;")
}

/// `name` so that it reads as itself within a tag, on one line (section 4.2.2, *start tag annotation text*). What
/// ends in `--` would make an arrow with the end of its tag.
pub(super) fn escape_name(name: &str) -> String {
    let name = cut_name(name).replace('&', "&amp;");
    let name = name.replace('>', "&gt;").replace('<', "&lt;");
    match name.strip_suffix("--") {
        Some(start) => format!("{start}-&#45;"),
        None => name,
    }
}

/// `name` with single spaces for its white space, cut to [`MAX_NAME_CHARS`].
fn cut_name(name: &str) -> String {
    let words = name.split_ascii_whitespace();
    let spaced = words.flat_map(|word| std::iter::once(' ').chain(word.chars()));
    let mut name: String = spaced.skip(1).take(MAX_NAME_CHARS).collect();
    if name.ends_with(' ') {
        name.pop();
    }
    name
}

/// The names that hold at a place, as indices of [`CueText::names`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Within {
    voice: Option<usize>,
    language: Option<usize>,
}

/// Text between two changes of [`Within`].
struct Run {
    within: Within,
    text: String,
}

/// A cue text, read.
#[derive(Default)]
struct CueText {
    names: Vec<String>,
    runs: Vec<Run>,
}

/// What a tag opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Class,
    Italic,
    Bold,
    Underline,
    Ruby,
    RubyText,
    Voice,
    Language,
}

impl Element {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "c" => Self::Class,
            "i" => Self::Italic,
            "b" => Self::Bold,
            "u" => Self::Underline,
            "ruby" => Self::Ruby,
            "rt" => Self::RubyText,
            "v" => Self::Voice,
            "lang" => Self::Language,
            _ => return None,
        })
    }
}

/// The elements around a place.
#[derive(Default)]
struct Open {
    elements: Vec<(Element, Within)>,
    /// How many more there are than [`MAX_DEPTH`].
    deeper: usize,
}

impl Open {
    fn innermost(&self) -> Option<Element> {
        self.elements.last().map(|(element, _)| *element)
    }

    fn within(&self) -> Within {
        self.elements
            .last()
            .map_or_else(Within::default, |(_, within)| *within)
    }

    /// Follows an end tag (section 6.4): one that does not fit the innermost element does nothing, but `</ruby>` ends
    /// `<rt>` too.
    fn close(&mut self, element: Element) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        if element == Element::Ruby && self.innermost() == Some(Element::RubyText) {
            self.elements.pop();
        }
        if self.innermost() == Some(element) {
            self.elements.pop();
        }
    }
}

impl CueText {
    /// Reads a cue text (section 6.4, *WebVTT cue text parsing rules* and *tokenizer*). A tag ends at the next `>`,
    /// whatever is in it, or with the text.
    fn parse(mut rest: &str) -> Self {
        let mut parsed = Self::default();
        let mut open = Open::default();
        while !rest.is_empty() {
            if let Some(tag) = rest.strip_prefix('<') {
                let (tag, behind) = tag.split_once('>').unwrap_or((tag, ""));
                parsed.follow(tag, &mut open);
                rest = behind;
            } else {
                let (text, behind) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
                parsed.say(text, open.within());
                rest = behind;
            }
        }
        parsed
    }

    /// Follows the tag between `<` and `>`. A time in it begins with a digit, so it is no element.
    fn follow(&mut self, tag: &str, open: &mut Open) {
        if let Some(name) = tag.strip_prefix('/') {
            if let Some(element) = Element::from_name(name) {
                open.close(element);
            }
            return;
        }
        let is_space = |c: char| matches!(c, '\t' | '\n' | '\x0c' | ' ');
        let (name, annotation) = tag.split_once(is_space).unwrap_or((tag, ""));
        let name = name.split('.').next().unwrap_or_default();
        let Some(element) = Element::from_name(name) else {
            return;
        };
        if element == Element::RubyText && open.innermost() != Some(Element::Ruby) {
            return;
        }
        if open.elements.len() == MAX_DEPTH {
            open.deeper += 1;
            return;
        }
        let mut within = open.within();
        match element {
            Element::Voice => within.voice = Some(self.keep(annotation)),
            Element::Language => within.language = Some(self.keep(annotation)),
            Element::Class
            | Element::Italic
            | Element::Bold
            | Element::Underline
            | Element::Ruby
            | Element::RubyText => {}
        }
        open.elements.push((element, within));
    }

    fn keep(&mut self, annotation: &str) -> usize {
        let mut name = String::new();
        unescape(annotation, &mut name);
        self.names.push(cut_name(&name));
        self.names.len() - 1
    }

    /// The name kept as `index`, unless it is empty.
    fn name(&self, index: Option<usize>) -> Option<String> {
        let name = self.names.get(index?)?;
        Some(name.clone()).filter(|name| !name.is_empty())
    }

    fn say(&mut self, text: &str, within: Within) {
        let full = self.runs.len() == MAX_SPANS;
        match self.runs.last_mut() {
            Some(run) if full || run.within == within => unescape(text, &mut run.text),
            _ => {
                let mut run = Run {
                    within,
                    text: String::new(),
                };
                unescape(text, &mut run.text);
                self.runs.push(run);
            }
        }
    }
}

/// Character references that are read, the longest first. HTML knows those without `;` from its early days.
const REFERENCES: [(&str, char); 13] = [
    ("amp;", '&'),
    ("amp", '&'),
    ("lt;", '<'),
    ("lt", '<'),
    ("gt;", '>'),
    ("gt", '>'),
    ("nbsp;", '\u{a0}'),
    ("nbsp", '\u{a0}'),
    ("quot;", '"'),
    ("quot", '"'),
    ("apos;", '\''),
    ("lrm;", '\u{200e}'),
    ("rlm;", '\u{200f}'),
];

/// Appends `text` to `out` with its character references replaced; what is none stays as it is.
fn unescape(text: &str, out: &mut String) {
    let mut parts = text.split('&');
    out.extend(parts.next());
    for part in parts {
        let (c, rest) = reference(part).unwrap_or(('&', part));
        out.push(c);
        out.push_str(rest);
    }
}

/// The character that a reference behind `&` stands for, and what is behind it.
fn reference(text: &str) -> Option<(char, &str)> {
    if let Some(number) = text.strip_prefix('#') {
        return numeric(number);
    }
    let mut known = REFERENCES.iter();
    known.find_map(|(name, c)| Some((*c, text.strip_prefix(name)?)))
}

/// Reads `65;` or `x41;`. What is no character becomes U+FFFD, as in HTML.
fn numeric(text: &str) -> Option<(char, &str)> {
    let (radix, text) = match text.strip_prefix(['x', 'X']) {
        Some(rest) => (16, rest),
        None => (10, text),
    };
    let end = text.find(|c: char| !c.is_digit(radix)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let value = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|value| *value != 0);
    let c = value.and_then(char::from_u32).unwrap_or('\u{fffd}');
    Some((c, rest.strip_prefix(';').unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(speaker: &str, language: &str, text: &str) -> Span {
        let name = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        Span {
            speaker: name(speaker),
            language: name(language),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_voice_is_the_speaker_of_what_it_holds() {
        let cases = [
            ("Hello", vec![span("", "", "Hello")]),
            (
                "<v Ada Lovelace>Hello</v>",
                vec![span("Ada Lovelace", "", "Hello")],
            ),
            ("<v.loud.first Ada>Hello</v>", vec![span("Ada", "", "Hello")]),
            ("<v Ada>Hello", vec![span("Ada", "", "Hello")]),
            (
                "<v Ada>Hello</v> all",
                vec![span("Ada", "", "Hello"), span("", "", "all")],
            ),
            (
                "<v Ada>Hello</v>\n<v Bo>Hi</v>",
                vec![span("Ada", "", "Hello"), span("Bo", "", "Hi")],
            ),
            (
                "<v Ada>Hello <v Bo>Hi</v> again",
                vec![
                    span("Ada", "", "Hello"),
                    span("Bo", "", "Hi"),
                    span("Ada", "", "again"),
                ],
            ),
            ("<v>Hello</v>", vec![span("", "", "Hello")]),
            ("<v.loud>Hello</v>", vec![span("", "", "Hello")]),
            ("<v \t Ada\n  L. >Hello</v>", vec![span("Ada L.", "", "Hello")]),
            (
                "<v A&amp;B &lt;x&gt;>Hello</v>",
                vec![span("A&B <x>", "", "Hello")],
            ),
            ("<v Ada", vec![]),
            ("<v Ada></v>", vec![]),
            (" \n ", vec![]),
            ("", vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(spans(text), expected, "{text}");
        }
    }

    #[test]
    fn a_language_holds_within_its_tag() {
        let cases = [
            ("<lang en-us>Hello</lang>", vec![span("", "en-us", "Hello")]),
            (
                "<v Ada>I say <lang fr>salut</lang> now</v>",
                vec![
                    span("Ada", "", "I say"),
                    span("Ada", "fr", "salut"),
                    span("Ada", "", "now"),
                ],
            ),
            ("<lang de><v Bo>Ja", vec![span("Bo", "de", "Ja")]),
            ("<lang>Hm</lang>", vec![span("", "", "Hm")]),
        ];
        for (text, expected) in cases {
            assert_eq!(spans(text), expected, "{text}");
        }
    }

    #[test]
    fn other_tags_leave_their_text() {
        let cases = [
            ("<b>bold</b> <i>and</i> <u>more</u>", "bold and more"),
            ("<c.yellow.bg_blue>x</c><c>y", "xy"),
            ("one <00:00:01.000>two <00:02.000>three", "one two three"),
            ("<ruby>明<rt>あか</rt>日<rt>た</ruby>!", "明あか日た!"),
            ("<rt>x</rt>", "x"),
            ("<strong>x</strong><!-- y -->z", "xz"),
            ("<>x</>", "x"),
            ("< v>x", "x"),
            ("<.a>x", "x"),
            ("1 > 0", "1 > 0"),
            ("x<", "x"),
            ("x</", "x"),
        ];
        for (text, expected) in cases {
            assert_eq!(spans(text), [span("", "", expected)], "{text}");
        }
    }

    #[test]
    fn an_end_tag_that_does_not_fit_does_nothing() {
        let text = "<v Ada>a<b>b</v>c</b>d</v>e";
        assert_eq!(spans(text), [span("Ada", "", "abcd"), span("", "", "e")]);
        assert_eq!(spans("<v Ada>a</v >b"), [span("Ada", "", "ab")]);
        assert_eq!(spans("</v>a"), [span("", "", "a")]);
    }

    #[test]
    fn character_references_are_read() {
        let cases = [
            ("a &amp; b &lt;v&gt;", "a & b <v>"),
            (
                "1&nbsp;2&lrm;3&rlm;4&quot;5&apos;",
                "1\u{a0}2\u{200e}3\u{200f}4\"5'",
            ),
            ("&#65;&#x42;&#X63;&#100", "ABcd"),
            ("&#128512;", "😀"),
            ("&amplt; &lt&gt", "&lt; <>"),
            (
                "&#0;&#xd800;&#x110000;&#99999999999999999999;",
                "\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("&amp;lt;", "&lt;"),
            (
                "AT&T &unknown; &; &# &#x; &#xg &",
                "AT&T &unknown; &; &# &#x; &#xg &",
            ),
            ("&Amp; &LRM;", "&Amp; &LRM;"),
        ];
        for (text, expected) in cases {
            assert_eq!(spans(text), [span("", "", expected)], "{text}");
        }
    }

    #[test]
    fn every_voice_has_its_line_in_plain_text() {
        let cases = [
            ("<v Ada>Hello.</v><v Bo>Hi.</v>", "Hello.\nHi."),
            ("<v Ada>I say <lang fr>salut</lang> now</v>", "I say salut now"),
            ("one\ntwo", "one\ntwo"),
            ("  <v Ada> </v> ", ""),
            ("&lt;v&gt;", "<v>"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn tags_beyond_the_depth_are_read_over_in_pairs() {
        let (start, end) = ("<c>".repeat(MAX_DEPTH - 1), "</c>".repeat(MAX_DEPTH - 1));
        let text = format!("<v Ada>{start}<b><v Bo>x</v></b>{end}y</v>z");
        assert_eq!(spans(&text), [span("Ada", "", "xy"), span("", "", "z")]);
    }

    #[test]
    fn names_and_spans_have_limits() {
        let name = "é".repeat(MAX_NAME_CHARS + 1);
        let spans_of = spans(&format!("<v {name}>x"));
        assert_eq!(spans_of, [span(&"é".repeat(MAX_NAME_CHARS), "", "x")]);
        let spans_of = spans(&"<v A>x</v>".repeat(MAX_SPANS + 5));
        assert_eq!(spans_of.len(), MAX_SPANS);
        assert_eq!(spans_of.last(), Some(&span("A", "", "xxxxxx")));
    }

    #[test]
    fn escaped_text_and_names_read_as_themselves() {
        for text in [
            "a < b & c > d",
            "--> &amp; --->",
            "<v Ada>",
            "&",
            "x --\u{a0}> y",
            "--",
            "<--",
            "x---",
        ] {
            assert_eq!(spans(&escape(text)), [span("", "", text)], "{text}");
            assert!(!escape(text).contains("-->"));
            let voice = format!("<v {}>x</v>", escape_name(text));
            assert!(!voice.contains("-->"));
            assert_eq!(
                spans(&voice).first().unwrap().speaker.as_deref(),
                Some(cut_name(text).as_str())
            );
        }
        assert_eq!(escape_name(" Ada\r\n\nL.\t> "), "Ada L. &gt;");
    }
}
