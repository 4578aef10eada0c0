//! OData resource paths and query options: text to tree, and back.
//!
//! The crate reads what a caller of an OData service wrote and writes it again in one canonical form.
//! It knows no schema, so it does not say whether a property exists or an option is offered. It does
//! no I/O and knows no HTTP, no JSON and no SQL.
//!
//! Everything follows OData 4.01 Part 2, URL Conventions, cited as "Part 2":
//! <https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html>.
//!
//! Every parser takes time linear in its input, has a limit on size and on depth, and answers a bad
//! text with a position and with what was expected there.

mod encoding;
pub mod filter;
mod instant;
pub mod path;
pub mod query;
mod steps;

pub use encoding::{TextProblem, encode_segment, string_literal};
pub use filter::{FilterError, FilterExpr};
pub use instant::repair_offset;
pub use path::{PathError, ResourcePath, Segment};
pub use query::{ExpandItem, OrderByItem, QueryError, QueryOptions, SearchExpr, SelectItem, SystemOption};
