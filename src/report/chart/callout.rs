//! Names beside what is too small to hold them, tied to it by a thin line: places are tried from near to far until
//! one meets no other text, no other line and no edge.

use super::frame::Frame;
use super::theme::LABEL_PITCH;

type Spot = (f64, f64);

/// The place of a text [px]; `y` is its middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) y: f64,
}

impl Place {
    /// A text of a width, centred.
    pub(super) fn around(x: f64, y: f64, width: f64) -> Self {
        Self { left: x - width / 2.0, right: x + width / 2.0, y }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right + 6.0 && other.left < self.right + 6.0 && (self.y - other.y).abs() < LABEL_PITCH
    }

    fn is_inside(&self, frame: &Frame) -> bool {
        let (left, right) = (frame.left + 4.0, frame.right - 4.0);
        self.left > left && self.right < right && self.y - 10.0 > frame.top && self.y + 10.0 < frame.bottom
    }

    fn is_crossed(&self, (from, to): &(Spot, Spot)) -> bool {
        (0..=24).map(|i| f64::from(i) / 24.0).any(|s| {
            let (x, y) = (from.0 + (to.0 - from.0) * s, from.1 + (to.1 - from.1) * s);
            x > self.left - 3.0 && x < self.right + 3.0 && (y - self.y).abs() < 8.0
        })
    }

    /// Where a line from a point meets the text.
    pub(super) fn tie(&self, from: Spot) -> Spot {
        let side = if self.y < from.1 { self.y + 8.0 } else { self.y - 8.0 };
        (from.0.clamp(self.left + 6.0, self.right - 6.0), side)
    }
}

/// What is already written into a plot.
#[derive(Debug, Default)]
pub(super) struct Taken {
    texts: Vec<Place>,
    ties: Vec<(Spot, Spot)>,
}

impl Taken {
    /// Keeps the place of a text.
    pub(super) fn text(&mut self, place: Place) {
        self.texts.push(place);
    }

    /// The nearest free place for a text of this width that names a point; it and its tie are kept.
    pub(super) fn find(
        &mut self,
        frame: &Frame,
        point: Spot,
        width: f64,
        on_edge: impl Fn(&Place) -> bool,
    ) -> Option<Place> {
        let steps = ((frame.bottom - frame.top) / 3.0) as usize;
        let around = |step: usize| {
            let away = 3.0 * step as f64;
            let heights = [point.1 - away, point.1 + away];
            heights.into_iter().flat_map(move |y| {
                [0.0, 0.55, -0.55, 1.0, -1.0]
                    .into_iter()
                    .map(move |shift| Place::around(point.0 + (width + 8.0) * shift, y, width))
            })
        };
        let free = |place: &Place| {
            let tie = (point, place.tie(point));
            place.is_inside(frame)
                && !self.texts.iter().any(|text| place.meets(text) || text.is_crossed(&tie))
                && !self.ties.iter().any(|other| place.is_crossed(other))
                && !on_edge(place)
        };
        let found = (5..steps).flat_map(around).find(free)?;
        self.texts.push(found);
        self.ties.push((point, found.tie(point)));
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scale::{Quantity, Scale};
    use super::*;

    #[test]
    fn places_avoid_texts_ties_and_edges() {
        let scale = Scale::linear(Quantity::Count, 1.0, 1.0);
        let frame = Frame { left: 0.0, right: 400.0, top: 0.0, bottom: 300.0, horizon: 1.0, scale };
        let mut taken = Taken::default();
        let first = taken.find(&frame, (200.0, 150.0), 80.0, |_| false).expect("an empty plot has room");
        let second = taken.find(&frame, (200.0, 150.0), 80.0, |_| false).expect("room beside the first");
        assert!(!first.meets(&second) && !second.is_crossed(&((200.0, 150.0), first.tie((200.0, 150.0)))));
        let mut taken = Taken::default();
        let third = taken.find(&frame, (330.0, 150.0), 80.0, |place| place.y > 60.0).expect("room above");
        assert!(third.y <= 60.0);
        assert_eq!(taken.find(&frame, (200.0, 150.0), 80.0, |_| true), None);
    }
}
