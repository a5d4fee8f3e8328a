//! What enforcing would refuse of the objects that are there: each is judged as if it were created now, by the same rules, modes
//! and exemptions. Must not know where the objects come from, or how results are shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::admission::{self, Bench, Subject};
use super::judge::{Case, NamespaceModes, World};
use super::live;
use super::pool::JudgeSource as _;
use super::rulebook::Shelf;
use super::settings::Level;
use super::verdict::Verdict;
use crate::facts::Request;
use crate::objects::{GroupKind, Object, ObjectSet};
use crate::value::Value;

/// Time for one object; a rule has its own, shorter.
const EACH: Duration = Duration::from_secs(30);

/// An object, and what would be said of it.
pub struct Standing {
    /// Which.
    pub object: Arc<Object>,
    /// What would be said. Never nothing.
    pub verdict: Verdict,
}

/// A cluster of which everything is known.
struct Known {
    set: Arc<dyn ObjectSet>,
}

impl World for Known {
    fn around(&self, _: &Arc<Object>) -> Arc<dyn ObjectSet> {
        Arc::clone(&self.set)
    }

    fn read_now(&self, _: &Arc<Object>, _: &[GroupKind<'static>], _: Instant) -> Option<Arc<dyn ObjectSet>> {
        Some(Arc::clone(&self.set))
    }

    fn knows_absence(&self) -> bool {
        true
    }

    fn namespace(&self, name: &str) -> NamespaceModes {
        let namespace = self.set.get(GroupKind { group: "", kind: "Namespace" }, None, name);
        namespace.map_or_else(NamespaceModes::default, |namespace| live::modes(&namespace))
    }

    fn owner_is_judged(&self, _: &Object, _: Instant) -> bool {
        true
    }

    fn is_rollback(&self, _: &Object, _: Instant) -> bool {
        false
    }

    fn scaled(&self, _: &str, _: &str, _: &str) -> Option<Arc<Object>> {
        None
    }

    fn mutation_needs_label(&self) -> bool {
        true
    }
}

/// Judges all objects of the kinds that the rules judge. Those with nothing to say are left out; the number judged comes along.
pub fn scan(shelf: &Shelf, set: &Arc<dyn ObjectSet>, now: Timestamp) -> (Vec<Standing>, usize) {
    let objects: Vec<Arc<Object>> = shelf.current().kinds_judged().into_iter().flat_map(|kind| set.of_kind(kind, None)).collect();
    let world = Known { set: Arc::clone(set) };
    let standing = objects.par_iter().map_init(
        || shelf.make(),
        |judge, object| {
            let mut bench = Bench { judge: &mut **judge, world: &world, now, until: Instant::now() + EACH };
            Standing { object: Arc::clone(object), verdict: standing_of(object, &mut bench) }
        },
    );
    let said = |standing: &Standing| standing.verdict.name() != "allowed" || !standing.verdict.failed_rules.is_empty();
    let mut standing: Vec<_> = standing.filter(said).collect();
    standing.sort_by(|a, b| order(a).cmp(&order(b)));
    (standing, objects.len())
}

/// What would be said of an object that is there, if it were created now and the promise enforced.
fn standing_of(object: &Arc<Object>, bench: &mut Bench<'_>) -> Verdict {
    let namespace = object.namespace().unwrap_or_default();
    if bench.judge.settings().excluded.is_match(namespace) || admission::is_going(object) || admission::is_derived(object) {
        return Verdict::allow();
    }
    let subject = Subject { object: Arc::clone(object), old: None, may_deny: true };
    let request = Request::offline(false);
    let set = bench.world.around(object);
    let judged = bench.judge.judge(&Case { object, old: None, request: &request, set: &*set, rules: None, until: bench.until });
    let mut modes = admission::modes(namespace, bench);
    if bench.judge.settings().modes.enforce == Level::None && bench.world.namespace(namespace).enforce.is_none() {
        modes.enforce = Level::Promise;
    }
    let mut verdict = admission::sort(judged, &subject, modes, bench);
    if !verdict.allowed() {
        admission::break_glass(&mut verdict, &subject, &Value::Undefined, bench);
    }
    verdict
}

/// Refusals first, then by namespace, kind and name.
fn order(standing: &Standing) -> (bool, Option<&str>, &str, &str) {
    let identity = &standing.object.identity;
    (standing.verdict.allowed(), identity.namespace.as_deref(), &identity.kind, &identity.name)
}
