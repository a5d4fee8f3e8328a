//! What a script has at some moment: variables, functions, files. Two of them merge into one that knows only what both know.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::files::{View, Written};
use super::super::text::{Item, Text, merge};
use super::ast::Stmt;

/// A variable's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    Text(Text),
    List(Vec<Item<Text>>),
}

/// See the module.
#[derive(Debug, Clone)]
pub(in super::super) struct State {
    pub(in super::super) files: Written,
    pub(super) variables: BTreeMap<String, Held>,
    pub(super) functions: BTreeMap<String, Arc<Stmt>>,
    /// `$1`, `$2`, ...
    pub(super) params: Vec<Item<Text>>,
    /// What was printed so far, where it is kept.
    pub(super) output: Vec<Item<Text>>,
    /// Standard input.
    pub(super) input: Vec<Item<Text>>,
    /// Did the last command succeed? `None`: not known.
    pub(super) status: Option<bool>,
    /// Why variables that are not listed may be set.
    pub(super) open: Option<String>,
}

/// The part of a state that a child process does not change.
pub(super) struct Scope {
    variables: BTreeMap<String, Held>,
    functions: BTreeMap<String, Arc<Stmt>>,
    params: Vec<Item<Text>>,
    input: Vec<Item<Text>>,
}

/// Variables that every process has, with values known only at run time.
const AMBIENT: &[&str] = &[
    "HOSTNAME",
    "PATH",
    "HOME",
    "USER",
    "PWD",
    "OLDPWD",
    "RANDOM",
    "SECONDS",
    "UID",
    "EUID",
    "IFS",
    "PPID",
    "BASH_SOURCE",
    "#",
    "?",
    "$",
    "!",
    "-",
    "0",
    "_",
];

impl State {
    pub(super) fn new(files: Written, variables: &BTreeMap<String, Text>, open: Option<String>, known_image: bool) -> Self {
        let mut held: BTreeMap<_, _> = AMBIENT.iter().map(|n| ((*n).to_owned(), Held::Text(Text::unknown(format!("${n}"))))).collect();
        held.extend(variables.iter().map(|(k, v)| (k.clone(), Held::Text(v.clone()))));
        let open = open.or((!known_image).then(|| "it is not set by the pod, perhaps by the image".to_owned()));
        Self {
            files,
            variables: held,
            functions: BTreeMap::new(),
            params: Vec::new(),
            output: Vec::new(),
            input: Vec::new(),
            status: Some(true),
            open,
        }
    }

    pub(super) fn set(&mut self, name: &str, text: Text) {
        self.variables.insert(name.to_owned(), Held::Text(text));
    }

    /// The parameter `$n`, from 1.
    pub(super) fn param(&self, n: usize) -> Option<Text> {
        let before = self.params.get(..n)?;
        match before.last()? {
            Item::One(text) if before.iter().all(|item| matches!(item, Item::One(_))) => Some(text.clone()),
            _ => Some(Text::unknown(format!("${n}"))),
        }
    }

    pub(super) fn size(&self) -> usize {
        let files: usize = self.files.values().map(|content| 1 + content.items.len()).sum();
        self.variables.len() + self.output.len() + files
    }

    pub(super) fn scope(&self) -> Scope {
        Scope {
            variables: self.variables.clone(),
            functions: self.functions.clone(),
            params: self.params.clone(),
            input: self.input.clone(),
        }
    }

    pub(super) fn restore(&mut self, scope: Scope) {
        self.variables = scope.variables;
        self.functions = scope.functions;
        self.params = scope.params;
        self.input = scope.input;
    }

    /// What both know. `None` if they are too different.
    pub(super) fn merge(&self, other: &Self, view: &View<'_>) -> Option<Self> {
        let mut variables = BTreeMap::new();
        for name in self.variables.keys().chain(other.variables.keys()) {
            if variables.contains_key(name) {
                continue;
            }
            let held = match (self.variables.get(name), other.variables.get(name)) {
                (Some(a), Some(b)) if a == b => a.clone(),
                (Some(Held::List(a)), Some(Held::List(b))) => Held::List(merge(a, b)?),
                (Some(Held::List(a)), None) | (None, Some(Held::List(a))) => Held::List(merge(a, &[])?),
                _ => Held::Text(Text::unknown(format!("${name} depends on what happens"))),
            };
            variables.insert(name.clone(), held);
        }
        let mut functions = other.functions.clone();
        functions.extend(self.functions.clone());
        Some(Self {
            files: view.merge(&self.files, &other.files)?,
            variables,
            functions,
            params: merge(&self.params, &other.params)?,
            output: merge(&self.output, &other.output)?,
            input: merge(&self.input, &other.input)?,
            status: if self.status == other.status { self.status } else { None },
            open: self.open.clone().or_else(|| other.open.clone()),
        })
    }
}
