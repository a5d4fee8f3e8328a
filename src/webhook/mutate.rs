//! The mutating door: safe fixes on CREATE, recorded, and re-applied identically when a later UPDATE leaves them out
//! (design 9). A patch is applied and decoded here before it is sent, because one that does not apply or decode is an
//! error to the user whatever the failure policy says.

use std::sync::Arc;

use k8s_openapi::api::{apps::v1 as apps, batch::v1 as batch, core::v1 as core, policy::v1 as policy, storage::v1 as storage};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::admission::{Bench, controller};
use super::judge::Case;
use super::reply::Reply;
use super::review::{Operation, Review};
use crate::finding::{Finding, Fix, FixSafety, PatchOp};
use crate::objects::{Object, template};
use crate::place::Path;
use crate::rules;
use crate::value::{Lookup, Value, object};

/// Which rules mended an object, and a digest of what they did: `rule,rule sha256:...`.
pub(super) const ANNOTATION: &str = "kubelint.dev/mutated";

/// A fix may uncover another finding; after so many rounds it is enough.
const ROUNDS: usize = 4;

/// Answers a request at the mutating door. It never refuses.
pub(super) fn answer(review: &Review<'_>, bench: &mut Bench<'_>) -> Reply {
    let mut notes = Vec::new();
    let ops = patch(review, bench, &mut notes).unwrap_or_default();
    Reply::patch(review, &ops, notes)
}

fn patch(review: &Review<'_>, bench: &mut Bench<'_>, notes: &mut Vec<String>) -> Option<Vec<PatchOp>> {
    if !wanted(review, bench) {
        return None;
    }
    let object = review.object().ok()??;
    if controller(&object).is_some() || !object.value.dig(&["metadata", "annotations"]).at("kubernetes.io/config.mirror").is_absent() {
        return None;
    }
    let old = if review.operation == Operation::Update { review.old().ok()? } else { None };
    let recorded = old.as_ref().map(|old| recorded_rules(old));
    if recorded.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    let (ops, by) = mend(&object, recorded.as_deref(), review, bench, notes);
    if ops.is_empty() {
        return None;
    }
    let ops = match &old {
        Some(old) => as_before(&object, old, ops),
        None => ops,
    };
    let ops = with_record(&object, ops, &by);
    let mended = rules::apply(&object.value, &ops).ok()?;
    if decodes(&object, &object.value) && !decodes(&object, &mended) {
        notes.push("kubelint left out its safe fixes: the object would not decode with them".into());
        return None;
    }
    Some(ops)
}

fn wanted(review: &Review<'_>, bench: &Bench<'_>) -> bool {
    let settings = bench.judge.settings();
    let labelled = bench.world.namespace(&review.namespace).mutate;
    let here = if bench.world.mutation_needs_label() { labelled == Some(true) } else { labelled != Some(false) };
    settings.mutate
        && here
        && review.subresource.is_empty()
        && matches!(review.operation, Operation::Create | Operation::Update)
        && !settings.excluded.is_match(&review.namespace)
}

fn recorded_rules(old: &Object) -> Vec<Arc<str>> {
    let record = old.value.dig(&["metadata", "annotations"]).at(ANNOTATION).text().unwrap_or_default();
    record.split(' ').next().unwrap_or_default().split(',').filter(|rule| !rule.is_empty()).map(Arc::from).collect()
}

/// The operations of all safe fixes, and the rules they come from. `only`: those rules.
fn mend(
    object: &Arc<Object>,
    only: Option<&[Arc<str>]>,
    review: &Review<'_>,
    bench: &mut Bench<'_>,
    notes: &mut Vec<String>,
) -> (Vec<PatchOp>, Vec<Arc<str>>) {
    let request = crate::facts::Request { operation: "CREATE".into(), ..review.request() };
    let (mut ops, mut by) = (Vec::new(), Vec::new());
    let mut at = Arc::clone(object);
    for _ in 0..ROUNDS {
        let set = bench.world.around(&at);
        let judged = bench.judge.judge(&Case { object: &at, old: None, request: &request, set: &*set, rules: only, until: bench.until });
        let mut value = at.value.clone();
        let before = ops.len();
        for finding in &judged.findings {
            let Some(fix) = safe_ops(finding) else { continue };
            match rules::apply(&value, &fix) {
                Ok(mended) if mended != value => {
                    value = mended;
                    ops.extend(fix);
                    by.push(finding.rule.clone());
                }
                Ok(_) => {}
                // What another fix of this round has changed already is tried again in the next.
                Err(_) if ops.len() > before => {}
                Err(_) => notes.push(format!("kubelint left out the safe fix of {}: it does not apply", finding.rule)),
            }
        }
        if ops.len() == before {
            break;
        }
        at = Arc::new(Object { value, ..(*at).clone() });
    }
    by.sort_unstable();
    by.dedup();
    (ops, by)
}

/// The operations of a fix that is safe and changes the judged object only.
fn safe_ops(finding: &Finding) -> Option<Vec<PatchOp>> {
    let Fix { safety: FixSafety::Safe, edits, creates, .. } = finding.fix.as_ref()? else { return None };
    let own = edits.iter().all(|edit| edit.object.as_ref().is_none_or(|object| *object == finding.object));
    (own && creates.is_empty() && !edits.is_empty()).then(|| edits.iter().flat_map(|edit| edit.ops.iter().cloned()).collect())
}

/// Where nothing but the injected values would change, the values that the object has: no rollout because kubelint
/// learnt a better number.
fn as_before(object: &Object, old: &Object, ops: Vec<PatchOp>) -> Vec<PatchOp> {
    let kept: Vec<PatchOp> = ops
        .iter()
        .map(|op| match op {
            PatchOp::Add(path, value) | PatchOp::Replace(path, value) => {
                let had = old.value.at_path(path.steps());
                PatchOp::Add(path.clone(), if matches!(had, Value::Undefined) { value.clone() } else { had.clone() })
            }
            other => other.clone(),
        })
        .collect();
    let Some(path) = template::pod_template_path(object.group_kind()) else { return ops };
    match rules::apply(&object.value, &kept) {
        Ok(value) if value.dig(path) == old.value.dig(path) => kept,
        _ => ops,
    }
}

/// The operations, and one that records them.
fn with_record(object_: &Object, mut ops: Vec<PatchOp>, by: &[Arc<str>]) -> Vec<PatchOp> {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(json_patch(&ops).to_string().as_bytes()));
    let record = Value::from(format!("{} sha256:{}", by.join(","), digest.get(..16).unwrap_or_default()));
    let path = Path::root().keys(&["metadata", "annotations"]);
    match object_.value.at_path(path.steps()) {
        Value::Object(_) => ops.push(PatchOp::Add(path.child(ANNOTATION), record)),
        _ => ops.push(PatchOp::Add(path, object([(ANNOTATION, record)]))),
    }
    ops
}

/// RFC 6902 as JSON.
pub(super) fn json_patch(ops: &[PatchOp]) -> Json {
    let value = |value: &Value| serde_json::to_value(value).unwrap_or(Json::Null);
    ops.iter()
        .map(|op| match op {
            PatchOp::Add(path, new) => json!({"op": "add", "path": path.to_pointer(), "value": value(new)}),
            PatchOp::Replace(path, new) => json!({"op": "replace", "path": path.to_pointer(), "value": value(new)}),
            PatchOp::Remove(path) => json!({"op": "remove", "path": path.to_pointer()}),
            PatchOp::Test(path, expected) => json!({"op": "test", "path": path.to_pointer(), "value": value(expected)}),
        })
        .collect()
}

/// Would the API server read it as what it says it is? Kinds without a type here count as read.
fn decodes(object: &Object, value: &Value) -> bool {
    let Ok(json) = serde_json::to_value(value) else { return false };
    let kind = object.group_kind();
    match (kind.group, kind.kind) {
        ("apps", "StatefulSet") => serde_json::from_value::<apps::StatefulSet>(json).is_ok(),
        ("apps", "Deployment") => serde_json::from_value::<apps::Deployment>(json).is_ok(),
        ("apps", "DaemonSet") => serde_json::from_value::<apps::DaemonSet>(json).is_ok(),
        ("batch", "Job") => serde_json::from_value::<batch::Job>(json).is_ok(),
        ("batch", "CronJob") => serde_json::from_value::<batch::CronJob>(json).is_ok(),
        ("", "Pod") => serde_json::from_value::<core::Pod>(json).is_ok(),
        ("", "Service") => serde_json::from_value::<core::Service>(json).is_ok(),
        ("policy", "PodDisruptionBudget") => serde_json::from_value::<policy::PodDisruptionBudget>(json).is_ok(),
        ("storage.k8s.io", "StorageClass") => serde_json::from_value::<storage::StorageClass>(json).is_ok(),
        _ => true,
    }
}
