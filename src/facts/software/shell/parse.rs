//! From a script's text to its syntax tree: POSIX sh and what scripts use of bash. Never fails: what is not understood becomes
//! [`Stmt::Unreadable`], after which nothing is believed.

mod compound;
mod simple;
mod words;

use std::sync::{Arc, OnceLock};

use super::super::text::{At, Piece, Text};
use super::ast::{Part, Stmt, Word};

/// Deepest nesting that is read; deeper scripts are hostile.
const DEEPEST: usize = 40;
/// Longest script that is read, in characters.
const LONGEST: usize = 1 << 20;

type Parsed<T> = Result<T, &'static str>;

const NESTED: &str = "it nests too deep";

/// Parses a script whose text is all known; `None` if it is not.
pub(in super::super) fn parse(text: &Text) -> Option<Vec<Stmt>> {
    let mut parser = Parser { chars: Vec::new(), origins: Vec::new(), at: 0, depth: 0, documents: Vec::new() };
    for piece in &text.0 {
        let Piece::Known { text, at } = piece else { return None };
        parser.origins.push((parser.chars.len(), at.clone()));
        parser.chars.extend(text.chars());
    }
    if parser.chars.len() > LONGEST {
        return Some(vec![Stmt::Unreadable("it is too long")]);
    }
    let mut body = Vec::new();
    if let Err(why) = parser.list(&mut body, &[]) {
        body.push(Stmt::Unreadable(why));
    } else if parser.at < parser.chars.len() {
        body.push(Stmt::Unreadable("its syntax is not understood"));
    }
    Some(body)
}

struct Document {
    end: String,
    tabs: bool,
    literal: bool,
    body: Arc<OnceLock<Word>>,
}

struct Parser {
    chars: Vec<char>,
    /// From which character on the text has which origin.
    origins: Vec<(usize, Option<At>)>,
    at: usize,
    depth: usize,
    documents: Vec<Document>,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(n, c)| self.peek_at(n) == Some(c))
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = self.looking_at(text);
        if there {
            self.at += text.chars().count();
        }
        there
    }

    fn between(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to).unwrap_or_default().iter().collect()
    }

    /// Known text from `from` to `to`, with its origin.
    fn text(&self, from: usize, to: usize) -> Text {
        let nth = self.origins.partition_point(|(start, _)| *start <= from).saturating_sub(1);
        let at = self.origins.get(nth).and_then(|(start, at)| at.as_ref().map(|at| At::new(&at.source, at.start + from - start)));
        Text::known(self.between(from, to), at)
    }

    /// Blanks, continuation lines and, at a word's start, comments.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek_at(1) == Some('\n') => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Blanks and newlines; bodies of here-documents are read where a line ends.
    fn newlines(&mut self) {
        loop {
            self.blanks();
            if self.peek() != Some('\n') {
                return;
            }
            self.at += 1;
            self.bodies();
        }
    }

    fn bodies(&mut self) {
        for document in std::mem::take(&mut self.documents) {
            let word = self.body(&document);
            // Set once: each document has its own cell.
            let _ = document.body.set(word);
        }
    }

    fn body(&mut self, document: &Document) -> Word {
        let mut word = Word::new();
        while self.at < self.chars.len() {
            let rest = self.chars.get(self.at..).unwrap_or_default();
            let length = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            let tabs = if document.tabs { rest.iter().take_while(|c| **c == '\t').count() } else { 0 };
            let (from, to) = (self.at + tabs, self.at + length);
            let end = (to + 1).min(self.chars.len());
            if self.between(from, to).trim_end_matches('\r') == document.end {
                self.at = end;
                return word;
            }
            self.at = end;
            if document.literal {
                word.push(Part::Literal { text: self.text(from, end), quoted: true });
            } else {
                self.expandable(from, end, &mut word);
            }
        }
        word
    }

    /// The expansions in a line of a here-document.
    fn expandable(&mut self, from: usize, to: usize, word: &mut Word) {
        let after = self.at;
        self.at = from;
        let mut start = from;
        while self.at < to {
            let c = self.peek();
            if matches!(c, Some('$' | '`' | '\\')) {
                self.literal(start, word, true);
                let escaped = c == Some('\\');
                if escaped && matches!(self.peek_at(1), Some('$' | '`' | '\\' | '\n')) {
                    start = self.at + 1;
                    self.at += 2;
                    if self.chars.get(start) == Some(&'\n') {
                        start = self.at;
                    }
                    continue;
                }
                start = self.at;
                if escaped {
                    self.at += 1;
                    continue;
                }
                match self.expansion(true) {
                    Ok(Some(part)) => {
                        word.push(part);
                        start = self.at;
                    }
                    Ok(None) => {}
                    Err(_) => {
                        word.push(Part::Unknown { what: "a here-document".to_owned(), quoted: true });
                        self.at = to;
                        start = to;
                    }
                }
            } else {
                self.at += 1;
            }
        }
        self.at = self.at.max(to).min(self.chars.len());
        self.literal(start, word, true);
        self.at = self.at.max(after);
    }

    /// Adds what was read since `start`.
    fn literal(&self, start: usize, word: &mut Word, quoted: bool) {
        if start < self.at {
            word.push(Part::Literal { text: self.text(start, self.at), quoted });
        }
    }

    /// The bare word that begins here, if it could be a keyword.
    fn keyword(&self) -> String {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        if let Some(c @ ('{' | '}' | '!')) = rest.first() {
            let alone = rest.get(1).is_none_or(|n| n.is_whitespace() || matches!(n, ';' | ')' | '&' | '|' | '>' | '<'));
            return if alone { c.to_string() } else { String::new() };
        }
        if rest.starts_with(&['[', '[']) && rest.get(2).is_some_and(|c| c.is_whitespace()) {
            return "[[".to_owned();
        }
        let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').count();
        let ends = rest.get(length).is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '&' | '|' | '<' | '>'));
        if ends { rest.iter().take(length).collect() } else { String::new() }
    }

    /// Statements up to one of `ends` (a keyword, or `)`, `;;`), which is not eaten, or the end.
    fn list(&mut self, out: &mut Vec<Stmt>, ends: &[&str]) -> Parsed<()> {
        loop {
            self.newlines();
            while self.peek() == Some(';') && self.peek_at(1) != Some(';') {
                self.at += 1;
                self.newlines();
            }
            let closes = matches!(self.peek(), None | Some(')')) || self.looking_at(";;");
            if closes || ends.contains(&self.keyword().as_str()) {
                return Ok(());
            }
            let before = self.at;
            let stmt = self.and_or()?;
            self.blanks();
            match self.peek() {
                Some('&') => {
                    self.at += 1;
                    out.push(Stmt::Background(Box::new(stmt)));
                }
                Some(';' | '\n' | ')') | None => out.push(stmt),
                _ if ends.is_empty() || self.at == before => return Err("its syntax is not understood"),
                _ => out.push(stmt),
            }
        }
    }

    fn block(&mut self, ends: &[&str]) -> Parsed<Vec<Stmt>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(NESTED);
        }
        let mut body = Vec::new();
        self.list(&mut body, ends)?;
        self.depth -= 1;
        Ok(body)
    }

    fn expect(&mut self, keyword: &str) -> Parsed<()> {
        self.newlines();
        if self.keyword() == keyword || (keyword == ")" && self.looking_at(")")) {
            self.at += keyword.len();
            return Ok(());
        }
        Err("its syntax is not understood")
    }

    fn and_or(&mut self) -> Parsed<Stmt> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let and = self.looking_at("&&");
            if !and && !self.looking_at("||") {
                return Ok(if rest.is_empty() { first } else { Stmt::Chain(Box::new(first), rest) });
            }
            self.at += 2;
            self.newlines();
            rest.push((and, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parsed<Stmt> {
        let mut negated = false;
        while self.keyword() == "!" {
            self.at += 1;
            self.blanks();
            negated = !negated;
        }
        let mut stages = vec![self.command()?];
        loop {
            self.blanks();
            if self.peek() != Some('|') || self.peek_at(1) == Some('|') {
                break;
            }
            self.at += 1;
            self.eat("&");
            self.newlines();
            stages.push(self.command()?);
        }
        match (stages.len(), negated) {
            (1, false) => stages.pop().ok_or("impossible"),
            _ => Ok(Stmt::Pipe { stages, negated }),
        }
    }

    fn command(&mut self) -> Parsed<Stmt> {
        let keyword = self.keyword();
        let (width, start) = (keyword.len(), self.at);
        self.at += width;
        match keyword.as_str() {
            "if" => self.conditional(),
            "while" | "until" => {
                let condition = self.block(&["do"])?;
                let body = self.do_block()?;
                Ok(Stmt::Loop { condition, until: keyword == "until", body, redirects: self.redirects()? })
            }
            "for" | "select" => self.for_loop(),
            "case" => self.case(),
            "{" => {
                let body = self.block(&["}"])?;
                self.expect("}")?;
                Ok(Stmt::Group { body, redirects: self.redirects()?, subshell: false })
            }
            "[[" => self.test(),
            "function" => {
                self.blanks();
                let name = self.name();
                self.blanks();
                let _ = self.eat("()");
                self.function(name)
            }
            "time" => {
                while self.keyword() == "time" || self.peek() == Some(' ') {
                    self.at += if self.peek() == Some(' ') { 1 } else { 4 };
                }
                self.simple()
            }
            _ => {
                self.at = start;
                if self.eat("((") {
                    self.skip_arithmetic();
                    return Ok(Stmt::Arithmetic);
                }
                if self.eat("(") {
                    let body = self.block(&[])?;
                    self.expect(")")?;
                    return Ok(Stmt::Group { body, redirects: self.redirects()?, subshell: true });
                }
                self.simple()
            }
        }
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.')) {
            self.at += 1;
        }
        self.between(start, self.at)
    }

    fn function(&mut self, name: String) -> Parsed<Stmt> {
        self.newlines();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(NESTED);
        }
        let body = Arc::new(self.command()?);
        self.depth -= 1;
        Ok(Stmt::Function { name, body })
    }
}
