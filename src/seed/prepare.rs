//! What the row of a recording or transcript is made of; the same whether its bytes are stored or the file is only checked.

use std::path::Path;

use super::{Complete, Parent, SeedFile, SeedProblem, Upload};
use crate::clock::Ticks;
use crate::content::Part;
use crate::db::artifacts::{self, Artifact, ArtifactKind, StoredArtifact, UploadState};

/// An artifact as the file wants it.
pub(super) struct Wanted<'a> {
    pub kind: ArtifactKind,
    pub own: &'a super::Artifact,
    pub content: Option<&'a SeedFile>,
    pub metadata: Option<&'a SeedFile>,
    legal_hold: bool,
    quarantined: bool,
    deleted: Option<Ticks>,
}

impl<'a> Wanted<'a> {
    /// Recordings, then transcripts, in the order of the document.
    pub(super) fn all(document: &'a Complete) -> impl Iterator<Item = Self> {
        let recordings = document.recordings.put.iter().map(|recording| Self {
            kind: ArtifactKind::Recording,
            own: &recording.artifact,
            content: match &recording.upload {
                Upload::Complete(file) => Some(file),
                Upload::Pending => None,
            },
            metadata: None,
            legal_hold: recording.legal_hold,
            quarantined: recording.quarantined,
            deleted: recording.deleted_date_time,
        });
        let transcripts = document.transcripts.put.iter().map(|transcript| Self {
            kind: ArtifactKind::Transcript,
            own: &transcript.artifact,
            content: Some(&transcript.content),
            metadata: transcript.metadata.as_ref(),
            legal_hold: false,
            quarantined: false,
            deleted: None,
        });
        recordings.chain(transcripts)
    }

    /// What its content is.
    pub(super) fn part(&self) -> Part {
        match self.kind {
            ArtifactKind::Recording => Part::Recording,
            ArtifactKind::Transcript => Part::Transcript,
        }
    }

    /// `createdDateTime`; where the file does not give it, when the artifact was first seen.
    pub(super) fn created(&self, before: Option<&StoredArtifact>, now: Ticks) -> Ticks {
        let first_seen = || before.map_or(now, |row| row.artifact.created);
        self.own.created_date_time.unwrap_or_else(first_seen)
    }

    /// Its row, with the keys of its content and of its metadata.
    pub(super) fn row(&self, created: Ticks, keys: [Option<String>; 2]) -> StoredArtifact {
        let own = self.own;
        let [content_key, metadata_key] = keys;
        StoredArtifact {
            kind: self.kind,
            artifact: Artifact {
                id: own.id.clone(),
                call_id: own.call_id.clone(),
                content_correlation_id: own.content_correlation_id.clone(),
                created,
                end: own.end_date_time,
                quarantined: self.quarantined,
                parent: match &own.parent {
                    Parent::Meeting(id) => artifacts::Parent::Meeting(id.clone()),
                    Parent::AdhocCall(id) => artifacts::Parent::AdhocCall(id.clone()),
                },
                owner_id: own.organizer.id.clone(),
                tenant_id: own.organizer.tenant_id.clone(),
            },
            upload_state: match content_key {
                Some(_) => UploadState::Complete,
                None => UploadState::Pending,
            },
            legal_hold: self.legal_hold,
            deleted: self.deleted,
            content_key,
            metadata_key,
        }
    }
}

/// Other content for what is held.
pub(super) fn replaced_on_hold(document: &Path, file: &SeedFile) -> SeedProblem {
    let message = "the stored recording is on legal hold and its content cannot be replaced: \
                   graphophone recording unhold ends that";
    SeedProblem {
        file: document.to_owned(),
        pointer: file.at().to_owned(),
        message: message.to_owned(),
    }
}

/// No content for what is held.
pub(super) fn emptied_on_hold(document: &Path, own: &super::Artifact) -> SeedProblem {
    let message = "the stored recording is on legal hold and its content cannot be taken away: \
                   graphophone recording unhold ends that";
    SeedProblem {
        file: document.to_owned(),
        pointer: own.at.clone(),
        message: message.to_owned(),
    }
}
