//! One page that needs no network: numbers, filters, findings by object, and what their rules say. Without JavaScript it is a
//! plain list. Everything that comes from manifests is escaped, and the page's policy runs no script but its own.

mod card;
mod page;

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::worst::Worst;
use super::{Located, Reporter, Sources, Tail, clean};
use crate::finding::Severity;
use crate::rules::Catalog;

/// Findings on a page: more of them no browser scrolls with pleasure.
const LIMIT: usize = 10_000;

pub(super) struct Html<'a> {
    out: Box<dyn Write + 'a>,
    catalog: &'a Catalog,
    cards: Worst<Card>,
}

/// A finding, written.
struct Card {
    severity: Severity,
    counts: bool,
    rule: std::sync::Arc<str>,
    /// Heading of the group.
    object: String,
    file: String,
    /// The template that the object was rendered from.
    source: Option<String>,
    html: String,
}

/// The findings of one object.
#[derive(Default)]
struct Group {
    cards: Vec<Card>,
    /// Errors, warnings, infos that count.
    counts: [usize; 3],
}

impl<'a> Html<'a> {
    pub(super) fn new(out: Box<dyn Write + 'a>, catalog: &'a Catalog) -> Self {
        Self { out, catalog, cards: Worst::new(LIMIT) }
    }
}

impl Reporter for Html<'_> {
    fn finding(&mut self, located: &Located, sources: &dyn Sources) -> io::Result<()> {
        let finding = &located.finding;
        let card = Card {
            severity: finding.severity,
            counts: located.suppressed.is_none(),
            rule: finding.rule.clone(),
            object: clean(&finding.object.to_string()).into_owned(),
            file: clean(&located.location.file).into_owned(),
            source: located.location.source.as_deref().map(|source| clean(source).into_owned()),
            html: card::card(located, sources),
        };
        self.cards.push(finding.severity, card);
        Ok(())
    }

    fn end(&mut self, tail: &Tail<'_>) -> io::Result<()> {
        let groups = groups(self.cards.in_order());
        let mut page = page::Page { out: &mut self.out, tail, dropped: self.cards.dropped };
        page.head()?;
        page.unread()?;
        page.findings(&groups)?;
        page.skipped()?;
        let mut used: Vec<(&str, usize)> = Vec::new();
        for card in groups.iter().flat_map(|group| &group.cards) {
            match used.iter_mut().find(|(rule, _)| *rule == &*card.rule) {
                Some((_, count)) => *count += 1,
                None => used.push((&card.rule, 1)),
            }
        }
        used.sort_unstable();
        page.rules(&used, self.catalog)?;
        page.foot()?;
        self.out.flush()
    }
}

/// Findings of an object together, the worst object and its worst findings first, else in the order of the report.
fn groups(cards: Vec<Card>) -> Vec<Group> {
    let mut index: FxHashMap<(String, String), usize> = FxHashMap::default();
    let mut groups: Vec<Group> = Vec::new();
    for card in cards {
        let nth = *index.entry((card.file.clone(), card.object.clone())).or_insert(groups.len());
        if nth == groups.len() {
            groups.push(Group::default());
        }
        let Some(group) = groups.get_mut(nth) else { continue };
        let [errors, warnings, infos] = &mut group.counts;
        *match card.severity {
            Severity::Error => errors,
            Severity::Warning => warnings,
            Severity::Info => infos,
        } += usize::from(card.counts);
        group.cards.push(card);
    }
    groups.iter_mut().for_each(|group| group.cards.sort_by_key(|card| std::cmp::Reverse((card.counts, card.severity))));
    groups.sort_by_key(|group| std::cmp::Reverse(group.counts));
    groups
}

/// Text for a page: printable, and no markup.
fn text(text: &str) -> String {
    quick_xml::escape::escape(&*clean(text)).into_owned()
}

#[cfg(test)]
mod tests;
