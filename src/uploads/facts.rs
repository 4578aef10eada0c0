//! What was found in a file, as it is kept in its row and shown to people.

use serde_json::{Map, Value, json};

use crate::media::{Facts, Fault, Format, Track, TrackKind};

/// Facts as JSON, without what is not known.
pub fn to_json(facts: &Facts) -> Value {
    let mut members = Map::new();
    members.insert("format".into(), format(facts.format).into());
    if let Some(duration) = facts.duration {
        members.insert("durationSeconds".into(), duration.as_secs_f64().into());
    }
    if let Some(created) = facts.created {
        members.insert("recordedDateTime".into(), created.to_string().into());
    }
    members.insert("tracks".into(), facts.tracks.iter().map(track).collect());
    if facts.more_tracks > 0 {
        members.insert("moreTracks".into(), facts.more_tracks.into());
    }
    if facts.truncated {
        members.insert("truncated".into(), true.into());
    }
    Value::Object(members)
}

/// Why a file is held back: a word for programs, and what people can do.
pub fn quarantine(fault: &Fault) -> String {
    format!("{}: {fault}", fault.reason())
}

fn format(format: Format) -> &'static str {
    match format {
        Format::Mp4 => "mp4",
        Format::FragmentedMp4 => "fragmentedMp4",
        Format::QuickTime => "quickTime",
        Format::WebM => "webM",
        Format::Matroska => "matroska",
        Format::Unknown => "unknown",
    }
}

fn track(track: &Track) -> Value {
    let kind = match track.kind {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
        TrackKind::Text => "text",
        TrackKind::Other => "other",
    };
    let mut value = json!({ "kind": kind, "codec": track.codec });
    if let (Some(members), (Some(width), Some(height))) = (value.as_object_mut(), (track.width, track.height))
    {
        members.insert("width".into(), width.into());
        members.insert("height".into(), height.into());
    }
    if let (Some(members), Some(language)) = (value.as_object_mut(), &track.language) {
        members.insert("language".into(), language.as_str().into());
    }
    value
}
