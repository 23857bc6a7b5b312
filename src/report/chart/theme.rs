//! How pictures look: sizes, colours for light and dark ground, and the faces of text.
//!
//! Every colour is a token with one meaning, so that a page can map the light value to a dark one by its name.

use std::fmt::Write as _;

use plotters::style::{RGBAColor, ShapeStyle};

/// Width of a picture [px].
pub(super) const WIDTH: f64 = 840.0;
/// Height of a picture [px].
pub(super) const HEIGHT: f64 = 440.0;
/// Space between the border and any text [px].
pub(super) const MARGIN: f64 = 20.0;
/// Least distance of the baselines of two labels, one above the other [px].
pub(super) const LABEL_PITCH: f64 = 17.0;
/// Width of an ordinary line [px].
pub(super) const LINE: f64 = 2.0;
/// Width of the line that the title speaks of [px].
pub(super) const KEY_LINE: f64 = 2.4;
/// Opacity of an interval.
pub(super) const BAND: f64 = 0.18;
/// Opacity of a stacked area.
pub(super) const AREA: f64 = 0.32;
/// Opacity of the time a fault or a move takes.
pub(super) const WINDOW: f64 = 0.10;
/// Opacity of the time in which calls were looked at, where that is not all of it.
pub(super) const LOOK: f64 = 0.06;

/// A colour by its value on light ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u32);

pub(super) const BLUE: Colour = Colour(0x0037_649c);
pub(super) const RUST: Colour = Colour(0x0098_3905);
pub(super) const TEAL: Colour = Colour(0x003b_9da4);
pub(super) const BURGUNDY: Colour = Colour(0x005d_0a2d);
pub(super) const OCHRE: Colour = Colour(0x00c1_8717);
pub(super) const INDIGO: Colour = Colour(0x0039_0e89);
const OCHRE_TEXT: Colour = Colour(0x008a_5f0c);
const TEAL_TEXT: Colour = Colour(0x0023_767c);
pub(super) const INK: Colour = Colour(0x001b_1f24);
pub(super) const MUTED: Colour = Colour(0x005b_6470);
pub(super) const BASELINE: Colour = Colour(0x008a_939e);
pub(super) const GRID: Colour = Colour(0x00e3_e6ea);
pub(super) const GROUND: Colour = Colour(0x00ff_ffff);

/// Colours of series, in the order in which they are used; faults and moves keep the last two.
pub(super) const SERIES: [Colour; 6] = [BLUE, RUST, TEAL, OCHRE, INDIGO, BURGUNDY];
/// Colours of a heat map, low to high.
pub(super) const HEAT: [Colour; 7] = [
    Colour(0x00f4_f0e6),
    Colour(0x00f0_dcae),
    Colour(0x00e8_bc6b),
    Colour(0x00d9_9136),
    Colour(0x00b6_5f1e),
    Colour(0x0081_2f18),
    Colour(0x0047_101b),
];

/// Light token and its value on dark ground.
const DARK: [(Colour, &str); 18] = [
    (BLUE, "#83b1e0"),
    (RUST, "#e38b20"),
    (TEAL, "#8bf5f8"),
    (BURGUNDY, "#c14f6b"),
    (OCHRE, "#f8d86a"),
    (INDIGO, "#816cd2"),
    (INK, "#e8eaed"),
    (MUTED, "#a3adb8"),
    (BASELINE, "#6b7683"),
    (GRID, "#262d36"),
    (GROUND, "#0f1419"),
    (HEAT[0], "#1c2126"),
    (HEAT[1], "#3a2420"),
    (HEAT[2], "#66301b"),
    (HEAT[3], "#9a4a1c"),
    (HEAT[4], "#cf7a2c"),
    (HEAT[5], "#eeb15a"),
    (HEAT[6], "#ffe9b0"),
];

/// Light token of text and its value on dark ground, where it differs from the one of lines.
const DARK_TEXT: [(Colour, &str); 4] =
    [(OCHRE_TEXT, "#f8d86a"), (TEAL_TEXT, "#8bf5f8"), (BURGUNDY, "#d96f88"), (INDIGO, "#9d8ae6")];

impl Colour {
    /// The value as SVG and CSS write it.
    pub(super) fn css(self) -> String {
        format!("#{:06x}", self.0)
    }

    /// The variant that is dark enough for text.
    pub(super) fn text(self) -> Self {
        match self {
            OCHRE => OCHRE_TEXT,
            TEAL => TEAL_TEXT,
            other => other,
        }
    }

    /// The colour for plotters, with an opacity from 0 to 1.
    pub(super) fn tint(self, opacity: f64) -> RGBAColor {
        let [_, red, green, blue] = self.0.to_be_bytes();
        RGBAColor(red, green, blue, opacity)
    }

    /// A line of this colour; width in [px].
    pub(super) fn stroke(self, width: f64) -> ShapeStyle {
        ShapeStyle { color: self.tint(1.0), filled: false, stroke_width: (width * 10.0) as u32 }
    }

    /// A filled shape of this colour, with an opacity from 0 to 1.
    pub(super) fn fill(self, opacity: f64) -> ShapeStyle {
        ShapeStyle { color: self.tint(opacity), filled: true, stroke_width: 0 }
    }
}

/// The rules that map every token to dark ground, for a page that holds the pictures inside its own text.
pub fn dark_css() -> String {
    let mut css = String::from("@media (prefers-color-scheme:dark){");
    for (light, dark) in DARK {
        let light = light.css();
        let _ = write!(css, "svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}");
    }
    for (light, dark) in DARK_TEXT {
        let _ = write!(css, "svg text[fill=\"{}\"]{{fill:{dark}}}", light.css());
    }
    css.push('}');
    css
}

/// Where a text stands against its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The text begins at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// Size, weight, colour and anchor of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    /// Size [px].
    pub(super) size: f64,
    /// Bold or regular.
    pub(super) bold: bool,
    /// Colour on light ground.
    pub(super) colour: Colour,
    /// Against the point.
    pub(super) anchor: Anchor,
}

const fn face(size: f64, bold: bool, colour: Colour) -> Face {
    Face { size, bold, colour, anchor: Anchor::Start }
}

/// The finding.
pub(super) const TITLE: Face = face(17.0, true, INK);
/// Quantity, unit, meaning of bands.
pub(super) const SUBTITLE: Face = face(12.5, false, MUTED);
/// Values of an axis.
pub(super) const TICK: Face = face(11.5, false, MUTED);
/// Names beside lines and inside areas.
pub(super) const LABEL: Face = face(12.0, false, INK);
/// Names of faults, moves and stamps above the plot.
pub(super) const MARK: Face = face(11.5, true, INK);
/// Numbers that stand for such names.
pub(super) const NUMBER: Face = face(10.5, true, INK);
/// How the figures came to be.
pub(super) const FOOTNOTE: Face = face(10.5, false, MUTED);

impl Face {
    /// The same face in the text variant of a colour.
    pub(super) fn in_colour(mut self, colour: Colour) -> Self {
        self.colour = colour.text();
        self
    }

    /// The same face, bold.
    pub(super) fn in_bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// The same face with another anchor.
    pub(super) fn at(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_rules_name_every_token_of_series_and_heat() {
        let css = dark_css();
        for colour in SERIES.iter().chain(&HEAT).chain(&[OCHRE_TEXT, TEAL_TEXT]) {
            assert!(css.contains(&format!("[fill=\"{}\"]", colour.css())), "{} has no dark value", colour.css());
        }
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }

    /// WCAG 2.1 relative luminance, with 1/2.4 powers replaced by libm.
    fn luminance(colour: Colour) -> f64 {
        let [_, r, g, b] = colour.0.to_be_bytes();
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    #[test]
    fn text_has_contrast_of_4_5_and_lines_of_3_on_white() {
        let contrast = |c: Colour| 1.05 / (luminance(c) + 0.05);
        for colour in SERIES {
            assert!(contrast(colour) >= 3.0, "{}", colour.css());
            assert!(contrast(colour.text()) >= 4.5, "{}", colour.css());
        }
        assert!(contrast(MUTED) >= 4.5);
    }
}
