//! The Device Provisioning Service: registrations, look-ups, allocation and re-provisioning.

pub mod allocation;
pub mod enrollment;
pub mod front;
pub mod reprovisioning;
pub mod service;
pub mod topology;
