//! Which software runs in a pod's containers, and what caps its memory: the way from `command` and `args` through scripts, copied files,
//! mounted ConfigMaps and image entrypoints to the one directive that is in force.
//!
//! ```text
//!   env, args -> run (shell) -> servers started + files written -> effective (redis_conf) -> cap
//!                   ^                      |
//!      files <- ConfigMaps, Secrets        +-> recognise (images)
//! ```
//!
//! Knows nothing of rules, nor of a chart by name: what is known of images and programs is a table in `images`.

mod cap;
mod conf;
mod effective;
mod env;
mod files;
mod hollow;
mod images;
mod other;
mod probe;
mod programs;
mod recognise;
mod redis_conf;
mod run;
mod shell;
mod text;
mod units;
mod volumes;

use std::sync::Arc;

use crate::objects::{Object, ObjectSet};
use crate::place::Path;
use crate::value::{Lookup, Value, object};
use effective::{Loaded, load};
use env::Environment;
use files::Written;
use images::{DATASTORES, REDIS_LIKE};
use recognise::{Duty, Name, Recognised, recognise};
use run::{Run, run, view};
use volumes::Volumes;

/// A pod template, and what is needed to follow its containers.
#[derive(Clone, Copy)]
pub struct PodView<'a> {
    /// The object that carries the template.
    pub object: &'a Object,
    /// Where in the object the template is; empty for a Pod.
    pub pod_path: &'a Path,
    /// The template.
    pub template: &'a Value,
    /// Where ConfigMaps and Secrets come from.
    pub set: &'a dyn ObjectSet,
    /// The memory limit of each container, in bytes, in the order of [`analyse`]'s answer.
    pub limits: &'a [Option<u64>],
}

/// What is known of a container's software: parts of the rules' input document, `Null` where there is nothing to say.
#[derive(Debug, Clone)]
pub struct ContainerSoftware {
    /// `software`.
    pub software: Value,
    /// `memory_cap`; servers only.
    pub memory_cap: Value,
    /// `redis_conf`; servers of the Redis family only.
    pub redis_conf: Value,
    /// `probes.*.redis` of startup, readiness and liveness; servers of the Redis family only.
    pub redis_probes: [Value; 3],
    /// `probes.*.hollow` of startup, readiness and liveness.
    pub hollow_probes: [Value; 3],
    /// The family, for servers and helpers alike.
    pub family: Option<Arc<str>>,
    /// Is it a server?
    pub server: bool,
    /// Is it the server of a datastore?
    pub datastore: bool,
    /// Is it known to be a sentinel, an exporter, a client or another tool beside the server?
    pub helper: bool,
}

impl ContainerSoftware {
    /// Of a container about which nothing is known, but perhaps that it is a helper.
    pub(super) fn nothing(helper: bool) -> Self {
        Self {
            software: Value::Null,
            memory_cap: Value::Null,
            redis_conf: Value::Null,
            redis_probes: [Value::Null, Value::Null, Value::Null],
            hollow_probes: [Value::Null, Value::Null, Value::Null],
            family: None,
            server: false,
            datastore: false,
            helper,
        }
    }
}

/// The probes of a container, in the order of their facts.
const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

/// One container and what is known of it before it runs.
struct Subject<'a> {
    value: &'a Value,
    path: Path,
    name: Name,
    environment: Environment,
    duty: Duty,
    limit: Option<u64>,
}

/// The software of every container: `initContainers`, `containers`, `ephemeralContainers`, in this order.
pub fn analyse(pod: &PodView<'_>) -> Vec<ContainerSoftware> {
    let mut volumes = Volumes::read(pod);
    let subjects = subjects(pod, &mut volumes);
    for subject in &subjects {
        for text in cap::flag_variables(subject.environment.variables.iter()) {
            volumes.note(&text);
        }
        for field in ["command", "args"] {
            for (nth, word) in subject.value.at(field).items().iter().enumerate() {
                if let Some(word) = word.text() {
                    let at = env::source(subject.path.child(field).child(nth), format!("{field}[{nth}]"));
                    volumes.note(&text::Text::known(word, Some(text::At::new(&at, 0))));
                }
            }
        }
    }
    let mut shared = Written::new();
    let mut found = Vec::new();
    for subject in &subjects {
        let image = subject.name.known();
        let view = view(subject.value, image, &volumes);
        let mut run = run(subject.value, &subject.path, image, &subject.environment, &view, shared.clone());
        if subject.duty.ends {
            shared = std::mem::take(&mut run.files);
            shared.retain(|key, _| key.starts_with("volume "));
        }
        let hollow_probes = PROBES.map(|probe| hollow::facts(subject.value.at(probe), &view, &run));
        found.push(ContainerSoftware { hollow_probes, ..judge(pod, subject, &run, &view, &volumes) });
    }
    found
}

fn subjects<'a>(pod: &PodView<'a>, volumes: &mut Volumes) -> Vec<Subject<'a>> {
    let spec_path = pod.pod_path.child("spec");
    let spec = pod.template.at("spec");
    // A Pod that is not restarted, such as a chart's test, ends too.
    let job =
        matches!(&*pod.object.identity.kind, "Job" | "CronJob") || matches!(spec.at("restartPolicy").text(), Some("Never" | "OnFailure"));
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        for (nth, value) in spec.at(field).items().iter().enumerate() {
            let path = spec_path.child(field).child(nth);
            let limit = pod.limits.get(subjects.len()).copied().flatten();
            let environment = Environment::read(pod, value, &path, limit, volumes, subjects.last().map(|subject| &subject.environment));
            let sidecar = field == "initContainers" && value.at("restartPolicy").text() == Some("Always");
            let ends = (field == "initContainers" && !sidecar) || job;
            let name = Name::parse(value.at("image").text().unwrap_or_default());
            subjects.push(Subject { value, path, name, environment, duty: Duty { ends }, limit });
        }
    }
    subjects
}

fn judge(pod: &PodView<'_>, subject: &Subject<'_>, run: &Run, view: &files::View<'_>, volumes: &Volumes) -> ContainerSoftware {
    let helper = subject.name.role().is_some();
    let Some(recognised) = recognise(subject.value, &subject.name, run, subject.duty).or_else(|| other::runtime(subject, run)) else {
        return ContainerSoftware::nothing(helper);
    };
    let Recognised { family, role } = recognised;
    let server = role == "server";
    let redis = server && REDIS_LIKE.contains(&family);
    let servers = run.invocations.iter().filter(|i| !i.sentinel);
    let ends: Vec<_> = servers.clone().filter(|i| i.exec).chain(servers.clone().rfind(|i| !i.exec)).collect();
    let loads: Vec<Loaded> = if redis { ends.iter().map(|i| load(i, view)).collect() } else { Vec::new() };
    let facts = conf::facts(pod, subject, run, &loads, family);
    let memory_cap = match family {
        _ if !server => Value::Null,
        "dragonfly" => cap::judge_dragonfly(run, subject.limit, &other::dragonfly_variables(subject), &volumes.texts).to_value(),
        _ if redis => cap::judge(run, &loads, &volumes.texts).to_value(),
        _ => other::cap(family, subject, run, view).map_or(Value::Null, |cap| cap.to_value()),
    };
    let redis_family = server && (redis || family == "dragonfly");
    let redis_probes =
        PROBES.map(|kind| if redis_family { probe::facts(subject.value.at(kind), subject, view, run, kind) } else { Value::Null });
    ContainerSoftware {
        software: object([
            ("family", Value::from(family)),
            ("role", Value::from(role)),
            ("cluster", Value::from(facts.cluster)),
            ("sentinel", Value::from(role == "sentinel")),
            ("replication", Value::from(facts.replication)),
            ("persistence", Value::from(facts.persistence)),
            ("entrypoint", Value::from(!run.commanded || subject.value.at("command").items().is_empty())),
        ]),
        memory_cap,
        redis_conf: if redis { facts.conf } else { Value::Null },
        redis_probes,
        hollow_probes: [Value::Null, Value::Null, Value::Null],
        family: Some(family.into()),
        server,
        datastore: server && DATASTORES.contains(&family),
        helper: helper || !server,
    }
}
