//! One test program; each module below says what it shows.

mod acceptance;
mod cli;
mod determinism;
mod docs;
mod invariants;
mod layers;
mod support;
mod verify;
