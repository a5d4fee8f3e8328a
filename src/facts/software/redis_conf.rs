//! The directives of a `redis.conf`, each with the place where it is written. Knows the file's syntax, not where the file comes from.

use super::text::{At, Item, Piece, Text};

/// Longest file that is read, in bytes: the stock file of Redis 8 has 120 KB.
const LONGEST: usize = 4 << 20;

/// A line of a configuration that does something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// A directive with its arguments.
    Directive(Directive),
    /// Text that is not known and could be any directive. Says what hides it.
    Opaque(String),
}

/// A directive.
#[derive(Debug, Clone)]
pub(super) struct Directive {
    /// In lower case: Redis compares names without case.
    pub name: String,
    /// The arguments, unquoted; `None` where they are not known.
    pub args: Vec<Option<String>>,
    /// Where its first character is, and how many characters it has.
    pub at: Option<(At, usize)>,
    /// Does its text come from a Secret?
    pub secret: bool,
}

impl PartialEq for Directive {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.args == other.args
    }
}

/// The lines of a file that do something, in order.
pub(super) fn parse(items: &[Item<Text>]) -> Vec<Item<Line>> {
    let mut out = Vec::new();
    let mut open = Text::default();
    for item in items {
        match item {
            Item::One(text) => feed(text, &mut open, &mut out),
            Item::Either(a, b) => {
                finish(&mut open, &mut out);
                out.push(Item::Either(parse(a), parse(b)));
            }
        }
    }
    finish(&mut open, &mut out);
    out
}

/// Splits text into lines; the last, unfinished one stays open.
fn feed(text: &Text, open: &mut Text, out: &mut Vec<Item<Line>>) {
    for piece in &text.0 {
        let Piece::Known { text, at } = piece else {
            open.0.push(piece.clone());
            continue;
        };
        if text.len() > LONGEST {
            out.push(Item::One(Line::Opaque("the file is too long to be read".to_owned())));
            continue;
        }
        let mut chars = 0;
        for (nth, line) in text.split('\n').enumerate() {
            if nth > 0 {
                finish(open, out);
            }
            open.push(Text::known(line, at.as_ref().map(|at| At::new(&at.source, at.start + chars))));
            chars += line.chars().count() + 1;
        }
    }
}

fn finish(open: &mut Text, out: &mut Vec<Item<Line>>) {
    let line = std::mem::take(open);
    if let Some(line) = read(&line) {
        out.push(Item::One(line));
    }
}

/// One line; `None` for a blank or a comment.
pub(super) fn read(line: &Text) -> Option<Line> {
    let known = line.prefix();
    let start = known.trim_start();
    if start.starts_with('#') {
        return None;
    }
    let indent = known.chars().count() - start.chars().count();
    let why = line.why();
    if start.is_empty() {
        return why.map(|why| Line::Opaque(why.to_string()));
    }
    let name = start.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    if why.is_some() && name.len() == start.len() {
        return why.map(|why| Line::Opaque(why.to_string()));
    }
    let mut words = split_args(start.trim_end(), why.is_some())?.into_iter();
    let name = words.next()?.unwrap_or_default().to_ascii_lowercase();
    let args: Vec<_> = words.collect();
    let at = line.at().map(|at| (At::new(&at.source, at.start + indent), start.trim_end().chars().count()));
    Some(Line::Directive(Directive { name, args, at, secret: line.secret() }))
}

/// Splits as Redis does (`sdssplitargs`): blanks separate, double quotes know escapes, single quotes know `\'`.
/// With `open` the last word runs on into unknown text. Unbalanced quotes: `None`, as Redis refuses them; an empty line too.
pub(super) fn split_args(line: &str, open: bool) -> Option<Vec<Option<String>>> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    let mut ends_blank = false;
    loop {
        while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {
            ends_blank = true;
        }
        if chars.peek().is_none() {
            break;
        }
        ends_blank = false;
        match word(&mut chars) {
            Some(word) => words.push(Some(word)),
            None if open => words.push(None),
            None => return None,
        }
    }
    if open {
        if !ends_blank && words.len() > 1 {
            words.pop();
        }
        words.push(None);
    }
    (!words.is_empty()).then_some(words)
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut word = String::new();
    while let Some(c) = chars.next_if(|c| !c.is_ascii_whitespace()) {
        if c != '"' && c != '\'' {
            word.push(c);
            continue;
        }
        loop {
            match chars.next()? {
                end if end == c => break,
                '\\' if c == '"' => word.push(match chars.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                }),
                '\\' if chars.next_if_eq(&'\'').is_some() => word.push('\''),
                other => word.push(other),
            }
        }
        return chars.peek().is_none_or(|c| c.is_ascii_whitespace()).then_some(word);
    }
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::software::text::Source;
    use crate::place::Path;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn file(text: &str) -> Vec<Item<Text>> {
        let source = Arc::new(Source { object: None, path: Path::root(), name: "f".into(), secret: false, mapped: true });
        vec![Item::One(Text::known(text, Some(At::new(&source, 0))))]
    }

    fn directives(text: &str) -> Vec<Directive> {
        let one = |item| match item {
            Item::One(Line::Directive(d)) => Some(d),
            _ => None,
        };
        parse(&file(text)).into_iter().filter_map(one).collect()
    }

    #[test]
    fn namesakes_and_comments_are_not_the_directive() {
        let text = "# maxmemory 9gb\n  MAXMEMORY 3GB\nmaxmemory-policy allkeys-lru\r\n\nsave \"\"\nbad \"quote\n";
        let found: Vec<_> = directives(text).into_iter().map(|d| (d.name, d.args)).collect();
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(
            found,
            [
                ("maxmemory".to_owned(), vec![some("3GB")]),
                ("maxmemory-policy".to_owned(), vec![some("allkeys-lru")]),
                ("save".to_owned(), vec![some("")])
            ]
        );
    }

    #[test]
    fn an_unknown_line_may_be_anything_but_an_unknown_argument_may_not() {
        let mut text = Text::known("replicaof ", None);
        text.push(Text::unknown("$MASTER"));
        text.push(Text::known(" 6379\n", None));
        text.push(Text::unknown("$EXTRA"));
        let lines = parse(&[Item::One(text)]);
        assert!(matches!(&lines[0], Item::One(Line::Directive(d)) if d.name == "replicaof" && d.args == [None]), "{lines:?}");
        assert_eq!(lines[1], Item::One(Line::Opaque("$EXTRA".to_owned())));
    }

    proptest! {
        #[test]
        fn offsets_point_at_the_directive(text in "([ \\t]{0,3}(maxmemory|säve|#x) [0-9a-z\"']{0,6}\\r?\\n){0,8}") {
            let chars: Vec<char> = text.chars().collect();
            for d in directives(&text) {
                let (at, length) = d.at.unwrap();
                let found: String = chars[at.start..at.start + length].iter().collect();
                prop_assert!(found.to_ascii_lowercase().starts_with(&d.name) && found.trim() == found, "{}", found);
            }
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let _ = directives(&text);
        }
    }
}
