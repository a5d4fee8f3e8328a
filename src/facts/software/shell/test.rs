//! Conditions: `[ ... ]`, `test`, `[[ ... ]]`. The answer is yes, no, or not known.

use super::super::files::glob;
use super::super::text::{Item, Text};
use super::Machine;
use super::ast::{Part, Word};

impl Machine<'_> {
    /// `[[ ... ]]`: words do not split, and the right side of `=` is a pattern.
    pub(super) fn test_words(&mut self, words: &[Word]) -> Option<bool> {
        let operands: Vec<_> = words
            .iter()
            .map(|word| {
                let quoted = word.iter().any(|part| !matches!(part, Part::Literal { quoted: false, .. }));
                (self.joined(word), quoted)
            })
            .collect();
        Evaluation { machine: self, operands: &operands, at: 0, patterns: true }.whole()
    }

    /// `[ ... ]`, without its brackets.
    pub(super) fn test_args(&mut self, args: &[Item<Text>]) -> Option<bool> {
        let mut operands = Vec::new();
        for arg in args {
            let Item::One(text) = arg else { return None };
            if text.splits() {
                return None;
            }
            operands.push((text.clone(), false));
        }
        Evaluation { machine: self, operands: &operands, at: 0, patterns: false }.whole()
    }

    fn exists(&self, path: &Text, directory: Option<bool>) -> Option<bool> {
        let path = path.plain()?;
        if path.is_empty() {
            return Some(false);
        }
        let files = &self.state.files;
        match directory {
            Some(true) => self.view.is_directory(files, &path),
            Some(false) => self.view.read(files, &path).exists,
            None => match (self.view.is_directory(files, &path), self.view.read(files, &path).exists) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

struct Evaluation<'m, 'a> {
    machine: &'m Machine<'a>,
    operands: &'m [(Text, bool)],
    at: usize,
    patterns: bool,
}

impl Evaluation<'_, '_> {
    fn whole(mut self) -> Option<bool> {
        if self.operands.is_empty() {
            return Some(false);
        }
        let answer = self.or(0);
        if self.at == self.operands.len() { answer } else { None }
    }

    fn word(&self, ahead: usize) -> Option<String> {
        self.operands.get(self.at + ahead).and_then(|(text, _)| text.plain())
    }

    fn is(&self, ahead: usize, options: &[&str]) -> bool {
        self.word(ahead).is_some_and(|word| options.contains(&word.as_str()))
    }

    fn or(&mut self, depth: usize) -> Option<bool> {
        let mut answer = self.and(depth);
        while self.is(0, &["||", "-o"]) {
            self.at += 1;
            let right = self.and(depth);
            answer = match (answer, right) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        answer
    }

    fn and(&mut self, depth: usize) -> Option<bool> {
        let mut answer = self.not(depth);
        while self.is(0, &["&&", "-a"]) {
            self.at += 1;
            let right = self.not(depth);
            answer = match (answer, right) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        answer
    }

    fn not(&mut self, depth: usize) -> Option<bool> {
        if depth > 30 {
            return None;
        }
        if self.is(0, &["!"]) && self.at + 1 < self.operands.len() {
            self.at += 1;
            return self.not(depth + 1).map(|answer| !answer);
        }
        if self.is(0, &["("]) {
            self.at += 1;
            let answer = self.or(depth + 1);
            self.at += usize::from(self.is(0, &[")"]));
            return answer;
        }
        self.primary()
    }

    fn primary(&mut self) -> Option<bool> {
        let binary = ["=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "<", ">", "-nt", "-ot", "-ef"];
        if self.is(1, &binary) && self.at + 2 < self.operands.len() {
            return self.binary();
        }
        let unary = self.word(0).filter(|word| word.len() == 2 && word.starts_with('-') && self.at + 1 < self.operands.len());
        if let Some(operator) = unary {
            let operand = self.operands.get(self.at + 1).map(|(text, _)| text.clone()).unwrap_or_default();
            self.at += 2;
            return match operator.as_str() {
                "-z" => empty(&operand),
                "-n" => empty(&operand).map(|e| !e),
                "-f" | "-r" | "-s" => self.machine.exists(&operand, Some(false)),
                "-d" => self.machine.exists(&operand, Some(true)),
                "-e" => self.machine.exists(&operand, None),
                _ => None,
            };
        }
        let operand = self.operands.get(self.at).map(|(text, _)| text.clone())?;
        self.at += 1;
        empty(&operand).map(|e| !e)
    }

    fn binary(&mut self) -> Option<bool> {
        let operator = self.word(1)?;
        let left = self.operands.get(self.at).and_then(|(text, _)| text.plain());
        let (right, quoted) = self.operands.get(self.at + 2).map(|(text, quoted)| (text.plain(), *quoted))?;
        self.at += 3;
        let (left, right) = (left?, right?);
        let numbers = || Some((left.trim().parse::<i64>().ok()?, right.trim().parse::<i64>().ok()?));
        let same = if self.patterns && !quoted { glob(&right, &left) } else { left == right };
        match operator.as_str() {
            "=" | "==" => Some(same),
            "!=" => Some(!same),
            "-eq" => numbers().map(|(a, b)| a == b),
            "-ne" => numbers().map(|(a, b)| a != b),
            "-lt" => numbers().map(|(a, b)| a < b),
            "-le" => numbers().map(|(a, b)| a <= b),
            "-gt" => numbers().map(|(a, b)| a > b),
            "-ge" => numbers().map(|(a, b)| a >= b),
            _ => None,
        }
    }
}

/// Is it the empty string? Known text beside unknown text is not.
fn empty(text: &Text) -> Option<bool> {
    match (text.chars(), text.why()) {
        (0, None) => Some(true),
        (0, Some(_)) => None,
        _ => Some(false),
    }
}
