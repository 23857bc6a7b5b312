//! One test program; each module below says what it shows.

mod docs;
mod layers;
mod published;
mod queueing;
mod support;
