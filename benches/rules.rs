//! What rules cost: from nothing (pre-commit), per StatefulSet of three containers, and per object that no workload rule matches.
//! Beside the built-in rules a catalogue of 120 copies of one that fires shows how the costs grow.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark fails by panicking")]

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use kubelint::facts::{Context, Facts, Request};
use kubelint::objects::{Object, Origin, UnitSet};
use kubelint::rules::{Catalog, Door, Engine, EngineSettings, Evaluator};
use kubelint::yaml::read_value;

const STATEFUL_SET: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: prod}
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      initContainers:
      - {name: init, image: 'busybox:1.36', securityContext: {privileged: true}}
      containers:
      - name: redis
        image: redis:8.0.1
        args: [--maxmemory, 3gb]
        resources: {limits: {memory: 4Gi}, requests: {cpu: 500m, memory: 4Gi}}
        readinessProbe: {exec: {command: [redis-cli, ping]}}
        volumeMounts: [{name: data, mountPath: /data}]
      - {name: exporter, image: 'oliver006/redis_exporter:v1.62.0'}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
";
const CONFIG_MAP: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: prod}, data: {a: b}}";

fn object(text: &str) -> Arc<Object> {
    Arc::new(Object::new(read_value(text).unwrap(), Origin::Cluster).unwrap())
}

/// Copies of one rule that fires, under other names.
fn copies(count: usize) -> Arc<Catalog> {
    let source = include_str!("../policies/security/privileged_container.rego");
    let files: Vec<_> = (0..count)
        .map(|n| (format!("policies/x/copy_{n}.rego"), source.replace("kubelint.privileged_container", &format!("kubelint.copy_{n}"))))
        .collect();
    Arc::new(Catalog::from_sources(files.iter().map(|(name, text)| (name.as_str(), Cow::Owned(text.clone())))).unwrap())
}

fn cold(c: &mut Criterion) {
    let mut group = c.benchmark_group("cold");
    group.sample_size(20);
    let stateful_set = object(STATEFUL_SET);
    let set = UnitSet::new(vec![stateful_set.clone()], false);
    let request = Request::offline(false);
    let context = Context { set: &set, kubernetes_minor: 37 };
    group.bench_function("headers of the built-in rules", |b| b.iter(|| black_box(Catalog::builtin().unwrap().rules().len())));
    for (name, catalog) in [("built-in", None), ("120 copies", Some(()))] {
        group.bench_function(format!("{name}: load, compile, one StatefulSet"), |b| {
            b.iter(|| {
                let catalog = if catalog.is_some() { copies(120) } else { Arc::new(Catalog::builtin().unwrap()) };
                let rules = catalog.defaults(Door::Offline);
                let facts = Facts::new(&stateful_set, None, &request, context);
                black_box(Engine::new(catalog, EngineSettings::offline()).evaluate(&facts, &rules))
            });
        });
    }
    group.finish();
}

fn hot(c: &mut Criterion) {
    let mut group = c.benchmark_group("hot");
    let request = Request::offline(false);
    let catalogs = [("built-in", Arc::new(Catalog::builtin().unwrap())), ("120 copies", copies(120))];
    for (kind, text) in [("StatefulSet", STATEFUL_SET), ("ConfigMap", CONFIG_MAP)] {
        let object = object(text);
        let set = UnitSet::new(vec![object.clone()], false);
        let context = Context { set: &set, kubernetes_minor: 37 };
        group.bench_function(format!("{kind}: facts only"), |b| {
            b.iter(|| black_box(Facts::new(&object, None, &request, context).workload().clone()))
        });
        for (name, catalog) in &catalogs {
            let rules = catalog.defaults(Door::Offline);
            for evaluator in [Evaluator::Plan, Evaluator::Rvm, Evaluator::Interpreter] {
                let mut settings = EngineSettings::offline();
                settings.evaluator = evaluator;
                let mut engine = Engine::new(catalog.clone(), settings);
                group.bench_function(format!("{kind}: facts and rules, {name}, {evaluator:?}"), |b| {
                    b.iter(|| {
                        let facts = Facts::new(&object, None, &request, context);
                        black_box(engine.evaluate(&facts, &rules))
                    });
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, cold, hot);
criterion_main!(benches);
