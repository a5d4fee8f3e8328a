//! Probes with the defaults of the API server applied, ports resolved, and a text by which equal checks are equal.
//! Must not know what the probed software is.

use std::fmt::Write as _;

use super::record::{Trail, record, word};
use crate::value::{Lookup, Value};

/// A container's ports, for resolving names.
#[derive(Debug, Default)]
pub(super) struct Ports<'a> {
    declared: Vec<(Option<&'a str>, Option<i64>)>,
}

impl<'a> Ports<'a> {
    pub(super) fn of(container: &'a Value) -> Self {
        let port = |port: &'a Value| (port.at("name").text(), port.at("containerPort").int());
        Self { declared: container.at("ports").items().iter().map(port).collect() }
    }

    fn named(&self, name: &str) -> Option<i64> {
        self.declared.iter().find(|(declared, _)| *declared == Some(name)).and_then(|(_, number)| *number)
    }

    fn declares(&self, number: i64) -> bool {
        self.declared.iter().any(|(_, declared)| *declared == Some(number))
    }
}

/// The port of a handler.
struct Port {
    /// The number, resolved through the container's port names.
    number: Option<i64>,
    /// As written.
    text: Option<String>,
    /// The name is found, or the number declared.
    known: Option<bool>,
}

impl Port {
    const NONE: Self = Self { number: None, text: None, known: None };

    /// The kubelet tries the name first, and then whether the text is a number.
    fn resolve(written: &Value, ports: &Ports<'_>) -> Self {
        if let Some(number) = written.int() {
            return Self { number: Some(number), text: Some(number.to_string()), known: Some(ports.declares(number)) };
        }
        let Some(name) = written.text() else { return Self::NONE };
        let (number, known) = match ports.named(name) {
            Some(number) => (Some(number), true),
            None => {
                let number = name.parse().ok();
                (number, number.is_some_and(|number| ports.declares(number)))
            }
        };
        Self { number, text: Some(name.to_owned()), known: Some(known) }
    }

    /// For the canonical text: a name that is not found stays a name.
    fn canonical(&self) -> String {
        match (self.number, &self.text) {
            (Some(number), _) => number.to_string(),
            (None, text) => text.clone().unwrap_or_default(),
        }
    }
}

/// What a probe does.
struct Handler {
    kind: Value,
    port: Port,
    http_path: Value,
    scheme: Value,
    host: Value,
    command: Value,
    canonical: String,
}

impl Handler {
    fn of(probe: &Value, ports: &Ports<'_>) -> Self {
        let present = |key| Some(probe.at(key)).filter(|handler| matches!(handler, Value::Object(_)));
        if let Some(exec) = present("exec") {
            return Self::exec(exec);
        }
        if let Some(get) = present("httpGet") {
            return Self::http(get, ports);
        }
        if let Some(tcp) = present("tcpSocket") {
            let (port, host) = (Port::resolve(tcp.at("port"), ports), text_or_null(tcp.at("host")));
            let canonical = format!("tcp {}:{}", host.text().unwrap_or_default(), port.canonical());
            return Self { port, host, ..Self::bare(word!("tcp"), canonical) };
        }
        if let Some(grpc) = present("grpc") {
            let port = Port::resolve(grpc.at("port"), ports);
            let canonical = format!("grpc :{}/{}", port.canonical(), grpc.at("service").text().unwrap_or_default());
            return Self { port, ..Self::bare(word!("grpc"), canonical) };
        }
        Self::bare(word!("none"), "none".to_owned())
    }

    const fn bare(kind: Value, canonical: String) -> Self {
        let (http_path, scheme, host, command) = (Value::Null, Value::Null, Value::Null, Value::Null);
        Self { kind, port: Port::NONE, http_path, scheme, host, command, canonical }
    }

    fn exec(exec: &Value) -> Self {
        let command = exec.at("command");
        let mut canonical = "exec".to_owned();
        for word in command.items() {
            match word.text() {
                Some(text) if !text.contains(['"', '\\', '\n', '\t']) => canonical.extend([" \"", text, "\""]),
                Some(text) => canonical.extend([" ", &format!("{text:?}")]),
                None => canonical.extend([" ", &word.to_string()]),
            }
        }
        let command = if matches!(command, Value::Array(_)) { command.clone() } else { Value::Null };
        Self { command, ..Self::bare(word!("exec"), canonical) }
    }

    fn http(get: &Value, ports: &Ports<'_>) -> Self {
        let port = Port::resolve(get.at("port"), ports);
        let host = text_or_null(get.at("host"));
        let scheme = if get.at("scheme").text() == Some("HTTPS") { word!("HTTPS") } else { word!("HTTP") };
        let path = match get.at("path") {
            Value::String(path) if !path.is_empty() => get.at("path").clone(),
            _ => word!("/"),
        };
        let mut canonical = String::with_capacity(48);
        let text = |value: &'_ Value| value.text().unwrap_or_default().to_owned();
        let slash = if text(&path).starts_with('/') { "" } else { "/" };
        let _ = write!(canonical, "http {}://{}:{}{slash}{}", text(&scheme), text(&host), port.canonical(), text(&path));
        let headers = get.at("httpHeaders").items().iter();
        let mut headers: Vec<_> = headers.map(|h| (text(h.at("name")).to_ascii_lowercase(), text(h.at("value")))).collect();
        headers.sort();
        for (name, value) in headers {
            let _ = write!(canonical, " {name}={value:?}");
        }
        Self { port, http_path: path, scheme, host, ..Self::bare(word!("http"), canonical) }
    }
}

/// What the knowledge of the container's software adds.
pub(super) struct OfSoftware<'a> {
    pub(super) redis: &'a Value,
    pub(super) hollow: &'a Value,
}

/// `probes.startup`, `.readiness` or `.liveness`: `Null` where `probe` is no map. Times default as in the API server, where 0
/// means unset (`SetDefaults_Probe`): delay 0, period 10, timeout 1, success 1, failures 3.
pub(super) fn facts(probe: &Value, path: &Trail, ports: &Ports<'_>, software: &OfSoftware<'_>) -> Value {
    if !matches!(probe, Value::Object(_)) {
        return Value::Null;
    }
    let number = |key, default| match probe.at(key) {
        Value::Null | Value::Undefined => Some(default),
        written => written.int().map(|written| if written == 0 { default } else { written }),
    };
    let (delay, period, failures) = (number("initialDelaySeconds", 0), number("periodSeconds", 10), number("failureThreshold", 3));
    let budget = || delay?.checked_add(period?.checked_mul(failures?)?);
    let handler = Handler::of(probe, ports);
    record! {
        "path": path,
        "kind": handler.kind,
        "initial_delay": delay,
        "period": period,
        "timeout": number("timeoutSeconds", 1),
        "success": number("successThreshold", 1),
        "failures": failures,
        "budget": budget(),
        "timeout_set": !probe.at("timeoutSeconds").is_absent() && probe.at("timeoutSeconds").int() != Some(0),
        "port": handler.port.number,
        "port_text": handler.port.text.as_deref(),
        "port_known": handler.port.known,
        "http_path": handler.http_path,
        "scheme": handler.scheme,
        "host": handler.host,
        "command": handler.command,
        "hollow": software.hollow,
        "handler": handler.canonical.as_str(),
        "redis": software.redis,
    }
}

/// A text that says something; an empty one is unset.
fn text_or_null(value: &Value) -> Value {
    if value.text().is_some_and(|text| !text.is_empty()) { value.clone() } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts_of(container: &str, field: &str) -> Value {
        let container = Value::from_json_str(container).unwrap();
        let none = OfSoftware { redis: &Value::Null, hollow: &Value::Null };
        facts(container.at(field), &Trail::default(), &Ports::of(&container), &none)
    }

    fn handler(probe: &str) -> String {
        let ports = r#"[{"name":"http","containerPort":8080},{"name":"a","containerPort":1},{"name":"b","containerPort":2}]"#;
        let container = format!(r#"{{"ports":{ports},"p":{probe}}}"#);
        facts_of(&container, "p").at("handler").text().unwrap().to_owned()
    }

    #[test]
    fn unset_and_zero_times_are_the_api_servers_defaults() {
        for (probe, expected) in [
            (r#"{"exec":{}}"#, [0, 10, 1, 1, 3, 30]),
            (r#"{"exec":{},"periodSeconds":0,"timeoutSeconds":0,"failureThreshold":0}"#, [0, 10, 1, 1, 3, 30]),
            (r#"{"exec":{},"initialDelaySeconds":5,"periodSeconds":2,"failureThreshold":30,"timeoutSeconds":4}"#, [5, 2, 4, 1, 30, 65]),
        ] {
            let facts = facts_of(&format!(r#"{{"p":{probe}}}"#), "p");
            let read = ["initial_delay", "period", "timeout", "success", "failures", "budget"].map(|key| facts.at(key).int());
            assert_eq!(read, expected.map(Some), "{probe}");
        }
        let odd = facts_of(r#"{"p":{"exec":{},"periodSeconds":"5"}}"#, "p");
        assert_eq!((odd.at("period"), odd.at("budget")), (&Value::Null, &Value::Null));
        let huge = facts_of(&format!(r#"{{"p":{{"periodSeconds":{0},"failureThreshold":{0}}}}}"#, i64::MAX), "p");
        assert_eq!(huge.at("budget"), &Value::Null);
    }

    #[test]
    fn equal_checks_have_equal_handlers_and_others_do_not() {
        for (a, b, equal) in [
            (r#"{"httpGet":{"path":"/health","port":"http"}}"#, r#"{"httpGet":{"path":"/health","port":8080}}"#, true),
            (r#"{"httpGet":{"path":"health","port":"8080","scheme":"HTTP"}}"#, r#"{"httpGet":{"path":"/health","port":8080}}"#, true),
            (r#"{"httpGet":{"port":"a"}}"#, r#"{"httpGet":{"path":"/","port":1}}"#, true),
            (r#"{"httpGet":{"port":"a"}}"#, r#"{"httpGet":{"port":"b"}}"#, false),
            (r#"{"httpGet":{"port":"x"}}"#, r#"{"httpGet":{"port":"y"}}"#, false),
            (r#"{"httpGet":{"port":1}}"#, r#"{"httpGet":{"port":1,"scheme":"HTTPS"}}"#, false),
            (r#"{"tcpSocket":{"port":1}}"#, r#"{"tcpSocket":{"port":"a"}}"#, true),
            (r#"{"tcpSocket":{"port":1}}"#, r#"{"grpc":{"port":1}}"#, false),
            (r#"{"exec":{"command":["a","b c"]}}"#, r#"{"exec":{"command":["a","b","c"]}}"#, false),
            (r#"{"exec":{"command":["a"]},"periodSeconds":3}"#, r#"{"exec":{"command":["a"]}}"#, true),
            (
                r#"{"httpGet":{"port":1,"httpHeaders":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}}"#,
                r#"{"httpGet":{"port":1,"httpHeaders":[{"name":"b","value":"2"},{"name":"a","value":"1"}]}}"#,
                true,
            ),
        ] {
            assert_eq!(handler(a) == handler(b), equal, "{a} and {b}: {} and {}", handler(a), handler(b));
        }
    }

    #[test]
    fn ports_are_resolved_as_the_kubelet_resolves_them() {
        for (port, number, text, known) in [
            ("\"http\"", Some(8080), "http", true),
            ("8080", Some(8080), "8080", true),
            ("9090", Some(9090), "9090", false),
            ("\"9090\"", Some(9090), "9090", false),
            ("\"nope\"", None, "nope", false),
        ] {
            let container = format!(r#"{{"ports":[{{"name":"http","containerPort":8080}}],"p":{{"tcpSocket":{{"port":{port}}}}}}}"#);
            let facts = facts_of(&container, "p");
            assert_eq!(facts.at("port").int(), number, "{port}");
            assert_eq!((facts.at("port_text").text(), facts.at("port_known").flag()), (Some(text), Some(known)), "{port}");
        }
        assert_eq!(facts_of(r#"{"p":{"exec":{"command":["x"]}}}"#, "p").at("port_known"), &Value::Null);
    }

    #[test]
    fn what_is_no_map_is_no_probe_and_a_map_without_handler_is_one() {
        for json in [r#"{"p":null}"#, "{}", r#"{"p":"x"}"#, r#"{"p":[]}"#] {
            assert_eq!(facts_of(json, "p"), Value::Null, "{json}");
        }
        assert_eq!(facts_of(r#"{"p":{}}"#, "p").at("kind").text(), Some("none"));
        assert_eq!(facts_of(r#"{"p":{"exec":{"command":"redis-cli ping"}}}"#, "p").at("command"), &Value::Null);
    }
}
