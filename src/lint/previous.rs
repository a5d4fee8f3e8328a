//! Which objects are new versions of which older ones. An object is followed by its identity: first inside its own file, then
//! among objects that their files do not hold any more, the nearest file first, so that overlays are not compared with each other.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Settings;
use super::session::{Loaded, is_repeatable};
use crate::input::{self, Base, BaseError, Before, Failure, Input, Must, Outcome};
use crate::objects::{Object, Origin};
use crate::yaml;

/// How many objects of one kind and name that went away are looked through for one that came.
const MOST: usize = 64;

/// Fills in [`Loaded::before`].
pub(super) fn find(
    loaded: &mut [Loaded],
    base: &Base,
    settings: &Settings,
    failures: &mut Vec<Failure>,
    notices: &mut Vec<String>,
) -> Result<(), BaseError> {
    let inputs: Vec<Input> = loaded.iter().map(|loaded| loaded.input.clone()).collect();
    let known = failures.len();
    let before = base.before(&inputs, failures)?;
    failures.get_mut(known..).unwrap_or_default().sort_by(|a, b| a.file.cmp(&b.file));
    let mut pool = Pool::default();
    let trouble = failures.len() > known;
    let (mut unread, mut objects) = (Vec::new(), 0);
    for text in before {
        match text {
            Before { of: Some(number), text: None, .. } => {
                let Some(same) = loaded.get_mut(number) else { continue };
                same.before = same.objects.iter().cloned().map(Some).collect();
            }
            Before { of, file, text, must } => {
                let stream = yaml::read(&text.unwrap_or_default(), &settings.limits);
                match input::interpret(&stream, &file, u32::MAX, settings.namespace.as_ref()) {
                    Outcome::Skipped(reason) if must == Must::All => unread.push(input::unread(&file, &reason)),
                    Outcome::Skipped(_) => {}
                    Outcome::Manifest(manifest) => {
                        match (must, manifest.failures.first()) {
                            (_, None) => {}
                            (Must::Nothing, Some(failure)) => notices.push(format!(
                                "{file}: its older version could not be read ({}): what it held counts as new",
                                failure.message
                            )),
                            _ => unread.extend(manifest.failures),
                        }
                        objects += manifest.objects.len();
                        pool.add(of, &file, manifest.objects);
                    }
                }
            }
        }
    }
    if let Some(name) = base.name().filter(|_| objects == 0 && unread.is_empty() && !trouble) {
        unread.push(input::unread(name, "there is no Kubernetes object in it"));
    }
    failures.extend(unread);
    for (number, loaded) in loaded.iter_mut().enumerate().filter(|(_, loaded)| loaded.before.is_empty()) {
        loaded.before = loaded.objects.iter().map(|object| pool.own(number, object)).collect();
    }
    for ((number, index), older) in pool.moved(loaded) {
        if let Some(before) = loaded.get_mut(number).and_then(|loaded| loaded.before.get_mut(index)) {
            *before = pool.take(older);
        }
    }
    Ok(())
}

/// Group, kind and name.
type Key = (Arc<str>, Arc<str>, Arc<str>);

fn key(object: &Object) -> Key {
    let id = &object.identity;
    (id.group().into(), Arc::clone(&id.kind), Arc::clone(&id.name))
}

/// An object: the number of its input, and which it is of it.
type At = (usize, usize);

/// A new object and an older one that it may come from; the best has the least rank.
struct Pair {
    rank: (usize, usize),
    at: At,
    older: usize,
}

struct Older {
    file: Arc<str>,
    object: Option<Arc<Object>>,
}

/// Older versions that no new one has claimed yet.
#[derive(Default)]
struct Pool {
    all: Vec<Older>,
    by_file: FxHashMap<(usize, Key), Vec<usize>>,
    by_key: FxHashMap<Key, Vec<usize>>,
}

impl Pool {
    fn add(&mut self, of: Option<usize>, file: &Arc<str>, objects: Vec<Object>) {
        for mut object in objects.into_iter().filter(is_repeatable) {
            object.origin = Origin::Cluster;
            let key = key(&object);
            if let Some(of) = of {
                self.by_file.entry((of, key.clone())).or_default().push(self.all.len());
            }
            self.by_key.entry(key).or_default().push(self.all.len());
            self.all.push(Older { file: Arc::clone(file), object: Some(Arc::new(object)) });
        }
    }

    /// The older version in the same file.
    fn own(&mut self, number: usize, object: &Arc<Object>) -> Option<Arc<Object>> {
        let found = self.by_file.get(&(number, key(object)))?;
        let best = found.iter().copied().filter(|nth| self.is_it(*nth, object)).min_by_key(|nth| self.distance(*nth, object))?;
        self.take(best)
    }

    /// Objects without an older version in their own file, each with the nearest that is left: the best pairs first, and none
    /// where two would be as good.
    fn moved(&self, loaded: &[Loaded]) -> Vec<(At, usize)> {
        let mut pairs: Vec<Pair> = Vec::new();
        for (number, loaded) in loaded.iter().enumerate() {
            let open = loaded.objects.iter().zip(&loaded.before).enumerate().filter(|(_, (_, before))| before.is_none());
            for (index, (object, _)) in open.filter(|(_, (object, _))| is_repeatable(object)) {
                let found = self.by_key.get(&key(object)).into_iter().flatten().copied();
                pairs.extend(found.filter(|nth| self.is_it(*nth, object)).take(MOST).map(|older| {
                    let near = self.all.get(older).map_or(0, |older| nearness(&loaded.input.file, &older.file));
                    Pair { rank: (self.distance(older, object), usize::MAX - near), at: (number, index), older }
                }));
            }
        }
        pairs.sort_unstable_by_key(|pair| (pair.rank, pair.at, pair.older));
        let (mut new, mut old, mut matched) = (FxHashSet::default(), FxHashSet::default(), Vec::new());
        for equal in pairs.chunk_by(|a, b| a.rank == b.rank) {
            let open: Vec<&Pair> = equal.iter().filter(|pair| !new.contains(&pair.at) && !old.contains(&pair.older)).collect();
            let (mut news, mut olds) = (FxHashMap::default(), FxHashMap::default());
            for pair in &open {
                *news.entry(pair.at).or_insert(0) += 1;
                *olds.entry(pair.older).or_insert(0) += 1;
            }
            for pair in open.into_iter().filter(|pair| news.get(&pair.at) == Some(&1) && olds.get(&pair.older) == Some(&1)) {
                new.insert(pair.at);
                old.insert(pair.older);
                matched.push((pair.at, pair.older));
            }
        }
        matched
    }

    fn is_it(&self, nth: usize, object: &Object) -> bool {
        let Some(older) = self.all.get(nth).and_then(|older| older.object.as_ref()) else { return false };
        older.namespace() == object.namespace() || older.namespace().is_none() || object.namespace().is_none()
    }

    /// 0 in the same namespace; 1 where one of the two leaves it out.
    fn distance(&self, nth: usize, object: &Object) -> usize {
        let older = self.all.get(nth).and_then(|older| older.object.as_ref());
        usize::from(older.is_none_or(|older| older.namespace() != object.namespace()))
    }

    fn take(&mut self, nth: usize) -> Option<Arc<Object>> {
        self.all.get_mut(nth)?.object.take()
    }
}

/// How much the names of two files have in common: their folders, wherever the two begin, and then the file's own name.
fn nearness(a: &str, b: &str) -> usize {
    let split = |file: &str| file.rsplit_once('/').map_or((String::new(), file.to_owned()), |(a, b)| (a.to_owned(), b.to_owned()));
    let ((a, a_name), (b, b_name)) = (split(a), split(b));
    let theirs: Vec<&str> = b.split('/').collect();
    let shared = a.split('/').filter(|part| !part.is_empty() && theirs.contains(part)).count();
    2 * shared + usize::from(a_name == b_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearness_counts_folders_before_names() {
        assert!(nearness("over/dev/a.yaml", "over/dev/b.yaml") > nearness("over/dev/a.yaml", "over/prod/a.yaml"));
        assert!(nearness("over/dev/a.yaml", "over/prod/a.yaml") > nearness("over/dev/a.yaml", "over/prod/b.yaml"));
        assert!(nearness("a.yaml", "x/a.yaml") > nearness("a.yaml", "x/b.yaml"));
        assert!(nearness("dev/new.yaml", "deploy/dev/a.yaml") > nearness("dev/new.yaml", "deploy/prod/a.yaml"));
    }
}
