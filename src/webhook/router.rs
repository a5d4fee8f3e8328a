//! The routes of the admission listener and what every answer has in common. Knows no socket, so that tests ask it in
//! memory; what a review becomes is [`super::handler`]'s affair.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{StatusCode, Version};
use prometheus_client::metrics::gauge::Gauge;

use super::admission::Door;
use super::handler::App;

/// `POST /validate` and `POST /mutate`. Every answer is JSON: a review, or `{"message": ...}` with the status 400, 404, 405, 408, 415 or 429.
pub fn admission(app: Arc<App>) -> Router {
    let door = |door: Door| post(async move |State(app): State<Arc<App>>, request: Request| enter(&app, door, request).await);
    Router::new()
        .route("/validate", door(Door::Validate))
        .route("/mutate", door(Door::Mutate))
        .method_not_allowed_fallback(async || message(StatusCode::METHOD_NOT_ALLOWED, "post an AdmissionReview"))
        .fallback(async || message(StatusCode::NOT_FOUND, "post to /validate or /mutate"))
        .layer(from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

async fn enter(app: &Arc<App>, door: Door, request: Request) -> Response {
    if request.headers().get(CONTENT_TYPE).is_some_and(|kind| !is_json(kind)) {
        return message(StatusCode::UNSUPPORTED_MEDIA_TYPE, "post application/json");
    }
    app.review(door, request).await
}

/// `application/json`, with parameters or without.
fn is_json(kind: &HeaderValue) -> bool {
    let essence = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Counts a request while it is answered, and closes connections with notice while the process ends (HTTP/2 has a frame for that).
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let _one = Inflight::new(&app.metrics.inflight);
    let one = request.version() < Version::HTTP_2;
    let mut response = next.run(request).await;
    if one && app.draining.load(Ordering::Acquire) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Counted until it is dropped: a client that goes away drops the request in the middle.
struct Inflight(Gauge);

impl Inflight {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Inflight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that is no review. Repeats nothing of the request.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    json(status, serde_json::json!({ "message": text }).to_string())
}

/// The same answer, and the connection closes after it.
pub(super) fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
