//! The page of `--format html` in a real browser. Skipped, loudly, where there is none.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking and says why it skips")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names that would run if they were markup.
const HOSTILE: &str = r#"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: "<img src=x onerror=document.title='owned'>", namespace: prod}
spec:
  replicas: 3
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
        - name: "</script><script>document.title='owned'</script>"
          image: a:1
          securityContext: {privileged: true}
"#;

const OTHER: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: other}\nspec: {hostNetwork: true, containers: [{name: web, image: 'a:1', securityContext: {privileged: true}}]}\n";

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no chromium on PATH, so that the page of --format html was looked at by no browser");
    }
    found
}

/// The page as it is after its script ran.
fn dom(browser: &Path, folder: &Path, fragment: &str) -> String {
    let flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(flags)
        .args(["--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{fragment}", folder.join("report.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    assert!(dom.contains("</html>"), "{}", String::from_utf8_lossy(&output.stderr));
    dom
}

/// Namespaces of the findings that are shown.
fn shown(dom: &str) -> Vec<String> {
    let tags = dom.split("<article ").skip(1).map(|rest| rest.split_once('>').unwrap().0);
    let namespace = |tag: &str| tag.split_once("data-namespace=\"").unwrap().1.split('"').next().unwrap().to_owned();
    tags.filter(|tag| !tag.contains("hidden=")).map(namespace).collect()
}

#[test]
fn a_page_filters_and_runs_nothing_but_its_own_script() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), HOSTILE).unwrap();
    fs::write(folder.path().join("b.yaml"), OTHER).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_kubelint"))
        .args(["lint", "--isolated", "--format", "html", "--output", "report.html", "a.yaml", "b.yaml"])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let all = dom(&browser, folder.path(), "");
    assert!(all.contains("<title>kubelint: ") && !all.contains("<title>owned"));
    assert!(all.contains("<form id=\"filters\"><input"), "the page's own script runs under its policy");
    let namespaces = shown(&all);
    assert!(["prod", "other"].iter().all(|name| namespaces.iter().any(|shown| shown == name)), "{namespaces:?}");
    let total = namespaces.len();
    assert!(all.contains(&format!("{total} of {total} findings")));
    let filtered = shown(&dom(&browser, folder.path(), "#?namespace=other&rule=privileged-container"));
    assert_eq!(filtered, ["other"]);
    assert!(shown(&dom(&browser, folder.path(), "#?text=no-such-words")).is_empty());
}
