//! `docs/clients.md` against `tests/clients`: what it shows is what `scripts/test-clients` runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What the page has links to, since it is long: what is installed, and programs that are no recipes.
const LISTS: [&str; 17] = [
    "python/requirements.txt",
    "javascript/package.json",
    "java/pom.xml",
    "go/go.mod",
    // Programs that do every operation.
    "curl/operations.sh",
    "python/operations.py",
    "javascript/operations.js",
    "javascript/operations-graph-client.js",
    "javascript/steps.js",
    "java/src/main/java/Operations.java",
    "java/src/main/java/Steps.java",
    "go/operations/operations.go",
    "go/steps/steps.go",
    "go/connection/connection.go",
    "go-sdk/go.mod",
    "go-sdk/install.sh",
    "go-sdk/operations.go",
];
/// Files that programs write.
const LOCKS: [&str; 3] = ["javascript/package-lock.json", "go/go.sum", "go-sdk/go.sum"];
/// Folders and files that come of following the page in the source tree.
const MADE: [&str; 6] = [
    "bin",
    "node_modules",
    "target",
    "venv",
    "recording.mp4",
    "graphophone.p12",
];
/// What is not code of a file: a line to type.
const NOT_A_FILE: &str = "console";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(root().join("docs/clients.md")).unwrap()
}

/// A block of code, and what stands before it.
struct Block {
    language: String,
    text: String,
    /// The paragraph before it.
    before: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut parts = page.split("```");
    let mut before = parts.next().unwrap();
    let mut blocks = Vec::new();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').unwrap();
        blocks.push(Block {
            language: language.to_owned(),
            text: text.to_owned(),
            before: before.trim_end().rsplit("\n\n").next().unwrap().to_owned(),
        });
        before = after;
    }
    blocks
}

/// The file that a paragraph ends with a link to, below `tests/clients`.
fn linked(paragraph: &str) -> Option<String> {
    let (_, link) = paragraph.rsplit_once("](../tests/clients/")?;
    link.strip_suffix("):").map(str::to_owned)
}

/// Every file of the recipes, below `tests/clients`.
fn recipes() -> BTreeSet<String> {
    let clients = root().join("tests/clients");
    let mut files = BTreeSet::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(&clients)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if MADE.iter().any(|made| entry.file_name() == *made) {
                continue;
            }
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(&clients).unwrap();
                    files.insert(name.to_str().unwrap().to_owned());
                }
            }
        }
    }
    files
}

#[test]
fn every_block_is_the_file_that_is_run() {
    let blocks = blocks(&page());
    assert!(blocks.len() > 10, "the page has blocks");
    for block in blocks.iter().filter(|block| block.language != NOT_A_FILE) {
        let file = linked(&block.before).unwrap_or_else(|| panic!("a block without a file: {}", block.text));
        let text = fs::read_to_string(root().join("tests/clients").join(&file)).unwrap();
        assert!(
            block.text == text,
            "docs/clients.md differs from tests/clients/{file}"
        );
    }
}

#[test]
fn every_recipe_is_shown() {
    let page = page();
    let shown: BTreeSet<String> = blocks(&page)
        .iter()
        .filter_map(|block| linked(&block.before))
        .collect();
    for file in recipes() {
        let is_there = match file.as_str() {
            name if LOCKS.contains(&name) => true,
            name if LISTS.contains(&name) => page.contains(&format!("](../tests/clients/{name})")),
            name => shown.contains(name),
        };
        assert!(is_there, "tests/clients/{file} is not in docs/clients.md");
    }
}

#[test]
fn the_versions_of_the_page_are_those_that_are_run() {
    let page = page();
    let read = |name: &str| fs::read_to_string(root().join("tests/clients").join(name)).unwrap();
    let mut versions: Vec<(String, String)> = Vec::new();
    let requirements = read("python/requirements.txt");
    for name in ["azure-identity", "msgraph-sdk", "msal"] {
        let line = requirements
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}==")));
        versions.push((name.to_owned(), line.unwrap().to_owned()));
    }
    let packages: Value = serde_json::from_str(&read("javascript/package.json")).unwrap();
    for name in [
        "@azure/identity",
        "@microsoft/msgraph-sdk",
        "@microsoft/microsoft-graph-client",
    ] {
        let version = packages["dependencies"][name].as_str().unwrap();
        versions.push((name.to_owned(), version.to_owned()));
    }
    let pom = read("java/pom.xml");
    for name in ["azure-identity", "microsoft-graph"] {
        let (_, after) = pom
            .split_once(&format!("<artifactId>{name}</artifactId>"))
            .unwrap();
        let (version, _) = after
            .trim_start()
            .strip_prefix("<version>")
            .unwrap()
            .split_once('<')
            .unwrap();
        versions.push((name.to_owned(), version.to_owned()));
    }
    let modules = read("go/go.mod");
    for name in ["azidentity", "msgraph-sdk-go-core"] {
        let (_, after) = modules.split_once(&format!("/{name} v")).unwrap();
        versions.push((name.to_owned(), after.lines().next().unwrap().to_owned()));
    }
    for (name, version) in versions {
        let is_there = page.lines().any(|line| {
            line.starts_with("| [") && line.contains(&format!("`{name}`")) && line.contains(&version)
        });
        assert!(
            is_there,
            "docs/clients.md has another version of {name} than {version}"
        );
    }
}
