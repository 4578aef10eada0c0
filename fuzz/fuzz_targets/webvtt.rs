#![no_main]
//! A transcript is read, written and derived from; what is made reads as what it was made from.

use graphophone::clock::Ticks;
use graphophone::media::webvtt::{
    Cue, Transcript, content_from_metadata, from_metadata, has_speakers, metadata_content, unattributed,
    write,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(transcript) = Transcript::from_bytes(bytes) else {
        return;
    };
    assert_eq!(read(&write(&transcript.cues)), transcript.cues);

    let said: Vec<_> = transcript.cues.iter().map(Cue::spans).collect();
    let filled = said.iter().filter(|spans| !spans.is_empty()).count();
    assert_eq!(read(&unattributed(&transcript)).len(), filled);

    let Ok(content) = metadata_content(&transcript, Ticks(0), Some("en-US")) else {
        return;
    };
    let metadata: Transcript = content.parse().expect("it is WebVTT");
    let cues = from_metadata(&metadata).expect("it is metadata");
    assert_eq!(cues.len(), said.iter().map(Vec::len).sum::<usize>());

    let content: Transcript = content_from_metadata(&cues).parse().expect("it is WebVTT");
    assert_eq!(content.cues.len(), cues.len());
    assert_eq!(has_speakers(&content), has_speakers(&transcript));
    let _given = from_metadata(&transcript).map(|cues| content_from_metadata(&cues));
});

fn read(file: &str) -> Vec<Cue> {
    let transcript: Transcript = file.parse().expect("it is WebVTT");
    assert_eq!(transcript.problems, []);
    transcript.cues
}
