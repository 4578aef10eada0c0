//! What is in a file: [`probe()`] says what it holds, what is wrong with it, and how it plays at once; [`media_type`] says
//! as much as its first bytes do; [`webvtt`] reads transcripts. Nothing is decoded, and no file is changed.

use signature::Container;

mod ebml;
mod fault;
mod mp4;
mod probe;
mod signature;
mod walk;
pub mod webvtt;

#[cfg(test)]
mod tests;

pub use fault::Fault;
pub use probe::{Facts, Faststart, Format, MAX_TRACKS, Probed, Track, TrackKind, probe};

/// How many bytes from the start [`media_type`] looks at.
pub const HEAD_BYTES: usize = 64;

/// The media type of content that begins with `head`, such as `video/mp4`; `application/octet-stream` where it is none of
/// the known ones. [`probe()`] says the same, but knows more: that a file is sound only, when its brand does not say it.
pub fn media_type(head: &[u8]) -> &'static str {
    match signature::container(head) {
        Some(Container::Mp4(brand)) if mp4::is_sound_brand(brand) => "audio/mp4",
        Some(Container::Mp4(_)) => "video/mp4",
        Some(Container::QuickTime) => "video/quicktime",
        Some(Container::WebM) => "video/webm",
        Some(Container::Matroska) => "video/x-matroska",
        None => "application/octet-stream",
    }
}

/// The ending of a file of that media type.
pub fn file_ending(media_type: &str) -> &'static str {
    match media_type {
        "video/mp4" => "mp4",
        "audio/mp4" => "m4a",
        "video/quicktime" => "mov",
        "video/webm" => "webm",
        "audio/webm" => "weba",
        "video/x-matroska" => "mkv",
        "audio/x-matroska" => "mka",
        // Without speakers it is WebVTT all the same.
        "text/vtt" | "application/vnd.microsoft.graph.transcript+text" => "vtt",
        _ => "bin",
    }
}
