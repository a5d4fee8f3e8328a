//! The `webhook:` section of `kubelint.yaml`: what is refused, what warns, what is mended, whom to believe. Decoding is
//! strict: a key that is not known is a mistake with a hint, because a setting that does nothing is worse than none.

use globset::{Glob, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

use crate::finding::Severity;
use crate::value::{Lookup, Value};

/// From which findings on something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Never.
    None,
    /// For findings of severity error of rules that say `deny` for the kind: the promise (design 8.2).
    Promise,
    /// From this severity on.
    From(Severity),
}

impl Level {
    /// As in configuration and namespace labels.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "promise" => Some(Self::Promise),
            _ => Severity::parse(text).map(Self::From),
        }
    }

    /// Is a finding of this severity meant? `promised`: its rule denies objects of the kind.
    pub fn meets(self, severity: Severity, promised: bool) -> bool {
        match self {
            Self::None => false,
            Self::Promise => promised && severity == Severity::Error,
            Self::From(least) => severity >= least,
        }
    }
}

/// What happens to findings in one namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// What is refused.
    pub enforce: Level,
    /// What warns.
    pub warn: Level,
    /// What is written to the audit log.
    pub audit: Level,
}

impl Default for Modes {
    fn default() -> Self {
        Self { enforce: Level::Promise, warn: Level::From(Severity::Warning), audit: Level::From(Severity::Info) }
    }
}

/// What one rule's findings do, whatever their severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Refuse.
    Deny,
    /// Warn only.
    Warn,
    /// Only the audit log.
    Audit,
}

/// A related object that is missing although everything was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRelated {
    /// Refuse.
    #[default]
    Deny,
    /// Admit with a warning and look again later.
    Grace,
}

/// The section, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For namespaces without labels.
    pub modes: Modes,
    /// By rule.
    pub actions: FxHashMap<String, Action>,
    /// May safe fixes be applied on CREATE?
    pub mutate: bool,
    /// May the annotation `kubelint.dev/ignore` silence a rule that would refuse?
    pub honor_annotations: bool,
    /// Design 9, "missing is proven before it denies".
    pub missing_related: MissingRelated,
    /// Users that are believed to be controllers, so that what they own is not judged again.
    pub controllers: GlobSet,
    /// Namespaces that are not judged.
    pub excluded: GlobSet,
    /// Groups that may break the glass; empty: everybody.
    pub break_glass_groups: Vec<String>,
}

/// The accounts under which the controllers of the control plane run.
const CONTROLLERS: &[&str] = &["system:kube-controller-manager", "system:serviceaccount:kube-system:*-controller"];
/// Never judged: what they hold must be able to start without a webhook.
const EXCLUDED: &[&str] = &["kube-system", "kube-node-lease"];

const KEYS: &[&str] = &[
    "enforce",
    "warn",
    "audit",
    "actions",
    "mutate",
    "honorAnnotations",
    "missingRelated",
    "controllers",
    "excludeNamespaces",
    "breakGlass",
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            modes: Modes::default(),
            actions: FxHashMap::default(),
            mutate: false,
            honor_annotations: false,
            missing_related: MissingRelated::Deny,
            controllers: globs(CONTROLLERS.iter().copied()).unwrap_or_default(),
            excluded: globs(EXCLUDED.iter().copied()).unwrap_or_default(),
            break_glass_groups: Vec::new(),
        }
    }
}

fn globs<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern)?);
    }
    set.build()
}

/// Collects mistakes, so that all are told at once.
struct Decoder<'a> {
    section: &'a Value,
    mistakes: Vec<String>,
}

impl Settings {
    /// From the section as it is; `Undefined` where there is none. `rules` are the ids that exist.
    ///
    /// # Errors
    /// Every mistake, each naming its key.
    pub fn decode(section: &Value, rules: &[&str]) -> Result<Self, Vec<String>> {
        if section.is_absent() {
            return Ok(Self::default());
        }
        let mut decoder = Decoder { section, mistakes: Vec::new() };
        let settings = decoder.settings(rules);
        if decoder.mistakes.is_empty() { Ok(settings) } else { Err(decoder.mistakes) }
    }
}

impl Decoder<'_> {
    fn settings(&mut self, rules: &[&str]) -> Settings {
        let defaults = Settings::default();
        self.known_keys();
        let levels = "none, promise, error, warning, info";
        let (enforce, warn, audit) = (
            self.choice("enforce", levels, Level::parse),
            self.choice("warn", levels, Level::parse),
            self.choice("audit", levels, Level::parse),
        );
        let modes = Modes {
            enforce: enforce.unwrap_or(defaults.modes.enforce),
            warn: warn.unwrap_or(defaults.modes.warn),
            audit: audit.unwrap_or(defaults.modes.audit),
        };
        let mutate = self.choice("mutate", "none, safe", |text| match text {
            "none" => Some(false),
            "safe" => Some(true),
            _ => None,
        });
        let missing = self.choice("missingRelated", "deny, grace", |text| match text {
            "deny" => Some(MissingRelated::Deny),
            "grace" => Some(MissingRelated::Grace),
            _ => None,
        });
        Settings {
            modes,
            mutate: mutate.unwrap_or(defaults.mutate),
            missing_related: missing.unwrap_or_default(),
            honor_annotations: self.flag("honorAnnotations"),
            actions: self.actions(rules),
            controllers: self.patterns("controllers", CONTROLLERS),
            excluded: self.patterns("excludeNamespaces", EXCLUDED),
            break_glass_groups: self.break_glass(),
        }
    }

    fn known_keys(&mut self) {
        if !matches!(self.section, Value::Object(_)) {
            self.mistakes.push("webhook: expected a mapping".into());
        }
        for (key, _) in self.section.entries() {
            if !KEYS.contains(&key) {
                self.mistakes.push(format!("webhook: unknown key `{key}`; it has: {}", KEYS.join(", ")));
            }
        }
    }

    fn choice<T>(&mut self, key: &str, choices: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.section.at(key);
        if value.is_absent() {
            return None;
        }
        let chosen = value.text().and_then(parse);
        if chosen.is_none() {
            self.mistakes.push(format!("webhook.{key}: expected one of {choices}"));
        }
        chosen
    }

    fn flag(&mut self, key: &str) -> bool {
        let value = self.section.at(key);
        if !value.is_absent() && value.flag().is_none() {
            self.mistakes.push(format!("webhook.{key}: expected true or false"));
        }
        value.flag().unwrap_or(false)
    }

    fn texts(&mut self, key: &str, value: &Value) -> Vec<String> {
        let texts: Option<Vec<String>> = value.items().iter().map(|item| item.text().map(str::to_owned)).collect();
        if !value.is_absent() && (!matches!(value, Value::Array(_)) || texts.is_none()) {
            self.mistakes.push(format!("webhook.{key}: expected a list of texts"));
        }
        texts.unwrap_or_default()
    }

    /// Globs, beside those that always count.
    fn patterns(&mut self, key: &str, always: &[&str]) -> GlobSet {
        let section = self.section;
        let more = self.texts(key, section.at(key));
        globs(always.iter().copied().chain(more.iter().map(String::as_str))).unwrap_or_else(|error| {
            self.mistakes.push(format!("webhook.{key}: {error}"));
            GlobSet::empty()
        })
    }

    fn actions(&mut self, rules: &[&str]) -> FxHashMap<String, Action> {
        let section = self.section;
        let mut actions = FxHashMap::default();
        for (rule, action) in section.at("actions").entries() {
            if !rules.contains(&rule) {
                self.mistakes.push(format!("webhook.actions: unknown rule `{rule}`; `kubelint rules` lists them"));
            }
            let action = match action.text() {
                Some("deny") => Action::Deny,
                Some("warn") => Action::Warn,
                Some("audit") => Action::Audit,
                _ => {
                    self.mistakes.push(format!("webhook.actions.{rule}: expected one of deny, warn, audit"));
                    continue;
                }
            };
            actions.insert(rule.to_owned(), action);
        }
        actions
    }

    fn break_glass(&mut self) -> Vec<String> {
        let section = self.section.at("breakGlass");
        for (key, _) in section.entries().filter(|(key, _)| *key != "groups") {
            self.mistakes.push(format!("webhook.breakGlass: unknown key `{key}`; it has: groups"));
        }
        self.texts("breakGlass.groups", section.at("groups"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: &str) -> Result<Settings, Vec<String>> {
        Settings::decode(&Value::from_json_str(json).unwrap(), &["pdb-missing"])
    }

    #[test]
    fn an_empty_section_keeps_the_promise() {
        let settings = decode("{}").unwrap();
        assert_eq!(settings.modes, Modes::default());
        assert!(!settings.mutate && settings.excluded.is_match("kube-system") && !settings.excluded.is_match("prod"));
        assert!(settings.controllers.is_match("system:serviceaccount:kube-system:statefulset-controller"));
        assert!(!settings.controllers.is_match("system:serviceaccount:prod:statefulset-controller"));
    }

    #[test]
    fn every_setting_is_read() {
        let settings = decode(
            r#"{"enforce":"none","warn":"info","audit":"error","actions":{"pdb-missing":"warn"},"mutate":"safe","honorAnnotations":true,
                "missingRelated":"grace","controllers":["op"],"excludeNamespaces":["x-*"],"breakGlass":{"groups":["sre"]}}"#,
        )
        .unwrap();
        assert_eq!((settings.modes.enforce, settings.modes.warn), (Level::None, Level::From(Severity::Info)));
        assert_eq!(settings.actions["pdb-missing"], Action::Warn);
        assert!(settings.mutate && settings.honor_annotations && settings.missing_related == MissingRelated::Grace);
        assert!(settings.controllers.is_match("op") && settings.excluded.is_match("x-1") && settings.excluded.is_match("kube-system"));
        assert_eq!(settings.break_glass_groups, ["sre"]);
    }

    #[test]
    fn mistakes_are_all_told() {
        let mistakes =
            decode(r#"{"enforce":"some","mutat":"safe","mutate":1,"honorAnnotations":"yes","actions":{"x":"deny"},"controllers":"op"}"#)
                .unwrap_err();
        for part in ["enforce", "`mutat`", "webhook.mutate", "honorAnnotations", "`x`", "controllers"] {
            assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{part}: {mistakes:?}");
        }
        assert_eq!(mistakes.len(), 6);
    }
}
