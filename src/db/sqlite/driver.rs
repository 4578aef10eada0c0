//! The driver's rows, values and errors, as the room knows them.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::db::{DbError, Value};

/// The columns of a row.
pub(in crate::db) struct Columns<'a>(&'a rusqlite::Row<'a>);

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a rusqlite::Row<'a>) -> Self {
        Self(row)
    }

    pub(in crate::db) fn int(&self, index: usize) -> Result<Option<i64>, DbError> {
        Ok(self.0.get(index)?)
    }

    pub(in crate::db) fn bool(&self, index: usize) -> Result<Option<bool>, DbError> {
        Ok(self.0.get(index)?)
    }

    pub(in crate::db) fn text(&self, index: usize) -> Result<Option<String>, DbError> {
        Ok(self.0.get(index)?)
    }

    pub(in crate::db) fn bytes(&self, index: usize) -> Result<Option<Vec<u8>>, DbError> {
        Ok(self.0.get(index)?)
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match &error {
            rusqlite::Error::SqliteFailure(code, text) => match code.code {
                ErrorCode::ConstraintViolation => Self::Conflict(text.clone().unwrap_or_default()),
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DiskFull => Self::Full,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
                ErrorCode::NotADatabase => Self::Foreign,
                _ => Self::Engine(Box::new(error)),
            },
            _ => Self::Engine(Box::new(error)),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Int(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Value::Bool(value) => value.map_or(ValueRef::Null, |truth| ValueRef::Integer(i64::from(truth))),
            Value::Text(value) => value.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(value) => value.map_or(ValueRef::Null, ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}
