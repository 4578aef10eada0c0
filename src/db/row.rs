//! [`Row`]: one row of an answer, read by column number in the order in which the statement lists them.

use super::{DbError, postgres, sqlite};
use crate::clock::Ticks;

/// A row that is being read; it borrows from the driver, so nothing is copied that is not asked for.
pub struct Row<'a> {
    columns: Columns<'a>,
}

/// The columns of a row, as each driver has them.
enum Columns<'a> {
    Sqlite(sqlite::Columns<'a>),
    Postgres(postgres::Columns<'a>),
}

impl<'a> From<sqlite::Columns<'a>> for Row<'a> {
    fn from(columns: sqlite::Columns<'a>) -> Self {
        Self {
            columns: Columns::Sqlite(columns),
        }
    }
}

impl<'a> From<postgres::Columns<'a>> for Row<'a> {
    fn from(columns: postgres::Columns<'a>) -> Self {
        Self {
            columns: Columns::Postgres(columns),
        }
    }
}

impl Row<'_> {
    /// Column `index` as an integer.
    pub fn int(&self, index: usize) -> Result<i64, DbError> {
        there(index, self.int_or_null(index)?)
    }

    /// Column `index` as an integer, or `None` for NULL.
    pub fn int_or_null(&self, index: usize) -> Result<Option<i64>, DbError> {
        match &self.columns {
            Columns::Sqlite(columns) => columns.int(index),
            Columns::Postgres(columns) => columns.int(index),
        }
    }

    /// Column `index` as a truth value.
    pub fn bool(&self, index: usize) -> Result<bool, DbError> {
        let value = match &self.columns {
            Columns::Sqlite(columns) => columns.bool(index),
            Columns::Postgres(columns) => columns.bool(index),
        };
        there(index, value?)
    }

    /// Column `index` as text.
    pub fn text(&self, index: usize) -> Result<String, DbError> {
        there(index, self.text_or_null(index)?)
    }

    /// Column `index` as text, or `None` for NULL.
    pub fn text_or_null(&self, index: usize) -> Result<Option<String>, DbError> {
        match &self.columns {
            Columns::Sqlite(columns) => columns.text(index),
            Columns::Postgres(columns) => columns.text(index),
        }
    }

    /// Column `index` as bytes.
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, DbError> {
        let value = match &self.columns {
            Columns::Sqlite(columns) => columns.bytes(index),
            Columns::Postgres(columns) => columns.bytes(index),
        };
        there(index, value?)
    }

    /// Column `index` as an instant.
    pub fn ticks(&self, index: usize) -> Result<Ticks, DbError> {
        Ok(Ticks(self.int(index)?))
    }

    /// Column `index` as an instant, or `None` for NULL.
    pub fn ticks_or_null(&self, index: usize) -> Result<Option<Ticks>, DbError> {
        Ok(self.int_or_null(index)?.map(Ticks))
    }

    /// Column `index` as text that `parse` understands; what it does not understand was written by a newer
    /// version or by hand.
    pub fn parsed<T>(&self, index: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, DbError> {
        let text = self.text(index)?;
        parse(&text).ok_or(DbError::Unreadable {
            column: index,
            found: text,
        })
    }
}

/// The value of a column that is never NULL.
fn there<T>(index: usize, value: Option<T>) -> Result<T, DbError> {
    value.ok_or_else(|| DbError::Unreadable {
        column: index,
        found: "NULL".to_owned(),
    })
}
