//! What every picture shares: head, foot, and the order in which things are laid on each other.

use crate::analysis::Study;

use super::Picture;
use super::frame::{Frame, left_of};
use super::marks::{STAMPS, Windows};
use super::scale::Scale;
use super::svg_backend::Svg;
use super::text;
use super::theme::{FOOTNOTE, HEIGHT, MARGIN, SUBTITLE, TITLE, WIDTH};
use super::time_axis::TimeAxis;

/// Top of a plot with nothing above it [px].
const TOP: f64 = 76.0;
/// Bottom of a plot with one line of footnote [px].
const BOTTOM: f64 = HEIGHT - 54.0;
/// Space of a second line of footnote [px].
const NOTE: f64 = 15.0;
/// Most values on a time axis.
const TIMES: usize = 10;

/// What stands above a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// Names of faults and moves.
    Windows,
    /// Triangles of added stamps.
    Stamps,
}

/// The words of a picture.
pub(super) struct Words {
    /// The finding.
    pub(super) title: String,
    /// Quantity, unit, scale, meaning of bands.
    pub(super) subtitle: String,
    /// The text alternative: sentences with the figures.
    pub(super) description: String,
}

/// A picture in the making.
pub(super) struct Sheet<'a> {
    pub(super) study: &'a Study,
    pub(super) svg: Svg,
    pub(super) time: TimeAxis,
    pub(super) frame: Frame,
    pub(super) windows: Windows,
}

impl<'a> Sheet<'a> {
    /// An empty plot up to `right` [px] with its axes, and the shades of faults and moves.
    pub(super) fn new(study: &'a Study, scale: Scale, above: Above, right: f64) -> Self {
        let sheet = Self::bare(study, scale, above, right);
        sheet.panel(&sheet.frame, true);
        if above == Above::Windows {
            sheet.windows.shade(&sheet.svg, &sheet.frame);
        }
        sheet
    }

    /// The same without axes, for pictures with panels of their own.
    pub(super) fn bare(study: &'a Study, scale: Scale, above: Above, right: f64) -> Self {
        let (time, left) = (TimeAxis::of(study), left_of(&scale));
        let windows = Windows::of(study, &time, left, right);
        let head = if above == Above::Windows { windows.height() } else { STAMPS };
        let note = if above == Above::Windows && windows.key().is_some() { NOTE } else { 0.0 };
        let frame = Frame { left, right, top: TOP + head, bottom: BOTTOM - note, horizon: time.horizon, scale };
        Self { study, svg: Svg::new(), time, frame, windows }
    }

    /// Axes of a panel; the lowest one says the times.
    pub(super) fn panel(&self, frame: &Frame, lowest: bool) {
        frame.values(&self.svg);
        frame.times(&self.svg, &self.time.ticks(TIMES), lowest);
    }

    /// Head, foot, and the whole as a picture.
    pub(super) fn picture(self, name: &'static str, words: Words) -> Picture {
        let room = WIDTH - 2.0 * MARGIN;
        self.svg.text(MARGIN, 31.0, &text::cut_end(&words.title, TITLE, room), TITLE);
        self.svg.text(MARGIN, 51.0, &text::cut_end(&words.subtitle, SUBTITLE, room), SUBTITLE);
        self.svg.text(MARGIN, HEIGHT - 11.0, &text::cut_end(&self.origin(), FOOTNOTE, room), FOOTNOTE);
        let svg = self.svg.document(name, &words.title, &words.description);
        Picture { name, title: words.title, description: words.description, svg }
    }

    /// The key of numbered windows, above the last line.
    pub(super) fn window_key(&self) {
        if let Some(key) = self.windows.key() {
            let key = text::cut_end(&key, FOOTNOTE, WIDTH - 2.0 * MARGIN);
            self.svg.text(MARGIN, HEIGHT - 11.0 - NOTE, &key, FOOTNOTE);
        }
    }

    fn origin(&self) -> String {
        let of = match self.study.replications {
            1 => "One replication".to_owned(),
            n => format!("Means over {n} replications"),
        };
        format!("{of}, windows of {}. {}. Scenario {}.", self.study.window, self.time.origin(), self.study.scenario)
    }
}

/// A finding with what explains it, or alone where both are too wide for a title.
pub(super) fn title_with(finding: String, why: &str) -> String {
    let whole = format!("{finding}{why}");
    if text::width(&whole, TITLE) <= WIDTH - 2.0 * MARGIN { whole } else { finding }
}

/// The words on intervals for a subtitle; with one replication there is none.
pub(super) fn intervals(study: &Study, what: &str) -> String {
    if study.replications > 1 { format!("; {what}: 95 % interval") } else { String::new() }
}
