//! The files that a seed names: where they may lie, and what they must be. Their bytes are nobody's business
//! here.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::reader::shown;

/// A file beside the seed, found to be plain and readable when the seed was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeedFile {
    path: PathBuf,
    at: String,
}

impl SeedFile {
    /// Where it lies, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The JSON pointer of the member that names it.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Opens it for reading; refuses what has since become anything but a plain file.
    pub fn open(&self) -> io::Result<File> {
        open_plain(&self.path)
    }
}

/// The folder of a seed file.
#[derive(Debug)]
pub struct Folder {
    /// Without symbolic links; `Err` with the reason where there is no such folder.
    path: Result<PathBuf, String>,
}

impl Folder {
    /// The folder in which `seed` lies.
    pub fn of(seed: &Path) -> Self {
        let parent = match seed.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let path = parent.canonicalize().map_err(|error| reason(&error));
        Self { path }
    }

    /// The plain file that `written` names, seen from this folder; `at` is the place of that name.
    pub fn file(&self, written: &str, at: String) -> Result<SeedFile, String> {
        let name = shown(written);
        let folder = self.path.as_ref();
        let folder = folder.map_err(|why| format!("the folder of the seed file cannot be read: {why}"))?;
        if written.is_empty() || Path::new(written).is_absolute() {
            return Err(format!(
                "expected a path relative to the folder of the seed file, found {name}"
            ));
        }
        let path = folder
            .join(written)
            .canonicalize()
            .map_err(|error| format!("the file {name} cannot be read: {}", reason(&error)))?;
        if !path.starts_with(folder) {
            return Err(format!(
                "expected a file in the folder of the seed file, found {name} outside"
            ));
        }
        match open_plain(&path) {
            Ok(_) => Ok(SeedFile { path, at }),
            Err(error) => Err(format!("the file {name} cannot be read: {}", reason(&error))),
        }
    }
}

/// Opens a plain file for reading, and nothing else: a pipe or a device is not even opened.
pub fn open_plain(path: &Path) -> io::Result<File> {
    refuse_unless_plain(&std::fs::symlink_metadata(path)?)?;
    // What has been exchanged in between is neither followed nor waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    refuse_unless_plain(&file.metadata()?)?;
    Ok(file)
}

fn refuse_unless_plain(metadata: &std::fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "it is a folder"
    } else {
        "it is not a plain file"
    };
    Err(io::Error::new(ErrorKind::InvalidInput, what))
}

/// The cause in plain words, without a number.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
