//! placeholder
pub mod arrivals;
pub mod draws;
pub mod law;
pub mod real;
