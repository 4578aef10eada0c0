//! What holds the rooms apart: every file of `src` is parsed, and what its code names outside of its tests is compared with
//! the rules below. The rules are data; each says why, and one that nothing needs any more fails too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// The rooms from the ground up. A room names only those before it.
const ORDER: [&str; 26] = [
    "clock",
    "ids",
    "seal",
    "media",
    "graph",
    "config",
    "throttle",
    "telemetry",
    "tls",
    "db",
    "content",
    "auth",
    "authority",
    "query",
    "store",
    "seed",
    "jobs",
    "uploads",
    "retention",
    "tree",
    "verify",
    "backup",
    "app",
    "http",
    "server",
    "cli",
];

/// Modules that name a room above their own, each with its reason.
const UPWARD: [(&str, &str, &str); 0] = [];

/// A name that only some modules may use.
struct Only {
    /// A path, and everything below it.
    path: &'static str,
    /// The modules that may, and everything below them.
    modules: &'static [&'static str],
    reason: &'static str,
}

const ONLY: &[Only] = &[
    Only {
        path: "hyper",
        modules: &["http"],
        reason: "HTTP is known by one room",
    },
    Only {
        path: "hyper_util",
        modules: &["http"],
        reason: "HTTP is known by one room",
    },
    Only {
        path: "http",
        modules: &["http"],
        reason: "HTTP is known by one room: the others know no status code",
    },
    Only {
        path: "http_body",
        modules: &["http"],
        reason: "HTTP is known by one room",
    },
    Only {
        path: "http_body_util",
        modules: &["http"],
        reason: "HTTP is known by one room",
    },
    Only {
        path: "socket2",
        modules: &["http::listener"],
        reason: "one place listens",
    },
    Only {
        path: "tokio_rustls",
        modules: &["http::listener", "http::transport"],
        reason: "TLS is spoken where connections come in",
    },
    Only {
        path: "rcgen",
        modules: &["tls::development"],
        reason: "one place makes certificates, and only for development",
    },
    Only {
        path: "rusqlite",
        modules: &["db::sqlite", "db::migrate"],
        reason: "a statement is for every engine; only the engine and its schema know the driver",
    },
    Only {
        path: "tokio_postgres",
        modules: &["db::postgres", "db::migrate"],
        reason: "a statement is for every engine; only the engine and its schema know the driver",
    },
    Only {
        path: "deadpool_postgres",
        modules: &["db::postgres"],
        reason: "connections are one engine's",
    },
    Only {
        path: "tokio_postgres_rustls",
        modules: &["db::postgres"],
        reason: "connections are one engine's",
    },
    Only {
        path: "reqwest",
        modules: &["auth::fetch", "content::s3::connect"],
        reason: "outgoing requests need time limits and checked addresses: one place for issuers, one for the store that the \
                 configuration names",
    },
    Only {
        path: "object_store",
        modules: &["content::s3"],
        reason: "a back end of one room",
    },
    Only {
        path: "quick_xml",
        modules: &["content::s3::unfinished"],
        reason: "the one listing that object_store does not read",
    },
    Only {
        path: "futures_core",
        modules: &["content::s3::read"],
        reason: "the form in which object_store gives bytes",
    },
    Only {
        path: "jsonwebtoken",
        modules: &["auth"],
        reason: "tokens are read by one room",
    },
    Only {
        path: "x509_parser",
        modules: &["auth::key_set", "authority::certificate", "tls"],
        reason: "certificates are read where their keys are used",
    },
    Only {
        path: "argon2",
        modules: &["authority::passphrase", "authority::secret_hash"],
        reason: "one choice of parameters for passwords, and one for passphrases",
    },
    Only {
        path: "aws_lc_rs",
        modules: &["auth", "authority", "backup::rows", "content", "seal"],
        reason: "signatures, digests of content and of rows in files, and seals",
    },
    Only {
        path: "clap",
        modules: &["cli", "main"],
        reason: "the command line is known by one room",
    },
    Only {
        path: "indicatif",
        modules: &["cli"],
        reason: "what people see on a terminal",
    },
    Only {
        path: "mp4san",
        modules: &["media::mp4::faststart"],
        reason: "one place moves an index, and checks that it was moved well",
    },
    Only {
        path: "utoipa",
        modules: &["graph", "http::api"],
        reason: "our own API is described where its JSON is, and where its operations are",
    },
    Only {
        path: "rust_embed",
        modules: &["cli::demo"],
        reason: "the demo's files",
    },
    Only {
        path: "anyhow",
        modules: &[],
        reason: "errors have a meaning, those of commands too",
    },
    Only {
        path: "tempfile",
        modules: &["cli", "uploads::remux"],
        reason: "what goes away: of a command, and of another program",
    },
    Only {
        path: "serde_saphyr",
        modules: &["seed"],
        reason: "YAML is the form of seed files",
    },
    Only {
        path: "toml",
        modules: &["config"],
        reason: "TOML is the form of the configuration",
    },
    Only {
        path: "tracing_subscriber",
        modules: &["telemetry"],
        reason: "one place decides where logs go",
    },
    Only {
        path: "rustix",
        modules: &[
            "backup::files",
            "backup::folder",
            "cli::actor",
            "cli::password",
            "cli::serve",
            "content::local",
            "db::sqlite",
            "seed::files",
        ],
        reason: "system calls that std does not have",
    },
    Only {
        path: "std::fs",
        modules: &[
            "auth::fetch",
            "auth::issuers",
            "backup",
            "cli",
            "config::layers",
            "config::secret",
            "content::local",
            "content::s3::connect",
            "db::sqlite",
            "seed::files",
            "store",
            "tls",
            "uploads::finish",
            "uploads::remux",
        ],
        reason: "files: of backups, of certificates and keys, of commands, of the configuration and its secrets, of content, of the \
                 database (made so that its owner alone reads it), of seeds, and the data folder itself",
    },
    Only {
        path: "std::env",
        modules: &["cli"],
        reason: "the environment is read once",
    },
    Only {
        path: "std::process",
        modules: &["cli", "main", "uploads::remux"],
        reason: "exit statuses are the command line's; one place runs another program",
    },
    Only {
        path: "std::thread",
        modules: &["authority::hashers", "db::sqlite", "http::listener", "server"],
        reason: "the committer, one runtime a core, and what hashes passwords",
    },
    Only {
        path: "tokio",
        modules: &[
            "auth",
            "authority",
            "backup",
            "cli",
            "content",
            "db",
            "http",
            "jobs",
            "seed::load",
            "server",
            "store",
            "throttle",
            "uploads",
            "verify",
        ],
        reason: "what waits or works beside the runtime; the other rooms compute",
    },
    Only {
        path: "tokio::net",
        modules: &["http", "auth::fetch"],
        reason: "sockets: accepting, and looking up the names that keys are fetched from",
    },
    Only {
        path: "tokio::fs",
        modules: &[],
        reason: "files are read in line or on a thread of their own, never through a hidden pool",
    },
    Only {
        path: "std::net::TcpListener",
        modules: &["http::listener"],
        reason: "one place listens",
    },
    Only {
        path: "std::net::TcpStream",
        modules: &[],
        reason: "nobody dials but auth::fetch",
    },
    Only {
        path: "std::net::UdpSocket",
        modules: &[],
        reason: "nobody dials but auth::fetch",
    },
    Only {
        path: "std::net::ToSocketAddrs",
        modules: &[],
        reason: "looking up a name blocks",
    },
    Only {
        path: "std::time::SystemTime",
        modules: &["clock"],
        reason: "ask the Clock, so that a test can move time",
    },
    Only {
        path: "std::time::Instant",
        modules: &[],
        reason: "tokio's stands still in a test that pauses it",
    },
    Only {
        path: "std::sync::LazyLock",
        modules: &[],
        reason: "no global variables",
    },
    Only {
        path: "std::sync::OnceLock",
        modules: &[],
        reason: "no global variables",
    },
];

/// Rooms without any I/O, and the methods that would be I/O without naming it.
const PURE: [&str; 6] = ["clock", "ids", "seal", "media", "graph", "query"];
const IO_METHODS: [&str; 9] = [
    "canonicalize",
    "exists",
    "is_dir",
    "is_file",
    "metadata",
    "read_dir",
    "symlink_metadata",
    "try_exists",
    "to_socket_addrs",
];

/// Where camelCase names of the wire may be written, beside in patterns and sentences.
const WIRE_NAMES: &[(&str, &str)] = &[
    ("graph", "the JSON that we speak"),
    ("query::schema", "the property table"),
    ("query::plan", "the filters that Graph offers"),
    ("media::fault", "the words for what is wrong with a file"),
    ("media::webvtt::metadata", "the JSON of metadataContent"),
    ("http::api", "the paths of our own name space"),
    ("http::artifacts::export", "functions and their parameters"),
    ("http::batch", "the JSON of a batch"),
    ("http::metadata", "the schema names what is served"),
    ("http::present", "annotations of links"),
    ("verify", "findings as they are printed"),
    ("backup", "the JSON of a snapshot"),
    ("uploads::facts", "the JSON of what is in a file"),
    ("uploads::request", "places in the body of a request"),
    ("seed", "seed files use Graph's own names"),
    ("cli", "commands print Graph's own names, and make seeds"),
    ("http::router", "the names in paths"),
    ("http::error", "Graph's error codes"),
    (
        "ids",
        "the name of a property is part of what its ids are derived from",
    ),
];

#[test]
fn no_room_names_one_above_it() {
    let mut faults = Vec::new();
    for module in crate_modules() {
        let Some(own) = ORDER.iter().position(|room| *room == module.room()) else {
            if !["", "main"].contains(&module.room()) {
                faults.push(format!("{} has no place in ORDER", module.room()));
            }
            continue;
        };
        let found = upward(&module, own);
        let excepted = |room: &str| {
            UPWARD
                .iter()
                .any(|(path, above, _)| *path == module.path && *above == room)
        };
        for (path, above, _) in UPWARD.iter().filter(|(path, ..)| *path == module.path) {
            assert!(
                found.iter().any(|room| room == above),
                "{path} does not name {above} any more"
            );
        }
        let unexpected = found.iter().filter(|room| !excepted(room));
        faults.extend(
            unexpected.map(|room| format!("{} names {room}, which is above it or nowhere", module.path)),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The rooms above its own that a module names.
fn upward(module: &Module, own: usize) -> Vec<String> {
    let rooms = module
        .names
        .iter()
        .filter_map(|path| path.strip_prefix("crate::"))
        .map(|path| path.split("::").next().unwrap());
    let above = rooms.filter(|room| {
        ORDER
            .iter()
            .position(|name| name == room)
            .is_none_or(|at| at > own)
    });
    above
        .map(ToOwned::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[test]
fn what_only_some_rooms_may_name_is_named_by_no_other() {
    let modules = crate_modules();
    let faults: Vec<String> = modules
        .iter()
        .flat_map(|module| ONLY.iter().filter_map(|rule| broken(module, rule)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let stale: Vec<String> = ONLY
        .iter()
        .flat_map(|rule| rule.modules.iter().map(move |allowed| (rule, allowed)))
        .filter(|(rule, allowed)| {
            !modules
                .iter()
                .any(|module| below(&module.path, allowed) && names(module, rule.path).is_some())
        })
        .map(|(rule, allowed)| format!("{allowed} does not name {} any more: shorten the rule", rule.path))
        .collect();
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

fn names<'a>(module: &'a Module, path: &str) -> Option<&'a String> {
    module.names.iter().find(|name| below(name, path))
}

fn broken(module: &Module, rule: &Only) -> Option<String> {
    let may = rule.modules.iter().any(|allowed| below(&module.path, allowed));
    let found = names(module, rule.path).filter(|_| !may)?;
    Some(format!("{} names {found}: {}", module.path, rule.reason))
}

/// Whether `path` is `root` or lies below it.
fn below(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn pure_rooms_do_no_io() {
    let faults: Vec<String> = crate_modules().iter().flat_map(io_in_pure_room).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn io_in_pure_room(module: &Module) -> Vec<String> {
    const PATHS: [&str; 10] = [
        "tokio",
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "std::os",
        "rusqlite",
        "reqwest",
        "hyper",
        "rustix",
    ];
    if !PURE.contains(&module.room()) {
        return Vec::new();
    }
    let paths = PATHS.iter().filter_map(|path| names(module, path).cloned());
    let methods = module
        .methods
        .iter()
        .filter(|method| IO_METHODS.contains(&method.as_str()))
        .map(|method| format!(".{method}()"));
    paths
        .chain(methods)
        .map(|name| format!("{} is pure and names {name}", module.path))
        .collect()
}

#[test]
fn names_of_the_wire_are_written_where_the_wire_is_described() {
    let modules = crate_modules();
    let faults: Vec<String> = modules.iter().flat_map(misplaced_wire_names).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (room, _) in WIRE_NAMES {
        let needed = modules
            .iter()
            .any(|module| below(&module.path, room) && module.texts.iter().any(|text| is_camel_case(text)));
        assert!(
            needed,
            "{room} has no names of the wire any more: shorten the list"
        );
    }
}

fn misplaced_wire_names(module: &Module) -> Vec<String> {
    if WIRE_NAMES.iter().any(|(room, _)| below(&module.path, room)) {
        return Vec::new();
    }
    let found = module.texts.iter().filter(|text| is_camel_case(text));
    found
        .map(|text| format!("{} writes the wire's name {text:?}", module.path))
        .collect()
}

fn is_camel_case(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.contains(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let words = [concat!("#[", "allow("), concat!("#![", "allow(")];
    for file in rust_files(&["src", "tests", "crates/odata/src"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in words {
            assert!(!text.contains(word), "{} has {word}…", file.display());
        }
    }
}

#[test]
fn every_file_of_src_belongs_to_the_crate() {
    let (modules, tests) = read_crate();
    let known: BTreeSet<&PathBuf> = modules.iter().map(|module| &module.file).chain(&tests).collect();
    for file in rust_files(&["src"]) {
        // Modules of tests have modules of their own.
        let of_tests = tests.iter().any(|test| file.starts_with(test.with_extension("")));
        assert!(
            known.contains(&file) || of_tests,
            "{} is in no module",
            file.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_500_lines_without_its_tests() {
    let (modules, _) = read_crate();
    let long: Vec<String> = modules
        .iter()
        .filter_map(|module| {
            let text = std::fs::read_to_string(&module.file).unwrap();
            let lines = lines_without_tests(&text);
            (lines > 500).then(|| format!("{} has {lines} lines: split it", module.file.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Lines before the module of tests that ends a file.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
    tests.unwrap_or(lines.len())
}

/// What a file names outside of its tests.
struct Module {
    file: PathBuf,
    /// Its path in the crate: `http::artifacts::get`.
    path: String,
    /// Paths, those of this crate beginning with `crate::`.
    names: BTreeSet<String>,
    methods: BTreeSet<String>,
    texts: BTreeSet<String>,
    /// Modules in files of their own, and whether they are tests.
    children: Vec<(String, bool)>,
}

impl Module {
    fn room(&self) -> &str {
        self.path.split("::").next().unwrap()
    }
}

fn crate_modules() -> Vec<Module> {
    read_crate().0
}

/// Every module that is reached from `lib.rs` and `main.rs`, and the files of modules that are only for tests.
fn read_crate() -> (Vec<Module>, Vec<PathBuf>) {
    let src = root().join("src");
    let (mut modules, mut tests) = (Vec::new(), Vec::new());
    let mut waiting = vec![
        (String::new(), src.join("lib.rs"), src.clone()),
        ("main".to_owned(), src.join("main.rs"), src),
    ];
    while let Some((path, file, folder)) = waiting.pop() {
        let module = read_module(&path, &std::fs::read_to_string(&file).unwrap(), file);
        for (name, is_test) in &module.children {
            let flat = folder.join(format!("{name}.rs"));
            let nested = folder.join(name).join("mod.rs");
            let file = if flat.is_file() { flat } else { nested };
            let path = [path.as_str(), name]
                .join("::")
                .trim_start_matches("::")
                .to_owned();
            match is_test {
                true => tests.push(file),
                false => waiting.push((path, file, folder.join(name))),
            }
        }
        modules.push(module);
    }
    (modules, tests)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

fn read_module(path: &str, text: &str, file: PathBuf) -> Module {
    let mut reader = Reader {
        here: path
            .split("::")
            .filter(|part| !part.is_empty())
            .map(ToOwned::to_owned)
            .collect(),
        module: Module {
            file,
            path: path.to_owned(),
            names: BTreeSet::new(),
            methods: BTreeSet::new(),
            texts: BTreeSet::new(),
            children: Vec::new(),
        },
        aliases: BTreeSet::new(),
    };
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    reader.visit_file(&parsed);
    // `use crate::http;` makes `http::x` one of ours and not the crate's of that name.
    let aliases = reader.aliases;
    reader
        .module
        .names
        .retain(|name| !aliases.contains(name.split("::").next().unwrap()));
    reader.module
}

struct Reader {
    /// The module that is being read, inline ones included.
    here: Vec<String>,
    module: Module,
    /// Names of this crate's modules that the file has imported.
    aliases: BTreeSet<String>,
}

impl Reader {
    fn path(&mut self, segments: &[String]) {
        let mut segments = segments;
        let mut base = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.here.clone(),
            Some(_) => {
                self.module.names.insert(segments.join("::"));
                return;
            }
            None => return,
        };
        while let Some(first) = segments
            .first()
            .filter(|first| ["crate", "self", "super"].contains(&first.as_str()))
        {
            if first == "super" {
                base.pop();
            }
            segments = &segments[1..];
        }
        base.extend(segments.iter().cloned());
        if !base.is_empty() {
            self.module.names.insert(format!("crate::{}", base.join("::")));
        }
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => self.import(before, None),
            syn::UseTree::Name(name) => self.import(&with(&name.ident), None),
            syn::UseTree::Rename(rename) => {
                self.import(&with(&rename.ident), Some(rename.rename.to_string()));
            }
            syn::UseTree::Glob(_) => self.path(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(before, item)),
        }
    }

    fn import(&mut self, path: &[String], name: Option<String>) {
        let ours = path
            .first()
            .is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str()));
        if ours && let Some(name) = name.or_else(|| path.last().cloned()) {
            self.aliases.insert(name);
        }
        self.path(path);
    }

    /// Names and texts in tokens that syn leaves alone: of macros and attributes.
    fn tokens(&mut self, text: &str) {
        let (paths, texts) = scan(text);
        for path in paths {
            self.path(&path);
        }
        self.module.texts.extend(texts);
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Const(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Static(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_test = is_test(&item.attrs);
        match &item.content {
            None => self.module.children.push((item.ident.to_string(), is_test)),
            Some(_) if is_test => {}
            Some(_) => {
                self.here.push(item.ident.to_string());
                visit::visit_item_mod(self, item);
                self.here.pop();
            }
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        // One name is a local one, or was imported.
        if segments.len() > 1 {
            self.path(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.module.methods.insert(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.module.texts.insert(text.value());
    }

    fn visit_macro(&mut self, makro: &'ast syn::Macro) {
        self.visit_path(&makro.path);
        self.tokens(&makro.tokens.to_string());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens.to_string());
        }
    }
}

/// The paths of more than one name, and the texts, in a text of tokens.
fn scan(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut paths, mut texts) = (Vec::new(), Vec::new());
    let mut path: Vec<String> = Vec::new();
    // Whether the last token was `::`.
    let mut joined = false;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = &chars[at..];
        let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
        if c.is_whitespace() {
            at += 1;
        } else if c == '"' {
            let (value, length) = quoted(rest);
            texts.push(value);
            paths.push(std::mem::take(&mut path));
            joined = false;
            at += length;
        } else if rest.starts_with(&[':', ':']) {
            joined = true;
            at += 2;
        } else if is_name(&c) {
            let word: String = rest.iter().take_while(|c| is_name(c)).collect();
            at += word.chars().count();
            if !joined {
                paths.push(std::mem::take(&mut path));
            }
            path.push(word);
            joined = false;
        } else {
            paths.push(std::mem::take(&mut path));
            joined = false;
            at += match rest {
                ['\'', '\\', ..] => {
                    2 + rest
                        .iter()
                        .skip(3)
                        .position(|c| *c == '\'')
                        .map_or(0, |end| end + 2)
                }
                ['\'', _, '\'', ..] => 3,
                _ => 1,
            };
        }
    }
    paths.push(path);
    paths.retain(|path| path.len() > 1);
    (paths, texts)
}

/// A text in quotes, as it is written, and how many characters it takes.
fn quoted(chars: &[char]) -> (String, usize) {
    let mut value = String::new();
    let mut at = 1;
    while let Some(&c) = chars.get(at) {
        match c {
            '"' => return (value, at + 1),
            '\\' => at += 2,
            _ => {
                value.push(c);
                at += 1;
            }
        }
    }
    (value, at)
}

/// What a rule finds in a made-up module.
fn made_up(path: &str, text: &str) -> Module {
    read_module(path, text, PathBuf::new())
}

#[test]
fn the_order_is_seen_to_be_broken() {
    let own = |room: &str| ORDER.iter().position(|name| *name == room).unwrap();
    for text in [
        "use crate::http::error::ApiError;",
        "use crate::{clock, http};",
        "use super::super::http::error;",
        "fn f() { crate::http::start() }",
        "fn f(x: &crate::http::Y) {}",
        "fn f() { assert!(crate::http::start()) }",
        "impl X { fn f() -> Option<crate::http::Y> { None } }",
        "mod inner { use super::super::super::http; }",
        "use crate::nowhere::x;",
    ] {
        assert_eq!(upward(&made_up("db::users", text), own("db")).len(), 1, "{text}");
    }
    for text in [
        "use crate::clock::Ticks; use super::Value; use self::inner::X;",
        "#[cfg(test)] mod tests { use crate::http::error; }",
        "#[cfg(test)] fn f() { crate::http::start() }",
        "#[cfg(test)] mod fixtures;",
        "/// See crate::http.\nfn f() {}",
        "fn f() { g(\"crate::http\") }",
    ] {
        assert_eq!(upward(&made_up("db::users", text), own("db")).len(), 0, "{text}");
    }
}

#[test]
fn a_forbidden_name_is_seen() {
    let rule = Only {
        path: "std::fs",
        modules: &["content::local"],
        reason: "test",
    };
    for text in [
        "use std::fs;",
        "use std::fs::{self, File};",
        "use std::{fmt, fs::File};",
        "use std::fs as files;",
        "use std::fs::*;",
        "fn f() { std::fs::read(\"x\") }",
        "fn f() { println!(\"{}\", std::fs::read_to_string(x)) }",
        "struct X(std::fs::File);",
    ] {
        assert!(broken(&made_up("query::plan", text), &rule).is_some(), "{text}");
        assert!(
            broken(&made_up("content::local", text), &rule).is_none(),
            "{text}"
        );
    }
    assert!(broken(&made_up("content::localised", "use std::fs;"), &rule).is_some());
    assert!(
        broken(
            &made_up("query", "use std::fsx; fn f() { g(\"std::fs\") }"),
            &rule
        )
        .is_none()
    );
}

#[test]
fn our_room_is_not_taken_for_the_crate_of_its_name() {
    let rule = Only {
        path: "http",
        modules: &[],
        reason: "test",
    };
    let ours = made_up("server", "use crate::http; fn f() { http::listener::start() }");
    let theirs = made_up("server", "fn f() { http::Response::new() }");
    assert!(broken(&ours, &rule).is_none());
    assert!(broken(&theirs, &rule).is_some());
}

#[test]
fn io_and_names_of_the_wire_are_seen() {
    for text in [
        "use tokio::sync::Mutex;",
        "fn f() { path.exists() }",
        "fn f() { a(b.metadata()) }",
    ] {
        assert_eq!(io_in_pure_room(&made_up("query::plan", text)).len(), 1, "{text}");
        assert!(io_in_pure_room(&made_up("store", text)).is_empty(), "{text}");
    }
    for text in [
        "const X: &str = \"createdDateTime\";",
        "#[derive(Serialize)] struct X { #[serde(rename = \"createdDateTime\")] y: i64 }",
        "#[serde(rename_all = \"camelCase\")] struct X;",
        "fn f() { json!({ \"createdDateTime\": 1, \"quote\\\"d\": '\"' }) }",
    ] {
        assert_eq!(
            misplaced_wire_names(&made_up("db::users", text)).len(),
            1,
            "{text}"
        );
        assert!(
            misplaced_wire_names(&made_up("graph::x", text)).is_empty(),
            "{text}"
        );
    }
}

#[test]
fn tests_at_the_end_do_not_count_as_length() {
    assert_eq!(lines_without_tests("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
    assert_eq!(lines_without_tests("a\n#[cfg(test)]\nmod tests;\nb\n"), 4);
}
