//! Names and values at the ends of lines, pushed apart where lines end close together.

use super::frame::Frame;
use super::svg_backend::Svg;
use super::text;
use super::theme::{Colour, LABEL, LABEL_PITCH, WIDTH};

/// What stands at the end of a line.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// Height of the line's end [px].
    pub(super) y: f64,
    /// Name, bold.
    pub(super) name: String,
    /// Value after it.
    pub(super) value: String,
    /// Colour of the line.
    pub(super) colour: Colour,
}

/// Between the plot and the text [px].
const GAP: f64 = 11.0;
/// Between the text and the border [px].
const BORDER: f64 = 8.0;
/// Least and largest space right of a plot [px].
const SPACE: (f64, f64) = (92.0, 172.0);

/// Right end of a plot that leaves room for these names and values [px].
pub(super) fn right_beside<'a>(labels: impl IntoIterator<Item = (&'a str, String)>) -> f64 {
    let width =
        |(name, value): (&str, String)| text::width(name, LABEL.in_bold()) + text::width(&format!(" {value}"), LABEL);
    let widest = labels.into_iter().map(width).fold(0.0, f64::max);
    (WIDTH - (GAP + widest + BORDER).clamp(SPACE.0, SPACE.1)).round()
}

/// Writes the ends of a plot; where a text was pushed away from its line, a thin leader shows the way.
pub(super) fn draw(svg: &Svg, frame: &Frame, mut ends: Vec<End>) {
    ends.sort_by(|a, b| a.y.total_cmp(&b.y));
    let wanted: Vec<f64> = ends.iter().map(|end| end.y).collect();
    for (end, y) in ends.iter().zip(apart(&wanted, frame.top, frame.bottom)) {
        if (y - end.y).abs() > 3.0 {
            svg.rule((frame.right + 2.0, end.y), (frame.right + GAP - 2.0, y), end.colour, 0.8);
        }
        let face = LABEL.in_colour(end.colour);
        let value_room = text::width(&format!(" {}", end.value), face);
        let whole = WIDTH - frame.right - GAP - BORDER + 1.0;
        // A name cut to nothing says less than one without its value.
        let (room, value) = if whole - value_room < text::width(&end.name, face.in_bold()).min(40.0) {
            (whole, "")
        } else {
            (whole - value_room, end.value.as_str())
        };
        let name = text::cut_middle(&end.name, face.in_bold(), room);
        svg.end(frame.right + GAP, y + 4.2, &name, value, face);
    }
}

/// Rising heights moved as little as possible so that each is a pitch below the one before, and all lie within
/// the bounds. Least squares under an order is solved by pooling neighbours that violate it (Ayer et al. 1955).
fn apart(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (i, y) in wanted.iter().enumerate() {
        let mut pool = (y - LABEL_PITCH * i as f64, 1);
        while let Some(last) = pools.pop_if(|last| last.0 > pool.0) {
            let count = last.1 + pool.1;
            pool = ((last.0 * last.1 as f64 + pool.0 * pool.1 as f64) / count as f64, count);
        }
        pools.push(pool);
    }
    let room = (bottom - top - LABEL_PITCH * wanted.len().saturating_sub(1) as f64).max(0.0);
    let offsets = pools.iter().flat_map(|(offset, count)| std::iter::repeat_n(offset, *count));
    // Whole tenths, so that writing them cannot bring two closer.
    let placed = offsets.map(|offset| (offset.clamp(top, top + room) * 10.0).round() / 10.0);
    placed.enumerate().map(|(i, offset)| offset + LABEL_PITCH * i as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_as_little_as_possible() {
        assert_eq!(apart(&[100.0, 200.0], 0.0, 300.0), [100.0, 200.0]);
        assert_eq!(apart(&[100.0, 100.0], 0.0, 300.0), [91.5, 108.5]);
        assert_eq!(apart(&[299.0, 300.0, 300.0], 0.0, 300.0), [266.0, 283.0, 300.0]);
        assert!(apart(&[], 0.0, 300.0).is_empty());
    }
}
