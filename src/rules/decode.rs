//! From what a rule answered to [`Finding`]s. Nothing is dropped: what is malformed is an error of the rule.

use std::sync::Arc;

use super::rule::{FixKind, Rule};
use crate::finding::{Edit, Finding, Fix, FixSafety, PatchOp, Place, Related, Severity};
use crate::objects::Identity;
use crate::place::{Path, Within};
use crate::value::{Lookup, Value};

/// Keys of a finding.
const KEYS: &[&str] = &["path", "message", "severity", "within", "related", "fix"];

/// What a finding is decoded for.
pub(super) struct Judged<'a> {
    pub(super) rule: &'a Rule,
    pub(super) object: &'a Identity,
    /// `workload` of the input.
    pub(super) workload: &'a Value,
    /// What the configuration makes of the rule's findings.
    pub(super) severity: Option<Severity>,
}

/// All findings of one evaluation, ordered by path and message.
pub(super) fn findings(answer: &Value, judged: &Judged<'_>) -> Result<Vec<Finding>, String> {
    let Value::Set(set) = answer else {
        return match answer {
            Value::Undefined => Ok(Vec::new()),
            other => Err(format!("`findings` is no set but {other}: write `findings contains finding if {{ ... }}`")),
        };
    };
    let mut found = set.iter().map(|value| finding(value, judged)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|a, b| (&a.path, a.within, &a.message).cmp(&(&b.path, b.within, &b.message)));
    Ok(found)
}

fn finding(value: &Value, judged: &Judged<'_>) -> Result<Finding, String> {
    known_keys(value, KEYS, "a finding")?;
    let path = path(value.at("path"), "a finding's `path`")?;
    let severity = match value.at("severity") {
        Value::Undefined => judged.rule.severity,
        text => text.text().and_then(Severity::parse).ok_or("a finding's `severity` must be error, warning or info")?,
    };
    let related = match value.at("related") {
        Value::Undefined => Vec::new(),
        Value::Array(items) => items.iter().map(related).collect::<Result<Vec<_>, _>>()?,
        _ => return Err("a finding's `related` must be an array".to_owned()),
    };
    Ok(Finding {
        rule: judged.rule.id.clone(),
        severity: judged.severity.unwrap_or(severity),
        object: judged.object.clone(),
        container: container(value.at("path"), judged.workload),
        within: within(value.at("within"))?,
        message: message(value, "a finding")?,
        related,
        fix: fix(value.at("fix"), judged.rule)?,
        path,
    })
}

/// The container whose path the finding's path begins with.
fn container(path: &Value, workload: &Value) -> Option<Arc<str>> {
    let path = path.items();
    let inside = |container: &&Value| {
        let steps = container.at("path").items();
        !steps.is_empty() && path.starts_with(steps)
    };
    match workload.at("containers").items().iter().find(inside)?.at("name") {
        Value::String(name) => Some(name.clone()),
        _ => None,
    }
}

fn known_keys(value: &Value, known: &[&str], what: &str) -> Result<(), String> {
    if !matches!(value, Value::Object(_)) {
        return Err(format!("{what} must be an object, this is {value}"));
    }
    match value.entries().find(|(key, _)| !known.contains(key)) {
        Some((key, _)) => Err(format!("{what} has no `{key}`; it has: {}", known.join(", "))),
        None => Ok(()),
    }
}

fn path(value: &Value, what: &str) -> Result<Path, String> {
    Path::from_value(value).ok_or_else(|| format!("{what} must be an array of keys and indices, this is {value}"))
}

/// A message is one line: names out of a manifest must not break reports.
fn message(value: &Value, what: &str) -> Result<String, String> {
    match value.at("message").text() {
        Some(text) if !text.trim().is_empty() && !text.contains(char::is_control) => Ok(text.to_owned()),
        Some(text) if !text.trim().is_empty() => Ok(text.replace(char::is_control, " ")),
        _ => Err(format!("{what} needs a `message`")),
    }
}

fn within(value: &Value) -> Result<Option<Within>, String> {
    if value.is_absent() {
        return Ok(None);
    }
    let offset = |key: &str| value.at(key).int().and_then(|n| usize::try_from(n).ok());
    match (offset("start"), offset("end")) {
        (Some(start), Some(end)) if start <= end => Ok(Some(Within { start, end })),
        _ => Err(format!("`within` must be {{start, end}}, character offsets, this is {value}")),
    }
}

fn object_of(value: &Value) -> Result<Option<Identity>, String> {
    if value.is_absent() {
        return Ok(None);
    }
    Identity::from_value(value).map(Some).ok_or_else(|| format!("`object` must be {{apiVersion, kind, namespace, name}}, this is {value}"))
}

/// `{message, place}` with a place out of the facts, or `{message, path, object, within}`.
fn related(value: &Value) -> Result<Related, String> {
    known_keys(value, &["message", "place", "object", "path", "within"], "an entry of `related`")?;
    let place = match value.at("place") {
        Value::Undefined => value,
        place => place,
    };
    let place = Place {
        object: object_of(place.at("object"))?,
        path: path(place.at("path"), "the `path` of an entry of `related`")?,
        within: within(place.at("within"))?,
    };
    Ok(Related { message: message(value, "an entry of `related`")?, place })
}

fn fix(value: &Value, rule: &Rule) -> Result<Option<Fix>, String> {
    if value.is_absent() {
        return Ok(None);
    }
    known_keys(value, &["title", "safety", "edits", "creates"], "a fix")?;
    let safety = match (value.at("safety"), rule.fix) {
        (_, FixKind::None) => return Err("a finding has a fix, but the header says `fix: none`: write safe or unsafe there".to_owned()),
        (Value::Undefined, FixKind::Safe) => FixSafety::Safe,
        (Value::Undefined, FixKind::Unsafe) => FixSafety::Unsafe,
        (safety, header) => match (safety.text(), header) {
            (Some("safe"), FixKind::Safe) => FixSafety::Safe,
            (Some("unsafe"), _) => FixSafety::Unsafe,
            _ => return Err(format!("a fix's `safety` is {safety}, but the header says `fix: {}`", header.as_str())),
        },
    };
    let title =
        value.at("title").text().filter(|title| !title.is_empty()).ok_or("a fix needs a `title`: what it does, in the imperative")?;
    let edits = value.at("edits").items().iter().map(edit).collect::<Result<Vec<_>, _>>()?;
    let creates = value.at("creates").items().to_vec();
    if edits.is_empty() && creates.is_empty() {
        return Err("a fix needs `edits` or `creates`, as arrays".to_owned());
    }
    Ok(Some(Fix { title: title.to_owned(), safety, edits, creates }))
}

fn edit(value: &Value) -> Result<Edit, String> {
    known_keys(value, &["object", "ops"], "an edit of a fix")?;
    let ops = value.at("ops").items().iter().map(operation).collect::<Result<Vec<_>, _>>()?;
    if ops.is_empty() {
        return Err("an edit of a fix needs `ops`, an array of {op, path, value}".to_owned());
    }
    Ok(Edit { object: object_of(value.at("object"))?, ops })
}

fn operation(value: &Value) -> Result<PatchOp, String> {
    known_keys(value, &["op", "path", "value"], "an operation of a fix")?;
    let path = path(value.at("path"), "the `path` of an operation of a fix")?;
    let new = || match value.at("value") {
        Value::Undefined => Err("an operation of a fix needs a `value`".to_owned()),
        new => Ok(new.clone()),
    };
    match value.at("op").text() {
        Some("add") => Ok(PatchOp::Add(path, new()?)),
        Some("replace") => Ok(PatchOp::Replace(path, new()?)),
        Some("test") => Ok(PatchOp::Test(path, new()?)),
        Some("remove") => Ok(PatchOp::Remove(path)),
        _ => Err(format!("an operation of a fix is add, replace, remove or test, this is {}", value.at("op"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::header;

    fn decode(answer: &str, fix: &str) -> Result<Vec<Finding>, String> {
        let source = format!(
            "# METADATA\n# title: T\n# description: D\n# custom:\n#   severity: warning\n#   kinds: [Pod]\n#   fix: {fix}\npackage kubelint.x\n"
        );
        let rule = header::parse("a/x.rego", source.into(), false).unwrap();
        let object = Identity { api_version: "v1".into(), kind: "Pod".into(), namespace: None, name: "p".into() };
        let workload = Value::from_json_str(r#"{"containers":[{"name":"a","path":["spec","containers",0]}]}"#).unwrap();
        let set: regorus::value::Set = Value::from_json_str(answer).unwrap().items().iter().cloned().collect();
        findings(&Value::from(set), &Judged { rule: &rule, object: &object, workload: &workload, severity: None })
    }

    #[test]
    fn a_full_finding_is_decoded() {
        let found = decode(
            r#"[{"path":["spec","containers",0,"image"],"message":"m\nn","severity":"error","within":{"start":1,"end":2},
                 "related":[{"message":"r","object":{"apiVersion":"v1","kind":"ConfigMap","namespace":null,"name":"c"},"path":["data"]},
                            {"message":"s","place":{"object":null,"path":["kind"],"within":null}}],
                 "fix":{"title":"t","edits":[{"ops":[{"op":"remove","path":["a"]},{"op":"add","path":["b"],"value":1}]}]}}]"#,
            "safe",
        )
        .unwrap();
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((finding.severity, finding.container.as_deref(), finding.message.as_str()), (Severity::Error, Some("a"), "m n"));
        assert_eq!(finding.within, Some(Within { start: 1, end: 2 }));
        assert_eq!(finding.related[0].place.object.as_ref().unwrap().name, "c".into());
        assert_eq!(finding.related[1].place, Place { object: None, path: ["kind".into()].into_iter().collect(), within: None });
        let fix = finding.fix.as_ref().unwrap();
        assert_eq!((fix.safety, fix.edits[0].ops.len()), (FixSafety::Safe, 2));
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        for (answer, said) in [
            (r#"[{"message":"m"}]"#, "`path` must be an array"),
            (r#"[{"path":["a"]}]"#, "needs a `message`"),
            (r#"[{"path":["a"],"message":"m","severty":"error"}]"#, "has no `severty`"),
            (r#"[{"path":["a"],"message":"m","severity":"high"}]"#, "`severity` must be"),
            (r#"[{"path":["a"],"message":"m","within":{"start":2,"end":1}}]"#, "`within` must be"),
            (r#"[{"path":["a"],"message":"m","related":[{"path":["a"]}]}]"#, "`related` needs a `message`"),
            (r#"[{"path":["a"],"message":"m","fix":{"title":"t","edits":[{"ops":[{"op":"add","path":["b"]}]}]}}]"#, "needs a `value`"),
            (r#"[{"path":["a"],"message":"m","fix":{"title":"t","safety":"safe","edits":[]}}]"#, "the header says `fix: unsafe`"),
            (r#"["x"]"#, "must be an object"),
        ] {
            let error = decode(answer, "unsafe").unwrap_err();
            assert!(error.contains(said), "{answer}: {error}");
        }
        assert!(decode(r#"[{"path":["a"],"message":"m","fix":{"title":"t"}}]"#, "none").unwrap_err().contains("fix: none"));
    }
}
