//! What runs in a container: from what it really starts first, from its image's name where that cannot be known.
//! All names are rows of `images`.

use super::images::{DATASTORES, IMAGES, Image, NOT_REDIS, NOT_SERVERS, REDIS_LIKE, ROUTERS};
use super::programs::{CLIENTS, PROGRAMS};
use super::run::Run;
use crate::value::{Lookup, Value};

/// An image's name, taken apart.
#[derive(Debug, Default)]
pub(super) struct Name {
    /// The repository without the registry.
    pub repository: String,
    owner: String,
    name: String,
}

impl Name {
    pub(super) fn parse(image: &str) -> Self {
        let image = image.split('@').next().unwrap_or_default();
        let (path, last) = image.rsplit_once('/').unwrap_or(("", image));
        let name = last.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let mut segments: Vec<_> = path.split('/').filter(|s| !s.is_empty()).collect();
        if segments.first().is_some_and(|s| s.contains(['.', ':']) || *s == "localhost") {
            segments.remove(0);
        }
        let owner = segments.last().map(|s| s.to_ascii_lowercase()).unwrap_or_default();
        segments.push(&name);
        Self { repository: segments.join("/").to_ascii_lowercase(), owner, name: name.clone() }
    }

    /// What is known of the image.
    pub(super) fn known(&self) -> Option<&'static Image> {
        if NOT_REDIS.iter().any(|not| self.repository.ends_with(not)) || self.role().is_some() {
            return None;
        }
        let fits = |i: &&Image| i.names.contains(&self.name.as_str()) && (i.owners.is_empty() || i.owners.contains(&self.owner.as_str()));
        IMAGES.iter().find(fits)
    }

    fn tokens(&self) -> impl Iterator<Item = &str> {
        self.name.split(['-', '_', '.'])
    }

    /// The role that a word of the name gives away.
    pub(super) fn role(&self) -> Option<&'static str> {
        let says = |word: &str| self.tokens().any(|t| t == word) || (word.len() > 4 && self.name.contains(word));
        NOT_SERVERS.iter().find(|(word, _)| says(word)).map(|(_, role)| *role)
    }

    /// A family that a word of the name is.
    pub(super) fn family(&self) -> Option<&'static str> {
        DATASTORES.iter().find(|family| self.tokens().any(|t| t == **family)).copied()
    }
}

/// Family and role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recognised {
    pub family: &'static str,
    pub role: &'static str,
}

/// How the container is placed in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duty {
    /// Runs to its end: an init container, or a container of a Job.
    pub ends: bool,
}

/// What runs in a container; `None` for software that is not known.
pub(super) fn recognise(container: &Value, name: &Name, run: &Run, duty: Duty) -> Option<Recognised> {
    let image = name.known();
    let of = |family, role| Some(Recognised { family, role });
    let server = run.invocations.iter().rev().find(|i| !i.sentinel);
    if let Some(server) = server {
        // A script that the image brings starts what the image is for.
        let by_image = image.map_or("redis", |image| image.family);
        let family = PROGRAMS.iter().find(|(p, _)| *p == server.program).map_or(by_image, |(_, family)| *family);
        let both = |image: &&Image| REDIS_LIKE.contains(&image.family) && REDIS_LIKE.contains(&family);
        let family = match image {
            Some(image) if both(&image) || matches!(family, "jvm" | "nodejs") => image.family,
            _ => family,
        };
        if let (Some(role), "jvm" | "nodejs") = (name.role(), family) {
            return of(family, role);
        }
        return of(family, if duty.ends { "client" } else { "server" });
    }
    if run.invocations.iter().any(|i| i.sentinel) {
        return of(image.map(|i| i.family).or_else(|| name.family()).unwrap_or("redis"), if duty.ends { "client" } else { "sentinel" });
    }
    if let Some(role) = name.role() {
        return name.family().and_then(|family| of(family, role));
    }
    let hidden = run.lost.is_some() || run.opaque.iter().any(|(_, last)| *last) || (!run.opaque.is_empty() && run.invocations.is_empty());
    let hidden = hidden || names_a_server(container);
    if let Some(image) = image {
        let exporter = run.opaque.iter().any(|(program, _)| program.contains("exporter"));
        let role = match (duty.ends, hidden || !run.commanded) {
            _ if exporter => "exporter",
            _ if routes(container) => "client",
            (true, _) => "client",
            (_, true) => "server",
            _ => "client",
        };
        return of(image.family, role);
    }
    let Some(family) = name.family() else { return probed(container, duty, run) };
    let here = !duty.ends && (hidden || !run.commanded) && corroborated(container, family);
    here.then_some(Recognised { family, role: "server" })
}

/// Does the command line name a server, in a way that was not followed?
fn names_a_server(container: &Value) -> bool {
    let fields = ["command", "args"].iter().flat_map(|field| container.at(field).items()).filter_map(Lookup::text);
    let mut words = fields.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    words.any(|word| PROGRAMS.iter().any(|(program, family)| *program == word && REDIS_LIKE.contains(family)))
}

/// Is it a router of a sharded datastore?
fn routes(container: &Value) -> bool {
    let variables = container.at("env").items().iter();
    let mut pairs = variables.filter_map(|v| Some((v.at("name").text()?, v.at("value").text()?)));
    pairs.any(|pair| ROUTERS.contains(&pair))
}

/// A server that its own probes give away: they ping it with its client, at home, where a port of it is declared.
fn probed(container: &Value, duty: Duty, run: &Run) -> Option<Recognised> {
    let ports = container.at("ports").items();
    let declared = ports.iter().any(|p| p.at("containerPort").int() == Some(6379) || p.at("name").text().is_some_and(|n| n == "redis"));
    let hidden = !run.commanded || run.lost.is_some() || !run.opaque.is_empty();
    if duty.ends || !declared || !hidden {
        return None;
    }
    ["startupProbe", "readinessProbe", "livenessProbe"].iter().find_map(|probe| {
        let command = container.dig(&[probe, "exec", "command"]).items().iter().filter_map(Lookup::text);
        let text: String = command.flat_map(|word| [word, " "]).collect();
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '|' | '(' | ')')).collect();
        let (_, family) = CLIENTS.iter().find(|(client, _)| words.iter().any(|w| w.rsplit('/').next() == Some(client)))?;
        let elsewhere = words.iter().zip(words.iter().skip(1)).any(|(a, b)| *a == "-h" && !matches!(*b, "localhost" | "127.0.0.1" | "::1"));
        (!elsewhere && words.iter().any(|w| w.eq_ignore_ascii_case("ping"))).then_some(Recognised { family, role: "server" })
    })
}

/// Does something besides the image's name say that the server is here?
fn corroborated(container: &Value, family: &str) -> bool {
    if !REDIS_LIKE.contains(&family) {
        return false;
    }
    let ports = container.at("ports").items().iter().any(|p| p.at("containerPort").int() == Some(6379));
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    let probed = probes.iter().any(|p| container.dig(&[p, "tcpSocket", "port"]).int() == Some(6379));
    let data = |m: &Value| {
        m.at("mountPath").text().is_some_and(|p| p == "/data" || REDIS_LIKE.iter().any(|f| p.contains(&format!("/var/lib/{f}"))))
    };
    ports || probed || container.at("volumeMounts").items().iter().any(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_by_their_segments() {
        for (image, family, role) in [
            ("redis:7", Some("redis"), None),
            ("docker.io/bitnami/redis-cluster:8@sha256:0", Some("redis"), None),
            ("localhost:5000/valkey/valkey", Some("valkey"), None),
            ("oliver006/redis_exporter:v1", None, Some("exporter")),
            ("bitnami/redis-sentinel", None, Some("sentinel")),
            ("redislabs/redisinsight", None, Some("client")),
            ("mycorp/redis-consumer:1", None, None),
            ("mycorp/predis", None, None),
            ("redislabs/redis:7", None, None),
            ("apache/kvrocks", None, None),
            ("clickhouse/clickhouse-server", Some("clickhouse"), None),
        ] {
            let name = Name::parse(image);
            assert_eq!((name.known().map(|i| i.family), name.role()), (family, role), "{image}");
        }
    }
}
