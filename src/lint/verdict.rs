//! A run from the first input to the verdict: findings in order, numbered, filtered, counted and handed on.

use std::io;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rustc_hash::FxHashSet;

use super::judge::Engines;
use super::locate::{self, Pending};
use super::session::{Loaded, Session};
use crate::config::{Baseline, Fingerprints, Scope};
use crate::finding::Severity;
use crate::report::{Located, Summary, Suppressed};
use crate::rules::{Engine, EngineSettings};

/// Inputs judged at a time: enough to keep all cores busy, few enough that their findings stay small.
const CHUNK: usize = 64;

/// What a run found, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Totals.
    pub summary: Summary,
    /// The worst finding that counts.
    pub worst: Option<Severity>,
    /// Findings that count and are not shown, because of [`super::Settings::min_severity`].
    pub hidden: usize,
    /// Could a rule not be evaluated somewhere?
    pub rule_failed: bool,
}

/// The known findings of a run, and those it meets.
#[derive(Debug, Default)]
pub struct Ledger {
    known: FxHashSet<String>,
    met: FxHashSet<String>,
    /// Every finding that counts or would without the baseline, for `--write-baseline`.
    pub written: Option<Baseline>,
}

impl Ledger {
    /// Findings of a baseline do not count.
    pub fn new(baseline: Option<&Baseline>, write: bool) -> Self {
        let known = baseline.into_iter().flat_map(Baseline::fingerprints).map(Into::into).collect();
        Self { known, met: FxHashSet::default(), written: write.then(Baseline::new) }
    }

    /// Was a known finding met?
    pub fn met(&self, fingerprint: &str) -> bool {
        self.met.contains(fingerprint)
    }

    fn look(&mut self, located: &mut Located) {
        if located.suppressed.is_some() {
            return;
        }
        if let Some(written) = &mut self.written {
            written.add(&located.finding, &located.fingerprint);
        }
        if self.known.contains(&located.fingerprint) {
            self.met.insert(located.fingerprint.clone());
            located.suppressed = Some(Suppressed { by: "baseline", reason: "known before".into() });
        }
    }
}

/// A run over a session.
pub struct Run<'s, 'a> {
    session: &'s Session<'a>,
    fingerprints: Fingerprints,
    verdict: Verdict,
    watch: Option<&'s dyn Fn(usize, usize)>,
}

impl<'s, 'a> Run<'s, 'a> {
    /// Judges nothing yet.
    pub fn new(session: &'s Session<'a>) -> Self {
        let summary = Summary { files: session.files(), objects: session.objects(), ..Summary::default() };
        Self { session, fingerprints: Fingerprints::default(), verdict: Verdict { summary, ..Verdict::default() }, watch: None }
    }

    /// Tells how many inputs are judged, and of how many, each time there are more.
    #[must_use]
    pub fn watched(mut self, watch: &'s dyn Fn(usize, usize)) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Judges everything and hands on what is to be shown, in report order.
    ///
    /// # Errors
    /// What `show` returns.
    pub fn judge(mut self, ledger: &mut Ledger, show: &mut dyn FnMut(Located) -> io::Result<()>) -> io::Result<Verdict> {
        let session = self.session;
        let engines = Engines::new(|| Engine::new(session.settings.catalog.clone(), EngineSettings::offline()));
        let judge = |(nth, chunk): (usize, &[Loaded])| -> Vec<Vec<Pending>> {
            let one = |(offset, loaded): (usize, &Loaded)| {
                let number = u32::try_from(nth * CHUNK + offset).unwrap_or(u32::MAX);
                if loaded.objects.is_empty() { Vec::new() } else { engines.with(|engine| locate::input(session, loaded, number, engine)) }
            };
            chunk.par_iter().enumerate().map(one).collect()
        };
        let mut chunks = session.loaded.chunks(CHUNK).enumerate();
        let mut judged = chunks.next().map(&judge);
        while let Some(ready) = judged.take() {
            // While this thread reports one chunk, the others judge the next.
            rayon::in_place_scope(|scope| {
                if let Some(next) = chunks.next() {
                    let (judge, judged) = (&judge, &mut judged);
                    scope.spawn(move |_| *judged = Some(judge(next)));
                }
                self.report(ready, ledger, show)
            })?;
        }
        Ok(self.verdict)
    }

    fn report(
        &mut self,
        judged: Vec<Vec<Pending>>,
        ledger: &mut Ledger,
        show: &mut dyn FnMut(Located) -> io::Result<()>,
    ) -> io::Result<()> {
        for input in judged {
            for pending in input {
                if let Some(located) = self.admit(pending, ledger) {
                    show(located)?;
                }
            }
            self.fingerprints.end_input();
        }
        Ok(())
    }

    /// Numbers and counts a finding; gives it back if it is to be shown.
    fn admit(&mut self, pending: Pending, ledger: &mut Ledger) -> Option<Located> {
        let Pending { mut located, seed } = pending;
        let scope = if self.session.is_copied(&located.finding.object) { Scope::Run } else { Scope::Input };
        located.fingerprint = self.fingerprints.next(&seed, scope);
        let severity = located.finding.severity;
        self.verdict.rule_failed |= *located.finding.rule == *"rule-error";
        let shown = severity >= self.session.settings.min_severity;
        ledger.look(&mut located);
        if located.suppressed.is_some() {
            self.verdict.summary.suppressed += 1;
            return (shown && self.session.settings.show_suppressed).then_some(located);
        }
        self.verdict.summary.count(severity);
        self.verdict.worst = self.verdict.worst.max(Some(severity));
        self.verdict.hidden += usize::from(!shown);
        shown.then_some(located)
    }
}
