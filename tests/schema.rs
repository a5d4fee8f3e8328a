//! `input.schema.errors` against a real API server: the objects of the rendered public charts, as they are and damaged, sent as dry
//! runs with strict field validation. `KUBELINT_SCHEMA_CASES` sets how many damaged ones;
//! `KUBELINT_SCHEMA_SILENT` prints what the server refuses when it validates and kubelint has nothing to say of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

#[path = "support/control_plane.rs"]
mod control_plane;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use control_plane::ControlPlane;
use kubelint::facts::schema;
use kubelint::objects::{Object, Origin, UnitSet};
use kubelint::value::{Lookup as _, Value};
use kubelint::yaml::{Limits, read};
use serde_json::{Value as Json, json};

/// An API server behind `kubectl proxy`, which speaks plain HTTP.
struct Server {
    proxy: Child,
    address: String,
    /// By apiVersion and kind: the path to POST to.
    paths: BTreeMap<(String, String), String>,
}

impl Server {
    fn of(plane: &ControlPlane) -> Self {
        let mut proxy = plane.kubectl_command().args(["proxy", "--port=0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(proxy.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        let mut server = Self { proxy, address, paths: BTreeMap::new() };
        let groups = server.ask("GET", "/apis", "").1;
        let versions = groups["groups"].as_array().unwrap().iter().flat_map(|group| group["versions"].as_array().unwrap());
        let mut versions: Vec<_> = versions.map(|version| version["groupVersion"].as_str().unwrap().to_owned()).collect();
        versions.push("v1".to_owned());
        for version in versions {
            let prefix = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
            let found = server.ask("GET", &prefix, "").1;
            for resource in found["resources"].as_array().unwrap().iter().filter(|r| !r["name"].as_str().unwrap().contains('/')) {
                let namespace = if resource["namespaced"] == json!(true) { "/namespaces/default" } else { "" };
                let path = format!("{prefix}{namespace}/{}?dryRun=All&fieldValidation=Strict", resource["name"].as_str().unwrap());
                server.paths.insert((version.clone(), resource["kind"].as_str().unwrap().to_owned()), path);
            }
        }
        server
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Json) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer[9..12].parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} {path}: {answer}")))
    }

    /// Status and message of a dry run that creates the object; `None` for a kind that is not served.
    fn create(&self, object: &Json) -> Option<(u16, String)> {
        let key = (object["apiVersion"].as_str()?.to_owned(), object["kind"].as_str()?.to_owned());
        let (status, answer) = self.ask("POST", self.paths.get(&key)?, &object.to_string());
        Some((status, answer["message"].as_str().unwrap_or_default().to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.proxy.kill().ok();
        self.proxy.wait().ok();
    }
}

/// What kubelint says: paths of unknown fields and wrong types; then of missing fields and refused values.
fn faults(object: &Json, definitions: &[Json]) -> (Vec<String>, Vec<String>) {
    let read = |json: &Json| Object::new(Value::from_json_str(&json.to_string()).unwrap(), Origin::Cluster);
    let Some(object) = read(object) else { return Default::default() };
    let definitions = UnitSet::new(definitions.iter().filter_map(read).map(Arc::new).collect(), false);
    let errors = schema::errors(&object, schema::LAST_MINOR, &definitions);
    let errors = errors.items().iter().map(|error| {
        (matches!(error.at("kind").text(), Some("missing" | "invalid-value")), format!("{} {}", error.at("path"), error.at("message")))
    });
    let (missing, shape): (Vec<_>, Vec<_>) = errors.partition(|(missing, _)| *missing);
    let text = |list: Vec<(bool, String)>| list.into_iter().map(|(_, text)| text).collect();
    (text(shape), text(missing))
}

/// Every object of the charts once, in the namespace `default`.
fn corpus() -> Vec<Json> {
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/charts");
    let Ok(charts) = fs::read_dir(charts) else { return Vec::new() };
    let folders = charts.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>());
    let rendered = files.filter(|path| path.extension().is_some_and(|e| e == "yaml") && !path.to_string_lossy().ends_with(".values.yaml"));
    let mut found = BTreeSet::new();
    for file in rendered {
        for document in read(&fs::read(file).unwrap(), &Limits::default()).documents {
            let mut object: Json = serde_json::from_str(&document.value.to_string()).unwrap();
            if object["metadata"].is_object() {
                if !object["metadata"]["namespace"].is_null() {
                    object["metadata"]["namespace"] = json!("default");
                }
                found.insert(object.to_string());
            }
        }
    }
    found.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// xorshift: the same cases every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (n as u64)).unwrap()
    }
}

/// The ways to all values below `spec`, `data`, `metadata` and the like; not to apiVersion, kind and the name itself.
fn ways(value: &Json, way: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Json)> = match value {
        Json::Object(map) => map.iter().map(|(key, child)| (key.replace('~', "~0").replace('/', "~1"), child)).collect(),
        Json::Array(items) => items.iter().enumerate().map(|(nth, child)| (nth.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let way = format!("{way}/{key}");
        if !matches!(way.as_str(), "/apiVersion" | "/kind" | "/metadata/name" | "/metadata/namespace" | "/metadata") {
            found.push(way.clone());
        }
        ways(child, &way, found);
    }
}

/// Damages one place. What was done, for the message.
fn damage(object: &mut Json, dice: &mut Dice) -> Option<String> {
    let mut all = Vec::new();
    ways(object, "", &mut all);
    let way = all.get(dice.below(all.len().max(1)))?.clone();
    let (parent, key) = way.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let values = [
        json!(1),
        json!("1"),
        json!(true),
        json!(1.5),
        json!([]),
        json!({}),
        json!(null),
        json!("1Gi"),
        json!(5_000_000_000_u64),
        json!([null]),
        json!(-1),
        json!("No name!"),
        json!("-1"),
        json!(""),
    ];
    let chosen = values[dice.below(values.len())].clone();
    let how = dice.below(5);
    let done = format!("{way} way {how} {chosen}");
    match object.pointer_mut(parent)? {
        Json::Object(map) => {
            let old = map.get(&key)?.clone();
            match how {
                0 => drop(map.remove(&key)),
                1 => drop(map.remove(&key).map(|old| map.insert(format!("{key}x"), old))),
                2 => drop(map.insert("additional".to_owned(), chosen)),
                3 if old.is_array() => drop(map.insert(key, json!({ "items": old }))),
                _ => drop(map.insert(key, chosen)),
            }
        }
        Json::Array(items) => items[key.parse::<usize>().unwrap()] = chosen,
        _ => return None,
    }
    Some(done)
}

#[derive(Default)]
struct Tally {
    agreed: usize,
    refused: usize,
    missing: usize,
    /// Refused when validated, and nothing said.
    silent: Vec<String>,
    different: Vec<String>,
}

impl Tally {
    fn compare(&mut self, object: &Json, status: u16, message: &str, what: &str) {
        let (shape, missing) = faults(object, &[]);
        // 400 is the decoder's answer; what it takes is validated, which answers 422, or admitted.
        let same = (status == 400) != shape.is_empty();
        let needless = !missing.is_empty() && (200..300).contains(&status);
        self.refused += usize::from(status == 400);
        self.missing += usize::from(!missing.is_empty() && !needless);
        if status == 422 && missing.is_empty() {
            self.silent.push(format!("{} {what}: {message}", object["kind"]));
        }
        if same && !needless {
            self.agreed += 1;
        } else {
            let who = format!("{} {}", object["apiVersion"], object["kind"]);
            self.different.push(format!("{who} {what}: server {status} {message}\n    kubelint {shape:?} {missing:?}"));
        }
    }

    fn report(&self, what: &str) {
        let Self { agreed, refused, missing, silent, different } = self;
        let total = agreed + different.len();
        let invalid = missing + silent.len();
        eprintln!(
            "{what}: {agreed} of {total} alike; {refused} refused when decoded; of {invalid} refused when validated {missing} foreseen"
        );
        if std::env::var_os("KUBELINT_SCHEMA_SILENT").is_some() {
            eprintln!("{}", silent.join("\n"));
        }
        assert!(
            different.is_empty(),
            "{} of {total} differ:\n{}",
            different.len(),
            different.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
        );
    }
}

#[test]
fn the_api_server_says_the_same() {
    let Some(plane) = ControlPlane::start() else { return };
    let corpus = corpus();
    if corpus.is_empty() {
        return eprintln!("\n*** SKIPPED: no ../shared/corpus/charts: no verdicts were compared with the API server.\n");
    }
    plane.wait_for_pods_allowed("default");
    let server = Server::of(&plane);
    let mut plain = Tally::default();
    let mut good = Vec::new();
    for object in &corpus {
        if let Some((status, message)) = server.create(object) {
            plain.compare(object, status, &message, "");
            if status < 300 {
                good.push(object);
            }
        }
    }
    assert!(good.len() > 500, "hardly any object of the corpus is admitted: {}", good.len());
    plain.report("charts as they are");

    let cases = std::env::var("KUBELINT_SCHEMA_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1500);
    let mut damaged = Tally::default();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..cases {
        let mut object = good[dice.below(good.len())].clone();
        if let Some(done) = damage(&mut object, &mut dice)
            && let Some((status, message)) = server.create(&object)
        {
            damaged.compare(&object, status, &message, &done);
        }
    }
    damaged.report("damaged objects");
}

const DEFINITION: &str = include_str!("fixtures/store-crd.json");
const STORE: &str = include_str!("fixtures/store.json");

/// For custom resources the server decodes leniently: a wrong type is refused by the schema, with 422 like a missing field.
#[test]
fn the_api_server_says_the_same_of_custom_resources() {
    let Some(plane) = ControlPlane::start() else { return };
    let applied = plane.apply(DEFINITION, &[]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    plane.kubectl_ok(["wait", "--for=condition=Established", "--timeout=60s", "crd/stores.example.com"]);
    let server = Server::of(&plane);
    let (definition, store): (Json, Json) = (serde_json::from_str(DEFINITION).unwrap(), serde_json::from_str(STORE).unwrap());
    // Established is not yet served everywhere.
    let served = (0..100).filter_map(|_| server.create(&store)).find(|(status, _)| *status == 201);
    assert!(served.is_some(), "the undamaged object is refused: {:?}", server.create(&store));

    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let (mut alike, mut refused, mut different) = (0, 0, BTreeSet::new());
    for _ in 0..1500 {
        let mut object = store.clone();
        let Some(done) = damage(&mut object, &mut dice) else { continue };
        let Some((status, message)) = server.create(&object) else { continue };
        // Only the text of a name, not the shape of the object.
        if message.contains("DNS-1035") {
            continue;
        }
        let (shape, missing) = faults(&object, std::slice::from_ref(&definition));
        refused += usize::from(status >= 400);
        if (status >= 400) == (!shape.is_empty() || !missing.is_empty()) {
            alike += 1;
        } else {
            different.insert(format!("{done}: server {status} {message}\n    kubelint {shape:?} {missing:?}"));
        }
    }
    eprintln!("custom resources: {alike} alike, {refused} of them refused");
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(alike > 300 && refused > 100);
}
