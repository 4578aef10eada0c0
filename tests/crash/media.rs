//! Recordings of any length: samples of `tests/media` whose `mdat` has been made longer.

use aws_lc_rs::digest;

use crate::chance::Chance;

/// A file of `tests/media`.
pub fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// A recording like no other, about so long. Its index stands in front, or at the end.
pub fn recording(chance: &mut Chance, more: usize, is_index_last: bool) -> Vec<u8> {
    let name = if is_index_last {
        "moov-last.mp4"
    } else {
        "faststart.mp4"
    };
    lengthened(&sample(name), &chance.bytes(more))
}

/// The file with `more` at the end of its `mdat`: what the index points to stays where it is.
fn lengthened(file: &[u8], more: &[u8]) -> Vec<u8> {
    let mut at = 0;
    loop {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
        let end = at + usize::try_from(length).unwrap();
        if &file[at + 4..at + 8] == b"mdat" {
            let length = length + u32::try_from(more.len()).unwrap();
            return [
                &file[..at],
                &length.to_be_bytes(),
                &file[at + 4..end],
                more,
                &file[end..],
            ]
            .concat();
        }
        at = end;
    }
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
