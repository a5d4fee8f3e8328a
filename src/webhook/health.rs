//! The listener for probes and metrics: plain HTTP on a port of its own, so that a flood of admission requests does not
//! make the process look dead. Ready means: rules loaded, certificate valid, caches synced, not draining.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::handler::App;
use super::server::{Phase, reached};
use super::tls::Served;

/// Connections at one time.
const CONNECTIONS: usize = 64;

/// What readiness depends on.
pub struct Health {
    /// Metrics, and whether anything can be evaluated.
    pub app: Arc<App>,
    /// The certificate.
    pub served: Arc<Served>,
    /// The watch caches hold everything.
    pub synced: Arc<AtomicBool>,
}

impl Health {
    /// Why it is not ready; `None`: it is.
    pub fn not_ready(&self) -> Option<String> {
        if self.app.draining.load(Ordering::Acquire) {
            Some("draining".into())
        } else if let Some(why) = self.served.missing() {
            Some(why)
        } else if !self.synced.load(Ordering::Acquire) {
            Some("the watch caches are not synced yet".into())
        } else if !self.app.pool.is_alive() {
            Some("all evaluating threads hang".into())
        } else {
            None
        }
    }

    /// `GET /livez`, `/readyz`, `/startupz` and `/metrics`.
    pub fn routes(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/livez", get(Self::live))
            .route("/readyz", get(Self::ready))
            .route("/startupz", get(Self::started))
            .route("/metrics", get(Self::metrics))
            .method_not_allowed_fallback(async || text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"))
            .fallback(async || text(StatusCode::NOT_FOUND, "/livez, /readyz, /startupz or /metrics\n"))
            .with_state(Arc::clone(self))
    }

    async fn live(State(health): State<Arc<Self>>) -> Response {
        if health.app.pool.is_alive() {
            return text(StatusCode::OK, "ok\n");
        }
        text(StatusCode::INTERNAL_SERVER_ERROR, "all evaluating threads hang\n")
    }

    async fn ready(State(health): State<Arc<Self>>) -> Response {
        match health.not_ready() {
            None => text(StatusCode::OK, "ok\n"),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        }
    }

    async fn started(State(health): State<Arc<Self>>) -> Response {
        if health.served.is_ready() && health.synced.load(Ordering::Acquire) {
            return text(StatusCode::OK, "ok\n");
        }
        text(StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }

    async fn metrics(State(health): State<Arc<Self>>) -> Response {
        let mut response = text(StatusCode::OK, health.app.metrics.text());
        let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }

    /// Serves until everything is over: probes are answered to the end.
    pub async fn run(self: Arc<Self>, listener: TcpListener, mut phase: watch::Receiver<Phase>) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let routes = self.routes();
        loop {
            let stream = tokio::select! {
                () = reached(&mut phase, Phase::Over) => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let service = TowerToHyperService::new(routes.clone());
            tokio::spawn(async move {
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
                let _ = timeout(Duration::from_secs(300), builder.serve_connection(TokioIo::new(stream), service)).await;
                drop(slot);
            });
        }
    }
}

fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
