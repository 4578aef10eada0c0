//! `docs/errors.md` against [`ErrorCode`]: each code has its heading, its status, and what to do about it.

use std::collections::BTreeMap;

use graphophone::http::error::ErrorCode;

/// The place of a code in [`ErrorCode::ALL`]. A new code does not compile here until it has one.
const fn place(code: ErrorCode) -> usize {
    match code {
        ErrorCode::BadRequest => 0,
        ErrorCode::InvalidAuthenticationToken => 1,
        ErrorCode::Forbidden => 2,
        ErrorCode::MalwareDetected => 3,
        ErrorCode::AuthorizationRequestDenied => 4,
        ErrorCode::NotFound => 5,
        ErrorCode::RequestResourceNotFound => 6,
        ErrorCode::RequestBadRequest => 7,
        ErrorCode::InvalidArgument => 8,
        ErrorCode::NameAlreadyExists => 9,
        ErrorCode::Conflict => 10,
        ErrorCode::UnprocessableEntity => 11,
        ErrorCode::ResourceLocked => 12,
        ErrorCode::InsufficientStorage => 13,
        ErrorCode::ResourceDeleted => 14,
        ErrorCode::ResyncRequired => 15,
        ErrorCode::ResourceModified => 16,
        ErrorCode::RequestEntityTooLarge => 17,
        ErrorCode::UnsupportedMediaType => 18,
        ErrorCode::InvalidRange => 19,
        ErrorCode::FailedDependency => 20,
        ErrorCode::TooManyRequests => 21,
        ErrorCode::RequestHeaderFieldsTooLarge => 22,
        ErrorCode::GeneralException => 23,
        ErrorCode::NotImplemented => 24,
        ErrorCode::ServiceNotAvailable => 25,
    }
}

/// How many places there are above.
const PLACES: usize = 26;

/// The sections of the page by their headings.
fn sections() -> BTreeMap<String, String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
    let page = std::fs::read_to_string(file).unwrap();
    let mut sections = BTreeMap::new();
    for section in format!("\n{page}").split("\n## ").skip(1) {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        let before = sections.insert(heading.to_owned(), text.to_owned());
        assert_eq!(before, None, "{heading} has two headings");
    }
    sections
}

#[test]
fn all_has_every_code_once() {
    assert_eq!(ErrorCode::ALL.len(), PLACES);
    for (at, code) in ErrorCode::ALL.into_iter().enumerate() {
        assert_eq!(place(code), at, "{code:?}");
    }
    let texts: std::collections::BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.text()).collect();
    assert_eq!(texts.len(), PLACES, "two codes have one text");
}

#[test]
fn every_code_has_its_section() {
    let sections = sections();
    for code in ErrorCode::ALL {
        let name = code.text();
        let section = sections.get(name);
        let section = section.unwrap_or_else(|| panic!("docs/errors.md has no heading ## {name}"));
        let status = code.status().as_u16().to_string();
        for word in [status.as_str(), "When", "Caller", "Operator"] {
            assert!(section.contains(word), "the section {name} does not say {word}");
        }
    }
}

#[test]
fn every_section_has_its_code() {
    for heading in sections().keys() {
        let known = ErrorCode::ALL.iter().any(|code| code.text() == heading);
        assert!(known, "docs/errors.md describes {heading}, which is no code");
    }
}

/// `docs/sign-in.md` against the authority's refusals: each number has its row with every `error` that it comes with.
#[test]
fn every_refusal_of_the_authority_has_its_row() {
    use graphophone::authority::refusal::ALL;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sign-in.md");
    let page = std::fs::read_to_string(file).unwrap();
    for kind in ALL {
        let (number, error) = (
            format!("| AADSTS{} |", kind.aadsts),
            format!("`{}`", kind.error.text()),
        );
        let row = page.lines().find(|line| line.starts_with(&number));
        let row = row.unwrap_or_else(|| panic!("docs/sign-in.md has no row {number}"));
        assert!(row.contains(&error), "{row}: {error}");
    }
    for line in page.lines().filter(|line| line.starts_with("| AADSTS")) {
        let number = line.trim_start_matches("| AADSTS").split(' ').next().unwrap();
        let is_known = ALL.iter().any(|kind| kind.aadsts.to_string() == number);
        // These two are made where they are said, with a number of seconds or for a fault of the server.
        assert!(is_known || ["50053", "90033"].contains(&number), "{line}");
    }
}
