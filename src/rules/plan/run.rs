//! Runs a [`Plan`]. A value that cannot be told is `None`; what depends on it cannot be told either.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use regorus::value::{Array, Set};

use super::value::{Told, UNDEFINED, apply, arithmetic, child, compare, contains, either_undefined, owned};
use super::{Body, Definition, Goal, Kind, Pattern, Plan, Term, pattern};
use crate::value::Value;

/// Steps after which a rule is left to the machine, which has budgets of its own.
const MOST_STEPS: usize = 100_000;

/// The `input` of a rule, a field at a time: what no rule looks at is never computed.
pub(in crate::rules) trait Inputs {
    /// A top-level field; `None` if there is none of that name.
    fn field(&self, name: &str) -> Option<&Value>;
}

/// The answer of a rule, if the plan can tell.
pub(in crate::rules) fn run<'v>(plan: &'v Plan, input: &'v dyn Inputs) -> Option<Value> {
    let mut run = Run { plan, input, slots: Vec::new(), known: plan.rules.iter().map(|_| None).collect(), steps: 0 };
    run.rule(plan.findings).map(Cow::into_owned)
}

/// Does a statement hold?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    No,
    Yes,
    Perhaps,
}

impl Truth {
    fn of(value: &Told<'_>) -> Self {
        match value.as_deref() {
            None => Self::Perhaps,
            Some(Value::Undefined | Value::Bool(false)) => Self::No,
            Some(_) => Self::Yes,
        }
    }

    const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Perhaps => Self::Perhaps,
        }
    }
}

type Flow = ControlFlow<()>;

/// What is done with each solution of a body, and whether it is one for sure.
type Found<'f, 'v> = &'f mut dyn FnMut(&mut Run<'v>, bool) -> Flow;

struct Run<'v> {
    plan: &'v Plan,
    input: &'v dyn Inputs,
    /// The variables of all calls on the way.
    slots: Vec<Told<'v>>,
    /// Rules without arguments, once asked.
    known: Vec<Option<Told<'v>>>,
    steps: usize,
}

impl<'v> Run<'v> {
    /// Calls `found` for every solution of a body, until told to stop.
    fn solve(&mut self, goals: &'v [Goal], frame: usize, sure: bool, found: Found<'_, 'v>) -> Flow {
        let Some((goal, rest)) = goals.split_first() else { return found(self, sure) };
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return found(self, false);
        }
        let truth = match goal {
            Goal::Test(term) => Truth::of(&self.term(term, frame)),
            Goal::Not(term) => Truth::of(&self.term(term, frame)).not(),
            Goal::Let(pattern, term) => match self.term(term, frame) {
                Some(value) if *value == Value::Undefined => Truth::No,
                value => self.bind(pattern, value, frame),
            },
            Goal::Every { key, value, of, body } => self.every((key.as_ref(), value), of, body, frame),
            Goal::Each { key, value, of } => {
                let items = self.term(of, frame);
                return self.items(items, &mut |this, at, item| {
                    let first = key.as_ref().map_or(Truth::Yes, |key| this.bind(key, at, frame));
                    match (first, this.bind(value, item, frame)) {
                        (Truth::No, _) | (_, Truth::No) => Flow::Continue(()),
                        both => this.solve(rest, frame, sure && both == (Truth::Yes, Truth::Yes), found),
                    }
                });
            }
            Goal::Unknown => Truth::Perhaps,
        };
        if truth == Truth::No { Flow::Continue(()) } else { self.solve(rest, frame, sure && truth == Truth::Yes, found) }
    }

    /// Each item of a collection with its key; one that cannot be told stands for those of a collection that cannot.
    fn items(&mut self, collection: Told<'v>, see: &mut dyn FnMut(&mut Self, Told<'v>, Told<'v>) -> Flow) -> Flow {
        let Some(collection) = collection else { return see(self, None, None) };
        match collection {
            Cow::Borrowed(Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(at, item)| see(self, owned(Value::from(at)), Some(Cow::Borrowed(item))))
            }
            Cow::Borrowed(Value::Set(items)) => {
                items.iter().try_for_each(|item| see(self, Some(Cow::Borrowed(item)), Some(Cow::Borrowed(item))))
            }
            Cow::Borrowed(Value::Object(items)) => {
                items.iter().try_for_each(|(key, item)| see(self, Some(Cow::Borrowed(key)), Some(Cow::Borrowed(item))))
            }
            Cow::Owned(Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(at, item)| see(self, owned(Value::from(at)), owned(item.clone())))
            }
            Cow::Owned(Value::Set(items)) => items.iter().try_for_each(|item| see(self, owned(item.clone()), owned(item.clone()))),
            Cow::Owned(Value::Object(items)) => items.iter().try_for_each(|(key, item)| see(self, owned(key.clone()), owned(item.clone()))),
            _ => Flow::Continue(()),
        }
    }

    fn every(&mut self, (key, value): (Option<&'v Pattern>, &'v Pattern), of: &'v Term, body: &'v Body, frame: usize) -> Truth {
        let items = self.term(of, frame);
        if items.as_deref().is_none_or(|items| !matches!(items, Value::Array(_) | Value::Set(_) | Value::Object(_))) {
            return Truth::Perhaps;
        }
        let mut all = Truth::Yes;
        let _ = self.items(items, &mut |this, at, item| {
            if let Some(key) = key {
                this.bind(key, at, frame);
            }
            this.bind(value, item, frame);
            match this.holds(body, frame) {
                Truth::Yes => Flow::Continue(()),
                other => {
                    all = other;
                    if other == Truth::No { Flow::Break(()) } else { Flow::Continue(()) }
                }
            }
        });
        all
    }

    /// Has a body a solution?
    fn holds(&mut self, body: &'v Body, frame: usize) -> Truth {
        let mut truth = Truth::No;
        let _ = self.solve(body, frame, true, &mut |_, sure| {
            truth = if sure { Truth::Yes } else { Truth::Perhaps };
            if sure { Flow::Break(()) } else { Flow::Continue(()) }
        });
        truth
    }

    fn bind(&mut self, pattern: &'v Pattern, value: Told<'v>, frame: usize) -> Truth {
        match pattern {
            Pattern::Ignored => Truth::Yes,
            Pattern::Slot(slot) => {
                if let Some(place) = self.slots.get_mut(frame + slot) {
                    *place = value;
                }
                Truth::Yes
            }
            Pattern::Equals(expected) => match value {
                Some(value) if *value == *expected => Truth::Yes,
                Some(_) => Truth::No,
                None => Truth::Perhaps,
            },
            Pattern::Array(patterns) => match value.as_deref() {
                None => {
                    for pattern in patterns {
                        self.bind(pattern, None, frame);
                    }
                    Truth::Perhaps
                }
                Some(Value::Array(items)) if items.len() == patterns.len() => {
                    let items = items.clone();
                    let parts = patterns.iter().zip(items.iter()).map(|(pattern, item)| self.bind(pattern, owned(item.clone()), frame));
                    parts.fold(Truth::Yes, |all, part| match (all, part) {
                        (Truth::No, _) | (_, Truth::No) => Truth::No,
                        (Truth::Yes, Truth::Yes) => Truth::Yes,
                        _ => Truth::Perhaps,
                    })
                }
                Some(_) => Truth::No,
            },
        }
    }

    fn term(&mut self, term: &'v Term, frame: usize) -> Told<'v> {
        match term {
            Term::Is(value) => Some(Cow::Borrowed(value)),
            Term::Slot(slot) => self.slots.get(frame + slot).cloned().flatten(),
            Term::Input(field) => Some(self.input.field(field).map_or(UNDEFINED, Cow::Borrowed)),
            Term::Get(root, keys) => self.get(root, keys, frame),
            Term::Rule(id) => self.rule(*id),
            Term::Call(id, arguments) => self.call(*id, arguments, frame),
            Term::Builtin(builtin, arguments) => {
                let arguments = self.terms(arguments, frame)?;
                match arguments.contains(&Value::Undefined) {
                    true => Some(UNDEFINED),
                    false => apply(builtin, &arguments),
                }
            }
            Term::Compare(comparison, left, right) => {
                let (left, right) = (self.term(left, frame)?, self.term(right, frame)?);
                Some(if either_undefined(&left, &right) { UNDEFINED } else { Cow::Owned(Value::Bool(compare(*comparison, &left, &right))) })
            }
            Term::Arithmetic(operator, left, right) => {
                let (left, right) = (self.term(left, frame)?, self.term(right, frame)?);
                if either_undefined(&left, &right) { Some(UNDEFINED) } else { arithmetic(*operator, &left, &right) }
            }
            Term::In(item, collection) => {
                let (item, collection) = (self.term(item, frame)?, self.term(collection, frame)?);
                // What `in` makes of something undefined, evaluators see differently.
                if either_undefined(&item, &collection) { None } else { owned(Value::Bool(contains(&collection, &item))) }
            }
            Term::Union(left, right) => match (&*self.term(left, frame)?, &*self.term(right, frame)?) {
                (Value::Undefined, _) | (_, Value::Undefined) => Some(UNDEFINED),
                (Value::Set(left), Value::Set(right)) => owned(Value::from(left.union(right))),
                _ => None,
            },
            Term::Match(pattern, text) => match (&*self.term(pattern, frame)?, &*self.term(text, frame)?) {
                (Value::Undefined, _) | (_, Value::Undefined) => Some(UNDEFINED),
                (Value::String(pattern), Value::String(text)) => owned(Value::Bool(pattern::matches(pattern, text)?)),
                _ => None,
            },
            Term::Array(items) => {
                let items = self.terms(items, frame)?;
                if items.contains(&Value::Undefined) { Some(UNDEFINED) } else { owned(Value::from(items)) }
            }
            Term::Set(items) => {
                let items = self.terms(items, frame)?;
                if items.contains(&Value::Undefined) { Some(UNDEFINED) } else { owned(Value::from(items.into_iter().collect::<Set>())) }
            }
            Term::Record(blank, fields) => {
                let mut record = blank.clone();
                for (key, term) in fields {
                    let value = self.term(term, frame)?;
                    if *value == Value::Undefined {
                        return Some(UNDEFINED);
                    }
                    *record.get_mut(key)? = value.into_owned();
                }
                owned(Value::from(record))
            }
            Term::ArrayOf(item, body) => self.collect(body, frame, Array::new(), |this, all| {
                all.push(this.defined(item, frame)?);
                Some(())
            }),
            Term::SetOf(item, body) => self.collect(body, frame, Set::new(), |this, all| {
                all.insert(this.defined(item, frame)?);
                Some(())
            }),
            Term::ObjectOf(key, item, body) => self.collect(body, frame, BTreeMap::new(), |this, all| {
                let (key, item) = (this.defined(key, frame)?, this.defined(item, frame)?);
                // Two values for one key are an error.
                all.insert(key, item.clone()).is_none_or(|former| former == item).then_some(())
            }),
            Term::Unknown => None,
        }
    }

    /// What a comprehension yields; nothing is told if one part of it cannot be.
    fn collect<C>(&mut self, body: &'v Body, frame: usize, mut all: C, mut add: impl FnMut(&mut Self, &mut C) -> Option<()>) -> Told<'v>
    where
        Value: From<C>,
    {
        let ended = self.solve(body, frame, true, &mut |this, sure| match sure.then(|| add(this, &mut all)).flatten() {
            Some(()) => Flow::Continue(()),
            None => Flow::Break(()),
        });
        if ended.is_break() { None } else { owned(Value::from(all)) }
    }

    /// What a comprehension takes in: of something undefined, evaluators make different things.
    fn defined(&mut self, term: &'v Term, frame: usize) -> Option<Value> {
        self.term(term, frame).map(Cow::into_owned).filter(|value| *value != Value::Undefined)
    }

    /// The values of terms, if all can be told.
    fn terms(&mut self, terms: &'v [Term], frame: usize) -> Option<Vec<Value>> {
        terms.iter().map(|term| self.term(term, frame).map(Cow::into_owned)).collect()
    }

    fn get(&mut self, root: &'v Term, keys: &'v [Term], frame: usize) -> Told<'v> {
        let mut value = self.term(root, frame)?;
        for key in keys {
            value = match key {
                Term::Is(key) => child(value, key),
                key => {
                    let key = self.term(key, frame)?;
                    if *key == Value::Undefined { UNDEFINED } else { child(value, &key) }
                }
            };
        }
        Some(value)
    }

    /// The value of a rule without arguments.
    fn rule(&mut self, id: usize) -> Told<'v> {
        if let Some(Some(known)) = self.known.get(id) {
            return known.clone();
        }
        let rule = self.plan.rules.get(id)?;
        let value = match rule.kind {
            Kind::Opaque => None,
            Kind::Value => self.value(id, &[]),
            Kind::Set => self.set(&rule.all),
        };
        if let Some(slot) = self.known.get_mut(id) {
            *slot = Some(value.clone());
        }
        value
    }

    fn set(&mut self, definitions: &'v [Definition]) -> Told<'v> {
        let mut all = Set::new();
        for definition in definitions {
            let frame = self.enter(definition);
            let value = self.collect_into(definition, frame, &mut all);
            self.slots.truncate(frame);
            value?;
        }
        owned(Value::from(all))
    }

    fn collect_into(&mut self, definition: &'v Definition, frame: usize, all: &mut Set) -> Option<()> {
        let ended =
            self.solve(
                &definition.body,
                frame,
                true,
                &mut |this, sure| match if sure { this.term(&definition.value, frame) } else { None } {
                    Some(Cow::Borrowed(Value::Undefined)) => Flow::Continue(()),
                    Some(value) => {
                        all.insert(value.into_owned());
                        Flow::Continue(())
                    }
                    None => Flow::Break(()),
                },
            );
        ended.is_continue().then_some(())
    }

    fn call(&mut self, id: usize, arguments: &'v [Term], frame: usize) -> Told<'v> {
        let arguments: Vec<Told<'v>> = arguments.iter().map(|argument| self.term(argument, frame)).collect();
        if arguments.iter().any(|argument| argument.as_deref() == Some(&Value::Undefined)) {
            return Some(UNDEFINED);
        }
        if self.plan.rules.get(id)?.kind == Kind::Value { self.value(id, &arguments) } else { None }
    }

    /// The value of the first definition that holds: that all which hold agree is for the tests of a rule to see.
    fn value(&mut self, id: usize, arguments: &[Told<'v>]) -> Told<'v> {
        let rule = self.plan.rules.get(id)?;
        for definition in &rule.all {
            if definition.params.len() != arguments.len() {
                return None;
            }
            let frame = self.enter(definition);
            let value = self.first(definition, arguments, frame);
            self.slots.truncate(frame);
            match value {
                Some(Cow::Borrowed(Value::Undefined)) => {}
                told => return told,
            }
        }
        Some(rule.default.as_ref().map_or(UNDEFINED, Cow::Borrowed))
    }

    fn first(&mut self, definition: &'v Definition, arguments: &[Told<'v>], frame: usize) -> Told<'v> {
        let mut sure = true;
        for (pattern, argument) in definition.params.iter().zip(arguments) {
            match self.bind(pattern, argument.clone(), frame) {
                Truth::No => return Some(UNDEFINED),
                Truth::Yes => {}
                Truth::Perhaps => sure = false,
            }
        }
        let mut value = Some(UNDEFINED);
        let _ = self.solve(&definition.body, frame, sure, &mut |this, sure| {
            value = if sure { this.term(&definition.value, frame) } else { None };
            if value.as_deref() == Some(&Value::Undefined) { Flow::Continue(()) } else { Flow::Break(()) }
        });
        value
    }

    /// Makes room for the variables of a definition.
    fn enter(&mut self, definition: &Definition) -> usize {
        let frame = self.slots.len();
        self.slots.resize(frame + definition.slots, None);
        frame
    }
}
