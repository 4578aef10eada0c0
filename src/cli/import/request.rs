//! What a file asks for: its sidecar, what lies beside it, what it says itself, and what the command line says of all.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::find::{self, Candidate};
use crate::clock::Ticks;
use crate::graph::upload::UploadRequest;
use crate::media;
use crate::seal::to_hex;
use crate::seed::open_plain;
use crate::uploads::request::parse;

/// What the command line says of files that do not say it themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    /// Whose meetings they are of.
    pub(super) organizer: Option<String>,
    /// The meeting that they are of.
    pub(super) meeting: Option<String>,
}

/// A file with what it asks for.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) request: UploadRequest,
    /// Files that go with it.
    pub(super) beside: Vec<PathBuf>,
}

/// Puts together what a file asks for. Reads all of it, once, for its SHA-256.
pub(super) fn wish(candidate: &Candidate, defaults: &Defaults) -> Result<Wish, String> {
    let path = &candidate.path;
    let mut beside = Vec::new();
    let mut body = match candidate.sidecar.clone() {
        None => Map::new(),
        Some(sidecar) => {
            let body = read_sidecar(&sidecar).map_err(|why| format!("{}: {why}", sidecar.display()))?;
            beside.push(sidecar);
            body
        }
    };
    let what = if candidate.is_transcript {
        "transcript"
    } else {
        "recording"
    };
    body.entry(what).or_insert_with(|| json!({}));
    if !candidate.is_transcript
        && !body.contains_key("transcript")
        && let Some(text) = find::transcript(path)
    {
        let content = find::read_text(&text).map_err(|why| format!("{}: {why}", text.display()))?;
        body.insert("transcript".into(), json!({ "content": content }));
        beside.push(text);
    }
    describe_meeting(&mut body, candidate, defaults);
    let file = open_plain(path).map_err(|error| find::reason(&error))?;
    let sha256 = crate::content::hash_file(&file).map_err(|error| find::reason(&error))?;
    let sha256 = to_hex(&sha256);
    describe_item(&mut body, candidate, &sha256)?;
    body.entry("source")
        .or_insert_with(|| json!({ "system": "import", "id": format!("sha256:{sha256}") }));
    if !candidate.is_transcript {
        describe_times(&mut body, candidate, file);
    }
    let request = parse(Value::Object(body)).map_err(|problem| problem.to_string());
    let request = request.map_err(|why| match beside.first() {
        Some(sidecar) => format!("{}: {why}", sidecar.display()),
        None => why,
    })?;
    Ok(Wish { request, beside })
}

fn read_sidecar(path: &Path) -> Result<Map<String, Value>, String> {
    let text = find::read_text(path)?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("expected a JSON object".to_owned()),
        Err(error) => Err(format!("it is no JSON: {error}")),
    }
}

fn describe_meeting(body: &mut Map<String, Value>, candidate: &Candidate, defaults: &Defaults) {
    let meeting = body.entry("meeting").or_insert_with(|| match &defaults.meeting {
        Some(id) => json!({ "id": id }),
        None => json!({}),
    });
    let Some(meeting) = meeting
        .as_object_mut()
        .filter(|meeting| !meeting.contains_key("id"))
    else {
        return;
    };
    if let Some(organizer) = &defaults.organizer {
        meeting
            .entry("organizer")
            .or_insert_with(|| organizer.as_str().into());
    }
    if !meeting.contains_key("subject") && !meeting.contains_key("externalId") {
        let name = candidate
            .path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        meeting.insert("subject".into(), name.into());
    }
}

/// The file's own length and digest; a sidecar that says otherwise is of another file.
fn describe_item(body: &mut Map<String, Value>, candidate: &Candidate, sha256: &str) -> Result<(), String> {
    let item = body.entry("item").or_insert_with(|| json!({}));
    let Some(item) = item.as_object_mut() else {
        return Ok(());
    };
    let name = candidate
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    item.entry("name").or_insert_with(|| name.into());
    let size = item.entry("size").or_insert_with(|| candidate.size_bytes.into());
    if size.as_u64().is_some_and(|size| size != candidate.size_bytes) {
        return Err(format!(
            "/item/size: the sidecar says {size} bytes, the file has {}: it is not complete, or the sidecar is of another",
            candidate.size_bytes
        ));
    }
    let announced = item.entry("sha256").or_insert_with(|| sha256.into());
    match announced
        .as_str()
        .is_some_and(|announced| !announced.eq_ignore_ascii_case(sha256))
    {
        true => Err(format!(
            "/item/sha256: the sidecar says {announced}, the file has \"{sha256}\": copy it again from where it came from"
        )),
        false => Ok(()),
    }
}

/// Where neither sidecar nor file says when it was recorded: it ended when it was last written.
fn describe_times(body: &mut Map<String, Value>, candidate: &Candidate, mut file: File) {
    let Some(recording) = body.get_mut("recording").and_then(Value::as_object_mut) else {
        return;
    };
    let (known, start) = ("createdDateTime", "startDateTime");
    let Ok(probed) = media::probe(&mut file, candidate.size_bytes) else {
        return;
    };
    if recording.contains_key(known) || probed.facts.created.is_some() {
        return;
    }
    let written = Ticks(candidate.modified_ns / 100);
    let began = written.minus(probed.facts.duration.unwrap_or(Duration::ZERO));
    let says = body
        .get("meeting")
        .and_then(|meeting| meeting.get(start))
        .is_some();
    if !says && let Some(recording) = body.get_mut("recording").and_then(Value::as_object_mut) {
        recording.insert(known.into(), began.to_string().into());
    }
}
