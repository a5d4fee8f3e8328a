//! Commands that run others: shells, scripts in the files, scripts of images, and in the end the servers.

use super::super::images::{Entry, REDIS_LIKE};
use super::super::programs::{Runs, SAYS, SCRIPTS, SENTINELS};
use super::super::text::{Item, Text};
use super::state::Held;
use super::{Flow, Frame, Invocation, Machine, parse};

impl Machine<'_> {
    /// `sh -c script name args`, `sh file args`.
    pub(super) fn shell(&mut self, name: &str, args: Vec<Item<Text>>) -> Flow {
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
    pub(super) fn input_script(&mut self) -> Flow {
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
    pub(super) fn script(&mut self, path: &str, args: Vec<Item<Text>>) -> Option<Flow> {
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

    pub(super) fn child(&mut self, script: &Text, params: Vec<Item<Text>>) -> Flow {
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
    pub(super) fn baked_script(&mut self, program: &str, args: Vec<Item<Text>>, last: bool) -> bool {
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
    pub(super) fn entrypoint(&mut self, program: &str, mut args: Vec<Item<Text>>, last: bool) {
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

    pub(super) fn serve(&mut self, program: &str, args: Vec<Item<Text>>, settings: Vec<Text>, exec: bool) {
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
