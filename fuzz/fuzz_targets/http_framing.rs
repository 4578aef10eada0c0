#![no_main]
//! Requests are followed alike however their bytes are cut.

use graphophone::http::framing::MessageScanner;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], Vec<u8>)| {
    let (bytes, cuts) = input;
    let whole = MessageScanner::default().scan(bytes);
    let mut scanner = MessageScanner::default();
    let mut cuts = cuts.into_iter().map(usize::from);
    let (mut rest, mut before) = (bytes, 0);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(cuts.next().unwrap_or(1).clamp(1, rest.len()));
        if let Err(mut refused) = scanner.scan(piece) {
            refused.accepted += before;
            assert_eq!(whole, Err(refused));
            return;
        }
        before += piece.len();
        rest = behind;
    }
    assert_eq!(whole, Ok(()));
});
