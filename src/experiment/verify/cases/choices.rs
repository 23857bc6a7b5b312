//! Allocation to the emptier of stamps that are drawn by chance.

use super::super::case::Case;
use super::super::row::Margin::Relative;
use super::super::table::Table;

const ALLOCATION: &str = "model: allocation";

/// The fullest of ten stamps for 10,000 devices; planned for 1,000 each, so that the ratio is that of the devices.
pub(super) fn cases(table: &Table) -> Vec<Case> {
    let case = |choices: u32, replications: u32, margin| {
        let parameters = format!(r#"{{"choices": {choices}, "devices": 10000, "stamps": 10}}"#);
        let fullest = table.find("d-choice allocation maximum", &parameters, "expected_max");
        Case::new(ALLOCATION, format!("the emptiest of {choices}"), include_str!("choices.toml"))
            .set(format!("run.replications={replications}"))
            .set(format!("dps.allocation.least_loaded.choices={choices}"))
            .expect_scaled("imbalance_ratio", fullest, 1e-3, Relative(margin))
    };
    vec![case(1, 100, 0.01), case(2, 30, 0.001)]
}
