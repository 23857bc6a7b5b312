//! `wait`: nothing is done. It suits outages that are shorter than any remedy, and is what remedies are compared with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Plan, Remedy};
use crate::model::names::Names;

/// `wait` has no parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {}

impl Remedy for Wait {
    fn plan(&self, _: &dyn Names) -> Result<Option<Plan>, String> {
        Ok(None)
    }
}
