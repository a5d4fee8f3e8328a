//! From the bytes of a request to the bytes of the answer: a pure function of the request, the rules, the world around
//! it and the clock. Knows the admission API; knows no socket, thread or TLS. Whatever a user can cause is a verdict
//! with HTTP status 200: the API server throws away what comes with any other, and lets its failure policy decide.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::envelope::{Envelope, Unreadable};
use super::judge::{Case, Judge, Judged, Unproven, World};
use super::reply::Reply;
use super::review::{NoReview, Operation, Review};
use super::settings::{Action, Level, MissingRelated, Modes};
use super::touched::{self, Change, Touched};
use super::verdict::Verdict;
use super::{debt, glass, grace, mutate};
use crate::facts::Request;
use crate::finding::{Finding, Severity};
use crate::objects::Object;
use crate::value::{Lookup, Value};

/// Which of the two doors was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// `/validate`.
    Validate,
    /// `/mutate`.
    Mutate,
}

/// What a verdict depends on beside the request.
pub struct Bench<'a> {
    /// The rules.
    pub judge: &'a mut dyn Judge,
    /// The cluster.
    pub world: &'a dyn World,
    /// For expiries.
    pub now: Timestamp,
    /// When the evaluation has to be over.
    pub until: Instant,
}

/// Answers one request.
pub fn answer(body: &[u8], door: Door, bench: &mut Bench<'_>) -> Reply {
    let review = match Review::read(body) {
        Ok(review) => review,
        Err(error) => return Reply::bad_request(&error.to_string()),
    };
    if door == Door::Mutate {
        return mutate::answer(&review, bench);
    }
    let (object, verdict) = validate(&review, bench);
    Reply::verdict(&review, object.as_deref(), &verdict, bench.judge.digest())
}

/// Answers a body that is larger than what is read: `head` is its beginning. What only takes away is admitted.
pub fn answer_oversize(head: &[u8], limit: usize) -> Reply {
    let (envelope, _) = Envelope::skim(head);
    if envelope.uid.is_empty() {
        return Reply::bad_request(&NoReview::NoUid.to_string());
    }
    let verdict = match envelope.operation.as_str() {
        "DELETE" | "CONNECT" => Verdict::allow(),
        _ => Verdict::refuse(format!("the request is larger than {} MiB, the most that kubelint reads: it was not judged", limit >> 20)),
    };
    Reply::of_uid(&envelope.uid, &verdict)
}

/// Answers when the evaluation did not end in time, or ended in a panic: the rules that refuse are not known, so the
/// failure is said and the request admitted, as a single rule that fails does.
pub fn answer_unjudged(body: &[u8], door: Door, why: &str) -> Reply {
    let review = match Review::read(body) {
        Ok(review) => review,
        Err(error) => return Reply::bad_request(&error.to_string()),
    };
    let verdict =
        Verdict { notes: vec![format!("kubelint did not judge this object: {why}")], failed_rules: vec!["*".into()], ..Verdict::default() };
    match door {
        Door::Validate => Reply::verdict(&review, None, &verdict, ""),
        Door::Mutate => Reply::patch(&review, &[], verdict.notes),
    }
}

fn validate(review: &Review<'_>, bench: &mut Bench<'_>) -> (Option<Arc<Object>>, Verdict) {
    if bench.judge.settings().excluded.is_match(&review.namespace) || review.operation == Operation::Connect {
        return (None, Verdict::allow());
    }
    let subject = match subject(review, bench) {
        Ok(Some(subject)) => subject,
        Ok(None) => return (None, Verdict::allow()),
        Err(error) => return (None, unreadable(review, &error)),
    };
    let verdict = if is_going(&subject.object) || believed(review, &subject.object, bench) {
        Verdict::allow()
    } else {
        judge(review, &subject, bench)
    };
    (Some(subject.object), verdict)
}

/// What is judged, as it would be and as it was.
pub(super) struct Subject {
    pub(super) object: Arc<Object>,
    pub(super) old: Option<Arc<Object>>,
    /// May it be refused? What only touches an object from the side warns.
    pub(super) may_deny: bool,
}

fn subject(review: &Review<'_>, bench: &Bench<'_>) -> Result<Option<Subject>, Unreadable> {
    match review.subresource.as_str() {
        "scale" => scaled(review, bench),
        "" | "ephemeralcontainers" | "resize" => {
            let subject = match review.operation {
                Operation::Delete => review.old()?.map(|object| Subject { object, old: None, may_deny: false }),
                Operation::Create => review.object()?.map(|object| Subject { object, old: None, may_deny: true }),
                _ => {
                    let old = review.old()?;
                    review.object()?.map(|object| Subject { object, old, may_deny: true })
                }
            };
            Ok(subject)
        }
        _ => Ok(None),
    }
}

/// The workload that a `scale` request is about, with the replicas it would have.
fn scaled(review: &Review<'_>, bench: &Bench<'_>) -> Result<Option<Subject>, Unreadable> {
    let Some(scale) = review.object()? else { return Ok(None) };
    let Some(old) = bench.world.scaled(&review.resource, &review.namespace, &review.name) else { return Ok(None) };
    let Some(replicas) = scale.value.dig(&["spec", "replicas"]).int() else { return Ok(None) };
    let path = crate::place::Path::root().keys(&["spec", "replicas"]);
    let Ok(value) = crate::rules::apply(&old.value, &[crate::finding::PatchOp::Add(path, Value::from(replicas))]) else { return Ok(None) };
    Ok(Some(Subject { object: Arc::new(Object { value, ..(*old).clone() }), old: Some(old), may_deny: false }))
}

/// An object that cannot be judged is refused, unless it was so before or only goes.
fn unreadable(review: &Review<'_>, error: &Unreadable) -> Verdict {
    let old_debt = review.operation == Operation::Update && review.old().is_err();
    if review.operation == Operation::Delete || old_debt {
        return Verdict { notes: vec![format!("kubelint did not judge this object: {error}")], ..Verdict::default() };
    }
    Verdict::refuse(format!("the object cannot be judged: {error}"))
}

pub(super) fn is_going(object: &Object) -> bool {
    !object.value.dig(&["metadata", "deletionTimestamp"]).is_absent()
}

/// The controller that owns an object.
pub fn controller(object: &Object) -> Option<&Value> {
    object.value.dig(&["metadata", "ownerReferences"]).items().iter().find(|owner| owner.at("controller").flag() == Some(true))
}

/// Was the object judged already, as the template of what owns it? Anybody can write an owner into a manifest, so it is
/// believed only from a controller's account, or when the owner is there.
fn believed(review: &Review<'_>, object: &Object, bench: &Bench<'_>) -> bool {
    is_derived(object)
        && (bench.judge.settings().controllers.is_match(review.username()) || bench.world.owner_is_judged(object, bench.until))
}

/// Is it of a kind that controllers make, and says that one made it?
pub(super) fn is_derived(object: &Object) -> bool {
    let kind = (object.identity.group(), &*object.identity.kind);
    matches!(kind, ("", "Pod") | ("apps", "ReplicaSet") | ("batch", "Job")) && controller(object).is_some()
}

fn judge(review: &Review<'_>, subject: &Subject, bench: &mut Bench<'_>) -> Verdict {
    let request = review.request();
    let set = bench.world.around(&subject.object);
    let case = Case { object: &subject.object, old: subject.old.as_ref(), request: &request, set: &*set, rules: None, until: bench.until };
    let judged = bench.judge.judge(&case);
    let modes = modes(&review.namespace, bench);
    let mut verdict = sort(judged, subject, modes, bench);
    if !verdict.denied.is_empty() {
        forgive(&mut verdict, review, subject, &request, bench);
    }
    if review.subresource.is_empty() {
        from_the_side(&mut verdict, review, subject, modes, bench);
    }
    if !verdict.allowed() {
        break_glass(&mut verdict, subject, &review.user, bench);
    }
    verdict
}

/// Adds what the change does to the workloads that it touches: it warns, unless the configuration says that a rule denies.
fn from_the_side(verdict: &mut Verdict, review: &Review<'_>, subject: &Subject, modes: Modes, bench: &mut Bench<'_>) {
    let change = match (&subject.old, review.operation) {
        (_, Operation::Delete) => Change::Gone(&subject.object),
        (Some(old), _) => Change::Changed(old, &subject.object),
        (None, _) => Change::Made(&subject.object),
    };
    for Touched { workload, judged } in touched::judge(&change, bench) {
        let sorted = sort(judged, &Subject { object: Arc::clone(&workload), old: None, may_deny: false }, modes, bench);
        if !sorted.denied.is_empty() {
            verdict.denied.extend(touched::proven(&change, &workload, sorted.denied, bench));
        }
        verdict.warned.extend(sorted.warned);
        verdict.audited.extend(sorted.audited);
    }
}

pub(super) fn modes(namespace: &str, bench: &Bench<'_>) -> Modes {
    let default = bench.judge.settings().modes;
    if namespace.is_empty() {
        return default;
    }
    let labels = bench.world.namespace(namespace);
    Modes {
        enforce: labels.enforce.unwrap_or(default.enforce),
        warn: labels.warn.unwrap_or(default.warn),
        audit: labels.audit.unwrap_or(default.audit),
    }
}

/// What each finding leads to, before anything is forgiven.
pub(super) fn sort(judged: Judged, subject: &Subject, modes: Modes, bench: &Bench<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let kind = subject.object.group_kind();
    let settings = bench.judge.settings();
    let mut place = |finding: Finding, annotated: bool| {
        let promised = bench.judge.promises(&finding.rule, kind);
        let action = settings.actions.get(&*finding.rule);
        let denies = match action {
            Some(action) => *action == Action::Deny && modes.enforce != Level::None,
            None => modes.enforce.meets(finding.severity, promised) && subject.may_deny,
        };
        let warns = action != Some(&Action::Audit) && modes.warn.meets(finding.severity, promised);
        if denies && (!annotated || !settings.honor_annotations) {
            verdict.denied.push(finding);
        } else if warns && !annotated {
            verdict.warned.push(finding);
        } else if modes.audit.meets(finding.severity, promised) {
            verdict.audited.push(finding);
        }
    };
    judged.findings.into_iter().for_each(|finding| place(finding, false));
    judged.annotated.into_iter().for_each(|finding| place(finding, true));
    for failure in judged.failures {
        let text = format!("rule {} could not be evaluated: {}", failure.rule, failure.message);
        if failure.denies && subject.may_deny && modes.enforce != Level::None {
            verdict.refusals.push(text);
        } else {
            verdict.notes.push(text);
        }
        verdict.failed_rules.push(failure.rule);
    }
    verdict
}

/// Takes from the denials what is no new debt, what comes from recovering, and what is missing without proof.
fn forgive(verdict: &mut Verdict, review: &Review<'_>, subject: &Subject, request: &Request, bench: &mut Bench<'_>) {
    let mut left = std::mem::take(&mut verdict.denied);
    if let Some(old) = &subject.old {
        left = new_debt(left, verdict, subject, old, request, bench);
        if !left.is_empty() && bench.world.is_rollback(&subject.object, bench.until) {
            verdict.notes.push("this is a rollback to an earlier revision: it is admitted with what is wrong in it".into());
            verdict.warned.append(&mut left);
        }
    }
    verdict.denied = proven(left, verdict, review, subject, request, bench);
}

/// Judges one object by the rules of some findings.
fn judge_again(
    findings: &[Finding],
    object: &Arc<Object>,
    set: &dyn crate::objects::ObjectSet,
    old: Option<&Arc<Object>>,
    request: &Request,
    bench: &mut Bench<'_>,
) -> Judged {
    let mut rules: Vec<Arc<str>> = findings.iter().map(|finding| finding.rule.clone()).collect();
    rules.sort_unstable();
    rules.dedup();
    bench.judge.judge(&Case { object, old, request, set, rules: Some(&rules), until: bench.until })
}

fn new_debt(
    denied: Vec<Finding>,
    verdict: &mut Verdict,
    subject: &Subject,
    old: &Arc<Object>,
    request: &Request,
    bench: &mut Bench<'_>,
) -> Vec<Finding> {
    let set = bench.world.around(old);
    let mut before = judge_again(&denied, old, &*set, None, request, bench).findings;
    let kept = debt::without_recovery(&subject.object, old);
    let grace = bench.judge.settings().missing_related == MissingRelated::Grace;
    if grace && !grace::is_open(Some(old), bench.now) && !debt::only_recovers(&subject.object, kept.as_ref(), old) {
        // What was to come has not: its grace is no old debt.
        before.retain(|finding| !rests_on_absence(finding, old, &*set, None, request, bench));
    }
    let mut added: Vec<Finding> = debt::added(&denied, &subject.object, &before, old).into_iter().cloned().collect();
    if let (false, Some(kept)) = (added.is_empty(), kept) {
        let kept = Arc::new(kept);
        let set = bench.world.around(&kept);
        let without = judge_again(&added, &kept, &*set, Some(old), request, bench);
        let from_recovery: Vec<Finding> = debt::added(&added, &subject.object, &without.findings, &kept).into_iter().cloned().collect();
        added.retain(|finding| !from_recovery.contains(finding));
    }
    verdict.warned.extend(denied.into_iter().filter(|finding| !added.contains(finding)));
    added
}

/// Keeps the denials that do not rest on an absence, and those whose absence a direct read proves (design 9).
fn proven(
    denied: Vec<Finding>,
    verdict: &mut Verdict,
    review: &Review<'_>,
    subject: &Subject,
    request: &Request,
    bench: &mut Bench<'_>,
) -> Vec<Finding> {
    let mut kinds: Vec<_> = denied.iter().flat_map(|finding| bench.judge.reads(&finding.rule)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() || !bench.world.knows_absence() {
        return denied;
    }
    let (relational, mut kept): (Vec<Finding>, Vec<Finding>) =
        denied.into_iter().partition(|finding| !bench.judge.reads(&finding.rule).is_empty());
    let spared = review.dry_run || made_by_operator(&subject.object) && review.username().starts_with("system:serviceaccount:");
    let read = if spared { None } else { bench.world.read_now(&subject.object, &kinds, bench.until) };
    let around = bench.world.around(&subject.object);
    let (object, old) = (&subject.object, subject.old.as_ref());
    let again = match &read {
        Some(fresh) => judge_again(&relational, object, &**fresh, old, request, bench),
        None => judge_again(&relational, object, &Unproven(&*around), old, request, bench),
    };
    let missing_is_grace =
        bench.judge.settings().missing_related == MissingRelated::Grace && grace::is_open(subject.old.as_ref(), bench.now);
    for finding in relational {
        match again.findings.iter().find(|found| found.rule == finding.rule && found.path == finding.path) {
            Some(found) if found.severity >= finding.severity => {
                let missing = rests_on_absence(found, object, &*around, old, request, bench);
                match (missing, missing_is_grace) {
                    (true, true) => {
                        verdict.graced.push(Arc::clone(&found.rule));
                        verdict.warned.push(found.clone());
                    }
                    (true, false) => kept.push(advised(found, bench)),
                    (false, _) => kept.push(found.clone()),
                }
            }
            Some(found) => verdict.warned.push(found.clone()),
            None if read.is_some() => {}
            None => verdict.warned.push(Finding { severity: Severity::Warning, ..finding }),
        }
    }
    kept
}

/// Is it owned by a custom resource? Its operator makes one object after the other and tries again by itself. No built-in kind makes
/// what is judged here, so one that is named as the owner was written by hand.
fn made_by_operator(object: &Object) -> bool {
    let group =
        |owner: &Value| owner.at("apiVersion").text().and_then(|version| version.split_once('/')).map(|(group, _)| group.to_owned());
    controller(object).and_then(group).is_some_and(|group| group.contains('.') && !group.ends_with(".k8s.io"))
}

/// A denial for what is missing, with what helps: it may come later in the same apply, because clients send workloads early.
fn advised(finding: &Finding, bench: &Bench<'_>) -> Finding {
    let budget = bench.judge.reads(&finding.rule).iter().any(|kind| kind.kind == "PodDisruptionBudget");
    let what = if budget { "the PodDisruptionBudget" } else { "what is missing" };
    Finding { message: format!("{}; apply {what} first, or apply again", finding.message), ..finding.clone() }
}

/// Does a finding go, or weaken, where an absence proves nothing?
fn rests_on_absence(
    finding: &Finding,
    object: &Arc<Object>,
    set: &dyn crate::objects::ObjectSet,
    old: Option<&Arc<Object>>,
    request: &Request,
    bench: &mut Bench<'_>,
) -> bool {
    let again = judge_again(std::slice::from_ref(finding), object, &Unproven(set), old, request, bench);
    !again.findings.iter().any(|found| found.path == finding.path && found.severity >= finding.severity)
}

pub(super) fn break_glass(verdict: &mut Verdict, subject: &Subject, user: &Value, bench: &Bench<'_>) {
    match glass::read(&subject.object, user, &bench.judge.settings().break_glass_groups, bench.now) {
        glass::Glass::Whole => {}
        glass::Glass::Refused(why) => verdict.notes.push(why),
        glass::Glass::Broken(reason) => {
            verdict.broken_glass = true;
            verdict.broken = verdict.denied.iter().map(|finding| finding.rule.clone()).collect();
            verdict.audit.push(("break-glass", reason));
            verdict.warned.append(&mut verdict.denied);
            verdict.notes.append(&mut verdict.refusals);
        }
    }
}
