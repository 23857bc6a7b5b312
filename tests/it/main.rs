//! One test program; each module below says what it shows.

mod acceptance;
mod boot;
mod ci;
mod cli;
mod determinism;
mod docs;
mod dps;
mod estimate;
mod exit_codes;
mod fidelity;
mod golden;
mod invariants;
mod layers;
mod lifecycle;
mod moves;
mod outages;
mod output_analysis;
mod path;
mod remedies;
mod rerun;
mod scaling;
mod statistics;
mod support;
mod twins;
mod verify;
mod windows;
