//! What there is to import: recordings by their first bytes, and what lies beside them.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::cli::places::{FolderId, folder_id, is_in};
use crate::media;
use crate::seed::open_plain;

/// The largest sidecar or transcript that is read.
const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// How names of recordings end.
const RECORDINGS: [&str; 6] = ["mp4", "m4v", "mov", "webm", "mkv", "m4a"];

/// A file that may be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) size_bytes: u64,
    /// Time of change, in ns since 1970.
    pub(super) modified_ns: i64,
    /// A transcript, not a recording.
    pub(super) is_transcript: bool,
    /// The sidecar that lay beside it.
    pub(super) sidecar: Option<PathBuf>,
}

impl Candidate {
    /// Whether the file is what it was when it was found.
    pub(super) fn is_unchanged(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|metadata| {
            metadata.len() == self.size_bytes && modified_ns(&metadata) == self.modified_ns
        })
    }
}

fn modified_ns(metadata: &fs::Metadata) -> i64 {
    metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec())
}

/// What to look for.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// Files and folders.
    pub(super) paths: Vec<PathBuf>,
    /// Only what a sidecar describes.
    pub(super) described: bool,
    /// Folders that are left alone: those of the store.
    pub(super) stores: Vec<FolderId>,
}

impl Search {
    /// A path that lies in a store, or is one.
    pub(super) fn in_store(&self) -> Option<&Path> {
        let is_in_store = |path: &&PathBuf| is_in(path, &self.stores);
        self.paths.iter().find(is_in_store).map(PathBuf::as_path)
    }
}

/// All candidates that there are, in order; what cannot be read, with the reason.
pub(super) fn candidates(search: &Search) -> (Vec<Candidate>, Vec<(PathBuf, String)>) {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    let wanted = |one: &Candidate| !search.described || one.sidecar.is_some();
    for path in &search.paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let mut all = Vec::new();
                below(path, &search.stores, &mut all, &mut failed);
                refuse_shared(&mut all, &mut failed);
                found.extend(all.into_iter().filter(wanted));
            }
            Ok(_) => match candidate(&followed(path)) {
                Ok(Some(one)) if wanted(&one) => found.push(one),
                Ok(Some(_)) => failed.push((path.clone(), "no sidecar describes it".to_owned())),
                Ok(None) => failed.push((path.clone(), "it is no recording, by its first bytes".to_owned())),
                Err(error) => failed.push((path.clone(), reason(&error))),
            },
            Err(error) => failed.push((path.clone(), reason(&error))),
        }
    }
    (found, failed)
}

/// A path that somebody has named, without a link at its end: no other link is followed.
fn followed(path: &Path) -> PathBuf {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        _ => path.to_owned(),
    }
}

/// Takes out recordings that share a sidecar, as nobody can tell which of them it describes.
fn refuse_shared(found: &mut Vec<Candidate>, failed: &mut Vec<(PathBuf, String)>) {
    let mut uses: HashMap<PathBuf, usize> = HashMap::new();
    for sidecar in found.iter().filter_map(|one| one.sidecar.clone()) {
        *uses.entry(sidecar).or_default() += 1;
    }
    found.retain(|one| {
        let shared = one
            .sidecar
            .as_ref()
            .filter(|sidecar| uses.get(*sidecar) > Some(&1));
        if let Some(sidecar) = shared {
            let name = one.path.file_name().unwrap_or_default();
            let why = format!(
                "{} lies beside several recordings: call the one of this file {}.json",
                sidecar.display(),
                name.display()
            );
            failed.push((one.path.clone(), why));
        }
        shared.is_none()
    });
}

/// What lies below a folder. Links are not followed, and what begins with a dot is left alone, and stores are.
fn below(
    folder: &Path,
    stores: &[FolderId],
    found: &mut Vec<Candidate>,
    failed: &mut Vec<(PathBuf, String)>,
) {
    if folder_id(folder).is_some_and(|id| stores.contains(&id)) {
        return;
    }
    let listed = fs::read_dir(folder).and_then(|entries| {
        let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
        paths
    });
    let mut paths = match listed {
        Ok(paths) => paths,
        Err(error) => return failed.push((folder.to_owned(), reason(&error))),
    };
    paths.sort();
    for path in paths {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let kind = fs::symlink_metadata(&path).map(|metadata| metadata.file_type());
        match candidate(&path) {
            _ if is_hidden || kind.as_ref().is_ok_and(fs::FileType::is_symlink) => {}
            _ if kind.is_ok_and(|kind| kind.is_dir()) => below(&path, stores, found, failed),
            Ok(Some(one)) => found.push(one),
            // Whatever else lies in a folder is nobody's concern.
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => failed.push((path, reason(&error))),
        }
    }
}

/// A file as a candidate; `None` where it is no recording by its first bytes or its name, and no transcript with a sidecar of its own.
fn candidate(path: &Path) -> io::Result<Option<Candidate>> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(None);
    }
    let mut head = Vec::with_capacity(media::HEAD_BYTES);
    open_plain(path)?
        .take(media::HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    // What is called a recording and is none is taken too: quarantine tells what it is.
    let is_recording = media::media_type(&head) != "application/octet-stream" || is_called_recording(path);
    let is_transcript = is_webvtt(&head) && has_own_sidecar(path);
    if !is_recording && !is_transcript {
        return Ok(None);
    }
    Ok(Some(Candidate {
        path: path.to_owned(),
        size_bytes: metadata.len(),
        modified_ns: modified_ns(&metadata),
        is_transcript: !is_recording,
        sidecar: sidecar(path),
    }))
}

fn is_called_recording(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| RECORDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

fn is_webvtt(head: &[u8]) -> bool {
    head.strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .starts_with(b"WEBVTT")
}

fn has_own_sidecar(path: &Path) -> bool {
    with_ending(path, "json").is_file()
}

/// `NAME.mp4.json` or `NAME.json` beside `NAME.mp4`.
fn sidecar(path: &Path) -> Option<PathBuf> {
    [with_ending(path, "json"), path.with_extension("json")]
        .into_iter()
        .find(|path| path.is_file())
}

/// `NAME.vtt`, or as Zoom names it `NAME.transcript.vtt`, beside `NAME.mp4`. One with a sidecar of its own is imported by
/// itself.
pub(super) fn transcript(path: &Path) -> Option<PathBuf> {
    ["vtt", "transcript.vtt"]
        .into_iter()
        .map(|ending| path.with_extension(ending))
        .find(|path| path.is_file() && !has_own_sidecar(path))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A text file that is not too long.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = open_plain(path).and_then(|file| file.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text));
    match read {
        Ok(length) if length as u64 > MAX_TEXT_BYTES => Err("it is longer than 16 MiB".to_owned()),
        Ok(_) => Ok(text),
        Err(error) => Err(reason(&error)),
    }
}

/// The cause in plain words.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_told_by_their_bytes_and_the_rest_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let mp4 = b"\0\0\0\x20ftypisom";
        write("b.dat", mp4);
        write("a/deep/x.webm", b"\x1a\x45\xdf\xa3\x84\x42\x82\x84webm");
        write("page.MP4", b"<html>");
        write("page.html", b"<html>");
        write("empty.mp4", b"");
        write(".hidden.mp4", mp4);
        write(".trash/x.mp4", mp4);
        write("notes.vtt", b"WEBVTT\n");
        write("alone.vtt", b"WEBVTT\n");
        write("alone.vtt.json", b"{}");
        let search = |paths: &[PathBuf], described| {
            let paths = paths.to_owned();
            candidates(&Search {
                paths,
                described,
                stores: Vec::new(),
            })
        };
        let (found, failed) = search(&[folder.path().to_owned()], false);
        let names: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.path.strip_prefix(folder.path()).unwrap().to_str().unwrap(),
                    one.is_transcript,
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("a/deep/x.webm", false),
                ("alone.vtt", true),
                ("b.dat", false),
                ("page.MP4", false)
            ]
        );
        assert!(failed.is_empty(), "{failed:?}");
        let (found, failed) = search(
            &[folder.path().join("page.html"), folder.path().join("none")],
            false,
        );
        assert!(found.is_empty());
        assert_eq!(failed.len(), 2);
        let (found, failed) = search(&[folder.path().to_owned()], true);
        assert!(failed.is_empty(), "{failed:?}");
        assert!(
            found.len() == 1 && found[0].path.ends_with("alone.vtt"),
            "{found:?}"
        );
    }

    #[test]
    fn what_lies_beside_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let video = path("talk.mp4");
        assert_eq!((sidecar(&video), transcript(&video)), (None, None));
        fs::write(path("talk.json"), "{}").unwrap();
        fs::write(path("talk.transcript.vtt"), "WEBVTT").unwrap();
        assert_eq!(sidecar(&video), Some(path("talk.json")));
        assert_eq!(transcript(&video), Some(path("talk.transcript.vtt")));
        fs::write(path("talk.mp4.json"), "{}").unwrap();
        fs::write(path("talk.vtt"), "WEBVTT").unwrap();
        assert_eq!(sidecar(&video), Some(path("talk.mp4.json")));
        assert_eq!(transcript(&video), Some(path("talk.vtt")));
        fs::write(path("talk.vtt.json"), "{}").unwrap();
        assert_eq!(transcript(&video), Some(path("talk.transcript.vtt")));
    }
}
