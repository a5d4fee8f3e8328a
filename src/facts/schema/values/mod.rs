//! What the API server refuses of values that have the right type: numbers out of bounds, words that are none of an enumeration,
//! names that are no names, fields that exclude one another. A table for what one field may hold (`bounds`), functions for what
//! several fields of an object must agree on (`relations`). Read in the validation of Kubernetes 1.37 (`pkg/apis/*/validation`),
//! and compared with a kube-apiserver 1.37.1.
//! Not here: what only a cluster knows (quotas, node ports, classes), and what a rule of its own explains better
//! (a request above its limit, a selector that misses its template, a probe's success threshold).

mod bounds;
mod names;
mod relations;

pub(super) use bounds::{Bound, asked_for, bound};
pub(super) use names::of_object as name;
pub(super) use relations::{Relation, relation};
