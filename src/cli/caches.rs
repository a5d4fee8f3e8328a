//! `kubelint explain-memory`: to be read at three in the morning.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use super::args::{Facts, Simple};
use super::output::Streams;
use super::{Ended, Exit, Failed, settings};
use crate::lint::Session;
use crate::lint::memory::{self, Cache, Setting};
use crate::report::clean;

pub(super) fn run(facts: &Facts, streams: &mut Streams) -> Ended {
    let settings = settings::settings(&facts.reading)?;
    let session = Session::open(settings::collect(&facts.reading), &settings).map_err(Failed::said)?;
    let caches = memory::caches(&session);
    let mut out = streams.out();
    match facts.format {
        Simple::Json => {
            serde_json::to_writer_pretty(&mut out, &caches).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        }
        Simple::Text if caches.is_empty() => {
            writeln!(out, "No container with a memory cap was recognised in {} objects.", session.objects())?
        }
        Simple::Text => {
            for cache in &caches {
                writeln!(out, "{}", describe(cache))?;
            }
        }
    }
    out.flush()?;
    let unread = settings::unread(&facts.reading, &session, streams);
    Ok(unread.max(Exit::Clean))
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// One cache, a few lines: the verdict first, then where each number comes from.
fn describe(cache: &Cache<'_>) -> String {
    let head = format!("{}, container {}", cache.object, cache.container);
    let mut text = format!("{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}\n", clean(&head), clean(&cache.file));
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<8} {value}");
    };
    row("cap", &cap(cache));
    row("limit", &cache.limit.map_or("none: the node's memory is the limit".into(), bytes));
    row("request", &cache.request.map_or("none".into(), bytes));
    row("ratio", &ratio(cache));
    match &cache.winner {
        Some(winner) => row("set by", &setting(winner)),
        None if cache.unlimited => row("set by", "nothing: no setting that takes effect names a cap"),
        None => {}
    }
    if let Some(error) = &cache.error {
        row("error", &clean(error));
    }
    if let Some(reason) = &cache.reason {
        row("because", &clean(reason));
    }
    for dead in &cache.dead {
        row("dead", &format!("{} {DIM}({}){DIM:#}", setting(&dead.setting), clean(&dead.reason)));
    }
    text
}

fn cap(cache: &Cache<'_>) -> String {
    let certainty = if cache.certainty == "exact" { String::new() } else { format!(" ({})", cache.certainty) };
    match cache.bytes {
        Some(n) => format!("{}{certainty}", bytes(n)),
        None if cache.unlimited => {
            let red = Style::new().bold().fg_color(Some(AnsiColor::BrightRed.into()));
            format!("{red}unlimited{red:#}{certainty}: it grows until the kernel kills it")
        }
        None => format!("not known{certainty}"),
    }
}

/// Headroom in per cent: 133 is where persistence and replication become safe (design 8.2).
fn ratio(cache: &Cache<'_>) -> String {
    let Some(ratio) = cache.ratio else {
        return match (cache.limit, cache.bytes) {
            (None, _) => "none: there is no limit to compare with".into(),
            (_, None) => "none: there is no cap to compare with".into(),
            _ => "none".into(),
        };
    };
    let (colour, judgement) = match ratio {
        r if r <= 1.0 => (AnsiColor::BrightRed, "the kernel kills it before it evicts anything"),
        r if r < 1.25 => (AnsiColor::BrightRed, "too little room for buffers and fragmentation"),
        r if r < 4.0 / 3.0 => (AnsiColor::BrightYellow, "enough without persistence and replication, too little with them"),
        r if r > 3.0 => (AnsiColor::BrightYellow, "more than half of the limit can never be used by data"),
        _ => (AnsiColor::BrightGreen, "room for fork copies, buffers and fragmentation"),
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{ratio:.2}{style:#} limit to cap: {judgement}")
}

fn setting(setting: &Setting) -> String {
    let text = clean(&setting.text);
    match (&setting.file, setting.line) {
        (Some(file), Some(line)) => format!("{text}  at {}:{line}", clean(file)),
        _ => text.into_owned(),
    }
}

/// `3.00 GiB (3221225472)`.
fn bytes(n: i64) -> String {
    let units = [("GiB", 1_i64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, size)| n >= *size) {
        Some((unit, size)) => format!("{:.2} {unit} ({n} bytes)", n as f64 / size as f64),
        None => format!("{n} bytes"),
    }
}
