//! `direct`: the ID scope was put into each device when it was made. It suits one instance, or devices that were spread over
//! several once and for all; when an instance is down its devices wait.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Topology;

/// Parameters of `direct`: none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Direct {}

impl Topology for Direct {}
