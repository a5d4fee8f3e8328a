//! What a user sees from outside: the binary in an empty folder with a bare environment.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

const STORE: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: store
  namespace: prod
spec:
  serviceName: store
  replicas: 3
  selector:
    matchLabels: {app: store}
  template:
    metadata:
      labels: {app: store}
    spec:
      containers:
        - name: store
          image: registry.example.com/store:1.2.3
          securityContext: {privileged: true}
";

/// `privileged-container` is an error of this object, wherever else rules may come and go.
const RULE: &str = "privileged-container";

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: prod}\ndata: {a: b}\n";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubelint"));
        command.args(arguments).current_dir(self.0.path()).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that does not read its standard input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A JSON lint: exit code, report.
    fn lint(&self, arguments: &[&str]) -> (i32, Json) {
        let ran = self.run(&[&["lint", "--format", "json"], arguments].concat());
        (ran.code, ran.json())
    }
}

/// Rule and line of each finding.
fn found(report: &Json) -> Vec<(String, u64)> {
    let finding = |f: &Json| (f["rule"].as_str().unwrap().to_owned(), f["location"]["start"]["line"].as_u64().unwrap());
    report["findings"].as_array().unwrap().iter().map(finding).collect()
}

fn has(report: &Json, rule: &str) -> bool {
    found(report).iter().any(|(found, _)| found == rule)
}

#[test]
fn the_exit_code_says_how_it_ended() {
    let folder = Folder::new(&[("bad.yaml", STORE), ("good.yaml", CONFIG_MAP), ("broken.yaml", "kind: [\n"), ("empty.yaml", "")]);
    for (arguments, code) in [
        (&["good.yaml"][..], 0),
        (&["bad.yaml"], 1),
        (&["lint", "--fail-on", "never", "bad.yaml"], 0),
        (&["lint", "--no-such-flag", "good.yaml"], 2),
        (&["absent.yaml"], 2),
        (&["bad.yaml", "absent.yaml"], 2),
        (&["broken.yaml"], 2),
        (&["empty.yaml"], 2),
        (&["lint", "--allow-nothing", "empty.yaml"], 0),
        (&["lint", "--allow-nothing", "broken.yaml"], 2),
        (&["explain", "no-such-rule-at-all"], 2),
        (&["serve"], 2),
        (&["serve", "--no-cluster"], 2),
        (&["--version"], 0),
        (&["help"], 0),
        (&[], 2),
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {} {}", ran.out, ran.err);
    }
}

#[test]
fn what_goes_wrong_is_said_on_stderr_and_the_report_stays_clean() {
    let folder = Folder::new(&[("values.yaml", "replicas: 3\n"), ("bad.yaml", STORE)]);
    let ran = folder.run(&["lint", "absent.yaml", "values.yaml"]);
    insta::assert_snapshot!(ran.err, @r"
    error: absent.yaml: cannot be read: No such file or directory (os error 2)
    error: values.yaml: skipped: Helm values, not manifests: lint what `helm template` renders with them
    ");
    assert_eq!(ran.out, "");
    let ran = folder.run(&["lnit"]);
    assert!(ran.err.contains("did you mean the command `lint`?"), "{}", ran.err);
    let ran = folder.run(&["serve"]);
    // Without the feature it names it; with it, it says how to serve without a cluster.
    let named = if cfg!(feature = "webhook") { "--no-cluster" } else { "webhook" };
    assert!(ran.err.contains(named), "{}", ran.err);
    let ran = folder.run(&["serve", "--no-cluster"]);
    assert!(ran.err.contains(if cfg!(feature = "webhook") { "--tls-cert" } else { "webhook" }), "{}", ran.err);
    let ran = folder.run(&["lint", "--format", "jsno", "bad.yaml"]);
    assert!(ran.err.contains("did you mean `json`?"), "{}", ran.err);
}

#[test]
fn a_finding_is_shown_with_its_line() {
    let folder = Folder::new(&[("kubelint.yaml", "rules: {}\n"), ("s.yaml", STORE)]);
    let ran = folder.run(&["lint", "s.yaml"]);
    let shown = ran.out.split("\n\n").find(|part| part.contains(RULE)).unwrap_or_else(|| panic!("{}", ran.out));
    assert!(
        shown.contains("s.yaml:18:") && shown.contains("18 |           securityContext: {privileged: true}") && shown.contains("^^^^"),
        "{shown}"
    );
    assert!(!ran.out.contains('\u{1b}'));
    assert!(folder.run(&["lint", "--color", "always", "s.yaml"]).out.contains('\u{1b}'));
    let forced = folder.command(&["lint", "s.yaml"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(forced.stdout.contains(&0x1b));
    let ran = folder.run(&["lint", "--format", "compact", "s.yaml"]);
    assert!(ran.out.lines().any(|line| line.starts_with("s.yaml:18:") && line.contains(": error privileged-container ")), "{}", ran.out);
}

#[test]
fn a_stream_has_a_name_and_a_configuration() {
    let folder = Folder::new(&[]);
    let ran = folder.run_with(&["lint", "--format", "json", "-"], STORE);
    assert_eq!((ran.code, ran.json()["findings"][0]["location"]["file"].as_str()), (1, Some("<stdin>")));
    folder.write("deep/kubelint.yaml", &format!("rules: {{{RULE}: off}}\n"));
    let ran = folder.run_with(&["lint", "--format", "json", "--stdin-filename", "deep/s.yaml", "-"], STORE);
    assert!(!has(&ran.json(), RULE) && ran.out.contains("\"deep/s.yaml\""), "{}", ran.out);
}

#[test]
fn the_nearest_configuration_holds_for_each_file() {
    let folder = Folder::new(&[
        ("kubelint.yaml", "exclude: ['vendor/**']\n"),
        ("a/s.yaml", STORE),
        ("b/kubelint.yaml", &format!("rules: {{{RULE}: {{severity: warning}}}}\n")),
        ("b/s.yaml", &STORE.replace("store", "other")),
        ("vendor/s.yaml", &STORE.replace("store", "third")),
    ]);
    let (_, report) = folder.lint(&["."]);
    let severities: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == RULE).map(|f| f["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["error", "warning"]);
    assert!(report["skipped"].as_array().unwrap().iter().any(|s| s["file"] == "vendor/s.yaml"), "{report}");
    let (code, report) = folder.lint(&["vendor/s.yaml"]);
    assert!(code == 1 && has(&report, RULE), "named files are read");
    let (_, report) = folder.lint(&["--force-exclude", "vendor/s.yaml", "a/s.yaml"]);
    assert!(report["skipped"][0]["file"] == "vendor/s.yaml", "{report}");
    folder.write("kubelint.yaml", "exclud: []\nrules: {pdb-mising: off}\n");
    let ran = folder.run(&["lint", "a/s.yaml"]);
    let errors: Vec<&str> = ran.err.lines().map(|line| line.rsplit_once("kubelint.yaml:").unwrap().1).collect();
    assert_eq!(
        (ran.code, errors),
        (2, vec!["1:1: unknown key `exclud`; did you mean `exclude`?", "2:21: unknown rule `pdb-mising`; did you mean `pdb-missing`?"])
    );
}

#[test]
fn suppressions_cover_what_they_stand_at() {
    let suppressed = |text: &str, more: &[&str]| {
        let folder = Folder::new(&[("s.yaml", text)]);
        let (_, report) = folder.lint(&[&["--show-suppressed", "s.yaml"], more].concat());
        let finding = report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == RULE).unwrap().clone();
        (
            finding["suppressed"]["by"].as_str().unwrap_or("").to_owned(),
            finding["suppressed"]["reason"].as_str().unwrap_or("").to_owned(),
            has(&report, "suppression-unused"),
        )
    };
    let here = |line: &str, text: &str| STORE.replacen(line, text, 1);
    let by = |by: &str, reason: &str, unused| (by.to_owned(), reason.to_owned(), unused);
    let comment = |rule: &str| format!("# kubelint: ignore[{rule}] because");
    let on = |line: &str, rule: &str| suppressed(&here(line, &format!("{line} {}", comment(rule))), &[]);
    assert_eq!(on("{privileged: true}", RULE), by("comment", "because", false));
    assert_eq!(on("kind: StatefulSet", RULE), by("comment", "because", false));
    assert_eq!(on("  name: store", RULE), by("comment", "because", false));
    assert_eq!(on("- name: store", RULE), by("comment", "because", false));
    assert_eq!(on("replicas: 3", RULE), by("", "", true));
    assert_eq!(on("{privileged: true}", "pdb-missing"), by("", "", true));
    let above = here("          securityContext", &format!("          {}\n          # and more\n          securityContext", comment(RULE)));
    assert_eq!(suppressed(&above, &[]), by("comment", "because", false));
    let bare = here("{privileged: true}", &format!("{{privileged: true}} # kubelint: ignore[{RULE}]"));
    assert_eq!(suppressed(&bare, &[]), by("comment", "", false));
    assert_eq!(suppressed(&bare, &["--require-reason"]), by("", "", true));
    let annotated = |text: &str| here("  namespace: prod", &format!("  namespace: prod\n  annotations: {{kubelint.dev/ignore: '{text}'}}"));
    assert_eq!(suppressed(&annotated(&format!("{RULE}@store: because")), &[]), by("annotation", "because", false));
    assert_eq!(suppressed(&annotated(&format!("{RULE}@other: because")), &[]), by("", "", true));
}

#[test]
fn a_comment_for_an_unknown_rule_is_met_with_a_suggestion() {
    let folder = Folder::new(&[("s.yaml", &CONFIG_MAP.replace("kind: ConfigMap", "kind: ConfigMap # kubelint: ignore[pdb-mising] x"))]);
    let (_, report) = folder.lint(&["s.yaml"]);
    assert!(report["findings"][0]["message"].as_str().unwrap().contains("did you mean `pdb-missing`?"), "{report}");
    assert_eq!(found(&report), [("suppression-unused".to_owned(), 2)]);
}

#[test]
fn a_baseline_forgives_what_was_there() {
    let folder = Folder::new(&[("s.yaml", STORE)]);
    assert_eq!(folder.run(&["lint", "--baseline", "b.json", "s.yaml"]).code, 2, "not there");
    assert_eq!(folder.run(&["lint", "--baseline", "b.json", "--write-baseline", "s.yaml"]).code, 0);
    folder.write("s.yaml", &format!("# moved\n{STORE}"));
    let (code, report) = folder.lint(&["--baseline", "b.json", "s.yaml"]);
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (0, 0));
    assert!(report["summary"]["suppressed"].as_u64().unwrap() > 0);
    folder.write("s.yaml", &STORE.replace("          securityContext: {privileged: true}\n", ""));
    folder.run(&["lint", "--baseline", "b.json", "--prune-baseline", "s.yaml"]);
    folder.write("s.yaml", STORE);
    let (code, report) = folder.lint(&["--baseline", "b.json", "s.yaml"]);
    assert!(code == 1 && has(&report, RULE), "{report}");
}

#[test]
fn several_formats_at_once_and_never_two_on_stdout() {
    let folder = Folder::new(&[("s.yaml", STORE)]);
    let ran = folder.run(&["lint", "--format", "json", "--output", "r.json", "--format", "compact", "s.yaml"]);
    assert!(ran.code == 1 && ran.out.contains("s.yaml:18:"), "{}", ran.err);
    let report: Json = serde_json::from_str(&fs::read_to_string(folder.path("r.json")).unwrap()).unwrap();
    assert!(has(&report, RULE));
    for arguments in [
        &["--format", "json", "--format", "text"][..],
        &["--output", "x", "--format", "text"],
        &["--format", "text", "--output", "x", "--output", "y"],
    ] {
        assert_eq!(folder.run(&[&["lint"], arguments, &["s.yaml"]].concat()).code, 2, "{arguments:?}");
    }
}

#[test]
fn the_order_of_arguments_and_the_number_of_threads_change_nothing() {
    let files: Vec<(String, String)> = (0..40).map(|n| (format!("f{n}.yaml"), STORE.replace("store", &format!("store-{n}")))).collect();
    let folder = Folder::new(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>());
    let mut names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let forward = folder.run(&[&["lint", "--format", "json"], &names[..]].concat()).out;
    names.reverse();
    assert_eq!(folder.run(&[&["lint", "--format", "json"], &names[..]].concat()).out, forward);
    let single = folder.command(&[&["lint", "--format", "json"], &names[..]].concat()).env("RAYON_NUM_THREADS", "1").output().unwrap();
    assert_eq!(String::from_utf8(single.stdout).unwrap(), forward);
}

#[test]
fn copies_of_an_object_are_units_of_their_own() {
    let twice = format!("{CONFIG_MAP}---\n{CONFIG_MAP}");
    let folder = Folder::new(&[("base/c.yaml", CONFIG_MAP), ("overlays/dev/c.yaml", CONFIG_MAP), ("twice.yaml", &twice)]);
    let (_, report) = folder.lint(&["base", "overlays"]);
    assert!(!has(&report, "duplicate-object"), "{report}");
    let (code, report) = folder.lint(&["twice.yaml"]);
    assert_eq!((code, found(&report)), (1, vec![("duplicate-object".to_owned(), 8)]));
}

#[test]
fn lists_are_taken_apart_and_heads_are_checked() {
    let folder = Folder::new(&[
        (
            "list.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - metadata: {name: a, labels: {x: yes}}\n",
        ),
        ("head.yaml", "APIVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("mixed.yaml", &format!("{CONFIG_MAP}---\na: 1\n")),
    ]);
    let (_, report) = folder.lint(&["list.yaml"]);
    assert_eq!(report["summary"]["objects"].as_u64(), Some(1));
    assert!(found(&report).contains(&("yaml-ambiguous-scalar".to_owned(), 7)), "{report}");
    let (code, report) = folder.lint(&["head.yaml"]);
    assert!(code == 2 && report["errors"][0]["message"].as_str().unwrap().contains("did you mean `apiVersion`"), "{report}");
    let (code, report) = folder.lint(&["mixed.yaml"]);
    assert_eq!((code, report["errors"][0]["location"]["start"]["line"].as_u64()), (2, Some(6)), "{report}");
}

#[test]
fn values_of_secrets_are_shown_nowhere() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, labels: {x: yes}}\nstringData: {k: hunter2, x: yes}\n";
    let folder = Folder::new(&[("s.yaml", secret), ("again.yaml", &format!("{secret}---\n{secret}"))]);
    for format in ["text", "json", "compact", "sarif", "junit", "github", "gitlab", "checkstyle", "html"] {
        let ran = folder.run(&["lint", "--format", format, "s.yaml", "again.yaml"]);
        assert!(ran.out.contains("yaml-ambiguous-scalar") && !ran.out.contains("hunter2"), "{}", ran.out);
    }
    assert!(folder.run(&["lint", "again.yaml"]).out.contains("<redacted>"));
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    for (name, rest) in [
        ("twice.yaml", "stringData: {p: LEAKfirst, p: second}\n"),
        ("bogus.yaml", "bogus: LEAK1\nstringData: {q: 1_000, bool: yes}\n"),
        ("alias.yaml", "stringData:\n  password: *LEAKalias\n"),
        ("tag.yaml", "stringData:\n  password: !LEAK x\n"),
        ("int.yaml", "stringData:\n  password: !!int LEAKtag\n"),
    ] {
        folder.write(name, &format!("{head}{rest}"));
        for args in [&["lint", "--format", "text", name][..], &["lint", "--format", "json", name], &["facts", name]] {
            let ran = folder.run(args);
            assert!(!format!("{}{}", ran.out, ran.err).contains("LEAK"), "{}{}", ran.out, ran.err);
            assert!(!format!("{}{}", ran.out, ran.err).contains("1_000"), "{}{}", ran.out, ran.err);
        }
    }
}

#[test]
fn the_commands_beside_lint_answer() {
    let folder = Folder::new(&[("s.yaml", STORE)]);
    let facts = folder.run(&["facts", "--format", "json", "s.yaml"]).json();
    assert_eq!(facts[0]["input"]["set"]["partial"], Json::Bool(false));
    assert_eq!(folder.run(&["facts", "--partial", "--format", "json", "s.yaml"]).json()[0]["input"]["set"]["partial"], Json::Bool(true));
    assert!(folder.run(&["rules", "--format", "json"]).json().as_array().unwrap().iter().any(|rule| rule["id"] == RULE));
    assert!(folder.run(&["rules"]).out.contains(RULE));
    assert!(folder.run(&["explain", RULE]).out.contains("# kubelint: ignore[privileged-container] why"));
    let explained = folder.run(&["explain", "pdb-missing"]).out;
    let snippet = explained.lines().find(|line| line.contains("params:")).unwrap_or_else(|| panic!("{explained}"));
    folder.write("kubelint.yaml", &format!("version: 1\nrules:\n{snippet}\n"));
    assert_eq!(folder.run(&["config", "show"]).code, 0, "{snippet}");
    assert!(snippet.contains("params: { min_replicas: 2 }"), "{snippet}");
    assert!(folder.run(&["explain", "privileged"]).err.contains("did you mean `privileged-container`?"));
    assert!(folder.run(&["config", "schema"]).json()["properties"]["rules"]["properties"][RULE].is_object());
    folder.write("kubelint.yaml", "exclude: [x]\n");
    assert!(folder.run(&["config", "show"]).out.contains("\"exclude\""));
    assert!(folder.run(&["man"]).out.contains(".TH kubelint"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(folder.run(&["completions", shell]).out.contains("kubelint"));
    }
}

#[test]
fn charts_and_kustomizations_are_never_passed_over_in_silence() {
    let folder = Folder::new(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
        ("chart/templates/s.yaml", "kind: {{ .Values.kind }}\n"),
        ("s.yaml", CONFIG_MAP),
    ]);
    let (code, report) = folder.lint(&["."]);
    assert_eq!((code, report["skipped"][0]["file"].as_str()), (0, Some("chart")));
    let (code, report) = folder.lint(&["--strict-input", "."]);
    assert_eq!((code, report["errors"].as_array().unwrap().len()), (2, 0));
    let ran = folder.run(&["lint", "chart"]);
    assert!(ran.code == 2 && ran.err.contains("helm template"), "{}", ran.err);
}

#[test]
fn what_is_not_shown_counts() {
    let folder = Folder::new(&[("s.yaml", STORE)]);
    let warned = |flags: &[&str]| folder.lint(&[&["--isolated", "--fail-on", "warning", "s.yaml"], flags].concat());
    let (_, all) = warned(&[]);
    let mild = all["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "error").count();
    assert!(mild > 0, "{all}");
    let (_, shown) = warned(&["--min-severity", "error"]);
    assert!(shown["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "error"), "{shown}");
    assert_eq!(shown["summary"], all["summary"]);
    // Without the errors, the warnings alone decide.
    folder.write("s.yaml", &STORE.replace("privileged: true", "runAsNonRoot: true"));
    let flags = ["lint", "--profile", "security", "--isolated", "--min-severity", "error", "s.yaml"];
    let ran = |more: &[&str]| folder.run(&[&flags[..], more].concat());
    let quiet = ran(&[]);
    assert_eq!(quiet.code, 0, "{} {}", quiet.out, quiet.err);
    assert!(quiet.err.contains("below --min-severity"), "{}", quiet.err);
    assert_eq!(ran(&["--fail-on", "info"]).code, 1);
}

#[test]
fn a_list_of_rules_in_an_annotation_is_told_its_form() {
    let text =
        STORE.replace("  namespace: prod", "  namespace: prod\n  annotations: {kubelint.dev/ignore: 'privileged-container, pdb-missing'}");
    let folder = Folder::new(&[("s.yaml", &text)]);
    let out = folder.run(&["lint", "--isolated", "--format", "compact", "s.yaml"]).out;
    assert!(out.contains("the lines `privileged-container: why` and `pdb-missing: why` below `kubelint.dev/ignore: |`"), "{out}");
}

#[test]
fn annotations_of_rendered_lines_point_at_the_template() {
    let template = "{{ if .Values.x }}\n          securityContext: {privileged: true}\n{{ end }}\n";
    let rendered = format!("---\n# Source: chart/templates/s.yaml\n{STORE}");
    let folder = Folder::new(&[("out.yaml", &rendered)]);
    let line = |format: &str| {
        let ran = folder.run(&["lint", "--format", format, "out.yaml"]);
        ran.out.lines().find(|line| line.contains(RULE) && !line.contains("helpUri")).unwrap_or_else(|| panic!("{}", ran.err)).to_owned()
    };
    assert!(line("github").starts_with("::error file=chart/templates/s.yaml,line=1,endLine=1,title=privileged-container::"));
    assert!(line("github").ends_with("(rendered: `securityContext: {privileged: true}`)"));
    folder.write("charts/chart/templates/s.yaml", template);
    assert!(line("github").starts_with("::error file=charts/chart/templates/s.yaml,line=2,endLine=2,"));
    assert!(line("gitlab").contains("\"path\":\"charts/chart/templates/s.yaml\",\"lines\":{\"begin\":2,\"end\":2}"));
    assert!(line("sarif").contains("\"uri\":\"charts/chart/templates/s.yaml\"") && line("sarif").contains("\"startLine\":2"));
}

#[test]
fn a_table_stands_in_for_findings() {
    let folder = Folder::new(&[("s.yaml", STORE)]);
    let ran = folder.run(&["lint", "--summary", "--format", "sarif", "--output", "r.sarif", "s.yaml"]);
    assert!(ran.code == 1 && ran.out.contains("| `privileged-container`") && ran.out.contains("\n1 object in 1 file\n"), "{}", ran.out);
    assert!(fs::read_to_string(folder.path("r.sarif")).unwrap().contains(RULE));
    assert_eq!(folder.run(&["lint", "--summary", "--format", "json", "s.yaml"]).code, 2, "two on the standard output");
}

/// A rule with a safe and an unsafe fix, and a fix that makes an object.
const MENDING: &str = r#"# METADATA
# title: The label is missing
# description: |
#   For tests.
# related_resources:
# - https://example.com/
# custom:
#   severity: warning
#   kinds: [ConfigMap]
#   fix: safe
#   since: 0.1.0
package kubelint.test_mending

import rego.v1

findings contains finding if {
	not input.object.metadata.labels.owner
	finding := {
		"path": ["metadata"],
		"message": "there is no owner",
		"fix": {"title": "name an owner", "safety": "safe", "edits": [{"object": null, "ops": [
			{"op": "add", "path": ["metadata", "labels"], "value": {"owner": "me"}},
		]}]},
	}
}

findings contains finding if {
	input.object.data.a != "mended"
	finding := {
		"path": ["data", "a"],
		"message": "not mended",
		"fix": {"title": "mend it", "safety": "unsafe", "edits": [{"object": null, "ops": [
			{"op": "replace", "path": ["data", "a"], "value": "mended"},
		]}]},
	}
}
"#;

const BROKEN: &str = "# head\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: conf # name\r\ndata: {a: 'b'}\r\n# tail";

fn mending(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(files);
    folder.write("rules/test_mending.rego", MENDING);
    folder
}

const WITH: [&str; 5] = ["--isolated", "--policies", "rules", "--format", "json"];

#[test]
fn fixes_are_written_and_nothing_else_changes() {
    let folder = mending(&[("c.yaml", BROKEN)]);
    let ran = folder.run(&[&["lint", "--fix"], &WITH[..], &["c.yaml"]].concat());
    let safe = BROKEN.replace("# name\r\n", "# name\r\n  labels:\r\n    owner: me\r\n");
    assert_eq!(fs::read_to_string(folder.path("c.yaml")).unwrap(), safe, "{}", ran.err);
    assert_eq!(found(&ran.json()).iter().filter(|(rule, _)| rule == "test-mending").count(), 1, "{}", ran.out);
    assert!(ran.err.contains("1 fix applied in 1 file") && ran.err.contains("1 fix more with --unsafe-fixes"), "{}", ran.err);
    let ran = folder.run(&[&["lint", "--fix", "--unsafe-fixes"], &WITH[..], &["c.yaml"]].concat());
    assert_eq!(fs::read_to_string(folder.path("c.yaml")).unwrap(), safe.replace("'b'", "'mended'"), "{}", ran.err);
    let again = folder.run(&[&["lint", "--fix", "--unsafe-fixes"], &WITH[..], &["c.yaml"]].concat());
    assert!(again.err.contains("0 fixes applied in 0 files"), "{}", again.err);
    assert_eq!(folder.run(&["lint", "--unsafe-fixes", "c.yaml"]).code, 2);
}

#[test]
fn a_diff_writes_nothing() {
    let folder = mending(&[("c.yaml", BROKEN)]);
    let ran = folder.run(&[&["lint", "--diff"], &WITH[..], &["c.yaml"]].concat());
    assert_eq!(fs::read_to_string(folder.path("c.yaml")).unwrap(), BROKEN);
    assert!(ran.out.contains("--- c.yaml\n+++ c.yaml\n@@ ") && ran.out.contains("\n+    owner: me\r\n"), "{}", ran.out);
    assert!(!ran.out.contains("mended"), "{}", ran.out);
}

#[test]
fn the_standard_input_is_fixed_onto_the_standard_output() {
    let folder = mending(&[]);
    let ran = folder.run_with(&[&["lint", "--fix"], &WITH[..], &["-"]].concat(), BROKEN);
    assert_eq!(ran.out, BROKEN.replace("# name\r\n", "# name\r\n  labels:\r\n    owner: me\r\n"), "{}", ran.err);
    assert!(ran.err.contains("not mended"), "{}", ran.err);
    let quiet = folder.run_with(&[&["lint", "--fix"], &WITH[..], &["-"]].concat(), &ran.out);
    assert_eq!(quiet.out, ran.out);
}

#[test]
fn what_is_suppressed_shared_or_rendered_is_left_alone() {
    let suppressed = BROKEN.replace("metadata:\r\n", "metadata: # kubelint: ignore[test-mending] for a reason\r\n");
    let rendered = BROKEN.replace("# head", "---\r\n# Source: chart/templates/c.yaml");
    let shared = "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: x}\ndata: {b: *m}\n";
    let folder = mending(&[("suppressed.yaml", &suppressed), ("rendered.yaml", &rendered), ("shared.yaml", shared)]);
    let ran = folder.run(&[&["lint", "--fix"], &WITH[..], &["suppressed.yaml", "rendered.yaml", "shared.yaml"]].concat());
    for (name, text) in [("suppressed.yaml", suppressed.as_str()), ("rendered.yaml", &rendered), ("shared.yaml", shared)] {
        assert_eq!(fs::read_to_string(folder.path(name)).unwrap(), text, "{name}: {}", ran.err);
    }
    assert!(ran.err.contains("rendered from chart/templates/c.yaml"), "{}", ran.err);
    assert!(ran.err.contains("shared.yaml:3: test-mending: the fix `name an owner` was not applied: the text around"), "{}", ran.err);
    assert!(!ran.err.contains("suppressed.yaml:"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn links_and_modes_stay_and_read_only_files_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = mending(&[("real.yaml", BROKEN), ("locked/locked.yaml", BROKEN)]);
    let mode = |name: &str| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    let set = |name: &str, mode| fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    set("real.yaml", 0o640);
    std::os::unix::fs::symlink("real.yaml", folder.path("link.yaml")).unwrap();
    let ran = folder.run(&[&["lint", "--fix"], &WITH[..], &["link.yaml"]].concat());
    assert!(fs::symlink_metadata(folder.path("link.yaml")).unwrap().is_symlink(), "{}", ran.err);
    assert!(fs::read_to_string(folder.path("real.yaml")).unwrap().contains("owner: me"), "{}", ran.err);
    assert_eq!(mode("real.yaml"), 0o640);
    set("locked/locked.yaml", 0o444);
    let ran = folder.run(&[&["lint", "--fix"], &WITH[..], &["locked/locked.yaml"]].concat());
    assert_eq!((ran.code, fs::read_to_string(folder.path("locked/locked.yaml")).unwrap().as_str()), (2, BROKEN), "{}", ran.err);
    assert!(ran.err.contains("read-only"), "{}", ran.err);
}

/// A cache with a password wherever people put one, and something to fix.
const TALKATIVE: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: prod}
spec:
  serviceName: store
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
        - name: store
          image: redis:7.2.4
          args: [--requirepass, hunter2, --maxmemory, 1gb]
          env: [{name: APP_TOKEN, value: hunter2}]
          readinessProbe: {exec: {command: [sh, -c, 'redis-cli -a hunter2 ping | grep PONG']}, timeoutSeconds: 1}
          resources: {limits: {memory: 1Gi}}
---
apiVersion: v1
kind: Secret
metadata: {name: store, namespace: prod}
stringData: {password: hunter2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: store, namespace: prod}
data:
  redis.conf: |
    requirepass hunter2
    maxmemory 1gb
";

#[test]
fn no_output_shows_a_secret() {
    let folder = Folder::new(&[("s.yaml", TALKATIVE)]);
    for format in ["text", "compact", "json", "sarif", "junit", "github", "gitlab", "checkstyle", "html", "summary"] {
        let ran = folder.run(&["lint", "--isolated", "--format", format, "s.yaml"]);
        assert!(ran.code == 1 && !ran.out.is_empty() && !ran.out.contains("hunter2"), "{format}: {}", ran.out);
    }
    for arguments in [&["facts", "s.yaml"][..], &["facts", "--format", "json", "s.yaml"], &["explain-memory", "s.yaml"]] {
        let ran = folder.run(arguments);
        assert!(ran.code == 0 && !ran.out.contains("hunter2"), "{arguments:?}: {} {}", ran.out, ran.err);
    }
    let ran = folder.run(&["lint", "--isolated", "--diff", "--unsafe-fixes", "s.yaml"]);
    assert!(ran.out.contains("@@") && ran.out.contains("<redacted>") && !ran.out.contains("hunter2"), "{} {}", ran.out, ran.err);
    assert_eq!(fs::read_to_string(folder.path("s.yaml")).unwrap(), TALKATIVE);
}

#[test]
fn sarif_has_the_changes_that_fix_would_make() {
    let folder =
        Folder::new(&[("s.yaml", &STORE.replace("{privileged: true}", "{privileged: true, allowPrivilegeEscalation: true} # kept"))]);
    let ran = folder.run(&["lint", "--isolated", "--format", "sarif", "s.yaml"]);
    let results = ran.json()["runs"][0]["results"].as_array().unwrap().clone();
    let fixed: Vec<&Json> = results.iter().filter(|result| result["fixes"].is_array()).collect();
    assert!(!fixed.is_empty(), "{}", ran.out);
    for result in fixed {
        // What the log says, done to the text.
        let text = fs::read_to_string(folder.path("s.yaml")).unwrap();
        let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let change = &result["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "s.yaml");
        let mut after = text.clone();
        for replacement in change["replacements"].as_array().unwrap().iter().rev() {
            let region = &replacement["deletedRegion"];
            let at = |line: &str, column: &str| {
                starts[region[line].as_u64().unwrap() as usize - 1] + region[column].as_u64().unwrap() as usize - 1
            };
            let range = at("startLine", "startColumn")..at("endLine", "endColumn");
            after.replace_range(range, replacement["insertedContent"]["text"].as_str().unwrap());
        }
        assert!(after != text && after.contains("# kept"), "{result}");
        let other = Folder::new(&[("s.yaml", &after)]);
        let again = other.run(&["lint", "--isolated", "--format", "sarif", "s.yaml"]);
        let left = again.json()["runs"][0]["results"].as_array().unwrap().clone();
        let print = |result: &Json| result["partialFingerprints"]["kubelint/v1"].clone();
        assert!(left.iter().all(|other| print(other) != print(result)), "{result} is still found in {after}");
    }
}

#[test]
fn annotations_for_other_linters_count_where_it_is_said() {
    let text = STORE.replace(
        "  name: store\n  namespace",
        "  name: store\n  annotations: {ignore-check.kube-linter.io/privileged-container: the host's}\n  namespace",
    );
    let folder = Folder::new(&[("s.yaml", &text)]);
    let by = |arguments: &[&str]| {
        let (_, report) = folder.lint(&[&["--show-suppressed", "s.yaml"], arguments].concat());
        let finding = report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == RULE).unwrap().clone();
        (finding["suppressed"]["by"].as_str().unwrap_or("").to_owned(), finding["suppressed"]["reason"].as_str().unwrap_or("").to_owned())
    };
    let honored = ("kube-linter annotation".to_owned(), "the host's".to_owned());
    assert_eq!(by(&[]), Default::default());
    assert_eq!(by(&["--honor-peer-annotations"]), honored);
    folder.write("kubelint.yaml", "honorPeerAnnotations: true\n");
    assert_eq!(by(&[]), honored);
    folder.write("kubelint.yaml", "honorPeerAnnotation: true\n");
    let ran = folder.run(&["lint", "s.yaml"]);
    assert!(ran.code == 2 && ran.err.contains("did you mean `honorPeerAnnotations`?"), "{}", ran.err);
}

#[test]
fn a_profile_is_where_the_configuration_starts_from() {
    let folder = Folder::new(&[("s.yaml", STORE)]);
    let rules = |arguments: &[&str]| {
        found(&folder.lint(&[&["s.yaml"], arguments].concat()).1).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    let has = |rules: &[String], rule: &str| rules.iter().any(|found| found == rule);
    let security = rules(&["--profile", "security"]);
    assert!(has(&security, RULE) && !has(&security, "pdb-missing"), "{security:?}");
    let stateful = rules(&["--profile", "stateful"]);
    assert!(!has(&stateful, RULE) && has(&stateful, "pdb-missing"), "{stateful:?}");
    folder.write("kubelint.yaml", &format!("profile: stateful\nrules: {{{RULE}: info, pdb-missing: off}}\n"));
    let configured = rules(&[]);
    assert!(has(&configured, RULE) && !has(&configured, "pdb-missing") && has(&configured, "probe-startup-missing"), "{configured:?}");
    assert!(!has(&rules(&["--profile", "security"]), "probe-startup-missing"), "the flag beats the file");
    folder.write("kubelint.yaml", "profile: statefull\n");
    let ran = folder.run(&["lint", "s.yaml"]);
    assert!(ran.code == 2 && ran.err.contains("stateful"), "{}", ran.err);
    let listed = |profile: &str| folder.run(&["rules", "--profile", profile]).out.lines().count();
    assert!(
        listed("security") < listed("stateful") && listed("stateful") < listed("recommended") && listed("recommended") < listed("strict")
    );
}
