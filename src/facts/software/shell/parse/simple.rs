//! Simple commands: words, assignments before them, redirections, here-documents.

use std::sync::{Arc, OnceLock};

use super::super::ast::{Part, Redirect, Stmt, Word};
use super::{Document, Parsed, Parser};

impl Parser {
    pub(super) fn redirects(&mut self) -> Parsed<Vec<Redirect>> {
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            if !self.redirect(&mut redirects)? {
                return Ok(redirects);
            }
        }
    }

    /// Reads one redirection, if one begins here.
    pub(super) fn redirect(&mut self, out: &mut Vec<Redirect>) -> Parsed<bool> {
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

    pub(super) fn document(&mut self, out: &mut Vec<Redirect>) -> Parsed<()> {
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

    pub(super) fn simple(&mut self) -> Parsed<Stmt> {
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
    pub(super) fn parenthesis(&mut self, words: &[Word]) -> Parsed<Stmt> {
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
}

/// Is this a command whose arguments are assignments?
fn declares(word: &Word) -> bool {
    let [Part::Literal { text, .. }] = word.as_slice() else { return false };
    matches!(text.prefix().as_str(), "export" | "local" | "declare" | "readonly" | "typeset")
}
