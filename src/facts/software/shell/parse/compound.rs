//! Statements that hold others: conditions, loops, choices, tests.

use super::super::ast::{Part, Stmt};
use super::{Parsed, Parser};

impl Parser {
    pub(super) fn conditional(&mut self) -> Parsed<Stmt> {
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

    pub(super) fn do_block(&mut self) -> Parsed<Vec<Stmt>> {
        self.expect("do")?;
        let body = self.block(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }

    pub(super) fn for_loop(&mut self) -> Parsed<Stmt> {
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

    pub(super) fn case(&mut self) -> Parsed<Stmt> {
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
    pub(super) fn test(&mut self) -> Parsed<Stmt> {
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
    pub(super) fn skip_arithmetic(&mut self) {
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
}
