//! One test program; each module below says what it shows.

mod published;
mod queueing;
mod support;
