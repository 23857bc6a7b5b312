//! Which files of its charts a run writes: a picture of each, or less where nobody will look.

use clap::ValueEnum;

use crate::report::Picture;

/// Files of charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Charts {
    /// SVG and PNG
    All,
    /// SVG alone, which is drawn much faster
    Svg,
    /// No charts; the figures, series and histograms are written all the same
    None,
}

impl Charts {
    /// Names and contents of the files; what cannot be drawn becomes a note.
    pub(super) fn files(self, pictures: &[Picture], notes: &mut Vec<String>) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for picture in pictures {
            if self == Self::All {
                match picture.png() {
                    Ok(png) => files.push((format!("{}.png", picture.name), png)),
                    Err(error) => notes.push(format!("no PNG of {}: {error}", picture.name)),
                }
            }
            if self != Self::None {
                files.push((format!("{}.svg", picture.name), picture.svg.clone().into_bytes()));
            }
        }
        files
    }
}
