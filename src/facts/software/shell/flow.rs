//! What steers a script: conditions, loops, choices, pipes, redirections, functions. Where a condition is not known, both ways are gone.

use std::sync::Arc;

use super::super::text::{Item, Text};
use super::ast::{self, Redirect, Stmt};
use super::{DEEPEST, Flow, Frame, Machine, ROUNDS};

impl Machine<'_> {
    pub(super) fn chain(&mut self, first: &Stmt, rest: &[(bool, Stmt)]) -> Flow {
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

    pub(super) fn arms(&mut self, arms: &[(Vec<Stmt>, Vec<Stmt>)], otherwise: &[Stmt]) -> Flow {
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
    pub(super) fn deeper(&mut self, run: impl FnOnce(&mut Self) -> Flow) -> Flow {
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
    pub(super) fn cycle(&mut self, condition: &[Stmt], until: bool, body: &[Stmt]) -> Flow {
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

    pub(super) fn end_loop(&mut self, flow: Flow) -> Flow {
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

    pub(super) fn each(&mut self, name: &str, words: Option<&[ast::Word]>, body: &[Stmt]) -> Flow {
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

    pub(super) fn case(&mut self, word: &ast::Word, arms: &[(Vec<ast::Word>, Vec<Stmt>)]) -> Flow {
        let subject = self.joined(word).plain();
        self.case_arms(subject.as_deref(), arms)
    }

    pub(super) fn case_arms(&mut self, subject: Option<&str>, arms: &[(Vec<ast::Word>, Vec<Stmt>)]) -> Flow {
        for (nth, (patterns, body)) in arms.iter().enumerate() {
            let mut status = Some(false);
            for pattern in patterns {
                let pattern = self.joined(pattern).plain();
                match (subject, pattern.as_deref()) {
                    (_, Some("*")) => status = Some(true),
                    (Some(subject), Some(pattern)) if super::super::files::glob(pattern, subject) => status = Some(true),
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
    pub(super) fn subshell(&mut self, run: impl FnOnce(&mut Self) -> Flow) -> Flow {
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

    pub(super) fn pipe(&mut self, stages: &[Stmt], negated: bool) -> Flow {
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
    pub(super) fn redirected(&mut self, redirects: &[Redirect], run: impl FnOnce(&mut Self) -> Flow) -> Flow {
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
    pub(super) fn function(&mut self, body: &Arc<Stmt>, args: Vec<Item<Text>>) -> Flow {
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
