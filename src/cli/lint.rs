//! `kubelint lint`.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::args::Lint;
use super::output::Streams;
use super::progress::Progress;
use super::{Ended, Exit, Failed, fix, settings};
use crate::config::Baseline;
use crate::lint::{Ledger, Run, Session, Verdict};
use crate::report::{Format, Reporter, Tail};

pub(super) fn run(lint: &Lint, matches: &ArgMatches, streams: &mut Streams) -> Ended {
    let targets = targets(lint, matches)?;
    let mut settings = settings::settings(&lint.reading)?;
    settings.require_reason = lint.require_reason;
    settings.honor_peer_annotations = lint.honor_peer_annotations;
    settings.min_severity = lint.min_severity.severity();
    settings.show_suppressed = lint.show_suppressed;
    let mut baseline = baseline(lint)?;
    let mut collected = settings::collect(&lint.reading);
    let mut to_err = false;
    if lint.fix || lint.diff {
        (collected, to_err) = fix::run(lint, collected, &settings, baseline.as_ref(), streams)?;
    }
    let session = Session::open(collected, &settings).map_err(Failed::said)?;
    let mut reporters = Vec::with_capacity(targets.len());
    for (format, file) in &targets {
        let out = match file {
            Some(file) => {
                Streams::file(file, *format).map_err(|error| Failed::Said(format!("{}: cannot be written: {error}", file.display())))?
            }
            None if to_err => streams.err(),
            None => streams.report(*format),
        };
        reporters.push(format.reporter(out, &settings.catalog));
    }
    let mut ledger = Ledger::new(baseline.as_ref().filter(|_| !lint.write_baseline), lint.write_baseline);
    let verdict = report(&session, &mut ledger, reporters)?;
    let unread = settings::unread(&lint.reading, &session, streams);
    if verdict.hidden > 0 {
        let s = if verdict.hidden == 1 { " is" } else { "s are" };
        streams.note(&format!("{} finding{s} below --min-severity and not shown", verdict.hidden));
    }
    if let Some(file) = &lint.baseline {
        keep(lint, file, &mut baseline, ledger, streams)?;
    }
    let found = verdict.worst.zip(lint.fail_on.severity()).is_some_and(|(worst, least)| worst >= least) && !lint.write_baseline;
    let trouble = if verdict.rule_failed { Exit::Trouble } else { unread };
    // The process ends: taking a large session apart would only make somebody wait.
    std::mem::forget(session);
    Ok(trouble.max(if found { Exit::Findings } else { Exit::Clean }))
}

/// Judges everything and writes all reports.
fn report<'r>(session: &'r Session<'_>, ledger: &mut Ledger, mut reporters: Vec<Box<dyn Reporter + 'r>>) -> Result<Verdict, Failed> {
    let mut closed = false;
    let mut each = |reporters: &mut Vec<Box<dyn Reporter + 'r>>, write: &mut dyn FnMut(&mut dyn Reporter) -> io::Result<()>| {
        for reporter in reporters.iter_mut() {
            match write(reporter.as_mut()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => closed = true,
                other => other?,
            }
        }
        // Nobody reads on: what was found so far decides nothing any more.
        if closed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok::<(), io::Error>(()) }
    };
    let (progress, shared) = (Progress::new(), io::stdout().is_terminal());
    let watch = |done, all| progress.show(done, all);
    let judged = Run::new(session).watched(&watch).judge(ledger, &mut |located| {
        if shared {
            progress.end();
        }
        each(&mut reporters, &mut |reporter| reporter.finding(&located, session))
    });
    progress.end();
    let verdict = judged?;
    let tail = Tail { skipped: &session.skipped, errors: &session.failures, summary: verdict.summary };
    each(&mut reporters, &mut |reporter| reporter.end(&tail))?;
    Ok(verdict)
}

/// Each format with the file that it goes to: an `--output` belongs to the nearest `--format` before it.
fn targets(lint: &Lint, matches: &ArgMatches) -> Result<Vec<(Format, Option<PathBuf>)>, Failed> {
    let positions = |id: &str| matches.indices_of(id).into_iter().flatten().collect::<Vec<usize>>();
    let mut formats: Vec<(usize, Format, Option<PathBuf>)> =
        positions("format").into_iter().zip(&lint.format).map(|(at, format)| (at, *format, None)).collect();
    for (at, file) in positions("output").into_iter().zip(&lint.output) {
        if formats.is_empty() {
            formats.push((0, Format::Text, None));
        }
        match formats.iter_mut().rev().find(|(format, ..)| *format < at) {
            Some((.., target)) if target.is_none() => *target = Some(file.clone()),
            Some((_, format, _)) => {
                return Err(Failed::Said(format!("--output {}: --format {} has an output already", file.display(), format.as_str())));
            }
            None => return Err(Failed::Said(format!("--output {}: put it behind the --format that it is for", file.display()))),
        }
    }
    if lint.summary {
        formats.push((usize::MAX, Format::Summary, None));
    }
    if formats.is_empty() {
        formats.push((0, Format::Text, None));
    }
    let on_stdout: Vec<&str> = formats.iter().filter(|(.., file)| file.is_none()).map(|(_, format, _)| format.as_str()).collect();
    if on_stdout.len() > 1 {
        return Err(Failed::Said(format!(
            "{} would both go to the standard output: give all but one an --output FILE",
            on_stdout.join(" and ")
        )));
    }
    Ok(formats.into_iter().map(|(_, format, file)| (format, file)).collect())
}

fn baseline(lint: &Lint) -> Result<Option<Baseline>, Failed> {
    match &lint.baseline {
        Some(_) if lint.write_baseline => Ok(Some(Baseline::new())),
        Some(file) => Ok(Some(Baseline::load(file).map_err(Failed::said)?)),
        None => Ok(None),
    }
}

/// Writes or prunes the baseline.
fn keep(lint: &Lint, file: &Path, baseline: &mut Option<Baseline>, ledger: Ledger, streams: &mut Streams) -> Result<(), Failed> {
    if lint.prune_baseline {
        let Some(baseline) = baseline else { return Ok(()) };
        let gone = baseline.retain(|fingerprint| ledger.met(fingerprint));
        baseline.save(file).map_err(Failed::said)?;
        streams.note(&format!("{gone} findings of {} are gone and were removed from it", file.display()));
    } else if let Some(mut written) = ledger.written {
        let known = written.len();
        written.save(file).map_err(Failed::said)?;
        streams.note(&format!("{known} findings were written to {}", file.display()));
    }
    Ok(())
}
