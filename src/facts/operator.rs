//! Custom resources of operators that run caches, as the pods they become: enough of a workload for the rules about memory. The
//! resource is written as the StatefulSet that its operator makes of it, that is judged as any other, and every path in the answer
//! is led back to the field it comes from. What an operator adds of its own (probes, scripts, exporters) is not in it.
//!
//! Sources: spotahome/redis-operator `api/redisfailover/v1/types.go`, OT-CONTAINER-KIT/redis-operator `internal/k8sutils`,
//! dragonflydb/dragonfly-operator `api/v1alpha1`, valkey-io/valkey-operator `api/v1alpha1`.

use super::Context;
use crate::objects::{GroupKind, Object};
use crate::place::{Path, Step};
use crate::value::{Lookup, Value, array, object};

/// Where the pods of a workload have their containers.
const CONTAINERS: [&str; 4] = ["spec", "template", "spec", "containers"];

/// One server of a resource.
struct Server {
    /// The container that stands for it.
    container: Value,
    /// Where the resource speaks of it.
    base: Path,
    resources: Path,
    image: Path,
    /// Where each argument comes from.
    args: Vec<Path>,
    /// The ConfigMap that it includes.
    config: Option<String>,
}

/// The StatefulSet that stands for a resource, and the way back from its paths; `None` for every other kind.
pub(super) struct Stand {
    pub(super) object: Object,
    servers: Vec<Server>,
}

/// A server being described.
struct Draft<'a> {
    name: &'a str,
    image: Option<&'a str>,
    base: Path,
    resources: Path,
    args: Vec<(String, Path)>,
    config: Option<String>,
}

impl Stand {
    /// The stand-in of a known custom resource whose memory can be judged.
    pub(super) fn of(resource: &Object, context: &Context<'_>) -> Option<Self> {
        let GroupKind { group, kind } = resource.group_kind();
        let spec = resource.value.at("spec");
        let drafts = match (group, kind) {
            ("databases.spotahome.com", "RedisFailover") => vec![spotahome(spec)],
            ("redis.redis.opstreelabs.in", "Redis" | "RedisReplication") => opstree(resource, &["redis"], context),
            ("redis.redis.opstreelabs.in", "RedisCluster") => opstree(resource, &["redisLeader", "redisFollower"], context),
            ("dragonflydb.io", "Dragonfly") => vec![dragonfly(spec)],
            ("valkey.io", "ValkeyCluster") => vec![valkey(spec)],
            _ => return None,
        };
        let servers: Vec<Server> = drafts.into_iter().map(|draft| draft.server(&resource.value)).collect();
        let volumes = servers.iter().filter_map(|server| server.config.as_deref());
        let volumes = volumes.map(|name| object([("name", Value::from(name)), ("configMap", object([("name", Value::from(name))]))]));
        let pod = object([("containers", array(servers.iter().map(|server| server.container.clone()))), ("volumes", array(volumes))]);
        let replicas = ["size", "clusterSize", "replicas"].iter().map(|key| spec.at(key)).chain([spec.dig(&["redis", "replicas"])]);
        let replicas = replicas.into_iter().find(|replicas| replicas.int().is_some()).cloned().unwrap_or(Value::Undefined);
        let metadata = object([
            ("name", Value::String(resource.identity.name.clone())),
            ("namespace", resource.value.dig(&["metadata", "namespace"]).clone()),
        ]);
        let set = object([
            ("apiVersion", Value::from("apps/v1")),
            ("kind", Value::from("StatefulSet")),
            ("metadata", metadata),
            ("spec", object([("replicas", replicas), ("template", object([("spec", pod)]))])),
        ]);
        let mut stand = Object::new(set, resource.origin.clone())?;
        stand.identity.namespace.clone_from(&resource.identity.namespace);
        (!servers.is_empty()).then_some(Self { object: stand, servers })
    }

    /// The `workload` document of the stand-in as that of the resource.
    pub(super) fn led_back(&self, document: &Value, kind: &Value) -> Value {
        match self.back(document) {
            led @ Value::Object(_) => {
                object(led.entries().map(|(key, value)| (key, if key == "kind" { kind.clone() } else { value.clone() })))
            }
            other => other,
        }
    }

    fn back(&self, value: &Value) -> Value {
        match value {
            Value::Object(_) => {
                let moved = self.path(value.at("path")).is_some_and(|(_, exact)| !exact);
                object(value.entries().map(|(key, child)| {
                    // Characters of an argument are not those of the field that it comes from.
                    let child = if key == "within" && moved { Value::Null } else { self.back(child) };
                    (key, child)
                }))
            }
            Value::Array(_) => match self.path(value) {
                Some((path, _)) => path.to_value(),
                None => array(value.items().iter().map(|item| self.back(item))),
            },
            _ => value.clone(),
        }
    }

    /// A path of the stand-in as one of the resource, and whether it is the same text.
    fn path(&self, value: &Value) -> Option<(Path, bool)> {
        let path = Path::from_value(value)?;
        let steps = path.steps();
        let template = Path::root().keys(&["spec", "template"]);
        if !steps.starts_with(template.steps()) {
            return None;
        }
        let spec = || (Path::root().child("spec"), false);
        let Some(rest) = steps.strip_prefix(Path::root().keys(&CONTAINERS).steps()) else { return Some(spec()) };
        let [Step::Index(nth), rest @ ..] = rest else { return Some(spec()) };
        let Some(server) = self.servers.get(*nth) else { return Some(spec()) };
        Some(match rest {
            [Step::Key(key), rest @ ..] if **key == *"resources" => (server.resources.steps().iter().chain(rest).cloned().collect(), true),
            [Step::Key(key), ..] if **key == *"image" => (server.image.clone(), true),
            [Step::Key(key), Step::Index(nth), ..] if **key == *"args" => (server.args.get(*nth).unwrap_or(&server.base).clone(), false),
            _ => (server.base.clone(), false),
        })
    }
}

impl Draft<'_> {
    fn server(self, resource: &Value) -> Server {
        let (words, args): (Vec<String>, Vec<Path>) = self.args.into_iter().unzip();
        let program = match self.name {
            "dragonfly" => "dragonfly",
            "valkey" => "valkey-server",
            _ => "redis-server",
        };
        let mounts =
            self.config.iter().map(|name| object([("name", Value::from(name.as_str())), ("mountPath", Value::from(CONFIG_FOLDER))]));
        let container = object([
            ("name", Value::from(self.name)),
            ("image", self.image.map_or(Value::Undefined, Value::from)),
            ("command", array([Value::from(program)])),
            ("args", array(words.iter().map(|word| Value::from(word.as_str())))),
            ("resources", resource.at_path(self.resources.steps()).clone()),
            ("volumeMounts", array(mounts)),
        ]);
        let image = self.base.child("image");
        Server { container, base: self.base, resources: self.resources, image, args, config: self.config }
    }
}

/// Where the operator of OT-CONTAINER-KIT mounts what a resource includes.
const CONFIG_FOLDER: &str = "/etc/redis/external.conf.d";

fn at(keys: &[&str]) -> Path {
    Path::root().keys(keys)
}

/// Lines of `CONFIG SET`, `maxmemory 3gb`, as arguments.
fn settings(lines: &Value, path: &Path) -> Vec<(String, Path)> {
    let lines = lines.items().iter().enumerate().filter_map(|(nth, line)| Some((path.child(nth), line.text()?.split_once(' ')?)));
    lines.flat_map(|(path, (name, value))| [(format!("--{name}"), path.clone()), (value.trim().to_owned(), path)]).collect()
}

fn spotahome(spec: &Value) -> Draft<'_> {
    let args = settings(spec.dig(&["redis", "customConfig"]), &at(&["spec", "redis", "customConfig"]));
    Draft {
        name: "redis",
        image: spec.dig(&["redis", "image"]).text().or(Some("redis:6.2.6-alpine")),
        base: at(&["spec", "redis"]),
        resources: at(&["spec", "redis", "resources"]),
        args,
        config: None,
    }
}

/// None where a percentage of the limit is the cap: `redis-operator-percent` judges that.
fn opstree<'a>(resource: &'a Object, sides: &[&'a str], context: &Context<'_>) -> Vec<Draft<'a>> {
    let spec = resource.value.at("spec");
    let percent = !spec.dig(&["redisConfig", "maxMemoryPercentOfLimit"]).is_absent();
    let mut drafts = Vec::new();
    for side in sides {
        let cluster = *side != "redis";
        let (base, own) = if cluster { (at(&["spec", side]), spec.at(side)) } else { (at(&["spec"]), spec) };
        let config = own.dig(&["redisConfig", "additionalRedisConfig"]).text();
        if percent && !config.is_some_and(|name| caps(resource, name, context)) {
            continue;
        }
        let mut args = Vec::new();
        if config.is_some() {
            args.push((format!("{CONFIG_FOLDER}/redis-additional.conf"), base.keys(&["redisConfig", "additionalRedisConfig"])));
        }
        args.extend(settings(spec.dig(&["redisConfig", "dynamicConfig"]), &at(&["spec", "redisConfig", "dynamicConfig"])));
        let resources = if cluster && !own.at("resources").is_absent() {
            base.child("resources")
        } else {
            at(&["spec", "kubernetesConfig", "resources"])
        };
        let image = spec.dig(&["kubernetesConfig", "image"]).text();
        drafts.push(Draft { name: side, image, base, resources, args, config: config.map(str::to_owned) });
    }
    drafts
}

/// Does a ConfigMap of the set say how much memory?
fn caps(resource: &Object, name: &str, context: &Context<'_>) -> bool {
    let map = context.set.get(GroupKind { group: "", kind: "ConfigMap" }, resource.namespace(), name);
    let text = map.as_ref().and_then(|map| map.value.dig(&["data", "redis-additional.conf"]).text());
    text.is_some_and(|text| text.lines().any(|line| line.trim_start().to_ascii_lowercase().starts_with("maxmemory ")))
}

fn dragonfly(spec: &Value) -> Draft<'_> {
    let args = spec.at("args").items().iter().enumerate();
    Draft {
        name: "dragonfly",
        image: spec.at("image").text().or(Some("docker.dragonflydb.io/dragonflydb/dragonfly:v1")),
        base: at(&["spec"]),
        resources: at(&["spec", "resources"]),
        args: args.filter_map(|(nth, word)| Some((word.text()?.to_owned(), at(&["spec", "args"]).child(nth)))).collect(),
        config: None,
    }
}

fn valkey(spec: &Value) -> Draft<'_> {
    let given = spec.at("valkeyConfig").entries().filter_map(|(name, value)| Some((name, value.text()?)));
    let args = given.flat_map(|(name, value)| {
        let path = at(&["spec", "valkeyConfig", name]);
        [(format!("--{name}"), path.clone()), (value.to_owned(), path)]
    });
    Draft {
        name: "valkey",
        image: spec.at("image").text().or(Some("valkey/valkey:8.0.1")),
        base: at(&["spec"]),
        resources: at(&["spec", "resources"]),
        args: args.collect(),
        config: None,
    }
}
