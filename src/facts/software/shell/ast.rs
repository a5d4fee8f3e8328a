//! The syntax tree of a shell script. Every literal keeps where it was written.

use std::sync::{Arc, OnceLock};

use super::super::text::Text;

/// A word: parts that are joined.
pub(in super::super) type Word = Vec<Part>;

/// A part of a word.
#[derive(Debug)]
pub(in super::super) enum Part {
    /// As written. `quoted`: no globbing.
    Literal { text: Text, quoted: bool },
    /// `$name`, or with a fallback: `${name:-word}`.
    Variable { name: String, fallback: Option<(Fallback, Word)>, quoted: bool },
    /// `${name[@]}`, `$@`.
    All { name: String },
    /// `$(commands)`.
    Output { body: Vec<Stmt>, quoted: bool },
    /// An expansion whose value is not followed. Says which.
    Unknown { what: String, quoted: bool },
}

/// What stands in for a variable. `empty`: also where it is set but empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Fallback {
    /// `:-`, `-`, `:=`, `=`.
    Else { empty: bool, assigns: bool },
    /// `:+`, `+`.
    Then { empty: bool },
}

/// Where output goes or input comes from.
#[derive(Debug)]
pub(in super::super) enum Redirect {
    /// `< word`
    From(Word),
    /// `> word`, `>> word`
    To { word: Word, append: bool },
    /// A here-document; its body is read when its line ends.
    Document(Arc<OnceLock<Word>>),
    /// `<<< word`
    String(Word),
    /// Standard output goes somewhere that is not a file: `>&2`.
    Away,
}

/// `name=value`, `name+=value`, `name=(values)`.
#[derive(Debug)]
pub(in super::super) struct Assign {
    pub name: String,
    pub append: bool,
    pub value: Value,
}

/// What is assigned.
#[derive(Debug)]
pub(in super::super) enum Value {
    /// A word.
    Scalar(Word),
    /// An array.
    List(Vec<Word>),
    /// An element of an array.
    Element,
}

/// A statement.
#[derive(Debug)]
pub(in super::super) enum Stmt {
    Simple {
        assigns: Vec<Assign>,
        words: Vec<Word>,
        redirects: Vec<Redirect>,
    },
    Pipe {
        stages: Vec<Self>,
        negated: bool,
    },
    /// `a && b || c`: each with whether it runs after success.
    Chain(Box<Self>, Vec<(bool, Self)>),
    Background(Box<Self>),
    /// `{ ... }`, or `( ... )`.
    Group {
        body: Vec<Self>,
        redirects: Vec<Redirect>,
        subshell: bool,
    },
    If {
        arms: Vec<(Vec<Self>, Vec<Self>)>,
        otherwise: Vec<Self>,
        redirects: Vec<Redirect>,
    },
    Loop {
        condition: Vec<Self>,
        until: bool,
        body: Vec<Self>,
        redirects: Vec<Redirect>,
    },
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: Vec<Self>,
        redirects: Vec<Redirect>,
    },
    Case {
        word: Word,
        arms: Vec<(Vec<Word>, Vec<Self>)>,
        redirects: Vec<Redirect>,
    },
    Function {
        name: String,
        body: Arc<Self>,
    },
    /// `[[ ... ]]`
    Test(Vec<Word>),
    /// `(( ... ))`
    Arithmetic,
    /// From here on the script is not understood.
    Unreadable(&'static str),
}
