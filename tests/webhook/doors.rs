//! Both doors agree: what the linter finds in a file, the webhook finds in a request for each of its objects, with the same
//! objects around it. Finding by finding, over every fixture of the rules and the charts and incidents of the corpus.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubelint::config::Config;
use kubelint::finding::{Finding, Severity};
use kubelint::input::{self, Options};
use kubelint::lint::{Extent, Ledger, Run, Session, Settings};
use kubelint::objects::{GroupKind, Object, ObjectSet, UnitSet};
use kubelint::value::Lookup as _;
use kubelint::webhook::admission::{self, Bench, Door};
use kubelint::webhook::judge::{Case, Judge, NamespaceModes, World};
use kubelint::webhook::pool::JudgeSource as _;
use kubelint::webhook::review::Review;
use kubelint::webhook::rulebook::{Rulebook, Shelf};
use kubelint::yaml::Limits;
use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::bench::{CATALOG, MINOR};

/// A cluster that holds these objects and no others.
struct Around(Vec<Arc<Object>>);

impl World for Around {
    fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        let others = self.0.iter().filter(|other| other.identity != object.identity).cloned();
        Arc::new(UnitSet::new(others.chain([Arc::clone(object)]).collect(), true))
    }

    fn read_now(&self, object: &Arc<Object>, _: &[GroupKind<'static>], _: Instant) -> Option<Arc<dyn ObjectSet>> {
        Some(self.around(object))
    }

    fn knows_absence(&self) -> bool {
        true
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

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
}

/// Comparable, and readable when it differs.
fn told(finding: &Finding) -> String {
    let Finding { rule, severity, object, container, path, within, message, related, fix } = finding;
    format!("{rule} {severity:?} {object} {container:?} {} {within:?} {message} {related:?} {fix:?}", path.to_pointer())
}

fn settings() -> Settings {
    Settings {
        catalog: Arc::clone(&CATALOG),
        kubernetes_minor: MINOR,
        namespace: Some("shop".into()),
        extent: Extent::Complete,
        limits: Limits::default(),
        max_file_bytes: 64 << 20,
        require_reason: false,
        honor_peer_annotations: false,
        min_severity: Severity::Info,
        show_suppressed: true,
        config: None,
        profile: None,
        isolated: true,
        force_exclude: false,
        base: None,
        today: jiff::civil::date(2026, 11, 21),
    }
}

/// What the linter finds, by both doors' rules.
fn offline(session: &Session<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut show = |located: kubelint::report::Located| {
        found.push(located.finding);
        Ok(())
    };
    Run::new(session).judge(&mut Ledger::new(None, false), &mut show).unwrap();
    let both = |finding: &Finding| CATALOG.get(&finding.rule).is_some_and(|rule| rule.is_rego() && rule.doors.admission);
    found.retain(both);
    found
}

/// The request that would bring this object in.
fn request(object: &Object) -> String {
    let group = object.identity.group();
    let version = object.identity.api_version.rsplit('/').next().unwrap();
    json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "u", "operation": "CREATE", "dryRun": false,
            "kind": {"group": group, "version": version, "kind": &*object.identity.kind},
            "resource": {"group": group, "version": version, "resource": "things"},
            "name": &*object.identity.name, "namespace": object.identity.namespace.as_deref().unwrap_or_default(),
            "userInfo": {"username": "ada"}, "object": serde_json::to_value(&object.value).unwrap(), "oldObject": Json::Null,
        },
    })
    .to_string()
}

/// What differs between the doors in one file; how many findings were compared.
fn differences(file: &Path, judge: &mut dyn Judge, sample: usize) -> (Vec<String>, usize) {
    let settings = settings();
    let collected = input::collect(&[file.to_owned()], &Options::default(), &mut std::io::empty());
    let session = Session::open(collected, &settings).unwrap();
    let objects: Vec<Arc<Object>> = session.subjects().map(|subject| Arc::clone(subject.object)).collect();
    let found = offline(&session);
    let world = Around(objects.clone());
    let until = Instant::now() + Duration::from_secs(600);
    let mut wrong = Vec::new();
    for (nth, object) in objects.iter().enumerate() {
        if objects.iter().skip(nth + 1).any(|other| other.identity == object.identity) {
            // The same object twice is one object in a cluster.
            continue;
        }
        let body = request(object);
        let review = Review::read(body.as_bytes()).unwrap();
        let received = review.object().unwrap().unwrap();
        let set = world.around(&received);
        let asked = review.request();
        let judged = judge.judge(&Case { object: &received, old: None, request: &asked, set: &*set, rules: None, until });
        wrong.extend(judged.failures.iter().map(|failure| format!("{}: {} failed: {}", file.display(), failure.rule, failure.message)));
        let of_this = found.iter().filter(|finding| finding.object == object.identity);
        let mut here: Vec<String> = of_this.clone().map(told).collect();
        let mut there: Vec<String> = judged.findings.iter().chain(&judged.annotated).map(told).collect();
        here.sort();
        there.sort();
        wrong.extend(here.iter().filter(|told| !there.contains(told)).map(|told| format!("{}: only offline: {told}", file.display())));
        wrong.extend(there.iter().filter(|told| !here.contains(told)).map(|told| format!("{}: only at the door: {told}", file.display())));
        if nth % sample == 0 {
            let answer = answered(&body, &received, &judged.findings, judge, &world, until);
            wrong.extend(answer.map(|why| format!("{}: {why}", file.display())));
        }
    }
    (wrong, found.len())
}

/// With everything refused, the answer names exactly the rules that found something.
fn answered(body: &str, object: &Object, findings: &[Finding], judge: &mut dyn Judge, world: &Around, until: Instant) -> Option<String> {
    let going = !object.value.dig(&["metadata", "deletionTimestamp"]).is_absent();
    let glass = !object.value.dig(&["metadata", "annotations"]).at("kubelint.dev/break-glass").is_absent();
    if going || glass || judge.settings().excluded.is_match(object.namespace().unwrap_or_default()) {
        return None;
    }
    let reply = admission::answer(body.as_bytes(), Door::Validate, &mut Bench { judge, world, now: Timestamp::UNIX_EPOCH, until });
    let mut rules: Vec<Arc<str>> = findings.iter().map(|finding| Arc::clone(&finding.rule)).collect();
    rules.sort();
    rules.dedup();
    (reply.told.denied_by != rules).then(|| format!("{}: found {rules:?}, refused by {:?}", object.identity, reply.told.denied_by))
}

/// Findings are compared for every object, whole answers for every so many.
fn agree(files: &[PathBuf], sample: usize) -> usize {
    let strict = Config::parse(b"webhook: {enforce: info}\n", &[]).unwrap();
    let shelf = Shelf::new(Rulebook::new(Arc::clone(&CATALOG), strict, MINOR));
    let compared: Vec<(Vec<String>, usize)> =
        files.par_iter().map_init(|| shelf.make(), |judge, file| differences(file, &mut **judge, sample)).collect();
    let wrong: Vec<&String> = compared.iter().flat_map(|(wrong, _)| wrong).collect();
    let shown: Vec<String> = wrong.iter().take(10).map(|text| text.to_string()).collect();
    assert!(wrong.is_empty(), "{} differences, such as\n{}", wrong.len(), shown.join("\n"));
    compared.iter().map(|(_, count)| count).sum()
}

#[test]
fn both_doors_find_the_same_in_every_fixture() {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules"), &mut found);
    let compared = agree(&found, 1);
    assert!(compared > 300, "{compared} findings in {} files", found.len());
}

#[test]
fn both_doors_find_the_same_in_public_charts_and_incidents() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("\n*** SKIPPED: {} is not there: the doors were not compared over public charts.\n", corpus.display());
        return;
    }
    let mut found = Vec::new();
    files(&corpus, &mut found);
    let compared = agree(&found, 4);
    assert!(compared > 1_000, "{compared} findings in {} files", found.len());
}
