//! One test program; each module below says what it shows.

mod acceptance;
mod ci;
mod cli;
mod determinism;
mod docs;
mod estimate;
mod exit_codes;
mod golden;
mod invariants;
mod layers;
mod lifecycle;
mod output_analysis;
mod path;
mod rerun;
mod scaling;
mod statistics;
mod support;
mod verify;
