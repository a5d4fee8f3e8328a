//! What the door asks of the rules, and of the cluster: two traits, so that a verdict is a function of a request and
//! what they answer. Tests and `--no-cluster` answer from the request alone.

use std::sync::Arc;
use std::time::Instant;

use super::settings::{Level, Settings};
use crate::facts::Request;
use crate::finding::Finding;
use crate::objects::{Completeness, GroupKind, Hidden, Layered, Object, ObjectSet, Selector, UnitSet};

/// One object to judge.
pub struct Case<'a> {
    /// The object; on DELETE its last version.
    pub object: &'a Arc<Object>,
    /// Its previous version.
    pub old: Option<&'a Arc<Object>>,
    /// What is being done.
    pub request: &'a Request,
    /// Who else is there.
    pub set: &'a dyn ObjectSet,
    /// Only these rules; `None`: all that are selected.
    pub rules: Option<&'a [Arc<str>]>,
    /// Rules that have not begun by then count as failed.
    pub until: Instant,
}

/// A rule that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub rule: Arc<str>,
    /// Why. Holds no data of the object.
    pub message: String,
    /// Does the rule ask for a refusal in that case, for this kind?
    pub denies: bool,
}

/// What the rules say about a case. Exempted findings are gone already.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// What counts.
    pub findings: Vec<Finding>,
    /// What an annotation of the object asks to ignore.
    pub annotated: Vec<Finding>,
    /// What could not be evaluated.
    pub failures: Vec<Failure>,
}

/// The rules as they are configured. One per thread.
pub trait Judge {
    /// Evaluates the rules that concern the case.
    fn judge(&mut self, case: &Case<'_>) -> Judged;
    /// Does the rule promise that objects of this kind with an error finding are refused?
    fn promises(&self, rule: &str, kind: GroupKind<'_>) -> bool;
    /// The kinds of other objects that the rule reads.
    fn reads(&self, rule: &str) -> Vec<GroupKind<'static>>;
    /// The rules that read this kind of other objects.
    fn readers(&self, kind: GroupKind<'_>) -> Vec<Arc<str>>;
    /// The `webhook:` section.
    fn settings(&self) -> &Settings;
    /// Names the rules and their configuration, for the audit log.
    fn digest(&self) -> &str;
}

/// What the labels of a namespace say; `None`: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NamespaceModes {
    /// `kubelint.dev/enforce`.
    pub enforce: Option<Level>,
    /// `kubelint.dev/warn`.
    pub warn: Option<Level>,
    /// `kubelint.dev/audit`.
    pub audit: Option<Level>,
    /// `kubelint.dev/mutate`; `None`: the label is not there.
    pub mutate: Option<bool>,
}

/// The cluster around a request.
pub trait World: Send + Sync {
    /// The objects that are known, with this one as it would be.
    fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet>;
    /// The objects that are known, without this one.
    fn without(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        Arc::new(without(self.around(object), object))
    }
    /// The same with these kinds read from the API server now. `None`: they could not be read.
    fn read_now(&self, object: &Arc<Object>, kinds: &[GroupKind<'static>], until: Instant) -> Option<Arc<dyn ObjectSet>>;
    /// Is the absence of an object ever known here?
    fn knows_absence(&self) -> bool;
    /// The labels of a namespace.
    fn namespace(&self, name: &str) -> NamespaceModes;
    /// Is the controller owner of this object there, with that uid, and a workload that was judged itself?
    fn owner_is_judged(&self, object: &Object, until: Instant) -> bool;
    /// Is the object's pod template one that it had before (a rollback)?
    fn is_rollback(&self, object: &Object, until: Instant) -> bool;
    /// The object that a `scale` request is about.
    fn scaled(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>>;
    /// Is a safe fix wanted only where the namespace asks for it by label?
    fn mutation_needs_label(&self) -> bool;
}

/// A set without this object.
pub(super) fn without(set: Arc<dyn ObjectSet>, object: &Object) -> Layered {
    let mut hidden = Hidden::default();
    hidden.object(&object.identity);
    Layered::new(set, hidden, Vec::new())
}

/// What holds a set.
pub trait Holds: Send + Sync {
    /// The set.
    fn set(&self) -> &dyn ObjectSet;
}

impl Holds for &dyn ObjectSet {
    fn set(&self) -> &dyn ObjectSet {
        *self
    }
}

impl Holds for UnitSet {
    fn set(&self) -> &dyn ObjectSet {
        self
    }
}

/// A set of which nothing that is absent is known to be absent.
pub struct Unproven<S>(pub S);

impl<S: Holds> ObjectSet for Unproven<S> {
    fn of_kind(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.0.set().of_kind(kind, namespace)
    }

    fn get(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>> {
        self.0.set().get(kind, namespace, name)
    }

    fn selecting(&self, kind: GroupKind<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>> {
        self.0.set().selecting(kind, namespace, labels)
    }

    fn workloads_matching(&self, selector: &Selector, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.0.set().workloads_matching(selector, namespace)
    }

    fn workloads_using(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        self.0.set().workloads_using(kind, namespace, name)
    }

    fn targeting(&self, kind: GroupKind<'_>, namespace: Option<&str>, target: GroupKind<'_>, name: &str) -> Vec<Arc<Object>> {
        self.0.set().targeting(kind, namespace, target, name)
    }

    fn bindings_of(&self, subject_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.0.set().bindings_of(subject_kind, name)
    }

    fn bindings_to(&self, role_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.0.set().bindings_to(role_kind, name)
    }

    fn like_named(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        self.0.set().like_named(kind, namespace, name)
    }

    fn completeness(&self, _: GroupKind<'_>, _: Option<&str>) -> Completeness {
        Completeness::Partial
    }

    fn is_partial(&self) -> bool {
        true
    }
}
