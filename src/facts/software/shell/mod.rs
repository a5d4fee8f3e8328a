//! A small abstract interpreter of shell scripts. It follows what a container's command would do to files and which server it would
//! start in the end, without running anything: what it cannot know it keeps as unknown, and where a condition is not known it goes both ways.
//! Knows programs only through the tables of `images`; decides nothing about memory.

mod ast;
mod commands;
mod expand;
mod parse;
mod sed;
mod state;
mod test;
#[cfg(test)]
mod tests;
mod write;

pub(super) use ast::{Part, Redirect, Stmt, Word};
pub(super) use parse::parse;
pub(super) use state::State;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::{View, Written};
use super::images::Image;
use super::text::{Item, Text};

/// Steps after which a script is hostile or beyond us. The longest script of the corpus needs about 3,000.
const STEPS: usize = 60_000;
/// Deepest nesting of calls.
const DEEPEST: usize = 40;
/// Longest list that a `for` goes through one by one.
const ROUNDS: usize = 48;

/// A server that is started.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// Its program's file name.
    pub program: String,
    /// Is it a Sentinel?
    pub sentinel: bool,
    /// Its arguments.
    pub args: Vec<Item<Text>>,
    /// What it may read as `-`.
    pub input: Vec<Item<Text>>,
    /// The files at that moment.
    pub files: Written,
    /// Does the script end with it?
    pub exec: bool,
    /// Configuration lines that an image's script writes into the file before.
    pub settings: Vec<Text>,
}

/// How a statement ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Return,
    Break,
    /// The process ends; `true`: well.
    Exit(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Function,
    Loop,
    Process,
}

/// What is followed.
pub(super) struct Machine<'a> {
    view: &'a View<'a>,
    pub state: State,
    /// States that left a frame early.
    frames: Vec<(Frame, Vec<State>)>,
    /// Servers started, in the order they were met.
    pub invocations: Vec<Invocation>,
    /// Programs that may start anything, and whether the script ends with them.
    pub opaque: Vec<(String, bool)>,
    /// Names of the scripts that ran.
    pub scripts: Vec<String>,
    /// Was any shell needed at all?
    pub scripted: bool,
    /// Was an entrypoint or script of an image relied upon?
    pub baked: bool,
    /// Why the end could not be reached.
    pub lost: Option<String>,
    steps: usize,
    depth: usize,
    aside: usize,
    /// How many are waiting for what is printed.
    readers: usize,
    /// What is known of the image.
    image: Option<&'static Image>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        view: &'a View<'a>,
        files: Written,
        variables: &BTreeMap<String, Text>,
        open: Option<String>,
        known_image: bool,
        image: Option<&'static Image>,
    ) -> Self {
        let state = State::new(files, variables, open, known_image);
        Self {
            view,
            state,
            frames: vec![(Frame::Process, Vec::new())],
            invocations: Vec::new(),
            opaque: Vec::new(),
            scripts: Vec::new(),
            scripted: false,
            baked: false,
            lost: None,
            steps: 0,
            depth: 0,
            aside: 0,
            readers: 0,
            image,
        }
    }

    /// Runs a command line as the container's process. Afterwards the state is what the files are like once it has ended well.
    pub(super) fn start(&mut self, argv: Vec<Item<Text>>) {
        let _ = self.call(argv, &[], true);
        if let Some((_, parked)) = self.frames.pop() {
            self.join(parked);
        }
    }

    /// Counts work; `false` when the budget is used up.
    fn spend(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEPS && self.lost.is_none() {
            self.lost = Some("the script is too long to be followed".to_owned());
        }
        self.lost.is_none()
    }

    fn lose(&mut self, why: impl Into<String>) {
        if self.lost.is_none() {
            self.lost = Some(why.into());
        }
    }

    /// Merges parked states into the current one.
    fn join(&mut self, parked: Vec<State>) {
        for state in parked {
            self.merge_with(&state);
        }
    }

    fn merge_with(&mut self, other: &State) {
        let size = self.state.size() + other.size();
        if !self.spend(1 + size / 8) {
            return;
        }
        match self.state.merge(other, self.view) {
            Some(merged) => self.state = merged,
            None => self.lose("the script has too many ways"),
        }
    }

    /// A state that leaves the ordinary way.
    fn park(&mut self, flow: Flow, state: State) {
        let wanted = match flow {
            Flow::Return => Frame::Function,
            Flow::Break => Frame::Loop,
            Flow::Exit(true) => Frame::Process,
            Flow::Exit(false) | Flow::Next => return,
        };
        let frame = self.frames.iter_mut().rev().find(|(kind, _)| *kind == wanted);
        if let Some((_, parked)) = frame {
            parked.push(state);
        }
    }

    /// Goes both ways from here.
    fn both(&mut self, one: impl FnOnce(&mut Self) -> Flow, other: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let start = self.state.clone();
        let first = one(self);
        let after = std::mem::replace(&mut self.state, start);
        let second = other(self);
        match (first, second) {
            (Flow::Next, Flow::Next) => {
                self.merge_with(&after);
                self.state.status = None;
                Flow::Next
            }
            (Flow::Next, left) => {
                let state = std::mem::replace(&mut self.state, after);
                self.park(left, state);
                Flow::Next
            }
            (left, Flow::Next) => {
                self.park(left, after);
                Flow::Next
            }
            (left, right) => {
                self.park(left, after);
                right
            }
        }
    }

    fn list(&mut self, body: &[Stmt]) -> Flow {
        for stmt in body {
            let flow = self.run(stmt);
            if flow != Flow::Next {
                return flow;
            }
        }
        Flow::Next
    }

    fn run(&mut self, stmt: &Stmt) -> Flow {
        if !self.spend(1) {
            return Flow::Exit(false);
        }
        self.deeper(|machine| machine.step(stmt))
    }

    fn step(&mut self, stmt: &Stmt) -> Flow {
        match stmt {
            Stmt::Simple { assigns, words, redirects } => self.simple(assigns, words, redirects),
            Stmt::Pipe { stages, negated } => self.pipe(stages, *negated),
            Stmt::Chain(first, rest) => self.chain(first, rest),
            Stmt::Background(stmt) => {
                let flow = self.subshell(|machine| machine.run(stmt));
                self.state.status = Some(true);
                flow
            }
            Stmt::Group { body, redirects, subshell } => {
                self.redirected(
                    redirects,
                    |machine| {
                        if *subshell { machine.subshell(|machine| machine.list(body)) } else { machine.list(body) }
                    },
                )
            }
            Stmt::If { arms, otherwise, redirects } => self.redirected(redirects, |machine| machine.arms(arms, otherwise)),
            Stmt::Loop { condition, until, body, redirects } => {
                self.redirected(redirects, |machine| machine.cycle(condition, *until, body))
            }
            Stmt::For { name, words, body, redirects } => self.redirected(redirects, |machine| machine.each(name, words.as_deref(), body)),
            Stmt::Case { word, arms, redirects } => self.redirected(redirects, |machine| machine.case(word, arms)),
            Stmt::Function { name, body } => {
                self.state.functions.insert(name.clone(), body.clone());
                Flow::Next
            }
            Stmt::Test(words) => {
                self.state.status = self.test_words(words);
                Flow::Next
            }
            Stmt::Arithmetic => {
                self.state.status = None;
                Flow::Next
            }
            Stmt::Unreadable(why) => {
                self.lose(format!("the script cannot be followed: {why}"));
                Flow::Exit(false)
            }
        }
    }

    fn chain(&mut self, first: &Stmt, rest: &[(bool, Stmt)]) -> Flow {
        let mut flow = self.run(first);
        for (and, stmt) in rest {
            if flow != Flow::Next {
                return flow;
            }
            flow = match self.state.status {
                Some(status) if status == *and => self.run(stmt),
                Some(_) => Flow::Next,
                None => self.both(|machine| machine.run(stmt), |_| Flow::Next),
            };
        }
        flow
    }

    fn arms(&mut self, arms: &[(Vec<Stmt>, Vec<Stmt>)], otherwise: &[Stmt]) -> Flow {
        for (nth, (condition, body)) in arms.iter().enumerate() {
            let flow = self.list(condition);
            if flow != Flow::Next {
                return flow;
            }
            let rest = arms.get(nth + 1..).unwrap_or_default();
            match self.state.status {
                Some(true) => return self.list(body),
                Some(false) => {}
                None => return self.both(|machine| machine.list(body), |machine| machine.deeper(|machine| machine.arms(rest, otherwise))),
            }
        }
        self.state.status = Some(true);
        self.list(otherwise)
    }

    /// One level down; lost where that is too deep.
    fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Flow) -> Flow {
        self.depth += 1;
        let flow = if self.depth > DEEPEST {
            self.lose("the script nests too deep");
            Flow::Exit(false)
        } else {
            run(self)
        };
        self.depth -= 1;
        flow
    }

    /// A loop's body runs once here: what it does again, it does alike.
    fn cycle(&mut self, condition: &[Stmt], until: bool, body: &[Stmt]) -> Flow {
        let flow = self.list(condition);
        if flow != Flow::Next {
            return flow;
        }
        let status = self.state.status.map(|status| status != until);
        if status == Some(false) {
            return Flow::Next;
        }
        self.frames.push((Frame::Loop, Vec::new()));
        let flow = if status == Some(true) { self.list(body) } else { self.both(|machine| machine.list(body), |_| Flow::Next) };
        self.end_loop(flow)
    }

    fn end_loop(&mut self, flow: Flow) -> Flow {
        let parked = self.frames.pop().map(|(_, parked)| parked).unwrap_or_default();
        let mut flow = if flow == Flow::Break { Flow::Next } else { flow };
        let mut parked = parked.into_iter();
        if flow != Flow::Next
            && let Some(state) = parked.next()
        {
            let left = std::mem::replace(&mut self.state, state);
            self.park(flow, left);
            flow = Flow::Next;
        }
        self.join(parked.collect());
        flow
    }

    fn each(&mut self, name: &str, words: Option<&[ast::Word]>, body: &[Stmt]) -> Flow {
        let items = match words {
            Some(words) => words.iter().flat_map(|word| self.words(word)).collect(),
            None => self.state.params.clone(),
        };
        let known = |item: &Item<Text>| matches!(item, Item::One(text) if text.plain().is_some_and(|t| !t.contains(['{', '*'])));
        if items.len() <= ROUNDS && items.iter().all(known) {
            self.frames.push((Frame::Loop, Vec::new()));
            let mut flow = Flow::Next;
            for item in items {
                if let Item::One(text) = item {
                    self.state.set(name, text);
                }
                flow = self.list(body);
                if flow != Flow::Next {
                    break;
                }
            }
            return self.end_loop(flow);
        }
        self.frames.push((Frame::Loop, Vec::new()));
        let flow = self.both(
            |machine| {
                machine.state.set(name, Text::unknown(format!("${name} goes through a list that is not known")));
                machine.list(body)
            },
            |_| Flow::Next,
        );
        self.end_loop(flow)
    }

    fn case(&mut self, word: &ast::Word, arms: &[(Vec<ast::Word>, Vec<Stmt>)]) -> Flow {
        let subject = self.joined(word).plain();
        self.case_arms(subject.as_deref(), arms)
    }

    fn case_arms(&mut self, subject: Option<&str>, arms: &[(Vec<ast::Word>, Vec<Stmt>)]) -> Flow {
        for (nth, (patterns, body)) in arms.iter().enumerate() {
            let mut status = Some(false);
            for pattern in patterns {
                let pattern = self.joined(pattern).plain();
                match (subject, pattern.as_deref()) {
                    (_, Some("*")) => status = Some(true),
                    (Some(subject), Some(pattern)) if super::files::glob(pattern, subject) => status = Some(true),
                    (Some(_), Some(_)) => {}
                    _ if status == Some(false) => status = None,
                    _ => {}
                }
            }
            let rest = arms.get(nth + 1..).unwrap_or_default();
            match status {
                Some(true) => return self.list(body),
                Some(false) => {}
                None => {
                    return self.both(|machine| machine.list(body), |machine| machine.deeper(|machine| machine.case_arms(subject, rest)));
                }
            }
        }
        Flow::Next
    }

    /// Variables of a subshell do not outlive it; files do.
    fn subshell(&mut self, run: impl FnOnce(&mut Self) -> Flow) -> Flow {
        let kept = self.state.scope();
        self.frames.push((Frame::Process, Vec::new()));
        let flow = run(self);
        let parked = self.frames.pop().map(|(_, parked)| parked).unwrap_or_default();
        if flow == Flow::Exit(false) {
            self.state.status = Some(false);
        }
        self.join(parked);
        self.state.restore(kept);
        if self.lost.is_some() { Flow::Exit(false) } else { Flow::Next }
    }

    fn pipe(&mut self, stages: &[Stmt], negated: bool) -> Flow {
        let kept = self.state.scope();
        let mut flow = Flow::Next;
        for (nth, stage) in stages.iter().enumerate() {
            let last = nth + 1 == stages.len();
            if last {
                flow = self.run(stage);
            } else {
                let outer = std::mem::take(&mut self.state.output);
                self.readers += 1;
                let _ = self.subshell(|machine| machine.run(stage));
                self.readers -= 1;
                self.state.input = std::mem::replace(&mut self.state.output, outer);
            }
        }
        if stages.len() > 1 {
            self.state.input = Vec::new();
            self.state.restore(kept);
        }
        if negated {
            self.state.status = self.state.status.map(|status| !status);
        }
        flow
    }

    /// Runs with input and output led elsewhere.
    fn redirected(&mut self, redirects: &[Redirect], run: impl FnOnce(&mut Self) -> Flow) -> Flow {
        if redirects.is_empty() {
            return run(self);
        }
        let mut targets = Vec::new();
        let mut away = false;
        let input = self.state.input.clone();
        for redirect in redirects {
            match redirect {
                Redirect::From(word) => {
                    let path = self.joined(word);
                    self.state.input = self.file(&path).items;
                }
                Redirect::Document(body) => {
                    let text = body.get().map(|body| self.joined(body)).unwrap_or_default();
                    self.state.input = vec![Item::One(text)];
                }
                Redirect::String(word) => {
                    let mut text = self.joined(word);
                    text.push(Text::known("\n", None));
                    self.state.input = vec![Item::One(text)];
                }
                Redirect::To { word, append } => {
                    let path = self.joined(word);
                    targets.push((path, *append));
                    away = false;
                }
                Redirect::Away => away = true,
            }
        }
        if targets.is_empty() && !away {
            let flow = run(self);
            self.state.input = input;
            return flow;
        }
        let outer = std::mem::take(&mut self.state.output);
        self.readers += 1;
        let flow = run(self);
        self.readers -= 1;
        let output = std::mem::replace(&mut self.state.output, outer);
        self.state.input = input;
        if !away {
            for (path, append) in targets {
                self.put(&path, output.clone(), append);
            }
        }
        flow
    }

    /// Runs a function's body with these arguments.
    fn function(&mut self, body: &Arc<Stmt>, args: Vec<Item<Text>>) -> Flow {
        let params = std::mem::replace(&mut self.state.params, args);
        self.frames.push((Frame::Function, Vec::new()));
        let mut flow = self.run(body);
        let parked = self.frames.pop().map(|(_, parked)| parked).unwrap_or_default();
        let mut parked = parked.into_iter();
        if flow == Flow::Return {
            flow = Flow::Next;
        } else if flow != Flow::Next
            && let Some(state) = parked.next()
        {
            let left = std::mem::replace(&mut self.state, state);
            self.park(flow, left);
            flow = Flow::Next;
        }
        let rest: Vec<_> = parked.collect();
        if !rest.is_empty() {
            self.join(rest);
            self.state.status = None;
        }
        self.state.params = params;
        flow
    }
}
