//! What asks for an upload, read and checked by itself: the body of a request, or a sidecar beside a file.

use serde_json::Value;
use serde_path_to_error::Segment;

use crate::clock::Ticks;
use crate::db::artifacts::ArtifactKind;
use crate::db::meetings::Role;
use crate::db::upload_sessions::Source;
use crate::graph::upload::{RecordingDescription, TranscriptDescription, UploadRequest};
use crate::media::webvtt::Transcript;
use crate::seal::from_hex;

/// The longest text of a member.
const MAX_TEXT: usize = 1024;
/// The longest name of a file.
const MAX_NAME: usize = 8192;
/// The longest name of a source's system.
const MAX_SYSTEM: usize = 64;
/// The one list.
const PARTICIPANTS: &str = "/meeting/participants";
/// The most people of a meeting.
const MAX_PARTICIPANTS: usize = 1000;

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}{}{message}", if pointer.is_empty() { "" } else { ": " })]
pub struct Problem {
    /// JSON pointer of the member.
    pub pointer: String,
    /// What was expected.
    pub message: String,
}

impl Problem {
    /// A problem of the member at that pointer.
    pub fn at(pointer: &str, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            message: message.into(),
        }
    }
}

/// What a request asks for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What the bytes are, or the text where there are none.
    pub kind: ArtifactKind,
    /// Start and end of the meeting.
    pub meeting_times: Times,
    /// Who took part: object ids or sign-in names.
    pub participants: Vec<(String, Role)>,
    /// A recording.
    pub recording: Option<Described>,
    /// A transcript.
    pub transcript: Option<Described>,
    /// Text and `metadataContent` of the transcript.
    pub texts: [Option<String>; 2],
    /// Length and SHA-256 of the file.
    pub item: Option<Item>,
    /// Where it comes from.
    pub source: Source,
}

/// Length and SHA-256 of a file, the second where it was announced.
pub type Item = (i64, Option<[u8; 32]>);

/// When something began and ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When it began.
    pub start: Option<Ticks>,
    /// When it ended.
    pub end: Option<Ticks>,
}

/// What is said of an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// When it began and ended.
    pub times: Times,
    /// `callId`
    pub call_id: Option<String>,
    /// `contentCorrelationId`
    pub content_correlation_id: Option<String>,
}

/// How a number of bytes is told that is none, in place of how serde calls it.
const WHOLE_NUMBER: &str = "expected a whole number of at most 9223372036854775807";

/// Types a request.
///
/// # Errors
/// [`Problem`] with the first member that is not as it should be.
pub fn parse(body: Value) -> Result<UploadRequest, Problem> {
    // serde takes a list for what has members, each for the member in its place.
    if let Some(pointer) = misplaced_list(&body, "") {
        return Err(Problem::at(&pointer, "expected something else than a list"));
    }
    serde_path_to_error::deserialize(body).map_err(|error| Problem {
        pointer: error.path().iter().map(step).collect(),
        message: error.inner().to_string().replace("expected i64", WHOLE_NUMBER),
    })
}

/// Where a list is of which there is none.
fn misplaced_list(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Array(people) if at == PARTICIPANTS => people
            .iter()
            .position(Value::is_array)
            .map(|index| format!("{at}/{index}")),
        Value::Array(_) => Some(at.to_owned()),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let key = Segment::Map { key: name.clone() };
            misplaced_list(member, &format!("{at}{}", step(&key)))
        }),
        _ => None,
    }
}

/// A step of a JSON pointer (RFC 6901 section 3).
fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

/// A body without the annotations that clients of OData write.
pub fn without_annotations(body: Value) -> Value {
    match body {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(name, _)| !name.contains('@'))
                .map(|(name, value)| (name, without_annotations(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_annotations).collect()),
        other => other,
    }
}

impl Wanted {
    /// Checks what types do not tell.
    ///
    /// # Errors
    /// [`Problem`] with the first member that is not as it should be.
    pub fn check(request: &UploadRequest) -> Result<Self, Problem> {
        let meeting = &request.meeting;
        for (pointer, value) in [
            ("/meeting/id", &meeting.id),
            ("/meeting/externalId", &meeting.external_id),
            ("/meeting/organizer", &meeting.organizer),
            ("/meeting/subject", &meeting.subject),
        ] {
            text(pointer, value.as_deref())?;
        }
        let describes = meeting.external_id.is_some()
            || meeting.organizer.is_some()
            || meeting.subject.is_some()
            || meeting.start_date_time.is_some()
            || meeting.end_date_time.is_some()
            || !meeting.participants.is_empty();
        if meeting.id.is_some() && describes {
            let message = "expected the id alone, or what describes a meeting without an id";
            return Err(Problem::at("/meeting", message));
        }
        if meeting.external_id.as_deref() == Some("") {
            return Err(Problem::at(
                "/meeting/externalId",
                "expected a text that is not empty",
            ));
        }
        let (kind, texts) = kind_of(request)?;
        Ok(Self {
            kind,
            meeting_times: times(
                "/meeting",
                ("startDateTime", &meeting.start_date_time),
                &meeting.end_date_time,
            )?,
            participants: participants(request)?,
            recording: request
                .recording
                .as_ref()
                .map(Described::of_recording)
                .transpose()?,
            transcript: request
                .transcript
                .as_ref()
                .map(Described::of_transcript)
                .transpose()?,
            texts,
            item: item(request)?,
            source: source(request)?,
        })
    }

    /// What is said of what the bytes are.
    pub fn described(&self) -> Described {
        let described = match self.kind {
            ArtifactKind::Recording => &self.recording,
            ArtifactKind::Transcript => &self.transcript,
        };
        described.clone().unwrap_or_default()
    }
}

impl Described {
    fn of_recording(own: &RecordingDescription) -> Result<Self, Problem> {
        let times = [&own.created_date_time, &own.end_date_time];
        Self::of("/recording", times, (&own.call_id, &own.content_correlation_id))
    }

    fn of_transcript(own: &TranscriptDescription) -> Result<Self, Problem> {
        let times = [&own.created_date_time, &own.end_date_time];
        Self::of("/transcript", times, (&own.call_id, &own.content_correlation_id))
    }

    fn of(
        at: &str,
        [created, end]: [&Option<String>; 2],
        (call, correlation): (&Option<String>, &Option<String>),
    ) -> Result<Self, Problem> {
        text(&format!("{at}/callId"), call.as_deref())?;
        text(&format!("{at}/contentCorrelationId"), correlation.as_deref())?;
        Ok(Self {
            times: times(at, ("createdDateTime", created), end)?,
            call_id: call.clone(),
            content_correlation_id: correlation.clone(),
        })
    }
}

/// What the bytes are, and the texts that come along.
fn kind_of(request: &UploadRequest) -> Result<(ArtifactKind, [Option<String>; 2]), Problem> {
    let texts = match &request.transcript {
        None => [None, None],
        Some(own) => [own.content.clone(), own.metadata_content.clone()],
    };
    for (pointer, text) in ["/transcript/content", "/transcript/metadataContent"]
        .iter()
        .zip(&texts)
    {
        let is_vtt = text
            .as_ref()
            .is_none_or(|text| Transcript::from_bytes(text.as_bytes()).is_ok());
        if !is_vtt {
            return Err(Problem::at(
                pointer,
                "expected WebVTT, which begins with the word WEBVTT",
            ));
        }
    }
    let [content, _] = &texts;
    let has_item = request.item.is_some();
    let kind = match (&request.recording, &request.transcript) {
        (None, None) => {
            let message = "expected a recording or a transcript: add \"recording\": {} or \"transcript\": {}";
            return Err(Problem::at("", message));
        }
        (Some(_), _) if !has_item => return Err(Problem::at("/item", "expected the file of the recording")),
        (Some(_), Some(_)) if content.is_none() => {
            let message =
                "expected the text of the transcript, as the file is the recording; or upload it by itself";
            return Err(Problem::at("/transcript/content", message));
        }
        (None, Some(_)) if has_item == content.is_some() => {
            let message = "expected the text of the transcript, or else the file with it";
            return Err(Problem::at("/transcript/content", message));
        }
        (Some(_), _) => ArtifactKind::Recording,
        (None, Some(_)) => ArtifactKind::Transcript,
    };
    Ok((kind, texts))
}

fn participants(request: &UploadRequest) -> Result<Vec<(String, Role)>, Problem> {
    let people = &request.meeting.participants;
    if people.len() > MAX_PARTICIPANTS {
        let message = format!("expected at most {MAX_PARTICIPANTS} people");
        return Err(Problem::at(PARTICIPANTS, message));
    }
    let people = people.iter().enumerate();
    let people = people.map(|(index, one)| {
        let pointer = format!("{PARTICIPANTS}/{index}");
        text(&format!("{pointer}/user"), Some(&one.user))?;
        let role = one.role.as_deref().map_or(Some(Role::Attendee), Role::parse);
        let role = role.ok_or_else(|| {
            let message = "expected one of attendee, presenter, producer, coorganizer";
            Problem::at(&format!("{pointer}/role"), message)
        })?;
        Ok((one.user.clone(), role))
    });
    people.collect()
}

fn item(request: &UploadRequest) -> Result<Option<Item>, Problem> {
    let Some(item) = &request.item else {
        return Ok(None);
    };
    if item.name.as_ref().is_some_and(|name| name.len() > MAX_NAME) {
        let message = format!("expected a name of at most {MAX_NAME} bytes");
        return Err(Problem::at("/item/name", message));
    }
    if item.size < 1 {
        return Err(Problem::at("/item/size", "expected a length of at least 1 byte"));
    }
    let sha256 = item.sha256.as_deref().map(|hex| {
        from_hex(hex).ok_or_else(|| Problem::at("/item/sha256", "expected 64 hexadecimal digits"))
    });
    Ok(Some((item.size, sha256.transpose()?)))
}

fn source(request: &UploadRequest) -> Result<Source, Problem> {
    let source = &request.source;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let system = source.system.as_str();
    if system.is_empty() || system.len() > MAX_SYSTEM || !system.chars().all(plain) {
        let message = format!(
            "expected a name of at most {MAX_SYSTEM} letters, digits, '-', '_' and '.', such as jibri"
        );
        return Err(Problem::at("/source/system", message));
    }
    if source.id.is_empty() {
        return Err(Problem::at(
            "/source/id",
            "expected how the system names the recording",
        ));
    }
    text("/source/id", Some(&source.id))?;
    Ok(Source {
        system: source.system.clone(),
        id: source.id.clone(),
    })
}

fn text(pointer: &str, value: Option<&str>) -> Result<(), Problem> {
    match value {
        // PostgreSQL has no text with it.
        Some(text) if text.contains('\0') => Err(Problem::at(pointer, "expected a text without NUL")),
        Some(text) if text.len() > MAX_TEXT => Err(Problem::at(
            pointer,
            format!("expected a text of at most {MAX_TEXT} bytes"),
        )),
        _ => Ok(()),
    }
}

fn times(
    at: &str,
    (start_name, start): (&str, &Option<String>),
    end: &Option<String>,
) -> Result<Times, Problem> {
    let instant = |name: &str, value: &Option<String>| match value {
        None => Ok(None),
        Some(text) => text
            .parse::<Ticks>()
            .map(Some)
            .map_err(|error| Problem::at(&format!("{at}/{name}"), error.to_string())),
    };
    let (start, end) = (instant(start_name, start)?, instant("endDateTime", end)?);
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            let message = format!("expected an instant that is not before {start_name}");
            Err(Problem::at(&format!("{at}/endDateTime"), message))
        }
        _ => Ok(Times { start, end }),
    }
}
