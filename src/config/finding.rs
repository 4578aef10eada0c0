//! [`Finding`]: what trying a store out has found.

/// A line that names the setting to change, or the right that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Without this being mended nothing can be kept or served.
    pub is_problem: bool,
    /// The line.
    pub line: String,
}
