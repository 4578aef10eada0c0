//! `docs/api.md`: what stands in it between marks is what the server itself answers, and what its tables say.
//!
//! `UPDATE_DOCS=1 cargo test --test it -- api_document` writes the page anew. Without it a page that says something else fails,
//! and so does a route that has no example.

mod examples;
mod exchange;
mod refusals;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use graphophone::config::Cloud;
use graphophone::http::router::{self, ROUTES, Resolved};
use odata::path::ResourcePath;

use crate::support::{Setup, TestApp};

/// The page.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
/// Set it to have the page written.
const UPDATE: &str = "UPDATE_DOCS";
/// How a part that is made begins,
const BEGIN: &str = "<!-- generated: ";
/// and how it ends.
const END: &str = "<!-- end -->";

fn is_update() -> bool {
    std::env::var_os(UPDATE).is_some()
}

/// A server with the store of the examples, whose links are the same in every run.
async fn app(config: &str) -> TestApp {
    let setup = Setup::default().bare();
    let setup = setup
        .config("public_url = \"https://archive.example\"")
        .config(config);
    setup
        .seed(include_str!("../data/api-document.yaml"))
        .start()
        .await
}

/// Every part that is made, by its name.
async fn parts() -> BTreeMap<String, String> {
    let mut parts = tables::parts();
    parts.append(&mut refusals::parts().await);
    parts.append(&mut examples::parts().await);
    parts
}

/// The page with these parts, and the names of those that it has no place for, or that it asks for in vain.
fn with_parts(page: &str, parts: &BTreeMap<String, String>) -> (String, Vec<String>) {
    let mut written = String::with_capacity(page.len());
    let mut wrong = Vec::new();
    let mut rest = page;
    let mut unused: Vec<&String> = parts.keys().collect();
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").expect("a mark that does not end");
        let (_, after) = after.split_once(END).expect("a generated part that does not end");
        unused.retain(|known| known.as_str() != name);
        let part = parts.get(name).map_or("", String::as_str);
        if part.is_empty() {
            wrong.push(format!("docs/api.md asks for '{name}', which nothing makes"));
        }
        write!(written, "{before}{BEGIN}{name} -->\n\n{}\n\n{END}", part.trim()).unwrap();
        rest = after;
    }
    written.push_str(rest);
    let left = unused
        .into_iter()
        .map(|name| format!("docs/api.md has no place for '{name}'"));
    wrong.extend(left);
    (written, wrong)
}

#[tokio::test]
async fn the_page_is_what_the_server_says() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (written, wrong) = with_parts(&page, &parts().await);
    assert!(wrong.is_empty(), "{wrong:#?}");
    if is_update() {
        fs::write(PAGE, written).unwrap();
        return;
    }
    let differs = page.lines().zip(written.lines()).find(|(old, new)| old != new);
    assert!(
        page == written,
        "docs/api.md is not what the server says: {UPDATE}=1 cargo test --test it -- api_document; first: {differs:#?}"
    );
}

#[test]
fn every_route_has_an_example() {
    if is_update() {
        // The page is being written meanwhile.
        return;
    }
    let page = fs::read_to_string(PAGE).unwrap();
    let mut left: Vec<String> = ROUTES
        .iter()
        .map(|route| format!("{:?} {}", route.verb, route.pattern))
        .collect();
    let requests = page.lines().filter_map(exchange::target_of);
    for (method, path) in requests {
        let Some(below) = path.strip_prefix("/v1.0") else {
            continue;
        };
        let below = below.split('?').next().unwrap().trim_start_matches('/');
        let segments = ResourcePath::parse(below).unwrap().into_segments();
        if let Resolved::Route(route, _) = router::resolve(&method, &segments, Cloud::Global) {
            left.retain(|one| *one != format!("{:?} {}", route.verb, route.pattern));
        }
    }
    assert!(left.is_empty(), "docs/api.md has no example of {left:#?}");
}

/// The heading of a link is there.
#[test]
fn every_link_within_the_page_leads_somewhere() {
    let page = fs::read_to_string(PAGE).unwrap();
    let anchors: Vec<String> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect();
    for link in page.split("](#").skip(1) {
        let anchor = link.split(')').next().unwrap();
        assert!(
            anchors.iter().any(|known| known == anchor),
            "there is no #{anchor}"
        );
    }
}
