//! The `AdmissionReview` that goes back, and what metrics and logs may say about it: never a word of the object's data.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::mutate::json_patch;
use super::review::Review;
use super::verdict::{Verdict, plain};
use crate::cluster::events::{Happening, Notice};
use crate::finding::PatchOp;
use crate::objects::Object;

/// An answer, ready to be sent as `application/json`.
#[derive(Debug, Clone)]
pub struct Reply {
    /// 200 for every verdict, 400 for what is no review.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// For metrics and logs.
    pub told: Told,
}

/// What may be counted and logged.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The request's uid.
    pub uid: String,
    /// `CREATE` and so on; empty if it could not be read.
    pub operation: &'static str,
    /// `apps/statefulsets`.
    pub resource: String,
    /// `scale` and the like.
    pub subresource: String,
    /// Of the object, as it says itself; empty if it could not be read.
    pub api_version: String,
    /// Of the object, as it says itself; empty if it could not be read.
    pub kind: String,
    /// Nothing will be stored.
    pub dry_run: bool,
    /// Of the object.
    pub namespace: String,
    /// Of the object.
    pub name: String,
    /// `allowed`, `warned`, `denied`, `broken-glass`, `mutated`, `unread`.
    pub verdict: &'static str,
    /// The rules that refused, or would have if the glass had not been broken.
    pub denied_by: Vec<Arc<str>>,
    /// The rules that would have refused, but for the grace for what is missing.
    pub graced: Vec<Arc<str>>,
    /// The rules that failed.
    pub failed: Vec<Arc<str>>,
}

impl Told {
    /// What an Event says of it; `None`: nothing worth one, or a dry run.
    pub(super) fn notice(&self) -> Option<Notice> {
        let happening = match self.verdict {
            "denied" => Happening::Refused,
            "broken-glass" => Happening::GlassBroken,
            _ => return None,
        };
        if self.dry_run || self.kind.is_empty() {
            return None;
        }
        Some(Notice {
            happening,
            operation: self.operation,
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            rules: self.denied_by.clone(),
        })
    }
}

fn told(review: &Review<'_>, object: Option<&Object>) -> Told {
    let name = if review.name.is_empty() { object.map_or("", |object| &object.identity.name) } else { &review.name };
    Told {
        uid: plain(&review.uid, 64),
        operation: review.operation.as_str(),
        resource: plain(&review.resource, 128),
        subresource: plain(&review.subresource, 64),
        api_version: object.map_or_else(String::new, |object| plain(&object.identity.api_version, 128)),
        kind: object.map_or_else(String::new, |object| plain(&object.identity.kind, 128)),
        dry_run: review.dry_run,
        namespace: plain(&review.namespace, 64),
        name: plain(name, 253),
        ..Told::default()
    }
}

/// The review around a response.
fn review_of(response: Map<String, Json>) -> Vec<u8> {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).to_string().into_bytes()
}

fn response(uid: &str, allowed: bool, warnings: Vec<String>) -> Map<String, Json> {
    let mut response = Map::new();
    response.insert("uid".into(), uid.into());
    response.insert("allowed".into(), allowed.into());
    if !warnings.is_empty() {
        response.insert("warnings".into(), warnings.into());
    }
    response
}

impl Reply {
    /// A verdict on an object.
    pub fn verdict(review: &Review<'_>, object: Option<&Object>, verdict: &Verdict, digest: &str) -> Self {
        let mut response = response(&review.uid, verdict.allowed(), verdict.warnings());
        if !verdict.allowed() {
            response.insert("status".into(), refusal(&verdict.message(object.map(|object| &object.identity))));
        }
        let mut annotations = verdict.audit_annotations();
        if !annotations.is_empty() && !digest.is_empty() {
            annotations.push(("rules", digest.to_owned()));
        }
        if !annotations.is_empty() {
            let annotations: Map<String, Json> = annotations.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
            response.insert("auditAnnotations".into(), annotations.into());
        }
        let mut denied_by: Vec<Arc<str>> = verdict.denied.iter().map(|finding| finding.rule.clone()).collect();
        denied_by.extend(verdict.broken.iter().cloned());
        denied_by.sort_unstable();
        denied_by.dedup();
        let told = Told {
            verdict: verdict.name(),
            denied_by,
            failed: verdict.failed_rules.clone(),
            graced: verdict.graced.clone(),
            ..told(review, object)
        };
        Self { status: 200, body: review_of(response), told }
    }

    /// A verdict on a request of which only the uid is known.
    pub fn of_uid(uid: &str, verdict: &Verdict) -> Self {
        let mut response = response(uid, verdict.allowed(), verdict.warnings());
        if !verdict.allowed() {
            response.insert("status".into(), refusal(&verdict.message(None)));
        }
        Self { status: 200, body: review_of(response), told: Told { uid: plain(uid, 64), verdict: verdict.name(), ..Told::default() } }
    }

    /// A patch; an empty one is left out, as the API server wants.
    pub fn patch(review: &Review<'_>, ops: &[PatchOp], warnings: Vec<String>) -> Self {
        let warnings = Verdict { notes: warnings, ..Verdict::default() }.warnings();
        let mut response = response(&review.uid, true, warnings);
        if !ops.is_empty() {
            response.insert("patch".into(), data_encoding::BASE64.encode(json_patch(ops).to_string().as_bytes()).into());
            response.insert("patchType".into(), "JSONPatch".into());
        }
        let verdict = if ops.is_empty() { "allowed" } else { "mutated" };
        Self { status: 200, body: review_of(response), told: Told { verdict, ..told(review, None) } }
    }

    /// What no API server sends. Repeats nothing of the body.
    pub fn bad_request(message: &str) -> Self {
        let body = json!({"message": plain(message, 300)}).to_string().into_bytes();
        Self { status: 400, body, told: Told { verdict: "unread", ..Told::default() } }
    }
}

fn refusal(message: &str) -> Json {
    json!({"status": "Failure", "code": 403, "reason": "Forbidden", "message": message})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_of_refusals_that_were_meant() {
        let told = Told {
            operation: "CREATE",
            api_version: "apps/v1".into(),
            kind: "StatefulSet".into(),
            namespace: "shop".into(),
            name: "store".into(),
            verdict: "denied",
            denied_by: vec!["pdb-missing".into()],
            ..Told::default()
        };
        let notice = told.notice().unwrap();
        assert_eq!((notice.happening, notice.name.as_str(), &*notice.rules[0]), (Happening::Refused, "store", "pdb-missing"));
        let glass = Told { verdict: "broken-glass", ..told.clone() };
        assert_eq!(glass.notice().unwrap().happening, Happening::GlassBroken);
        assert_eq!(Told { dry_run: true, ..told.clone() }.notice(), None);
        for verdict in ["allowed", "warned", "mutated", "unread"] {
            assert_eq!(Told { verdict, ..told.clone() }.notice(), None, "{verdict}");
        }
    }
}
