//! Functions that statements use and SQLite does not have by that name.

use rusqlite::functions::FunctionFlags;

use crate::clock::Ticks;
use crate::db::DbError;

/// What PostgreSQL has under another name, so that both understand one text: `strpos(text, part)` counts characters from 1,
/// and gives 0 where the part is not in the text; `graph_year(ticks)`, `graph_month` and `graph_day` are those of an instant in
/// UTC (migration 0004).
pub(crate) fn add_functions(connection: &rusqlite::Connection) -> Result<(), DbError> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("strpos", 2, flags, |context| {
        let (text, part) = (
            context.get_raw(0).as_str_or_null()?,
            context.get_raw(1).as_str_or_null()?,
        );
        Ok(text.zip(part).map(|(text, part)| {
            let found = text.find(part).and_then(|at| text.get(..at));
            found.map_or(0, |before| {
                i64::try_from(before.chars().count())
                    .unwrap_or(i64::MAX)
                    .saturating_add(1)
            })
        }))
    })?;
    for (name, place) in [("graph_year", 0), ("graph_month", 1), ("graph_day", 2)] {
        connection.create_scalar_function(name, 1, flags, move |context| {
            let ticks = context.get_raw(0).as_i64_or_null()?;
            Ok(ticks.and_then(|ticks| Ticks(ticks).date().get(place).copied()))
        })?;
    }
    Ok(())
}
