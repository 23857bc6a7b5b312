//! placeholder
pub mod draws;
pub mod real;
