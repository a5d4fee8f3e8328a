//! Regular expressions, compiled once a thread. regorus keeps them too, but copies one at each use, and a copy makes its working
//! memory anew: that costs many times as much as the search.

use std::cell::RefCell;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

/// Largest compiled expression, as regorus has it.
const SIZE_LIMIT: usize = 100 * 1024;

/// Most expressions kept: those of the rules and their parameters are far fewer.
const MOST_KEPT: usize = 512;

thread_local! {
    static KEPT: RefCell<FxHashMap<Arc<str>, Option<Regex>>> = RefCell::default();
}

/// Does the expression occur in the text? `None` if it is no expression.
pub(super) fn matches(pattern: &Arc<str>, text: &str) -> Option<bool> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(known) = kept.get(pattern) {
            return known.as_ref().map(|regex| regex.is_match(text));
        }
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        let regex = RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().ok();
        let found = regex.as_ref().map(|regex| regex.is_match(text));
        kept.insert(Arc::clone(pattern), regex);
        found
    })
}
