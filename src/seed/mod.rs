//! Seed files: what a store starts with, or gets later, as JSON or YAML.
//!
//! A file is read in two steps. [`Document::read`] needs nothing but the file and its folder: it types every
//! field and finds every mistake that shows without a store. [`Document::complete`] resolves references
//! against the file and what the store knows ([`Known`]) of [`Document::references`], and makes the ids that were
//! left out. Each step tells all its problems at once, each with its JSON pointer. Then [`load`] stores what is complete.
//!
//! Ids are derived from the object's members as written (members that are null do not count) and from how
//! many equal objects the file has before it; neither the order of keys, nor the format, nor the name of the
//! file matters. A recording or transcript of an ad hoc call gets a bare GUID, and the call's id as `callId`.

mod apply;
mod check;
mod collections;
mod complete;
mod document;
mod draft;
mod expiry;
mod files;
mod load;
mod look_up;
mod meetings;
mod prepare;
mod reader;
mod tree;

#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::Path;

pub use crate::config::Secret;
pub use complete::{Known, KnownMeeting, KnownUser};
pub use document::{
    AccessPolicy, AccessPolicyKey, AdhocCall, Application, ApplicationKey, Artifact, Changes, Complete,
    ConsentKey, MeetingProperties, MeetingType, OnlineMeeting, Parent, Participant, Person, Recording,
    Removal, ResourceSpecificConsent, Role, Tenant, TenantSettings, Transcript, Upload, User, UserType,
};
pub use draft::{Document, References};
pub use expiry::expiry;
pub use files::{SeedFile, open_plain};
pub use load::{Checked, LoadError, LoadOptions, Progress, Summary, check, check_all, load};
pub use reader::{MAX_ID_BYTES, MAX_PROBLEMS, SeedProblem};
pub use tree::{MAX_DEPTH, MAX_FILE_BYTES, MAX_MEMBERS, MAX_NODES};

use files::Folder;
use tree::{Format, Tree};

impl Document {
    /// Reads the seed file at `path`.
    pub fn read(path: &Path) -> Result<Self, Vec<SeedProblem>> {
        let format = format_of(path)?;
        let bytes = read_bytes(path).map_err(|message| of_the_whole(path, message))?;
        Self::of(path, format, &bytes)
    }

    /// Reads `bytes` as if they stood in the file `path`, which need not be there; its folder must.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, Vec<SeedProblem>> {
        Self::of(path, format_of(path)?, bytes)
    }

    fn of(path: &Path, format: Format, bytes: &[u8]) -> Result<Self, Vec<SeedProblem>> {
        let tree = Tree::parse(format, bytes).map_err(|message| of_the_whole(path, message))?;
        collections::read(path, &tree, &Folder::of(path))
    }
}

fn format_of(path: &Path) -> Result<Format, Vec<SeedProblem>> {
    let message = "expected a name that ends in .json, .yaml or .yml";
    Format::of(path).ok_or_else(|| of_the_whole(path, message.to_owned()))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let resolved = path.canonicalize();
    let file = resolved.and_then(|path| open_plain(&path));
    let unreadable =
        |error: std::io::Error| format!("the seed file cannot be read: {}", files::reason(&error));
    let mut bytes = Vec::new();
    file.and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    // usize is at least as wide as what has been read.
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(format!(
            "expected a file of at most {MAX_FILE_BYTES} bytes: split it"
        ));
    }
    Ok(bytes)
}

/// The one problem of a file that could not be read at all.
fn of_the_whole(path: &Path, message: String) -> Vec<SeedProblem> {
    let (file, pointer) = (path.to_owned(), String::new());
    vec![SeedProblem {
        file,
        pointer,
        message,
    }]
}
