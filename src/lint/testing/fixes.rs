//! Does a fix mend? Judged on values, with the JSON Patch that the admission door would answer, and on the fixture's text,
//! which must become the same objects and keep its comments.

use std::sync::Arc;

use crate::finding::{Edit, Finding, Fix};
use crate::fix::{Change, Creation, Refusal, Sheets};
use crate::objects::{Identity, Object, Origin};
use crate::place::Path;
use crate::rules::apply;
use crate::value::Value;
use crate::yaml::{Limits, Stream, read};

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
        Ok(_) => written(scene, nth, fix, &fixed).err().into_iter().collect(),
        Err(failure) => vec![failure],
    }
}

/// The fixture's text becomes the fixed objects, all comments are kept, and what is refused has a reason that holds.
fn written(scene: &Scene, nth: usize, fix: &Fix, fixed: &Scene) -> Result<(), String> {
    let fail = |why: String| format!("the fix `{}` in the text: {why}", fix.title);
    let text = match rewrite(scene, nth, fix) {
        Ok(text) => text,
        Err(Refusal::Alias(_) | Refusal::Merge(_)) => return Ok(()),
        Err(refusal) => return Err(fail(refusal.to_string())),
    };
    let stream = read(text.as_bytes(), &Limits::default());
    if let Some(error) = stream.errors.first() {
        return Err(fail(format!("it cannot be read any more: {error}")));
    }
    let mut there: Vec<&Value> = stream.documents.iter().map(|document| &document.value).collect();
    let mut meant: Vec<&Value> = fixed.objects.iter().map(|(_, object)| &object.value).collect();
    there.sort_unstable();
    meant.sort_unstable();
    if there != meant {
        return Err(fail("it became other objects than the patch makes".to_owned()));
    }
    let comments = |stream: &Stream| {
        let mut comments: Vec<String> = stream.comments().map(|comment| comment.text.to_owned()).collect();
        comments.sort_unstable();
        comments
    };
    if comments(&stream) != comments(&scene.stream) {
        return Err(fail("it lost a comment".to_owned()));
    }
    Ok(())
}

fn rewrite(scene: &Scene, nth: usize, fix: &Fix) -> Result<String, Refusal> {
    let mut sheets = Sheets::default();
    sheets.open(0, &scene.stream.text, &scene.stream.documents);
    let judged = scene.objects.get(nth);
    let document = |identity: Option<&Identity>| match identity {
        None => judged.map(|(document, _)| *document),
        Some(identity) => scene.objects.iter().find(|(_, object)| object.identity == *identity).map(|(document, _)| *document),
    };
    let missing = || Refusal::Unknown("the object".to_owned());
    let change = |edit: &Edit| {
        let document = document(edit.object.as_ref()).ok_or_else(missing)?;
        Ok(Change { text: 0, document, object: Path::root(), ops: edit.ops.clone() })
    };
    let create = |object: &Value| Ok(Creation { text: 0, document: document(None).ok_or_else(missing)?, object: object.clone() });
    let changes = fix.edits.iter().map(change).collect::<Result<Vec<_>, Refusal>>()?;
    let creations = fix.creates.iter().map(create).collect::<Result<Vec<_>, Refusal>>()?;
    sheets.apply(&changes, &creations)?;
    sheets.finish().pop().map_or_else(|| Ok(scene.stream.text.as_str().to_owned()), |(_, text)| text)
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
