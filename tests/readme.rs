//! The rule table of the README derives from the headers of the rules. `KUBELINT_BLESS=1 cargo test --test readme` rewrites it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use kubelint::rules::Catalog;

const BEGIN: &str = "<!-- rules:begin -->";
const END: &str = "<!-- rules:end -->";

fn table(catalog: &Catalog) -> String {
    let mut families: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for rule in catalog.rules() {
        families.entry(&rule.family).or_default().push(rule);
    }
    let mut text = String::from("| rule | severity | what it finds | fix |\n|---|---|---|---|\n");
    for (family, rules) in families {
        writeln!(text, "| **{family}** | | | |").unwrap();
        for rule in rules {
            let severity = if rule.default_on { rule.severity.as_str().to_owned() } else { format!("{}, off", rule.severity) };
            let fix = if rule.fix.as_str() == "none" { "" } else { rule.fix.as_str() };
            writeln!(text, "| `{}` | {severity} | {} | {fix} |", rule.id, rule.title.replace('|', "\\|")).unwrap();
        }
    }
    text
}

/// What the README shows of the first example is there, in this order; `...` stands for what is left out.
#[test]
fn the_first_example_is_a_true_excerpt() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, rest) = text.split_once("$ kubelint testdata/incident\n").unwrap();
    let (shown, _) = rest.split_once("\n$ ").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_kubelint")).args(["--isolated", "testdata/incident"]).current_dir(folder).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let (mut left, parts) = (&*printed, shown.split("...\n").filter(|part| !part.trim().is_empty()));
    assert!(parts.clone().count() > 2, "{shown}");
    for part in parts {
        let at = left.find(part).unwrap_or_else(|| panic!("this is not printed, or not here:\n{part}\nin\n{left}"));
        left = left.split_at(at + part.len()).1;
    }
    assert_eq!(left.trim(), "", "the example ends with the last line");
}

#[test]
fn the_rule_table_is_that_of_the_headers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("README.md has no {BEGIN}"));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("README.md has no {END}"));
    let wanted = format!("{before}{BEGIN}\n{}{END}{after}", table(&Catalog::builtin().unwrap()));
    if std::env::var_os("KUBELINT_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, wanted).unwrap();
        return;
    }
    assert!(text == wanted, "the rule table of README.md is out of date: run KUBELINT_BLESS=1 cargo test --test readme");
}
