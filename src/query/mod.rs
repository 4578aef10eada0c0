//! From query options to a plan, and from a plan to SQL. Pure: nothing here reads the store.

pub mod filter;
pub mod page_token;
pub mod plan;
pub mod schema;
mod select;
pub mod sql;

/// Why a query is refused. The text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// 400: it cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// 400: it can be read, but Graph does not offer it here.
    #[error(
        "{what} is not offered here, as on Graph. The setting graph.query_options = \"superset\" (profile archive) is \
         for more than Graph offers."
    )]
    NotOffered {
        /// What was asked for.
        what: String,
    },
    /// 403: a page or delta token of another application, user or tenant.
    #[error("The token belongs to another application, user or tenant.")]
    ForeignToken,
}

impl From<odata::QueryError> for QueryError {
    fn from(error: odata::QueryError) -> Self {
        let text = match error {
            odata::QueryError::Filter { problem, .. } => format!("Invalid filter clause: {problem}."),
            odata::QueryError::Text { .. }
            | odata::QueryError::TooManyOptions { .. }
            | odata::QueryError::Duplicate { .. }
            | odata::QueryError::Value { .. } => format!("The query cannot be read: {error}."),
        };
        Self::Malformed(text)
    }
}
