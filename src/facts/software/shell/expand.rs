//! Words to fields: variables, defaults, arrays, command output, and globs over the files that are known.

use super::super::files::glob;
use super::super::text::{Item, Piece, Text};
use super::ast::{Fallback, Part, Word};
use super::state::Held;
use super::{Flow, Machine};

impl Machine<'_> {
    /// A word as one text: assignments, redirections, tests.
    pub(super) fn joined(&mut self, word: &Word) -> Text {
        let mut text = Text::default();
        for part in word {
            if !self.spend(1 + text.0.len() / 16) {
                return Text::unknown("the script is too long");
            }
            text.push(self.part(part));
        }
        text
    }

    /// A word as the fields it becomes.
    pub(super) fn words(&mut self, word: &Word) -> Vec<Item<Text>> {
        let mut fields: Vec<Item<Text>> = Vec::new();
        let mut open: Option<Text> = None;
        let mut globs = false;
        for (nth, part) in word.iter().enumerate() {
            if !self.spend(1) {
                break;
            }
            let (text, quoted) = match part {
                // What opens a quote: a field of its own, unless an array follows that is empty.
                Part::Literal { text, quoted: true } if text.0.is_empty() && matches!(word.get(nth + 1), Some(Part::All { .. })) => {
                    continue;
                }
                Part::Literal { text, quoted } => {
                    globs |= !quoted && text.prefix().contains(['*', '?']);
                    (text.clone(), true)
                }
                Part::All { name, .. } => {
                    // The first element joins what stands before, the last what comes after.
                    let items = self.all(name);
                    for (nth, item) in items.into_iter().enumerate() {
                        if nth > 0 {
                            fields.extend(open.take().map(Item::One));
                        }
                        match item {
                            Item::One(text) => open.get_or_insert_default().push(text),
                            Item::Either(..) => {
                                fields.extend(open.take().filter(|text| !text.0.is_empty()).map(Item::One));
                                fields.push(item);
                            }
                        }
                    }
                    continue;
                }
                Part::Variable { quoted, .. } | Part::Output { quoted, .. } | Part::Unknown { quoted, .. } => (self.part(part), *quoted),
            };
            if quoted {
                open.get_or_insert_default().push(text);
                continue;
            }
            let mut split = text.fields().into_iter().map(mark_splitting);
            let Some(first) = split.next() else { continue };
            open.get_or_insert_default().push(first);
            for field in split {
                fields.extend(open.replace(field).map(Item::One));
            }
        }
        fields.extend(open.map(Item::One));
        if globs { self.globbed(fields) } else { fields }
    }

    fn all(&self, name: &str) -> Vec<Item<Text>> {
        if name == "@" {
            return self.state.params.clone();
        }
        match self.state.variables.get(name) {
            Some(Held::List(items)) => items.clone(),
            Some(Held::Text(text)) => vec![Item::One(mark_splitting(text.clone()))],
            None => Vec::new(),
        }
    }

    fn part(&mut self, part: &Part) -> Text {
        match part {
            Part::Literal { text, .. } => text.clone(),
            Part::Variable { name, fallback, quoted } => self.variable(name, fallback.as_ref(), *quoted),
            Part::All { name, .. } => {
                let mut text = Text::default();
                for (nth, item) in self.all(name).into_iter().enumerate() {
                    if nth > 0 {
                        text.push(Text::known(" ", None));
                    }
                    text.push(match item {
                        Item::One(one) => one,
                        Item::Either(..) => {
                            Text(vec![Piece::Unknown { why: format!("${{{name}[@]}} depends on what happens").into(), splits: true }])
                        }
                    });
                }
                text
            }
            Part::Output { body, .. } => {
                let outer = std::mem::take(&mut self.state.output);
                self.aside += 1;
                self.readers += 1;
                let _ = self.subshell(|machine| match body.as_slice() {
                    // `$(< file)`
                    [super::ast::Stmt::Simple { assigns, words, redirects }] if assigns.is_empty() && words.is_empty() => machine
                        .redirected(redirects, |machine| {
                            let input = machine.state.input.clone();
                            machine.print(input);
                            Flow::Next
                        }),
                    body => machine.list(body),
                });
                self.aside -= 1;
                self.readers -= 1;
                let output = std::mem::replace(&mut self.state.output, outer);
                flat(&output).map_or_else(|| Text::unknown("the output of a command"), trimmed)
            }
            Part::Unknown { what, .. } => Text::unknown(what.as_str()),
        }
    }

    fn variable(&mut self, name: &str, fallback: Option<&(Fallback, Word)>, quoted: bool) -> Text {
        let value = match name.parse::<usize>() {
            Ok(n) if n > 0 => self.state.param(n),
            _ => match self.state.variables.get(name) {
                Some(Held::Text(text)) => Some(text.clone()),
                Some(Held::List(items)) => match items.first() {
                    Some(Item::One(text)) => Some(text.clone()),
                    Some(Item::Either(..)) => Some(Text::unknown(format!("${name} depends on what happens"))),
                    None => None,
                },
                None => None,
            },
        };
        let is_empty = value.as_ref().is_some_and(|v| v.0.is_empty());
        match fallback {
            Some((Fallback::Else { empty, assigns }, word)) if value.is_none() || (*empty && is_empty) => {
                let text = self.joined(word);
                if *assigns {
                    self.state.set(name, text.clone());
                }
                text
            }
            Some((Fallback::Then { empty }, word)) => match value {
                None => Text::default(),
                Some(_) if *empty && is_empty => Text::default(),
                Some(value) if *empty && value.why().is_some() && value.prefix().is_empty() => {
                    Text::unknown(format!("${name} may be empty"))
                }
                Some(_) => self.joined(word),
            },
            _ => value.unwrap_or_else(|| match &self.state.open {
                Some(why) => Text(vec![Piece::Unknown { why: format!("${name}: {why}").into(), splits: !quoted }]),
                None => Text::default(),
            }),
        }
    }

    /// Fields with `*` that match files which are known; others stay as they are.
    fn globbed(&mut self, fields: Vec<Item<Text>>) -> Vec<Item<Text>> {
        let mut out = Vec::new();
        for field in fields {
            let plain = match &field {
                Item::One(text) => text.plain(),
                Item::Either(..) => None,
            };
            let parts =
                plain.as_deref().and_then(|p| p.rsplit_once('/')).filter(|(d, p)| !d.contains(['*', '?']) && p.contains(['*', '?']));
            let Some((directory, pattern)) = parts else {
                out.push(field);
                continue;
            };
            let (names, complete) = self.view.list(&self.state.files, directory);
            let found: Vec<_> = names.iter().filter(|n| !n.contains('/') && !n.starts_with('.') && glob(pattern, n)).collect();
            if !complete {
                out.push(Item::One(Text::unknown(format!("the files in {directory}"))));
            } else if found.is_empty() {
                out.push(field);
            }
            out.extend(found.into_iter().map(|name| Item::One(Text::known(format!("{directory}/{name}"), None))));
        }
        out
    }
}

/// An unquoted expansion may become any number of words.
fn mark_splitting(mut text: Text) -> Text {
    for piece in &mut text.0 {
        if let Piece::Unknown { splits, .. } = piece {
            *splits = true;
        }
    }
    text
}

/// All of it as one text; `None` where it is one way or another.
pub(super) fn flat(items: &[Item<Text>]) -> Option<Text> {
    items.iter().try_fold(Text::default(), |mut all, item| match item {
        Item::One(text) => {
            all.push(text.clone());
            Some(all)
        }
        Item::Either(..) => None,
    })
}

/// Without the newlines at its end.
fn trimmed(mut text: Text) -> Text {
    while let Some(Piece::Known { text: last, at }) = text.0.last() {
        let kept = last.trim_end_matches('\n');
        if kept.len() == last.len() {
            break;
        }
        let (kept, at) = (Text::known(kept, at.clone()), ());
        let () = at;
        text.0.pop();
        text.push(kept);
    }
    text
}
