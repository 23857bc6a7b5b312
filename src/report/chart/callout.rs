//! Names beside what is too small to hold them, tied to it by a thin line: places are tried from near to far until
//! one meets no other text, no other line and no edge.

use super::frame::Frame;
use super::theme::LABEL_PITCH;

type Spot = (f64, f64);

/// Least distance of two ties [px]; closer ones could be taken for one that branches.
const APART: f64 = 4.0;

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

/// Where a text is looked for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Left of its point: for a layer that swells there, since what follows it lies to the right.
    Left,
    /// Right of its point.
    Right,
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
        side: Side,
        on_edge: impl Fn(&Place) -> bool,
    ) -> Option<Place> {
        let steps = ((frame.bottom - frame.top) / 3.0) as usize;
        let around = |step: usize| {
            let away = 3.0 * step as f64;
            let heights = [point.1 - away, point.1 + away];
            heights.into_iter().flat_map(move |y| {
                [0.0, 0.55, -0.55, 1.0, -1.0, 1.6, -1.6]
                    .into_iter()
                    .map(move |shift| if side == Side::Left { -shift } else { shift })
                    .map(move |shift| Place::around(point.0 + (width + 8.0) * shift, y, width))
            })
        };
        let free = |place: &Place| {
            let tie = (point, place.tie(point));
            place.is_inside(frame)
                && !self.texts.iter().any(|text| place.meets(text) || text.is_crossed(&tie))
                && !self.ties.iter().any(|other| place.is_crossed(other) || entangled(other, &tie))
                && !on_edge(place)
        };
        let found = (5..steps).flat_map(around).find(free)?;
        self.texts.push(found);
        self.ties.push((point, found.tie(point)));
        Some(found)
    }
}

/// Whether two lines cross, or come so close that one seems to branch from the other; they may begin together.
fn entangled(one: &(Spot, Spot), other: &(Spot, Spot)) -> bool {
    // Twice the area of a triangle, whose sign is the side of the line on which the third corner lies.
    let side = |a: Spot, b: Spot, c: Spot| (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
    let parts = |line: &(Spot, Spot), of: &(Spot, Spot)| side(line.0, line.1, of.0) * side(line.0, line.1, of.1) < 0.0;
    let together = to_line(one.0, &(other.0, other.0)) < APART;
    let ends = [(one.0, other), (one.1, other), (other.0, one), (other.1, one)];
    (parts(one, other) && parts(other, one))
        || !together && ends.iter().any(|(spot, line)| to_line(*spot, line) < APART)
}

/// Distance of a spot to the nearest spot of a line [px].
fn to_line(spot: Spot, (from, to): &(Spot, Spot)) -> f64 {
    let along = (to.0 - from.0, to.1 - from.1);
    let length = along.0 * along.0 + along.1 * along.1;
    let share = ((spot.0 - from.0) * along.0 + (spot.1 - from.1) * along.1) / length;
    let share = if length > 0.0 { share.clamp(0.0, 1.0) } else { 0.0 };
    let away = (spot.0 - from.0 - along.0 * share, spot.1 - from.1 - along.1 * share);
    (away.0 * away.0 + away.1 * away.1).sqrt()
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
        let first = taken.find(&frame, (200.0, 150.0), 80.0, Side::Right, |_| false).expect("an empty plot has room");
        let second = taken.find(&frame, (200.0, 150.0), 80.0, Side::Right, |_| false).expect("room beside the first");
        assert!(!first.meets(&second) && !second.is_crossed(&((200.0, 150.0), first.tie((200.0, 150.0)))));
        let mut taken = Taken::default();
        let third = taken.find(&frame, (330.0, 150.0), 80.0, Side::Right, |place| place.y > 60.0).expect("room above");
        assert!(third.y <= 60.0);
        assert_eq!(taken.find(&frame, (200.0, 150.0), 80.0, Side::Right, |_| true), None);
    }

    #[test]
    fn lines_must_neither_cross_nor_touch_but_may_begin_together() {
        let line = ((0.0, 0.0), (10.0, 0.0));
        assert!(entangled(&line, &((5.0, -50.0), (5.0, 50.0))));
        assert!(entangled(&line, &((5.0, 3.0), (5.0, 8.0))));
        assert!(!entangled(&line, &((13.0, 4.0), (20.0, 4.0))));
        assert!(!entangled(&line, &((0.0, 1.0), (10.0, 9.0))));
        assert!((to_line((13.0, 4.0), &line) - 5.0).abs() < 1e-12);
        assert!((to_line((20.0, 0.0), &((10.0, 0.0), (10.0, 0.0))) - 10.0).abs() < 1e-12);
    }
}
