//! The METADATA block at the head of a rule's file: the single source of everything said about the rule.

use std::borrow::Cow;
use std::sync::Arc;

use super::kinds::KindPattern;
use super::rule::{Doors, FixKind, OnError, Operation, Param, Rule};
use crate::facts::Need;
use crate::finding::Severity;
use crate::value::{Lookup, Value};

/// Keys of the block itself: those of OPA's annotations that a rule needs.
const TOP: &[&str] = &["title", "description", "related_resources", "custom", "scope", "authors", "organizations"];
/// Keys of `custom`.
const CUSTOM: &[&str] =
    &["severity", "kinds", "software", "needs", "operations", "doors", "default", "deny", "on_error", "profiles", "fix", "since", "params"];

/// Something wrong with a header, and on which line of the file.
#[derive(Debug)]
pub(super) struct HeaderError {
    pub(super) line: usize,
    pub(super) message: String,
}

/// The text of the block, `# ` taken off, and whether the file has one. The block is the first thing of the file.
fn block(source: &str) -> Option<String> {
    let mut lines = source.lines();
    if lines.next()?.trim_end() != "# METADATA" {
        return None;
    }
    let comment = |line: &str| line.strip_prefix('#').map(|text| text.strip_prefix(' ').unwrap_or(text).to_owned() + "\n");
    Some(lines.map_while(comment).collect())
}

/// Reads a header. `file` is what the loader calls the file: `policies/security/privileged_container.rego`.
pub(super) fn parse(file: &str, source: Cow<'static, str>, builtin: bool) -> Result<Rule, Vec<HeaderError>> {
    let at_top = |message: String| vec![HeaderError { line: 1, message }];
    let Some(text) = block(&source) else {
        return Err(at_top(
            "the first line must be `# METADATA`, followed by the rule's header: see CONTRIBUTING.md, \"Adding a rule\"".to_owned(),
        ));
    };
    let value = match crate::yaml::read_value(&text) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) => return Err(at_top("the METADATA block must be a YAML mapping".to_owned())),
        Err(error) => {
            let line = error.at.map_or(1, |at| at.line + 1);
            return Err(vec![HeaderError { line, message: format!("the METADATA block is no YAML: {}", error.message) }]);
        }
    };
    let mut reader = Reader { text: &text, builtin, errors: Vec::new() };
    let rule = reader.rule(file, &value, source.clone());
    if reader.errors.is_empty() { Ok(rule) } else { Err(reader.errors) }
}

/// `policies/security/privileged_container.rego` is of family `security` and called `privileged_container`.
pub(super) fn stem_and_family(file: &str) -> (&str, &str) {
    let mut parts = file.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or(file);
    let family = parts.next().filter(|folder| !folder.is_empty() && !matches!(*folder, "." | "..")).unwrap_or("custom");
    (name.strip_suffix(".rego").unwrap_or(name), family)
}

struct Reader<'a> {
    text: &'a str,
    builtin: bool,
    errors: Vec<HeaderError>,
}

impl Reader<'_> {
    /// Notes an error at the line where `key` stands in the header, else at its first line.
    fn error(&mut self, key: &str, message: String) {
        let is_key = |line: &str| line.trim_start().trim_start_matches("- ").strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let line = self.text.lines().position(is_key).map_or(1, |nth| nth + 2);
        self.errors.push(HeaderError { line, message });
    }

    fn rule(&mut self, file: &str, value: &Value, source: Cow<'static, str>) -> Rule {
        let (stem, family) = stem_and_family(file);
        self.known_keys(value, TOP, "");
        let custom = value.at("custom");
        if !matches!(custom, Value::Object(_)) {
            self.error("custom", "`custom` must be a mapping with at least `severity` and `kinds`".to_owned());
        }
        self.known_keys(custom, CUSTOM, "custom.");
        let kinds = self.kinds(custom, "kinds");
        if kinds.is_empty() {
            self.error(
                "kinds",
                "`custom.kinds` must name what the rule judges: a list such as [StatefulSet], [Workload] or [ConfigMap]".to_owned(),
            );
        }
        let deny = self.kinds(custom, "deny");
        for denied in deny.iter().filter(|denied| !kinds.contains(denied) && !kinds.iter().any(|kind| kind.as_str() == "*")) {
            self.error("deny", format!("`deny` names {}, which `kinds` does not", denied.as_str()));
        }
        let title = self.required_text(value, "title");
        if title.ends_with('.') || title.contains('\n') {
            self.error("title", "`title` is one line without a full stop".to_owned());
        }
        Rule {
            id: stem.replace('_', "-").into(),
            family: family.into(),
            title,
            description: self.required_text(value, "description").trim_end().to_owned(),
            related_resources: self.related_resources(value),
            severity: self.one_of(custom, "severity", Severity::Warning, true, Severity::parse, "info | warning | error"),
            kinds,
            software: self.words(custom, "software"),
            needs: self.many(custom, "needs", Need::parse, &Need::ALL.iter().map(|need| need.as_str()).collect::<Vec<_>>().join(", ")),
            operations: self.operations(custom),
            doors: self.doors(custom),
            default_on: self.default_on(custom),
            deny,
            on_error: self.one_of(custom, "on_error", OnError::Warn, false, on_error, "warn | deny"),
            profiles: self.profiles(custom),
            fix: self.one_of(custom, "fix", FixKind::None, false, fix_kind, "none | safe | unsafe"),
            since: self.since(custom),
            params: self.params(custom),
            file: file.into(),
            source,
            package: format!("kubelint.{stem}"),
            builtin: self.builtin,
        }
    }

    fn known_keys(&mut self, value: &Value, known: &[&str], prefix: &str) {
        let unknown: Vec<String> = value.entries().map(|(key, _)| key.to_owned()).filter(|key| !known.contains(&key.as_str())).collect();
        for key in unknown {
            let near = known.iter().find(|name| strsim::levenshtein(name, &key) <= 2);
            let hint = near.map_or_else(|| format!("; known: {}", known.join(", ")), |name| format!("; did you mean `{name}`?"));
            self.error(&key, format!("unknown key `{prefix}{key}`{hint}"));
        }
    }

    fn required_text(&mut self, value: &Value, key: &str) -> String {
        match value.at(key).text() {
            Some(text) if !text.trim().is_empty() => text.to_owned(),
            _ => {
                self.error(key, format!("`{key}` is missing: a rule says what it finds and why that matters"));
                String::new()
            }
        }
    }

    fn related_resources(&mut self, value: &Value) -> Vec<String> {
        let entries = value.at("related_resources");
        let links: Vec<String> =
            entries.items().iter().filter_map(|entry| entry.text().or_else(|| entry.at("ref").text())).map(str::to_owned).collect();
        let bad =
            links.len() != entries.items().len() || links.iter().any(|link| !link.starts_with("https://") && !link.starts_with("http://"));
        if bad || (!entries.is_absent() && !matches!(entries, Value::Array(_))) {
            self.error("related_resources", "`related_resources` must be a list of links (https://...)".to_owned());
        } else if self.builtin && links.is_empty() {
            self.error("related_resources", "`related_resources` must hold at least one link that proves the point".to_owned());
        }
        links
    }

    fn strings(&mut self, custom: &Value, key: &str) -> Vec<Arc<str>> {
        let value = custom.at(key);
        let texts: Vec<Arc<str>> = value.items().iter().filter_map(|item| item.text().map(Into::into)).collect();
        if texts.len() != value.items().len() || (!value.is_absent() && !matches!(value, Value::Array(_))) {
            self.error(key, format!("`custom.{key}` must be a list of words"));
        }
        if let Some(twice) = texts.iter().enumerate().find(|(nth, text)| texts.iter().skip(nth + 1).any(|other| other == *text)) {
            self.error(key, format!("`custom.{key}` names {} twice", twice.1));
        }
        texts
    }

    fn words(&mut self, custom: &Value, key: &str) -> Vec<Arc<str>> {
        let words = self.strings(custom, key);
        let plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        for word in words.iter().filter(|word| !plain(word)) {
            self.error(key, format!("`custom.{key}`: `{word}` must be lower-case, such as redis"));
        }
        words
    }

    fn kinds(&mut self, custom: &Value, key: &str) -> Vec<KindPattern> {
        let mut kinds = Vec::new();
        for text in self.strings(custom, key) {
            match KindPattern::parse(&text) {
                Ok(patterns) => kinds.extend(patterns),
                Err(message) => self.error(key, format!("`custom.{key}`: {message}")),
            }
        }
        kinds
    }

    fn one_of<T>(&mut self, custom: &Value, key: &str, default: T, required: bool, parse: impl Fn(&str) -> Option<T>, choices: &str) -> T {
        match custom.at(key) {
            Value::Undefined if !required => default,
            value => value.text().and_then(parse).unwrap_or_else(|| {
                self.error(key, format!("`custom.{key}` must be one of {choices}"));
                default
            }),
        }
    }

    fn many<T>(&mut self, custom: &Value, key: &str, parse: impl Fn(&str) -> Option<T>, choices: &str) -> Vec<T> {
        let mut found = Vec::new();
        for text in self.strings(custom, key) {
            match parse(&text) {
                Some(item) => found.push(item),
                None => self.error(key, format!("`custom.{key}`: `{text}` is none of {choices}")),
            }
        }
        found
    }

    fn operations(&mut self, custom: &Value) -> Vec<Operation> {
        let parse = |text: &str| Operation::ALL.iter().copied().find(|operation| operation.as_str() == text);
        let operations = self.many(custom, "operations", parse, "CREATE, UPDATE, DELETE, CONNECT");
        if operations.is_empty() { vec![Operation::Create, Operation::Update] } else { operations }
    }

    fn doors(&mut self, custom: &Value) -> Doors {
        let doors =
            self.many(custom, "doors", |text| ["offline", "admission"].into_iter().find(|door| *door == text), "offline, admission");
        Doors { offline: doors.is_empty() || doors.contains(&"offline"), admission: doors.is_empty() || doors.contains(&"admission") }
    }

    /// `on` and `off` are booleans to a YAML 1.1 reader, unless quoted.
    fn default_on(&mut self, custom: &Value) -> bool {
        match custom.at("default") {
            Value::Undefined | Value::Bool(true) => true,
            Value::Bool(false) => false,
            other => match other.text() {
                Some("on") => true,
                Some("off") => false,
                _ => {
                    self.error("default", "`custom.default` must be on or off".to_owned());
                    true
                }
            },
        }
    }

    fn profiles(&mut self, custom: &Value) -> Vec<Arc<str>> {
        let profiles = self.words(custom, "profiles");
        if custom.at("profiles").is_absent() { vec!["recommended".into()] } else { profiles }
    }

    fn since(&mut self, custom: &Value) -> String {
        let since = custom.at("since").text().unwrap_or_default().to_owned();
        let version = since.split('.').count() == 3 && since.split('.').all(|part| part.parse::<u32>().is_ok());
        if self.builtin && !version {
            self.error("since", "`custom.since` must be the version that brings the rule, such as 0.1.0".to_owned());
        }
        since
    }

    fn params(&mut self, custom: &Value) -> Vec<Param> {
        let params = custom.at("params");
        if !params.is_absent() && !matches!(params, Value::Object(_)) {
            self.error("params", "`custom.params` must be a mapping: name: {default: ..., description: ...}".to_owned());
        }
        let mut found = Vec::new();
        for (name, param) in params.entries() {
            self.known_keys(param, &["default", "description"], &format!("custom.params.{name}."));
            let description = param.at("description").text().unwrap_or_default().to_owned();
            if description.is_empty() {
                self.error(name, format!("parameter `{name}` has no description"));
            }
            if !plain_value(param.at("default")) {
                self.error(name, format!("parameter `{name}` needs a default: an integer, true or false, a string, or a list of one of those (a ratio is an integer percent)"));
            }
            if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                self.error(name, format!("parameter `{name}` must be snake_case"));
            }
            found.push(Param { name: name.into(), default: param.at("default").clone(), description });
        }
        found
    }
}

fn plain_value(value: &Value) -> bool {
    match value {
        Value::Number(_) => value.int().is_some(),
        Value::Bool(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(|item| plain_value(item) && !matches!(item, Value::Array(_))),
        _ => false,
    }
}

fn on_error(text: &str) -> Option<OnError> {
    [OnError::Warn, OnError::Deny].into_iter().find(|choice| choice.as_str() == text)
}

fn fix_kind(text: &str) -> Option<FixKind> {
    [FixKind::None, FixKind::Safe, FixKind::Unsafe].into_iter().find(|choice| choice.as_str() == text)
}
