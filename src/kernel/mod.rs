//! Discrete-event machinery: clock, future event list, random draws. It knows no device, hub or cache.

pub mod arrivals;
pub mod draws;
pub mod event_list;
pub mod executive;
pub mod lattice;
pub mod law;
pub mod prefetch;
pub mod real;
pub mod superposition;
pub mod trace;
