//! `explain-memory`: for each cache, where its cap comes from, which settings are dead and why, and how it stands to the
//! container's limit.

use serde::Serialize;

use super::session::{Session, Subject};
use crate::finding::Place;
use crate::objects::Identity;
use crate::place::{Path, Within};
use crate::report::JsonObject;
use crate::value::{Lookup, Value};

/// One cache.
#[derive(Debug, Clone, Serialize)]
pub struct Cache<'s> {
    /// The workload's file.
    pub file: String,
    /// The workload.
    #[serde(serialize_with = "identity")]
    pub object: &'s Identity,
    /// The container's name.
    pub container: String,
    /// `server`.
    pub role: String,
    /// The cap in bytes; none where it is unlimited or not known.
    pub bytes: Option<i64>,
    /// Is there no cap at all?
    pub unlimited: bool,
    /// `exact`, `inferred` or `unresolved`.
    pub certainty: String,
    /// What the server would refuse, if it would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it is inferred or unresolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The setting that counts.
    pub winner: Option<Setting>,
    /// Settings that do not.
    pub dead: Vec<Dead>,
    /// The container's memory limit in bytes.
    pub limit: Option<i64>,
    /// Its memory request in bytes.
    pub request: Option<i64>,
    /// Limit divided by cap.
    pub ratio: Option<f64>,
}

/// A setting and where it is.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// Its file; none where it is in no input.
    pub file: Option<String>,
    /// 1-based.
    pub line: Option<usize>,
    /// The directive; for a Secret only its name and parsed number.
    pub text: String,
}

/// A setting that does not count.
#[derive(Debug, Clone, Serialize)]
pub struct Dead {
    /// Which.
    #[serde(flatten)]
    pub setting: Setting,
    /// Why.
    pub reason: String,
}

fn identity<S: serde::Serializer>(id: &Identity, serializer: S) -> Result<S::Ok, S::Error> {
    JsonObject::from(id).serialize(serializer)
}

/// All caches of a session, in the order of names and texts.
pub fn caches<'s>(session: &'s Session<'_>) -> Vec<Cache<'s>> {
    session.subjects().flat_map(|subject| of_workload(session, &subject)).collect()
}

fn of_workload<'s>(session: &'s Session<'_>, subject: &Subject<'s>) -> Vec<Cache<'s>> {
    let Some(facts) = session.facts(subject) else { return Vec::new() };
    let place = Place { object: None, path: Path::root(), within: None };
    let file = session.locate(subject, &place).map(|at| at.file.to_string()).unwrap_or_default();
    let containers = facts.workload().at("containers").items().to_vec();
    let capped = containers.iter().filter(|container| !container.at("memory_cap").is_absent());
    capped.map(|container| cache(session, subject, container, file.clone())).collect()
}

fn cache<'s>(session: &Session<'_>, subject: &Subject<'s>, container: &Value, file: String) -> Cache<'s> {
    let cap = container.at("memory_cap");
    let text = |value: &Value| value.text().map(Into::into);
    let (bytes, limit) = (cap.at("bytes").int(), container.at("memory").at("limit").int());
    let dead = cap.at("candidates").items().iter().filter(|candidate| candidate.at("status").text() != Some("winner"));
    let dead = dead.map(|candidate| Dead {
        setting: setting(session, subject, candidate),
        reason: candidate.at("reason").text().or(candidate.at("status").text()).unwrap_or_default().into(),
    });
    Cache {
        file,
        object: &subject.object.identity,
        container: container.at("name").text().unwrap_or_default().into(),
        role: container.at("software").at("role").text().unwrap_or_default().into(),
        bytes,
        unlimited: cap.at("unlimited").flag().unwrap_or_default(),
        certainty: cap.at("certainty").text().unwrap_or("unresolved").into(),
        error: text(cap.at("error")),
        reason: text(cap.at("reason")),
        winner: (!cap.at("winner").is_absent()).then(|| setting(session, subject, cap.at("winner"))),
        dead: dead.collect(),
        limit,
        request: container.at("memory").at("request").int(),
        ratio: limit.zip(bytes.filter(|bytes| *bytes > 0)).map(|(limit, bytes)| limit as f64 / bytes as f64),
    }
}

fn setting(session: &Session<'_>, subject: &Subject<'_>, candidate: &Value) -> Setting {
    let at = place(candidate.at("place")).and_then(|place| session.locate(subject, &place));
    Setting {
        file: at.as_ref().map(|at| at.file.to_string()),
        line: at.as_ref().map(|at| at.span.start.line),
        text: candidate.at("text").text().unwrap_or_default().into(),
    }
}

/// A place as the facts write it.
pub fn place(value: &Value) -> Option<Place> {
    let object = value.at("object");
    let object = if object.is_absent() { None } else { Some(Identity::from_value(object)?) };
    let index = |key: &str| value.at("within").at(key).int().and_then(|n| usize::try_from(n).ok());
    let within = index("start").zip(index("end")).map(|(start, end)| Within { start, end });
    Some(Place { object, path: Path::from_value(value.at("path"))?, within })
}
