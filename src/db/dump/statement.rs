//! The statements for any table, put together out of the names in [`TABLES`](super::TABLES).

use super::Table;

/// Rows of all columns in the order of the key, as many as the last placeholder says; where it `goes_on`, behind the key that the
/// placeholders before it say.
pub fn page(table: &Table, goes_on: bool) -> String {
    let columns: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    let (columns, key) = (columns.join(", "), table.key.join(", "));
    let name = table.name;
    let (behind, limit) = match goes_on {
        true => {
            let places = placeholders(1, table.key.len());
            (format!("WHERE ({key}) > ({places}) "), table.key.len() + 1)
        }
        false => (String::new(), 1),
    };
    format!("SELECT {columns} FROM {name} {behind}ORDER BY {key} LIMIT ?{limit}")
}

/// A row, where there is any.
pub(super) fn any(table: &Table) -> String {
    format!("SELECT 1 FROM {} LIMIT 1", table.name)
}

/// So many new rows of these columns.
pub(super) fn insert(table: &Table, columns: &[&str], rows: usize) -> String {
    let width = columns.len();
    let places: Vec<String> = (0..rows)
        .map(|row| format!("({})", placeholders(row * width + 1, width)))
        .collect();
    let (name, columns, places) = (table.name, columns.join(", "), places.join(", "));
    format!("INSERT INTO {name} ({columns}) VALUES {places}")
}

/// No row stays.
pub(super) fn clear(table: &Table) -> String {
    format!("DELETE FROM {}", table.name)
}

/// `?3, ?4, ?5`
fn placeholders(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count)
        .map(|number| format!("?{number}"))
        .collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_all_columns_and_goes_on_behind_a_key() {
        let table = Table::named("access_policy_applications").unwrap();
        assert_eq!(
            page(table, false),
            "SELECT tenant_id, identity, app_id FROM access_policy_applications ORDER BY tenant_id, identity, app_id LIMIT ?1"
        );
        assert_eq!(
            page(table, true),
            "SELECT tenant_id, identity, app_id FROM access_policy_applications \
             WHERE (tenant_id, identity, app_id) > (?1, ?2, ?3) ORDER BY tenant_id, identity, app_id LIMIT ?4"
        );
    }

    #[test]
    fn rows_are_put_in_many_at_a_time() {
        let table = Table::named("change_counter").unwrap();
        assert_eq!(
            insert(table, &["id", "last"], 2),
            "INSERT INTO change_counter (id, last) VALUES (?1, ?2), (?3, ?4)"
        );
    }
}
