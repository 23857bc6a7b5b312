//! One test program; each module below says what it shows.

mod acceptance;
mod cli;
mod determinism;
mod docs;
mod golden;
mod invariants;
mod layers;
mod output_analysis;
mod path;
mod rerun;
mod statistics;
mod support;
mod verify;
