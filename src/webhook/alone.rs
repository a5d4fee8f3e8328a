//! The world of `--no-cluster`: the request and nothing else. What is related is unknown, and never refuses.

use std::sync::Arc;
use std::time::Instant;

use super::judge::{NamespaceModes, Unproven, World};
use crate::objects::{GroupKind, Object, ObjectSet, UnitSet};

/// No cluster.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl World for Alone {
    fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        Arc::new(Unproven(UnitSet::new(vec![Arc::clone(object)], false)))
    }

    fn read_now(&self, _: &Arc<Object>, _: &[GroupKind<'static>], _: Instant) -> Option<Arc<dyn ObjectSet>> {
        None
    }

    fn knows_absence(&self) -> bool {
        false
    }

    fn namespace(&self, _: &str) -> NamespaceModes {
        NamespaceModes::default()
    }

    fn owner_is_judged(&self, _: &Object, _: Instant) -> bool {
        false
    }

    fn is_rollback(&self, _: &Object, _: Instant) -> bool {
        false
    }

    fn scaled(&self, _: &str, _: &str, _: &str) -> Option<Arc<Object>> {
        None
    }

    fn mutation_needs_label(&self) -> bool {
        false
    }
}
