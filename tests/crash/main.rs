//! What must survive: processes that are killed, connections that are cut, disks that are full, and system calls that fail.
//!
//! The real binary, on SQLite and a folder. Every test keeps a ledger of what was acknowledged, and compares. Chance comes
//! from one number, which is printed; `CRASH_SEED` repeats it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod archive;
#[path = "../it/cli/binary.rs"]
#[expect(dead_code, reason = "what the other binary of tests needs of it, too")]
mod binary;
mod chance;
mod cuts;
mod faults;
mod full_disk;
mod http;
mod imports;
mod kills;
mod media;
#[path = "../it/support/names.rs"]
#[expect(dead_code, reason = "what the other binary of tests needs of it, too")]
mod names;
mod upload;
mod world;
