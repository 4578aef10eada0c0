//! From a TOML table to values: finds the key of everything in it, and says what has none.

use super::problem::Problems;
use super::registry::{self, Key};
use super::value::{self, Entry, Layer};

/// Reads the tables of one file against one registry.
pub(super) struct Reader<'a> {
    /// The keys that may occur.
    pub(super) keys: &'static [Key],
    /// What stands before a key towards people: nothing, or `issuers[0].`.
    pub(super) prefix: String,
    /// The file.
    pub(super) layer: &'a Layer,
    /// Where problems go.
    pub(super) problems: &'a mut Problems,
    /// What was found and is fine.
    pub(super) entries: Vec<Entry>,
}

impl Reader<'_> {
    /// Reads `table`, which lies at `path`: empty for the outermost, otherwise with a dot at its end.
    pub(super) fn read(&mut self, table: &toml::Table, path: &str) {
        for (name, raw) in table {
            let is_bare = name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            if !is_bare || name.is_empty() {
                self.unknown(&format!("{path}{name:?}"), &format!("{path}{name}"));
                continue;
            }
            let path = format!("{path}{name}");
            let shown = format!("{}{path}", self.prefix);
            if let Some(key) = self.keys.iter().find(|key| key.name == path) {
                self.entries
                    .extend(self.layer.offer(key, raw, &shown, self.problems));
                continue;
            }
            let is_section = registry::is_section(self.keys, &path);
            match raw {
                // The keys of an unknown section are named one by one: each has its own place.
                toml::Value::Table(inner) if is_section || !inner.is_empty() => {
                    self.read(inner, &format!("{path}."));
                }
                _ if is_section => {
                    self.problems
                        .add(shown, format!("expected a table; found {}", value::found(raw)));
                }
                _ => self.unknown(&path, &path),
            }
        }
    }

    fn unknown(&mut self, shown: &str, path: &str) {
        let prefix = &self.prefix;
        // Arrays of tables are no keys of the registry, and may only be misspelled at the top.
        let is_meant = |name: &str| prefix.is_empty() && strsim::damerau_levenshtein(path, name) <= 2;
        let table = registry::TABLES.iter().find(|(name, _)| is_meant(name));
        let nearest = match table {
            Some((name, _)) => Some(format!("[[{name}]]")),
            // Within an entry, a key is suggested as it is written there.
            None => registry::nearest(self.keys, path).map(|key| key.name.to_owned()),
        };
        let hint = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        self.problems
            .add(format!("{prefix}{shown}"), format!("unknown key{hint}"));
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::registry::{ISSUER_KEYS, KEYS};
    use super::super::value::Origin;
    use super::*;

    fn problems_of(keys: &'static [Key], prefix: &str, text: &str) -> Vec<String> {
        let layer = Layer {
            origin: Origin::File(PathBuf::from("g.toml")),
            base: PathBuf::new(),
        };
        let mut problems = Problems::default();
        let mut reader = Reader {
            keys,
            prefix: prefix.to_owned(),
            layer: &layer,
            problems: &mut problems,
            entries: Vec::new(),
        };
        reader.read(&toml::from_str(text).unwrap(), "");
        problems.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        for (text, expected) in [
            (
                "[limits]\nmax_connection = 1",
                "limits.max_connection: unknown key; did you mean limits.max_connections?",
            ),
            (
                "[limit]\njson_bytes = 1",
                "limit.json_bytes: unknown key; did you mean limits.json_bytes?",
            ),
            (
                "'limits.json_bytes' = 1",
                "\"limits.json_bytes\": unknown key; did you mean limits.json_bytes?",
            ),
            ("[[issuer]]", "issuer: unknown key; did you mean [[issuers]]?"),
            ("limits = 5", "limits: expected a table; found 5"),
            ("[[limits]]", "limits: expected a table; found an array"),
        ] {
            assert_eq!(problems_of(KEYS, "", text), [expected]);
        }
    }

    #[test]
    fn an_unknown_key_of_an_entry_says_which_entry() {
        assert_eq!(
            problems_of(
                ISSUER_KEYS,
                "issuers[0].",
                "audience = ['a']\n[claims]\nrole = 'r'"
            ),
            [
                "issuers[0].audience: unknown key; did you mean audiences?",
                "issuers[0].claims.role: unknown key; did you mean claims.roles?",
            ]
        );
    }

    #[test]
    fn a_table_where_a_value_belongs_is_refused() {
        let problems = problems_of(KEYS, "", "[listen]\nport = 1");
        assert!(
            problems[0].starts_with("listen: expected an IP address"),
            "{problems:?}"
        );
        assert!(problems[0].ends_with("found a table"), "{problems:?}");
    }
}
