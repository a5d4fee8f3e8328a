//! Findings that are not Rego's: made while reading, comparing and suppressing. They have the metadata of rules, so that
//! configuration, reports and `rules` treat them alike.

use std::borrow::Cow;

use super::kinds::KindPattern;
use super::rule::{Doors, FixKind, OnError, Operation, Rule};
use crate::finding::Severity;

struct Native {
    id: &'static str,
    family: &'static str,
    severity: Severity,
    title: &'static str,
    description: &'static str,
    link: &'static str,
    offline_only: bool,
}

const NATIVE: &[Native] = &[
    Native {
        id: "duplicate-object",
        family: "kubelint",
        severity: Severity::Error,
        title: "One object is given twice",
        description: "Two documents of one file are the same object: the later one silently wins when they are applied.",
        link: "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
        offline_only: true,
    },
    Native {
        id: "helm-template-volatile",
        family: "helm",
        severity: Severity::Warning,
        title: "Render is another each time",
        description: "A random password, a date or the chart's version in a pod template makes every upgrade, and every sync of a GitOps controller, another template: the pods are restarted though nobody changed anything. In a claim template it makes the upgrade fail. A chart that kubelint renders is rendered twice if its templates use such functions.",
        link: "https://helm.sh/docs/howto/charts_tips_and_tricks/",
        offline_only: true,
    },
    Native {
        id: "helm-values-unknown-key",
        family: "helm",
        severity: Severity::Warning,
        title: "Value that the chart does not know",
        description: "Helm takes any key of values and drops what no template reads, without a word: an affinity or a memory limit at the wrong place is simply not there. Judged are the files of --helm-values, against the chart's values.yaml, schema, templates and subcharts; what a template takes as a whole may hold any key.",
        link: "https://helm.sh/docs/chart_template_guide/values_files/",
        offline_only: true,
    },
    Native {
        id: "rule-error",
        family: "kubelint",
        severity: Severity::Error,
        title: "A rule could not be evaluated",
        description: "The rule failed or went over its budget on this object, so nobody has judged it: no finding is no proof here.",
        link: "https://www.openpolicyagent.org/docs/policy-language",
        offline_only: false,
    },
    Native {
        id: "suppression-unused",
        family: "kubelint",
        severity: Severity::Warning,
        title: "A suppression suppresses nothing",
        description: "No finding of the named rule is here any more. Left in place, the suppression hides the next one.",
        link: "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
        offline_only: false,
    },
    Native {
        id: "yaml-ambiguous-scalar",
        family: "kubelint",
        severity: Severity::Warning,
        title: "A plain scalar is not the text it looks like",
        description: "kubectl reads YAML 1.1: an unquoted yes, on, off, 0777 or 1_000 becomes a boolean or a number. Quote it if text is meant.",
        link: "https://yaml.org/type/bool.html",
        offline_only: true,
    },
    Native {
        id: "yaml-duplicate-key",
        family: "kubelint",
        severity: Severity::Error,
        title: "A key is given twice",
        description: "Only one of the two values reaches the cluster, and strict readers refuse the document.",
        link: "https://yaml.org/spec/1.2.2/#3213-node-comparison",
        offline_only: true,
    },
];

/// As rules that have no Rego.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    NATIVE.iter().map(|native| Rule {
        id: native.id.into(),
        family: native.family.into(),
        title: native.title.to_owned(),
        description: native.description.to_owned(),
        related_resources: vec![native.link.to_owned()],
        severity: native.severity,
        kinds: KindPattern::parse("*").unwrap_or_default(),
        software: Vec::new(),
        needs: Vec::new(),
        operations: vec![Operation::Create, Operation::Update],
        doors: Doors { offline: true, admission: !native.offline_only },
        default_on: true,
        deny: Vec::new(),
        on_error: OnError::Warn,
        profiles: vec!["recommended".into()],
        fix: FixKind::None,
        since: "0.1.0".to_owned(),
        params: Vec::new(),
        file: "".into(),
        source: Cow::Borrowed(""),
        package: String::new(),
        builtin: true,
    })
}
