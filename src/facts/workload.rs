//! The `workload` document: everything that a pod template says, with what Kubernetes makes of it.

use super::Context;
use crate::objects::{Object, template};
use crate::value::Value;

/// The `workload` document of an object, computed independently of any other; `Null` if it carries no pod template.
pub fn build(object: &Object, _context: &Context<'_>) -> Value {
    if template::pod_template(object).is_none() {
        return Value::Null;
    }
    Value::Null
}
