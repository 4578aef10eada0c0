//! [`Row`]: one row of an answer, read by column number in the order in which the statement lists them.

use super::DbError;
use crate::clock::Ticks;

/// A row that is being read; it borrows from the driver, so nothing is copied that is not asked for.
pub struct Row<'a> {
    inner: &'a rusqlite::Row<'a>,
}

impl<'a> Row<'a> {
    pub(super) fn sqlite(inner: &'a rusqlite::Row<'a>) -> Self {
        Self { inner }
    }

    /// Column `index` as an integer.
    pub fn int(&self, index: usize) -> Result<i64, DbError> {
        Ok(self.inner.get(index)?)
    }

    /// Column `index` as a truth value.
    pub fn bool(&self, index: usize) -> Result<bool, DbError> {
        Ok(self.inner.get(index)?)
    }

    /// Column `index` as text.
    pub fn text(&self, index: usize) -> Result<String, DbError> {
        Ok(self.inner.get(index)?)
    }

    /// Column `index` as text, or `None` for NULL.
    pub fn text_or_null(&self, index: usize) -> Result<Option<String>, DbError> {
        Ok(self.inner.get(index)?)
    }

    /// Column `index` as bytes.
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, DbError> {
        Ok(self.inner.get(index)?)
    }

    /// Column `index` as an instant.
    pub fn ticks(&self, index: usize) -> Result<Ticks, DbError> {
        Ok(Ticks(self.int(index)?))
    }

    /// Column `index` as an instant, or `None` for NULL.
    pub fn ticks_or_null(&self, index: usize) -> Result<Option<Ticks>, DbError> {
        Ok(self.inner.get::<_, Option<i64>>(index)?.map(Ticks))
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
