//! Keeps what was derived from objects of a set that does not change: several objects of a file ask for the same workload.
//! Knows nothing of what is derived.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::Object;
use crate::value::Value;

/// Documents that are kept at a time: those of some folders of files, and a few MiB of memory, however large the run.
const KEPT: usize = 256;

/// By view, address of the object, and variant.
type Documents = FxHashMap<(usize, usize, u32), Kept>;

/// What was derived from single objects, for one view on them: a set whose answers never change. The memory is shared by views.
#[derive(Clone, Default)]
pub struct Memo {
    kept: Arc<Mutex<Documents>>,
    view: usize,
}

/// The object is held with what is kept of it, so that no other one takes its address meanwhile.
struct Kept {
    _object: Arc<Object>,
    value: Value,
}

impl Memo {
    /// The same memory for another view.
    pub fn of_view(&self, view: usize) -> Self {
        Self { kept: Arc::clone(&self.kept), view }
    }

    /// What `derive` makes of the object, kept or made now. `variant` tells apart what is derived for several purposes, such as
    /// versions of Kubernetes.
    pub fn get(&self, object: &Arc<Object>, variant: u32, derive: impl FnOnce() -> Value) -> Value {
        let key = (self.view, Arc::as_ptr(object).addr(), variant);
        let known = self.lock().get(&key).map(|kept| kept.value.clone());
        if let Some(value) = known {
            return value;
        }
        let value = derive();
        let mut kept = self.lock();
        let old = if kept.len() < KEPT { Documents::default() } else { std::mem::take(&mut *kept) };
        kept.insert(key, Kept { _object: Arc::clone(object), value: value.clone() });
        drop(kept);
        drop(old);
        value
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Documents> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("view", &self.view).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Origin;

    fn object(name: &str) -> Arc<Object> {
        let json = format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}}}}"#);
        Arc::new(Object::new(Value::from_json_str(&json).unwrap(), Origin::Cluster).unwrap())
    }

    #[test]
    fn each_object_view_and_variant_has_its_own() {
        let (memo, a, b) = (Memo::default(), object("a"), object("a"));
        let other = memo.of_view(1);
        for (number, (memo, object, variant)) in [(&memo, &a, 0), (&memo, &b, 0), (&memo, &a, 1), (&other, &a, 0)].into_iter().enumerate() {
            assert_eq!(memo.get(object, variant, || Value::from(number)), Value::from(number));
            assert_eq!(memo.get(object, variant, || panic!("it is kept")), Value::from(number));
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let memo = Memo::default();
        for number in 0..KEPT * 2 + 1 {
            memo.get(&object("a"), 0, || Value::from(number));
        }
        assert_eq!(memo.lock().len(), 1);
    }
}
