//! Threads that evaluate. Not the ones that serve: an evaluation may take long, deep objects need large stacks, and a
//! panic or an endless loop of one must not cost another request. The queue is bounded; what does not fit is shed.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::judge::Judge;

/// Stack of an evaluating thread, in bytes: an object of the greatest depth is read, judged and dropped recursively.
const STACK: usize = 16 << 20;
/// Requests that may wait, per thread.
const WAITING: usize = 256;
/// Threads that may be started in place of stuck ones.
const SPARE: usize = 8;

/// Where the rules of a thread come from.
pub trait JudgeSource: Send + Sync {
    /// Changes whenever the rules or their configuration do.
    fn generation(&self) -> u64;
    /// Rules for one thread.
    fn make(&self) -> Box<dyn Judge>;
}

type Work = Box<dyn FnOnce(&mut dyn Judge) + Send>;

const QUEUED: u8 = 0;
const RUNNING: u8 = 1;
const CANCELLED: u8 = 2;

struct Job {
    work: Work,
    state: Arc<AtomicU8>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    source: Arc<dyn JudgeSource>,
    capacity: usize,
    /// Threads that are not given up.
    threads: AtomicUsize,
    spares: AtomicUsize,
    stuck: AtomicUsize,
}

/// The threads. Dropping it lets them end when the queue is empty.
pub struct Pool {
    shared: Arc<Shared>,
    wanted: usize,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait for an evaluation")]
pub struct Full;

/// A job that was accepted.
pub struct Ticket<T> {
    /// Its result; an error when it panicked or was cancelled.
    pub result: oneshot::Receiver<T>,
    state: Arc<AtomicU8>,
    shared: Arc<Shared>,
    given_up: AtomicBool,
}

impl<T> Ticket<T> {
    /// Takes the job from the queue; `false` if it runs already.
    pub fn cancel(&self) -> bool {
        self.state.compare_exchange(QUEUED, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The job runs and does not end: another thread takes the place of its own.
    pub fn give_up(&self) {
        if self.given_up.swap(true, Ordering::AcqRel) || self.state.load(Ordering::Acquire) != RUNNING {
            return;
        }
        self.shared.stuck.fetch_add(1, Ordering::AcqRel);
        if self.shared.spares.fetch_add(1, Ordering::AcqRel) < SPARE {
            start(&self.shared);
        } else {
            self.shared.spares.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Whoever no longer waits for the result does not want it computed.
impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Starts the threads.
    pub fn new(threads: usize, source: Arc<dyn JudgeSource>) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            source,
            capacity: threads * WAITING,
            threads: AtomicUsize::new(0),
            spares: AtomicUsize::new(0),
            stuck: AtomicUsize::new(0),
        });
        for _ in 0..threads {
            start(&shared);
        }
        Self { shared, wanted: threads }
    }

    /// Can anything be evaluated, or do all threads hang?
    pub fn is_alive(&self) -> bool {
        self.shared.threads.load(Ordering::Acquire) > self.shared.stuck.load(Ordering::Acquire)
    }

    /// How many threads it was made with.
    pub fn threads(&self) -> usize {
        self.wanted
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        lock(&self.shared.queue).jobs.len()
    }

    /// Queues an evaluation.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn submit<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn Judge) -> T + Send + 'static) -> Result<Ticket<T>, Full> {
        let (sender, result) = oneshot::channel();
        let state = Arc::new(AtomicU8::new(QUEUED));
        let work: Work = Box::new(move |judge| {
            let _ = sender.send(work(judge));
        });
        let mut queue = lock(&self.shared.queue);
        if queue.jobs.len() >= self.shared.capacity {
            // Places of those who no longer wait.
            queue.jobs.retain(|job| job.state.load(Ordering::Acquire) == QUEUED);
        }
        if queue.jobs.len() >= self.shared.capacity {
            return Err(Full);
        }
        queue.jobs.push_back(Job { work, state: Arc::clone(&state) });
        drop(queue);
        self.shared.wake.notify_one();
        Ok(Ticket { result, state, shared: Arc::clone(&self.shared), given_up: AtomicBool::new(false) })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.shared.queue).closed = true;
        self.shared.wake.notify_all();
    }
}

fn start(shared: &Arc<Shared>) {
    let mine = Arc::clone(shared);
    let thread = thread::Builder::new().name("evaluate".into()).stack_size(STACK).spawn(move || run(&mine));
    if thread.is_ok() {
        shared.threads.fetch_add(1, Ordering::AcqRel);
    }
}

fn run(shared: &Arc<Shared>) {
    let mut judge: Option<(u64, Box<dyn Judge>)> = None;
    while let Some(job) = next(shared) {
        if job.state.compare_exchange(QUEUED, RUNNING, Ordering::AcqRel, Ordering::Acquire).is_err() {
            continue;
        }
        let generation = shared.source.generation();
        let (_, mut rules) = judge.take().filter(|(made, _)| *made == generation).unwrap_or_else(|| (generation, shared.source.make()));
        // After a panic the rules are in an unknown state and are made anew; the sender is dropped, which tells the caller.
        if catch_unwind(AssertUnwindSafe(|| (job.work)(&mut *rules))).is_ok() {
            judge = Some((generation, rules));
        }
    }
    shared.threads.fetch_sub(1, Ordering::AcqRel);
}

fn next(shared: &Shared) -> Option<Job> {
    let mut queue = lock(&shared.queue);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            return Some(job);
        }
        if queue.closed {
            return None;
        }
        queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}
