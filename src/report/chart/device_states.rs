//! How many devices are in which state of their connection, over time.

use crate::analysis::Study;

use super::ends::{self, right_beside};
use super::marks::cause;
use super::numbers::{count, percent};
use super::samples::{known, labelled};
use super::scale::{Quantity, Scale};
use super::sheet::{Above, Sheet, Words};
use super::stack::{self, Layer, Stack};
use super::theme::{BASELINE, BLUE, BURGUNDY, Colour, INDIGO, OCHRE, RUST, TEAL};
use super::{Chart, Picture};

/// The chart `device_states`.
pub(super) struct DeviceStates;

const MEASURE: &str = "devices_in_state";
/// States from the baseline up, each with its colour: troubles stand on the floor, where their shape is read best,
/// and the connected devices lie on top. Unknown states come below them with the colours left over.
const STATES: [(&str, Colour); 6] = [
    ("rejected", BURGUNDY),
    ("backing_off", RUST),
    ("registering", OCHRE),
    ("connecting", TEAL),
    ("off", INDIGO),
    ("connected", BLUE),
];
/// Most layers; the smallest others become one.
const LAYERS: usize = 6;
/// Share of the fleet by which it must change for a title that says so.
const CHANGE: f64 = 0.02;
/// Share of the fleet that a state must exceed once; a thinner layer would be its name and nothing to see.
const LEAST: f64 = 0.005;

impl Chart for DeviceStates {
    fn draw(&self, study: &Study) -> Option<Picture> {
        let all = layers(study);
        let fleet = Stack::new(&all, &[]).max();
        let shown = stack::without_small(&all, fleet * LEAST);
        let layers = merged(shown);
        let stack = Stack::new(&layers, layers.last()?.points.as_slice());
        let sheet = Sheet::new(study, Scale::linear(Quantity::Count, fleet, 5.0), Above::Windows, right_beside([]));
        let names = stack.draw(&sheet.svg, &sheet.frame, |layer| format!("max {}", count(layer.max())));
        sheet.windows.name(&sheet.svg, &sheet.frame);
        sheet.window_key();
        ends::draw(&sheet.svg, &sheet.frame, names);
        let words = words(study, &sheet, &all, fleet);
        Some(sheet.picture("device_states", words))
    }
}

fn layers(study: &Study) -> Vec<Layer> {
    let known_rank = |state: &str| STATES.iter().position(|(name, _)| *name == state);
    let mut layers: Vec<(usize, Layer)> = labelled(study, MEASURE, "state")
        .into_iter()
        .map(|(state, windows)| {
            let place = known_rank(state);
            let colour = place.map_or(BASELINE, |place| STATES[place].1);
            // Twice the place leaves a gap for unknown states right below the last.
            let rank = place.map_or(STATES.len() * 2 - 3, |place| place * 2);
            (rank, Layer::new(study, state.replace('_', " "), colour, windows))
        })
        .filter(|(_, layer)| known(&layer.points).next().is_some())
        .collect();
    // A state without a single device says nothing, unless it is all there is.
    if layers.iter().any(|(_, layer)| layer.max() > 0.0) {
        layers.retain(|(_, layer)| layer.max() > 0.0);
    }
    layers.sort_by_key(|(rank, _)| *rank);
    layers.into_iter().map(|(_, layer)| layer).collect()
}

/// Unknown states take colours that are free; beyond the colours the smallest layers are one, called "other".
fn merged(mut layers: Vec<Layer>) -> Vec<Layer> {
    let mut rest: Vec<Layer> = Vec::new();
    while layers.len() + usize::from(!rest.is_empty()) > LAYERS {
        let smallest = (0..layers.len()).min_by(|a, b| layers[*a].max().total_cmp(&layers[*b].max()));
        rest.extend(smallest.map(|i| layers.remove(i)));
    }
    let used: Vec<Colour> = layers.iter().map(|layer| layer.colour).collect();
    let mut free = STATES.iter().map(|(_, colour)| *colour).filter(|colour| !used.contains(colour));
    for layer in layers.iter_mut().filter(|layer| layer.colour == BASELINE) {
        layer.colour = free.next().unwrap_or(BASELINE);
    }
    let other = stack::sum(&rest).map(|all| Layer { name: "other".to_owned(), colour: BASELINE, ..all });
    layers.splice(0..0, other);
    layers
}

fn words(study: &Study, sheet: &Sheet, layers: &[Layer], fleet: f64) -> Words {
    let title = finding(study, sheet, layers, fleet);
    let parts: Vec<String> =
        layers.iter().map(|layer| format!("{} up to {}", layer.name, count(layer.max()))).collect();
    let hidden = layers.iter().any(|layer| layer.max() <= fleet * LEAST);
    let rest = if hidden { format!("; states below {} left out", percent(LEAST)) } else { String::new() };
    Words {
        subtitle: format!("Devices by state of their connection, stacked; max: most in any window{rest}"),
        description: format!("{title}. {}.", parts.join(", ")),
        title,
    }
}

/// Most devices without a connection in any window, those switched off not counted as lost.
fn finding(study: &Study, sheet: &Sheet, layers: &[Layer], fleet: f64) -> String {
    let waiting: Vec<&Layer> = layers.iter().filter(|layer| layer.name != "connected" && layer.name != "off").collect();
    let windows = waiting.iter().map(|layer| layer.points.len()).max().unwrap_or(0);
    let away = |i: usize| -> f64 {
        waiting.iter().filter_map(|layer| layer.points.get(i).copied().flatten()).map(|point| point.mean).sum()
    };
    let peak =
        (0..windows).map(|i| (i, away(i))).fold((0, 0.0), |best, here| if here.1 > best.1 { here } else { best });
    let share = if fleet > 0.0 { peak.1 / fleet } else { 0.0 };
    let Some(point) =
        waiting.iter().find_map(|layer| layer.points.get(peak.0).copied().flatten()).filter(|_| share > LEAST)
    else {
        return still_connected(layers.iter().find(|layer| layer.name == "connected"));
    };
    let when = cause(study, point.from, point.until).unwrap_or_else(|| sheet.time.moment(point.from));
    format!("{} of {} devices ({}) had no connection {when}", count(peak.1), count(fleet), percent(share))
}

/// What is said of a run in which hardly anybody loses a connection: how many have one, or how their number changes.
fn still_connected(connected: Option<&Layer>) -> String {
    let values: Vec<f64> =
        connected.map_or_else(Vec::new, |layer| known(&layer.points).map(|point| point.mean).collect());
    let most = values.iter().copied().fold(0.0, f64::max);
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return "No device is connected".to_owned() };
    let change = (last - first) / most.max(1.0);
    match change {
        _ if most <= 0.0 => "No device is connected".to_owned(),
        more if more > CHANGE => format!("The connected devices grow from {} to {}", count(*first), count(*last)),
        less if less < -CHANGE => format!("The connected devices fall from {} to {}", count(*first), count(*last)),
        _ => format!("{} devices stay connected", count(most)),
    }
}
