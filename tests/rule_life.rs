//! Rules of one's own from outside: begun, tested, used; and the way over from another linter.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn kubelint(folder: &Path, arguments: &[&str]) -> Ran {
    let out = Command::new(env!("CARGO_BIN_EXE_kubelint")).args(arguments).current_dir(folder).env_clear().output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: out.status.code().unwrap(), out: text(out.stdout), err: text(out.stderr) }
}

#[test]
fn a_new_rule_passes_its_test_and_lints() {
    let folder = tempfile::tempdir().unwrap();
    let ran = kubelint(folder.path(), &["new-rule", "owner-missing", "--family", "team"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().count(), 3, "{}", ran.out);
    let ran = kubelint(folder.path(), &["test", "."]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "ok   owner-missing\n1 rules, 0 failed\n"), "{}", ran.err);
    let fail = "testdata/rules/owner-missing/fail.yaml";
    let ran = kubelint(folder.path(), &["lint", "--policies", "policies", "--format", "compact", fail]);
    assert!(ran.out.contains("owner-missing"), "{} {}", ran.out, ran.err);
    let again = kubelint(folder.path(), &["new-rule", "owner-missing", "--family", "team"]);
    assert!(again.code == 2 && again.err.contains("nothing was written"), "{}", again.err);
}

#[test]
fn a_rule_that_does_not_do_what_its_fixtures_say_fails() {
    let folder = tempfile::tempdir().unwrap();
    kubelint(folder.path(), &["new-rule", "owner-missing"]);
    let pass = folder.path().join("testdata/rules/owner-missing/pass.yaml");
    fs::write(&pass, fs::read_to_string(&pass).unwrap().replace("team:", "crew:")).unwrap();
    let ran = kubelint(folder.path(), &["test"]);
    assert!(ran.code == 1 && ran.out.contains("FAIL owner-missing") && ran.out.contains("pass.yaml"), "{}", ran.out);
    fs::remove_dir_all(folder.path().join("testdata")).unwrap();
    let ran = kubelint(folder.path(), &["test"]);
    assert!(ran.code == 1 && ran.out.contains("there are no fixtures"), "{}", ran.out);
}

#[test]
fn names_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    for (name, part) in [("OwnerMissing", "kebab-case"), ("../x", "kebab-case"), ("pdb-missing", "already")] {
        let ran = kubelint(folder.path(), &["new-rule", name]);
        assert!(ran.code == 2 && ran.err.contains(part), "{name}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(kubelint(folder.path(), &["test"]).code, 2);
}

#[test]
fn another_linters_names_and_configuration_are_translated() {
    let folder = tempfile::tempdir().unwrap();
    let ran = kubelint(folder.path(), &["rules", "--compare", "kube-score"]);
    assert!(ran.code == 0 && ran.out.contains("statefulset-has-poddisruptionbudget"), "{}", ran.err);
    let ran = kubelint(folder.path(), &["rules", "--compare", "polaris", "--format", "json"]);
    let all: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let one = all.as_array().unwrap().iter().find(|one| one["check"] == "runAsPrivileged").unwrap();
    assert_eq!(one["rules"], serde_json::json!(["privileged-container"]));
    fs::write(folder.path().join(".kube-linter.yaml"), "checks:\n  exclude: [latest-tag]\n").unwrap();
    let ran = kubelint(folder.path(), &["config", "import", ".kube-linter.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    fs::write(folder.path().join("kubelint.yaml"), &ran.out).unwrap();
    let shown = kubelint(folder.path(), &["config", "show"]);
    assert!(shown.code == 0 && shown.out.contains("image-tag-missing-or-latest"), "{} {}", shown.out, shown.err);
    fs::write(folder.path().join("x.yaml"), "kind: Pod\n").unwrap();
    assert_eq!(kubelint(folder.path(), &["config", "import", "x.yaml"]).code, 2);
}
