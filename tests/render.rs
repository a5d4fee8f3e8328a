//! Charts and kustomizations from outside: the binary with renderers of the test's own on its PATH, and with the real kubectl.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

const STORE: &str = "apiVersion: v1
kind: Pod
metadata: {name: store, namespace: prod}
spec:
  containers:
    - name: store
      image: registry.example.com/store:1.2.3
      securityContext: {privileged: true}
";

const CHART: &str = "apiVersion: v2\nname: redis\nversion: 1.0.0\n";

/// A folder of files, with the programs of `bin/` as its whole PATH.
struct Folder(tempfile::TempDir);

struct Ran {
    code: i32,
    json: Json,
    err: String,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.0.path().join("bin")).unwrap();
        for (name, text) in files {
            let path = folder.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// Puts a program on the PATH that notes how it was called.
    fn program(self, name: &str, script: &str) -> Self {
        let (path, log) = (self.0.path().join("bin").join(name), self.0.path().join("called"));
        fs::write(&path, format!("#!/bin/sh\necho \"{name} $*\" >> '{}'\n{script}\n", log.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn called(&self) -> String {
        fs::read_to_string(self.0.path().join("called")).unwrap_or_default()
    }

    fn lint(&self, arguments: &[&str]) -> Ran {
        self.lint_with(self.0.path().join("bin").as_path(), arguments)
    }

    fn lint_with(&self, path: &Path, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubelint"));
        command.args(["lint", "--format", "json", "-v"]).args(arguments).current_dir(self.0.path()).env_clear();
        let out = command.env("PATH", path).env("HOME", self.0.path()).output().unwrap();
        let (text, err) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {err}"));
        Ran { code: out.status.code().unwrap(), json, err }
    }
}

impl Ran {
    /// The files with a privileged container.
    fn privileged(&self) -> Vec<String> {
        let all = self.json["findings"].as_array().unwrap().iter();
        let ours = all.filter(|finding| finding["rule"] == "privileged-container");
        ours.map(|finding| finding["location"]["file"].as_str().unwrap().to_owned()).collect()
    }

    fn skipped(&self, file: &str) -> String {
        let all = self.json["skipped"].as_array().unwrap().iter();
        let reasons = all.filter(|skipped| skipped["file"] == file).map(|skipped| skipped["reason"].as_str().unwrap().to_owned());
        reasons.collect::<Vec<_>>().join("\n")
    }
}

/// Prints a manifest, as Helm does.
fn prints(text: &str) -> String {
    format!("/bin/cat <<'END'\n---\n# Source: redis/templates/store.yaml\n{text}END\n")
}

#[test]
fn a_named_chart_is_rendered_with_the_flags_passed_on() {
    let folder = Folder::new(&[("charts/redis/Chart.yaml", CHART), ("my.yaml", "a: 1\n")]).program("helm", &prints(STORE));
    let ran = folder.lint(&[
        "charts/redis",
        "--helm-values",
        "my.yaml",
        "--helm-set",
        "a=b",
        "--helm-set",
        "c=d e",
        "--namespace",
        "prod",
        "--kube-version",
        "1.34",
        "--isolated",
    ]);
    assert_eq!(ran.privileged(), ["<rendered>/charts/redis"], "{}", ran.err);
    assert_eq!(ran.json["findings"][0]["location"]["source"], "redis/templates/store.yaml");
    assert_eq!(ran.code, 1);
    assert_eq!(
        folder.called(),
        "helm template --values my.yaml --set a=b --set c=d e --namespace prod --kube-version 1.34.0 -- redis charts/redis\n"
    );
    let folder = Folder::new(&[("Chart.yaml", CHART)]).program("helm", &prints(STORE));
    folder.lint(&[".", "--release-name", "mine"]);
    assert_eq!(folder.called(), "helm template -- mine .\n");
}

#[test]
fn the_configuration_of_a_rendered_directory_holds() {
    let off = "rules: {privileged-container: off}\n";
    let folder = Folder::new(&[("redis/Chart.yaml", CHART), ("redis/kubelint.yaml", off)]).program("helm", &prints(STORE));
    assert_eq!(folder.lint(&["redis"]).privileged(), [""; 0]);
}

#[test]
fn a_missing_renderer_is_trouble_with_the_way_around_it() {
    let folder = Folder::new(&[("redis/Chart.yaml", CHART), ("over/kustomization.yaml", "resources: [a.yaml]\n"), ("over/a.yaml", STORE)]);
    let ran = folder.lint(&["redis"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("`helm` is not on the PATH") && ran.err.contains("`helm template redis redis | kubelint lint -`"),
        "{}",
        ran.err
    );
    let ran = folder.lint(&["over"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`kubectl kustomize over | kubelint lint -`"), "{}", ran.err);
}

#[test]
fn a_renderer_that_fails_is_quoted() {
    let script = "echo 'half: done'; printf '\\033[31mError: no \\007values\\n' >&2; exit 3";
    let folder = Folder::new(&[("redis/Chart.yaml", CHART), ("a.yaml", STORE)]).program("helm", script);
    let ran = folder.lint(&["redis", "a.yaml"]);
    assert_eq!((ran.code, ran.privileged()), (2, vec!["a.yaml".to_owned()]), "the rest is linted");
    let message = ran.json["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("exit status: 3") && message.ends_with("[31mError: no values"), "{message:?}");
}

#[test]
fn time_and_output_are_bounded() {
    let folder = Folder::new(&[("redis/Chart.yaml", CHART)]).program("helm", "exec /bin/sleep 600");
    let ran = folder.lint(&["redis", "--render-timeout", "1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did not end within 1 s"), "{}", ran.err);
    let folder = Folder::new(&[("redis/Chart.yaml", CHART)]).program("helm", "while :; do echo 'a: b'; done");
    let ran = folder.lint(&["redis", "--max-file-size", "1000"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("more than 1000 bytes"), "{}", ran.err);
}

#[test]
fn a_walk_renders_charts_only_when_asked() {
    let folder = Folder::new(&[("charts/redis/Chart.yaml", CHART), ("a.yaml", STORE)]).program("helm", &prints(STORE));
    let ran = folder.lint(&["."]);
    assert_eq!(ran.privileged(), ["a.yaml"]);
    assert!(ran.skipped("charts/redis").contains("--render"), "{}", ran.json);
    assert_eq!(folder.lint(&[".", "--render"]).privileged(), ["<rendered>/charts/redis", "a.yaml"]);
}

/// A base, an overlay with a patch, and a manifest that nothing refers to.
const TREE: &[(&str, &str)] = &[
    ("base/kustomization.yaml", "resources: [store.yaml]\n"),
    ("base/store.yaml", STORE),
    ("prod/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n"),
    ("prod/patch.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: store, namespace: prod, labels: {a: b}}\n"),
    ("other.yaml", STORE),
];

#[test]
fn a_walk_renders_the_topmost_kustomization_in_place_of_its_files() {
    let folder = Folder::new(TREE).program("kustomize", &prints(STORE));
    let ran = folder.lint(&["."]);
    assert_eq!(ran.privileged(), ["<rendered>/prod", "other.yaml"], "{}", ran.err);
    assert!(ran.skipped("prod/patch.yaml").contains("a patch"), "{}", ran.json);
    assert_eq!(folder.called(), "kustomize build -- ./prod\n");
    assert_eq!(ran.code, 1);
}

#[test]
fn an_excluded_kustomization_is_left_out_of_walks() {
    let folder = Folder::new(TREE).program("kustomize", &prints(STORE));
    fs::write(folder.0.path().join("kubelint.yaml"), "exclude: ['prod/**']\n").unwrap();
    assert_eq!(folder.lint(&["."]).privileged(), ["other.yaml"]);
    assert_eq!(folder.lint(&["prod"]).privileged(), ["<rendered>/prod"], "named, it is linted");
    let broken = Folder::new(TREE).program("kustomize", "exit 3");
    fs::write(broken.0.path().join("kubelint.yaml"), "exclude: ['prod/**']\n").unwrap();
    let ran = broken.lint(&["."]);
    assert!(ran.code != 2 && ran.skipped("prod").contains("excluded"), "that it cannot be rendered is nobody's trouble: {}", ran.err);
    assert_eq!(broken.lint(&["prod"]).code, 2, "named, it is");
}

#[test]
fn a_walk_without_a_renderer_reads_the_files_and_says_so() {
    let ran = Folder::new(TREE).lint(&["."]);
    assert_eq!(ran.privileged(), ["base/store.yaml", "other.yaml"], "{}", ran.err);
    assert!(ran.skipped("prod").contains("neither `kustomize` nor `kubectl`"), "{}", ran.json);
    assert_eq!(ran.code, 1);
}

#[test]
fn a_walk_with_a_broken_kustomization_is_trouble_and_reads_the_files() {
    let ran = Folder::new(TREE).program("kustomize", "echo broken >&2; exit 1").lint(&["."]);
    assert_eq!((ran.code, ran.privileged()), (2, vec!["base/store.yaml".to_owned(), "other.yaml".to_owned()]));
    assert!(ran.err.contains("broken"), "{}", ran.err);
}

#[test]
fn the_real_kubectl_renders() {
    let found = std::env::var_os("PATH").and_then(|path| std::env::split_paths(&path).find(|folder| folder.join("kubectl").is_file()));
    let Some(path): Option<PathBuf> = found else {
        eprintln!("SKIPPED: there is no kubectl on the PATH");
        return;
    };
    let folder = Folder::new(TREE);
    assert_eq!(folder.lint_with(&path, &["prod"]).privileged(), ["<rendered>/prod"]);
    assert_eq!(folder.lint_with(&path, &["."]).privileged(), ["<rendered>/prod", "other.yaml"]);
    let broken = Folder::new(&[("kustomization.yaml", "resources: [absent.yaml]\n")]);
    let ran = broken.lint_with(&path, &["."]);
    assert!(ran.code == 2 && ran.err.contains("absent.yaml"), "{}", ran.err);
}

/// Rule, file and path of the findings of one family.
fn helm_findings(ran: &Ran) -> Vec<String> {
    let all = ran.json["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"].as_str().unwrap().starts_with("helm-"));
    let said = all.map(|finding| {
        let path: Vec<String> = finding["path"].as_array().unwrap().iter().map(|step| step.to_string().replace('"', "")).collect();
        let (rule, at) = (finding["rule"].as_str().unwrap(), &finding["location"]);
        format!("{rule} {}:{} {}", at["file"].as_str().unwrap(), at["start"]["line"], path.join("."))
    });
    said.collect()
}

#[test]
fn values_that_a_chart_does_not_know_are_found_in_their_file() {
    let values = "replica: {affinity: {}}\nimage: {tag: '1'}\n";
    let files = [
        ("redis/Chart.yaml", CHART),
        ("redis/values.yaml", values),
        ("redis/templates/a.yaml", "x: {{ .Values.image.tag }}\n"),
        ("my.yaml", "# mine\nimage: {tag: '2'}\naffinity: {a: b}\n"),
    ];
    let folder = Folder::new(&files).program("helm", &prints(STORE));
    let ran = folder.lint(&["redis", "--helm-values", "my.yaml", "--isolated"]);
    assert_eq!(helm_findings(&ran), ["helm-values-unknown-key my.yaml:3 affinity"], "{}", ran.err);
    let finding = ran.json["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "helm-values-unknown-key").unwrap();
    assert!(finding["message"].as_str().unwrap().contains("did you mean replica.affinity?"), "{finding}");
    assert_eq!(finding["object"]["kind"], "Values");
    assert_eq!(folder.called().lines().count(), 1, "nothing in it can differ, so it is rendered once");
}

#[test]
fn a_chart_yaml_without_a_lock_is_judged() {
    let head = format!("{CHART}dependencies:\n  - name: common\n    version: 2.x.x\n    repository: https://charts.example.com\n");
    let folder = Folder::new(&[("redis/Chart.yaml", &head)]).program("helm", &prints(STORE));
    let found = ["helm-chart-version-range redis/Chart.yaml:6 dependencies.0.version"];
    assert_eq!(helm_findings(&folder.lint(&["redis", "--isolated"])), found);
    fs::write(folder.0.path().join("redis/Chart.lock"), "dependencies: []\n").unwrap();
    assert_eq!(helm_findings(&folder.lint(&["redis", "--isolated"])), [""; 0]);
}

#[test]
fn a_chart_that_renders_to_something_else_each_time_is_told() {
    let set = |claim: &str, checksum: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: store}}\nspec:\n  serviceName: s\n  template:\n    metadata:\n      annotations:\n        checksum/secret: \"{checksum}\"\n    spec: {{containers: [{{name: a, image: a:1.0.0}}]}}\n  volumeClaimTemplates:\n  - metadata: {{name: data, labels: {{{claim}}}}}\n"
        )
    };
    let random = ("redis/templates/a.yaml", "p: {{ randAlphaNum 8 }}\n");
    let folder = Folder::new(&[("redis/Chart.yaml", CHART), random]).program("helm", &prints(&set("", "$$")).replace("'END'", "END"));
    let found = ["helm-template-volatile <rendered>/redis:11 spec.template.metadata.annotations.checksum/secret"];
    assert_eq!(helm_findings(&folder.lint(&["redis", "--isolated"])), found);
    assert_eq!(folder.called().lines().count(), 2);
    let chart = "helm.sh/chart: redis-1.0.0";
    let folder = Folder::new(&[("redis/Chart.yaml", CHART), random]).program("helm", &prints(&set(chart, "same")));
    let found = ["helm-template-volatile <rendered>/redis:14 spec.volumeClaimTemplates.0.metadata.labels.helm.sh/chart"];
    assert_eq!(helm_findings(&folder.lint(&["redis", "--isolated"])), found);
}
