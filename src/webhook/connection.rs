//! One connection: what it waits for, and how long it may. Idle connections are kept longer than the API server keeps
//! them (90 s), because closing one under a request loses the request; a client that dribbles is cut by other clocks than
//! that of idleness, which is why hyper's own header timeout is off.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::Response;
use futures_util::future::BoxFuture;
use hyper::Request;
use hyper::body::Incoming;
use tower_service::Service;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// From the first byte of a request's head to its last.
const HEAD: Duration = Duration::from_secs(10);
/// A client that does not read its answer.
const UNREAD: Duration = Duration::from_secs(20);
/// For so long a new connection may wait for its first request although the process ends: who has just connected is about to ask.
const FRESH: Duration = Duration::from_secs(1);
/// Longer than the 90 s for which the API server keeps an idle connection.
const IDLE: Duration = Duration::from_secs(180);

/// What a connection is doing. Times are milliseconds since it began, plus one; 0 is "not".
#[derive(Debug)]
pub(super) struct Doing {
    began: Instant,
    head_since: AtomicU64,
    blocked_since: AtomicU64,
    idle_since: AtomicU64,
    requests: AtomicUsize,
    /// Has it had a request?
    used: AtomicBool,
    /// Is it HTTP/2, where bytes arrive without a request?
    multiplexed: bool,
    /// Asks it to end when it is idle.
    pub(super) leave: Notify,
}

/// What is to be done about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing.
    Keep,
    /// Close it when its requests are answered.
    Retire,
    /// Cut it.
    Cut,
}

impl Doing {
    /// It begins now.
    pub(super) fn new(multiplexed: bool) -> Self {
        Self {
            began: Instant::now(),
            head_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(1),
            requests: AtomicUsize::new(0),
            used: AtomicBool::new(false),
            multiplexed,
            leave: Notify::new(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn since(&self, mark: &AtomicU64) -> Option<Duration> {
        let mark = mark.load(Ordering::Relaxed);
        (mark != 0).then(|| Duration::from_millis(self.now().saturating_sub(mark)))
    }

    /// A request's head has come in whole. It ends when the guard is dropped, answered or not.
    fn request_begins(self: Arc<Self>) -> Answering {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.used.store(true, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        self.idle_since.store(0, Ordering::Relaxed);
        Answering(self)
    }

    fn request_ends(&self) {
        if self.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Is its first request still to be expected?
    pub(super) fn is_fresh(&self) -> bool {
        !self.used.load(Ordering::Relaxed) && self.began.elapsed() < FRESH
    }

    /// For how long it has done nothing; `None` while it does something.
    pub(super) fn idle(&self) -> Option<Duration> {
        if self.head_since.load(Ordering::Relaxed) == 0 { self.since(&self.idle_since) } else { None }
    }

    /// By the clocks.
    pub(super) fn fate(&self) -> Fate {
        if self.since(&self.head_since).is_some_and(|time| time > HEAD) || self.since(&self.blocked_since).is_some_and(|time| time > UNREAD)
        {
            return Fate::Cut;
        }
        if self.idle().is_some_and(|time| time > IDLE) { Fate::Retire } else { Fate::Keep }
    }

    fn bytes_came(&self) {
        if !self.multiplexed && self.requests.load(Ordering::Relaxed) == 0 {
            let _ = self.head_since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn wrote(&self, done: bool) {
        if done {
            self.blocked_since.store(0, Ordering::Relaxed);
        } else {
            let _ = self.blocked_since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// A request that is being answered.
struct Answering(Arc<Doing>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

/// Routes that tell the clocks of their connection when a request begins and ends.
#[derive(Clone)]
pub(super) struct Clocked {
    pub(super) routes: Router,
    pub(super) doing: Arc<Doing>,
}

impl Service<Request<Incoming>> for Clocked {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let answering = Arc::clone(&self.doing).request_begins();
        let answered = self.routes.call(request);
        Box::pin(async move {
            let _answering = answering;
            answered.await
        })
    }
}

/// A stream that tells its clocks what passes through it.
pub(super) struct Watched<S> {
    stream: S,
    doing: Arc<Doing>,
}

impl<S> Watched<S> {
    /// Around a stream.
    pub(super) fn new(stream: S, doing: Arc<Doing>) -> Self {
        Self { stream, doing }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.doing.bytes_came();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.doing.wrote(polled.is_ready());
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.doing.wrote(polled.is_ready());
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection as it would be after that time.
    fn later(doing: &mut Arc<Doing>, seconds: u64) -> Fate {
        let doing = Arc::get_mut(doing).unwrap();
        doing.began -= Duration::from_secs(seconds);
        doing.fate()
    }

    #[test]
    fn idle_connections_outlive_those_of_the_api_server_and_are_retired_not_cut() {
        let mut doing = Arc::new(Doing::new(false));
        assert_eq!(later(&mut doing, 120), Fate::Keep);
        assert_eq!(later(&mut doing, 61), Fate::Retire);
        drop(Arc::clone(&doing).request_begins());
        assert_eq!(doing.fate(), Fate::Keep, "a request begins the time again");
    }

    #[test]
    fn a_head_that_dribbles_is_cut_and_a_long_evaluation_is_not() {
        let mut doing = Arc::new(Doing::new(false));
        later(&mut doing, 100);
        doing.bytes_came();
        assert!(doing.idle().is_none());
        assert_eq!(later(&mut doing, 9), Fate::Keep);
        doing.bytes_came();
        assert_eq!(later(&mut doing, 2), Fate::Cut, "more bytes are no more time");

        let mut doing = Arc::new(Doing::new(false));
        doing.bytes_came();
        let answering = Arc::clone(&doing).request_begins();
        doing.bytes_came();
        drop(answering);
        let answering = Arc::clone(&doing).request_begins();
        assert_eq!((doing.fate(), doing.idle()), (Fate::Keep, None));
        drop(answering);
        assert_eq!(later(&mut doing, 100), Fate::Keep);
    }

    #[test]
    fn an_answer_that_is_not_read_is_cut() {
        let mut doing = Arc::new(Doing::new(true));
        doing.wrote(false);
        assert_eq!(later(&mut doing, 19), Fate::Keep);
        doing.wrote(true);
        assert_eq!(later(&mut doing, 19), Fate::Keep, "it is read after all");
        doing.wrote(false);
        doing.wrote(false);
        assert_eq!(later(&mut doing, 21), Fate::Cut);
    }
}
