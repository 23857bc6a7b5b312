//! Pictures of a study: a finding as title, the figures as text alternative, SVG and PNG with the same bytes
//! on every machine.
//!
//! To add a chart: one file with a type that implements [`Chart`], one line in [`CHARTS`].

mod callout;
mod cost_per_device;
mod device_states;
mod dps_instances;
mod dps_load;
mod ends;
mod frame;
mod latency;
mod marks;
mod miss_ratio;
mod outcomes;
mod raster;
mod samples;
mod scale;
mod sheet;
mod stack;
mod stamp_utilisation;
mod svg_backend;
mod text;
mod theme;
mod time_axis;
mod users_by_stamp;

use super::numbers;
use crate::analysis::Study;

pub use raster::RasterError;
pub use theme::dark_css;

/// Something that can be drawn of a study.
pub trait Chart: Sync {
    /// The picture, or nothing when the study has no data for it.
    fn draw(&self, study: &Study) -> Option<Picture>;
}

/// Every chart, in the order of a report.
pub static CHARTS: [&dyn Chart; 9] = [
    &latency::Latency,
    &outcomes::Outcomes,
    &device_states::DeviceStates,
    &miss_ratio::MissRatio,
    &dps_load::DpsLoad,
    &dps_instances::DpsInstances,
    &stamp_utilisation::StampUtilisation,
    &users_by_stamp::UsersByStamp,
    &cost_per_device::CostPerDevice,
];

/// A drawn chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Name of the chart and of its file.
    pub name: &'static str,
    /// The finding.
    pub title: String,
    /// The text alternative: sentences with the figures.
    pub description: String,
    /// A whole SVG document of 840 by 440 pixels.
    pub svg: String,
}

impl Picture {
    /// The picture as PNG of 1680 by 880 pixels.
    pub fn png(&self) -> Result<Vec<u8>, RasterError> {
        raster::png(&self.svg)
    }
}

/// All pictures that a study has data for.
pub fn pictures(study: &Study) -> Vec<Picture> {
    CHARTS.iter().filter_map(|chart| chart.draw(study)).collect()
}

#[cfg(test)]
mod tests;
