//! The `redis_conf` of the input document: the directives in force that rules ask about, and what follows from them.

use super::PodView;
use super::Subject;
use super::effective::{Loaded, Slot};
use super::images::REDIS_LIKE;
use super::run::Run;
use crate::value::{Lookup, Value, array, nullable, object};

/// Directives whose value is given as text; none of them holds a password.
const TEXTS: &[&str] = &[
    "appendonly",
    "dir",
    "protected-mode",
    "maxmemory-policy",
    "port",
    "appendfsync",
    "bind",
    "min-replicas-to-write",
    "min-slaves-to-write",
    "repl-diskless-sync",
    "repl-backlog-size",
    "lazyfree-lazy-eviction",
    "activedefrag",
    "tcp-keepalive",
    "timeout",
    "maxclients",
    "io-threads",
    "databases",
    "dbfilename",
    "stop-writes-on-bgsave-error",
    "replica-ignore-maxmemory",
    "cluster-announce-ip",
    "cluster-announce-hostname",
    "replica-announce-ip",
    "disable-thp",
    "tls-port",
    "unixsocket",
];

/// What is known.
pub(super) struct ConfFacts {
    pub conf: Value,
    pub cluster: bool,
    pub replication: &'static str,
    pub persistence: &'static str,
}

/// From what the servers loaded; the last one counts.
pub(super) fn facts(pod: &PodView<'_>, subject: &Subject<'_>, run: &Run, loads: &[Loaded], family: &str) -> ConfFacts {
    if !REDIS_LIKE.contains(&family) {
        return ConfFacts { conf: Value::Null, cluster: false, replication: "unknown", persistence: "unknown" };
    }
    let loaded = loads.last();
    let slot = |name: &str| loaded.and_then(|l| l.directives.get(name));
    let complete = run.lost.is_none() && loads.len() == 1 && loaded.is_some_and(|l| l.directives.hidden.is_none());
    let text = |name: &str| slot(name).as_ref().and_then(joined);
    let variable = |name: &str| subject.environment.variables.get(name).and_then(super::text::Text::plain);
    let env_yes = |names: &[&str]| names.iter().any(|n| variable(n).is_some());
    let cluster = text("cluster-enabled").is_some_and(|v| v.eq_ignore_ascii_case("yes"))
        || env_yes(&["REDIS_NODES", "VALKEY_NODES", "REDIS_CLUSTER_CREATOR", "VALKEY_CLUSTER_CREATOR"])
        || variable("SETUP_MODE").is_some_and(|v| v == "cluster");
    let persistence = persistence(loaded, run);
    let replica = slot("replicaof").filter(|s| s.doubt.is_none());
    let role =
        variable("REDIS_REPLICATION_MODE").or_else(|| variable("VALKEY_REPLICATION_MODE")).or_else(|| variable("KEYDB_REPLICATION_MODE"));
    let follows = role.is_some_and(|r| matches!(r.as_str(), "slave" | "replica"));
    let single = pod.object.value.dig(&["spec", "replicas"]).int().unwrap_or(1) <= 1;
    let replication =
        match (replica.is_some() || follows, complete && single && !env_yes(&["REDIS_REPLICATION_MODE", "VALKEY_REPLICATION_MODE"])) {
            (true, _) => "on",
            (_, true) => "off",
            _ => "unknown",
        };
    let is_set = |name: &str| slot(name).filter(|s| s.doubt.is_none()).map(|s| s.args != [Some(String::new())]);
    let set_or_hidden = |name: &str| match (is_set(name), complete) {
        (Some(set), _) => Value::from(set),
        (None, true) => Value::from(false),
        (None, false) => Value::Null,
    };
    let mut pairs: Vec<(String, Value)> = vec![
        ("persistence".into(), Value::from(persistence)),
        ("save".into(), nullable(text("save"))),
        ("cluster_enabled".into(), nullable(text("cluster-enabled"))),
        ("cluster_config_file".into(), nullable(text("cluster-config-file"))),
        ("requirepass_set".into(), set_or_hidden("requirepass")),
        ("aclfile_set".into(), set_or_hidden("aclfile")),
        ("replica_of".into(), nullable(replica.as_ref().map(|s| joined(s).unwrap_or_else(|| "(known at run time)".to_owned())))),
        ("listens".into(), nullable(listens(loaded.filter(|_| complete), cluster).map(array))),
        ("complete".into(), Value::from(complete)),
    ];
    pairs.extend(TEXTS.iter().map(|name| (name.replace('-', "_"), nullable(text(name)))));
    ConfFacts { conf: object(pairs), cluster, replication, persistence }
}

/// The ports it listens on; `None` where one is not known. The port of the cluster's bus is 10,000 above. [redis.conf: `port`, `tls-port`, `cluster-port`]
fn listens(loaded: Option<&Loaded>, cluster: bool) -> Option<Vec<i64>> {
    let loaded = loaded?;
    let mut ports = Vec::new();
    for (name, default) in [("port", 6379), ("tls-port", 0), ("cluster-port", 0)] {
        let port = match loaded.directives.get(name) {
            Some(slot) => joined(&slot)?.parse().ok()?,
            None => default,
        };
        if port != 0 {
            ports.push(port);
        }
    }
    if cluster {
        ports.extend(ports.first().map(|port| port + 10_000));
    }
    Some(ports)
}

/// The values in one text; `None` where one is not known.
fn joined(slot: &Slot) -> Option<String> {
    if slot.doubt.is_some() {
        return None;
    }
    slot.args.iter().cloned().collect::<Option<Vec<_>>>().map(|args| args.join(" "))
}

/// `save` is on where nothing sets it: `3600 1 300 100 60 10000` since 7.0, `900 1 300 10 60 10000` before.
fn persistence(loaded: Option<&Loaded>, run: &Run) -> &'static str {
    let Some(loaded) = loaded.filter(|_| run.lost.is_none()) else { return "unknown" };
    let slot = |name: &str| loaded.directives.get(name);
    let append = slot("appendonly");
    if append.as_ref().and_then(joined).is_some_and(|v| v.eq_ignore_ascii_case("yes")) {
        return "on";
    }
    let append_known = append.is_none_or(|s| s.doubt.is_none());
    match slot("save") {
        None => "on",
        Some(slot) if slot.doubt.is_some() => "unknown",
        Some(slot) if slot.args.iter().all(|a| a.as_deref() == Some("")) => {
            if append_known {
                "off"
            } else {
                "unknown"
            }
        }
        Some(_) => "on",
    }
}
