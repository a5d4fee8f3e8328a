//! How fast a manifest is read, by kind of text. The corpus is used where it is there, a generated manifest always.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark fails by panicking; criterion's macros document nothing")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kubelint::yaml::{Limits, read, read_json};

/// A StatefulSet of about 6 KB, as charts render it.
fn manifest() -> String {
    let container = |nth: usize| {
        format!(
            "      - name: server-{nth}\n        image: \"docker.io/library/redis:7.2.{nth}\"\n        imagePullPolicy: IfNotPresent\n        command: [\"redis-server\", \"/etc/redis/redis.conf\"]\n        ports:\n        - name: redis\n          containerPort: 6379\n        env:\n        - name: ALLOW_EMPTY_PASSWORD\n          value: \"yes\"\n        - name: POD_NAME\n          valueFrom:\n            fieldRef:\n              fieldPath: metadata.name\n        livenessProbe:\n          initialDelaySeconds: 30\n          periodSeconds: 5\n          exec:\n            command:\n            - sh\n            - -c\n            - /health/ping_liveness_local.sh 5\n        resources:\n          limits:\n            memory: 4Gi\n          requests: {{cpu: 500m, memory: 4Gi}}\n        volumeMounts:\n        - name: data\n          mountPath: /data\n"
        )
    };
    let containers: String = (0..7).map(container).collect();
    format!(
        "# Source: redis/templates/statefulset.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: store\n  namespace: prod\n  labels:\n    app.kubernetes.io/name: redis\n    app.kubernetes.io/managed-by: Helm\nspec:\n  serviceName: store-headless\n  replicas: 3\n  selector:\n    matchLabels: {{app.kubernetes.io/name: redis}}\n  template:\n    metadata:\n      labels: {{app.kubernetes.io/name: redis}}\n    spec:\n      containers:\n{containers}"
    )
}

fn corpus(folder: PathBuf, found: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            corpus(path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push_str("---\n");
            found.push_str(&fs::read_to_string(&path).unwrap());
            found.push('\n');
        }
    }
}

fn parse(criterion: &mut Criterion) {
    let limits = Limits::default();
    let manifest = manifest();
    let json = read(manifest.as_bytes(), &limits).documents.first().unwrap().value.to_json_str().unwrap();
    let mut charts = String::new();
    corpus(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/charts"), &mut charts);
    let mut group = criterion.benchmark_group("parse");
    for (name, text) in [("manifest", &manifest), ("charts", &charts), ("json-as-stream", &json)] {
        if text.is_empty() {
            continue;
        }
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| read(black_box(text.as_bytes()), &limits)));
    }
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("json", |bencher| bencher.iter(|| read_json(black_box(json.as_bytes()), &limits)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_secs(1)).measurement_time(std::time::Duration::from_secs(3));
    targets = parse
}
criterion_main!(benches);
