//! Durations as they are written in a configuration: `500ms`, `30s`, `24h30m`, `7d`.

use std::time::Duration;

/// The units in the order in which they may follow each other, with their milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads whole numbers, each with its unit, from the largest unit to the smallest, each at most once.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |b| !b.is_ascii_digit());
        let (unit, after) = split_where(after, |b| b.is_ascii_digit());
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// Writes a duration so that [`parse`] reads the same one again; fractions of a millisecond are dropped.
pub(super) fn print(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (name, factor) in UNITS {
        // Days only where they say it all: 24h30m reads better than 1d30m.
        if rest >= factor && (name != "d" || rest % factor == 0) {
            text += &format!("{}{name}", rest / factor);
            rest %= factor;
        }
    }
    text
}

/// Splits before the first byte for which `ends` holds.
fn split_where(text: &str, ends: impl Fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(ends).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        let cases = [
            ("500ms", 500),
            ("30s", 30_000),
            ("24h30m", 88_200_000),
            ("7d", 604_800_000),
            ("0s", 0),
            ("1d2h3m4s5ms", 93_784_005),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["500ms", "30s", "24h30m", "7d", "0s", "26h3m4s5ms"] {
            assert_eq!(print(parse(text).unwrap()), text);
        }
    }

    #[test]
    fn what_has_no_unit_or_two_meanings_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "1.5s",
            "-1s",
            "30 s",
            "30S",
            "1m1h",
            "1s1s",
            "1w",
            "1s2",
            "é1s",
            "1é",
            "99999999999999999999s",
            "999999999999999999d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
