//! Which directives are in force when a server of the Redis family has read its file and its arguments: in order, the last one wins.

use std::collections::BTreeMap;

use super::files::{View, glob};
use super::redis_conf::{Directive, Line, parse, read};
use super::shell::Invocation;
use super::text::{At, Item, Piece, Text, slice};

/// Files that are read at most, includes included; and how deep they may nest.
const FILES: usize = 200;
const DEEPEST: usize = 12;

/// Directives that take more than one value on the command line.
const ARITY: &[(&str, usize)] = &[
    ("replicaof", 2),
    ("slaveof", 2),
    ("rename-command", 2),
    ("client-output-buffer-limit", 4),
    ("save", 99),
    ("user", 99),
    ("bind", 99),
    ("loadmodule", 99),
];

/// A directive's state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    /// The values; `None` where one is not known.
    pub args: Vec<Option<String>>,
    /// Which of [`Loaded::seen`] set it.
    pub by: Option<usize>,
    /// Set on one way only.
    pub maybe: bool,
    /// Why it is not known what it is.
    pub doubt: Option<String>,
}

/// All directives.
#[derive(Debug, Clone, Default)]
pub(super) struct Directives {
    slots: BTreeMap<String, Slot>,
    /// What may have set anything that is not set since.
    pub hidden: Option<String>,
}

impl Directives {
    /// The state of a directive; `None`: nothing sets it.
    pub(super) fn get(&self, name: &str) -> Option<Slot> {
        let hidden = || self.hidden.clone().map(|why| Slot { args: Vec::new(), by: None, maybe: true, doubt: Some(why) });
        self.slots.get(name).cloned().or_else(hidden)
    }

    fn hide(&mut self, why: &str) {
        self.slots.clear();
        self.hidden = Some(why.to_owned());
    }

    fn set(&mut self, directive: &Directive, by: Option<usize>) {
        let name = match directive.name.as_str() {
            "slaveof" => "replicaof",
            name => name,
        };
        let empty = directive.args.is_empty() || directive.args == [Some(String::new())];
        let old = self.slots.remove(name);
        let args = match old {
            // `save` lines add up; an empty one clears.
            Some(old) if name == "save" && !empty && old.args != [Some(String::new())] => {
                old.args.into_iter().chain(directive.args.clone()).collect()
            }
            _ if name == "save" && empty => vec![Some(String::new())],
            _ => directive.args.clone(),
        };
        self.slots.insert(name.to_owned(), Slot { args, by, maybe: false, doubt: None });
    }

    fn merge(&self, other: &Self) -> Self {
        let mut slots = BTreeMap::new();
        for name in self.slots.keys().chain(other.slots.keys()) {
            let slot = match (self.get(name), other.get(name)) {
                (Some(a), Some(b)) if a.args == b.args && a.doubt.is_none() && b.doubt.is_none() => Slot { maybe: a.maybe || b.maybe, ..b },
                (Some(a), Some(b)) => {
                    let doubt = a
                        .doubt
                        .or(b.doubt)
                        .unwrap_or_else(|| format!("{name} depends on what happens: one way sets one value, another way another"));
                    Slot { args: Vec::new(), by: None, maybe: true, doubt: Some(doubt) }
                }
                (Some(one), None) | (None, Some(one)) => Slot { maybe: true, ..one },
                (None, None) => continue,
            };
            slots.insert(name.clone(), slot);
        }
        Self { slots, hidden: self.hidden.clone().or_else(|| other.hidden.clone()) }
    }
}

/// What a server has loaded.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// What is in force.
    pub directives: Directives,
    /// Every `maxmemory` in the order it was read.
    pub seen: Vec<Directive>,
    /// Which of them begin at an offset of their text, so that a long file is not compared with itself.
    seen_at: BTreeMap<usize, Vec<usize>>,
    /// Names of the files, in the order they were read.
    pub files: Vec<String>,
    /// Was a file read that something wrote or included?
    pub indirect: bool,
    /// Arguments that the server refuses.
    pub refused: Option<String>,
    steps: usize,
}

/// Reads a server's file and arguments.
pub(super) fn load(invocation: &Invocation, view: &View<'_>) -> Loaded {
    let mut loaded = Loaded::default();
    let mut args = invocation.args.as_slice();
    match args.first() {
        Some(Item::One(first)) if !first.prefix().starts_with("--") => {
            args = args.get(1..).unwrap_or_default();
            loaded.config(first, invocation, view);
        }
        Some(Item::Either(a, b)) if ![a, b].iter().all(|way| way.first().is_none_or(is_option)) => {
            loaded.directives.hide("the file it reads depends on what happens");
        }
        _ => {}
    }
    for line in &invocation.settings {
        if let Some(line) = read(line) {
            loaded.lines(&[Item::One(line)], invocation, view, 0);
        }
    }
    let lines = arguments(args);
    loaded.lines(&lines, invocation, view, 0);
    loaded
}

impl Loaded {
    fn config(&mut self, path: &Text, invocation: &Invocation, view: &View<'_>) {
        match path.plain() {
            Some(plain) if plain == "-" => {
                let lines = parse(&invocation.input);
                self.lines(&lines, invocation, view, 0);
            }
            Some(plain) => self.file(&plain, invocation, view, 0),
            None => self
                .directives
                .hide(&format!("which file it reads is not known: {}", path.why().map(ToString::to_string).unwrap_or_default())),
        }
    }

    fn file(&mut self, path: &str, invocation: &Invocation, view: &View<'_>, depth: usize) {
        self.steps += 1;
        if self.steps > FILES || depth > DEEPEST {
            self.directives.hide("too many files include one another");
            return;
        }
        if path.contains(['*', '?']) {
            let (directory, pattern) = path.rsplit_once('/').unwrap_or(("", path));
            let (names, complete) = view.list(&invocation.files, directory);
            for name in names.iter().filter(|n| glob(pattern, n)) {
                self.file(&format!("{directory}/{name}"), invocation, view, depth + 1);
            }
            if !complete {
                self.directives.hide(&format!("the files in {directory} are not known"));
            }
            return;
        }
        let content = view.read(&invocation.files, path);
        self.indirect |= view.is_written(&invocation.files, path);
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        if content.exists == Some(false) || (content.items.is_empty() && content.exists.is_none()) {
            self.directives.hide(&format!("{path} is not among the files that are known"));
            return;
        }
        self.files.push(name);
        self.lines(&parse(&content.items), invocation, view, depth);
    }

    fn lines(&mut self, lines: &[Item<Line>], invocation: &Invocation, view: &View<'_>, depth: usize) {
        for item in lines {
            match item {
                Item::One(Line::Opaque(why)) => self.directives.hide(why),
                Item::One(Line::Directive(directive)) if directive.name == "include" => {
                    self.indirect = true;
                    match directive.args.first() {
                        Some(Some(path)) => self.file(&path.clone(), invocation, view, depth + 1),
                        _ => self.directives.hide("which file it includes is not known"),
                    }
                }
                Item::One(Line::Directive(directive)) => self.directive(directive),
                Item::Either(a, b) => {
                    let before = self.directives.clone();
                    self.lines(a, invocation, view, depth);
                    let one = std::mem::replace(&mut self.directives, before);
                    self.lines(b, invocation, view, depth);
                    self.directives = one.merge(&self.directives);
                }
            }
        }
    }

    fn directive(&mut self, directive: &Directive) {
        if let Some((name, _)) = directive.name.split_once('=')
            && name == "maxmemory"
        {
            self.refused = Some("the server does not know `--maxmemory=...`: write the value as the next argument".to_owned());
        }
        let by = (directive.name == "maxmemory").then(|| self.see(directive));
        self.directives.set(directive, by);
    }

    /// Its index among those seen: one that is read twice from the same place is one.
    fn see(&mut self, directive: &Directive) -> usize {
        let next = self.seen.len();
        if let Some((at, _)) = &directive.at {
            let here = self.seen_at.entry(at.start).or_default();
            let same = |nth: &&usize| {
                let seen = self.seen.get(**nth);
                seen.is_some_and(|d| d == directive && d.at.as_ref().is_some_and(|(other, _)| other.source == at.source))
            };
            if let Some(known) = here.iter().find(same) {
                return *known;
            }
            here.push(next);
        }
        self.seen.push(directive.clone());
        next
    }
}

fn is_option(item: &Item<Text>) -> bool {
    matches!(item, Item::One(text) if text.prefix().starts_with("--"))
}

/// Arguments as lines: `--name value value`.
fn arguments(args: &[Item<Text>]) -> Vec<Item<Line>> {
    let mut out = Vec::new();
    let mut open: Option<Directive> = None;
    for item in args {
        let text = match item {
            Item::One(text) => text,
            Item::Either(a, b) => {
                out.extend(open.take().map(|d| Item::One(Line::Directive(d))));
                out.push(Item::Either(arguments(a), arguments(b)));
                continue;
            }
        };
        let prefix = text.prefix();
        if prefix.starts_with("--") {
            out.extend(open.take().map(|d| Item::One(Line::Directive(d))));
            match read(&without_dashes(text)) {
                Some(Line::Directive(mut directive)) => {
                    // The place takes in the dashes, as one would point at it.
                    directive.at = directive.at.map(|(at, n)| (At::new(&at.source, at.start.saturating_sub(2)), n + 2));
                    open = Some(directive);
                }
                Some(opaque) => out.push(Item::One(opaque)),
                None => {}
            }
            continue;
        }
        match &mut open {
            Some(directive) if !prefix.is_empty() || text.why().is_none() || room(directive) => value(directive, text),
            _ if text.why().is_some() && prefix.is_empty() => {
                out.extend(open.take().map(|d| Item::One(Line::Directive(d))));
                out.push(Item::One(Line::Opaque(text.why().map(ToString::to_string).unwrap_or_default())));
            }
            _ => {}
        }
    }
    out.extend(open.map(|d| Item::One(Line::Directive(d))));
    out
}

/// May another value follow?
fn room(directive: &Directive) -> bool {
    let most = ARITY.iter().find(|(name, _)| *name == directive.name).map_or(1, |(_, most)| *most);
    directive.args.len() < most
}

fn value(directive: &mut Directive, text: &Text) {
    directive.args.push(text.plain());
    directive.secret |= text.secret();
    // Where name and value stand in one scalar, the place takes in both.
    if let (Some((at, length)), Some(value)) = (&mut directive.at, text.at())
        && value.source == at.source
        && value.start >= at.start
        && value.source.mapped
    {
        *length = (*length).max(value.start + text.chars() - at.start);
    }
}

fn without_dashes(text: &Text) -> Text {
    let mut rest = text.clone();
    let mut left = 2;
    while left > 0 && !rest.0.is_empty() {
        let Piece::Known { text, at } = rest.0.remove(0) else { break };
        let eaten = left.min(text.len());
        left -= eaten;
        let tail = slice(&text, eaten, text.len(), at.as_ref(), eaten);
        rest.0.splice(0..0, tail.0);
    }
    rest
}
