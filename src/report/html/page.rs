//! The page around the findings.

use std::io::{self, Write};

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::super::Tail;
use super::{Group, text};
use crate::rules::Catalog;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Skipped inputs that are listed.
const SKIPPED: usize = 500;

pub(super) struct Page<'p, 't> {
    pub(super) out: &'p mut dyn Write,
    pub(super) tail: &'p Tail<'t>,
    /// Findings that are not on the page.
    pub(super) dropped: usize,
}

impl Page<'_, '_> {
    pub(super) fn head(&mut self) -> io::Result<()> {
        let summary = self.tail.summary;
        let hash = |text: &str| BASE64.encode(&Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        let title = format!("{}, {}", count(summary.errors, "error"), count(summary.warnings, "warning"));
        writeln!(
            self.out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>kubelint: {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
        )?;
        writeln!(self.out, "<header class=\"top\">\n<h1>kubelint</h1>\n<ul class=\"tiles\">")?;
        let tiles = [
            ("error", summary.errors, "error"),
            ("warning", summary.warnings, "warning"),
            ("info", summary.infos, "info"),
            ("plain", summary.suppressed, "suppressed"),
            ("plain", summary.objects, "object"),
            ("plain", summary.files, "file"),
            ("plain", self.tail.errors.len(), "unread"),
        ];
        for (class, n, noun) in tiles {
            let quiet = if n == 0 { " none" } else { "" };
            let plural = if n == 1 || matches!(noun, "suppressed" | "unread") { "" } else { "s" };
            writeln!(self.out, "<li class=\"tile {class}{quiet}\"><b>{n}</b> {noun}{plural}</li>")?;
        }
        writeln!(self.out, "</ul>\n</header>\n<form id=\"filters\" hidden></form>\n<main id=\"findings\">")?;
        if self.dropped > 0 {
            writeln!(self.out, "<p class=\"banner\">{} findings of the least severity are not on this page.</p>", self.dropped)?;
        }
        Ok(())
    }

    pub(super) fn unread(&mut self) -> io::Result<()> {
        if self.tail.errors.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<section class=\"banner\">\n<h2>Not read, so not judged</h2>\n<ul>")?;
        for failure in self.tail.errors {
            let at = failure.at.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
            writeln!(self.out, "<li><code>{}{at}</code> {}</li>", text(&failure.file), text(&failure.message))?;
        }
        writeln!(self.out, "</ul>\n</section>")
    }

    pub(super) fn findings(&mut self, groups: &[Group]) -> io::Result<()> {
        if groups.is_empty() {
            writeln!(self.out, "<p class=\"clean\">Nothing was found.</p>")?;
        }
        for group in groups {
            let Some(first) = group.cards.first() else { continue };
            let (object, file) = (text(&first.object), text(&first.file));
            let (kind, name) = object.split_once(' ').unwrap_or(("", &object));
            let source = first.source.as_deref().map(|source| format!(" from <code>{}</code>", text(source))).unwrap_or_default();
            writeln!(self.out, "<details class=\"group\" open>\n<summary><h2>{kind} <b>{name}</b></h2> <code>{file}</code>{source}")?;
            for (n, class) in group.counts.iter().zip(["error", "warning", "info"]).filter(|(n, _)| **n > 0) {
                writeln!(self.out, "<span class=\"pill {class}\">{}</span>", count(*n, class))?;
            }
            writeln!(self.out, "</summary>")?;
            group.cards.iter().try_for_each(|card| self.out.write_all(card.html.as_bytes()))?;
            writeln!(self.out, "</details>")?;
        }
        writeln!(self.out, "<p id=\"nothing\" class=\"clean\" hidden>No finding passes these filters.</p>\n</main>")
    }

    pub(super) fn skipped(&mut self) -> io::Result<()> {
        let skipped = self.tail.skipped;
        if skipped.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<details class=\"more\">\n<summary><h2>{} skipped</h2></summary>\n<ul>", count(skipped.len(), "input"))?;
        for skipped in skipped.iter().take(SKIPPED) {
            writeln!(self.out, "<li><code>{}</code> {}</li>", text(&skipped.file), text(&skipped.reason))?;
        }
        if skipped.len() > SKIPPED {
            writeln!(self.out, "<li>and {} more</li>", skipped.len() - SKIPPED)?;
        }
        writeln!(self.out, "</ul>\n</details>")
    }

    /// What the rules that found something say about themselves.
    pub(super) fn rules(&mut self, used: &[(&str, usize)], catalog: &Catalog) -> io::Result<()> {
        if used.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<section class=\"rules\">\n<h2>Why it matters, and what to do</h2>")?;
        for (id, found) in used {
            let name = text(id);
            writeln!(self.out, "<section class=\"about\" id=\"rule-{name}\">\n<h3>{name} <span class=\"pill\">{found}</span></h3>")?;
            if let Some(rule) = catalog.get(id) {
                writeln!(self.out, "<p><b>{}.</b> {}</p>", text(rule.title.trim_end_matches('.')), text(rule.description.trim()))?;
                for link in rule.related_resources.iter().filter(|link| link.starts_with("https://")) {
                    let link = text(link);
                    writeln!(self.out, "<p><a href=\"{link}\" rel=\"noreferrer\">{link}</a></p>")?;
                }
            }
            writeln!(
                self.out,
                "<p>To accept one finding: <code># kubelint: ignore[{name}] why</code> on its line or above it.</p>\n</section>"
            )?;
        }
        writeln!(self.out, "</section>")
    }

    pub(super) fn foot(&mut self) -> io::Result<()> {
        writeln!(self.out, "<footer>kubelint {}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>", env!("CARGO_PKG_VERSION"))
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
