//! The form of dates, times and instants (Part 2, section 5.1.1.14; ABNF `date`, `timeOfDayLiteral`,
//! `dateTimeOffsetLiteral`). Everything stays text: which calendar computes with it is the caller's choice.

use std::borrow::Cow;

/// Longest fraction of a second, in digits (ABNF `fractionalSeconds`).
const FRACTION_DIGITS: usize = 12;
/// Length of an offset without its sign.
const OFFSET_BYTES: usize = "hh:mm".len();

/// Gives an instant the plus back that its offset lost: in a query a plus means a blank.
///
/// `2024-01-15T00:00:00 02:00` becomes `2024-01-15T00:00:00+02:00`; every other text stays as it is.
/// Nothing else can be meant, for an instant without an offset is no literal.
#[must_use]
pub fn repair_offset(text: &str) -> Cow<'_, str> {
    match text.split_once(' ') {
        Some((local, offset)) if is_local(local) && is_offset(offset) => {
            Cow::Owned(format!("{local}+{offset}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// The offset at the start of `rest`, if it stands after the blank that its plus became.
///
/// `local` is what stands before, and `goes_on` says which characters would belong to the offset.
pub(crate) fn lost_offset<'a>(local: &str, rest: &'a str, goes_on: fn(char) -> bool) -> Option<&'a str> {
    let (offset, tail) = rest.strip_prefix(' ')?.split_at_checked(OFFSET_BYTES)?;
    (is_offset(offset) && !tail.starts_with(goes_on) && is_local(local)).then_some(offset)
}

/// A number of exactly two digits, if it is at most `most`.
fn two_digits(text: &str, most: u8) -> Option<u8> {
    let number = text.parse().ok().filter(|_| text.len() == 2 && is_digits(text))?;
    (number <= most).then_some(number)
}

pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(4, '-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let (Ok(number), Some(month)) = (year.parse::<u16>(), two_digits(month, 12)) else {
        return false;
    };
    let is_leap = number % 4 == 0 && (number % 100 != 0 || number % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    };
    month > 0 && year.len() == 4 && is_digits(year) && two_digits(day, last).is_some_and(|day| day > 0)
}

pub(crate) fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = clock.splitn(4, ':').collect();
    let (hour, minute, second) = match *parts.as_slice() {
        [hour, minute] if clock == text => (hour, minute, "00"),
        [hour, minute, second] => (hour, minute, second),
        _ => return false,
    };
    let is_clock = [
        two_digits(hour, 23),
        two_digits(minute, 59),
        // A leap second has the number 60 (ABNF `second`).
        two_digits(second, 60),
    ];
    is_clock.iter().all(Option::is_some) && is_digits(fraction) && fraction.len() <= FRACTION_DIGITS
}

/// Whether a text is a date with a time, and nothing says where on Earth.
fn is_local(text: &str) -> bool {
    text.split_once(['T', 't'])
        .is_some_and(|(date, time)| is_date(date) && is_time(time))
}

fn is_offset(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(hours, minutes)| two_digits(hours, 14).and(two_digits(minutes, 59)).is_some())
}

pub(crate) fn is_instant(text: &str) -> bool {
    let local = text.strip_suffix(['Z', 'z']).or_else(|| {
        // The date has minus signs too, so the last sign is the one of the offset.
        let (local, offset) = text.rsplit_once(['+', '-'])?;
        is_offset(offset).then_some(local)
    });
    local.is_some_and(is_local)
}

/// Whether a text is a duration of days and smaller units (ABNF `durationValue`).
pub(crate) fn is_duration(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let Some(rest) = unsigned.strip_prefix(['P', 'p']) else {
        return false;
    };
    let (days, time) = rest
        .split_once(['T', 't'])
        .map_or((rest, None), |(days, time)| (days, Some(time)));
    let has_days = !days.is_empty();
    if has_days && !days.strip_suffix(['D', 'd']).is_some_and(is_digits) {
        return false;
    }
    match time {
        Some(time) => !time.is_empty() && is_duration_time(time),
        None => has_days,
    }
}

/// Hours, minutes and seconds of a duration, each at most once and in this order.
fn is_duration_time(text: &str) -> bool {
    let mut rest = text;
    for unit in [['H', 'h'], ['M', 'm']] {
        if let Some((number, tail)) = rest.split_once(unit) {
            if !is_digits(number) {
                return false;
            }
            rest = tail;
        }
    }
    let is_seconds = |number: &str| {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        is_digits(whole) && is_digits(fraction)
    };
    rest.is_empty() || rest.strip_suffix(['S', 's']).is_some_and(is_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_plus_comes_back() {
        for (text, repaired) in [
            ("2024-01-15T00:00:00 02:00", "2024-01-15T00:00:00+02:00"),
            ("2024-01-15T00:00 00:00", "2024-01-15T00:00+00:00"),
            (
                "2024-01-15T00:00:00.1234567 14:00",
                "2024-01-15T00:00:00.1234567+14:00",
            ),
        ] {
            assert_eq!(repair_offset(text), repaired);
            assert!(is_instant(&repair_offset(text)), "{text}");
        }
    }

    #[test]
    fn every_other_text_stays() {
        for text in [
            "",
            " ",
            "2024-01-15T00:00:00Z",
            "2024-01-15T00:00:00+02:00",
            "2024-01-15T00:00:00-02:00",
            "2024-01-15T00:00:00  02:00",
            "2024-01-15T00:00:00 15:00",
            "2024-01-15T00:00:00 0200",
            "2024-01-15T00:00:00 02:00 ",
            "2024-01-15 02:00",
            "2024-13-15T00:00:00 02:00",
            "a b",
        ] {
            assert!(
                matches!(repair_offset(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn durations_have_days_hours_minutes_and_seconds() {
        for text in [
            "P1D",
            "-P1D",
            "PT1H",
            "PT1M",
            "PT0.5S",
            "P12DT23H59M59.999999999999S",
            "pt1h2s",
        ] {
            assert!(is_duration(text), "{text}");
        }
        for text in [
            "", "P", "PT", "P1DT", "1D", "P1", "P1Y", "P1M", "PT1D", "PT1M1H", "PT1S1M", "PT1.5H", "PT.5S",
            "PT5.S", "P-1D", "+P1D", "P1D ",
        ] {
            assert!(!is_duration(text), "{text}");
        }
    }
}
