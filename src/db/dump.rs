//! A store as a whole: all rows of every table, out of one snapshot; and into an empty store, in one write.
//!
//! What is done here is the same for each table, so statements are put together out of the names in [`TABLES`], which are all
//! fixed. Values are bound, as everywhere.

pub mod statement;
mod tables;

use super::signing_keys::{self, KeyPurpose};
use super::{DbError, Row, Session, Tx, Value};

pub use tables::{APART, TABLES, Table};

/// The first schema whose rows can be put in: keys know since then whether they are sealed.
pub const OLDEST: i64 = 3;
/// Values of one statement: below what either engine takes.
const MOST_VALUES: usize = 1000;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or NULL.
    Text,
    /// An integer or instant, or NULL.
    Int,
    /// A truth value.
    Bool,
    /// Bytes.
    Bytes,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text, or NULL.
    Text(Option<String>),
    /// An integer or instant, or NULL.
    Int(Option<i64>),
    /// A truth value.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    /// The text of a column that is never NULL.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.as_deref(),
            _ => None,
        }
    }

    /// The integer of a column that is never NULL.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => *number,
            _ => None,
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => text.into(),
            Self::Int(number) => Value::Int(*number),
            Self::Bool(truth) => (*truth).into(),
            Self::Bytes(bytes) => bytes.as_slice().into(),
        }
    }
}

impl Table {
    /// The table of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// All columns, in the order in which [`page`] gives them.
    pub fn columns(&self) -> Vec<Column> {
        let of = |names: &'static [&'static str], kind| names.iter().map(move |name| Column { name, kind });
        of(self.text, Kind::Text)
            .chain(of(self.ints, Kind::Int))
            .chain(of(self.bools, Kind::Bool))
            .chain(of(self.bytes, Kind::Bytes))
            .collect()
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<Column> {
        self.columns().into_iter().find(|column| column.name == name)
    }

    /// What its key is in a row of all columns.
    fn key_of(&self, row: &[Cell]) -> Vec<Cell> {
        let columns = self.columns();
        let place = |name: &&str| columns.iter().position(|column| column.name == *name);
        let places = self.key.iter().filter_map(place);
        places.filter_map(|place| row.get(place).cloned()).collect()
    }
}

/// Rows in the order of their key, behind the row `after`: at most `limit`.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page(
    db: &mut Session,
    table: &Table,
    after: Option<&[Cell]>,
    limit: i64,
) -> Result<Vec<Vec<Cell>>, DbError> {
    let columns = table.columns();
    let key = after.map(|row| table.key_of(row)).unwrap_or_default();
    let mut values: Vec<Value<'_>> = key.iter().map(Cell::value).collect();
    values.push(limit.into());
    let sql = statement::page(table, after.is_some());
    db.rows(&sql, &values, |row| read(row, &columns)).await
}

fn read(row: &Row<'_>, columns: &[Column]) -> Result<Vec<Cell>, DbError> {
    let cell = |(index, column): (usize, &Column)| {
        Ok(match column.kind {
            Kind::Text => Cell::Text(row.text_or_null(index)?),
            Kind::Int => Cell::Int(row.int_or_null(index)?),
            Kind::Bool => Cell::Bool(row.bool(index)?),
            Kind::Bytes => Cell::Bytes(row.bytes(index)?),
        })
    };
    columns.iter().enumerate().map(cell).collect()
}

/// Puts rows in, whose cells are those of `columns`.
///
/// # Errors
/// [`DbError::Conflict`] where a row is there already, names one that is not there, or lacks a value.
pub async fn insert(
    tx: &mut Tx<'_>,
    table: &Table,
    columns: &[Column],
    rows: &[Vec<Cell>],
) -> Result<(), DbError> {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let at_once = (MOST_VALUES / names.len().max(1)).max(1);
    for rows in rows.chunks(at_once) {
        let sql = statement::insert(table, &names, rows.len());
        let values: Vec<Value<'_>> = rows.iter().flatten().map(Cell::value).collect();
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

/// Takes away what the schema itself has put there, so that the rows of another store can take its place.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn clear(tx: &mut Tx<'_>, table: &Table) -> Result<(), DbError> {
    tx.execute(&statement::clear(table), &[]).await.map(|_| ())
}

/// A table of a store of that schema that has a row which the schema did not put there; `None` where the store is empty.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn filled(db: &mut Session, schema: i64) -> Result<Option<&'static str>, DbError> {
    let tables = TABLES
        .iter()
        .filter(|table| !table.made_by_schema && table.since <= schema);
    for table in tables {
        let found = db.row(&statement::any(table), &[], |_| Ok(())).await?;
        if found.is_some() {
            return Ok(Some(table.name));
        }
    }
    // A server that has been started on it has made keys, which it knows by heart.
    for purpose in KeyPurpose::ALL {
        if signing_keys::newest(db, purpose).await?.is_some() {
            return Ok(Some("signing_keys"));
        }
    }
    Ok(None)
}

/// When the store was made, as the store says it: what tells it from others. It goes with the rows.
///
/// # Errors
/// [`DbError`] of the engine; [`DbError::Foreign`] where it does not say so.
pub async fn made(db: &mut Session) -> Result<String, DbError> {
    const SQL: &str = "
        SELECT value
        FROM store
        WHERE name = 'created'";
    db.row(SQL, &[], |row| row.text(0)).await?.ok_or(DbError::Foreign)
}

/// Says when the store was made whose rows have been put in.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_made(tx: &mut Tx<'_>, made: &str) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE store
        SET value = ?1
        WHERE name = 'created'";
    tx.execute(SQL, &[made.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_a_row() {
        let table = Table::named("change_counter").unwrap();
        let row = [Cell::Int(Some(1)), Cell::Int(Some(7))];
        assert_eq!(table.key_of(&row), [Cell::Int(Some(1))]);
    }
}
