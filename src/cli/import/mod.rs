//! `graphophone import`

mod find;
mod from_store;
mod request;
mod upload;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use self::find::{Candidate, Search};
use self::request::{Defaults, Wish};
use self::upload::Taken;
use super::directory::{Directory, DirectoryArgs, lifetime};
use super::output::{Progress, line, printable};
use super::{Failure, block_on, places};
use crate::db::artifacts::{ArtifactKind, StoredArtifact};
use crate::db::content_objects;
use crate::db::imported_files::{self, ImportedFile, Remember};
use crate::db::keeping;
use crate::db::meetings;
use crate::db::upload_sessions::Source;
use crate::db::users::User;
use crate::seed::open_plain;
use crate::uploads::{self, Order, UploadError, Uploads, Wanted};

/// The longest time between two looks, or for a file to settle.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);
/// What the names of imports begin with, in what they have taken.
const WORKER: &str = "import";

/// Take recordings into the store: files, and folders with all that is below them. May run beside a server.
#[derive(Debug, Args)]
#[command(after_help = "\
Recordings are told by their first bytes, not by their names: MP4, MOV, M4A, WebM, MKV. What is said of a recording stands in
a sidecar beside it, NAME.json or NAME.mp4.json, in the words of POST /api/v1/uploadSessions (docs/uploads.md):

  { \"meeting\": { \"organizer\": \"megan@contoso.example\", \"subject\": \"Planning\",
                 \"startDateTime\": \"2026-01-21T09:00:00Z\" },
    \"source\": { \"system\": \"obs\", \"id\": \"planning-21\" } }

Everything may be left out; --organizer or --meeting say it for all files. NAME.vtt is taken along as the transcript.
A file comes in once, however often it is imported: by its source, or else by its SHA-256. What was cut short is gone on
with. A file that cannot be played is kept in quarantine: graphophone quarantine list.

--from-store fills a new database from the recording.json and tenant.json files of the content store, after a database was lost: tenants,
people, meetings, recordings and transcripts; not applications, policies, consents and passwords.

  graphophone import --data ./store --organizer megan@contoso.example recordings/
  graphophone import --data ./store --organizer megan@contoso.example --move --watch /srv/obs")]
pub(super) struct Import {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Organizer of the meetings that no sidecar names one for: object id or userPrincipalName.
    #[arg(long, value_name = "ID-OR-UPN", conflicts_with = "meeting")]
    organizer: Option<String>,
    /// Meeting of all files that no sidecar describes one for.
    #[arg(long, value_name = "ID")]
    meeting: Option<String>,
    /// Only files that a sidecar describes; others are passed over until one does.
    #[arg(long)]
    described: bool,
    /// Leave the files where they are; this is the default.
    #[arg(long, conflicts_with = "move_files")]
    copy: bool,
    /// Remove each file, with its sidecar and transcript, once its recording is safely stored.
    #[arg(long = "move")]
    move_files: bool,
    /// Only say what would be done.
    #[arg(long, conflicts_with = "watch")]
    dry_run: bool,
    /// Go on looking for new files until stopped.
    #[arg(long)]
    watch: bool,
    /// With --watch: time between two looks.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = |text: &str| lifetime(text, LONGEST_PAUSE))]
    interval: Duration,
    /// With --watch: a file is complete when neither its length nor its time has changed for so long.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = |text: &str| lifetime(text, LONGEST_PAUSE))]
    settle: Duration,
    /// Fill an empty or restored database from what lies beside the recordings in the content store, after it was lost.
    #[arg(long, conflicts_with_all = ["organizer", "meeting", "copy", "move_files", "dry_run", "watch", "paths", "tenant"])]
    from_store: bool,
    /// Files and folders.
    #[arg(required_unless_present = "from_store", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What has become of a file, for the line that says so.
enum Outcome {
    Imported(Box<StoredArtifact>, Option<String>),
    Known(Box<StoredArtifact>),
    /// It was there, and somebody has deleted it.
    Deleted,
    Would(String),
    Failed(String),
}

/// An import under way.
struct Importer {
    directory: Directory,
    uploads: Uploads,
    defaults: Defaults,
    moves: bool,
    dry_run: bool,
    json: bool,
}

impl Import {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.from_store {
            return from_store::fill(&self.directory.store, self.directory.json);
        }
        block_on(async {
            let directory = self.directory.open().await?;
            let store = &directory.store;
            let uploads = Uploads::new(
                store.db.clone(),
                store.content.clone(),
                store.clock.clone(),
                &directory.config,
                WORKER,
            );
            let importer = Importer {
                uploads,
                directory,
                defaults: Defaults {
                    organizer: self.organizer,
                    meeting: self.meeting,
                },
                moves: self.move_files,
                dry_run: self.dry_run,
                json: self.directory.json,
            };
            // Told before any file is looked at.
            if let Some(organizer) = &importer.defaults.organizer {
                importer
                    .directory
                    .user(organizer)
                    .await
                    .map_err(|failure| failure.of_argument("--organizer"))?;
            }
            let search = Search {
                paths: self.paths,
                described: self.described,
                stores: places::content_folder(&importer.directory.config)
                    .and_then(|folder| places::folder_id(&folder))
                    .into_iter()
                    .collect(),
            };
            if let Some(path) = search.in_store() {
                return Err(Failure::refused([format!(
                    "{} lies in the content store: what is there is in it already",
                    path.display()
                )]));
            }
            match self.watch {
                true => watch::watch(&importer, &search, self.interval, self.settle).await,
                false => importer.all(&search).await,
            }
        })
    }
}

impl Importer {
    /// All that is there now. One file that fails keeps no other from being imported.
    async fn all(&self, search: &Search) -> Result<(), Failure> {
        let (found, failed) = find::candidates(search);
        let mut failures = failed.len();
        for (path, why) in failed {
            self.say(&path, &Outcome::Failed(why))?;
        }
        for candidate in &found {
            let outcome = self.one(candidate).await;
            failures += usize::from(matches!(outcome, Outcome::Failed(_)));
            self.say(&candidate.path, &outcome)?;
        }
        match failures {
            0 => Ok(()),
            1 => Err(Failure::at_work("one file was not imported")),
            several => Err(Failure::at_work(format!("{several} files were not imported"))),
        }
    }

    async fn one(&self, candidate: &Candidate) -> Outcome {
        let imported = async {
            if let Some(known) = self.known(candidate).await? {
                return Ok(known);
            }
            let (wanted_of, defaults) = (candidate.clone(), self.defaults.clone());
            let wish = tokio::task::spawn_blocking(move || request::wish(&wanted_of, &defaults)).await;
            let wish = wish.map_err(|lost| lost.to_string())??;
            let organizer = self.organizer(&wish).await?;
            match self.dry_run {
                true => self.would(&wish, &organizer).await,
                false => self.take(candidate, wish, organizer).await,
            }
        };
        imported.await.unwrap_or_else(Outcome::Failed)
    }

    /// What was imported from that path before, if it is the same file still.
    async fn known(&self, candidate: &Candidate) -> Result<Option<Outcome>, String> {
        let path = shown(&candidate.path);
        let mut db = self.directory.store.db.snapshot().await.map_err(text)?;
        let known = imported_files::find(&mut db, &path).await.map_err(text)?;
        let same = known.filter(|known| {
            u64::try_from(known.size_bytes) == Ok(candidate.size_bytes)
                && known.modified_ns == candidate.modified_ns
                && known.tenant_id == self.directory.tenant
        });
        let Some(same) = same else { return Ok(None) };
        let found = keeping::find_by_source(&mut db, &same.tenant_id, &same.source, same.kind).await;
        // What has been deleted is not there: the file may be the last of it.
        let found = found.map_err(text)?.filter(|found| found.deleted.is_none());
        let Some(found) = found else { return Ok(None) };
        // Cut short between the end of the one and the other.
        if self.moves && !self.dry_run && !found.artifact.quarantined {
            // Length and time do not tell all.
            let file = candidate.path.clone();
            let hashed = tokio::task::spawn_blocking(move || {
                open_plain(&file).and_then(|file| crate::content::hash_file(&file))
            });
            let hashed = hashed
                .await
                .map_err(text)?
                .map_err(|error| find::reason(&error))?;
            let stored = content_objects::find(&mut db, found.content_key.as_deref().unwrap_or_default());
            if stored
                .await
                .map_err(text)?
                .is_none_or(|stored| stored.sha256 != hashed)
            {
                return Ok(None);
            }
            let transcript = find::transcript(&candidate.path).filter(|_| !candidate.is_transcript);
            if let Some(transcript) = &transcript {
                let content = find::read_text(transcript)?;
                let from = (same.tenant_id.as_str(), &same.source);
                // It has come later, or has changed: whoever takes the file says what becomes of it.
                if !uploads::has_text(&mut db, from, &content).await.map_err(text)? {
                    return Ok(None);
                }
            }
            let sidecar = candidate.sidecar.clone();
            let beside: Vec<PathBuf> = sidecar.into_iter().chain(transcript).collect();
            self.remove(candidate, &beside)?;
        }
        Ok(Some(Outcome::Known(Box::new(found))))
    }

    async fn organizer(&self, wish: &Wish) -> Result<User, String> {
        let meeting = &wish.request.meeting;
        let named = match &meeting.id {
            None => meeting.organizer.clone(),
            Some(id) => {
                let mut db = self.directory.store.db.snapshot().await.map_err(text)?;
                let found = meetings::find(&mut db, id).await.map_err(text)?;
                let found = found.filter(|found| found.tenant_id == self.directory.tenant);
                Some(
                    found
                        .ok_or_else(|| format!("/meeting/id: there is no meeting {id}"))?
                        .organizer_id,
                )
            }
        };
        let named = named.ok_or(
            "nobody says whose meeting it is: add --organizer, or a sidecar with {\"meeting\": {\"organizer\": …}}",
        )?;
        let found = self
            .directory
            .find_user(&named)
            .await
            .map_err(|failure| failure.lines.join("; "))?;
        found.ok_or_else(|| format!("/meeting/organizer: no user {named} is in the tenant"))
    }

    async fn would(&self, wish: &Wish, organizer: &User) -> Result<Outcome, String> {
        let wanted = Wanted::check(&wish.request).map_err(text)?;
        let mut db = self.directory.store.db.snapshot().await.map_err(text)?;
        let (tenant, source) = (&self.directory.tenant, &wanted.source);
        let deleted = uploads::was_deleted(&mut db, tenant, source, wanted.kind).await;
        if deleted.map_err(text)? {
            return Ok(Outcome::Deleted);
        }
        let name = organizer.user_principal_name.as_deref().unwrap_or(&organizer.id);
        let subject = wish.request.meeting.subject.as_deref().unwrap_or("-");
        Ok(Outcome::Would(format!(
            "{} of {name}, meeting {subject:?}, source {}/{}",
            wanted.kind.text(),
            wanted.source.system,
            wanted.source.id
        )))
    }

    async fn take(&self, candidate: &Candidate, wish: Wish, organizer: User) -> Result<Outcome, String> {
        let wanted = Wanted::check(&wish.request).map_err(text)?;
        let file = open_plain(&candidate.path).map_err(|error| find::reason(&error))?;
        let progress = (!self.json)
            .then(|| Progress::of_bytes(&candidate.path.display().to_string(), candidate.size_bytes));
        let show = |done| {
            if let Some(progress) = &progress {
                progress.show_bytes(done);
            }
        };
        let order = Order {
            request: wish.request,
            wanted: wanted.clone(),
            organizer,
            application_id: None,
            user_id: None,
        };
        let taken = upload::take(&self.uploads, order, file, &show).await;
        drop(progress);
        let taken = match taken {
            Ok(taken) => taken,
            // As it should be; and the file may be the last of it.
            Err(UploadError::Deleted) => return Ok(Outcome::Deleted),
            Err(UploadError::CutOff) => {
                let text = "the file has become shorter while it was read: it is still being written";
                return Err(text.to_owned());
            }
            Err(other) => return Err(other.to_string()),
        };
        let (outcome, plays) = match taken {
            Taken::New(made) => {
                let reason = self.reason(&made).await?;
                let plays = reason.is_none();
                (Outcome::Imported(made, reason), plays)
            }
            Taken::Known(found) => {
                let plays = !found.artifact.quarantined;
                (Outcome::Known(found), plays)
            }
            Taken::NotYet => {
                return Err(
                    "all of it is stored, and it is still being looked at: import it again later".to_owned(),
                );
            }
        };
        self.remember(candidate, wanted.source, wanted.kind).await?;
        // Of what does not play, the file may be the better copy, or not complete yet.
        if self.moves && plays {
            self.remove(candidate, &wish.beside)?;
        }
        Ok(outcome)
    }

    async fn reason(&self, made: &StoredArtifact) -> Result<Option<String>, String> {
        let mut db = self.directory.store.db.snapshot().await.map_err(text)?;
        let (_, reason) = keeping::origin(&mut db, made.kind, &made.artifact.id)
            .await
            .map_err(text)?;
        Ok(reason)
    }

    async fn remember(
        &self,
        candidate: &Candidate,
        source: Source,
        kind: ArtifactKind,
    ) -> Result<(), String> {
        let remember = Remember(ImportedFile {
            path: shown(&candidate.path),
            size_bytes: i64::try_from(candidate.size_bytes).unwrap_or(i64::MAX),
            modified_ns: candidate.modified_ns,
            tenant_id: self.directory.tenant.clone(),
            source,
            kind,
        });
        self.directory.store.db.write(remember).await.map_err(text)
    }

    /// Removes a file that is stored, and what belonged to it; the file itself last, so that it is found again after a crash.
    fn remove(&self, candidate: &Candidate, beside: &[PathBuf]) -> Result<(), String> {
        if !candidate.is_unchanged() {
            return Err(
                "it is stored as it was, and has changed since: the file is left where it is".to_owned(),
            );
        }
        for path in beside.iter().chain([&candidate.path]) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(format!(
                        "it is stored, but {} cannot be removed: {}",
                        path.display(),
                        find::reason(&error)
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn say(&self, path: &Path, outcome: &Outcome) -> Result<(), Failure> {
        let does_move = self.moves && !self.dry_run;
        let removed = does_move.then(|| "the file is removed".to_owned());
        let left = if does_move {
            "; the file is left where it is"
        } else {
            ""
        };
        let (word, id, detail) = match outcome {
            Outcome::Imported(made, None) => ("imported", Some(&made.artifact.id), removed.clone()),
            Outcome::Imported(made, Some(why)) => (
                "quarantined",
                Some(&made.artifact.id),
                Some(format!("{why}{left}")),
            ),
            Outcome::Known(found) if found.artifact.quarantined => {
                let detail = format!("in quarantine{left}");
                ("already there", Some(&found.artifact.id), Some(detail))
            }
            Outcome::Known(found) => ("already there", Some(&found.artifact.id), removed.clone()),
            Outcome::Deleted => {
                let detail = format!("it was there before, and has been deleted{left}");
                ("not taken again", None, Some(detail))
            }
            Outcome::Would(what) => ("would be imported", None, Some(what.clone())),
            Outcome::Failed(why) => ("not imported", None, Some(why.clone())),
        };
        if self.json {
            let value: Value = json!({
                "path": path.display().to_string(),
                "outcome": word,
                "id": id,
                "detail": detail,
            });
            return Ok(line(&value.to_string())?);
        }
        let path = printable(&path.display().to_string());
        let parts = [Some(format!("{path}: {word}")), id.cloned(), detail];
        Ok(line(&parts.into_iter().flatten().collect::<Vec<_>>().join(": "))?)
    }
}

/// A path as it is remembered: absolute, and as text.
fn shown(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.as_os_str().as_encoded_bytes().escape_ascii().to_string()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
