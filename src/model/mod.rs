//! The system under study: devices, provisioning, stamps, gateway, faults and moves.
//!
//! Inside this room the order is `column, sparse, ids, names, view → limit, backoff, condition, region → the nouns → config → world → event`:
//! nouns never import each other, and the conversations between them are written in `event`. A model is built
//! from plain values, with no file.

pub mod column;
pub mod ids;
pub mod names;
pub mod sparse;
pub mod view;

pub mod backoff;
pub mod condition;
pub mod limit;
pub mod region;

pub mod dps;
pub mod fault;
pub mod gateway;
pub mod lifecycle;
pub mod movement;
pub mod population;
pub mod routing;
pub mod stamp;

pub mod observation;

pub mod config;
pub mod figures;
pub mod event;
pub mod world;
