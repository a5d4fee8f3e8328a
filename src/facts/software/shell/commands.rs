//! Simple commands: assignments, builtins, scripts that are called or sourced, wrappers, and in the end the servers.

use super::super::programs::{FILTERS, INTERPRETERS, PROGRAMS, SENTINELS, SHELLS, TOOLS, USERS, WRAPPERS};
use super::super::text::{Item, Text};
use super::ast::{Assign, Redirect, Value, Word};
use super::state::Held;
use super::write::operands;
use super::{Flow, Machine, parse};

impl Machine<'_> {
    pub(super) fn simple(&mut self, assigns: &[Assign], words: &[Word], redirects: &[Redirect]) -> Flow {
        let mut argv = Vec::new();
        for word in words {
            argv.extend(self.words(word));
        }
        let program = first(&argv);
        let declares = matches!(program.as_deref(), Some("export" | "local" | "declare" | "readonly" | "typeset"));
        // Assignments before a command hold for it alone; that they hold on does no harm here but to names the script sets itself.
        self.assign(assigns);
        if argv.is_empty() || declares {
            if words.is_empty() && assigns.is_empty() {
                return self.redirected(redirects, |_| Flow::Next);
            }
            if self.state.status.is_none() || !assigns.iter().any(has_output) {
                self.state.status = Some(true);
            } else {
                self.state.status = None;
            }
            return Flow::Next;
        }
        if program.as_deref() == Some("exec") && argv.len() == 1 {
            self.state.status = Some(true);
            return Flow::Next;
        }
        self.redirected(redirects, |machine| machine.call(argv, redirects, false))
    }

    fn assign(&mut self, assigns: &[Assign]) {
        for assign in assigns {
            let held = match &assign.value {
                Value::Scalar(word) => {
                    let text = self.joined(word);
                    match self.state.variables.get(&assign.name) {
                        Some(Held::Text(old)) if assign.append => {
                            let mut both = old.clone();
                            both.push(text);
                            if !self.spend(1 + both.0.len()) {
                                return;
                            }
                            Held::Text(both)
                        }
                        _ => Held::Text(text),
                    }
                }
                Value::List(words) => {
                    let mut items = match self.state.variables.get(&assign.name) {
                        Some(Held::List(old)) if assign.append => old.clone(),
                        Some(Held::Text(old)) if assign.append => vec![Item::One(old.clone())],
                        _ => Vec::new(),
                    };
                    for word in words {
                        items.extend(self.words(word));
                    }
                    if !self.spend(1 + items.len()) {
                        return;
                    }
                    Held::List(items)
                }
                Value::Element => Held::Text(Text::unknown(format!("${{{}[...]}}", assign.name))),
            };
            self.state.variables.insert(assign.name.clone(), held);
        }
    }

    /// Runs a command. `last`: it is the container's process.
    pub(super) fn call(&mut self, mut argv: Vec<Item<Text>>, redirects: &[Redirect], last: bool) -> Flow {
        self.depth += 1;
        let flow = if self.depth > super::DEEPEST {
            self.lose("the script nests too deep");
            Flow::Exit(false)
        } else if argv.is_empty() {
            Flow::Next
        } else {
            let args = argv.split_off(1);
            match argv.pop() {
                Some(Item::One(program)) => self.dispatch(&program, args, redirects, last),
                _ => {
                    self.opaque.push(("a program that depends on what happens".to_owned(), last));
                    Flow::Next
                }
            }
        };
        self.depth -= 1;
        flow
    }

    fn dispatch(&mut self, word: &Text, args: Vec<Item<Text>>, redirects: &[Redirect], last: bool) -> Flow {
        let Some(program) = word.plain() else {
            self.state.status = None;
            let why = word.why().map(ToString::to_string).unwrap_or_default();
            self.opaque.push((format!("a program named by {why}"), last));
            return Flow::Next;
        };
        let name = program.rsplit('/').next().unwrap_or_default().to_owned();
        if let Some(body) = self.state.functions.get(&program).cloned() {
            return self.function(&body, args);
        }
        if let Some(flow) = self.builtin(&name, &args, last) {
            return flow;
        }
        if self.writer(&name, &args) {
            self.state.status = Some(true);
            return Flow::Next;
        }
        self.external(&program, &name, args, redirects, last)
    }

    /// Builtins that steer the script. `None`: it is none.
    fn builtin(&mut self, name: &str, args: &[Item<Text>], last: bool) -> Option<Flow> {
        match name {
            ":" | "true" => self.state.status = Some(true),
            "false" => self.state.status = Some(false),
            "[" => {
                let inner = args.split_last().map_or(args, |(_, inner)| inner);
                self.state.status = self.test_args(inner);
            }
            "test" => self.state.status = self.test_args(args),
            "exec" => {
                let args: Vec<_> =
                    args.iter().skip_while(|a| matches!(a, Item::One(t) if t.plain().as_deref() == Some("--"))).cloned().collect();
                if args.is_empty() {
                    return Some(Flow::Next);
                }
                let flow = self.call(args, &[], true);
                return Some(if flow == Flow::Exit(false) { flow } else { Flow::Exit(true) });
            }
            "exit" => return Some(Flow::Exit(first(args).is_none_or(|code| code == "0"))),
            "return" => {
                self.state.status = match (first(args).as_deref(), args.is_empty()) {
                    (Some("0"), _) => Some(true),
                    (Some(_), _) => Some(false),
                    (None, true) => self.state.status,
                    (None, false) => None,
                };
                return Some(Flow::Return);
            }
            "break" | "continue" => return Some(Flow::Break),
            "." | "source" => return Some(self.source(args)),
            "eval" => {
                let mut text = Text::default();
                for arg in args {
                    match arg {
                        Item::One(one) => text.push(one.clone()),
                        Item::Either(..) => text.push(Text::unknown("eval")),
                    }
                    text.push(Text::known(" ", None));
                }
                self.state.status = None;
                if let Some(body) = parse::parse(&text) {
                    return Some(self.list(&body));
                }
                self.print_unknown("the output of eval".to_owned());
            }
            "set" => self.set(args),
            "shift" => {
                let count = first(args).and_then(|n| n.parse().ok()).unwrap_or(1).min(self.state.params.len());
                self.state.params.drain(..count);
            }
            "unset" => {
                for name in operands(args) {
                    if let Some(name) = name.plain() {
                        self.state.set(&name, Text::default());
                    }
                }
            }
            "read" | "mapfile" | "readarray" => self.read(args, name == "read"),
            "cd" | "trap" | "wait" | "local" | "export" | "pushd" | "popd" => self.state.status = Some(true),
            _ => return None,
        }
        let _ = last;
        Some(Flow::Next)
    }

    /// `set -- a b`: new parameters.
    fn set(&mut self, args: &[Item<Text>]) {
        let dashes = args.iter().position(|a| matches!(a, Item::One(t) if t.plain().as_deref() == Some("--")));
        if let Some(dashes) = dashes {
            self.state.params = args.get(dashes + 1..).unwrap_or_default().to_vec();
        }
        self.state.status = Some(true);
    }

    fn read(&mut self, args: &[Item<Text>], read: bool) {
        let array = !read || args.iter().any(|a| matches!(a, Item::One(t) if t.prefix().starts_with('-') && t.prefix().contains('a')));
        let input = super::expand::flat(&self.state.input);
        for (nth, name) in operands(args).enumerate() {
            let Some(name) = name.plain() else { continue };
            let held = match (&input, array) {
                (Some(text), true) if text.why().is_none() => Held::List(text.fields().into_iter().map(Item::One).collect()),
                (Some(text), false) if nth == 0 && text.why().is_none() && operands(args).count() == 1 => {
                    Held::Text(text.fields().into_iter().next().unwrap_or_default())
                }
                _ => Held::Text(Text(vec![super::super::text::Piece::Unknown { why: format!("${name} is read").into(), splits: true }])),
            };
            self.state.variables.insert(name, held);
        }
        self.state.status = None;
    }

    /// `. file`: its statements run here.
    fn source(&mut self, args: &[Item<Text>]) -> Flow {
        self.state.status = Some(true);
        let Some(Item::One(path)) = args.first() else { return Flow::Next };
        let content = self.file(path);
        let text = super::expand::flat(&content.items);
        if content.exists == Some(true)
            && let Some(body) = text.as_ref().and_then(parse::parse)
        {
            self.note(path);
            return match self.list(&body) {
                Flow::Return => Flow::Next,
                flow => flow,
            };
        }
        // A library of the image: it defines functions and variables that are not known.
        if content.exists != Some(false) {
            let name = path.prefix();
            self.state.open.get_or_insert_with(|| format!("{name} may set it"));
        }
        Flow::Next
    }

    pub(super) fn note(&mut self, path: &Text) {
        let name = path.prefix().rsplit('/').next().unwrap_or_default().to_owned();
        if !self.scripts.contains(&name) && self.scripts.len() < 20 {
            self.scripts.push(name);
        }
    }

    /// Commands that print or write. Is it one?
    fn writer(&mut self, name: &str, args: &[Item<Text>]) -> bool {
        match name {
            "echo" => self.echo(args),
            "printf" => self.printf(args),
            "cat" => self.cat(args),
            "tee" => self.tee(args),
            "cp" | "install" | "ln" => self.copy(args, false),
            "mv" => self.copy(args, true),
            "rm" => self.remove(args),
            "touch" => self.touch(args),
            "sed" | "envsubst" => self.rewrite(name, args),
            _ => return false,
        }
        true
    }

    fn external(&mut self, program: &str, name: &str, args: Vec<Item<Text>>, redirects: &[Redirect], last: bool) -> Flow {
        self.state.status = None;
        if SHELLS.contains(&name) {
            return self.shell(name, args);
        }
        if let Some((_, skip)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name) {
            return self.wrapped(*skip, args, redirects, last);
        }
        let server = PROGRAMS.iter().find(|(p, _)| *p == name);
        if server.is_some() || SENTINELS.contains(&name) {
            self.serve(name, args, Vec::new(), last);
            return Flow::Next;
        }
        if USERS.contains(&name) {
            let script = args.iter().position(|a| matches!(a, Item::One(t) if t.plain().as_deref() == Some("-c")));
            if let Some(Item::One(script)) = script.and_then(|at| args.get(at + 1)).cloned() {
                return self.child(&script, Vec::new());
            }
        }
        if INTERPRETERS.contains(&name) && last {
            self.opaque.push((program.to_owned(), last));
            return Flow::Next;
        }
        if INTERPRETERS.contains(&name) {
            self.disturb(name, &args);
        }
        if FILTERS.contains(&name) || TOOLS.contains(&name) {
            self.print_unknown(format!("the output of {name}"));
            return Flow::Next;
        }
        if program.contains('/')
            && let Some(flow) = self.script(program, args.clone())
        {
            return flow;
        }
        if self.baked_script(program, args.clone(), last) {
            return Flow::Next;
        }
        self.disturb(name, &args);
        if self.aside == 0 && (last || program.contains('/')) {
            self.opaque.push((program.to_owned(), last));
        }
        self.print_unknown(format!("the output of {name}"));
        Flow::Next
    }

    /// A program that is not followed may rewrite what its arguments name of the files that were written here.
    fn disturb(&mut self, program: &str, args: &[Item<Text>]) {
        let texts = args.iter().filter_map(|arg| if let Item::One(text) = arg { Some(text.prefix()) } else { None });
        let named = |text: String| -> Vec<String> {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '/' | '.' | '_' | '-'));
            words.filter(|word| self.view.is_written(&self.state.files, word)).map(str::to_owned).collect()
        };
        let paths: Vec<_> = texts.flat_map(named).collect();
        for path in paths {
            self.put(&Text::known(path, None), vec![Item::One(Text::unknown(format!("{program} may rewrite it")))], false);
        }
    }

    /// Runs the rest of the arguments: `tini -- redis-server`.
    fn wrapped(&mut self, skip: usize, args: Vec<Item<Text>>, redirects: &[Redirect], last: bool) -> Flow {
        let takes_value = ["-s", "-k", "-n", "-u", "--signal", "--kill-after"];
        let mut left = skip;
        let mut value = false;
        let rest = args.into_iter().skip_while(|arg| {
            let Item::One(text) = arg else { return false };
            let word = text.prefix();
            if std::mem::take(&mut value) {
                return true;
            }
            if word.starts_with('-') {
                value = takes_value.contains(&word.as_str());
                return true;
            }
            // `env NAME=value`
            if word.split_once('=').is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')) {
                return true;
            }
            let skips = left > 0;
            left = left.saturating_sub(1);
            skips
        });
        let rest: Vec<_> = rest.collect();
        self.call(rest, redirects, last)
    }
}

fn has_output(assign: &Assign) -> bool {
    let in_word = |word: &Word| word.iter().any(|p| matches!(p, super::ast::Part::Output { .. } | super::ast::Part::Unknown { .. }));
    matches!(&assign.value, Value::Scalar(word) if in_word(word))
}

fn first(args: &[Item<Text>]) -> Option<String> {
    match args.first() {
        Some(Item::One(text)) => text.plain(),
        _ => None,
    }
}
