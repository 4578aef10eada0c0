//! Sizes as they are written in a configuration: `512MiB`, `1GiB`, `20GB`.

/// The units, with their bytes, the largest first.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1000),
    ("B", 1),
];

/// Reads a whole number with its unit.
pub(super) fn parse(text: &str) -> Option<u64> {
    let at = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(at)?;
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// Writes a size so that [`parse`] reads the same one again.
pub(super) fn print(bytes: u64) -> String {
    let fits = |(_, factor): &&(&str, u64)| bytes > 0 && bytes.is_multiple_of(*factor);
    let (unit, factor) = UNITS.iter().find(fits).unwrap_or(&("B", 1));
    format!("{}{unit}", bytes / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in [
            ("0B", 0),
            ("1B", 1),
            ("512MiB", 512 << 20),
            ("1GiB", 1 << 30),
            ("20GB", 20_000_000_000),
            ("7KB", 7000),
            ("3TiB", 3 << 40),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
            assert_eq!(print(bytes), text);
        }
    }

    #[test]
    fn what_is_no_size_is_none() {
        for text in [
            "",
            "1",
            "GiB",
            "1gib",
            "-1B",
            "1.5GiB",
            "1 GiB",
            "99999999999999TiB",
            "1GiB2MiB",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
