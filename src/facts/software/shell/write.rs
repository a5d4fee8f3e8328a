//! Commands that read and write files: `cat`, `cp`, `tee`, `sed -i`, redirections.

use super::super::files::Content;
use super::super::text::{At, Item, Piece, Text, slice};
use super::Machine;
use super::expand::flat;
use super::sed;

/// Deepest text a script may pile up, in pieces.
const PIECES: usize = 20_000;

impl Machine<'_> {
    /// The content of the file that a word names.
    pub(super) fn file(&mut self, path: &Text) -> Content {
        let unknown = |why: String| Content { items: vec![Item::One(Text::unknown(why))], exists: None };
        match path.plain() {
            Some(path) if path == "/dev/null" => Content::of(Vec::new()),
            Some(path) if path.starts_with("/dev/") => unknown(path),
            Some(path) => self.view.read(&self.state.files, &path),
            None => unknown(path.why().map_or_else(|| "a file".to_owned(), |why| format!("the file named by {why}"))),
        }
    }

    /// Writes to the file that a word names.
    pub(super) fn put(&mut self, path: &Text, items: Vec<Item<Text>>, append: bool) {
        if !self.spend(1 + items.len()) || items.len() > PIECES {
            return;
        }
        let Some(path) = path.plain() else { return };
        if path.starts_with("/dev/") {
            return;
        }
        if append {
            self.view.append(&mut self.state.files, &path, items);
        } else {
            self.view.write(&mut self.state.files, &path, Content::of(items));
        }
    }

    pub(super) fn print(&mut self, items: Vec<Item<Text>>) {
        if self.readers > 0 && self.spend(1 + items.len()) && self.state.output.len() < PIECES {
            self.state.output.extend(items);
        }
    }

    pub(super) fn print_unknown(&mut self, why: String) {
        self.print(vec![Item::One(Text::unknown(why))]);
    }

    pub(super) fn echo(&mut self, args: &[Item<Text>]) {
        let option = |item: &&Item<Text>| matches!(item, Item::One(t) if t.plain().is_some_and(|t| matches!(t.as_str(), "-n" | "-e" | "-ne" | "-en" | "-E")));
        let options: Vec<_> = args.iter().take_while(option).collect();
        let has = |c: char| options.iter().any(|o| matches!(o, Item::One(t) if t.prefix().contains(c)));
        let (newline, escapes) = (!has('n'), has('e'));
        let mut text = Text::default();
        for (nth, item) in args.iter().skip(options.len()).enumerate() {
            if nth > 0 {
                text.push(Text::known(" ", None));
            }
            match item {
                Item::One(one) if escapes => text.push(escaped(one)),
                Item::One(one) => text.push(one.clone()),
                Item::Either(..) => text.push(Text::unknown("an argument of echo")),
            }
        }
        if newline {
            text.push(Text::known("\n", None));
        }
        self.print(vec![Item::One(text)]);
    }

    pub(super) fn printf(&mut self, args: &[Item<Text>]) {
        let mut args = args.iter().filter(|a| !matches!(a, Item::One(t) if t.plain().as_deref() == Some("--")));
        let Some(Item::One(format)) = args.next() else { return self.print_unknown("the output of printf".to_owned()) };
        let format = escaped(format);
        let mut rest: Vec<_> = args.collect();
        rest.reverse();
        for _ in 0..64 {
            let before = rest.len();
            let text = fill(&format, &mut rest);
            self.print(vec![Item::One(text)]);
            if rest.is_empty() || rest.len() == before {
                return;
            }
        }
        self.print_unknown("the output of printf".to_owned());
    }

    /// `cat`, and what reads files as it does.
    pub(super) fn cat(&mut self, args: &[Item<Text>]) {
        let mut read = false;
        for arg in args {
            let Item::One(path) = arg else {
                read = true;
                self.print_unknown("a file".to_owned());
                continue;
            };
            let plain = path.plain().unwrap_or_default();
            if plain.len() > 1 && plain.starts_with('-') {
                continue;
            }
            read = true;
            let items = if plain == "-" { self.state.input.clone() } else { self.file(path).items };
            self.print(items);
        }
        if !read {
            let input = self.state.input.clone();
            self.print(input);
        }
    }

    pub(super) fn tee(&mut self, args: &[Item<Text>]) {
        let input = self.state.input.clone();
        let append = args.iter().any(|a| matches!(a, Item::One(t) if matches!(t.plain().as_deref(), Some("-a" | "--append"))));
        for path in operands(args) {
            self.put(&path, input.clone(), append);
        }
        self.print(input);
    }

    /// `cp`, `mv`, `install`, `ln`.
    pub(super) fn copy(&mut self, args: &[Item<Text>], moves: bool) {
        let mut paths: Vec<_> = operands(args).collect();
        let Some(target) = paths.pop() else { return };
        let Some(target) = target.plain() else { return };
        let into = paths.len() > 1 || target.ends_with('/') || self.view.is_directory(&self.state.files, &target) == Some(true);
        for path in paths {
            let Some(source) = path.plain() else {
                let why = path.why().map(ToString::to_string).unwrap_or_default();
                if !into {
                    self.put(&Text::known(target.clone(), None), vec![Item::One(Text::unknown(why))], false);
                }
                continue;
            };
            if self.view.is_directory(&self.state.files, &source) == Some(true) {
                let (names, _) = self.view.list(&self.state.files, &source);
                for name in names {
                    self.copy_file(&format!("{source}/{name}"), &format!("{target}/{name}"));
                }
                continue;
            }
            let name = source.rsplit('/').next().unwrap_or_default();
            let destination = if into { format!("{}/{name}", target.trim_end_matches('/')) } else { target.clone() };
            self.copy_file(&source, &destination);
            if moves {
                self.view.remove(&mut self.state.files, &source, false);
            }
        }
        self.state.status = Some(true);
    }

    fn copy_file(&mut self, source: &str, target: &str) {
        let content = self.view.read(&self.state.files, source);
        if content.exists == Some(false) || !self.spend(1 + content.items.len()) {
            return;
        }
        self.view.write(&mut self.state.files, target, Content::of(content.items));
    }

    pub(super) fn remove(&mut self, args: &[Item<Text>]) {
        let recursive = args.iter().any(|a| matches!(a, Item::One(t) if t.prefix().starts_with('-') && t.prefix().contains(['r', 'R'])));
        for path in operands(args) {
            if let Some(path) = path.plain() {
                self.view.remove(&mut self.state.files, &path, recursive);
            }
        }
    }

    pub(super) fn touch(&mut self, args: &[Item<Text>]) {
        for path in operands(args) {
            self.put(&path, Vec::new(), true);
        }
    }

    /// `sed`, `envsubst`, `awk`, ...: what they make of text is kept where they cannot have made or unmade a cap.
    pub(super) fn rewrite(&mut self, program: &str, args: &[Item<Text>]) {
        let words: Vec<_> = args.iter().filter_map(|a| if let Item::One(t) = a { Some(t.clone()) } else { None }).collect();
        let in_place = program == "sed" && words.iter().any(|w| w.prefix().starts_with("-i") || w.prefix().starts_with("--in-place"));
        let named =
            words.iter().any(|w| w.prefix().starts_with("-e") || w.prefix().starts_with("-f") || w.prefix().starts_with("--expression"));
        let mut paths: Vec<_> = operands(args).collect();
        let scripts = if program == "sed" { scripts(&words, named) } else { Vec::new() };
        if program == "envsubst" {
            paths.clear();
        } else if !named && !paths.is_empty() {
            paths.remove(0);
        } else if named {
            paths.retain(|path| {
                path.plain().is_some_and(|p| p.starts_with('/') || self.view.read(&self.state.files, &p).exists == Some(true))
            });
        }
        let why = format!("{program} rewrites it");
        let change = |items: Vec<Item<Text>>| {
            let touched = scripts.iter().any(|script| sed::touches(script, &items));
            if touched { vec![Item::One(Text::unknown(why.clone()))] } else { items }
        };
        if in_place {
            for path in paths {
                let content = self.file(&path);
                if content.exists != Some(false) {
                    self.put(&path, change(content.items), false);
                }
            }
            return;
        }
        let mut items = if paths.is_empty() { self.state.input.clone() } else { Vec::new() };
        for path in paths {
            items.extend(self.file(&path).items);
        }
        if program == "envsubst" {
            items = self.substituted(&items);
        }
        // A line that `sed -n` or an address picks is no longer the whole text.
        let picks = program == "sed" && words.iter().any(|w| w.prefix().starts_with("-n"));
        if picks || !matches!(flat(&items), Some(text) if text.why().is_none()) && program == "sed" && items.len() <= 1 {
            return self.print_unknown(format!("the output of {program}"));
        }
        self.print(change(items));
    }

    /// `$NAME` and `${NAME}` replaced by variables.
    fn substituted(&mut self, items: &[Item<Text>]) -> Vec<Item<Text>> {
        let mut out = Vec::new();
        for item in items {
            match item {
                Item::One(text) => {
                    let mut made = Text::default();
                    for piece in &text.0 {
                        match piece {
                            Piece::Known { text, at } => self.substitute(text, at.as_ref(), &mut made),
                            Piece::Unknown { .. } => made.0.push(piece.clone()),
                        }
                    }
                    out.push(Item::One(made));
                }
                Item::Either(a, b) => out.push(Item::Either(self.substituted(a), self.substituted(b))),
            }
        }
        out
    }

    fn substitute(&mut self, text: &std::sync::Arc<str>, at: Option<&At>, out: &mut Text) {
        let (mut from, mut chars, mut start) = (0, 0, 0);
        let mut byte = 0;
        while let Some(rest) = text.get(byte..).filter(|r| !r.is_empty()) {
            let braced = rest.starts_with("${");
            let body = rest.strip_prefix(if braced { "${" } else { "$" }).unwrap_or_default();
            let length = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            let closed = !braced || body.as_bytes().get(length) == Some(&b'}');
            if !rest.starts_with('$') || length == 0 || !closed || !self.spend(1) {
                byte += rest.chars().next().map_or(1, char::len_utf8);
                chars += 1;
                continue;
            }
            out.push(slice(text, from, byte, at, start));
            let name = body.get(..length).unwrap_or_default();
            let value = match self.state.variables.get(name) {
                Some(super::state::Held::Text(text)) => text.clone(),
                Some(super::state::Held::List(_)) => Text::unknown(format!("${name}")),
                None => self.state.open.as_ref().map_or_else(Text::default, |why| Text::unknown(format!("${name}: {why}"))),
            };
            out.push(value);
            let eaten = length + if braced { 3 } else { 1 };
            byte += eaten;
            chars += eaten;
            (from, start) = (byte, chars);
        }
        out.push(slice(text, from, text.len(), at, start));
    }
}

/// The scripts among the arguments of `sed`: what follows `-e`, else its first operand. `-f` names a file that is not read.
fn scripts(words: &[Text], named: bool) -> Vec<Text> {
    if !named {
        return words.iter().find(|word| !word.prefix().starts_with('-')).cloned().into_iter().collect();
    }
    let mut found = Vec::new();
    for (nth, word) in words.iter().enumerate() {
        let prefix = word.prefix();
        if matches!(prefix.as_str(), "-e" | "--expression" | "-ie")
            || prefix.starts_with('-') && !prefix.starts_with("--") && prefix.ends_with('e')
        {
            found.extend(words.get(nth + 1).cloned());
        } else if let Some(script) = prefix.strip_prefix("--expression=").or_else(|| prefix.strip_prefix("-e")) {
            found.push(if word.why().is_none() { Text::known(script, None) } else { word.clone() });
        } else if prefix.starts_with("-f") || prefix.starts_with("--file") {
            found.push(Text::unknown("a script of sed"));
        }
    }
    found
}

/// The arguments that are no options.
pub(super) fn operands(args: &[Item<Text>]) -> impl Iterator<Item = Text> + '_ {
    args.iter().filter_map(|arg| match arg {
        Item::One(text) if !text.prefix().starts_with('-') => Some(text.clone()),
        _ => None,
    })
}

/// `\n`, `\t` and `\\` in known text.
fn escaped(text: &Text) -> Text {
    let mut out = Text::default();
    for piece in &text.0 {
        let Piece::Known { text, at } = piece else {
            out.0.push(piece.clone());
            continue;
        };
        let (mut from, mut start) = (0, 0);
        let mut chars = text.char_indices().enumerate();
        while let Some((nth, (byte, c))) = chars.next() {
            if c != '\\' {
                continue;
            }
            let Some((after, (next_byte, next))) = chars.next() else { break };
            let made = match next {
                'n' => "\n",
                't' => "\t",
                '\\' => "\\",
                _ => continue,
            };
            out.push(slice(text, from, byte, at.as_ref(), start));
            out.push(Text::known(made, at.as_ref().map(|at| At::new(&at.source, at.start + nth))));
            (from, start) = (next_byte + next.len_utf8(), after + 1);
        }
        out.push(slice(text, from, text.len(), at.as_ref(), start));
    }
    out
}

/// One pass of a `printf` format; takes its arguments from the end of `rest`.
fn fill(format: &Text, rest: &mut Vec<&Item<Text>>) -> Text {
    let mut out = Text::default();
    for piece in &format.0 {
        let Piece::Known { text, at } = piece else {
            out.0.push(piece.clone());
            continue;
        };
        let (mut from, mut start) = (0, 0);
        let mut chars = text.char_indices().enumerate();
        while let Some((_, (byte, c))) = chars.next() {
            if c != '%' {
                continue;
            }
            let Some((after, (next_byte, kind))) = chars.next() else { break };
            out.push(slice(text, from, byte, at.as_ref(), start));
            match kind {
                '%' => out.push(Text::known("%", None)),
                's' | 'b' | 'd' | 'i' => match rest.pop() {
                    Some(Item::One(text)) => out.push(text.clone()),
                    Some(Item::Either(..)) => out.push(Text::unknown("an argument of printf")),
                    None => {}
                },
                _ => out.push(Text::unknown("the output of printf")),
            }
            (from, start) = (next_byte + kind.len_utf8(), after + 1);
        }
        out.push(slice(text, from, text.len(), at.as_ref(), start));
    }
    out
}
