//! Chance that can be repeated.

use std::time::Duration;

use tokio::time::Instant;

/// A stream of numbers (SplitMix64: <https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// From `CRASH_SEED`, or from a number that nobody has thought of. It is printed.
    pub fn new(test: &str) -> Self {
        let seed = std::env::var("CRASH_SEED").ok().map(|text| text.parse().unwrap());
        let seed = seed.unwrap_or_else(|| {
            let hex = graphophone::ids::random();
            u64::from_str_radix(&hex.replace('-', "")[..12], 16).unwrap()
        });
        println!("{test}: CRASH_SEED={seed}");
        Self(seed)
    }

    /// Another stream, for another thread.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`.
    pub fn number(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// The same, of another type.
    pub fn length(&mut self, least: usize, most: usize) -> usize {
        usize::try_from(self.number(least as u64, most as u64)).unwrap()
    }

    /// True in `percent` of 100 cases.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.number(1, 100) <= percent
    }

    /// Bytes that no other call gives.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// Lets so many microseconds pass, to the microsecond.
pub fn let_pass(micros: u64) {
    let until = Instant::now() + Duration::from_micros(micros);
    while Instant::now() < until {
        std::thread::yield_now();
    }
}
