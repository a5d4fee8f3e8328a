//! A small abstract interpreter of shell scripts. It follows what a container's command would do to files and which server it would
//! start in the end, without running anything: what it cannot know it keeps as unknown, and where a condition is not known it goes both ways.
//! Knows programs only through the tables of `images` and `programs`; decides nothing about memory.

mod ast;
mod commands;
mod expand;
mod flow;
mod parse;
mod scripts;
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
}
