//! Where the time of one review goes, without sockets: the parts of [`kubelint::webhook::admission::answer`], one by one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubelint::config::Config;
use kubelint::rules::Catalog;
use kubelint::webhook::admission::{Bench, Door, answer};
use kubelint::webhook::alone::Alone;
use kubelint::webhook::judge::{Case, World as _};
use kubelint::webhook::metrics::Metrics;
use kubelint::webhook::pool::JudgeSource as _;
use kubelint::webhook::review::Review;
use kubelint::webhook::rulebook::{Rulebook, Shelf};

use super::objects;

const BATCHES: usize = 400;
const ROUNDS: u32 = 5;

/// The fastest of several batches: what else runs on the machine only makes it slower.
fn timed<T>(mut work: impl FnMut() -> T) -> String {
    let mut batch = || {
        let began = Instant::now();
        (0..ROUNDS).for_each(|_| drop(black_box(work())));
        began.elapsed() / ROUNDS
    };
    let fastest = (0..BATCHES).map(|_| batch()).min().unwrap_or_default();
    format!("{:.1} µs", fastest.as_secs_f64() * 1e6)
}

pub(crate) fn measure() {
    let catalog = Arc::new(Catalog::builtin().unwrap());
    let shelf = Shelf::measured(Rulebook::new(catalog, Config::default(), 33), Metrics::new());
    let mut judge = shelf.make();
    let until = Instant::now() + Duration::from_secs(3_600);
    let body = objects::review(&objects::stateful_set(), "statefulsets").to_string();
    let review = Review::read(body.as_bytes()).unwrap();
    let object = review.object().unwrap().unwrap();
    let (request, set) = (review.request(), Alone.around(&object));
    super::row("size of the body: a StatefulSet of three containers", format!("{:.1} KB", body.len() as f64 / 1e3));
    super::row("read the review around the object", timed(|| Review::read(body.as_bytes()).unwrap().operation));
    super::row("read the object", timed(|| review.object().unwrap()));
    let case = Case { object: &object, old: None, request: &request, set: &*set, rules: None, until };
    super::row("facts and rules", timed(|| judge.judge(&case)));
    let mut all =
        || answer(body.as_bytes(), Door::Validate, &mut Bench { judge: &mut *judge, world: &Alone, now: Timestamp::UNIX_EPOCH, until });
    super::row("findings", all().told.denied_by.len());
    super::row("all of it, bytes to bytes", timed(all));
    for (nth, body) in objects::reviews().iter().enumerate().skip(1) {
        let what = [
            "",
            "StatefulSet of one good container",
            "Deployment of two containers",
            "Pod of two containers",
            "Service",
            "ConfigMap of 100 KiB",
        ][nth];
        let mut all = || answer(body, Door::Validate, &mut Bench { judge: &mut *judge, world: &Alone, now: Timestamp::UNIX_EPOCH, until });
        super::row(what, timed(&mut all));
    }
}
