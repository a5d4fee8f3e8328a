//! `--base` and `--previous` from outside: the binary in git repositories of the test's own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
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
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 10Gi}}
";

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: prod}\ndata: {a: b}\n";

/// The rule that only speaks of what was something else before.
const RULE: &str = "sts-immutable-field-change";

struct Repository(tempfile::TempDir);

struct Ran {
    code: i32,
    json: Json,
    err: String,
}

impl Ran {
    /// Files and fields of the findings that judge a change.
    fn changes(&self) -> Vec<String> {
        let all = self.json["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == RULE);
        let said = all.map(|finding| {
            let path: Vec<String> = finding["path"].as_array().unwrap().iter().map(|step| step.to_string().replace('"', "")).collect();
            format!("{} {}", finding["location"]["file"].as_str().unwrap(), path.join("."))
        });
        said.collect()
    }
}

impl Repository {
    /// Without a commit.
    fn empty() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    /// With these files as the commit `before`.
    fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self::empty();
        for (name, text) in files {
            repository.write(name, text);
        }
        repository.commit();
        repository.git(&["tag", "before"]);
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Where the program puts what it needs for a moment.
    fn temporary(&self) -> PathBuf {
        self.path(".git/temporary")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let author = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        command.args(author).args(arguments).current_dir(self.0.path());
        let output = command.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    fn run(&self, folder: &str, arguments: &[&str], stdin: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubelint"));
        fs::create_dir_all(self.temporary()).unwrap();
        command.args(arguments).current_dir(self.path(folder)).env("HOME", self.0.path()).env("TMPDIR", self.temporary());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that does not read its standard input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn lint(&self, arguments: &[&str]) -> Ran {
        let (code, out, err) = self.run(".", &[&["lint", "--isolated", "--format", "json"], arguments].concat(), "");
        let json = serde_json::from_str(&out).unwrap_or(Json::Null);
        Ran { code, json, err }
    }
}

fn grown() -> String {
    STORE.replace("10Gi", "20Gi")
}

const FIELD: &str = "spec.volumeClaimTemplates.0.spec.resources.requests.storage";

#[test]
fn a_change_of_a_file_is_judged_as_an_update() {
    let repository = Repository::new(&[("deploy/store.yaml", STORE), ("deploy/same.yaml", &STORE.replace("store", "other"))]);
    repository.write("deploy/store.yaml", &grown());
    let expected = [format!("deploy/store.yaml {FIELD}")];
    for arguments in [&["deploy"][..], &["deploy/store.yaml"], &["deploy/store.yaml", "deploy/same.yaml"], &["."]] {
        assert_eq!(repository.lint(arguments).changes(), [""; 0], "without a base");
        assert_eq!(repository.lint(&[arguments, &["--base", "before"]].concat()).changes(), expected, "{arguments:?}");
    }
    let (_, out, _) = repository.run("deploy", &["lint", "--isolated", "--format", "compact", "--base", "before", "store.yaml"], "");
    assert!(out.contains(RULE), "from a folder inside: {out}");
    repository.commit();
    assert_eq!(repository.lint(&["deploy", "--base", "before"]).changes(), expected, "committed");
    assert_eq!(repository.lint(&["deploy", "--base", "HEAD"]).changes(), [""; 0]);
    assert_eq!(repository.lint(&["deploy", "--base", "HEAD~1"]).changes(), expected);
}

#[test]
fn the_input_document_has_the_older_version() {
    let repository = Repository::new(&[("store.yaml", STORE), ("same.yaml", &STORE.replace("store", "other"))]);
    repository.write("store.yaml", &grown());
    repository.write("new.yaml", &STORE.replace("store", "third"));
    let (code, out, err) = repository.run(".", &["facts", "--isolated", "--format", "json", "--base", "before", "."], "");
    assert_eq!(code, 0, "{err}");
    let rows: Json = serde_json::from_str(&out).unwrap();
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["object"]["name"] == name).unwrap()["input"].clone();
    for (name, operation, old) in [("store", "UPDATE", "10Gi"), ("other", "UPDATE", "10Gi"), ("third", "CREATE", "")] {
        let input = row(name);
        assert_eq!(input["request"]["operation"], operation, "{name}");
        let storage = &input["old"]["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"];
        assert_eq!(storage.as_str().unwrap_or(""), old, "{name}");
    }
    assert_eq!(row("third")["change"], Json::Null);
}

#[test]
fn objects_are_followed_where_files_are_renamed() {
    let repository = Repository::new(&[("old/store.yaml", STORE), ("both.yaml", &format!("{STORE}---\n{}", STORE.replace("store", "b")))]);
    fs::remove_file(repository.path("old/store.yaml")).unwrap();
    repository.write("new/cache.yaml", &grown());
    let moved = [format!("new/cache.yaml {FIELD}")];
    for arguments in [&["new"][..], &["new/cache.yaml"], &["."]] {
        assert_eq!(repository.lint(&[arguments, &["--base", "before"]].concat()).changes(), moved, "untracked, {arguments:?}");
    }
    repository.commit();
    assert_eq!(repository.lint(&["new/cache.yaml", "--base", "before"]).changes(), moved, "committed");
    // From a file that stays to one that is new.
    repository.write("both.yaml", &STORE.replace("name: store", "name: first").replace("store:", "first:"));
    repository.write("b.yaml", &STORE.replace("store", "b").replace("10Gi", "20Gi"));
    assert_eq!(repository.lint(&["both.yaml", "b.yaml", "--base", "before"]).changes(), [format!("b.yaml {FIELD}")]);
}

#[test]
fn overlays_are_compared_with_themselves() {
    let sized = |size: &str| STORE.replace("10Gi", size);
    let repository = Repository::new(&[("over/dev/store.yaml", &sized("1Gi")), ("over/prod/store.yaml", &sized("100Gi"))]);
    repository.write("over/dev/more.txt", "changed\n");
    assert_eq!(repository.lint(&["over", "--base", "before"]).changes(), [""; 0]);
    for (overlay, size) in [("dev", "1Gi"), ("prod", "100Gi")] {
        fs::remove_file(repository.path(&format!("over/{overlay}/store.yaml"))).unwrap();
        repository.write(&format!("over/{overlay}/cache.yaml"), &sized(size));
    }
    assert_eq!(repository.lint(&["over", "--base", "before"]).changes(), [""; 0], "both renamed");
    repository.write("over/new/store.yaml", &sized("5Gi"));
    assert_eq!(repository.lint(&["over", "--base", "before"]).changes(), [""; 0], "a third one is new");
}

#[test]
fn the_point_where_a_branch_began_can_be_named() {
    let repository = Repository::new(&[("store.yaml", STORE)]);
    repository.git(&["switch", "-q", "-c", "feature"]);
    repository.write("note.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}\n");
    repository.commit();
    repository.git(&["switch", "-q", "main"]);
    repository.write("store.yaml", &grown());
    repository.commit();
    repository.git(&["switch", "-q", "feature"]);
    assert_eq!(repository.lint(&["store.yaml", "--base", "main"]).changes(), [format!("store.yaml {FIELD}")], "main went on");
    assert_eq!(repository.lint(&["store.yaml", "--base", "main..."]).changes(), [""; 0]);
}

#[test]
fn what_cannot_be_compared_is_trouble() {
    let repository = Repository::new(&[("store.yaml", STORE)]);
    for revision in ["no-such", "no-such...", "-x", "", "before^99"] {
        let ran = repository.lint(&["store.yaml", &format!("--base={revision}")]);
        assert_eq!((ran.code, ran.err.contains("no such commit")), (2, true), "{revision}: {}", ran.err);
    }
    let outside = Repository(tempfile::tempdir().unwrap());
    outside.write("store.yaml", STORE);
    let ran = outside.lint(&["store.yaml", "--base", "main"]);
    assert_eq!((ran.code, ran.err.contains("in no git repository")), (2, true), "{}", ran.err);
    let (code, _, err) = repository.run(".", &["lint", "--isolated", "--base", "before", "-"], STORE);
    assert!(code == 2 && err.contains("--stdin-filename") && err.contains("--previous"), "{err}");
    let (_, out, err) = repository.run(
        ".",
        &["lint", "--isolated", "--format", "compact", "--base", "before", "--stdin-filename", "store.yaml", "-"],
        &grown(),
    );
    assert!(out.contains(RULE), "{out} {err}");
    // The repository lost an object.
    let blob = repository.git(&["rev-parse", "before:store.yaml"]);
    let (folder, name) = blob.trim().split_at(2);
    repository.write("store.yaml", &grown());
    fs::remove_file(repository.path(&format!(".git/objects/{folder}/{name}"))).unwrap();
    let ran = repository.lint(&["store.yaml", "--base", "before"]);
    assert_eq!((ran.code, ran.err.contains("unable to read") || ran.err.contains("lacks")), (2, true), "{}", ran.err);
}

#[test]
fn an_older_version_that_was_broken_counts_as_none() {
    let repository = Repository::new(&[("store.yaml", "kind: [\n")]);
    repository.write("store.yaml", STORE);
    let ran = repository.lint(&["store.yaml", "--base", "before"]);
    assert!(ran.code != 2 && ran.err.contains("could not be read"), "{} {}", ran.code, ran.err);
}

#[test]
fn kept_manifests_stand_in_for_a_revision() {
    let folder = Repository(tempfile::tempdir().unwrap());
    folder.write("live.yaml", STORE);
    let arguments = ["lint", "--isolated", "--format", "compact", "--previous", "live.yaml", "-"];
    let (_, out, err) = folder.run(".", &arguments, &grown());
    assert!(out.contains(RULE), "{out} {err}");
    let (_, out, _) = folder.run(".", &arguments, &grown().replace("namespace: prod", "namespace: test"));
    assert!(!out.contains(RULE), "another namespace is another object: {out}");
    let (_, out, _) = folder.run(".", &arguments, &grown().replace("  namespace: prod\n", ""));
    assert!(out.contains(RULE), "a namespace left out: {out}");
    folder.write("broken.yaml", "kind: StatefulSet\n");
    let (code, _, err) = folder.run(".", &["lint", "--isolated", "--previous", "absent.yaml", "live.yaml"], "");
    assert!(code == 2 && err.contains("absent.yaml"), "{err}");
}

#[test]
fn kept_manifests_have_to_be_some() {
    let folder = Repository(tempfile::tempdir().unwrap());
    folder.write("store.yaml", CONFIG);
    folder.write("live.yaml", CONFIG);
    folder.write("half.yaml", &format!("{CONFIG}---\nkind: [\n"));
    folder.write("note.txt", "nothing of the kind\n");
    folder.write("list.yaml", "apiVersion: v1\nkind: List\nitems: []\n");
    folder.write("more/values.yaml", "a: b\n");
    folder.write("more/live.yaml", CONFIG);
    fs::create_dir(folder.path("empty")).unwrap();
    let run = |previous: &[&str], stdin: &str| {
        let flags: Vec<&str> = previous.iter().flat_map(|path| ["--previous", path]).collect();
        folder.run(".", &[&["lint", "--isolated", "store.yaml"], &flags[..]].concat(), stdin)
    };
    for (previous, stdin) in [
        (&["-"][..], ""),
        (&["-"], "Error: release: not found\n"),
        (&["-"], "not found\n"),
        (&["note.txt"], ""),
        (&["half.yaml"], ""),
        (&["list.yaml"], ""),
        (&["empty"], ""),
        (&["absent.yaml"], ""),
        (&["live.yaml", "note.txt"], ""),
    ] {
        let (code, out, err) = run(previous, stdin);
        assert_eq!(code, 2, "{previous:?} {stdin:?}: {out} {err}");
        let name = if previous == ["-"] { "<stdin>" } else { previous.last().unwrap() };
        assert!(err.contains(name) && !err.contains("nothing to lint"), "{previous:?} {stdin:?}: {err}");
    }
    for (previous, stdin) in [(&["-"][..], CONFIG), (&["live.yaml"], ""), (&["more"], ""), (&["empty", "live.yaml"], "")] {
        let (code, out, err) = run(previous, stdin);
        assert_eq!(code, 0, "{previous:?} {stdin:?}: {out} {err}");
    }
    let (code, _, err) = folder.run(".", &["lint", "--isolated", "--previous", "-", "-"], CONFIG);
    assert!(code == 2 && err.contains("linted already"), "{err}");
}

#[test]
#[cfg(unix)]
fn a_kustomization_is_rendered_as_it_was() {
    if Command::new("kubectl").args(["kustomize", "--help"]).output().is_err() {
        eprintln!("SKIPPED: there is no kubectl on the PATH");
        return;
    }
    let repository = Repository::new(&[
        ("base/kustomization.yaml", "resources: [store.yaml]\n"),
        ("base/store.yaml", STORE),
        ("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n"),
    ]);
    repository.write("base/store.yaml", &grown());
    for arguments in [&["prod"][..], &["."]] {
        let ran = repository.lint(&[arguments, &["--base", "before"]].concat());
        assert_eq!(ran.changes(), [format!("<rendered>/prod {FIELD}")], "{arguments:?} {}", ran.err);
    }
    assert_eq!(fs::read_dir(repository.temporary()).unwrap().count(), 0, "what was written out is removed");
}
