//! The rows of a table in a file: a JSON array with the names of the columns, then one for each row. Bytes are base64.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IntoInnerError, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::manifest::Lines;
use super::{BackupError, files};
use crate::db::dump::{Cell, Column, Kind, Table};
use crate::seal::to_hex;

/// No line is longer. A row is far below that: the longest is what somebody asked of an upload, a mebibyte, and what JSON adds.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

/// Where the rows of a table lie.
pub(super) fn path(snapshot: &Path, table: &str) -> PathBuf {
    snapshot.join("rows").join(format!("{table}.ndjson"))
}

/// Writes lines, and their digest.
pub(super) struct LineWriter {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Context,
    count: i64,
}

impl LineWriter {
    pub(super) fn create(path: &Path) -> Result<Self, BackupError> {
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(files::create(path)?),
            hash: Context::new(&SHA256),
            count: 0,
        })
    }

    /// A line that is counted.
    pub(super) fn put(&mut self, json: &Value) -> Result<(), BackupError> {
        self.count += 1;
        self.line(json)
    }

    fn line(&mut self, json: &Value) -> Result<(), BackupError> {
        let line = format!("{json}\n");
        if line.len() as u64 > LINE_BYTES {
            return Err(BackupError::damaged(&self.path, "a row is longer than it can be"));
        }
        self.hash.update(line.as_bytes());
        let written = self.file.write_all(line.as_bytes());
        written.map_err(BackupError::of_file(&self.path))
    }

    /// Flushes all to the disk, and says what there is.
    pub(super) fn finish(self) -> Result<Lines, BackupError> {
        let Self {
            path,
            file,
            hash,
            count,
        } = self;
        let file = file.into_inner().map_err(IntoInnerError::into_error);
        file.and_then(|file| file.sync_all())
            .map_err(BackupError::of_file(&path))?;
        Ok(Lines {
            count,
            sha256: to_hex(hash.finish().as_ref()),
        })
    }
}

/// Reads lines, and compares them with what was written.
pub(super) struct LineReader {
    path: PathBuf,
    file: BufReader<File>,
    hash: Context,
    count: i64,
    expected: Lines,
}

impl LineReader {
    pub(super) fn open(path: &Path, expected: &Lines) -> Result<Self, BackupError> {
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::new(files::open(path)?),
            hash: Context::new(&SHA256),
            count: 0,
            expected: expected.clone(),
        })
    }

    /// The next line. `None` at the end, if everything before it was what was written.
    pub(super) fn next(&mut self) -> Result<Option<Value>, BackupError> {
        let line = self.line()?;
        if line.is_some() {
            self.count += 1;
            return Ok(line);
        }
        let hash = std::mem::replace(&mut self.hash, Context::new(&SHA256));
        let is_same = to_hex(hash.finish().as_ref()) == self.expected.sha256;
        match is_same && self.count == self.expected.count {
            true => Ok(None),
            false => Err(self.damaged("its bytes have changed")),
        }
    }

    fn line(&mut self) -> Result<Option<Value>, BackupError> {
        let mut bytes = Vec::new();
        let mut some = (&mut self.file).take(LINE_BYTES);
        let count = some.read_until(b'\n', &mut bytes);
        if count.map_err(BackupError::of_file(&self.path))? == 0 {
            return Ok(None);
        }
        self.hash.update(&bytes);
        if bytes.last() != Some(&b'\n') {
            return Err(self.damaged("a line has no end"));
        }
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Some)
            .map_err(|error| self.damaged(&format!("line {}: {error}", self.count + 1)))
    }

    pub(super) fn damaged(&self, what: &str) -> BackupError {
        BackupError::damaged(&self.path, what)
    }
}

/// Writes the rows of a table.
pub(super) struct RowWriter(LineWriter);

impl RowWriter {
    /// Begins the file of a table in a snapshot.
    pub(super) fn create(snapshot: &Path, table: &Table) -> Result<Self, BackupError> {
        let mut lines = LineWriter::create(&path(snapshot, table.name))?;
        let names = table.columns().into_iter().map(|column| Value::from(column.name));
        lines.line(&names.collect())?;
        Ok(Self(lines))
    }

    /// Writes a row of all columns.
    pub(super) fn put(&mut self, row: &[Cell]) -> Result<(), BackupError> {
        self.0.put(&row.iter().map(as_json).collect())
    }

    /// As [`LineWriter::finish`].
    pub(super) fn finish(self) -> Result<Lines, BackupError> {
        self.0.finish()
    }
}

/// Reads the rows of a table.
pub(super) struct RowReader {
    lines: LineReader,
    /// The columns of each row.
    pub(super) columns: Vec<Column>,
}

impl RowReader {
    /// Opens the file of a table in a snapshot.
    pub(super) fn open(snapshot: &Path, table: &Table, expected: &Lines) -> Result<Self, BackupError> {
        let mut lines = LineReader::open(&path(snapshot, table.name), expected)?;
        let Some(Value::Array(names)) = lines.line()? else {
            return Err(lines.damaged("the names of its columns are not there"));
        };
        let mut columns: Vec<Column> = Vec::new();
        for name in names {
            let known = name.as_str().and_then(|name| table.column(name));
            match known.filter(|column| !columns.contains(column)) {
                Some(column) => columns.push(column),
                None => return Err(lines.damaged(&format!("{name} is no column of this table"))),
            }
        }
        Ok(Self { lines, columns })
    }

    /// The next row. `None` at the end, if everything before it was what was written.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Cell>>, BackupError> {
        let Some(line) = self.lines.next()? else {
            return Ok(None);
        };
        let cells = match line {
            Value::Array(values) if values.len() == self.columns.len() => {
                let both = values.into_iter().zip(&self.columns);
                both.map(|(value, column)| as_cell(value, column.kind)).collect()
            }
            _ => None,
        };
        let place = self.lines.count;
        match cells {
            Some(cells) => Ok(Some(cells)),
            None => Err(self
                .lines
                .damaged(&format!("row {place} does not fit its columns"))),
        }
    }

    /// The place of a column in each row.
    pub(super) fn place(&self, name: &str) -> Result<usize, BackupError> {
        let found = self.columns.iter().position(|column| column.name == name);
        found.ok_or_else(|| self.lines.damaged(&format!("there is no column {name}")))
    }

    pub(super) fn damaged(&self, what: &str) -> BackupError {
        self.lines.damaged(what)
    }
}

fn as_json(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => text.as_deref().into(),
        Cell::Int(number) => (*number).into(),
        Cell::Bool(truth) => (*truth).into(),
        Cell::Bytes(bytes) => STANDARD.encode(bytes).into(),
    }
}

fn as_cell(value: Value, kind: Kind) -> Option<Cell> {
    Some(match (kind, value) {
        (Kind::Text, Value::Null) => Cell::Text(None),
        (Kind::Text, Value::String(text)) => Cell::Text(Some(text)),
        (Kind::Int, Value::Null) => Cell::Int(None),
        (Kind::Int, Value::Number(number)) => Cell::Int(Some(number.as_i64()?)),
        (Kind::Bool, Value::Bool(truth)) => Cell::Bool(truth),
        (Kind::Bytes, Value::String(text)) => Cell::Bytes(STANDARD.decode(text).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_comes_back_as_it_was() {
        for (cell, kind) in [
            (Cell::Text(None), Kind::Text),
            (Cell::Text(Some("a\0\u{10FFFF}\n\"é".to_owned())), Kind::Text),
            (Cell::Int(None), Kind::Int),
            (Cell::Int(Some(i64::MIN)), Kind::Int),
            (Cell::Int(Some(i64::MAX)), Kind::Int),
            (Cell::Bool(true), Kind::Bool),
            (Cell::Bytes(vec![0, 255, 10]), Kind::Bytes),
        ] {
            let text = as_json(&cell).to_string();
            assert!(!text.contains('\n'), "{text}");
            let value = serde_json::from_str(&text).unwrap();
            assert_eq!(as_cell(value, kind), Some(cell), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_its_column_is_none() {
        for (text, kind) in [
            ("1", Kind::Text),
            ("\"1\"", Kind::Int),
            ("1.5", Kind::Int),
            ("9223372036854775808", Kind::Int),
            ("1", Kind::Bool),
            ("null", Kind::Bool),
            ("\"*\"", Kind::Bytes),
            ("null", Kind::Bytes),
            ("[]", Kind::Text),
            ("{}", Kind::Bytes),
        ] {
            assert_eq!(as_cell(serde_json::from_str(text).unwrap(), kind), None, "{text}");
        }
    }
}
