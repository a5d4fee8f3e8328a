//! `--fix`, `--unsafe-fixes` and `--diff`: rounds of fixing until nothing changes any more, then files, or a diff.

use std::io::{self, Write as _};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

use super::Failed;
use super::args::Lint;
use super::output::Streams;
use crate::config::Baseline;
use crate::finding::{FixSafety, Severity};
use crate::fix::{encoded, replace};
use crate::input::{Collected, Input, Source};
use crate::lint::mend::{self, Changed, Round};
use crate::lint::{Ledger, Session, Settings};

/// Rounds before fixes are taken to undo each other.
const ROUNDS: usize = 20;

/// Fixes what was collected. Gives back what to report on, and whether the standard output is taken.
pub(super) fn run(
    lint: &Lint,
    collected: Collected,
    settings: &Settings,
    baseline: Option<&Baseline>,
    streams: &mut Streams,
) -> Result<(Collected, bool), Failed> {
    // What is not shown is mended, too.
    let settings = &Settings { min_severity: Severity::Info, ..settings.clone() };
    let safety = if lint.unsafe_fixes { FixSafety::Unsafe } else { FixSafety::Safe };
    let streamed = collected.inputs.iter().any(is_stream);
    let mut fixed = collected.clone();
    let (mut changes, mut applied) = (Vec::new(), 0);
    let mut last = Round::default();
    for nth in 0..=ROUNDS {
        let session = Session::open(fixed.clone(), settings).map_err(Failed::said)?;
        last = mend::round(&session, &mut Ledger::new(baseline, false), safety)?;
        drop(session);
        if last.changed.is_empty() {
            break;
        }
        if nth == ROUNDS {
            streams.error(&format!("fixing did not come to an end after {ROUNDS} rounds: two fixes undo each other"));
            break;
        }
        applied += last.applied;
        for changed in std::mem::take(&mut last.changed) {
            take(changed, &mut fixed, &mut changes)?;
        }
    }
    for refused in &last.refused {
        let (file, line, rule) = (&refused.file, refused.line, &refused.rule);
        streams.note(&format!("{file}:{line}: {rule}: the fix `{}` was not applied: {}", refused.title, refused.reason));
    }
    if lint.diff {
        show(&changes, settings, streams)?;
        summary(applied, &changes, last.withheld, "would be applied", streams);
        return Ok((collected, true));
    }
    for changed in &changes {
        if let Some(path) = changed.source.path() {
            replace(path, &changed.before, &changed.after).map_err(|error| Failed::Said(format!("{}: {error}", changed.file)))?;
        }
    }
    summary(applied, &changes, last.withheld, "applied", streams);
    if streamed {
        print(&fixed)?;
    }
    Ok((fixed, streamed))
}

/// A stream of the caller's, as opposed to a chart that was rendered.
fn is_stream(input: &Input) -> bool {
    input.source.path().is_none() && !input.file.starts_with(crate::input::RENDERED)
}

/// Puts a text in the place of the one it was made from; of several rounds, the first text is what the last is compared with.
fn take(changed: Changed, fixed: &mut Collected, changes: &mut Vec<Changed>) -> Result<(), Failed> {
    let bytes: Arc<[u8]> = encoded(&changed.after, changed.before.encoding()).map_err(Failed::said)?.into();
    let input = fixed.inputs.iter_mut().find(|input| input.file == changed.file && input.source.path() == changed.source.path());
    if let Some(input) = input {
        input.source = match changed.source.path() {
            Some(path) => Source::Edited(path.to_owned(), bytes),
            None => Source::Bytes(bytes),
        };
    }
    match changes.iter_mut().find(|earlier| earlier.file == changed.file && earlier.source.path() == changed.source.path()) {
        Some(earlier) => earlier.after = changed.after,
        None => changes.push(changed),
    }
    Ok(())
}

/// The standard input as it is now.
fn print(fixed: &Collected) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for input in fixed.inputs.iter().filter(|input| is_stream(input)) {
        if let Source::Bytes(bytes) = &input.source {
            out.write_all(bytes)?;
        }
    }
    out.flush()
}

/// The changes as a diff; secrets are replaced in both texts alike, so that none shows among the lines around a change.
fn show(changes: &[Changed], settings: &Settings, streams: &Streams) -> io::Result<()> {
    let mut out = streams.out();
    for changed in changes {
        let (before, after) = (changed.before.as_str(), changed.after.as_str());
        let [before, after] = [before, after].map(|text| crate::lint::shown(text, &changed.file, &settings.limits));
        let diff = TextDiff::from_lines(&before, &after);
        let diff = diff.unified_diff().header(&changed.file, &changed.file).to_string();
        for line in diff.split_inclusive('\n') {
            let colour = match line.as_bytes() {
                [b'+', ..] => Some(AnsiColor::Green),
                [b'-', ..] => Some(AnsiColor::Red),
                [b'@', ..] => Some(AnsiColor::Cyan),
                _ => None,
            };
            let style = Style::new().fg_color(colour.map(Into::into));
            let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
            write!(out, "{style}{text}{style:#}{end}")?;
        }
    }
    out.flush()
}

fn summary(applied: usize, changes: &[Changed], withheld: usize, done: &str, streams: &mut Streams) {
    let plural = |n: usize, one: &str, many: &str| if n == 1 { format!("{n} {one}") } else { format!("{n} {many}") };
    let fixes = plural(applied, "fix", "fixes");
    let files = plural(changes.len(), "file", "files");
    streams.note(&format!("{fixes} {done} in {files}"));
    if withheld > 0 {
        streams.note(&format!("{} more with --unsafe-fixes", plural(withheld, "fix", "fixes")));
    }
}
