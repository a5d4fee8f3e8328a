//! Every path, method, content type, size and end of a request, as an API server or anybody else may send it.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream;
use hyper::Version;
use kubelint::facts::Request as Asked;
use kubelint::objects::GroupKind;
use kubelint::webhook::health::Health;
use kubelint::webhook::judge::{Case, Judge, Judged};
use kubelint::webhook::pool::JudgeSource;
use kubelint::webhook::router;
use kubelint::webhook::settings::Settings;
use kubelint::webhook::tls::{Pair, Served};
use serde_json::{Value as Json, json};

use super::bench::{app, ask, body, json_of, post, review, routes, stateful_set, taken};
use super::reload::pair;

const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

#[tokio::test]
async fn a_broken_promise_is_refused_in_one_answer() {
    let (routes, app) = routes();
    let response = ask(&routes, post("/validate?timeout=10s", review("CREATE", &stateful_set(), &Json::Null).to_string())).await;
    assert_eq!((response.status(), &response.headers()["content-type"]), (200.try_into().unwrap(), &"application/json".parse().unwrap()));
    assert!(!response.headers().contains_key("connection"));
    let response = taken(&body(response).await, UID, false);
    let message = response["status"]["message"].as_str().unwrap();
    assert_eq!((response["allowed"].as_bool(), response["status"]["code"].as_u64()), (Some(false), Some(403)));
    assert!(message.starts_with("StatefulSet shop/store is refused for ") && message.contains("container redis"), "{message}");
    assert!(app.metrics.text().contains(r#"operation="CREATE",resource="apps/statefulsets",verdict="denied"} 1"#));
    assert_eq!(app.metrics.inflight.get(), 0);
}

#[tokio::test]
async fn only_reviews_that_are_posted_get_in() {
    let (routes, _) = routes();
    let valid = review("CREATE", &stateful_set(), &Json::Null).to_string();
    for (method, path, kind, status) in [
        ("POST", "/", "application/json", 404),
        ("GET", "/", "application/json", 404),
        ("POST", "/validate/", "application/json", 404),
        ("POST", "//validate", "application/json", 404),
        ("POST", "/Validate", "application/json", 404),
        ("POST", "/validate/x", "application/json", 404),
        ("POST", "/metrics", "application/json", 404),
        ("POST", "/%76alidate/%2e%2e", "application/json", 404),
        ("GET", "/validate", "application/json", 405),
        ("HEAD", "/validate", "application/json", 405),
        ("PUT", "/mutate", "application/json", 405),
        ("DELETE", "/mutate", "application/json", 405),
        ("OPTIONS", "/validate", "application/json", 405),
        ("BREW", "/validate", "application/json", 405),
        ("POST", "/validate", "text/plain", 415),
        ("POST", "/validate", "application/yaml", 415),
        ("POST", "/validate", "application/jsonx", 415),
        ("POST", "/validate", "", 415),
        ("POST", "/validate", "application/json", 200),
        ("POST", "/validate", "Application/JSON; charset=utf-8", 200),
        ("POST", "/mutate?timeout=1s", "application/json", 200),
    ] {
        let request = Request::builder().method(method).uri(path).header("content-type", kind).body(Body::from(valid.clone())).unwrap();
        let response = ask(&routes, request).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path} {kind}");
        assert_eq!(response.headers().get("allow").is_some_and(|allow| allow == "POST"), status == 405, "{method} {path}");
        if status != 200 && method != "HEAD" {
            assert!(json_of(response).await["message"].is_string(), "{method} {path}");
        }
    }
    let without_kind = Request::post("/validate").body(Body::from(valid)).unwrap();
    assert_eq!(ask(&routes, without_kind).await.status(), 200);
}

#[tokio::test]
async fn what_is_no_review_is_a_short_400_that_repeats_nothing() {
    let (routes, app) = routes();
    let mut wrong: Vec<String> =
        ["", " ", "null", "[]", "{}", "\"x\"", "{\"request\":", "not json secret-canary"].map(str::to_owned).to_vec();
    let change = |pointer: &str, to: Json| {
        let mut review = review("CREATE", &json!({"kind": "Pod", "x": "secret-canary"}), &Json::Null);
        *review.pointer_mut(pointer).unwrap() = to;
        review.to_string()
    };
    wrong.extend([
        change("/apiVersion", json!("admission.k8s.io/v1beta1")),
        change("/kind", json!("AdmissionReviews")),
        change("/request", json!(null)),
        change("/request", json!([])),
        change("/request/uid", json!("")),
        change("/request/uid", json!(7)),
        change("/request/operation", json!("PATCH")),
        change("/request/operation", json!(null)),
    ]);
    for text in wrong {
        for path in ["/validate", "/mutate"] {
            let response = ask(&routes, post(path, text.clone())).await;
            assert_eq!(response.status(), 400, "{text}");
            let said = body(response).await;
            assert!(said.len() < 400 && !String::from_utf8_lossy(&said).contains("canary"), "{text}");
        }
    }
    assert_eq!(app.metrics.panics.get(), 0);
}

/// `total` bytes that begin like a review, in pieces, with or without a length.
fn large(operation: &str, total: usize, announced: bool) -> Request {
    let head = format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"{UID}","operation":"{operation}","object":{{"data":""#
    );
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let mut left = total - head.len();
    let pieces = std::iter::once(Bytes::from(head)).chain(std::iter::from_fn(move || {
        let next = piece.slice(..left.min(piece.len()));
        left -= next.len();
        (!next.is_empty()).then_some(next)
    }));
    let body = Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)));
    let request = Request::post("/validate").header("content-type", "application/json");
    if announced { request.header("content-length", total).body(body).unwrap() } else { request.body(body).unwrap() }
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_a_verdict_unless_it_only_goes() {
    let (routes, app) = routes();
    let mib = 1 << 20;
    for (operation, size, announced, allowed) in [
        ("CREATE", 32 * mib + 1, true, false),
        ("UPDATE", 33 * mib, false, false),
        ("CREATE", 80 * mib, true, false),
        ("DELETE", 33 * mib, true, true),
        ("CONNECT", 33 * mib, false, true),
    ] {
        let response = ask(&routes, large(operation, size, announced)).await;
        assert_eq!(response.status(), 200, "{operation} {size}");
        let response = taken(&body(response).await, UID, false);
        assert_eq!(response["allowed"].as_bool(), Some(allowed), "{operation} {size}");
    }
    assert_eq!(app.metrics.oversize.get(), 5);
    // 32 MiB exactly are read, and are no JSON.
    assert_eq!(ask(&routes, large("CREATE", 32 * mib, true)).await.status(), 400);
    assert_eq!(app.metrics.oversize.get(), 5);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_and_its_connection_closed() {
    let (routes, _) = routes();
    let pieces = [Ok(Bytes::from_static(b"{\"kind\"")), Err(std::io::Error::other("reset"))];
    let response = ask(&routes, post("/validate", Body::from_stream(stream::iter(pieces)))).await;
    assert_eq!((response.status().as_u16(), &response.headers()["connection"]), (400, &"close".parse().unwrap()));
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted_out() {
    let (routes, app) = routes();
    let pieces = stream::pending::<Result<Bytes, Infallible>>();
    let asked = ask(&routes, post("/validate", Body::from_stream(pieces)));
    assert!(tokio::time::timeout(Duration::from_millis(1), asked).await.is_err());
    assert_eq!(app.metrics.inflight.get(), 0);
}

#[tokio::test]
async fn while_it_drains_connections_are_closed_with_notice() {
    let (routes, app) = routes();
    app.draining.store(true, Ordering::Release);
    let valid = review("CREATE", &stateful_set(), &Json::Null).to_string();
    let response = ask(&routes, post("/validate", valid.clone())).await;
    assert_eq!((response.status().as_u16(), &response.headers()["connection"]), (200, &"close".parse().unwrap()));
    // The header is forbidden in HTTP/2, which has a frame for it.
    let mut two = post("/validate", valid);
    *two.version_mut() = Version::HTTP_2;
    assert!(!ask(&routes, two).await.headers().contains_key("connection"));
}

/// Rules that do as the object's name says.
struct Puppet(Settings);

impl Judge for Puppet {
    fn judge(&mut self, case: &Case<'_>) -> Judged {
        assert!(&*case.object.identity.name != "panic", "as it was told");
        let _: &Asked = case.request;
        Judged::default()
    }

    fn promises(&self, _: &str, _: GroupKind<'_>) -> bool {
        false
    }

    fn reads(&self, _: &str) -> Vec<GroupKind<'static>> {
        Vec::new()
    }

    fn readers(&self, _: GroupKind<'_>) -> Vec<Arc<str>> {
        Vec::new()
    }

    fn settings(&self) -> &Settings {
        &self.0
    }

    fn digest(&self) -> &str {
        ""
    }
}

struct Puppets;

impl JudgeSource for Puppets {
    fn generation(&self) -> u64 {
        0
    }

    fn make(&self) -> Box<dyn Judge> {
        Box::new(Puppet(Settings::default()))
    }
}

fn named(name: &str) -> String {
    review("CREATE", &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}}), &Json::Null)
        .to_string()
}

#[tokio::test]
async fn a_panic_costs_one_evaluation_and_says_so() {
    let app = app(1, Arc::new(Puppets));
    let routes = router::admission(Arc::clone(&app));
    let response = taken(&body(ask(&routes, post("/validate", named("panic"))).await).await, UID, false);
    assert_eq!(response["allowed"].as_bool(), Some(true));
    assert!(response["warnings"][0].as_str().unwrap().contains("did not judge"), "{response}");
    let response = taken(&body(ask(&routes, post("/validate", named("fine"))).await).await, UID, false);
    assert!(response["warnings"].is_null());
    assert_eq!(app.metrics.panics.get(), 1);
}

#[tokio::test]
async fn a_full_queue_is_shed_so_that_the_api_server_tries_again() {
    let app = app(1, Arc::new(Puppets));
    let routes = router::admission(Arc::clone(&app));
    let (go, gate) = mpsc::channel::<()>();
    let mut tickets = vec![app.pool.submit(move |_| gate.recv().is_err()).unwrap()];
    while app.pool.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    while let Ok(ticket) = app.pool.submit(|_| true) {
        tickets.push(ticket);
    }
    let response = ask(&routes, post("/validate", named("late"))).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), header("retry-after"), header("connection")), (429, "1".into(), "close".into()));
    // Whoever no longer waits leaves a place, although the thread still hangs.
    let hanging = tickets.remove(0);
    drop(tickets);
    let mut later = pin!(ask(&routes, post("/validate", named("later"))));
    assert!(tokio::time::timeout(Duration::from_millis(20), &mut later).await.is_err(), "nobody evaluates yet");
    drop(go);
    assert_eq!(later.await.status(), 200);
    drop(hanging);
}

#[tokio::test]
async fn probes_say_why_it_is_not_ready() {
    let app = app(1, Arc::new(Puppets));
    let (served, synced) = (Arc::new(Served::default()), Arc::new(AtomicBool::new(false)));
    let health = Arc::new(Health { app: Arc::clone(&app), served: Arc::clone(&served), synced: Arc::clone(&synced) });
    let routes = health.routes();
    let get = async |path: &str| {
        let response = ask(&routes, Request::get(path).body(Body::empty()).unwrap()).await;
        (response.status().as_u16(), String::from_utf8(body(response).await).unwrap())
    };
    assert_eq!(get("/readyz").await, (503, "no valid certificate yet\n".into()));
    served.lacks("the Secret is not there".into());
    assert_eq!(get("/readyz").await, (503, "no valid certificate yet: the Secret is not there\n".into()));
    assert_eq!((get("/startupz").await.0, get("/livez").await.0), (503, 200));
    let pem = pair(2090);
    served.replace(&Pair::from_pem(pem.certificate.as_bytes(), pem.key.as_bytes(), ("a", "b"), 1_800_000_000).unwrap());
    assert_eq!(get("/readyz").await, (503, "the watch caches are not synced yet\n".into()));
    synced.store(true, Ordering::Release);
    assert_eq!((get("/readyz").await, get("/startupz").await.0), ((200, "ok\n".into()), 200));
    app.draining.store(true, Ordering::Release);
    assert_eq!((get("/readyz").await, get("/livez").await.0), ((503, "draining\n".into()), 200));
    assert_eq!((get("/").await.0, get("/metrics").await.0), (404, 200));
    assert!(get("/metrics").await.1.ends_with("# EOF\n"));
    let posted = ask(&routes, Request::post("/readyz").body(Body::empty()).unwrap()).await;
    assert_eq!(posted.status(), 405);
}
