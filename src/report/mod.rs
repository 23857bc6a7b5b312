//! What people read: pictures and pages made from a study.
//!
//! Nothing here simulates or decides; it may use every room before it, and only makes text and pictures.

pub mod chart;
pub mod markdown;
mod numbers;

pub use chart::{Picture, pictures};
pub use markdown::summary_markdown;
