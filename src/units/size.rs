//! Sizes of messages, and the blocks they are metered in.

use std::fmt;
use std::str::FromStr;

use super::text::{self, Text, UnitError, spoken};

/// A size [B]. 1 KB is 1,024 B, as hubs meter it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

/// Units and their sizes [B].
const UNITS: &[(&str, u64)] = &[("B", 1), ("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30)];

impl Bytes {
    /// 1,024 B.
    pub const KB: Self = Self(1 << 10);

    /// Blocks that a message of this size is metered as [1]: every block begun, at least one.
    ///
    /// Block: 4 KB, on the free edition 0.5 KB (Azure IoT Hub pricing, 2023).
    ///
    /// # Panics
    /// When the block is empty.
    pub const fn blocks(self, block: Self) -> u64 {
        assert!(block.0 > 0, "a block has a size");
        let blocks = self.0.div_ceil(block.0);
        if blocks == 0 { 1 } else { blocks }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A larger unit only where two decimals hold the size exactly.
        let exact = |(_, size): &&(&str, u64)| self.0 >= *size && ((self.0 % size) * 4).is_multiple_of(*size);
        let Some((unit, size)) = UNITS.iter().rev().find(exact).filter(|_| self.0 > 0) else {
            return write!(f, "{} B", self.0);
        };
        let fraction = ["", ".25", ".5", ".75"][(self.0 % size * 4 / size) as usize];
        write!(f, "{}{fraction} {unit}", self.0 / size)
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let pieces = text::pieces::<Self>(text)?;
        let [piece] = pieces.as_slice() else {
            return Err(UnitError::NotANumber { found: text.to_owned(), expected: Self::EXPECTED });
        };
        let size = UNITS.iter().find(|(unit, _)| *unit == piece.unit).map(|(_, size)| *size);
        let size = size.ok_or_else(|| text::unknown_unit(piece.unit, &["KB", "MB", "GB", "B"], "B, KB, MB, GB"))?;
        let bytes = piece.number.half_up(u128::from(size)).map_err(|misfit| misfit.of::<Self>(text))?;
        let too_large = |_| UnitError::TooLarge { found: text.to_owned(), expected: Self::EXPECTED };
        u64::try_from(bytes).map(Self).map_err(too_large)
    }
}

impl Text for Bytes {
    const EXPECTED: &'static str = "a size with its unit, such as \"0.6 KB\"";
    const NAME: &'static str = "Size";
    const ABOUT: &'static str = "A size with its unit, such as \"600 B\" or \"1.5 KB\"; 1 KB is 1,024 B.";
    const PATTERN: &'static str = r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*(B|KB|MB|GB)\s*$";
    const FINEST: &'static str = "1 B";
}

spoken!(Bytes);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Bytes {
        text.parse().expect(text)
    }

    #[test]
    fn sizes_read_and_print() {
        for (text, bytes, printed) in [
            ("600 B", 600, "600 B"),
            ("0.6 KB", 614, "614 B"),
            ("4 KB", 4096, "4 KB"),
            ("1.5 MB", 1_572_864, "1.5 MB"),
            ("0.5KB", 512, "512 B"),
            ("1.5 KB", 1536, "1.5 KB"),
            ("0.5 B", 1, "1 B"),
            ("0 B", 0, "0 B"),
        ] {
            assert_eq!(read(text), Bytes(bytes), "{text}");
            assert_eq!(read(text).to_string(), printed);
        }
    }

    /// Blocks of 4 KB, 0.5 KB on the free edition; an empty message counts as one.
    #[test]
    fn messages_are_metered_in_blocks_begun() {
        let blocks = |size: &str, block: &str| read(size).blocks(read(block));
        assert_eq!(blocks("100 B", "4 KB"), 1);
        assert_eq!(blocks("4096 B", "4 KB"), 1);
        assert_eq!(blocks("4097 B", "4 KB"), 2);
        assert_eq!(blocks("6 KB", "4 KB"), 2);
        assert_eq!(blocks("100 KB", "4 KB"), 25);
        assert_eq!(blocks("256 KB", "4 KB"), 64);
        assert_eq!(blocks("1 KB", "0.5 KB"), 2);
        assert_eq!(blocks("0 B", "4 KB"), 1);
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        let message = |text: &str| text.parse::<Bytes>().expect_err(text).to_string();
        assert_eq!(message("5 kb"), "unknown unit \"kb\"; did you mean \"KB\"?");
        assert_eq!(
            message("5"),
            "\"5\" has a number without a unit; expected a size with its unit, such as \"0.6 KB\""
        );
        assert!(message("1 KB 2 B").contains("not understood"));
        assert!(message("99999999999999 GB").contains("too large"));
        assert!(message("-1 B").contains("negative"));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(bytes: u64, shift in 0u32..40) {
            for bytes in [Bytes(bytes), Bytes(bytes >> shift << shift)] {
                prop_assert_eq!(bytes.to_string().parse(), Ok(bytes));
            }
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC*", close in "[0-9. _-]{0,50}(B|KB|GB|µ)?.?") {
            let _ = text.parse::<Bytes>();
            let _ = close.parse::<Bytes>();
        }
    }
}
