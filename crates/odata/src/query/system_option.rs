//! The names of the system query options.

/// The system query options (Part 2, section 5.1, and Part 1, sections 11.2.6.7 and 11.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SystemOption {
    /// `$apply`, of the extension for data aggregation.
    Apply,
    /// `$compute`.
    Compute,
    /// `$count`.
    Count,
    /// `$deltatoken`.
    DeltaToken,
    /// `$expand`.
    Expand,
    /// `$filter`.
    Filter,
    /// `$format`.
    Format,
    /// `$index`.
    Index,
    /// `$levels`.
    Levels,
    /// `$orderby`.
    OrderBy,
    /// `$schemaversion`.
    SchemaVersion,
    /// `$search`.
    Search,
    /// `$select`.
    Select,
    /// `$skip`.
    Skip,
    /// `$skiptoken`.
    SkipToken,
    /// `$top`.
    Top,
}

impl SystemOption {
    /// Every option, in the order of their names.
    pub const ALL: [SystemOption; 16] = [
        SystemOption::Apply,
        SystemOption::Compute,
        SystemOption::Count,
        SystemOption::DeltaToken,
        SystemOption::Expand,
        SystemOption::Filter,
        SystemOption::Format,
        SystemOption::Index,
        SystemOption::Levels,
        SystemOption::OrderBy,
        SystemOption::SchemaVersion,
        SystemOption::Search,
        SystemOption::Select,
        SystemOption::Skip,
        SystemOption::SkipToken,
        SystemOption::Top,
    ];

    /// The canonical name, with its dollar.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SystemOption::Apply => "$apply",
            SystemOption::Compute => "$compute",
            SystemOption::Count => "$count",
            SystemOption::DeltaToken => "$deltatoken",
            SystemOption::Expand => "$expand",
            SystemOption::Filter => "$filter",
            SystemOption::Format => "$format",
            SystemOption::Index => "$index",
            SystemOption::Levels => "$levels",
            SystemOption::OrderBy => "$orderby",
            SystemOption::SchemaVersion => "$schemaversion",
            SystemOption::Search => "$search",
            SystemOption::Select => "$select",
            SystemOption::Skip => "$skip",
            SystemOption::SkipToken => "$skiptoken",
            SystemOption::Top => "$top",
        }
    }

    /// The option of a name without its dollar, in any case.
    pub(super) fn from_bare_name(name: &str) -> Option<SystemOption> {
        let is_named =
            |option: &SystemOption| option.name().trim_start_matches('$').eq_ignore_ascii_case(name);
        SystemOption::ALL.into_iter().find(is_named)
    }
}
