//! What the tests of the door share: an app, requests, and a check that an answer is one that an API server takes.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use kubelint::config::Config;
use kubelint::rules::Catalog;
use kubelint::webhook::alone::Alone;
use kubelint::webhook::handler::App;
use kubelint::webhook::metrics::Metrics;
use kubelint::webhook::pool::{JudgeSource, Pool};
use kubelint::webhook::router;
use kubelint::webhook::rulebook::{Rulebook, Shelf};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

pub const MINOR: u32 = 33;

pub static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::builtin().unwrap()));

/// The built-in rules with their defaults.
pub fn rules() -> Arc<Shelf> {
    Arc::new(Shelf::new(Rulebook::new(Arc::clone(&CATALOG), Config::default(), MINOR)))
}

pub fn app(threads: usize, source: Arc<dyn JudgeSource>) -> Arc<App> {
    Arc::new(App::new(Pool::new(threads, source), Arc::new(Alone), Metrics::new()))
}

/// Routes with the built-in rules.
pub fn routes() -> (Router, Arc<App>) {
    let app = app(2, rules());
    (router::admission(Arc::clone(&app)), app)
}

pub async fn ask(routes: &Router, request: Request) -> Response {
    routes.clone().oneshot(request).await.unwrap()
}

pub fn post(path: &str, body: impl Into<Body>) -> Request {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

pub async fn body(response: Response) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

pub async fn json_of(response: Response) -> Json {
    serde_json::from_slice(&body(response).await).unwrap()
}

/// A StatefulSet that breaks every promise.
pub fn stateful_set() -> Json {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "store", "namespace": "shop"},
        "spec": {
            "replicas": 3, "serviceName": "store", "selector": {"matchLabels": {"app": "store"}},
            "template": {
                "metadata": {"labels": {"app": "store"}},
                "spec": {"containers": [{"name": "redis", "image": "redis:7", "args": ["--maxmemory", "3gb"],
                    "resources": {"limits": {"memory": "2Gi"}}}]},
            },
        },
    })
}

/// The request that an API server sends for an object.
pub fn review(operation: &str, object: &Json, old: &Json) -> Json {
    let some = if object.is_null() { old } else { object };
    let (group, version) = some["apiVersion"].as_str().unwrap_or("v1").rsplit_once('/').unwrap_or(("", "v1"));
    let kind = some["kind"].as_str().unwrap_or_default();
    let plural = match kind.to_lowercase() {
        name if name.ends_with('y') => format!("{}ies", &name[..name.len() - 1]),
        name if name.ends_with('s') => format!("{name}es"),
        name => format!("{name}s"),
    };
    json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": kind},
            "resource": {"group": group, "version": version, "resource": plural},
            "name": some["metadata"]["name"].as_str().unwrap_or_default(),
            "namespace": some["metadata"]["namespace"].as_str().unwrap_or_default(),
            "operation": operation,
            "userInfo": {"username": "ada", "groups": ["system:authenticated"]},
            "object": object, "oldObject": old, "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

/// An answer that an API server takes as one to this uid; its `response`.
pub fn taken(answer: &[u8], uid: &str, mutating: bool) -> Json {
    let answer: Json = serde_json::from_slice(answer).unwrap();
    assert_eq!((answer["apiVersion"].as_str(), answer["kind"].as_str()), (Some("admission.k8s.io/v1"), Some("AdmissionReview")));
    let response = answer["response"].clone();
    assert_eq!(response["uid"].as_str(), Some(uid));
    let allowed = response["allowed"].as_bool().unwrap();
    let (patch, kind) = (&response["patch"], &response["patchType"]);
    assert!(patch.is_null() == kind.is_null() && (mutating || patch.is_null()), "{response}");
    if let Some(patch) = patch.as_str() {
        let patch = data_encoding::BASE64.decode(patch.as_bytes()).unwrap();
        assert!(serde_json::from_slice::<Json>(&patch).unwrap().is_array() && kind == "JSONPatch");
    }
    if !allowed {
        let status = &response["status"];
        assert!((400..600).contains(&status["code"].as_u64().unwrap()), "{status}");
        assert!(!status["message"].as_str().unwrap().chars().any(|c| c.is_control() && c != '\n'));
    }
    let warnings: Vec<&str> = response["warnings"].as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect();
    assert!(warnings.iter().map(|text| text.chars().count()).sum::<usize>() <= 4096);
    assert!(warnings.iter().all(|text| !text.is_empty() && !text.chars().any(char::is_control)), "{warnings:?}");
    for (key, value) in response["auditAnnotations"].as_object().into_iter().flatten() {
        assert!(key.len() <= 63 && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{key}");
        assert!(value.as_str().unwrap().len() <= 1024);
    }
    response
}
