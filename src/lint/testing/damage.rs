//! Damaged copies of fixtures: keys taken out at random (the same ones in every run). Both evaluators must agree on them, and the rule
//! must not fail: what is missing is `null` in the facts or undefined in the object, and a rule has to live with both.

use std::sync::Arc;

use crate::objects::Object;
use crate::place::{Path, Step};
use crate::rules::apply;
use crate::value::{Lookup, Value};

use super::Bench;
use super::scene::Scene;

/// Damaged copies of each object.
const COPIES: u64 = 24;

pub(super) fn check(bench: &mut Bench, scene: &Scene) -> Vec<String> {
    for nth in 0..scene.objects.len() {
        for (path, damaged) in copies(scene, nth) {
            let failure = match bench.agreed(&damaged, nth) {
                Ok(outcome) => outcome.errors.into_iter().next().map(|error| format!("the rule fails without {path}: {}", error.message)),
                Err(failure) => Some(format!("without {path}: {failure}")),
            };
            if let Some(failure) = failure {
                return vec![failure];
            }
        }
    }
    Vec::new()
}

/// Damaged copies of one object in its scene, with what each lacks.
pub(super) fn copies(scene: &Scene, nth: usize) -> impl Iterator<Item = (Path, Scene)> {
    let mut paths = Vec::new();
    collect(scene.value(nth), &Path::root(), &mut paths);
    (0..COPIES).filter_map(move |copy| damaged(scene, nth, &paths, copy))
}

/// Every path of an object but its identity.
fn collect(value: &Value, at: &Path, paths: &mut Vec<Path>) {
    for (key, child) in value.entries() {
        let path = at.child(key);
        if !(at.steps().is_empty() && matches!(key, "apiVersion" | "kind" | "metadata")) {
            paths.push(path.clone());
        }
        collect(child, &path, paths);
    }
    for (index, child) in value.items().iter().enumerate() {
        let path = at.child(Step::Index(index));
        paths.push(path.clone());
        collect(child, &path, paths);
    }
}

fn damaged(scene: &Scene, nth: usize, paths: &[Path], copy: u64) -> Option<(Path, Scene)> {
    let len = u64::try_from(paths.len()).ok().filter(|len| *len > 0)?;
    let seed = (copy + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let path = paths.get(usize::try_from((seed >> 17) % len).ok()?)?;
    let mut objects = scene.objects.clone();
    let (_, object) = objects.get_mut(nth)?;
    let value = apply(&object.value, &[crate::finding::PatchOp::Remove(path.clone())]).ok()?;
    *object = Arc::new(Object::new(value, object.origin.clone())?);
    Some((path.clone(), scene.with_objects(objects)))
}
