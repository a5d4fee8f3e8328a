//! From a script's text to its syntax tree: POSIX sh and what scripts use of bash. Never fails: what is not understood becomes
//! [`Stmt::Unreadable`], after which nothing is believed.

use std::sync::{Arc, OnceLock};

use super::super::text::{At, Piece, Text};
use super::ast::{Assign, Fallback, Part, Redirect, Stmt, Value, Word};

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

    fn conditional(&mut self) -> Parsed<Stmt> {
        let mut arms = Vec::new();
        loop {
            let condition = self.block(&["then"])?;
            self.expect("then")?;
            let body = self.block(&["elif", "else", "fi"])?;
            arms.push((condition, body));
            match self.keyword().as_str() {
                "elif" => self.at += 4,
                "else" => {
                    self.at += 4;
                    let otherwise = self.block(&["fi"])?;
                    self.expect("fi")?;
                    return Ok(Stmt::If { arms, otherwise, redirects: self.redirects()? });
                }
                _ => {
                    self.expect("fi")?;
                    return Ok(Stmt::If { arms, otherwise: Vec::new(), redirects: self.redirects()? });
                }
            }
        }
    }

    fn do_block(&mut self) -> Parsed<Vec<Stmt>> {
        self.expect("do")?;
        let body = self.block(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }

    fn for_loop(&mut self) -> Parsed<Stmt> {
        self.blanks();
        if self.eat("((") {
            self.skip_arithmetic();
            self.newlines();
            let _ = self.eat(";");
            let body = self.do_block()?;
            return Ok(Stmt::Loop { condition: vec![Stmt::Arithmetic], until: false, body, redirects: self.redirects()? });
        }
        let name = self.name();
        self.newlines();
        let mut words = None;
        if self.keyword() == "in" {
            self.at += 2;
            let mut list = Vec::new();
            self.blanks();
            while !matches!(self.peek(), None | Some(';' | '\n' | '&' | '|' | ')')) {
                let before = self.at;
                list.push(self.word()?);
                self.blanks();
                if self.at == before {
                    return Err("its syntax is not understood");
                }
            }
            words = Some(list);
        }
        self.newlines();
        let _ = self.eat(";");
        let body = self.do_block()?;
        Ok(Stmt::For { name, words, body, redirects: self.redirects()? })
    }

    fn case(&mut self) -> Parsed<Stmt> {
        self.blanks();
        let word = self.word()?;
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.newlines();
            if self.keyword() == "esac" {
                self.at += 4;
                return Ok(Stmt::Case { word, arms, redirects: self.redirects()? });
            }
            let _ = self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                let before = self.at;
                patterns.push(self.word()?);
                self.blanks();
                if self.eat("|") {
                    continue;
                }
                if self.eat(")") {
                    break;
                }
                let _ = before;
                return Err("its syntax is not understood");
            }
            let body = self.block(&["esac"])?;
            arms.push((patterns, body));
            if self.eat(";;") {
                let _ = self.eat("&");
            } else if self.keyword() != "esac" {
                return Err("its syntax is not understood");
            }
        }
    }

    /// The words between `[[` and `]]`; operators are words of one literal.
    fn test(&mut self) -> Parsed<Stmt> {
        let mut words = Vec::new();
        let mut pattern = false;
        loop {
            self.newlines();
            let start = self.at;
            if self.looking_at("]]") {
                self.at += 2;
                return Ok(Stmt::Test(words));
            }
            if std::mem::take(&mut pattern) {
                while self.peek().is_some_and(|c| !c.is_whitespace()) {
                    self.at += 1;
                }
                words.push(vec![Part::Literal { text: self.text(start, self.at), quoted: true }]);
                continue;
            }
            for operator in ["&&", "||", "(", ")", "<", ">"] {
                if self.eat(operator) {
                    break;
                }
            }
            if self.at > start {
                words.push(vec![Part::Literal { text: self.text(start, self.at), quoted: false }]);
                continue;
            }
            let word = self.word()?;
            pattern = self.between(start, self.at) == "=~";
            if self.at == start {
                return Err("its syntax is not understood");
            }
            words.push(word);
        }
    }

    /// After `((`: past the matching `))`.
    fn skip_arithmetic(&mut self) {
        let mut depth = 2_usize;
        while let Some(c) = self.peek() {
            self.at += 1;
            depth = match c {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            if depth == 0 {
                return;
            }
        }
    }

    fn redirects(&mut self) -> Parsed<Vec<Redirect>> {
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            if !self.redirect(&mut redirects)? {
                return Ok(redirects);
            }
        }
    }

    /// Reads one redirection, if one begins here.
    fn redirect(&mut self, out: &mut Vec<Redirect>) -> Parsed<bool> {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let both = rest.first() == Some(&'&') && rest.get(1) == Some(&'>');
        let sign = if both { 1 } else { digits };
        let Some(c @ ('<' | '>')) = rest.get(sign).copied() else { return Ok(false) };
        if rest.get(sign + 1) == Some(&'(') {
            return Ok(false);
        }
        let number = self.between(self.at, self.at + digits);
        self.at += sign + 1;
        if c == '<' {
            if self.eat("<<") {
                self.blanks();
                out.push(Redirect::String(self.word()?));
            } else if self.eat("<") {
                self.document(out)?;
            } else {
                let duplicate = self.eat("&") || self.eat(">");
                self.blanks();
                let word = self.word()?;
                if !duplicate {
                    out.push(Redirect::From(word));
                }
            }
            return Ok(true);
        }
        let append = self.eat(">");
        let _ = self.eat("|");
        let duplicate = self.eat("&");
        self.blanks();
        let word = self.word()?;
        let out_is_meant = both || number.is_empty() || number == "1";
        if out_is_meant {
            out.push(if duplicate { Redirect::Away } else { Redirect::To { word, append } });
        }
        Ok(true)
    }

    fn document(&mut self, out: &mut Vec<Redirect>) -> Parsed<()> {
        let tabs = self.eat("-");
        self.blanks();
        let start = self.at;
        let _ = self.word()?;
        let end = self.between(start, self.at);
        let literal = end.contains(['\'', '"', '\\']);
        let body = Arc::new(OnceLock::new());
        let end = end.replace(['\'', '"', '\\'], "");
        self.documents.push(Document { end, tabs, literal, body: body.clone() });
        out.push(Redirect::Document(body));
        Ok(())
    }

    fn simple(&mut self) -> Parsed<Stmt> {
        let (mut assigns, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            self.blanks();
            if matches!(self.peek(), None | Some('\n' | ';' | '|' | ')')) || (self.peek() == Some('&') && self.peek_at(1) != Some('>')) {
                break;
            }
            if self.redirect(&mut redirects)? {
                continue;
            }
            let declares = words.first().is_some_and(declares);
            if let Some(assign) = if words.is_empty() || declares { self.assignment()? } else { None } {
                assigns.push(assign);
                continue;
            }
            if self.peek() == Some('(') {
                if words.len() == 1 && assigns.is_empty() {
                    return self.parenthesis(&words);
                }
                return Err("its syntax is not understood");
            }
            let before = self.at;
            let word = self.word()?;
            if self.at == before {
                return Err("its syntax is not understood");
            }
            words.push(word);
        }
        if words.is_empty() && assigns.is_empty() && redirects.is_empty() {
            return Err("its syntax is not understood");
        }
        Ok(Stmt::Simple { assigns, words, redirects })
    }

    /// `name()` begins a function.
    fn parenthesis(&mut self, words: &[Word]) -> Parsed<Stmt> {
        self.at += 1;
        self.blanks();
        let name = match words {
            [word] => match word.as_slice() {
                [Part::Literal { text, .. }] => text.plain(),
                _ => None,
            },
            _ => None,
        };
        match name {
            Some(name) if self.eat(")") => self.function(name),
            _ => Err("its syntax is not understood"),
        }
    }

    fn assignment(&mut self) -> Parsed<Option<Assign>> {
        let start = self.at;
        let mut ahead = 0;
        while self.peek_at(ahead).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            ahead += 1;
        }
        if ahead == 0 || self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Ok(None);
        }
        let name = self.between(start, start + ahead);
        let mut element = false;
        if self.peek_at(ahead) == Some('[') {
            element = true;
            while self.peek_at(ahead).is_some_and(|c| c != ']' && c != '\n') {
                ahead += 1;
            }
            ahead += 1;
        }
        let append = self.peek_at(ahead) == Some('+');
        if self.peek_at(ahead + usize::from(append)) != Some('=') {
            return Ok(None);
        }
        self.at = start + ahead + usize::from(append) + 1;
        if self.peek() == Some('(') {
            self.at += 1;
            let mut list = Vec::new();
            loop {
                self.newlines();
                if self.eat(")") {
                    return Ok(Some(Assign { name, append, value: Value::List(list) }));
                }
                let before = self.at;
                list.push(self.word()?);
                if self.at == before {
                    return Err("its syntax is not understood");
                }
            }
        }
        let word = self.word()?;
        Ok(Some(Assign { name, append, value: if element { Value::Element } else { Value::Scalar(word) } }))
    }

    /// A word; empty if none begins here.
    fn word(&mut self) -> Parsed<Word> {
        let mut word = Word::new();
        let mut start = self.at;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | ')' => break,
                '<' | '>' if self.peek_at(1) == Some('(') => {
                    self.literal(start, &mut word, false);
                    self.at += 2;
                    let _ = self.block(&[])?;
                    self.expect(")")?;
                    word.push(Part::Unknown { what: "a process substitution".to_owned(), quoted: true });
                    start = self.at;
                }
                '<' | '>' => break,
                // An extended pattern, `@(a|b)`.
                '(' if self.at > start && matches!(self.chars.get(self.at - 1), Some('@' | '!' | '?' | '*' | '+')) => {
                    while self.peek().is_some_and(|c| c != ')') {
                        self.at += 1;
                    }
                    self.at += 1;
                }
                '(' => break,
                '\\' => {
                    self.literal(start, &mut word, false);
                    let escaped = self.at + 1;
                    self.at = (self.at + 2).min(self.chars.len());
                    if self.chars.get(escaped) != Some(&'\n') {
                        self.literal(escaped.min(self.at), &mut word, true);
                    }
                    start = self.at;
                }
                '\'' => {
                    self.literal(start, &mut word, false);
                    self.at += 1;
                    start = self.at;
                    while self.peek().is_some_and(|c| c != '\'') {
                        self.at += 1;
                    }
                    if self.peek().is_none() {
                        return Err("a quote is not closed");
                    }
                    word.push(Part::Literal { text: self.text(start, self.at), quoted: true });
                    self.at += 1;
                    start = self.at;
                }
                '"' => {
                    self.literal(start, &mut word, false);
                    self.at += 1;
                    self.quoted(&mut word)?;
                    start = self.at;
                }
                '$' | '`' => {
                    self.literal(start, &mut word, false);
                    start = self.at;
                    if let Some(part) = self.expansion(false)? {
                        word.push(part);
                        start = self.at;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.literal(start, &mut word, false);
        Ok(word)
    }

    /// After `"`, up to and with the closing one.
    fn quoted(&mut self, word: &mut Word) -> Parsed<()> {
        let mut start = self.at;
        word.push(Part::Literal { text: Text::default(), quoted: true });
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.literal(start, word, true);
                    self.at += 1;
                    return Ok(());
                }
                '\\' if matches!(self.peek_at(1), Some('$' | '`' | '"' | '\\' | '\n')) => {
                    self.literal(start, word, true);
                    start = self.at + if self.peek_at(1) == Some('\n') { 2 } else { 1 };
                    self.at += 2;
                }
                '\\' => self.at = (self.at + 2).min(self.chars.len()),
                '$' | '`' => {
                    self.literal(start, word, true);
                    start = self.at;
                    if let Some(part) = self.expansion(true)? {
                        word.push(part);
                        start = self.at;
                    }
                }
                _ => self.at += 1,
            }
        }
        Err("a quote is not closed")
    }

    /// At `$` or a backquote. `None`, with the dollar eaten: it stands for itself.
    fn expansion(&mut self, quoted: bool) -> Parsed<Option<Part>> {
        if self.eat("`") {
            let start = self.at;
            while self.peek().is_some_and(|c| c != '`') {
                self.at += if self.peek() == Some('\\') { 2 } else { 1 };
            }
            let what = format!("`{}`", self.between(start, self.at));
            self.at = (self.at + 1).min(self.chars.len());
            return Ok(Some(Part::Unknown { what, quoted }));
        }
        let start = self.at;
        self.at += 1;
        if self.eat("((") {
            self.skip_arithmetic();
            return Ok(Some(Part::Unknown { what: self.between(start, self.at), quoted }));
        }
        if self.eat("(") {
            let body = self.block(&[])?;
            self.expect(")")?;
            return Ok(Some(Part::Output { body, quoted }));
        }
        if self.eat("{") {
            return self.braced(start, quoted).map(Some);
        }
        if !quoted && matches!(self.peek(), Some('\'' | '"')) {
            // `$'...'`: escapes that are not followed; `$"..."` is a plain quote.
            return if self.eat("'") {
                while self.peek().is_some_and(|c| c != '\'') {
                    self.at += if self.peek() == Some('\\') { 2 } else { 1 };
                }
                self.at = (self.at + 1).min(self.chars.len());
                Ok(Some(Part::Unknown { what: self.between(start, self.at), quoted: true }))
            } else {
                let mut word = Word::new();
                self.at += 1;
                self.quoted(&mut word)?;
                Ok(Some(Part::Unknown { what: "a translated string".to_owned(), quoted: true }))
            };
        }
        let name = match self.peek() {
            Some(c @ ('@' | '*' | '#' | '?' | '$' | '!' | '-' | '0'..='9')) => {
                self.at += 1;
                c.to_string()
            }
            _ => {
                let from = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    self.at += 1;
                }
                self.between(from, self.at)
            }
        };
        Ok(match name.as_str() {
            "" => None,
            "@" | "*" => Some(Part::All { name: "@".to_owned() }),
            _ => Some(Part::Variable { name, fallback: None, quoted }),
        })
    }

    /// After `${`.
    fn braced(&mut self, start: usize, quoted: bool) -> Parsed<Part> {
        let from = self.at;
        if matches!(self.peek(), Some('@' | '*' | '?' | '$' | '-')) {
            self.at += 1;
        }
        while self.at == from || self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            if !self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                break;
            }
            self.at += 1;
        }
        let name = self.between(from, self.at);
        let all = self.eat("[@]") || self.eat("[*]") || name == "@" || name == "*";
        if !name.is_empty() && self.eat("}") {
            let name = if name == "*" { "@".to_owned() } else { name };
            return Ok(if all { Part::All { name } } else { Part::Variable { name, fallback: None, quoted } });
        }
        let empty = self.looking_at(":") && matches!(self.peek_at(1), Some('-' | '=' | '+' | '?'));
        let operator = self.peek_at(usize::from(empty));
        if let (Some(c @ ('-' | '=' | '+' | '?')), false, false) = (operator, name.is_empty(), all) {
            self.at += 1 + usize::from(empty);
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(NESTED);
            }
            let word = self.until_brace()?;
            self.depth -= 1;
            let fallback = match c {
                '+' => Some((Fallback::Then { empty }, word)),
                '?' => None,
                _ => Some((Fallback::Else { empty, assigns: c == '=' }, word)),
            };
            return Ok(Part::Variable { name, fallback, quoted });
        }
        self.at = from;
        let _ = self.until_brace()?;
        Ok(Part::Unknown { what: self.between(start, self.at), quoted })
    }

    /// A word up to and with the closing brace.
    fn until_brace(&mut self) -> Parsed<Word> {
        let mut word = Word::new();
        let mut start = self.at;
        while let Some(c) = self.peek() {
            match c {
                '}' => {
                    self.literal(start, &mut word, false);
                    self.at += 1;
                    return Ok(word);
                }
                '"' => {
                    self.literal(start, &mut word, false);
                    self.at += 1;
                    self.quoted(&mut word)?;
                    start = self.at;
                }
                '$' => {
                    self.literal(start, &mut word, false);
                    start = self.at;
                    if let Some(part) = self.expansion(false)? {
                        word.push(part);
                        start = self.at;
                    }
                }
                '\\' => {
                    self.literal(start, &mut word, false);
                    start = (self.at + 1).min(self.chars.len());
                    self.at = (self.at + 2).min(self.chars.len());
                }
                _ => self.at += 1,
            }
        }
        Err("a brace is not closed")
    }
}

/// Is this a command whose arguments are assignments?
fn declares(word: &Word) -> bool {
    let [Part::Literal { text, .. }] = word.as_slice() else { return false };
    matches!(text.prefix().as_str(), "export" | "local" | "declare" | "readonly" | "typeset")
}
