#![no_main]
//! Whatever a file is, it is told what it is; and what is made to play at once is the same recording.

use std::io::Cursor;

use graphophone::media::{Format, MAX_TRACKS, Probed, file_ending, probe};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let probed = told(bytes);
    assert!(probed.facts.tracks.len() <= MAX_TRACKS);
    assert_ne!(file_ending(probed.media_type) == "bin", probed.facts.format != Format::Unknown);
    let Some(faststart) = &probed.faststart else {
        return;
    };
    assert_eq!((probed.fault, probed.note), (None, None));
    let start = usize::try_from(faststart.body_offset).expect("it is in the file");
    let length = usize::try_from(faststart.body_length).expect("it is in the file");
    let played = [&faststart.head, &bytes[start..start + length]].concat();
    assert_eq!(told(&played), Probed { faststart: None, ..probed.clone() });
});

fn told(bytes: &[u8]) -> Probed {
    probe(&mut Cursor::new(bytes), bytes.len() as u64).expect("memory can be read")
}
