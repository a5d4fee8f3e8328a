//! The verdict on a Redis-family server's cap, and every other `maxmemory` of the pod with the reason why it does not count.

use std::collections::BTreeSet;

use super::effective::Loaded;
use super::programs::FLAG_VARIABLES;
use super::redis_conf::Directive;
use super::run::Run;
use super::text::{At, Piece, Text};
use super::units::{dragonfly, memtoull};
use crate::value::{Value, array, nullable, object};

/// A `memory_cap` of the input document.
#[derive(Debug, Default)]
pub(super) struct Cap {
    pub bytes: Option<u64>,
    pub unlimited: bool,
    pub percent: Option<u64>,
    pub exact: bool,
    pub unresolved: bool,
    pub error: Option<String>,
    pub candidates: Vec<Candidate>,
    pub reason: Option<String>,
}

/// A place that sets a cap, or seems to.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub at: Option<(At, usize)>,
    /// As written; for a Secret its number.
    pub value: String,
    pub bytes: Option<u64>,
    /// The directive, `maxmemory` or another software's.
    pub name: &'static str,
    pub status: &'static str,
    pub reason: Option<String>,
}

impl Candidate {
    pub(super) fn new(at: Option<(At, usize)>, name: &'static str, value: &str, bytes: Option<u64>, secret: bool) -> Self {
        let value = if secret { bytes.map_or_else(|| "(redacted)".to_owned(), |b| b.to_string()) } else { value.to_owned() };
        Self { at, value, bytes, name, status: "overridden", reason: None }
    }

    fn text(&self) -> String {
        let joined = self.name.ends_with('=') || self.name == "-Xmx";
        format!("{}{}{}", self.name, if joined { "" } else { " " }, self.value)
    }

    fn to_value(&self) -> Value {
        object([
            ("place", nullable(self.at.as_ref().map(|(at, length)| at.place(*length)))),
            ("value", Value::from(self.value.as_str())),
            ("bytes", nullable(self.bytes)),
            ("text", Value::from(self.text().trim_end())),
            ("status", Value::from(self.status)),
            ("reason", nullable(self.reason.as_deref())),
        ])
    }
}

impl Cap {
    pub(super) fn unresolved(reason: impl Into<String>) -> Self {
        Self { unresolved: true, reason: Some(reason.into()), ..Self::default() }
    }

    pub(super) fn to_value(&self) -> Value {
        let certainty = match (self.unresolved, self.exact) {
            (true, _) => "unresolved",
            (_, true) => "exact",
            _ => "inferred",
        };
        let winner = self.candidates.iter().find(|c| c.status == "winner");
        object([
            ("bytes", nullable(self.bytes)),
            ("unlimited", Value::from(self.unlimited)),
            ("percent", nullable(self.percent)),
            ("certainty", Value::from(certainty)),
            ("error", nullable(self.error.as_deref())),
            ("winner", nullable(winner.map(Candidate::to_value))),
            ("candidates", array(self.candidates.iter().map(Candidate::to_value))),
            ("reason", nullable(self.reason.as_deref())),
        ])
    }
}

/// The verdict where the servers that may start have loaded these.
pub(super) fn judge(run: &Run, loads: &[Loaded], texts: &[Text]) -> Cap {
    let mut cap = match (loads, &run.lost) {
        (_, Some(why)) => Cap::unresolved(why.clone()),
        ([], None) => match run.opaque.last() {
            Some((program, _)) => Cap::unresolved(format!("what {program} starts is not known")),
            None => Cap::unresolved("how the server is started is not known"),
        },
        ([first, rest @ ..], None) => {
            let mut cap = one(first);
            for other in rest {
                let other = one(other);
                let same = (cap.bytes, cap.unlimited, cap.unresolved, &cap.error)
                    == (other.bytes, other.unlimited, other.unresolved, &other.error);
                if !same {
                    cap = Cap { candidates: cap.candidates, ..Cap::unresolved("it depends on what happens which server command runs") };
                }
                let known: BTreeSet<_> = cap.candidates.iter().map(key).collect();
                cap.candidates.extend(other.candidates.into_iter().filter(|c| !known.contains(&key(c))));
            }
            cap
        }
    };
    if cap.unresolved {
        for candidate in &mut cap.candidates {
            if candidate.status == "winner" {
                candidate.status = "overridden";
                candidate.reason = Some("loaded, but what comes after it is not known".to_owned());
            }
        }
    } else {
        let reasons: Vec<_> =
            run.reasons.iter().copied().chain(loads.iter().any(|l| l.indirect).then_some("a file is copied or included")).collect();
        cap.exact = cap.reason.is_none() && reasons.is_empty();
        if cap.reason.is_none() && !reasons.is_empty() {
            cap.reason = Some(reasons.join("; "));
        }
    }
    dead(run, loads, texts, &mut cap);
    cap
}

fn key(candidate: &Candidate) -> (String, usize) {
    candidate.at.as_ref().map_or_else(Default::default, |(at, _)| (format!("{:?}{}", at.source.object, at.source.path), at.start))
}

/// The verdict on one way to start it.
fn one(loaded: &Loaded) -> Cap {
    let slot = loaded.directives.get("maxmemory");
    let winner = slot.as_ref().and_then(|s| s.by);
    let mut cap = Cap { candidates: loaded.seen.iter().map(candidate).collect(), ..Cap::default() };
    let last = winner.and_then(|w| loaded.seen.get(w)).and_then(|d| d.at.as_ref()).map(|(at, _)| at.source.name.clone());
    for (nth, candidate) in cap.candidates.iter_mut().enumerate() {
        if Some(nth) == winner {
            candidate.status = "winner";
        } else {
            candidate.reason =
                Some(last.as_ref().map_or_else(|| "overridden".to_owned(), |name| format!("overridden: a later maxmemory in {name} wins")));
        }
    }
    if let Some(refused) = &loaded.refused {
        cap.error = Some(refused.clone());
        return cap;
    }
    let Some(slot) = slot else {
        cap.unlimited = true;
        return cap;
    };
    if let Some(doubt) = slot.doubt {
        return Cap { candidates: cap.candidates, ..Cap::unresolved(doubt) };
    }
    match slot.args.as_slice() {
        [Some(value)] => match memtoull(value) {
            Some(0) => cap.unlimited = true,
            Some(bytes) => cap.bytes = Some(bytes),
            None if winner.and_then(|w| loaded.seen.get(w)).is_some_and(|d| d.secret) => {
                cap.error = Some("maxmemory has a value that the server refuses".to_owned());
            }
            None => {
                cap.error = Some(format!(
                    "the server refuses `maxmemory {value}`: write a whole number with b, k, kb, m, mb, g or gb, such as 3gb"
                ));
            }
        },
        args if args.iter().any(Option::is_none) => {
            return Cap { candidates: cap.candidates, ..Cap::unresolved("the value of maxmemory is known only when the pod runs") };
        }
        _ => cap.error = Some("maxmemory wants one value".to_owned()),
    }
    if slot.maybe {
        cap.reason = Some("it is set on one way only that the script may take".to_owned());
    }
    cap
}

fn candidate(directive: &Directive) -> Candidate {
    let value = directive.args.first().cloned().flatten().unwrap_or_default();
    Candidate::new(directive.at.clone(), "maxmemory", &value, memtoull(&value), directive.secret)
}

/// Adds every other `maxmemory` that the pod's objects hold.
fn dead(run: &Run, loads: &[Loaded], texts: &[Text], cap: &mut Cap) {
    let mut known: BTreeSet<_> = cap.candidates.iter().map(key).collect();
    let reason = if cap.unresolved { "not known whether it is loaded".to_owned() } else { not_loaded(run, loads) };
    for text in texts {
        for mut found in scan(text) {
            if !known.insert(key(&found)) {
                continue;
            }
            let variable = found.at.as_ref().and_then(|(at, _)| at.source.name.strip_prefix("env "));
            found.status = if variable.is_some() { "ignored" } else { "not-loaded" };
            found.reason = Some(match variable {
                Some(name) => format!("ignored: nothing that runs in this container reads {name}"),
                None => reason.clone(),
            });
            cap.candidates.push(found);
        }
    }
}

fn not_loaded(run: &Run, loads: &[Loaded]) -> String {
    let mut files: Vec<&str> = Vec::new();
    for file in loads.iter().flat_map(|l| &l.files) {
        if !files.contains(&file.as_str()) {
            files.push(file);
        }
    }
    let script = run.scripts.last().map_or("the server", String::as_str);
    match files.as_slice() {
        [] if loads.is_empty() => "not loaded, as far as can be seen".to_owned(),
        [] => "not loaded: the server reads no file that is known".to_owned(),
        files => format!("not loaded: {script} loads {} only", files.join(" and ")),
    }
}

/// Variables of a container that look like a cap.
pub(super) fn flag_variables<'t>(variables: impl Iterator<Item = (&'t String, &'t Text)>) -> Vec<Text> {
    variables.filter(|(name, _)| FLAG_VARIABLES.contains(&name.as_str())).map(|(_, text)| text.clone()).collect()
}

/// What in a text looks like a `maxmemory` with a value: a directive, an option, or one inside a script's string.
fn scan(text: &Text) -> Vec<Candidate> {
    const NAME: &str = "maxmemory";
    let mut found = Vec::new();
    let [Piece::Known { text, at: Some(at) }] = text.0.as_slice() else { return found };
    let bare = at.source.name.starts_with("env ") && memtoull(text.trim()).is_some_and(|b| b > 0);
    if bare {
        found.push(Candidate::new(Some((at.clone(), text.chars().count())), NAME, text.trim(), memtoull(text.trim()), at.source.secret));
    }
    let lower = text.to_ascii_lowercase();
    let mut line_start = 0;
    let mut chars_before = 0;
    for line in lower.split('\n') {
        let comment = line.trim_start().starts_with('#');
        for (byte, _) in line.match_indices(NAME) {
            let before = line.get(..byte).and_then(|b| b.chars().next_back());
            let dashes = line.get(..byte).is_some_and(|b| b.ends_with("--") || b.ends_with("\\n"));
            if comment || (!dashes && before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))) {
                continue;
            }
            let after = line.get(byte + NAME.len()..).unwrap_or_default();
            let trimmed = after.trim_start_matches([' ', '\t', '=', '"', '\'', ',']);
            let length: usize = trimmed.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let value = text
                .get(line_start + byte + NAME.len() + (after.len() - trimmed.len())..)
                .and_then(|v| v.get(..length))
                .unwrap_or_default();
            if after.len() == trimmed.len() || !value.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            let start =
                chars_before + line.get(..byte).unwrap_or_default().chars().count() - if dashes && before == Some('-') { 2 } else { 0 };
            let width = line.get(byte..byte + NAME.len() + (after.len() - trimmed.len()) + length).unwrap_or_default().chars().count();
            let width = width + if dashes && before == Some('-') { 2 } else { 0 };
            found.push(Candidate::new(
                Some((At::new(&at.source, at.start + start), width)),
                NAME,
                value,
                memtoull(value),
                at.source.secret,
            ));
        }
        line_start += line.len() + 1;
        chars_before += line.chars().count() + 1;
    }
    found
}

/// Dragonfly: unset or 0 is 80 % of the memory it sees. The last flag wins.
/// [dragonflydb/dragonfly: `--maxmemory` in the flags' help]
pub(super) fn judge_dragonfly(run: &Run, limit: Option<u64>, variables: &[(Option<At>, String)], texts: &[Text]) -> Cap {
    let mut cap = Cap::default();
    let mut hidden = run.lost.clone();
    let Some(invocation) = run.invocations.iter().rev().find(|i| !i.sentinel) else {
        let mut cap = Cap::unresolved("how the server is started is not known");
        dead(run, &[], texts, &mut cap);
        return cap;
    };
    for (at, value) in variables {
        cap.candidates.push(Candidate::new(at.clone().map(|at| (at, value.chars().count())), "maxmemory", value, dragonfly(value), false));
    }
    let mut open: Option<(At, usize)> = None;
    let mut waits = false;
    for item in &invocation.args {
        let super::text::Item::One(text) = item else {
            hidden = Some("its arguments depend on what happens".to_owned());
            continue;
        };
        let Some(word) = text.plain() else {
            if waits || text.prefix().is_empty() || text.prefix().contains("maxmemory") {
                hidden = Some(format!("an argument is not known: {}", text.why().map(ToString::to_string).unwrap_or_default()));
            }
            waits = false;
            continue;
        };
        let at = text.at().map(|at| (at.clone(), text.chars()));
        let flag = word.trim_start_matches('-');
        if std::mem::take(&mut waits) {
            cap.candidates.push(Candidate::new(open.take().or(at), "maxmemory", &word, dragonfly(&word), text.secret()));
        } else if word.starts_with('-') && flag == "maxmemory" {
            (open, waits) = (at, true);
        } else if let Some(value) = flag.strip_prefix("maxmemory=").filter(|_| word.starts_with('-')) {
            cap.candidates.push(Candidate::new(at, "maxmemory", value, dragonfly(value), text.secret()));
        } else if flag.starts_with("flagfile") {
            hidden = Some("a flag file is not read".to_owned());
        }
    }
    if let Some(why) = hidden {
        cap = Cap { candidates: cap.candidates, ..Cap::unresolved(why) };
        dead(run, &[], texts, &mut cap);
        return cap;
    }
    let last = cap.candidates.len();
    for (nth, candidate) in cap.candidates.iter_mut().enumerate() {
        candidate.reason = Some("overridden: a later maxmemory wins".to_owned());
        if nth + 1 == last {
            (candidate.status, candidate.reason) = ("winner", None);
        }
    }
    match cap.candidates.last().map(|c| (c.bytes, c.value.clone())) {
        Some((Some(bytes), _)) if bytes > 0 => {
            cap.bytes = Some(bytes);
            cap.exact = run.reasons.is_empty();
            cap.reason = (!cap.exact).then(|| run.reasons.join("; "));
        }
        Some((None, value)) => cap.error = Some(format!("Dragonfly refuses --maxmemory={value}")),
        _ => {
            cap.percent = Some(80);
            cap.bytes = limit.and_then(|limit| super::units::share(limit, 80));
            cap.reason = Some("Dragonfly takes 80 % of the memory it sees".to_owned());
            if limit.is_none() {
                cap = Cap {
                    percent: Some(80),
                    candidates: cap.candidates,
                    ..Cap::unresolved("Dragonfly takes 80 % of the node's memory where there is no limit")
                };
            }
        }
    }
    dead(run, &[], texts, &mut cap);
    cap
}
