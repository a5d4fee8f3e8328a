//! The `webhook:` section of `kubelint.yaml`: what is refused, what warns, what is mended, whom to believe. Every build checks
//! it, so that a mistake is found at the desk; only `kubelint serve` follows it.

use globset::{Glob, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

use super::shape::{Complaint, Key, Shape, key};
use crate::finding::Severity;
use crate::place::Path;
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

impl Action {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "deny" => Some(Self::Deny),
            "warn" => Some(Self::Warn),
            "audit" => Some(Self::Audit),
            _ => None,
        }
    }
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

const LEVELS: &[&str] = &["none", "promise", "error", "warning", "info"];
static ACTION: Shape = Shape::Choice(&["deny", "warn", "audit"]);
static TEXT: Shape = Shape::Text;

/// The section.
pub(super) static SECTION: &[Key] = &[
    key(
        "enforce",
        false,
        Shape::Choice(LEVELS),
        "What is refused; the label kubelint.dev/enforce of a namespace beats it. Default: promise.",
    ),
    key("warn", false, Shape::Choice(LEVELS), "What warns; label kubelint.dev/warn. Default: warning."),
    key("audit", false, Shape::Choice(LEVELS), "What is written to the audit log; label kubelint.dev/audit. Default: info."),
    key("actions", false, Shape::ByRule(&ACTION), "What findings of a rule do, whatever their severity."),
    key("mutate", false, Shape::Choice(&["none", "safe"]), "Apply safe fixes on CREATE where the namespace asks for it. Default: none."),
    key("honorAnnotations", false, Shape::Flag, "May the annotation kubelint.dev/ignore silence a rule that would refuse? Default: false."),
    key(
        "missingRelated",
        false,
        Shape::Choice(&["deny", "grace"]),
        "A related object that is proven to be missing: refuse, or admit with a warning and look again. Default: deny.",
    ),
    key("controllers", false, Shape::List(&TEXT), "Globs of users that are believed to be controllers: what they own is not judged again."),
    key("excludeNamespaces", false, Shape::List(&TEXT), "Globs of namespaces that are not judged."),
    key(
        "breakGlass",
        false,
        Shape::Map(&[key("groups", false, Shape::List(&TEXT), "Only members of these groups may. Default: everybody.")]),
        "Who may use the annotation kubelint.dev/break-glass.",
    ),
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            modes: Modes::default(),
            actions: FxHashMap::default(),
            mutate: false,
            honor_annotations: false,
            missing_related: MissingRelated::Deny,
            controllers: globs(CONTROLLERS).unwrap_or_default(),
            excluded: globs(EXCLUDED).unwrap_or_default(),
            break_glass_groups: Vec::new(),
        }
    }
}

fn globs(patterns: &[&str]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern)?);
    }
    set.build()
}

impl Settings {
    /// From the section as it is, its shape checked already; what is wrong beyond that is added to the complaints.
    pub(super) fn decode(section: &Value, found: &mut Vec<Complaint>) -> Self {
        let defaults = Self::default();
        let level = |name, default| section.at(name).text().and_then(Level::parse).unwrap_or(default);
        let modes = Modes {
            enforce: level("enforce", defaults.modes.enforce),
            warn: level("warn", defaults.modes.warn),
            audit: level("audit", defaults.modes.audit),
        };
        let actions = section.at("actions").entries().filter_map(|(rule, action)| Some((rule.to_owned(), Action::parse(action.text()?)?)));
        Self {
            modes,
            actions: actions.collect(),
            mutate: section.at("mutate").text() == Some("safe"),
            honor_annotations: section.at("honorAnnotations").flag() == Some(true),
            missing_related: match section.at("missingRelated").text() {
                Some("grace") => MissingRelated::Grace,
                _ => MissingRelated::Deny,
            },
            controllers: patterns(section, "controllers", CONTROLLERS, found),
            excluded: patterns(section, "excludeNamespaces", EXCLUDED, found),
            break_glass_groups: texts(section.dig(&["breakGlass", "groups"])).map(str::to_owned).collect(),
        }
    }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.items().iter().filter_map(Lookup::text)
}

/// Globs, beside those that always count.
fn patterns(section: &Value, name: &str, always: &[&str], found: &mut Vec<Complaint>) -> GlobSet {
    let list = section.at(name);
    for (nth, pattern) in list.items().iter().enumerate() {
        if let Err(error) = Glob::new(pattern.text().unwrap_or_default()) {
            found.push((Path::root().keys(&["webhook", name]).child(nth), error.kind().to_string()));
        }
    }
    let all: Vec<&str> = always.iter().copied().chain(texts(list)).collect();
    globs(&all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, KnownRule};

    fn parse(text: &str) -> Result<Settings, Vec<String>> {
        let rules = [KnownRule { id: "pdb-missing".into(), title: String::new(), params: Vec::new() }];
        let told = |problems: Vec<crate::config::Problem>| problems.into_iter().map(|problem| problem.message).collect();
        Config::parse(text.as_bytes(), &rules).map(|config| config.webhook).map_err(told)
    }

    #[test]
    fn an_empty_section_keeps_the_promise() {
        for text in ["", "webhook:\n", "webhook: {}\n"] {
            let settings = parse(text).unwrap();
            assert_eq!(settings.modes, Modes::default());
            assert!(!settings.mutate && settings.excluded.is_match("kube-system") && !settings.excluded.is_match("prod"));
            assert!(settings.controllers.is_match("system:serviceaccount:kube-system:statefulset-controller"));
            assert!(!settings.controllers.is_match("system:serviceaccount:prod:statefulset-controller"));
        }
    }

    #[test]
    fn every_setting_is_read() {
        let settings = parse(
            "webhook: {enforce: none, warn: info, audit: error, actions: {pdb-missing: warn}, mutate: safe, honorAnnotations: true,
                missingRelated: grace, controllers: [op], excludeNamespaces: ['x-*'], breakGlass: {groups: [sre]}}",
        )
        .unwrap();
        assert_eq!((settings.modes.enforce, settings.modes.warn), (Level::None, Level::From(Severity::Info)));
        assert_eq!(settings.actions["pdb-missing"], Action::Warn);
        assert!(settings.mutate && settings.honor_annotations && settings.missing_related == MissingRelated::Grace);
        assert!(settings.controllers.is_match("op") && settings.excluded.is_match("x-1") && settings.excluded.is_match("kube-system"));
        assert_eq!(settings.break_glass_groups, ["sre"]);
    }

    #[test]
    fn mistakes_are_all_told_with_a_hint() {
        for (section, wanted) in [
            ("enforce: promised", "expected one of none, promise, error, warning, info; did you mean `promise`?"),
            ("mutat: safe", "unknown key `mutat`; did you mean `mutate`?"),
            ("mutate: 1", "expected one of none, safe"),
            ("honorAnnotations: 'yes'", "expected true or false"),
            ("actions: {pdb-mising: deny}", "unknown rule `pdb-mising`; did you mean `pdb-missing`?"),
            ("actions: {pdb-missing: denny}", "expected one of deny, warn, audit; did you mean `deny`?"),
            ("actions: [pdb-missing]", "expected a mapping"),
            ("controllers: op", "expected a list"),
            ("excludeNamespaces: ['a[']", "unclosed character class; missing ']'"),
            ("breakGlass: {group: [sre]}", "unknown key `group`; did you mean `groups`?"),
        ] {
            assert_eq!(parse(&format!("webhook: {{{section}}}\n")).unwrap_err(), [wanted], "{section}");
        }
        assert_eq!(parse("webhook: {enforce: a, warn: b, x: 1}\n").unwrap_err().len(), 3);
        assert_eq!(parse("webhook: deny\n").unwrap_err(), ["expected a mapping"]);
    }
}
