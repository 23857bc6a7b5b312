//! One test program; each module below says what it shows.

mod acceptance;
mod ci;
mod cli;
mod determinism;
mod docs;
mod exit_codes;
mod invariants;
mod layers;
mod output_analysis;
mod published;
mod queueing;
mod support;
