//! The program and its rules, described.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::results::level;
use crate::finding::Severity;
use crate::rules::{Catalog, Rule};

/// Characters of a description that code scanning keeps.
const DESCRIPTION: usize = 1024;

pub(super) fn driver(catalog: &Catalog) -> Json {
    let rules: Vec<Json> = catalog.rules().iter().map(|rule| describe(rule)).collect();
    json!({ "name": "kubelint", "version": env!("CARGO_PKG_VERSION"), "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules })
}

fn describe(rule: &Rule) -> Json {
    let mut described = json!({
        "id": &*rule.id,
        "shortDescription": { "text": cut(&rule.title) },
        "fullDescription": { "text": cut(rule.description.trim()) },
        "help": { "text": help(rule, false), "markdown": help(rule, true) },
        "defaultConfiguration": { "enabled": rule.default_on, "level": level(rule.severity) },
        "properties": properties(rule),
    });
    if let (Some(link), Some(described)) = (rule.related_resources.first(), described.as_object_mut()) {
        described.insert("helpUri".to_owned(), json!(link));
    }
    described
}

fn properties(rule: &Rule) -> Json {
    let problem = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    };
    let mut properties = json!({ "tags": ["kubernetes", &*rule.family], "precision": "high", "problem.severity": problem });
    if let ("security" | "rbac", Some(properties)) = (&*rule.family, properties.as_object_mut()) {
        // Code scanning calls over 7.0 high, over 4.0 medium.
        let score = match rule.severity {
            Severity::Error => "8.0",
            Severity::Warning => "5.0",
            Severity::Info => "2.0",
        };
        properties.insert("security-severity".to_owned(), json!(score));
        let tags: &[&str] =
            if &*rule.family == "security" { &["kubernetes", "security"] } else { &["kubernetes", &rule.family, "security"] };
        properties.insert("tags".to_owned(), json!(tags));
    }
    properties
}

fn help(rule: &Rule, markdown: bool) -> String {
    let mut help = format!("{}\n", rule.description.trim());
    for link in &rule.related_resources {
        let _ = if markdown { write!(help, "\n* <{link}>") } else { write!(help, "\n{link}") };
    }
    let accept = format!("# kubelint: ignore[{}] why", rule.id);
    let _ = if markdown {
        write!(help, "\n\n`kubelint explain {}` says more. To accept a finding: `{accept}` on its line or above it.", rule.id)
    } else {
        write!(help, "\n\nkubelint explain {} says more. To accept a finding: {accept}", rule.id)
    };
    help
}

fn cut(text: &str) -> String {
    text.chars().take(DESCRIPTION).collect()
}
