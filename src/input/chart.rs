//! What a Helm chart makes of values: which keys it has, by its `values.yaml`, its schema, its templates and its subcharts; and
//! whether its templates can give another text each time. Reads files of a chart's directory; renders nothing.
//!
//! A key counts as known when in doubt: where a template takes a whole mapping, anything may be in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::config::nearest;
use crate::place::Path as Keys;
use crate::value::{Lookup, Value};
use crate::yaml::{Limits, read};

/// Bytes of one file of a chart that are read.
const MAX_BYTES: u64 = 4 << 20;

/// Files of one chart that are read.
const MAX_FILES: usize = 2_000;

/// Charts inside charts.
const MAX_DEPTH: usize = 6;

/// Functions whose result is another each time (<https://helm.sh/docs/chart_template_guide/function_list/>).
const VOLATILE: [&str; 14] = [
    "randAlphaNum",
    "randAlpha",
    "randNumeric",
    "randAscii",
    "randBytes",
    "randInt",
    "now",
    "uuidv4",
    "shuffle",
    "genPrivateKey",
    "genCA",
    "genSelfSignedCert",
    "genSignedCert",
    "htpasswd",
];

/// A key of values that a chart does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// The way to it.
    pub path: Keys,
    /// Where the chart has such a key, or one that is written nearly alike.
    pub near: Vec<String>,
}

/// A chart's directory, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chart {
    /// As its `Chart.yaml` says.
    pub name: String,
    /// Does a Chart.lock (or requirements.lock) pin its dependencies?
    pub locked: bool,
    /// Can two renderings differ?
    pub volatile: bool,
    /// Do its templates ask the cluster for what is there already (`lookup`)?
    pub looks_up: bool,
    known: Node,
}

/// What is known below a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    keys: BTreeMap<String, Self>,
    /// May anything else be there?
    open: bool,
}

impl Node {
    const OPEN: Self = Self { keys: BTreeMap::new(), open: true };

    fn at(&mut self, key: &str) -> &mut Self {
        self.keys.entry(key.to_owned()).or_default()
    }

    /// The keys of defaults. What has no keys of its own may be given any.
    fn defaults(&mut self, value: &Value) {
        let mut none = true;
        for (key, value) in value.entries() {
            none = false;
            self.at(key).defaults(value);
        }
        self.open |= none;
    }

    /// The properties of a JSON Schema.
    fn schema(&mut self, schema: &Value) {
        let refers = ["$ref", "allOf", "anyOf", "oneOf", "patternProperties"].iter().any(|key| !schema.at(key).is_absent());
        let any = match schema.at("additionalProperties") {
            Value::Object(_) => true,
            other => other.flag() == Some(true),
        };
        let mut none = true;
        for (key, schema) in schema.at("properties").entries() {
            none = false;
            self.at(key).schema(schema);
        }
        self.open |= none || refers || any;
    }

    /// A template takes what is there as a whole.
    fn taken(&mut self, path: &[String]) {
        let mut node = self;
        for key in path {
            node = node.at(key);
        }
        node.open = true;
    }

    fn unknown(&self, values: &Value, path: &Keys, root: &Self, found: &mut Vec<UnknownKey>) {
        for (key, value) in values.entries() {
            let here = path.child(key);
            match self.keys.get(key) {
                Some(node) if matches!(value, Value::Object(_)) => node.unknown(value, &here, root, found),
                Some(_) => {}
                None if key.starts_with(['.', '_']) || key.starts_with("x-") => {}
                None if self.open => {
                    let free = self.keys.keys().filter(|known| values.at(known).is_absent() && is_slip(known, key));
                    let near: Vec<String> = free.map(|known| dotted(&path.child(known.as_str()))).collect();
                    if !near.is_empty() {
                        found.push(UnknownKey { path: here, near });
                    }
                }
                None => {
                    let alike = nearest(key, self.keys.keys().map(String::as_str)).map(|near| dotted(&path.child(near)));
                    let mut near: Vec<String> = alike.into_iter().collect();
                    if near.is_empty() {
                        root.elsewhere(key, &Keys::root(), &mut near);
                    }
                    found.push(UnknownKey { path: here, near });
                }
            }
        }
    }

    /// Where else a key of this name is.
    fn elsewhere(&self, key: &str, path: &Keys, found: &mut Vec<String>) {
        for (name, node) in &self.keys {
            if found.len() >= 3 {
                return;
            }
            let here = path.child(name.as_str());
            if name == key {
                found.push(dotted(&here));
            } else {
                node.elsewhere(key, &here, found);
            }
        }
    }
}

fn dotted(path: &Keys) -> String {
    path.to_string()
}

/// Is one a slip of the other's keys: one letter more, less or other, or two in the wrong order?
fn is_slip(known: &str, given: &str) -> bool {
    let word = |text: &str| text.len() > 3 && text.chars().all(char::is_alphanumeric);
    word(known) && word(given) && strsim::osa_distance(known, given) == 1
}

impl Chart {
    /// Reads the chart in a directory; `None` without a `Chart.yaml` that can be read.
    pub fn read(directory: &Path) -> Option<Self> {
        Self::read_at(directory, 0)
    }

    fn read_at(directory: &Path, depth: usize) -> Option<Self> {
        let head = value(&directory.join("Chart.yaml"))?;
        let mut chart = Self {
            name: head.at("name").text().unwrap_or_default().to_owned(),
            locked: ["Chart.lock", "requirements.lock"].iter().any(|name| directory.join(name).is_file()),
            ..Self::default()
        };
        match value(&directory.join("values.yaml")) {
            Some(values) => chart.known.defaults(&values),
            None => chart.known.open = true,
        }
        if chart.known.keys.is_empty() {
            chart.known.open = true;
        }
        if let Some(schema) = text(&directory.join("values.schema.json")).and_then(|text| Value::from_json_str(&text).ok()) {
            let mut known = Node::default();
            known.schema(&schema);
            // A schema that leaves the rest to chance is no list of what is known.
            known.open = false;
            merge(&mut chart.known, known);
        }
        let mut left = MAX_FILES;
        chart.templates(&directory.join("templates"), &mut left, depth);
        chart.known.taken(&["global".to_owned()]);
        chart.known.taken(&["tags".to_owned()]);
        chart.dependencies(directory, &head, depth);
        Some(chart)
    }

    /// The keys of values that this chart does not know.
    pub fn unknown(&self, values: &Value) -> Vec<UnknownKey> {
        let mut found = Vec::new();
        self.known.unknown(values, &Keys::root(), &self.known, &mut found);
        found
    }

    fn templates(&mut self, directory: &Path, left: &mut usize, depth: usize) {
        for path in files(directory) {
            if *left == 0 {
                self.known.open = true;
                return;
            }
            *left -= 1;
            if path.is_dir() && !path.is_symlink() {
                if depth < MAX_DEPTH {
                    self.templates(&path, left, depth + 1);
                }
            } else if let Some(text) = text(&path) {
                self.template(&text);
            }
        }
    }

    fn template(&mut self, text: &str) {
        for reference in references(text) {
            match reference {
                Some(path) => self.known.taken(&path),
                None => self.known.open = true,
            }
        }
        self.volatile |= VOLATILE.iter().any(|name| has_word(text, name));
        self.looks_up |= has_word(text, "lookup");
    }

    /// Subcharts have their values below their name; those that are packed may take anything.
    fn dependencies(&mut self, directory: &Path, head: &Value, depth: usize) {
        let listed = head.at("dependencies").clone();
        let older = value(&directory.join("requirements.yaml")).map(|file| file.at("dependencies").clone()).unwrap_or(Value::Undefined);
        let mut inside: BTreeMap<String, Self> = BTreeMap::new();
        for path in files(&directory.join("charts")) {
            match Self::read_at(&path, depth + 1).filter(|_| depth < MAX_DEPTH && path.is_dir()) {
                Some(chart) => drop(inside.insert(chart.name.clone(), chart)),
                // A packed chart may be anything, a library of templates included.
                None => self.volatile = true,
            }
        }
        for dependency in listed.items().iter().chain(older.items()) {
            let name = dependency.at("name").text().unwrap_or_default();
            let key = dependency.at("alias").text().unwrap_or(name);
            for condition in dependency.at("condition").text().unwrap_or_default().split(',').map(str::trim).filter(|path| !path.is_empty())
            {
                self.known.taken(&condition.split('.').map(str::to_owned).collect::<Vec<_>>());
            }
            match inside.get(name) {
                Some(chart) => merge(self.known.at(key), chart.known.clone()),
                None => merge(self.known.at(key), Node::OPEN),
            }
        }
        for (name, chart) in inside {
            self.volatile |= chart.volatile;
            self.looks_up |= chart.looks_up;
            if !self.known.keys.contains_key(&name) {
                merge(self.known.at(&name), chart.known);
            }
        }
    }
}

fn merge(into: &mut Node, from: Node) {
    into.open |= from.open;
    for (key, node) in from.keys {
        merge(into.at(&key), node);
    }
}

/// What is in a directory, in the order of names.
fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn text(path: &Path) -> Option<String> {
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_BYTES);
    small.then(|| fs::read(path).ok()).flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn value(path: &Path) -> Option<Value> {
    let stream = read(text(path)?.as_bytes(), &Limits::default());
    stream.documents.into_iter().next().map(|document| document.value)
}

/// Each mention of values in a template: the path that is taken, or `None` for one that takes them all.
fn references(text: &str) -> Vec<Option<Vec<String>>> {
    const MARK: &str = ".Values";
    let mut found = Vec::new();
    for (at, _) in text.match_indices(MARK) {
        let mut rest = text.get(at + MARK.len()..).unwrap_or_default();
        if rest.starts_with(is_word) {
            continue;
        }
        let mut path = Vec::new();
        while let Some(name) = rest.strip_prefix('.').map(|rest| rest.split(|c| !is_word(c)).next().unwrap_or_default()) {
            if name.is_empty() {
                break;
            }
            path.push(name.to_owned());
            rest = rest.get(1 + name.len()..).unwrap_or_default();
        }
        // `index .Values "a" "b"`
        while let Some((name, behind)) = rest.trim_start_matches(' ').strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            path.push(name.to_owned());
            rest = behind;
        }
        found.push((!path.is_empty()).then_some(path));
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|text| text.chars().next());
        // `.Values.now` and `$now` are something else.
        !before.is_some_and(|c| is_word(c) || c == '.' || c == '$' || c == '-')
            && !behind.is_some_and(|c| is_word(c) || c == ':' || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(files: &[(&str, &str)]) -> Chart {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Chart::read(folder.path()).unwrap()
    }

    fn unknown(chart: &Chart, values: &str) -> Vec<(String, String)> {
        let stream = read(values.as_bytes(), &Limits::default());
        let found = chart.unknown(&stream.documents[0].value);
        found.into_iter().map(|key| (key.path.to_string(), key.near.join(" "))).collect()
    }

    const HEAD: (&str, &str) = ("Chart.yaml", "apiVersion: v2\nname: redis\nversion: 1.0.0\n");

    #[test]
    fn keys_that_nothing_reads_are_unknown() {
        let values =
            "master:\n  affinity: {}\n  persistence: {enabled: true, size: 8Gi}\nreplica: {affinity: {}}\nimage: {tag: '1'}\nlist: []\n";
        let chart = chart(&[HEAD, ("values.yaml", values), ("templates/a.yaml", "x: {{ .Values.extra.thing | default 1 }}\n")]);
        let pair = |path: &str, near: &str| (path.to_owned(), near.to_owned());
        for (given, wanted) in [
            ("affinity: {a: b}", vec![pair("affinity", "master.affinity replica.affinity")]),
            ("imgae: {tag: x}", vec![pair("imgae", "image")]),
            ("master: {persistence: {szie: 1Gi}}", vec![pair("master.persistence.szie", "master.persistence.size")]),
            ("master: {affinity: {any: thing}}\nlist: [1]\nextra: {thing: {a: 1}}\nglobal: {x: 1}\ntags: {a: true}\nx-common: {}", vec![]),
            ("extra: {other: 1}", vec![pair("extra.other", "")]),
        ] {
            assert_eq!(unknown(&chart, given), wanted, "{given}");
        }
    }

    #[test]
    fn what_a_template_takes_whole_may_hold_anything_but_a_slip() {
        let values = "resources: {limits: {memory: 1Gi}}\nlabels: {tier: cache}\n";
        let taken = "{{ toYaml .Values.resources }} {{ index .Values \"labels\" | toYaml }}";
        let chart = chart(&[HEAD, ("values.yaml", values), ("templates/sub/a.tpl", taken)]);
        assert_eq!(unknown(&chart, "resources: {claims: []}\nlabels: {team: x}\n"), []);
        assert_eq!(unknown(&chart, "resources: {limit: {}}\n"), [("resources.limit".to_owned(), "resources.limits".to_owned())]);
        for whole in ["{{ $v := .Values }}", "{{ toYaml .Values }}", "{{ include \"x\" (dict \"values\" .Values) }}"] {
            let chart = super::tests::chart(&[HEAD, ("values.yaml", values), ("templates/a.yaml", whole)]);
            assert_eq!(unknown(&chart, "anything: 1\n"), [], "{whole}");
        }
    }

    #[test]
    fn schemas_and_subcharts_know_keys_too() {
        let head = (
            "Chart.yaml",
            "apiVersion: v2\nname: app\ndependencies:\n- {name: redis, alias: cache, condition: cache.enabled}\n- {name: packed}\n",
        );
        let schema = r#"{"properties": {"fromSchema": {"properties": {"a": {}}, "additionalProperties": false}}}"#;
        let chart = chart(&[
            head,
            ("values.yaml", "own: 1\n"),
            ("values.schema.json", schema),
            ("charts/redis/Chart.yaml", "name: redis\n"),
            ("charts/redis/values.yaml", "auth: {enabled: true}\n"),
        ]);
        assert_eq!(
            unknown(&chart, "fromSchema: {a: 1}\ncache: {enabled: true, auth: {enabled: false}, global: {}}\npacked: {any: 1}\n"),
            []
        );
        let found: Vec<String> = unknown(&chart, "fromSchema: {b: 1}\ncache: {auht: {}}\n").into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, ["cache.auht", "fromSchema.b"]);
    }

    #[test]
    fn functions_that_give_another_result_each_time_are_seen() {
        for (template, volatile, looks_up) in [
            ("{{ randAlphaNum 8 }}", true, false),
            ("{{ now | date \"2006\" }}", true, false),
            ("now: {{ .Values.now }}\n", false, false),
            ("{{ lookup \"v1\" \"Secret\" \"a\" \"b\" }}", false, true),
            ("{{ $now := 1 }}", false, false),
        ] {
            let chart = chart(&[HEAD, ("values.yaml", "a: 1\n"), ("templates/a.yaml", template)]);
            assert_eq!((chart.volatile, chart.looks_up), (volatile, looks_up), "{template}");
        }
    }
}
