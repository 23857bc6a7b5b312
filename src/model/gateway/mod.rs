//! The gateway in front of all stamps: calls, the cache from device to hub, and what a miss does.

pub mod cache;
pub mod call;
pub mod eviction;
pub mod fallback;
pub mod learnt;
