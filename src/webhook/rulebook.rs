//! The rules as they are configured, for the threads that evaluate: made once, replaced as a whole, never by a broken one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Zoned;
use prometheus_client::metrics::histogram::Histogram;
use sha2::{Digest as _, Sha256};

use super::judge::{Case, Failure, Judge, Judged};
use super::metrics::Metrics;
use super::pool::JudgeSource;
use super::settings::Settings;
use crate::config::{self, AnnotationLine, Config};
use crate::facts::{Context, Facts};
use crate::finding::Finding;
use crate::objects::GroupKind;
use crate::objects::resources::{RESOURCES, Resource};
use crate::rules::{Catalog, Door, Engine, EngineSettings, OnError, Rule, Selected};

/// Time of one rule on one object: many fit into the shortest timeout.
const RULE: Duration = Duration::from_millis(500);

/// Rules, configuration and what follows from both.
pub struct Rulebook {
    catalog: Arc<Catalog>,
    config: Config,
    selected: Vec<Selected>,
    kubernetes_minor: u32,
    digest: String,
}

impl Rulebook {
    /// Of a checked configuration.
    pub fn new(catalog: Arc<Catalog>, config: Config, kubernetes_minor: u32) -> Self {
        let selected = config::select(&catalog, &config, Door::Admission);
        let digest = digest(&catalog, &config);
        Self { catalog, config, selected, kubernetes_minor, digest }
    }

    /// The rules that run.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.selected.iter().filter_map(|selected| self.catalog.rules().get(selected.rule)).map(|rule| &**rule)
    }

    /// Kinds of related objects that the rules that run read.
    pub fn kinds_read(&self) -> Vec<GroupKind<'static>> {
        let mut kinds: Vec<_> = self.rules().flat_map(|rule| &rule.needs).flat_map(|need| need.kinds()).copied().collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// A digest of the rules and their configuration.
    pub fn content(&self) -> &str {
        self.digest.rsplit(' ').next().unwrap_or_default()
    }

    /// Kinds that the rules that run judge, as far as they are in the table of resources.
    pub fn kinds_judged(&self) -> Vec<GroupKind<'static>> {
        let judged = |resource: &&Resource| {
            let kind = resource.group_kind();
            self.rules()
                .any(|rule| rule.kinds.iter().any(|judged| judged.kind() == kind.kind && judged.group().is_none_or(|g| g == kind.group)))
        };
        RESOURCES.iter().filter(judged).map(Resource::group_kind).collect()
    }

    /// The section `webhook`.
    pub fn settings(&self) -> &Settings {
        &self.config.webhook
    }
}

fn digest(catalog: &Catalog, config: &Config) -> String {
    let mut hash = Sha256::new().chain_update(config.value.to_string());
    for rule in catalog.rules() {
        hash.update(rule.id.as_bytes());
        hash.update(rule.source.as_bytes());
    }
    let hex = data_encoding::HEXLOWER.encode(&hash.finalize());
    format!("{} {}", env!("CARGO_PKG_VERSION"), hex.get(..12).unwrap_or_default())
}

/// The rulebook in use.
pub struct Shelf {
    current: ArcSwap<Rulebook>,
    generation: AtomicU64,
    metrics: Option<Arc<Metrics>>,
}

impl Shelf {
    /// With a first rulebook.
    pub fn new(book: Rulebook) -> Self {
        Self { current: ArcSwap::from_pointee(book), generation: AtomicU64::new(0), metrics: None }
    }

    /// With a first rulebook; counts how long each rule takes.
    pub fn measured(book: Rulebook, metrics: Arc<Metrics>) -> Self {
        metrics.uses(book.content());
        Self { metrics: Some(metrics), ..Self::new(book) }
    }

    /// From the next request on.
    pub fn replace(&self, book: Rulebook) {
        if let Some(metrics) = &self.metrics {
            metrics.uses(book.content());
        }
        self.current.store(Arc::new(book));
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// The one in use.
    pub fn current(&self) -> Arc<Rulebook> {
        self.current.load_full()
    }
}

impl JudgeSource for Shelf {
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn make(&self) -> Box<dyn Judge> {
        let book = self.current();
        let engine = Engine::new(Arc::clone(&book.catalog), EngineSettings::admission(RULE));
        let clock = |selected: &Selected| {
            let rule = book.catalog.rules().get(selected.rule)?;
            self.metrics.as_ref().map(|metrics| metrics.rule_clock(&rule.id))
        };
        let clocks = book.selected.iter().map(clock).collect();
        Box::new(Rules { book, engine, clocks })
    }
}

/// A rulebook with an engine of its own.
struct Rules {
    book: Arc<Rulebook>,
    engine: Engine,
    /// Of the selected rules, in their order.
    clocks: Vec<Option<Histogram>>,
}

impl Judge for Rules {
    fn judge(&mut self, case: &Case<'_>) -> Judged {
        let book = Arc::clone(&self.book);
        let context = Context { set: case.set, kubernetes_minor: book.kubernetes_minor };
        let facts = Facts::new(case.object, case.old, case.request, context);
        let mut judged = Judged::default();
        let annotations = config::annotation_lines(case.object);
        let kind = case.object.group_kind();
        for (selected, clock) in book.selected.iter().zip(&self.clocks) {
            let Some(rule) = book.catalog.rules().get(selected.rule) else { continue };
            if case.rules.is_some_and(|only| !only.contains(&rule.id)) {
                continue;
            }
            let began = Instant::now();
            if began >= case.until {
                judged.failures.push(failure(rule, kind, "there was no time left".into()));
                continue;
            }
            let outcome = self.engine.evaluate(&facts, std::slice::from_ref(selected));
            if let (Some(clock), true) = (clock, rule.judges(kind)) {
                clock.observe(began.elapsed().as_secs_f64());
            }
            judged.failures.extend(outcome.errors.into_iter().map(|error| failure(rule, kind, error.message)));
            for finding in outcome.findings.into_iter().filter(|finding| !exempt(&book.config, finding)) {
                let ignored = annotations.iter().any(|line| ignores(line, &finding));
                if ignored { judged.annotated.push(finding) } else { judged.findings.push(finding) }
            }
        }
        judged
    }

    fn promises(&self, rule: &str, kind: GroupKind<'_>) -> bool {
        self.book.catalog.get(rule).is_some_and(|rule| rule.denies(kind))
    }

    fn reads(&self, rule: &str) -> Vec<GroupKind<'static>> {
        self.book.catalog.get(rule).map(|rule| rule.needs.iter().flat_map(|need| need.kinds()).copied().collect()).unwrap_or_default()
    }

    fn readers(&self, kind: GroupKind<'_>) -> Vec<Arc<str>> {
        let reads = |rule: &&Rule| rule.needs.iter().any(|need| need.kinds().contains(&kind));
        self.book.rules().filter(reads).map(|rule| rule.id.clone()).collect()
    }

    fn settings(&self) -> &Settings {
        self.book.settings()
    }

    fn digest(&self) -> &str {
        &self.book.digest
    }
}

fn failure(rule: &Rule, kind: GroupKind<'_>, message: String) -> Failure {
    Failure { rule: rule.id.clone(), message, denies: rule.on_error == OnError::Deny && rule.denies(kind) }
}

fn exempt(config: &Config, finding: &Finding) -> bool {
    let mut covering = config.exemptions.iter().filter(|exemption| exemption.covers(finding)).peekable();
    covering.peek().is_some() && {
        let today = Zoned::now().date();
        covering.any(|exemption| !exemption.is_expired(today))
    }
}

fn ignores(line: &AnnotationLine, finding: &Finding) -> bool {
    *line.rule == *finding.rule && line.container.as_deref().is_none_or(|name| finding.container.as_deref() == Some(name))
}
