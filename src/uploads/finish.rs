//! Finishing: what has come whole is compared with what was announced, looked at, and made an artifact. A job, so that it
//! happens whoever goes away, and perhaps twice.

use std::time::Duration;

use super::publish::{Made, Publish, Published};
use super::remux::{self, Remuxed};
use super::{FINISH, Stored, UploadError, Uploads, facts};
use crate::content::{ContentError, ContentKey, ContentReader, Written};
use crate::db::artifacts::{ArtifactKind, StoredArtifact};
use crate::db::content_objects::{ContentObject, Headed};
use crate::db::jobs::{Job, Lane};
use crate::db::upload_sessions::{self, SessionState, UploadSession};
use crate::db::{DbError, Tx, Write};
use crate::ids;
use crate::jobs::{JobError, Worker};
use crate::media;
use crate::seal::to_hex;

/// How often whoever looks at a file may not come back before it is kept without having been looked at.
const MOST_CRASHES: i64 = 2;
/// How often somebody looks whether another worker has finished.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Why what could not be looked at is held back.
const UNKNOWN: &str = "unknown: looking at the file has failed, and may fail again: look at it yourself, on another machine, \
                       before it is released";

/// What has become of a session.
#[derive(Clone, Debug)]
pub enum Finished {
    /// An artifact.
    Artifact(Box<StoredArtifact>),
    /// Nothing yet: whoever does it is still at it.
    NotYet,
}

impl Uploads {
    /// Makes an artifact of a session whose bytes are all here, or waits for whoever is at it, as long as `patience` says.
    ///
    /// # Errors
    /// [`UploadError::Failed`] where the whole is not what was announced.
    pub async fn finish(&self, id: &str, patience: Duration) -> Result<Finished, UploadError> {
        let (uploads, id) = (self.clone(), id.to_owned());
        // It goes on when whoever asked for it goes away.
        let finishing = tokio::spawn(async move {
            let name = uploads.worker.to_string();
            let worker = Worker::new(uploads.db.clone(), uploads.clock.clone(), name, Lane::Quick);
            let deadline = tokio::time::Instant::now() + patience;
            loop {
                let work = |job: Job| uploads.finish_job(job);
                worker.do_now((FINISH, &id), work).await?;
                match uploads.find(&id).await? {
                    None => return Err(UploadError::NoSuchSession),
                    Some(session) => match session.state {
                        SessionState::Failed => {
                            return Err(UploadError::Failed(session.fault.unwrap_or_default()));
                        }
                        SessionState::Finished => {
                            let found = uploads.artifact_of(&session).await?;
                            let found = found.ok_or(UploadError::NoSuchSession)?;
                            if found.deleted.is_some() {
                                return Err(UploadError::Deleted);
                            }
                            return Ok(Finished::Artifact(Box::new(found)));
                        }
                        SessionState::Open => {}
                    },
                }
                if tokio::time::Instant::now() >= deadline {
                    return Ok(Finished::NotYet);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        finishing.await?
    }

    /// The job.
    ///
    /// # Errors
    /// What may be different the next time.
    pub async fn finish_job(&self, job: Job) -> Result<(), JobError> {
        let Some(session) = self.find(&job.subject).await? else {
            return Ok(());
        };
        if session.state != SessionState::Open || !session.is_complete() {
            return Ok(());
        }
        match self.make(&session, job.crashes()).await {
            Ok(()) => Ok(()),
            Err(UploadError::Failed(fault)) => {
                tracing::warn!(
                    upload.id = session.id,
                    fault,
                    "an upload has failed; what has come of it is kept"
                );
                let fail = Fail {
                    id: session.id,
                    fault,
                };
                Ok(self.db.write(fail).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn make(&self, session: &UploadSession, crashes: i64) -> Result<(), UploadError> {
        let stored = Stored::of(session)?;
        let mut made = Made::default();
        if let Some((_, announced)) = stored.wanted.item {
            let found = stored.partial.sha256()?;
            if announced.is_some_and(|announced| announced != found) {
                let found = to_hex(&found);
                let text =
                    format!("the SHA-256 of what was received is {found}, which is not what was announced");
                return Err(UploadError::Failed(text));
            }
            let (key, written) = self
                .content
                .complete(&stored.destination, &stored.partial)
                .await?;
            let mut object = self.object_of(&key, &written, stored.partial.media_type());
            match session.kind {
                ArtifactKind::Recording => {
                    self.look_at_recording(&key, &mut object, &mut made, crashes)
                        .await?;
                }
                ArtifactKind::Transcript => self.look_at_transcript(&key, &mut object, &mut made).await?,
            }
            made.content = Some(object);
        }
        self.keep_texts(session, &stored, &mut made).await?;
        let publish = Publish {
            session_id: session.id.clone(),
            made,
            now: self.clock.now(),
        };
        match self.db.write(publish).await? {
            Published::Done { same_as } => {
                if let Some(other) = same_as {
                    tracing::warn!(
                        content.same_as = other,
                        upload.id = session.id,
                        "the same bytes have come before, by another way"
                    );
                }
                Ok(())
            }
            Published::Refused(why) => Err(UploadError::Failed(why)),
        }
    }

    /// What is in a recording. Whatever it is, it is kept.
    async fn look_at_recording(
        &self,
        key: &ContentKey,
        object: &mut ContentObject,
        made: &mut Made,
        crashes: i64,
    ) -> Result<(), UploadError> {
        if crashes > MOST_CRASHES {
            made.quarantine = Some(UNKNOWN.to_owned());
            return Ok(());
        }
        let reader = self.content.open(key).await?;
        let Some(probed) = probe(reader).await? else {
            made.quarantine = Some(UNKNOWN.to_owned());
            return Ok(());
        };
        object.media_type = probed.media_type.to_owned();
        object.facts = Some(facts::to_json(&probed.facts).to_string());
        made.quarantine = probed.fault.as_ref().map(facts::quarantine);
        if let Some(note) = probed.note {
            tracing::info!(content.key = %key, note, "a file is served as it is");
        }
        made.recorded = probed.facts.created;
        made.length = probed.facts.duration;
        if remux::is_wanted(&probed)
            && let Some(remuxer) = &self.remuxer
        {
            let reader = self.content.open(key).await?;
            match remuxer.remux(reader).await? {
                Ok(remuxed) => return self.serve_instead(key, object, made, &remuxed).await,
                Err(why) => {
                    tracing::warn!(content.key = %key, why, "a file could not be put into another, and is served as it is");
                }
            }
        }
        if let Some(faststart) = probed.faststart {
            let head_key = key.beside("head", probed.media_type, "");
            let head = self
                .put_beside(&head_key, faststart.head, probed.media_type)
                .await?;
            object.served = Some(Headed {
                head_key: head.key.clone(),
                body_offset: i64::try_from(faststart.body_offset).unwrap_or(i64::MAX),
                body_bytes: i64::try_from(faststart.body_length).unwrap_or(i64::MAX),
            });
            made.head = Some(head);
        }
        Ok(())
    }

    /// Another file is served, and nothing of what came in.
    async fn serve_instead(
        &self,
        key: &ContentKey,
        object: &mut ContentObject,
        made: &mut Made,
        remuxed: &Remuxed,
    ) -> Result<(), UploadError> {
        let media_type = if object.media_type.starts_with("audio/") {
            "audio/mp4"
        } else {
            "video/mp4"
        };
        // Made anew by each attempt, and perhaps not of the same bytes.
        let head_key = key.beside("remuxed", media_type, &ids::random());
        let file = std::fs::File::open(&remuxed.path).map_err(ContentError::Io)?;
        let written = self.content.put(&head_key, file).await?;
        let head = self.object_of(&head_key, &written, media_type);
        object.served = Some(Headed {
            head_key: head.key.clone(),
            body_offset: 0,
            body_bytes: 0,
        });
        media_type.clone_into(&mut object.media_type);
        made.head = Some(head);
        Ok(())
    }

    async fn look_at_transcript(
        &self,
        key: &ContentKey,
        object: &mut ContentObject,
        made: &mut Made,
    ) -> Result<(), UploadError> {
        let reader = self.content.open(key).await?;
        "text/vtt".clone_into(&mut object.media_type);
        made.quarantine = match is_webvtt(reader).await? {
            true => None,
            false => Some("notWebVTT: the file is no WebVTT, which begins with the word WEBVTT: convert it, and upload it again".to_owned()),
        };
        Ok(())
    }

    /// Stores the texts that came with the request beside the recording, or in a folder of their own.
    async fn keep_texts(
        &self,
        session: &UploadSession,
        stored: &Stored,
        made: &mut Made,
    ) -> Result<(), UploadError> {
        let names = ["transcript", "transcript.metadata"];
        let folder = stored.destination.key("video/mp4");
        let mut objects = [None, None];
        for ((text, name), place) in stored.wanted.texts.iter().zip(names).zip(&mut objects) {
            if let Some(text) = text {
                // Nobody else writes into this folder, and the text is that of the row: done twice, it is the same.
                let unique = if session.kind == ArtifactKind::Recording {
                    ""
                } else {
                    "text"
                };
                let key = folder.beside(name, "text/vtt", unique);
                *place = Some(
                    self.put_beside(&key, text.clone().into_bytes(), "text/vtt")
                        .await?,
                );
            }
        }
        made.texts = objects;
        Ok(())
    }

    /// Stores bytes that may have been stored by an attempt before.
    async fn put_beside(
        &self,
        key: &ContentKey,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<ContentObject, UploadError> {
        let written = self.content.put_again(key, bytes).await?;
        Ok(self.object_of(key, &written, media_type))
    }

    fn object_of(&self, key: &ContentKey, written: &Written, media_type: &str) -> ContentObject {
        ContentObject {
            key: key.as_str().to_owned(),
            size_bytes: i64::try_from(written.size_bytes).unwrap_or(i64::MAX),
            sha256: written.sha256.to_vec(),
            media_type: media_type.to_owned(),
            modified_ns: written.modified_ns,
            stored: self.clock.now(),
            served: None,
            facts: None,
        }
    }
}

/// Looks at a file on a thread of its own; `None` where that has panicked.
async fn probe(reader: ContentReader) -> Result<Option<media::Probed>, UploadError> {
    let size = reader.size_bytes();
    let mut source = reader.blocking();
    let probed = tokio::task::spawn_blocking(move || media::probe(&mut source, size)).await;
    match probed {
        Ok(probed) => Ok(Some(probed.map_err(ContentError::Io)?)),
        Err(lost) if lost.is_panic() => {
            tracing::error!("looking at a file has panicked; the file is kept in quarantine");
            Ok(None)
        }
        Err(lost) => Err(lost.into()),
    }
}

async fn is_webvtt(reader: ContentReader) -> Result<bool, UploadError> {
    let mut source = reader.blocking();
    let read = tokio::task::spawn_blocking(move || {
        let mut head = [0; 16];
        let count = std::io::Read::read(&mut source, &mut head)?;
        let head = head.get(..count).unwrap_or_default();
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        Ok(text.strip_prefix(b"WEBVTT").is_some_and(|rest| {
            rest.first()
                .is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        }))
    });
    Ok(read.await?.map_err(ContentError::Io)?)
}

struct Fail {
    id: String,
    fault: String,
}

impl Write for Fail {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(Self {
            id: self.id.clone(),
            fault: self.fault.clone(),
        })
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        upload_sessions::fail(tx, &self.id, &self.fault).await
    }
}
