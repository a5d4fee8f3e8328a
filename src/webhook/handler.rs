//! From the request of a door to its answer: limits, deadlines and shedding. Knows neither routes nor sockets.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::admission::{self, Bench, Door};
use super::grace::LOOKS;
use super::judge::World;
use super::metrics::Metrics;
use super::pool::Pool;
use super::reply::Reply;
use super::router::{closing, json, message};
use crate::cluster::events::Announcer;

/// Largest body that is judged. The API server takes 3 MiB, which its JSON encoder can make six times as large, and sends twice on UPDATE.
pub const BODY: usize = 32 << 20;
/// Bodies in memory at one time, in KiB.
const BUDGET: usize = 96 << 10;
/// What is read of a body beyond [`BODY`] before the answer is sent: a client that is writing does not read.
const DISCARD: usize = 64 << 20;
/// Time for a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);
/// From this size on, bodies are evaluated one at a time: as values they take many times their size.
const HEAVY: usize = 1 << 20;
/// Without `?timeout`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What all requests share.
pub struct App {
    /// Evaluates.
    pub pool: Pool,
    /// The cluster.
    pub world: Arc<dyn World>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Set when the process is to end: every answer then closes its connection.
    pub draining: AtomicBool,
    /// Writes Events of what is refused; `None`: nobody does.
    pub announcer: Option<Announcer>,
    /// Second looks that may be under way.
    pub(super) looks: Arc<Semaphore>,
    budget: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
}

/// Why a request was not answered with a review.
struct Refused {
    status: StatusCode,
    message: &'static str,
}

impl App {
    /// With an empty budget.
    pub fn new(pool: Pool, world: Arc<dyn World>, metrics: Arc<Metrics>) -> Self {
        Self {
            pool,
            world,
            metrics,
            draining: AtomicBool::new(false),
            announcer: None,
            looks: Arc::new(Semaphore::new(LOOKS)),
            budget: Arc::new(Semaphore::new(BUDGET)),
            heavy: Arc::new(Semaphore::new(1)),
        }
    }

    /// Answers one request.
    pub(super) async fn review(self: &Arc<Self>, door: Door, request: Request) -> Response {
        let began = Instant::now();
        let budget = evaluation_time(request.uri().query().unwrap_or_default());
        let clock = Clock { began, half: began + budget / 2, until: began + budget };
        let (body, _permits) = match self.read(request, &clock).await {
            Ok(Read::Whole(body, permits)) => (body, permits),
            Ok(Read::Oversize(head)) => {
                self.metrics.oversize.inc();
                return self.tell(door, admission::answer_oversize(&head, BODY), began);
            }
            Err(refused) if refused.status == StatusCode::TOO_MANY_REQUESTS => return self.shed("memory"),
            Err(refused) => return closing(message(refused.status, refused.message)),
        };
        match self.evaluate(door, body, &clock).await {
            Some(reply) => self.tell(door, reply, began),
            None => self.shed("queue"),
        }
    }

    /// `None`: no thread had time for it.
    async fn evaluate(self: &Arc<Self>, door: Door, body: Bytes, clock: &Clock) -> Option<Reply> {
        let _alone = if body.len() > HEAVY {
            Some(timeout_at(clock.half.into(), Arc::clone(&self.heavy).acquire_owned()).await.ok()?.ok()?)
        } else {
            None
        };
        let (app, bytes, until, queued) = (Arc::clone(self), body.clone(), clock.until, Instant::now());
        let ticket = self.pool.submit(move |judge| {
            app.metrics.waited(queued.elapsed());
            let mut bench = Bench { judge, world: &*app.world, now: Timestamp::now(), until };
            admission::answer(&bytes, door, &mut bench)
        });
        let mut ticket = ticket.ok()?;
        let result = match timeout_at(clock.half.into(), &mut ticket.result).await {
            Ok(result) => Ok(result),
            Err(_) if ticket.cancel() => return None,
            // Rules stop at the deadline themselves; what comes a little later is still in time for the API server.
            Err(_) => timeout_at((clock.until + Duration::from_millis(50)).into(), &mut ticket.result).await,
        };
        match result {
            Ok(Ok(reply)) => Some(reply),
            Ok(Err(_)) => {
                self.metrics.panics.inc();
                Some(admission::answer_unjudged(&body, door, "its evaluation failed"))
            }
            Err(_) => {
                ticket.give_up();
                Some(admission::answer_unjudged(&body, door, "its evaluation took too long"))
            }
        }
    }

    async fn read(&self, request: Request, clock: &Clock) -> Result<Read, Refused> {
        let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let mut permits = self.permits(length.unwrap_or(0).min(BODY), clock.half).await?;
        let end = (clock.began + BODY_TIME).into();
        let (mut whole, mut size) = (BytesMut::with_capacity(length.unwrap_or(0).min(BODY)), 0_usize);
        let mut body = request.into_body();
        loop {
            let frame = timeout_at(end, body.frame())
                .await
                .map_err(|_| Refused { status: StatusCode::REQUEST_TIMEOUT, message: "the body came too slowly" })?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|_| Refused { status: StatusCode::BAD_REQUEST, message: "the body ended early" })?;
            let Ok(data) = frame.into_data() else { continue };
            size += data.len();
            if size > DISCARD {
                break;
            }
            if size <= BODY {
                if length.is_none() && size > permits.num_permits() << 10 {
                    permits.merge(self.permits(1 << 20, clock.half).await?);
                }
                whole.extend_from_slice(&data);
            }
        }
        if size > BODY {
            whole.truncate(64 << 10);
            return Ok(Read::Oversize(whole.freeze()));
        }
        Ok(Read::Whole(whole.freeze(), permits))
    }

    async fn permits(&self, bytes: usize, until: Instant) -> Result<OwnedSemaphorePermit, Refused> {
        let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX).saturating_add(1);
        let busy = || Refused { status: StatusCode::TOO_MANY_REQUESTS, message: "busy" };
        let permits = timeout_at(until.into(), Arc::clone(&self.budget).acquire_many_owned(kib)).await;
        permits.map_err(|_| busy())?.map_err(|_| busy())
    }

    fn tell(self: &Arc<Self>, door: Door, reply: Reply, began: Instant) -> Response {
        let (took, told) = (began.elapsed(), &reply.told);
        let door = match door {
            Door::Validate => "validate",
            Door::Mutate => "mutate",
        };
        self.metrics.answered(door, told, took);
        if matches!(told.verdict, "denied" | "broken-glass") || tracing::enabled!(tracing::Level::DEBUG) {
            tracing::info!(
                door,
                verdict = told.verdict,
                uid = told.uid,
                operation = told.operation,
                resource = told.resource,
                subresource = told.subresource,
                namespace = told.namespace,
                name = told.name,
                rules = told.denied_by.join(","),
                micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "answered"
            );
        }
        if let (Some(announcer), Some(notice)) = (&self.announcer, told.notice()) {
            announcer.tell(notice);
        }
        self.look_again(told);
        for rule in &told.failed {
            tracing::warn!(rule = &**rule, uid = told.uid, "a rule could not be evaluated");
        }
        let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
        json(status, reply.body)
    }

    /// The API server tries again for as long as its timeout lasts, on another connection and perhaps another replica.
    fn shed(&self, reason: &'static str) -> Response {
        self.metrics.shed(reason);
        let mut response = closing(message(StatusCode::TOO_MANY_REQUESTS, "busy: try again"));
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

struct Clock {
    began: Instant,
    /// A request that has not begun to be evaluated by then is shed, while the client can still try another replica.
    half: Instant,
    until: Instant,
}

enum Read {
    Whole(Bytes, OwnedSemaphorePermit),
    /// The beginning of what was too large.
    Oversize(Bytes),
}

/// Nine tenths of `?timeout=10s`, at least 100 ms, at most the 30 s that the API allows.
fn evaluation_time(query: &str) -> Duration {
    let given = query.split('&').find_map(|pair| pair.strip_prefix("timeout=")).and_then(go_duration);
    (given.unwrap_or(TIMEOUT).min(Duration::from_secs(30)) * 9 / 10).max(Duration::from_millis(100))
}

/// A duration as Go writes it: `10s`, `1m30s`, `1.5s`, `500ms`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale).ok()?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_is_a_little_before_the_callers() {
        for (query, millis) in [
            ("timeout=10s", 9_000),
            ("x=1&timeout=1m0s", 27_000),
            ("timeout=1.5s", 1_350),
            ("timeout=1ms", 100),
            ("timeout=0s", 100),
            ("", 9_000),
            ("timeout=ten", 9_000),
            ("timeout=", 9_000),
            ("timeout=99999999999999999999h", 9_000),
        ] {
            assert_eq!(evaluation_time(query).as_millis(), millis, "{query}");
        }
    }
}
