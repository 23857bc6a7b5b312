//! What people read: pictures and pages made from a study.
//!
//! Nothing here simulates or decides; it may use every room before it, and only writes text and pictures.

pub mod chart;
