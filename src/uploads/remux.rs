//! Putting the tracks of a file into a new MP4 whose index is first, by the `ffmpeg` program, where the operator names one.
//! Nothing is decoded. What comes in stays as it is; what is made lies beside it, and is served in its place.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::UploadError;
use crate::content::{ContentError, ContentReader};
use crate::media::{Format, Probed};

/// Memory that ffmpeg may use, in KiB: to copy tracks takes far less.
const MEMORY_KIB: u32 = 2 * 1024 * 1024;
/// As much as is kept of what ffmpeg says.
const MOST_WORDS: usize = 500;

/// How files are put into new ones.
#[derive(Clone, Debug)]
pub struct Remuxer {
    /// The program.
    pub ffmpeg: PathBuf,
    /// How long it may take.
    pub timeout: Duration,
    /// Where files lie meanwhile; the system's own place where nothing is said.
    pub folder: Option<PathBuf>,
}

/// A new file, which goes when this does.
pub(super) struct Remuxed {
    pub(super) path: PathBuf,
    _folder: tempfile::TempDir,
}

/// Whether a file would play better as another: one in pieces, or of Apple's, or whose index is last and cannot be moved.
pub(super) fn is_wanted(probed: &Probed) -> bool {
    let format = matches!(probed.facts.format, Format::FragmentedMp4 | Format::QuickTime);
    probed.fault.is_none() && probed.faststart.is_none() && (format || probed.note.is_some())
}

impl Remuxer {
    /// Makes the new file; why not, where that does not work: then the old one is served.
    pub(super) async fn remux(&self, reader: ContentReader) -> Result<Result<Remuxed, String>, UploadError> {
        let folder = match &self.folder {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let folder = folder.map_err(ContentError::Io)?;
        let (source, target) = (folder.path().join("source"), folder.path().join("target.mp4"));
        let (mut from, to) = (reader.blocking(), source.clone());
        let copied = tokio::task::spawn_blocking(move || {
            std::io::copy(&mut from, &mut std::fs::File::create_new(to)?)
        });
        copied.await?.map_err(ContentError::Io)?;
        Ok(match self.run(&source, &target).await {
            Ok(()) => Ok(Remuxed {
                path: target,
                _folder: folder,
            }),
            Err(why) => Err(why),
        })
    }

    async fn run(&self, source: &Path, target: &Path) -> Result<(), String> {
        // The shell gives it no more memory than this, and is it from then on.
        let limited = format!("ulimit -v {MEMORY_KIB}; exec \"$@\"");
        let child = Command::new("/bin/sh")
            .args(["-c", &limited, "sh"])
            .arg(&self.ffmpeg)
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args(["-protocol_whitelist", "file,pipe", "-i"])
            .arg(source)
            .args([
                "-map",
                "0:v?",
                "-map",
                "0:a?",
                "-c",
                "copy",
                "-movflags",
                "+faststart",
            ])
            .args(["-f", "mp4", "-n"])
            .arg(target)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|error| format!("{} cannot be started: {error}", self.ffmpeg.display()))?;
        let ended = tokio::time::timeout(self.timeout, child.wait_with_output()).await;
        match ended {
            Err(_) => Err(format!("it took longer than {} s", self.timeout.as_secs())),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => {
                let said: String = String::from_utf8_lossy(&output.stderr)
                    .chars()
                    .take(MOST_WORDS)
                    .collect();
                Err(format!("it ended with {}: {}", output.status, said.trim()))
            }
        }
    }
}
