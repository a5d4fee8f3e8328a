//! `rules --compare PEER` and `config import FILE`: from another linter's names to kubelint's. The names are data of the configuration.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anstyle::Style;

use super::args::Simple;
use super::output::Streams;
use super::{Ended, Exit, Failed};
use crate::config::{Check, Peer, Peers, nearest};
use crate::report::clean;
use crate::rules::Catalog;
use crate::value::{Lookup as _, Value};
use crate::yaml::{Limits, read};

/// `rules --compare`.
pub(super) fn compare(peer: Peer, format: Simple, streams: &mut Streams) -> Ended {
    let table = Peers::read().map_err(Failed::said)?;
    let checks = table.of(peer);
    let mut out = streams.out();
    if format == Simple::Json {
        let all: Vec<_> = checks.iter().map(|one| serde_json::json!({"check": one.check, "on": one.on, "rules": one.rules})).collect();
        serde_json::to_writer_pretty(&mut out, &all).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let bold = Style::new().bold();
        let width = checks.iter().map(|one| one.check.len()).max().unwrap_or(0);
        for one in checks {
            let ours = if one.rules.is_empty() { "-".to_owned() } else { one.rules.join(", ") };
            writeln!(out, "{bold}{:<width$}{bold:#}  {:<3}  {ours}", one.check, if one.on { "on" } else { "off" })?;
        }
        let known = checks.iter().filter(|one| !one.rules.is_empty()).count();
        writeln!(out, "\n{known} of {} checks have a rule; `kubelint explain RULE` tells the rest.", checks.len())?;
    }
    out.flush()?;
    Ok(Exit::Clean)
}

/// `config import`: prints a `kubelint.yaml` that says what the file says, as far as there are rules for it.
pub(super) fn import(file: &Path, catalog: &Catalog, streams: &mut Streams) -> Ended {
    let failed = |why: String| Failed::Said(format!("{}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let stream = read(&bytes, &Limits::default());
    if let Some(error) = stream.errors.first() {
        return Err(failed(error.message.clone()));
    }
    let value = stream.documents.first().map(|document| document.value.clone()).unwrap_or(Value::Undefined);
    let table = Peers::read().map_err(Failed::said)?;
    let imported = imported(&value, &table, catalog)
        .ok_or_else(|| failed("is neither a configuration of kube-linter (its key is `checks:`, of `include`, `exclude` and the like) nor one of Polaris (`checks:`, of severities)".into()))?;
    let mut out = streams.out();
    write!(out, "{}", imported.text(file))?;
    out.flush()?;
    for line in &imported.left {
        streams.note(line);
    }
    Ok(Exit::Clean)
}

/// What becomes of a foreign configuration.
#[derive(Debug, Default, PartialEq, Eq)]
struct Imported {
    /// Rule, severity, and the check that says so; by rule.
    rules: std::collections::BTreeMap<Arc<str>, (&'static str, String)>,
    exclude: Vec<String>,
    /// What has no counterpart.
    left: Vec<String>,
}

fn imported(value: &Value, table: &Peers, catalog: &Catalog) -> Option<Imported> {
    let checks = value.at("checks");
    if !matches!(checks, Value::Object(_)) {
        return None;
    }
    let severities = ["danger", "warning", "error", "ignore"];
    let polaris = checks.entries().any(|(_, severity)| severity.text().is_some_and(|text| severities.contains(&text)));
    let mut found = Imported::default();
    if polaris {
        found.polaris(value, table, catalog)
    } else {
        found.kube_linter(value, table, catalog)
    }
    Some(found)
}

impl Imported {
    fn polaris(&mut self, value: &Value, table: &Peers, catalog: &Catalog) {
        for (name, severity) in value.at("checks").entries() {
            let severity = match severity.text() {
                Some("ignore") => "off",
                Some("warning") => "warning",
                Some("danger" | "error") => "error",
                _ => {
                    self.left.push(format!("{name}: its severity is none that Polaris knows"));
                    continue;
                }
            };
            self.set("Polaris", table.of(Peer::Polaris), name, severity, catalog);
        }
        let off = value.at("checks").entries().filter(|(_, severity)| severity.text() == Some("ignore")).map(|(name, _)| name.to_owned());
        let off: Vec<_> = off.collect();
        self.keep_shared(table.of(Peer::Polaris), |one| one.on && !off.contains(&one.check));
        for key in ["exemptions", "customChecks"] {
            if !value.at(key).is_absent() {
                self.left.push(format!("`{key}` is not translated: write `exemptions:` (with a reason) or rules of your own"));
            }
        }
    }

    fn kube_linter(&mut self, value: &Value, table: &Peers, catalog: &Catalog) {
        let checks = value.at("checks");
        let names = |key: &str| checks.at(key).items().iter().filter_map(Value::text).map(str::to_owned).collect::<Vec<_>>();
        let (include, exclude) = (names("include"), names("exclude"));
        let all = checks.at("addAllBuiltIn").flag() == Some(true);
        let defaults = all || checks.at("doNotAutoAddDefaults").flag() != Some(true);
        let ours = table.of(Peer::KubeLinter);
        let mut set = |name: &str, severity| self.set("kube-linter", ours, name, severity, catalog);
        if !defaults {
            ours.iter().filter(|one| one.on && !include.contains(&one.check)).for_each(|one| set(&one.check, "off"));
        }
        include.iter().filter(|name| !exclude.contains(name)).for_each(|name| set(name, "error"));
        exclude.iter().for_each(|name| set(name, "off"));
        self.keep_shared(ours, |one| (all || defaults && one.on) && !exclude.contains(&one.check));
        if all {
            self.add_all(ours.iter().filter(|one| !exclude.contains(&one.check)), catalog);
        }
        self.exclude = checks.at("ignorePaths").items().iter().filter_map(Value::text).map(str::to_owned).collect();
        if !value.at("customChecks").is_absent() {
            self.left.push("`customChecks` are not translated: `kubelint new-rule` begins a rule of your own".to_owned());
        }
    }

    /// Turns on what is off unless configured.
    fn add_all<'c>(&mut self, checks: impl Iterator<Item = &'c Check>, catalog: &Catalog) {
        for (one, rule) in checks.flat_map(|one| one.rules.iter().map(move |rule| (one, rule))) {
            if let Some(header) = catalog.get(rule).filter(|header| !header.default_on) {
                self.rules.entry(Arc::clone(rule)).or_insert_with(|| (header.severity.as_str(), one.check.clone()));
            }
        }
        let what = "rules that look for the same are on; `kubelint rules --compare kube-linter` lists the checks without one";
        self.left.push(format!("`addAllBuiltIn`: {what}"));
    }

    fn set(&mut self, linter: &str, table: &[Check], name: &str, severity: &'static str, catalog: &Catalog) {
        let Some(check) = table.iter().find(|one| one.check == name) else {
            let near = nearest(name, table.iter().map(|one| one.check.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            self.left.push(format!("{name}: {linter} has no check of this name{near}"));
            return;
        };
        let stays = |rule: &&Arc<str>| severity == "off" && check.more.contains(rule);
        for rule in check.rules.iter().filter(stays).filter(|rule| catalog.get(rule).is_some_and(|header| header.default_on)) {
            self.left.push(format!("{name}: {rule} stays on, for it looks for more than {name}"));
        }
        let known: Vec<_> = check.rules.iter().filter(|rule| catalog.get(rule).is_some() && !stays(rule)).collect();
        if check.rules.is_empty() && severity != "off" {
            self.left.push(format!("{name}: there is no such rule"));
        }
        for rule in known {
            // A rule that several checks share stays on while one of them is.
            if severity != "off" || !self.rules.contains_key(rule) {
                self.rules.insert(Arc::clone(rule), (severity, name.to_owned()));
            }
        }
    }

    /// A rule is off only if every check that it stands for is: the others would be lost without a word.
    fn keep_shared(&mut self, table: &[Check], runs: impl Fn(&Check) -> bool) {
        let left = &mut self.left;
        self.rules.retain(|rule, (severity, name)| {
            let alive = |one: &&Check| runs(one) && one.rules.contains(rule);
            let Some(other) = table.iter().find(alive).filter(|_| *severity == "off") else { return true };
            left.push(format!("{name}: {rule} stays on, for it stands for {} too", other.check));
            false
        });
    }

    fn text(&self, file: &Path) -> String {
        let mut text = format!("# From {}.\n", clean(&file.display().to_string()));
        for line in &self.left {
            let _ = writeln!(text, "# Not translated: {}", clean(line));
        }
        text.push_str("version: 1\n");
        if !self.rules.is_empty() {
            text.push_str("rules:\n");
        }
        for (rule, (severity, check)) in &self.rules {
            let _ = writeln!(text, "  {rule}: {{severity: {severity}}} # {}", clean(check));
        }
        if !self.exclude.is_empty() {
            text.push_str("exclude:\n");
        }
        for glob in &self.exclude {
            // JSON's strings are YAML's.
            let _ = writeln!(text, "  - {}", serde_json::Value::from(glob.as_str()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Option<Imported> {
        let stream = read(text.as_bytes(), &Limits::default());
        imported(&stream.documents[0].value, &Peers::read().unwrap(), &Catalog::builtin().unwrap())
    }

    #[test]
    fn the_table_names_rules_that_exist() {
        let (table, catalog) = (Peers::read().unwrap(), Catalog::builtin().unwrap());
        for peer in Peer::ALL {
            let checks = table.of(*peer);
            assert!(checks.len() > 35, "{peer:?} has only {}", checks.len());
            for one in checks {
                for rule in &one.rules {
                    assert!(catalog.get(rule).is_some(), "{peer:?} {}: there is no rule {rule}", one.check);
                }
                assert_eq!(checks.iter().filter(|other| other.check == one.check).count(), 1, "{} is listed twice", one.check);
            }
        }
    }

    #[test]
    fn kube_linter_is_imported() {
        let found =
            import("checks:\n  include: [no-readiness-probe, sorted-keys]\n  exclude: [latest-tag]\n  ignorePaths: ['vendor/**']\n")
                .unwrap();
        let severity = |rule: &str| found.rules.get(rule).map(|(severity, _)| *severity);
        assert_eq!(severity("probe-readiness-missing"), Some("error"));
        assert_eq!(severity("image-tag-missing-or-latest"), Some("off"));
        assert_eq!(found.left, ["sorted-keys: there is no such rule"]);
        let text = found.text(Path::new(".kube-linter.yaml"));
        assert!(text.ends_with("exclude:\n  - \"vendor/**\"\n"), "{text}");
        let known = crate::config::known_rules(&Catalog::builtin().unwrap());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubelint.yaml"), &text).unwrap();
        crate::config::Config::load(&folder.path().join("kubelint.yaml"), &known).unwrap();
    }

    #[test]
    fn without_defaults_only_what_is_included_stays() {
        let found = import("checks:\n  doNotAutoAddDefaults: true\n  include: [privileged-container]\n").unwrap();
        assert_eq!(found.rules["privileged-container"].0, "error");
        assert_eq!(found.rules["image-tag-missing-or-latest"].0, "off");
    }

    #[test]
    fn all_checks_are_all_checks() {
        let found = import("checks:\n  addAllBuiltIn: true\n  doNotAutoAddDefaults: true\n  exclude: [latest-tag]\n").unwrap();
        let off: Vec<_> = found.rules.iter().filter(|(_, (severity, _))| *severity == "off").map(|(rule, _)| &**rule).collect();
        assert_eq!(off, ["image-tag-missing-or-latest"]);
        let (table, catalog) = (Peers::read().unwrap(), Catalog::builtin().unwrap());
        for rule in table.of(Peer::KubeLinter).iter().filter(|one| one.check != "latest-tag").flat_map(|one| &one.rules) {
            assert!(catalog.get(rule).unwrap().default_on || found.rules.contains_key(rule), "{rule} stays off");
        }
    }

    #[test]
    fn a_broader_rule_outlives_the_check_and_unknown_checks_are_said() {
        let found = import("checks:\n  exclude: [invalid-target-ports, nosuch-check, latest-tags]\n").unwrap();
        assert_eq!(found.rules.keys().map(|rule| &**rule).collect::<Vec<_>>(), ["service-target-port"]);
        let left = [
            "invalid-target-ports: schema-invalid stays on, for it looks for more than invalid-target-ports",
            "nosuch-check: kube-linter has no check of this name",
            "latest-tags: kube-linter has no check of this name; did you mean `latest-tag`?",
        ];
        assert_eq!(found.left, left);
        let text = found.text(Path::new(".kube-linter.yaml"));
        assert!(left.iter().all(|line| text.contains(&format!("# Not translated: {line}\n"))), "{text}");
        let found = import("checks:\n  doNotAutoAddDefaults: true\n").unwrap();
        assert!(!found.rules.contains_key("schema-invalid") && found.rules.contains_key("service-target-port"), "{:?}", found.rules);
        let found = import("checks:\n  exclude: [schema-validation]\n").unwrap();
        assert!(found.left.iter().any(|line| line.contains("invalid-target-ports too")), "{:?}", found.left);
    }

    #[test]
    fn a_rule_of_several_checks_is_off_only_when_all_are() {
        let found = import("checks:\n  exclude: [host-ipc]\n").unwrap();
        assert!(found.rules.is_empty(), "{:?}", found.rules);
        assert_eq!(found.left, ["host-ipc: host-namespaces stays on, for it stands for host-network too"]);
        let found = import("checks:\n  exclude: [host-ipc, host-pid, host-network]\n").unwrap();
        assert_eq!(found.rules["host-namespaces"].0, "off");
    }

    #[test]
    fn polaris_is_imported() {
        let found =
            import("checks:\n  runAsPrivileged: warning\n  tagNotSpecified: ignore\n  hostPortSet: danger\nexemptions: []\n").unwrap();
        assert_eq!(found.rules["privileged-container"].0, "warning");
        assert_eq!(found.rules["image-tag-missing-or-latest"].0, "off");
        assert!(found.left.iter().any(|line| line.starts_with("`exemptions`")), "{:?}", found.left);
        assert_eq!(import("kind: Pod\n"), None);
    }
}
