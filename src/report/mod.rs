//! What people and their CI read: pictures and pages made from a study, verdicts made from a gate.
//!
//! Nothing here simulates or decides; it may use every room before it, and only makes text and pictures.

pub mod annotations;
pub mod chart;
pub mod gate;
pub mod index;
pub mod junit;
pub mod numbers;
pub mod summary;

pub use annotations::annotations;
pub use chart::{Picture, pictures};
pub use gate::Gate;
pub use junit::junit;
pub use summary::summary;
