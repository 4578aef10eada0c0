//! Time: [`Ticks`], the unit in which every instant is kept, and [`Clock`], the only way to ask for now.
//!
//! Microsoft Graph writes instants in UTC with seven decimals, so the unit is 100 ns. Nothing else in the
//! crate reads the system clock (`clippy.toml`), so that a test can move time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;

/// Ticks in one second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;

/// An instant: the count of 100 ns since 1970-01-01T00:00:00Z. Negative before that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticks(pub i64);

/// The text is not an instant of RFC 3339 with an offset, or it lies outside the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an instant such as 2024-07-12T11:37:59.0113199Z, with an offset or Z")]
pub struct NotAnInstant;

impl Ticks {
    /// The instant that many whole seconds after 1970, as in a JWT's `exp`.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(TICKS_PER_SECOND))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(TICKS_PER_SECOND)
    }

    /// This instant moved by `duration` into the future, kept to 100 ns; stops at the end of the range.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ticks_of(duration)))
    }

    /// This instant moved by `duration` into the past, kept to 100 ns; stops at the end of the range.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(ticks_of(duration)))
    }

    /// `yyyy-MM-ddTHH:mm:ss`, without fraction and zone: the form of `innerError.date`.
    pub fn to_seconds_text(self) -> String {
        let mut text = self.to_string();
        text.truncate(19);
        text
    }

    /// Year, month and day in UTC.
    pub fn date(self) -> [i64; 3] {
        let date = self.civil().date();
        [date.year().into(), date.month().into(), date.day().into()]
    }

    /// Date and time in UTC; what lies outside the years 1 to 9999 is shown as the nearest that does not.
    fn civil(self) -> DateTime {
        let kept = self.clamp(FIRST, LAST);
        let since = SignedDuration::new(kept.unix_seconds(), subsecond_nanoseconds(kept));
        EPOCH.checked_add(since).unwrap_or(EPOCH)
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// 0001-01-01T00:00:00Z
const FIRST: Ticks = Ticks(-621_355_968_000_000_000);
/// 9999-12-31T23:59:59.9999999Z
const LAST: Ticks = Ticks(2_534_023_007_999_999_999);

fn subsecond_nanoseconds(ticks: Ticks) -> i32 {
    i32::try_from(ticks.0.rem_euclid(TICKS_PER_SECOND) * 100).unwrap_or(0)
}

/// Whole ticks in `duration`; the largest count where it does not fit.
fn ticks_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos() / 100).unwrap_or(i64::MAX)
}

/// Graph's form: UTC, seven decimals, `2024-07-12T11:37:59.0113199Z`.
impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.7}Z", self.civil())
    }
}

/// RFC 3339 with any number of decimals (cut to seven) and any offset.
impl FromStr for Ticks {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        // jiff also reads forms that are not RFC 3339 (week dates, `[Zone]`, spaces); those are refused first.
        let strict = text.len() <= 64
            && text.as_bytes().get(10).is_some_and(|t| matches!(t, b'T' | b't'))
            && text.bytes().all(|b| {
                b.is_ascii_digit() || matches!(b, b'T' | b't' | b'Z' | b'z' | b':' | b'.' | b'+' | b'-')
            });
        if !strict {
            return Err(NotAnInstant);
        }
        // More than nine decimals are legal in RFC 3339 and are cut, as Graph keeps only seven.
        let text = cut_decimals(text);
        let pieces = Pieces::parse(&text).map_err(|_| NotAnInstant)?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.to_numeric_offset()) else {
            return Err(NotAnInstant);
        };
        let local = DateTime::from_parts(pieces.date(), time).duration_since(EPOCH);
        let since = local - SignedDuration::from_secs(i64::from(offset.seconds()));
        let ticks = i64::try_from(since.as_nanos().div_euclid(100)).map_err(|_| NotAnInstant)?;
        Some(Self(ticks))
            .filter(|ticks| (FIRST..=LAST).contains(ticks))
            .ok_or(NotAnInstant)
    }
}

/// `text` with at most nine digits after its decimal point.
fn cut_decimals(text: &str) -> String {
    let Some((head, rest)) = text.split_once('.') else {
        return text.to_owned();
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, zone) = rest.split_at(digits);
    let fraction = fraction.get(..9).unwrap_or(fraction);
    format!("{head}.{fraction}{zone}")
}

/// Where the time comes from. A clone shows the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until [`Clock::set`] moves it: for tests.
    pub fn manual(start: Ticks) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// The present instant.
    pub fn now(&self) -> Ticks {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(ticks) => Ticks(ticks.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock, and all its clones, to `to`. A system clock does not move.
    pub fn set(&self, to: Ticks) {
        if let Source::Manual(ticks) = &self.0 {
            ticks.store(to.0, Ordering::SeqCst);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the system clock"
)]
fn system_now() -> Ticks {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ticks(since.map_or(0, ticks_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_decimals_survive_reading_and_writing() {
        for text in [
            "2024-07-12T11:37:59.0113199Z",
            "1969-12-31T23:59:59.9999999Z",
            "0001-01-01T00:00:00.0000000Z",
            "9999-12-31T23:59:59.9999999Z",
        ] {
            assert_eq!(text.parse::<Ticks>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn any_decimals_and_offsets_are_read() {
        let cases = [
            ("2024-07-12T13:37:59+02:00", "2024-07-12T11:37:59.0000000Z"),
            ("2024-07-12T11:37:59.5Z", "2024-07-12T11:37:59.5000000Z"),
            (
                "2024-07-12T11:37:59.12345678912345Z",
                "2024-07-12T11:37:59.1234567Z",
            ),
            ("2024-07-12t11:37:59z", "2024-07-12T11:37:59.0000000Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Ticks>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_instant_is_refused() {
        for text in [
            "",
            "2024-07-12",
            "2024-07-12T11:37:59",
            "yesterday",
            "2024-13-12T11:37:59Z",
            "2024-07-12 11:37:59Z",
            "2024-07-12T11:37:59Z[Europe/Paris]",
            "99999-07-12T11:37:59Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert!(text.parse::<Ticks>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_form_of_inner_error_has_no_zone_and_no_fraction() {
        let ticks: Ticks = "2024-07-12T11:37:59.9999999Z".parse().unwrap();
        assert_eq!(ticks.to_seconds_text(), "2024-07-12T11:37:59");
    }

    #[test]
    fn a_manual_clock_moves_with_its_clones() {
        let clock = Clock::manual(Ticks(5));
        let other = clock.clone();
        clock.set(clock.now().plus(Duration::from_secs(1)));
        assert_eq!(other.now(), Ticks(5 + TICKS_PER_SECOND));
    }
}
