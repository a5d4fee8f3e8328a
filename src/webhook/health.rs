//! The listener for probes and metrics: plain HTTP on a port of its own, so that a flood of admission requests does not
//! make the process look dead. Ready means: rules loaded, certificate valid, caches synced, not draining.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
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
    pub fn not_ready(&self) -> Option<&'static str> {
        if self.app.draining.load(Ordering::Acquire) {
            Some("draining")
        } else if !self.served.is_ready() {
            Some("no valid certificate yet")
        } else if !self.synced.load(Ordering::Acquire) {
            Some("the watch caches are not synced yet")
        } else if !self.app.pool.is_alive() {
            Some("all evaluating threads hang")
        } else {
            None
        }
    }

    /// Answers one request.
    pub fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".into());
        }
        match path {
            "/livez" if self.app.pool.is_alive() => text(StatusCode::OK, "ok\n".into()),
            "/livez" => text(StatusCode::INTERNAL_SERVER_ERROR, "all evaluating threads hang\n".into()),
            "/readyz" => match self.not_ready() {
                None => text(StatusCode::OK, "ok\n".into()),
                Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            },
            "/startupz" if self.served.is_ready() && self.synced.load(Ordering::Acquire) => text(StatusCode::OK, "ok\n".into()),
            "/startupz" => text(StatusCode::SERVICE_UNAVAILABLE, "starting\n".into()),
            "/metrics" => {
                let mut response = text(StatusCode::OK, self.app.metrics.text());
                let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            _ => text(StatusCode::NOT_FOUND, "/livez, /readyz, /startupz or /metrics\n".into()),
        }
    }

    /// Serves until everything is over: probes are answered to the end.
    pub async fn run(self: Arc<Self>, listener: TcpListener, mut phase: watch::Receiver<Phase>) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
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
            let health = Arc::clone(&self);
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let response = health.answer(request.method(), request.uri().path());
                    async move { Ok::<_, Infallible>(response) }
                });
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
                let _ = timeout(Duration::from_secs(300), builder.serve_connection(TokioIo::new(stream), service)).await;
                drop(slot);
            });
        }
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
