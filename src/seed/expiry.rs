//! When a meeting expires that does not say so itself: the limits of Teams, per type of meeting.

use std::time::Duration;

use super::document::MeetingType;
use crate::clock::Ticks;

/// What a meeting that began at once has, from its start.
const MEETNOW: Duration = Duration::from_hours(8);

/// What every other meeting has, from its end, or from its start where it has no end.
const REGULAR: Duration = Duration::from_hours(60 * 24);

/// The expiry of a meeting. One without start and end counts from when it was first loaded.
pub fn expiry(
    meeting_type: MeetingType,
    start: Option<Ticks>,
    end: Option<Ticks>,
    first_loaded: Ticks,
) -> Ticks {
    match meeting_type {
        MeetingType::Meetnow => start.unwrap_or(first_loaded).plus(MEETNOW),
        MeetingType::Scheduled | MeetingType::Recurring | MeetingType::Adhoc | MeetingType::Broadcast => {
            end.or(start).unwrap_or(first_loaded).plus(REGULAR)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_counts_from_its_own_instant() {
        let at = |text: &str| text.parse::<Ticks>().unwrap();
        let (start, end) = (at("2024-01-01T10:00:00Z"), at("2024-01-01T11:00:00Z"));
        let loaded = at("2025-06-01T00:00:00Z");
        let regular = MeetingType::Scheduled;
        let cases = [
            (
                MeetingType::Meetnow,
                Some(start),
                Some(end),
                "2024-01-01T18:00:00Z",
            ),
            (MeetingType::Meetnow, None, Some(end), "2025-06-01T08:00:00Z"),
            (MeetingType::Meetnow, None, None, "2025-06-01T08:00:00Z"),
            (regular, Some(start), Some(end), "2024-03-01T11:00:00Z"),
            (regular, Some(start), None, "2024-03-01T10:00:00Z"),
            (regular, None, Some(end), "2024-03-01T11:00:00Z"),
            (regular, None, None, "2025-07-31T00:00:00Z"),
            (
                MeetingType::Recurring,
                Some(start),
                Some(end),
                "2024-03-01T11:00:00Z",
            ),
            (MeetingType::Adhoc, None, None, "2025-07-31T00:00:00Z"),
            (MeetingType::Broadcast, Some(start), None, "2024-03-01T10:00:00Z"),
        ];
        for (meeting_type, start, end, expected) in cases {
            let found = expiry(meeting_type, start, end, loaded);
            assert_eq!(found, at(expected), "{meeting_type:?} {start:?} {end:?}");
        }
    }
}
