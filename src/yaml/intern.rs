//! One copy of each short string: keys, kinds, label values and image names repeat in every manifest.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashSet;

/// Longer strings hardly repeat.
const LONGEST: usize = 64;
/// Strings remembered on one thread; then the table begins anew, so that it cannot grow without bound.
const MOST: usize = 1 << 16;

thread_local! {
    static TABLE: RefCell<FxHashSet<Arc<str>>> = RefCell::default();
}

/// The shared copy of a string.
pub(super) fn intern(text: &str) -> Arc<str> {
    if text.len() > LONGEST {
        return text.into();
    }
    TABLE.with(|table| {
        let Ok(mut table) = table.try_borrow_mut() else { return text.into() };
        if let Some(known) = table.get(text) {
            return Arc::clone(known);
        }
        if table.len() >= MOST {
            table.clear();
        }
        let shared: Arc<str> = text.into();
        table.insert(Arc::clone(&shared));
        shared
    })
}
