//! Inputs, read: their objects, the units these meet in, and where everything is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rustc_hash::{FxHashMap, FxHashSet};

use super::chart::{self, Seen};
use super::layers::Layers;
use super::policy::{Policies, Policy};
use super::previous;
use super::scope::Scopes;
use super::store::{Opened, Store, is_named, joined};
use super::templates::Templates;
use super::{Extent, Settings, mend};
use crate::config::ConfigError;
use crate::facts::{Context, Facts, Request};
use crate::finding::Place;
use crate::input::{self, BaseError, Collected, Failure, Input, Outcome, Part, Skipped};
use crate::objects::{Identity, Memo, Object, ObjectSet as _, Origin, UnitSet};
use crate::report::{Located, Location, Replacement, SourceText, Sources, Template};
use crate::value::Lookup;
use crate::yaml::{self, NoteKind};

/// Bytes of texts in which fixes are tried so that a report can show what they change: trying one reads its text anew.
const TRIED_BYTES: usize = 32 << 20;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A configuration has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There are no previous versions to compare with.
    #[error(transparent)]
    Base(#[from] BaseError),
}

/// All inputs of a run, read.
pub struct Session<'a> {
    pub(super) settings: &'a Settings,
    pub(super) loaded: Vec<Loaded>,
    /// Inputs that are no manifests.
    pub skipped: Vec<Skipped>,
    /// Inputs, and parts of them, that could not be read.
    pub failures: Vec<Failure>,
    /// What a person should know, and no rule says.
    pub notices: Vec<String>,
    policies: Policies,
    store: Store,
    templates: Templates,
    views: Vec<Layers>,
    /// Objects that several inputs hold.
    copied: FxHashSet<Key>,
    create: Request,
    update: Request,
    /// Bytes of texts that fixes may still be tried in for a report.
    budget: AtomicUsize,
}

/// One input with its objects.
pub(super) struct Loaded {
    pub(super) input: Input,
    pub(super) objects: Vec<Arc<Object>>,
    /// Their previous versions; empty where nobody asked.
    pub(super) before: Vec<Option<Arc<Object>>>,
    pub(super) policy: usize,
    /// Does its text speak to kubelint, or surprise a reader? Then it has findings whatever the rules say.
    pub(super) remarkable: bool,
    /// What was seen of a chart.
    pub(super) seen: Vec<Seen>,
    opened: Option<Arc<Opened>>,
    scope: usize,
}

/// An object with where it is.
pub struct Subject<'s> {
    /// The object.
    pub object: &'s Arc<Object>,
    /// Its previous version, where one is known.
    pub(super) before: Option<&'s Arc<Object>>,
    pub(super) scope: usize,
}

/// What one input yielded.
#[derive(Default)]
struct Yield {
    objects: Vec<Arc<Object>>,
    opened: Option<Arc<Opened>>,
    failures: Vec<Failure>,
    skipped: Option<String>,
    notices: Vec<String>,
    remarkable: bool,
}

impl<'a> Session<'a> {
    /// Reads everything.
    ///
    /// # Errors
    /// When a configuration has mistakes, or the revision to compare with cannot be read. What is wrong with an input is in
    /// [`Session::failures`].
    pub fn open(mut collected: Collected, settings: &'a Settings) -> Result<Self, OpenError> {
        let mut policies = Policies::new(settings)?;
        let assigned = policies.assign(&mut collected, settings.force_exclude)?;
        let store = Store::new(settings.limits.clone(), settings.max_file_bytes, &collected.inputs);
        let read: Vec<Yield> = collected
            .inputs
            .par_iter()
            .enumerate()
            .map(|(number, input)| read_input(number, input, &collected.parts, settings, &store))
            .collect();
        let mut notices = policies.notices(settings.today);
        let (mut skipped, mut failures) = (collected.skipped, collected.failures);
        let mut loaded = Vec::with_capacity(read.len());
        for ((input, policy), read) in collected.inputs.into_iter().zip(assigned).zip(read) {
            failures.extend(read.failures);
            notices.extend(read.notices);
            if let Some(reason) = read.skipped {
                skipped.push(Skipped { file: Arc::clone(&input.file), reason, named: input.named });
            }
            let Yield { objects, remarkable, opened, .. } = read;
            loaded.push(Loaded { input, objects, before: Vec::new(), policy, remarkable, seen: Vec::new(), opened, scope: 0 });
        }
        if let Some(base) = &settings.base {
            previous::find(&mut loaded, base, settings, &mut failures, &mut notices)?;
        }
        chart::look(&mut loaded, &collected.charts, &collected.parts, settings);
        skipped.sort();
        failures.sort_by(|a, b| (&a.file, a.at, &a.message).cmp(&(&b.file, b.at, &b.message)));
        let copies = copies(&loaded);
        let copied = copies.keys().cloned().collect();
        let views = arrange(&mut loaded, copies.into_values(), settings.extent);
        let (create, update) = (Request::offline(false), Request::offline(true));
        let templates = Templates::default();
        Ok(Self {
            settings,
            loaded,
            skipped,
            failures,
            notices,
            policies,
            store,
            templates,
            views,
            copied,
            create,
            update,
            budget: AtomicUsize::new(TRIED_BYTES),
        })
    }

    /// Inputs that hold objects.
    pub fn files(&self) -> usize {
        self.loaded.iter().filter(|loaded| !loaded.objects.is_empty()).count()
    }

    /// Objects in all inputs.
    pub fn objects(&self) -> usize {
        self.loaded.iter().map(|loaded| loaded.objects.len()).sum()
    }

    /// Every object, in the order of names and texts.
    pub fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        self.loaded.iter().flat_map(|loaded| self.subjects_of(loaded))
    }

    /// The objects of one input.
    pub(super) fn subjects_of<'s>(&self, loaded: &'s Loaded) -> impl Iterator<Item = Subject<'s>> + use<'s, 'a> {
        let scope = loaded.scope;
        let before = loaded.before.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        loaded.objects.iter().zip(before).map(move |(object, before)| Subject { object, before, scope })
    }

    /// The facts of an object.
    pub fn facts<'s>(&'s self, subject: &Subject<'s>) -> Option<Facts<'s>> {
        let set = self.views.get(subject.scope)?;
        let context = Context { set, kubernetes_minor: self.settings.kubernetes_minor };
        let request = if subject.before.is_some() { &self.update } else { &self.create };
        Some(Facts::new(subject.object, subject.before, request, context))
    }

    /// Do several inputs hold an object of this identity?
    pub(super) fn is_copied(&self, identity: &Identity) -> bool {
        !self.copied.is_empty() && self.copied.contains(&owned_key(identity))
    }

    pub(super) fn policy(&self, loaded: &Loaded) -> Arc<Policy> {
        self.policies.get(loaded.policy)
    }

    /// The text of an input with its positions.
    pub(super) fn opened(&self, number: u32) -> Option<Arc<Opened>> {
        let loaded = self.loaded.get(number as usize)?;
        loaded.opened.clone().or_else(|| self.store.reopen(number, &loaded.input, &loaded.objects))
    }

    /// Where a place of an object is; `None` for what is in no input.
    pub fn locate(&self, subject: &Subject<'_>, place: &Place) -> Option<Location> {
        let other = match &place.object {
            Some(identity) if *identity != subject.object.identity => Some(self.find(subject, identity)?),
            _ => None,
        };
        let object = other.as_ref().unwrap_or(subject.object);
        let Origin::Document { input, document, path } = &object.origin else { return None };
        let loaded = self.loaded.get(*input as usize)?;
        let opened = self.opened(*input)?;
        let span = opened.locate(*document, &joined(path, &place.path), place.within);
        Some(Location { input: *input, file: Arc::clone(&loaded.input.file), source: opened.template(*document), span })
    }

    /// Another object of the unit.
    pub(super) fn find(&self, subject: &Subject<'_>, identity: &Identity) -> Option<Arc<Object>> {
        self.views.get(subject.scope)?.get(identity.group_kind(), identity.namespace.as_deref(), &identity.name)
    }
}

impl Sources for Session<'_> {
    fn source(&self, input: u32) -> Option<Arc<SourceText>> {
        self.opened(input).map(|opened| Arc::clone(&opened.source))
    }

    fn template(&self, at: &Location) -> Option<Template> {
        self.templates.of(at)
    }

    fn replacements(&self, located: &Located) -> Vec<Replacement> {
        mend::replacements(self, located, &self.budget)
    }
}

fn read_input(number: usize, input: &Input, parts: &BTreeMap<Arc<str>, Part>, settings: &Settings, store: &Store) -> Yield {
    let fail = |message: String| {
        let failure = Failure { file: Arc::clone(&input.file), message, at: None };
        Yield { failures: vec![failure], ..Yield::default() }
    };
    let Ok(number) = u32::try_from(number) else { return fail("too many inputs in one run".into()) };
    let bytes = match input::bytes(input, settings.max_file_bytes) {
        Ok(bytes) => bytes,
        Err(error) => return fail(error.to_string()),
    };
    let stream = yaml::read(&bytes, &settings.limits);
    drop(bytes);
    let outcome = match parts.get(&input.file) {
        Some(part) => chart::part(&stream, *part, &input.file, number),
        None => input::interpret(&stream, &input.file, number, settings.namespace.as_ref()),
    };
    match outcome {
        Outcome::Skipped(reason) => Yield { skipped: Some(reason), ..Yield::default() },
        Outcome::Manifest(manifest) => {
            let notices = notices(&stream, &input.file);
            let noted = stream.documents.iter().any(|document| !document.notes.is_empty());
            let remarkable = noted || stream.text.as_str().contains("kubelint");
            let opened = store.keeps().then(|| Arc::new(Opened::new(stream, manifest.objects.iter())));
            let objects = manifest.objects.into_iter().map(Arc::new).collect();
            Yield { objects, opened, failures: manifest.failures, skipped: None, notices, remarkable }
        }
    }
}

/// What the reader noticed that is no finding: tags and directives that kubectl ignores or refuses.
fn notices(stream: &yaml::Stream, file: &str) -> Vec<String> {
    let notes = stream.documents.iter().flat_map(|document| &document.notes);
    notes
        .filter(|note| !matches!(note.kind, NoteKind::DuplicateKey | NoteKind::AmbiguousScalar))
        .map(|note| format!("{file}:{}:{}: {}", note.span.start.line, note.span.start.column, note.message))
        .collect()
}

/// Lets inputs meet: gives each its unit, and each unit what it sees.
fn arrange(loaded: &mut [Loaded], copies: impl Iterator<Item = Vec<usize>>, extent: Extent) -> Vec<Layers> {
    let paths: Vec<Option<&Path>> = loaded.iter().map(|loaded| loaded.input.source.path()).collect();
    let scopes = Scopes::new(&paths, copies);
    let units = scopes.parent.len();
    let (mut own, mut all) = (vec![Vec::new(); units], vec![Vec::new(); units]);
    for (item, scope) in loaded.iter_mut().zip(&scopes.of) {
        item.scope = *scope;
        if let Some(own) = own.get_mut(*scope) {
            own.extend(item.objects.iter().cloned());
        }
        for outer in scopes.outwards(*scope) {
            if let Some(all) = all.get_mut(outer) {
                all.extend(item.objects.iter().cloned());
            }
        }
    }
    let complete = extent == Extent::Complete;
    let mut inner = vec![false; units];
    scopes.parent.iter().flatten().for_each(|parent| {
        if let Some(slot) = inner.get_mut(*parent) {
            *slot = true;
        }
    });
    let all: Vec<Arc<UnitSet>> = all.into_iter().map(|objects| Arc::new(UnitSet::new(objects, complete))).collect();
    let around: Vec<Option<Arc<UnitSet>>> =
        own.into_iter().zip(&inner).map(|(objects, inner)| inner.then(|| Arc::new(UnitSet::new(objects, complete)))).collect();
    let memo = Memo::default();
    let view = |scope: usize| {
        let outer = scopes.outwards(scope).skip(1).filter_map(|outer| around.get(outer).cloned().flatten());
        Layers { sets: all.get(scope).cloned().into_iter().chain(outer).collect(), extent, memo: memo.of_view(scope) }
    };
    (0..units).map(view).collect()
}

/// What makes two objects the same one: group, kind, namespace and name.
type Key = (Arc<str>, Arc<str>, Option<Arc<str>>, Arc<str>);

fn key(identity: &Identity) -> (&str, &str, Option<&str>, &str) {
    (identity.group(), &identity.kind, identity.namespace.as_deref(), &identity.name)
}

fn owned_key(identity: &Identity) -> Key {
    (identity.group().into(), Arc::clone(&identity.kind), identity.namespace.clone(), Arc::clone(&identity.name))
}

/// For each object that several inputs hold, those inputs.
fn copies(loaded: &[Loaded]) -> FxHashMap<Key, Vec<usize>> {
    let mut holders: FxHashMap<_, (usize, Vec<usize>)> = FxHashMap::default();
    for (number, loaded) in loaded.iter().enumerate() {
        for object in loaded.objects.iter().filter(|object| is_repeatable(object)) {
            let (first, others) = holders.entry(key(&object.identity)).or_insert((number, Vec::new()));
            if others.last().unwrap_or(first) != &number {
                others.push(number);
            }
        }
    }
    let several = holders.into_iter().filter(|(_, (_, others))| !others.is_empty());
    several
        .map(|((group, kind, namespace, name), (first, others))| {
            ((group.into(), kind.into(), namespace.map(Into::into), name.into()), [vec![first], others].concat())
        })
        .collect()
}

/// Is a second object of this identity the same object? Not where the name is generated.
pub(super) fn is_repeatable(object: &Object) -> bool {
    is_named(&object.identity) && object.value.dig(&["metadata", "name"]).text().is_some()
}
