//! One finding as a result.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::super::spot::Spot;
use super::super::{Located, Replacement, Sources, Suppressed, clean};
use super::uri::uri;
use crate::finding::{Finding, Severity};
use crate::yaml::Span;

/// Related places of one result; code scanning shows a hundred.
const RELATED: usize = 100;

pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

pub(super) fn result(located: &Located, rule_index: Option<usize>, sources: &dyn Sources) -> Json {
    let finding = &located.finding;
    let spot = Spot::of(&located.location, sources);
    let related = related(located, sources);
    let mut result = json!({
        "ruleId": &*finding.rule,
        "level": level(finding.severity),
        "message": { "text": message(located, &spot, &related) },
        "locations": [{ "physicalLocation": physical(&spot, located, sources), "logicalLocations": [logical(finding)] }],
        // Code scanning knows a result again by the first; without it, it would take the line's text.
        "partialFingerprints": { "primaryLocationLineHash": located.fingerprint, "kubelint/v1": located.fingerprint },
        "suppressions": located.suppressed.iter().map(suppression).collect::<Vec<_>>(),
    });
    let Some(fields) = result.as_object_mut() else { return result };
    if let Some(index) = rule_index {
        fields.insert("ruleIndex".to_owned(), json!(index));
    }
    if !related.is_empty() {
        let places = related
            .iter()
            .enumerate()
            .map(|(nth, (text, spot))| json!({ "id": nth + 1, "message": { "text": plain(text) }, "physicalLocation": place(spot) }));
        fields.insert("relatedLocations".to_owned(), places.collect());
    }
    if let Some(fix) = fix(located, sources) {
        fields.insert("fixes".to_owned(), json!([fix]));
    }
    result
}

/// The message. Viewers show related places only where it links to them.
fn message(located: &Located, spot: &Spot, related: &[(String, Spot)]) -> String {
    let finding = &located.finding;
    let mut text = plain(&spot.message(finding));
    for (nth, (message, _)) in related.iter().enumerate() {
        let message: String = message.chars().filter(|c| !matches!(c, '[' | ']' | '\\')).collect();
        let _ = write!(text, "\n[{}]({})", if message.trim().is_empty() { "related" } else { &message }, nth + 1);
    }
    for (related, _) in finding.related.iter().zip(&located.related).filter(|(_, at)| at.is_none()) {
        let _ = write!(text, "\n{}", plain(&clean(&related.message)));
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(text, "\nFix: {}", plain(&clean(&fix.title)));
    }
    text
}

/// Text in which nothing is a link (SARIF 3.11.6).
pub(super) fn plain(text: &str) -> String {
    if !text.contains("](") {
        return text.to_owned();
    }
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn related(located: &Located, sources: &dyn Sources) -> Vec<(String, Spot)> {
    let places = located.finding.related.iter().zip(&located.related);
    places
        .filter_map(|(related, at)| {
            let spot = Spot::of(at.as_ref()?, sources);
            Some((spot.quoting(&related.message), spot))
        })
        .take(RELATED)
        .collect()
}

fn place(spot: &Spot) -> Json {
    let mut region = Map::from_iter([("startLine".to_owned(), json!(spot.line))]);
    if let Some((start, end)) = spot.columns {
        region.insert("startColumn".to_owned(), json!(start));
        region.insert("endLine".to_owned(), json!(spot.end_line));
        region.insert("endColumn".to_owned(), json!(end));
    }
    json!({ "artifactLocation": { "uri": uri(&spot.file) }, "region": region })
}

/// The place, with its lines where they are lines of that file.
fn physical(spot: &Spot, located: &Located, sources: &dyn Sources) -> Json {
    let mut place = place(spot);
    let excerpt = sources.source(located.location.input).map(|source| source.excerpt(located.location.span));
    if let (Some(excerpt), Some(fields)) = (excerpt, place.as_object_mut())
        && sources.template(&located.location).is_none()
    {
        let last = excerpt.line + excerpt.text.matches('\n').count();
        // What surrounds a region has all of it.
        if excerpt.line <= spot.line && last >= spot.end_line {
            let text: Vec<String> = excerpt.text.split('\n').map(|line| clean(line).into_owned()).collect();
            let context = json!({ "startLine": excerpt.line, "endLine": last, "snippet": { "text": text.join("\n") } });
            fields.insert("contextRegion".to_owned(), context);
        }
    }
    place
}

fn logical(finding: &Finding) -> Json {
    let object = &finding.object;
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let name = format!("{}/{}/{namespace}/{}{}", object.api_version, object.kind, object.name, finding.path.to_pointer());
    json!({ "name": clean(&object.name), "fullyQualifiedName": clean(&name), "kind": "resource" })
}

fn suppression(suppressed: &Suppressed) -> Json {
    let kind = if suppressed.by == "comment" || suppressed.by.ends_with("annotation") { "inSource" } else { "external" };
    let justification = format!("{}: {}", suppressed.by, clean(&suppressed.reason));
    json!({ "kind": kind, "status": "accepted", "justification": justification })
}

/// The fix as changes of text. A rendered text is nobody's to change.
fn fix(located: &Located, sources: &dyn Sources) -> Option<Json> {
    let fix = located.finding.fix.as_ref()?;
    let replacements = sources.replacements(located);
    if replacements.is_empty() || sources.template(&located.location).is_some() {
        return None;
    }
    let mut changes: Vec<(&str, Vec<Json>)> = Vec::new();
    for replacement in &replacements {
        let change = change(replacement);
        match changes.iter_mut().find(|(file, _)| *file == &*replacement.file) {
            Some((_, all)) => all.push(change),
            None => changes.push((&replacement.file, vec![change])),
        }
    }
    let changes: Vec<Json> = changes
        .into_iter()
        .map(|(file, replacements)| json!({ "artifactLocation": { "uri": uri(file) }, "replacements": replacements }))
        .collect();
    Some(json!({ "description": { "text": plain(&clean(&fix.title)) }, "artifactChanges": changes }))
}

fn change(replacement: &Replacement) -> Json {
    let Span { start, end } = replacement.span;
    let region = json!({
        "startLine": start.line.max(1),
        "startColumn": start.column.max(1),
        "endLine": end.line.max(1),
        "endColumn": end.column.max(1),
    });
    json!({ "deletedRegion": region, "insertedContent": { "text": replacement.text } })
}
