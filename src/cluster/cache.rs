//! What the watches have brought, as a set that answers without a scan. Objects lie in shards by namespace, each an index of its own
//! and a thin layer of what changed since it was built; so a change costs what changed, and a question what it finds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::objects::{Completeness, GroupKind, Hidden, Identity, Layered, Object, ObjectSet, Selector, UnitSet, cluster_scoped, in_order};

/// So many changes may lie over an index before it is built again, at least.
const CHANGES: usize = 64;
/// And one of so many of its objects.
const SHARE: usize = 8;

/// How far the watch of a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its first list is not there yet.
    Listing,
    /// Everything is known.
    Synced,
    /// It may not be read, or is not there, or cannot be read: unknown for now.
    Unreadable,
}

/// Namespace and name.
pub(super) type Name = (Option<Arc<str>>, Arc<str>);

type Key = (GroupKind<'static>, Name);

/// The objects of one namespace, or of none.
#[derive(Default)]
struct Shard {
    base: Arc<UnitSet>,
    /// What changed since `base` was built; `None`: it is gone.
    changes: FxHashMap<Key, (Identity, Option<Arc<Object>>)>,
    layers: Option<Arc<Layered>>,
}

impl Shard {
    fn get(&self, key: &Key) -> Option<Arc<Object>> {
        match self.changes.get(key) {
            Some((_, object)) => object.clone(),
            None => self.base.get(key.0, key.1.0.as_deref(), &key.1.1),
        }
    }

    /// Says by how many the objects became more.
    fn put(&mut self, key: Key, identity: Identity, object: Option<Arc<Object>>) -> isize {
        let before = self.get(&key);
        let more = isize::from(object.is_some()) - isize::from(before.is_some());
        let same = match (&before, &object) {
            (Some(before), Some(object)) => before.value == object.value,
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.changes.insert(key, (identity, object));
            self.layers = None;
        }
        more
    }

    /// In no order. Builds nothing.
    fn of_kind(&self, kind: GroupKind<'static>) -> Vec<Arc<Object>> {
        let changed = self.changes.iter().filter(|((changed, _), _)| *changed == kind).filter_map(|(_, (_, object))| object.clone());
        let name = |object: &Object| (object.identity.namespace.clone(), object.identity.name.clone());
        let old = self.base.of_kind(kind, None).into_iter().filter(|object| !self.changes.contains_key(&(kind, name(object))));
        changed.chain(old).collect()
    }

    fn layers(&mut self) -> Arc<Layered> {
        if let Some(layers) = &self.layers {
            return Arc::clone(layers);
        }
        if self.changes.len() > CHANGES.max(self.base.objects().len() / SHARE) {
            self.build();
        }
        let mut hidden = Hidden::default();
        for (identity, _) in self.changes.values() {
            hidden.object(identity);
        }
        let over = self.changes.values().filter_map(|(_, object)| object.clone()).collect();
        let layers = Arc::new(Layered::new(Arc::clone(&self.base) as Arc<_>, hidden, over));
        self.layers = Some(Arc::clone(&layers));
        layers
    }

    fn build(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        let mut gone: FxHashSet<Name> = FxHashSet::default();
        gone.extend(changes.keys().map(|(_, name)| name.clone()));
        let replaced = |object: &Arc<Object>| {
            let name = (object.identity.namespace.clone(), object.identity.name.clone());
            gone.contains(&name) && changes.keys().any(|(kind, changed)| *kind == object.group_kind() && *changed == name)
        };
        let mut objects: Vec<_> = self.base.objects().iter().filter(|object| !replaced(object)).cloned().collect();
        objects.extend(changes.values().filter_map(|(_, object)| object.clone()));
        self.base = Arc::new(UnitSet::new(objects, false));
    }
}

type Shards = FxHashMap<Option<Arc<str>>, Arc<Mutex<Shard>>>;

/// All shards, and how far the watches are.
#[derive(Default)]
pub struct Cache {
    shards: RwLock<Shards>,
    stages: RwLock<FxHashMap<GroupKind<'static>, Stage>>,
    objects: Mutex<isize>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Roles and bindings are asked for across namespaces: they lie together, with what has no namespace.
fn lies_apart(kind: GroupKind<'_>) -> bool {
    cluster_scoped(kind) || kind.group == "rbac.authorization.k8s.io"
}

impl Cache {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        usize::try_from(*locked(&self.objects)).unwrap_or(0)
    }

    /// Is nothing there?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Has the first list of every kind come, or is it known that it cannot?
    pub fn is_settled(&self) -> bool {
        self.stages.read().unwrap_or_else(PoisonError::into_inner).values().all(|stage| *stage != Stage::Listing)
    }

    /// How far a kind is; `None`: it is not watched.
    pub(super) fn stage(&self, kind: GroupKind<'_>) -> Option<Stage> {
        let stages = self.stages.read().unwrap_or_else(PoisonError::into_inner);
        stages.iter().find(|(known, _)| **known == kind).map(|(_, stage)| *stage)
    }

    /// Gives the stage before.
    pub(super) fn set_stage(&self, kind: GroupKind<'static>, stage: Stage) -> Option<Stage> {
        self.stages.write().unwrap_or_else(PoisonError::into_inner).insert(kind, stage)
    }

    fn shard(&self, of: Option<&Arc<str>>) -> Arc<Mutex<Shard>> {
        let of = of.cloned();
        if let Some(shard) = self.shards.read().unwrap_or_else(PoisonError::into_inner).get(&of) {
            return Arc::clone(shard);
        }
        Arc::clone(self.shards.write().unwrap_or_else(PoisonError::into_inner).entry(of).or_default())
    }

    fn put(&self, kind: GroupKind<'static>, identity: Identity, object: Option<Arc<Object>>) {
        let shard = self.shard(identity.namespace.as_ref().filter(|_| !lies_apart(kind)));
        let key = (kind, (identity.namespace.clone(), identity.name.clone()));
        let more = locked(&shard).put(key, identity, object);
        *locked(&self.objects) += more;
    }

    /// An object is there, or is another one now.
    pub(super) fn apply(&self, kind: GroupKind<'static>, object: Arc<Object>) {
        self.put(kind, object.identity.clone(), Some(object));
    }

    /// An object is gone.
    pub(super) fn remove(&self, kind: GroupKind<'static>, object: &Object) {
        self.put(kind, object.identity.clone(), None);
    }

    /// Everything of a kind was listed: what is not among these is gone.
    pub(super) fn keep_only(&self, kind: GroupKind<'static>, names: &FxHashSet<Name>) {
        let shards: Vec<_> = self.shards.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for object in shards.iter().flat_map(|shard| locked(shard).of_kind(kind)) {
            if !names.contains(&(object.identity.namespace.clone(), object.identity.name.clone())) {
                self.remove(kind, &object);
            }
        }
    }
}

/// The cache as it was when each namespace was first asked for: it does not change during an evaluation.
pub struct View {
    cache: Arc<Cache>,
    taken: Mutex<FxHashMap<Option<Arc<str>>, Arc<Layered>>>,
}

impl View {
    /// Of a cache, from now on.
    pub fn new(cache: &Arc<Cache>) -> Self {
        Self { cache: Arc::clone(cache), taken: Mutex::default() }
    }

    fn layers(&self, of: Option<&Arc<str>>) -> Arc<Layered> {
        let key = of.cloned();
        if let Some(layers) = locked(&self.taken).get(&key) {
            return Arc::clone(layers);
        }
        let shard = self.cache.shard(of);
        let layers = locked(&shard).layers();
        Arc::clone(locked(&self.taken).entry(key).or_insert(layers))
    }

    /// The layers of a namespace, if it has any.
    fn of_namespace(&self, namespace: &str) -> Option<Arc<Layered>> {
        let key = {
            let shards = self.cache.shards.read().unwrap_or_else(PoisonError::into_inner);
            shards.get_key_value(&Some(namespace.into()))?.0.clone()
        };
        Some(self.layers(key.as_ref()))
    }

    /// What the shards answer that this kind can lie in, seen from this namespace. `None`: workloads.
    fn ask(
        &self,
        kind: Option<GroupKind<'_>>,
        namespace: Option<&str>,
        ask: impl Fn(&dyn ObjectSet) -> Vec<Arc<Object>>,
    ) -> Vec<Arc<Object>> {
        if kind.is_some_and(lies_apart) {
            return ask(&*self.layers(None));
        }
        if let Some(namespace) = namespace {
            return self.of_namespace(namespace).map_or_else(Vec::new, |layers| ask(&*layers));
        }
        let shards: Vec<_> = self.cache.shards.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        let mut found: Vec<_> = shards.iter().flat_map(|shard| ask(&*self.layers(shard.as_ref()))).collect();
        in_order(&mut found);
        found
    }
}

impl ObjectSet for View {
    fn of_kind(&self, kind: GroupKind<'_>, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.ask(Some(kind), namespace, |set| set.of_kind(kind, namespace))
    }

    fn get(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Option<Arc<Object>> {
        if lies_apart(kind) {
            return self.layers(None).get(kind, namespace, name);
        }
        match namespace {
            Some(asked) => self.of_namespace(asked)?.get(kind, namespace, name),
            None => self.ask(Some(kind), None, |set| set.get(kind, None, name).into_iter().collect()).into_iter().next(),
        }
    }

    fn selecting(&self, kind: GroupKind<'_>, namespace: Option<&str>, labels: &[(&str, &str)]) -> Vec<Arc<Object>> {
        self.ask(Some(kind), namespace, |set| set.selecting(kind, namespace, labels))
    }

    fn workloads_matching(&self, selector: &Selector, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.ask(None, namespace, |set| set.workloads_matching(selector, namespace))
    }

    fn workloads_using(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        self.ask(None, namespace, |set| set.workloads_using(kind, namespace, name))
    }

    fn targeting(&self, kind: GroupKind<'_>, namespace: Option<&str>, target: GroupKind<'_>, name: &str) -> Vec<Arc<Object>> {
        self.ask(Some(kind), namespace, |set| set.targeting(kind, namespace, target, name))
    }

    fn bindings_of(&self, subject_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.layers(None).bindings_of(subject_kind, name)
    }

    fn bindings_to(&self, role_kind: &str, name: &str) -> Vec<Arc<Object>> {
        self.layers(None).bindings_to(role_kind, name)
    }

    fn like_named(&self, kind: GroupKind<'_>, namespace: Option<&str>, name: &str) -> Vec<Arc<Object>> {
        self.ask(Some(kind), namespace, |set| set.like_named(kind, namespace, name))
    }

    fn completeness(&self, kind: GroupKind<'_>, _: Option<&str>) -> Completeness {
        match self.cache.stage(kind) {
            Some(Stage::Synced) => Completeness::Complete,
            _ => Completeness::Partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::objects::Origin;
    use crate::value::Value;

    const CONFIG_MAP: GroupKind<'static> = GroupKind { group: "", kind: "ConfigMap" };
    const BUDGET: GroupKind<'static> = GroupKind { group: "policy", kind: "PodDisruptionBudget" };
    const BINDING: GroupKind<'static> = GroupKind { group: "rbac.authorization.k8s.io", kind: "RoleBinding" };
    const CLASS: GroupKind<'static> = GroupKind { group: "storage.k8s.io", kind: "StorageClass" };
    const KINDS: [GroupKind<'static>; 4] = [CONFIG_MAP, BUDGET, BINDING, CLASS];

    fn object(kind: GroupKind<'_>, namespace: usize, name: usize, label: usize) -> Arc<Object> {
        let version = if kind.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", kind.group) };
        let json = format!(
            r#"{{"apiVersion":"{version}","kind":"{}","metadata":{{"name":"n{name}","namespace":"ns{namespace}"}},
                "spec":{{"selector":{{"matchLabels":{{"l":"{label}"}}}}}},"subjects":[{{"kind":"User","name":"u{label}"}}]}}"#,
            kind.kind
        );
        Arc::new(Object::new(Value::from_json_str(&json).unwrap(), Origin::Cluster).unwrap())
    }

    fn answers(set: &dyn ObjectSet) -> String {
        let mut text = String::new();
        let mut tell = |objects: Vec<Arc<Object>>| {
            objects.iter().for_each(|object| text.push_str(&object.value.to_string()));
            text.push('\n');
        };
        for kind in KINDS {
            for namespace in [None, Some("ns0"), Some("ns1"), Some("ns2")] {
                tell(set.of_kind(kind, namespace));
                tell(set.selecting(kind, namespace, &[("l", "0")]));
                if namespace.is_some() {
                    tell(set.get(kind, namespace, "n1").into_iter().collect());
                }
            }
        }
        tell(set.bindings_of("User", "u1"));
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn it_holds_what_a_list_would_show(changes in prop::collection::vec((0..4_usize, 0..3_usize, 0..40_usize, 0..3_usize, 0..4_u8, any::<bool>()), 0..400)) {
            let cache = Arc::new(Cache::default());
            let mut model: std::collections::BTreeMap<String, Arc<Object>> = std::collections::BTreeMap::new();
            for (kind, namespace, name, label, what, look) in changes {
                let kind = KINDS[kind];
                let object = object(kind, namespace, name, label);
                if what == 0 {
                    model.remove(&object.identity.to_string());
                    cache.remove(kind, &object);
                } else {
                    model.insert(object.identity.to_string(), Arc::clone(&object));
                    cache.apply(kind, object);
                }
                // A look builds layers, over which the next changes come.
                if look {
                    View::new(&cache).of_kind(kind, Some("ns0"));
                }
            }
            prop_assert_eq!(cache.len(), model.len());
            let all = UnitSet::new(model.values().cloned().collect(), true);
            prop_assert_eq!(answers(&View::new(&cache)), answers(&all));
            // A list that comes again takes away what it does not name.
            let kept: FxHashSet<Name> = [(Some("ns0".into()), "n1".into())].into_iter().collect();
            cache.keep_only(CONFIG_MAP, &kept);
            let left = View::new(&cache).of_kind(CONFIG_MAP, None).len();
            prop_assert_eq!(left, usize::from(model.contains_key("ConfigMap ns0/n1")));
        }
    }

    #[test]
    fn a_view_does_not_change_while_it_is_used() {
        let cache = Arc::new(Cache::default());
        cache.apply(BUDGET, object(BUDGET, 0, 0, 0));
        let view = View::new(&cache);
        assert_eq!(view.of_kind(BUDGET, Some("ns0")).len(), 1);
        cache.apply(BUDGET, object(BUDGET, 0, 1, 0));
        assert_eq!(view.of_kind(BUDGET, Some("ns0")).len(), 1);
        assert_eq!(View::new(&cache).of_kind(BUDGET, Some("ns0")).len(), 2);
    }

    #[test]
    fn only_what_was_listed_is_complete() {
        let cache = Arc::new(Cache::default());
        assert!(cache.is_settled());
        cache.set_stage(BUDGET, Stage::Listing);
        cache.set_stage(CONFIG_MAP, Stage::Unreadable);
        let view = View::new(&cache);
        assert!(!cache.is_settled());
        assert_eq!(view.completeness(BUDGET, Some("ns0")), Completeness::Partial);
        cache.set_stage(BUDGET, Stage::Synced);
        assert!(cache.is_settled());
        assert_eq!(view.completeness(BUDGET, Some("ns0")), Completeness::Complete);
        assert_eq!(view.completeness(CONFIG_MAP, Some("ns0")), Completeness::Partial);
        assert_eq!(view.completeness(CLASS, None), Completeness::Partial);
    }
}
