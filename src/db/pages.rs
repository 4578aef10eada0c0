//! Pages of lists: rows, and the key behind which the next page begins.

use super::sql::{Key, KeyKind, Sql};
use super::{DbError, Row, Session};

/// A page of rows.
#[derive(Debug)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Whether there are more behind them.
    pub has_more: bool,
    /// What the last row is ordered by.
    pub last: Option<Vec<Key>>,
}

/// What lists are made of.
pub trait Listed: Send + Sized {
    /// How many columns it is read from; a statement selects them first.
    const COLUMNS: usize;

    /// It from a row.
    ///
    /// # Errors
    /// [`DbError::Unreadable`] for what was written by a newer version or by hand.
    fn read(row: &Row<'_>) -> Result<Self, DbError>;

    /// Its id, by which what is equal otherwise is ordered.
    fn id(&self) -> &str;
}

/// Runs the statement of a page, which asks for one row more than the page holds: the columns of a `T`, then those that
/// the rows are ordered by.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page<T: Listed>(db: &mut Session, sql: &Sql, top: u64) -> Result<Page<T>, DbError> {
    let kinds = sql.order();
    let keyed = |row: &Row<'_>| Ok((T::read(row)?, keys(row, T::COLUMNS, kinds)?));
    let mut rows = db.rows(sql.text(), &sql.values(), keyed).await?;
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let has_more = rows.len() > top;
    rows.truncate(top);
    let last = rows.last().map(|(_, keys)| keys.clone());
    Ok(Page {
        rows: rows.into_iter().map(|(row, _)| row).collect(),
        has_more,
        last,
    })
}

/// Runs a statement that counts.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn count(db: &mut Session, sql: &Sql) -> Result<u64, DbError> {
    let number = db.row(sql.text(), &sql.values(), |row| row.int(0)).await?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}

/// Runs a statement that looks for one place in an order: nothing but the columns of the order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn place(db: &mut Session, sql: &Sql) -> Result<Option<Vec<Key>>, DbError> {
    let kinds = sql.order();
    db.row(sql.text(), &sql.values(), |row| keys(row, 0, kinds)).await
}

fn keys(row: &Row<'_>, at: usize, kinds: &[KeyKind]) -> Result<Vec<Key>, DbError> {
    let columns = kinds.iter().enumerate();
    columns
        .map(|(place, kind)| match kind {
            KeyKind::Int => row.int_or_null(at + place).map(Key::Int),
            KeyKind::Text => row.text_or_null(at + place).map(Key::Text),
        })
        .collect()
}
