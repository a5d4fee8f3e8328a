//! Words: assignments, quotes and expansions.

use super::super::super::text::Text;
use super::super::ast::{Assign, Fallback, Part, Value, Word};
use super::{DEEPEST, NESTED, Parsed, Parser};

impl Parser {
    pub(super) fn assignment(&mut self) -> Parsed<Option<Assign>> {
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
    pub(super) fn word(&mut self) -> Parsed<Word> {
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
    pub(super) fn quoted(&mut self, word: &mut Word) -> Parsed<()> {
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
    pub(super) fn expansion(&mut self, quoted: bool) -> Parsed<Option<Part>> {
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
    pub(super) fn braced(&mut self, start: usize, quoted: bool) -> Parsed<Part> {
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
    pub(super) fn until_brace(&mut self) -> Parsed<Word> {
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
