//! Does a fix mend? Judged on values, with the JSON Patch that the admission door would answer.

use std::sync::Arc;

use crate::finding::{Finding, Fix};
use crate::objects::{Object, Origin};
use crate::rules::apply;

use super::Bench;
use super::scene::Scene;

/// A fix applies, and its finding is gone.
pub(super) fn check(bench: &mut Bench, scene: &Scene, nth: usize, finding: &Finding) -> Vec<String> {
    let Some(fix) = &finding.fix else { return Vec::new() };
    let fixed = match mend(scene, nth, fix) {
        Ok(fixed) => fixed,
        Err(failure) => return vec![format!("the fix `{}` does not apply: {failure}", fix.title)],
    };
    let same = |other: &Finding| other.path == finding.path && other.message == finding.message;
    match bench.agreed(&fixed, nth) {
        Ok(outcome) if outcome.findings.iter().any(same) => {
            vec![format!("the fix `{}` leaves its finding: {}", fix.title, finding.message)]
        }
        Ok(_) => Vec::new(),
        Err(failure) => vec![failure],
    }
}

/// Mending finding after finding comes to an end, and there is nothing left to mend.
pub(super) fn converge(bench: &mut Bench, scene: &Scene) -> Vec<String> {
    let mut at = scene.with_objects(scene.objects.clone());
    let mut rounds = 0;
    loop {
        let mut next = None;
        let mut open = 0;
        for nth in 0..at.objects.len() {
            let Ok(outcome) = bench.agreed(&at, nth) else { return Vec::new() };
            let fixes = outcome.findings.into_iter().filter_map(|finding| finding.fix);
            for fix in fixes {
                open += 1;
                next.get_or_insert((nth, fix));
            }
        }
        let Some((nth, fix)) = next else { return Vec::new() };
        rounds += 1;
        if rounds > 50 {
            return vec![format!("fixing does not come to an end: {open} left after {rounds} rounds, next `{}`", fix.title)];
        }
        match mend(&at, nth, &fix) {
            Ok(fixed) => at = fixed,
            // Told for each finding already, on the fixture as it is.
            Err(_) => return Vec::new(),
        }
    }
}

/// The scene with a fix applied.
fn mend(scene: &Scene, nth: usize, fix: &Fix) -> Result<Scene, String> {
    let mut objects = scene.objects.clone();
    let judged = objects.get(nth).map(|(_, object)| object.identity.clone());
    for edit in &fix.edits {
        let target = edit.object.as_ref().or(judged.as_ref());
        let Some((_, object)) = objects.iter_mut().find(|(_, object)| Some(&object.identity) == target) else {
            return Err("it edits an object that is not in the fixture".to_owned());
        };
        let value = apply(&object.value, &edit.ops).map_err(|error| error.to_string())?;
        let patched = Object::new(value, object.origin.clone()).ok_or("it leaves no object: apiVersion or kind are gone")?;
        *object = Arc::new(patched);
    }
    for value in &fix.creates {
        let object = Object::new(value.clone(), Origin::Cluster).ok_or("it creates what is no object: apiVersion and kind are needed")?;
        objects.push((usize::MAX, Arc::new(object)));
    }
    Ok(scene.with_objects(objects))
}
