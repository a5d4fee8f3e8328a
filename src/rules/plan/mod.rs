//! A built-in rule as a plan: names resolved to slots, constants made, so that running it touches only what the rule reads.
//!
//! Most rules find nothing in most objects, and say so after a look or two; a virtual machine costs more to set up than such a
//! look. A plan covers a part of Rego: what it does not cover is *unknown*, and an answer that depends on something unknown is
//! no answer: the machine is asked then. So a plan never has to guess, and a rule may use all of Rego.
//!
//! ```text
//!   .rego --regorus's parser--> modules --lower--> Plan --run (input)--> findings | cannot tell --> virtual machine
//! ```

mod lower;
mod pattern;
mod run;
mod value;

use std::sync::Arc;

use regorus::unstable::BuiltinFcn;
use regorus::value::Object;

use crate::value::Value;

pub(super) use lower::plan;
pub(super) use run::{Inputs, run};

/// One rule with everything it calls.
#[derive(Debug)]
pub(super) struct Plan {
    rules: Vec<Definitions>,
    findings: usize,
}

/// All definitions of one name.
#[derive(Debug, Default)]
struct Definitions {
    kind: Kind,
    all: Vec<Definition>,
    /// The value where none of them holds.
    default: Option<Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// `f(x) := y`, `f := y`: the value of the one that holds.
    #[default]
    Value,
    /// `f contains x`: the set of all values.
    Set,
    /// Not covered.
    Opaque,
}

#[derive(Debug)]
struct Definition {
    params: Vec<Pattern>,
    body: Body,
    value: Term,
    /// How many variables it has, those of its comprehensions included.
    slots: usize,
}

type Body = Vec<Goal>;

/// A statement.
#[derive(Debug)]
enum Goal {
    /// Holds if it is neither undefined nor false.
    Test(Term),
    /// Holds if it is undefined or false.
    Not(Term),
    /// `x := term`.
    Let(Pattern, Term),
    /// `some key, value in term`.
    Each { key: Option<Pattern>, value: Pattern, of: Term },
    /// `every key, value in term { body }`.
    Every { key: Option<Pattern>, value: Pattern, of: Term, body: Body },
    /// May hold or not.
    Unknown,
}

/// What a value is taken apart by.
#[derive(Debug)]
enum Pattern {
    Slot(usize),
    Ignored,
    Equals(Value),
    Array(Vec<Self>),
}

#[derive(Debug)]
enum Term {
    Is(Value),
    Slot(usize),
    /// A top-level field of `input`.
    Input(Arc<str>),
    Get(Box<Self>, Vec<Self>),
    /// A rule without arguments.
    Rule(usize),
    Call(usize, Vec<Self>),
    Builtin(BuiltinFcn, Vec<Self>),
    /// `regex.match(pattern, text)`.
    Match(Box<Self>, Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
    Arithmetic(Operator, Box<Self>, Box<Self>),
    In(Box<Self>, Box<Self>),
    /// `a | b` of sets.
    Union(Box<Self>, Box<Self>),
    Array(Vec<Self>),
    Set(Vec<Self>),
    /// Constant keys, in the order of their evaluation, and the object that has them, to be copied and filled.
    Record(Object, Vec<(Value, Self)>),
    ArrayOf(Box<Self>, Body),
    SetOf(Box<Self>, Body),
    ObjectOf(Box<Self>, Box<Self>, Body),
    Unknown,
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    More,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}
