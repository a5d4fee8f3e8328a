//! Simple commands: assignments, builtins, scripts that are called or sourced, wrappers, and in the end the servers.

use super::super::images::{
    Entry, FILTERS, INTERPRETERS, PROGRAMS, REDIS_LIKE, Runs, SAYS, SCRIPTS, SENTINELS, SHELLS, TOOLS, USERS, WRAPPERS,
};
use super::super::text::{Item, Text};
use super::ast::{Assign, Redirect, Value, Word};
use super::state::Held;
use super::write::operands;
use super::{Flow, Frame, Invocation, Machine, parse};

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

    fn note(&mut self, path: &Text) {
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

    /// `sh -c script name args`, `sh file args`.
    fn shell(&mut self, name: &str, args: Vec<Item<Text>>) -> Flow {
        self.scripted = true;
        let mut args = args.into_iter().peekable();
        if name == "busybox" {
            let _ = args.next();
        }
        let mut inline = false;
        while let Some(option) = args.next_if(|a| matches!(a, Item::One(t) if t.prefix().starts_with(['-', '+']) && t.why().is_none())) {
            let Item::One(text) = option else { continue };
            let option = text.plain().unwrap_or_default();
            if option == "-" || option == "--" {
                break;
            }
            if !option.starts_with("--") {
                inline |= option.contains('c');
                if option.ends_with('o') {
                    let _ = args.next();
                }
            }
        }
        let Some(first) = args.next() else { return self.input_script() };
        let mut params: Vec<_> = args.collect();
        let Item::One(text) = first else {
            self.lose("the script depends on what happens");
            return Flow::Exit(false);
        };
        if !inline {
            let path = text.plain().unwrap_or_default();
            return match self.script(&path, params.clone()) {
                Some(flow) => flow,
                None => {
                    if !self.baked_script(&path, params, true) {
                        self.opaque.push((path, true));
                    }
                    Flow::Next
                }
            };
        }
        if !params.is_empty() {
            params.remove(0);
        }
        self.child(&text, params)
    }

    /// A shell without a script reads it from its input: `sh <<A`, `cat script | sh`.
    fn input_script(&mut self) -> Flow {
        let input = std::mem::take(&mut self.state.input);
        match super::expand::flat(&input) {
            Some(script) if !script.0.is_empty() => self.child(&script, Vec::new()),
            Some(_) => Flow::Next,
            None => {
                self.lose("the script depends on what happens");
                Flow::Exit(false)
            }
        }
    }

    /// Runs a script that is in the files. `None`: it is not there, or not for certain.
    fn script(&mut self, path: &str, args: Vec<Item<Text>>) -> Option<Flow> {
        let content = self.view.read(&self.state.files, path);
        if content.items.is_empty() || content.exists == Some(false) {
            return None;
        }
        let text = super::expand::flat(&content.items)?;
        if text.why().is_some() {
            return None;
        }
        self.scripted = true;
        self.note(&Text::known(path, None));
        Some(self.child(&text, args))
    }

    fn child(&mut self, script: &Text, params: Vec<Item<Text>>) -> Flow {
        let Some(body) = parse::parse(script) else {
            let why = script.why().map(ToString::to_string).unwrap_or_default();
            self.lose(format!("the script is not known: {why}"));
            return Flow::Exit(false);
        };
        let mut failed = false;
        let flow = self.subshell(|machine| {
            machine.state.params = params;
            let flow = machine.list(&body);
            failed = flow == Flow::Exit(false);
            flow
        });
        if failed && self.frames.iter().filter(|(kind, _)| *kind == Frame::Process).count() <= 1 {
            return Flow::Exit(false);
        }
        flow
    }

    /// A script that is in the image and known by its path. Was it?
    fn baked_script(&mut self, program: &str, args: Vec<Item<Text>>, last: bool) -> bool {
        let known = SCRIPTS.iter().find(|s| s.path.strip_prefix('*').map_or(program == s.path, |end| program.ends_with(end)));
        let Some(script) = known else { return false };
        if matches!(script.runs, Runs::Server { .. }) && !self.image.is_none_or(|image| REDIS_LIKE.contains(&image.family)) {
            return false;
        }
        self.baked = true;
        match script.runs {
            Runs::Arguments => self.entrypoint(program, args, last),
            Runs::Sentinel => self.serve("redis-sentinel", args, Vec::new(), last),
            Runs::Server { program, config, mounted, flags, settings } => {
                let name = config.rsplit('/').next().unwrap_or_default();
                let there = |path: &str| self.view.read(&self.state.files, path).exists == Some(true);
                let own = format!("{mounted}/{name}");
                let overrides = format!("{mounted}/overrides.conf");
                let mut argv = vec![Item::One(Text::known(if there(&own) { own.as_str() } else { config }, None))];
                let overrides = there(&overrides).then(|| Text::known(format!("include {overrides}"), None));
                match self.state.variables.get(flags) {
                    Some(Held::Text(text)) => argv.extend(text.fields().into_iter().map(Item::One)),
                    Some(Held::List(items)) => argv.extend(items.iter().cloned()),
                    None => {}
                }
                argv.extend(args);
                let value = |name: &str| match self.state.variables.get(name) {
                    Some(Held::Text(text)) => text.plain(),
                    _ => None,
                };
                let set = settings
                    .iter()
                    .filter(|(name, wanted, _)| value(name).is_some_and(|v| wanted.is_empty() || v.eq_ignore_ascii_case(wanted)));
                let lines = set.map(|(_, _, line)| Text::known(*line, None)).chain(overrides).collect();
                self.serve(program, argv, lines, last);
            }
        }
        true
    }

    /// An image's entrypoint that is called by name.
    fn entrypoint(&mut self, program: &str, mut args: Vec<Item<Text>>, last: bool) {
        let Entry { prefix, appends } = self.image.map_or(Entry { prefix: "", appends: None }, |image| image.entry);
        let bare = match args.first() {
            None => true,
            Some(Item::One(text)) => text.prefix().starts_with('-') || text.prefix().ends_with(".conf"),
            Some(Item::Either(..)) => false,
        };
        if bare && (prefix.is_empty() || args.is_empty()) {
            self.opaque.push((program.to_owned(), last));
            return;
        }
        if bare {
            args.insert(0, Item::One(Text::known(prefix, None)));
        }
        if let Some(Held::Text(text)) = appends.and_then(|name| self.state.variables.get(name)) {
            args.extend(text.fields().into_iter().map(Item::One));
        }
        let _ = self.call(args, &[], last);
    }

    fn serve(&mut self, program: &str, args: Vec<Item<Text>>, settings: Vec<Text>, exec: bool) {
        let words: Vec<_> = args.iter().filter_map(|a| if let Item::One(t) = a { t.plain() } else { None }).collect();
        if words.iter().any(|w| SAYS.contains(&w.as_str()) && w != "-v" && w != "-h" || w == "-v" && words.len() == 1) {
            self.print_unknown(format!("the output of {program}"));
            return;
        }
        if self.aside > 0 {
            return;
        }
        let sentinel = SENTINELS.contains(&program) || words.iter().any(|w| w == "--sentinel");
        let (input, files) = (self.state.input.clone(), self.state.files.clone());
        self.invocations.push(Invocation { program: program.to_owned(), sentinel, args, input, files, exec, settings });
        if self.invocations.len() > 64 {
            self.lose("the script starts too many servers");
        }
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
