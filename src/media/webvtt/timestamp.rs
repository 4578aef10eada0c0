//! Times of cues, from text to milliseconds and back.

use super::MAX_TIME_MS;

/// Reads the two times of a cue (section 6.3); settings behind them are read over.
pub(super) fn read_times(line: &str) -> Option<(i64, i64)> {
    let (start_ms, rest) = read(skip_spaces(line))?;
    let rest = skip_spaces(rest).strip_prefix("-->")?;
    let (end_ms, _settings) = read(skip_spaces(rest))?;
    Some((start_ms, end_ms))
}

fn skip_spaces(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_whitespace())
}

/// Reads the time at the start of `text` and returns what is behind it (section 6.3, *collect a WebVTT timestamp*).
///
/// Beyond that section: a sign, one digit where it wants two, and any number of decimals. Those are of a second,
/// `.5` being half of it, and are cut to three.
fn read(text: &str) -> Option<(i64, &str)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (first, rest) = digits(text);
    let (second, rest) = digits(rest.strip_prefix(':')?);
    let (third, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (third, rest) = digits(rest);
            (Some(third), rest)
        }
        None => (None, rest),
    };
    let (fraction, rest) = digits(rest.strip_prefix('.')?);
    let (hours, minutes, seconds) = match third {
        Some(third) => (count(first)?, sixtieths(second)?, sixtieths(third)?),
        None => (0, sixtieths(first)?, sixtieths(second)?),
    };
    let whole = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    let ms = whole.checked_mul(1000)?.checked_add(thousandths(fraction)?)?;
    let ms = Some(ms).filter(|ms| *ms <= MAX_TIME_MS)?;
    Some((if negative { -ms } else { ms }, rest))
}

/// The digits at the start of `text`, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(end)
}

/// A number of any length, unless it is too large.
fn count(digits: &str) -> Option<i64> {
    digits.parse().ok()
}

/// One or two digits that are at most 59.
fn sixtieths(digits: &str) -> Option<i64> {
    count(digits).filter(|value| digits.len() <= 2 && *value <= 59)
}

fn thousandths(fraction: &str) -> Option<i64> {
    let mut digits = fraction.bytes();
    let mut value = i64::from(digits.next()? - b'0');
    for _ in 0..2 {
        value = value * 10 + digits.next().map_or(0, |digit| i64::from(digit - b'0'));
    }
    Some(value)
}

/// `HH:MM:SS.mmm`, with more digits for the hours where they need them (section 4.1, *WebVTT timestamp*), and a sign
/// before what is negative. What is beyond [`MAX_TIME_MS`] is written as that.
pub(super) fn to_text(ms: i64) -> String {
    let ms = ms.clamp(-MAX_TIME_MS, MAX_TIME_MS);
    let sign = if ms < 0 { "-" } else { "" };
    let (seconds, fraction) = (ms.abs() / 1000, ms.abs() % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{fraction:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_forms() {
        let cases = [
            ("00:00:16.246 --> 00:00:17.726", (16_246, 17_726)),
            ("0:0:0.0 --> 0:0:5.320", (0, 5_320)),
            ("01:02.003 --> 59:59.999", (62_003, 3_599_999)),
            ("1:2.5 --> 1:3.25", (62_500, 63_250)),
            ("10:00:00.000 --> 123456:59:59.999", (36_000_000, 444_445_199_999)),
            ("00:00:01.1239 --> 00:00:02.0009999", (1_123, 2_000)),
            ("-00:00:01.500 --> 00:00:02.000", (-1_500, 2_000)),
            ("-0:0:0.0 --> -00:00.001", (0, -1)),
            (" \t00:01.000-->00:02.000", (1_000, 2_000)),
            ("00:01.000\t-->\x0c00:02.000 align:start line:0", (1_000, 2_000)),
            ("00:01.000 --> 00:02.000nonsense", (1_000, 2_000)),
            ("00:05.000 --> 00:02.000", (5_000, 2_000)),
            (
                "000000000000000000000000001:00:00.000 --> 02:00:00.000",
                (3_600_000, 7_200_000),
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(read_times(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_times_are_refused() {
        for line in [
            "",
            "-->",
            "00:01.000",
            "00:01.000 -->",
            "--> 00:01.000",
            "00:01.000 -> 00:02.000",
            "00:01.000 -- > 00:02.000",
            "00:01.000 --> 00:02",
            "00:01 --> 00:02.000",
            "00:01. --> 00:02.000",
            "00:01,000 --> 00:02,000",
            "5.000 --> 6.000",
            "00:60.000 --> 00:61.000",
            "60:00.000 --> 61:00.000",
            "00:00:60.000 --> 00:01:00.000",
            "00:60:00.000 --> 01:00:00.000",
            "00:001.000 --> 00:02.000",
            "00:00:00:01.000 --> 00:00:00:02.000",
            ":01.000 --> :02.000",
            "00:.000 --> 00:01.000",
            "--00:01.000 --> 00:02.000",
            "+00:01.000 --> 00:02.000",
            "00:-1.000 --> 00:02.000",
            "99999999999999999999:00:00.000 --> 00:02.000",
            "00:00.000 --> 256204778:48:05.478",
            "x 00:01.000 --> 00:02.000",
            "٠٠:٠١.٠٠٠ --> 00:02.000",
        ] {
            assert_eq!(read_times(line), None, "{line}");
        }
    }

    #[test]
    fn times_are_written_with_hours_and_three_decimals() {
        let cases = [
            (0, "00:00:00.000"),
            (16_246, "00:00:16.246"),
            (-1_500, "-00:00:01.500"),
            (444_445_199_999, "123456:59:59.999"),
            (MAX_TIME_MS, "256204778:48:05.477"),
            (i64::MAX, "256204778:48:05.477"),
            (i64::MIN, "-256204778:48:05.477"),
        ];
        for (ms, expected) in cases {
            assert_eq!(to_text(ms), expected);
        }
    }
}
