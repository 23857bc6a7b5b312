//! Widths of text in the bundled font, and text cut to a width.

use std::sync::LazyLock;

use ttf_parser::Face as Font;

use super::theme::Face;

static REGULAR: LazyLock<Font<'static>> = LazyLock::new(|| parse(notosans::REGULAR_TTF));
static BOLD: LazyLock<Font<'static>> = LazyLock::new(|| parse(notosans::BOLD_TTF));

fn parse(bytes: &'static [u8]) -> Font<'static> {
    Font::parse(bytes, 0).expect("the bundled font is a font")
}

/// Width of a text [px]; a letter that the font lacks counts as its empty box.
pub(super) fn width(text: &str, face: Face) -> f64 {
    let font = if face.bold { &*BOLD } else { &*REGULAR };
    let units: u32 = text
        .chars()
        .map(|c| font.glyph_hor_advance(font.glyph_index(c).unwrap_or_default()).map_or(0, u32::from))
        .sum();
    f64::from(units) * face.size / f64::from(font.units_per_em())
}

/// The text, cut at its end so that it is at most `room` wide [px].
pub(super) fn cut_end(text: &str, face: Face, room: f64) -> String {
    cut(text, face, room, |letters, kept| (kept, letters))
}

/// The text, cut in its middle: names differ at their ends, so these stay.
pub(super) fn cut_middle(text: &str, face: Face, room: f64) -> String {
    cut(text, face, room, |letters, kept| (kept / 2, letters - kept.div_ceil(2)))
}

/// Keeps as many letters as fit; `split` says which: those before the first and from the second index on.
fn cut(text: &str, face: Face, room: f64, split: impl Fn(usize, usize) -> (usize, usize)) -> String {
    if width(text, face) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| -> String {
        let (head, tail) = split(letters.len(), kept);
        let (head, tail): (String, String) = (letters[..head].iter().collect(), letters[tail..].iter().collect());
        format!("{}…{}", head.trim_end(), tail.trim_start())
    };
    let kept = (0..letters.len()).rev().find(|&kept| width(&shortened(kept), face) <= room);
    kept.map_or_else(String::new, shortened)
}

/// A name for use inside a sentence: at most 24 letters.
pub(super) fn short(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= 24 {
        return name.to_owned();
    }
    let (head, tail): (String, String) =
        (letters[..10].iter().collect(), letters[letters.len() - 13..].iter().collect());
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::super::theme::{LABEL, TITLE};
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Noto Sans 1.0 has 2,048 units per em and digits of 1,171 units; all digits are as wide.
        assert!((width("0000000000", LABEL) - 12.0 * 11_710.0 / 2_048.0).abs() < 1e-9);
        assert!((width("1111111111", LABEL) - width("0000000000", LABEL)).abs() < 1e-9);
        assert!(width("weu-2", LABEL.in_bold()) > width("weu-2", LABEL));
    }

    #[test]
    fn cut_text_fits_and_keeps_what_tells_names_apart() {
        let name = "production-westeurope-factory-stamp-17";
        let cut = cut_middle(name, LABEL, 90.0);
        assert!(width(&cut, LABEL) <= 90.0 && cut.ends_with("17") && cut.starts_with("prod"), "{cut}");
        assert_eq!(cut_end("short", TITLE, 500.0), "short");
        assert!(cut_end(name, TITLE, 100.0).ends_with('…'));
        assert_eq!(cut_middle(name, LABEL, 0.0), "");
    }
}
