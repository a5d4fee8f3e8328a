//! Which findings do not count: by a comment, an annotation or an exemption; and which suppressions nobody needs.

use jiff::civil::Date;
use rustc_hash::FxHashMap;

use super::Settings;
use super::policy::Policy;
use super::session::{Loaded, Subject};
use super::store::{Opened, Remark, joined};
use crate::config::{AnnotationLine, PeerIgnore, annotation_lines, peer_ignores};
use crate::finding::Finding;
use crate::objects::Origin;
use crate::place::{Path, Step};
use crate::report::{Located, Suppressed};
use crate::yaml::Span;

/// The lines at which a comment covers a finding.
pub(super) struct Cover(Vec<usize>);

impl Cover {
    /// The finding's own line, the first line of each list item that it lies in, and the object's `kind` and name.
    pub(super) fn new(opened: &Opened, subject: &Subject<'_>, located: &Located) -> Self {
        if opened.remarks.is_empty() {
            return Self(Vec::new());
        }
        let mut lines = vec![located.location.span.start.line];
        if let Origin::Document { document, path: inside, .. } = &subject.object.origin {
            let line = |path: &Path| opened.locate(*document, &joined(inside, path), None).start.line;
            lines.push(line(&Path::root().child("kind")));
            lines.push(line(&Path::root().keys(&["metadata", "name"])));
            let steps = located.finding.path.steps();
            for (depth, _) in steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Index(_))) {
                lines.push(line(&steps.iter().take(depth + 1).cloned().collect()));
            }
        }
        Self(lines)
    }
}

/// All suppressions of one input.
pub(super) struct Suppressions {
    comments: Vec<Comment>,
    /// Comments by the line that they speak of.
    by_line: FxHashMap<usize, Vec<usize>>,
    annotations: Vec<Annotation>,
    /// Annotations by object of the input.
    by_object: FxHashMap<usize, Vec<usize>>,
    /// What other linters are told to ignore, by object of the input.
    peers: FxHashMap<usize, Vec<PeerIgnore>>,
    require_reason: bool,
}

struct Comment {
    remark: Remark,
    /// Used, by rule of the directive.
    used: Vec<bool>,
}

struct Annotation {
    /// Which object of the input.
    object: usize,
    line: AnnotationLine,
    used: bool,
}

/// Something to say about a suppression.
pub(super) struct Complaint {
    /// Of a comment.
    pub(super) at: Option<Span>,
    /// Of an annotation: the object, and where in it.
    pub(super) object: Option<usize>,
    pub(super) path: Path,
    pub(super) message: String,
}

impl Suppressions {
    pub(super) fn new(loaded: &Loaded, opened: &Opened, policy: &Policy, settings: &Settings) -> Self {
        let comment = |remark: &Remark| {
            let rules = remark.says.as_ref().map_or(0, |directive| directive.rules.len());
            Comment { remark: remark.clone(), used: vec![false; rules] }
        };
        let annotations = loaded
            .objects
            .iter()
            .enumerate()
            .flat_map(|(object, value)| annotation_lines(value).into_iter().map(move |line| Annotation { object, line, used: false }));
        let honored = settings.honor_peer_annotations || policy.config.honor_peer_annotations;
        let peers = loaded.objects.iter().enumerate().filter(|_| honored);
        let peers = peers.map(|(index, object)| (index, peer_ignores(object))).filter(|(_, ignores)| !ignores.is_empty());
        let comments: Vec<Comment> = opened.remarks.iter().map(comment).collect();
        let annotations: Vec<Annotation> = annotations.collect();
        Self {
            by_line: index(comments.iter().map(|comment| comment.remark.line)),
            by_object: index(annotations.iter().map(|annotation| annotation.object)),
            comments,
            annotations,
            peers: peers.collect(),
            require_reason: settings.require_reason,
        }
    }

    /// Why a finding does not count. Everything that covers it counts as used.
    pub(super) fn find(&mut self, finding: &Finding, object: usize, cover: &Cover, policy: &Policy, today: Date) -> Option<Suppressed> {
        let comment = self.comments_on(finding, cover);
        let annotation = self.annotations_of(finding, object);
        let exemption = policy.config.exemptions.iter().find(|exemption| !exemption.is_expired(today) && exemption.covers(finding));
        let exemption = exemption.map(|exemption| Suppressed { by: "exemption", reason: exemption.reason.clone() });
        comment.or(annotation).or(exemption).or_else(|| self.peer_of(finding, object))
    }

    fn peer_of(&self, finding: &Finding, object: usize) -> Option<Suppressed> {
        let mut ignores = self.peers.get(&object)?.iter().filter(|ignore| !(self.require_reason && ignore.reason.is_empty()));
        let ignore = ignores.find(|ignore| ignore.covers(finding))?;
        Some(Suppressed { by: ignore.by(), reason: ignore.reason.clone() })
    }

    fn comments_on(&mut self, finding: &Finding, cover: &Cover) -> Option<Suppressed> {
        let mut found = None;
        for number in cover.0.iter().filter_map(|line| self.by_line.get(line)).flatten() {
            let Some(Comment { remark, used }) = self.comments.get_mut(*number) else { continue };
            let Ok(directive) = &remark.says else { continue };
            if self.require_reason && directive.reason.is_empty() {
                continue;
            }
            for (_, used) in directive.rules.iter().zip(used).filter(|(rule, _)| ***rule == *finding.rule) {
                *used = true;
                found.get_or_insert_with(|| Suppressed { by: "comment", reason: directive.reason.clone() });
            }
        }
        found
    }

    fn annotations_of(&mut self, finding: &Finding, object: usize) -> Option<Suppressed> {
        let mut found = None;
        for number in self.by_object.get(&object).into_iter().flatten() {
            let Some(Annotation { line, used, .. }) = self.annotations.get_mut(*number) else { continue };
            let container = line.container.as_deref().is_none_or(|name| finding.container.as_deref() == Some(name));
            if *line.rule == *finding.rule && container && !(self.require_reason && line.reason.is_empty()) {
                *used = true;
                found.get_or_insert_with(|| Suppressed { by: "annotation", reason: line.reason.clone() });
            }
        }
        found
    }

    /// What to say about suppressions that suppress nothing.
    pub(super) fn unused(&self, policy: &Policy) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        for comment in &self.comments {
            let mut say = |message: String| {
                complaints.push(Complaint { at: Some(comment.remark.at), object: None, path: Path::root(), message });
            };
            match &comment.remark.says {
                Err(message) => say(format!("this comment is not understood: {message}")),
                Ok(directive) => {
                    let unused = directive.rules.iter().zip(&comment.used).filter(|(_, used)| !**used);
                    unused.for_each(|(rule, _)| say(self.message(rule, &directive.reason, policy)));
                }
            }
        }
        for annotation in self.annotations.iter().filter(|annotation| !annotation.used) {
            let line = &annotation.line;
            let message = several(&line.rule).unwrap_or_else(|| self.message(&line.rule, &line.reason, policy));
            complaints.push(Complaint { at: None, object: Some(annotation.object), path: line.path.clone(), message });
        }
        complaints
    }

    fn message(&self, rule: &str, reason: &str, policy: &Policy) -> String {
        if !policy.knows(rule) {
            let near = policy.nearest(rule).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return format!("there is no rule `{rule}` to ignore{near}");
        }
        if self.require_reason && reason.is_empty() {
            return format!("ignoring `{rule}` needs a reason behind it (--require-reason)");
        }
        format!("nothing of rule `{rule}` is found here: remove the suppression")
    }
}

/// What to say of an annotation's line that names several rules.
fn several(rules: &str) -> Option<String> {
    let names: Vec<&str> = rules.split([',', ' ']).map(|name| name.trim_matches(['[', ']'])).filter(|name| !name.is_empty()).collect();
    let lines: Vec<String> = names.iter().map(|name| format!("`{name}: why`")).collect();
    let said = format!(
        "`{rules}` is not one rule, and ignores nothing: kubelint.dev/ignore takes one `rule[@container]: reason` a line, here the lines {} below `kubelint.dev/ignore: |`",
        lines.join(" and ")
    );
    (names.len() > 1).then_some(said)
}

/// Numbers of things by what they belong to.
fn index(keys: impl Iterator<Item = usize>) -> FxHashMap<usize, Vec<usize>> {
    let mut index: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    keys.enumerate().for_each(|(number, key)| index.entry(key).or_default().push(number));
    index
}
