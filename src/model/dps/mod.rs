//! The Device Provisioning Service: registrations, look-ups, allocation and re-provisioning.

pub mod allocation;
pub mod enrollment;
pub mod reprovisioning;
pub mod service;
