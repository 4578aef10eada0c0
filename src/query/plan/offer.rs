//! What each operation offers of the query options, in which profile, and what it says to the rest.

use odata::QueryOptions;
use odata::query::{NotOffered, SystemOption};

use super::Asked;
use crate::config::QueryOptionsRule;
use crate::query::QueryError;

/// What an operation offers.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Options in both profiles.
    pub options: &'static [SystemOption],
    /// Further options of the superset.
    pub superset: &'static [SystemOption],
    /// Paths that can be compared with a text by `eq` in the reference; a filter is all that it offers.
    pub filters: &'static [&'static str],
}

/// A list of a meeting's or a call's recordings or transcripts.
pub const LIST_ARTIFACTS: Offer = Offer {
    options: &[
        SystemOption::Select,
        SystemOption::Filter,
        SystemOption::Top,
        SystemOption::Count,
        SystemOption::SkipToken,
        SystemOption::Format,
    ],
    superset: &[SystemOption::OrderBy, SystemOption::Skip],
    filters: &["contentCorrelationId"],
};

/// `getAllRecordings` and `getAllTranscripts`.
pub const EXPORT: Offer = Offer {
    options: &[
        SystemOption::Top,
        SystemOption::Filter,
        SystemOption::SkipToken,
        SystemOption::Format,
    ],
    superset: &[
        SystemOption::Select,
        SystemOption::Count,
        SystemOption::OrderBy,
        SystemOption::Skip,
    ],
    filters: &["meetingOrganizer/user/id"],
};

/// A list of online meetings.
pub const LIST_MEETINGS: Offer = Offer {
    options: &[
        SystemOption::Select,
        SystemOption::Filter,
        SystemOption::Top,
        SystemOption::SkipToken,
        SystemOption::Format,
    ],
    superset: &[SystemOption::Count, SystemOption::OrderBy, SystemOption::Skip],
    filters: &[
        "joinWebUrl",
        "joinMeetingIdSettings/joinMeetingId",
        "videoTeleconferenceId",
    ],
};

/// A list of ad hoc calls.
pub const LIST_CALLS: Offer = Offer {
    options: &[
        SystemOption::Select,
        SystemOption::Top,
        SystemOption::Count,
        SystemOption::SkipToken,
        SystemOption::Format,
    ],
    superset: &[SystemOption::Filter, SystemOption::OrderBy, SystemOption::Skip],
    filters: &[],
};

/// Checks that there are no options but `$format`, and gives that.
///
/// # Errors
/// [`QueryError`] where they cannot be read or are not offered.
pub fn parse_format(asked: Asked<'_>) -> Result<Option<String>, QueryError> {
    let options = QueryOptions::parse(asked.query)?;
    allowed(&options, &[SystemOption::Format], &[], asked.rule)?;
    Ok(options.format().map(ToOwned::to_owned))
}

/// Checks the options of what answers JSON, or writes: none but `$format=json`.
///
/// # Errors
/// [`QueryError`] where they cannot be read or are not offered.
pub fn parse_nothing(asked: Asked<'_>) -> Result<(), QueryError> {
    let options = QueryOptions::parse(asked.query)?;
    offered(&options, &[SystemOption::Format], &[], asked.rule)
}

/// Refuses options beyond those that are offered, and a `$format` that is not JSON.
pub(super) fn offered(
    options: &QueryOptions,
    list: &[SystemOption],
    superset: &[SystemOption],
    rule: QueryOptionsRule,
) -> Result<(), QueryError> {
    allowed(options, list, superset, rule)?;
    let is_json = |format: &str| {
        format.eq_ignore_ascii_case("json") || format.to_ascii_lowercase().starts_with("application/json")
    };
    match options.format() {
        Some(format) if !is_json(format) => Err(QueryError::Malformed(
            "The query option '$format' takes json here.".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn allowed(
    options: &QueryOptions,
    list: &[SystemOption],
    superset: &[SystemOption],
    rule: QueryOptionsRule,
) -> Result<(), QueryError> {
    let all = [list, superset].concat();
    let wanted = match rule {
        QueryOptionsRule::Reference => list,
        QueryOptionsRule::Superset => &all,
    };
    let Err(NotOffered { name }) = options.expect_only(wanted) else {
        return Ok(());
    };
    let known = options
        .system()
        .find(|raw| raw.name == name)
        .and_then(|raw| raw.option);
    let what = format!("The query option '{name}'");
    Err(match known {
        Some(option) if superset.contains(&option) => QueryError::NotOffered { what },
        Some(_) => match rule {
            QueryOptionsRule::Reference => QueryError::NotOffered { what },
            QueryOptionsRule::Superset => QueryError::Malformed(format!("{what} is not offered here.")),
        },
        None => QueryError::Malformed(format!("{what} is not one of OData or Graph.")),
    })
}
