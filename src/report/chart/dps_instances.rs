//! Registrations at each DPS instance over time, against its limit: a line for each instance, those that were busiest.

use crate::analysis::{Estimate, Study};

use super::dps_load::{FAR_BELOW, ZOOMED};
use super::ends::{self, End, right_beside};
use super::numbers::percent;
use super::samples::{self, Point, known, natural, runs};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words};
use super::text::short;
use super::theme::{LINE, MUTED, SERIES};
use super::{Chart, Picture};

/// The chart `dps_instances`.
pub(super) struct DpsInstances;

const MEASURE: &str = "dps_utilisation_ratio";
/// Most instances that are drawn.
const LINES: usize = 6;

struct Instance {
    name: String,
    points: Vec<Option<Point>>,
}

impl Instance {
    fn most(&self) -> f64 {
        known(&self.points).map(|point| point.mean).fold(0.0, f64::max)
    }

    fn last(&self) -> f64 {
        known(&self.points).next_back().map_or(0.0, |point| point.mean)
    }
}

impl Chart for DpsInstances {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let mut instances: Vec<Instance> = series(study)
            .map(|(name, windows)| Instance { name: name.to_owned(), points: samples::points(study, windows, 1.0) })
            .filter(|instance| known(&instance.points).next().is_some())
            .collect();
        let all = instances.len();
        instances.sort_by(|a, b| b.most().total_cmp(&a.most()).then_with(|| natural(&a.name).cmp(&natural(&b.name))));
        instances.truncate(LINES);
        instances.sort_by_key(|instance| natural(&instance.name));
        let used = instances.iter().any(|instance| instance.most() > 0.0);
        used.then(|| lines(study, &instances, all))
    }
}

/// The use of the registration limit by instance.
fn series(study: &Study) -> impl Iterator<Item = (&str, &[Estimate])> {
    let of = |key: &crate::metrics::MeasureKey| key.name == MEASURE && key.labels.get("limit") == Some("registrations");
    let found = study.series.iter().filter(move |(key, _)| of(key));
    found.filter_map(|(key, windows)| Some((key.labels.get("dps")?, windows.as_slice())))
}

fn lines(study: &Study, instances: &[Instance], all: usize) -> Picture {
    let right = right_beside(instances.iter().map(|instance| (instance.name.as_str(), percent(instance.last()))));
    let most = instances.iter().map(Instance::most).fold(0.0, f64::max);
    let far_below = most < FAR_BELOW;
    let top = if far_below { most } else { most.max(1.0) };
    let sheet = Sheet::new(study, Scale::linear(Quantity::Share, top, 5.0), Above::Windows, right);
    let mut ends = Vec::new();
    if !far_below {
        sheet.frame.limit(&sheet.svg, 1.0, MUTED);
        ends.push(End { y: sheet.frame.y(1.0), name: String::new(), value: "limit".to_owned(), colour: MUTED });
    }
    for (instance, colour) in instances.iter().zip(SERIES) {
        for run in runs(&instance.points) {
            sheet.frame.line(&sheet.svg, &run, colour, LINE);
        }
        let last = instance.last();
        ends.push(End { y: sheet.frame.y(last), name: instance.name.clone(), value: percent(last), colour });
    }
    sheet.windows.name(&sheet.svg, &sheet.frame);
    sheet.window_key();
    ends::draw(&sheet.svg, &sheet.frame, ends);
    let words = words(instances, all, if far_below { ZOOMED } else { "" });
    sheet.picture("dps_instances", words)
}

fn words(instances: &[Instance], all: usize, zoomed: &str) -> Words {
    let at_limit: Vec<&str> = instances.iter().filter(|i| i.most() >= 0.995).map(|i| i.name.as_str()).collect();
    let busiest = instances.iter().max_by(|a, b| a.most().total_cmp(&b.most()));
    let title = match (at_limit.as_slice(), busiest) {
        ([], Some(busiest)) => {
            format!(
                "The busiest DPS instance, {}, peaks at {} of its limit",
                short(&busiest.name),
                percent(busiest.most())
            )
        }
        ([one], _) => format!("Of {all} DPS instances, {} reaches its limit", short(one)),
        (several, _) => format!("{} of {all} DPS instances reach their limit", several.len()),
    };
    let listed: Vec<String> = instances.iter().map(|i| format!("{} up to {}", i.name, percent(i.most()))).collect();
    let shown =
        if instances.len() < all { format!(", the {} busiest of {all}", instances.len()) } else { String::new() };
    Words {
        subtitle: format!("Registrations of each DPS instance against its limit{zoomed}{shown}"),
        description: format!("{title}. {}.", listed.join(", ")),
        title,
    }
}
