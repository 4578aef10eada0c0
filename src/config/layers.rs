//! The sources of a configuration, the weakest first: file, environment, command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::problem::Problems;
use super::reader::Reader;
use super::registry::{self, KEYS, Key, PREFIX, TABLES};
use super::value::{self, Entry, Layer, Origin, Value};
use super::{BACKUP_PASSPHRASE, Flags};

/// What the sources say, before it is put together.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Settings of the server; a later one beats an earlier one.
    pub(super) server: Vec<Entry>,
    /// Settings of each entry of `[[issuers]]`.
    pub(super) issuers: Vec<Vec<Entry>>,
    /// Settings of each entry of `[[identity_providers]]`.
    pub(super) providers: Vec<Vec<Entry>>,
}

/// Reads all sources.
pub(super) fn gather(
    flags: &Flags,
    environment: impl Iterator<Item = (OsString, OsString)>,
    problems: &mut Problems,
) -> Given {
    let mut given = Given::default();
    if let Some(path) = &flags.config {
        file(path, &mut given, problems);
    }
    variables(environment, &mut given.server, problems);
    command_line(flags, &mut given.server, problems);
    given
}

fn file(path: &Path, given: &mut Given, problems: &mut Problems) {
    let Some(mut table) = parse_file(path, problems) else {
        return;
    };
    let layer = Layer {
        origin: Origin::File(path.to_owned()),
        base: path.parent().map_or_else(PathBuf::new, Path::to_owned),
    };
    let [issuers, providers] = TABLES.map(|(name, keys)| (name, keys, table.remove(name)));
    given.server = read(KEYS, String::new(), &table, &layer, problems);
    given.issuers = entries(issuers, &layer, problems);
    given.providers = entries(providers, &layer, problems);
}

/// The entries of an array of tables.
fn entries(
    (name, keys, given): (&str, &'static [Key], Option<toml::Value>),
    layer: &Layer,
    problems: &mut Problems,
) -> Vec<Vec<Entry>> {
    let given = given.unwrap_or_else(|| toml::Value::Array(Vec::new()));
    let tables = given
        .as_array()
        .map(|entries| entries.iter().map(toml::Value::as_table));
    let Some(tables) = tables.and_then(Iterator::collect::<Option<Vec<_>>>) else {
        problems.add(
            name,
            format!("expected an array of tables; write [[{name}]] above each entry"),
        );
        return Vec::new();
    };
    let numbered = tables.into_iter().enumerate();
    numbered
        .map(|(index, table)| read(keys, format!("{name}[{index}]."), table, layer, problems))
        .collect()
}

fn read(
    keys: &'static [Key],
    prefix: String,
    table: &toml::Table,
    layer: &Layer,
    problems: &mut Problems,
) -> Vec<Entry> {
    let mut reader = Reader {
        keys,
        prefix,
        layer,
        problems,
        entries: Vec::new(),
    };
    reader.read(table, "");
    reader.entries
}

fn parse_file(path: &Path, problems: &mut Problems) -> Option<toml::Table> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|e| problems.add(&shown, format!("the configuration file cannot be read: {e}")))
        .ok()?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|e| {
            let (line, column) = position(&bytes, e.valid_up_to());
            problems.add(
                format!("{shown}:{line}:{column}"),
                "the file is not UTF-8; save it as UTF-8",
            );
        })
        .ok()?;
    toml::from_str(text)
        .map_err(|e| {
            let (line, column) = position(&bytes, e.span().map_or(0, |span| span.start));
            problems.add(
                format!("{shown}:{line}:{column}"),
                format!("the file is not TOML: {}", e.message()),
            );
        })
        .ok()
}

/// Line and column of the byte at `offset`, both from 1, the column in characters.
fn position(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.split(|b| *b == b'\n').count();
    let last = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    (line, String::from_utf8_lossy(last).chars().count() + 1)
}

fn variables(
    environment: impl Iterator<Item = (OsString, OsString)>,
    entries: &mut Vec<Entry>,
    problems: &mut Problems,
) {
    let mut ours: Vec<_> = environment
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| name.starts_with(PREFIX) && name != BACKUP_PASSPHRASE)
        .collect();
    // The environment has no order; the problems have one.
    ours.sort();
    for (name, value) in ours {
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            problems.add(&name, no_such_variable(&name));
            continue;
        };
        if key.kind.is_array() {
            problems.add(
                &name,
                format!("an array; set {} in the configuration file", key.name),
            );
            continue;
        }
        let Some(text) = value.to_str() else {
            problems.add(&name, "the value is not UTF-8");
            continue;
        };
        let layer = Layer {
            origin: Origin::Environment(name),
            base: PathBuf::new(),
        };
        entries.extend(layer.offer(key, &value::from_text(key.kind, text), key.name, problems));
    }
}

fn no_such_variable(name: &str) -> String {
    let path = name
        .strip_prefix(PREFIX)
        .unwrap_or_default()
        .to_lowercase()
        .replace("__", ".");
    if let Some((name, _)) = TABLES.iter().find(|(name, _)| path.starts_with(name)) {
        return format!("{name} are tables; write them as [[{name}]] in the configuration file");
    }
    let nearest = registry::nearest(KEYS, &path).map(Key::variable);
    nearest.map_or_else(
        || "unknown variable".to_owned(),
        |nearest| format!("unknown variable; did you mean {nearest}?"),
    )
}

fn command_line(flags: &Flags, entries: &mut Vec<Entry>, problems: &mut Problems) {
    let layer = |name| Layer {
        origin: Origin::Flag(name),
        base: PathBuf::new(),
    };
    let find = |name| KEYS.iter().find(|key| key.name == name);
    if let (Some(key), Some(text)) = (find("listen"), &flags.listen) {
        let raw = toml::Value::from(text.as_str());
        entries.extend(layer("listen").offer(key, &raw, key.name, problems));
    }
    if let (Some(key), Some(path)) = (find("data"), &flags.data) {
        // Not by way of a text, for a path need not be UTF-8.
        entries.push(Entry {
            key,
            value: Value::Path(path.clone()),
            origin: layer("data").origin,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_problem(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.toml");
        std::fs::write(&path, bytes).unwrap();
        let mut problems = Problems::default();
        assert!(parse_file(&path, &mut problems).is_none());
        assert_eq!(problems.0.len(), 1);
        let folder = folder.path().display().to_string();
        problems.0[0].to_string().replace(&folder, "")
    }

    #[test]
    fn faults_of_the_file_have_line_and_column() {
        for (bytes, expected) in [
            (
                &b"listen = 'a'\nlisten = 'b'"[..],
                "/g.toml:2:1: the file is not TOML: ",
            ),
            (b"a = 1\nb = = 2", "/g.toml:2:5: the file is not TOML: "),
            (
                b"# \xc3\xa9\n# \xc3\xa9\xff",
                "/g.toml:2:4: the file is not UTF-8",
            ),
        ] {
            let problem = parse_problem(bytes);
            assert!(problem.starts_with(expected), "{problem}");
            assert!(!problem.contains('\n'), "{problem}");
        }
    }

    #[test]
    fn a_missing_file_is_one_problem() {
        let mut problems = Problems::default();
        assert!(parse_file(Path::new("/nowhere/g.toml"), &mut problems).is_none());
        let problem = problems.0[0].to_string();
        assert!(
            problem.starts_with("/nowhere/g.toml: the configuration file cannot be read: "),
            "{problem}"
        );
    }

    #[test]
    fn unknown_variables_name_the_nearest() {
        for (name, expected) in [
            (
                "GRAPHOPHONE_LISTN",
                "unknown variable; did you mean GRAPHOPHONE_LISTEN?",
            ),
            (
                "GRAPHOPHONE_LIMITS_JSON_BYTES",
                "unknown variable; did you mean GRAPHOPHONE_LIMITS__JSON_BYTES?",
            ),
            (
                "GRAPHOPHONE_ISSUERS__0__ISSUER",
                "issuers are tables; write them as [[issuers]] in the configuration file",
            ),
            (
                "GRAPHOPHONE_NOTIFICATIONS__ALLOWED_NETWORKS",
                "an array; set notifications.allowed_networks in the configuration file",
            ),
        ] {
            let mut problems = Problems::default();
            let environment = [(OsString::from(name), OsString::from("x"))];
            variables(environment.into_iter(), &mut Vec::new(), &mut problems);
            assert_eq!(problems.0[0].message, expected);
        }
    }
}
