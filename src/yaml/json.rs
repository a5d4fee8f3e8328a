//! JSON as a source of events, by RFC 8259 and as Go reads it: several values in one text, surrogate pairs, an unpaired
//! surrogate is U+FFFD. Iterative, so that depth costs nothing.

use crate::value::Value;

use super::arena::Style;
use super::build::{At, Builder, Scalar};
use super::text::LineCounter;
use super::{Document, Limits, MOST_DOCUMENTS, ReadError, Text, too_many};

/// Why the reading of JSON ended early.
pub(super) struct Stop {
    pub(super) error: ReadError,
    /// Not JSON, as opposed to beyond a limit: it may still be YAML.
    pub(super) syntax: bool,
    /// Where YAML would go on: behind the last complete value and its line.
    pub(super) resume: usize,
}

/// All values of a text.
pub(super) fn read(text: &Text, limits: &Limits) -> (Vec<Document>, Option<Stop>) {
    let mut reader = Reader::new(text, limits);
    let mut documents = Vec::new();
    let mut lines = LineCounter::new(text.as_str());
    loop {
        let resume = reader.at;
        reader.skip_blank();
        if reader.peek().is_none() {
            return (documents, None);
        }
        let start = reader.at;
        if documents.len() >= MOST_DOCUMENTS {
            return (documents, Some(Stop { error: too_many(lines.advance(start)), syntax: false, resume }));
        }
        if let Err(error) = reader.value() {
            let rest = text.as_str().get(resume..start).unwrap_or_default();
            let resume = resume + rest.find('\n').map_or(rest.len(), |at| at + 1);
            return (documents, Some(Stop { error, syntax: reader.syntax, resume }));
        }
        let (value, arena, notes) = reader.builder.finish();
        if let Some(value) = value.filter(|value| *value != Value::Null) {
            let (start, end) = (lines.advance(start), lines.advance(reader.at));
            documents.push(Document { value, notes, arena, start, end });
        }
    }
}

/// The one value of a text.
pub(super) fn read_one(text: &Text, limits: &Limits) -> Result<Value, ReadError> {
    let mut reader = Reader::new(text, limits);
    reader.skip_blank();
    reader.value()?;
    reader.skip_blank();
    if reader.peek().is_some() {
        return reader.fault("nothing may follow the JSON value");
    }
    let (value, ..) = reader.builder.finish();
    Ok(value.unwrap_or(Value::Null))
}

/// Was JSON meant? Then its error says more than YAML's.
pub(super) fn looks_meant(text: &str) -> bool {
    let inner = text.trim_start().trim_start_matches(['{', '[']).trim_start();
    inner.starts_with(['"', '}', ']'])
}

struct Reader<'t> {
    text: &'t Text,
    bytes: &'t [u8],
    at: usize,
    builder: Builder<'t>,
    /// For each open collection: is it an array?
    open: Vec<bool>,
    syntax: bool,
    buffer: String,
}

impl<'t> Reader<'t> {
    fn new(text: &'t Text, limits: &'t Limits) -> Self {
        let builder = Builder::new(text, limits);
        Self { text, bytes: text.as_str().as_bytes(), at: 0, builder, open: Vec::new(), syntax: false, buffer: String::new() }
    }

    fn value(&mut self) -> Result<(), ReadError> {
        loop {
            self.skip_blank();
            match self.peek() {
                Some(b'{') => {
                    self.begin(false)?;
                    if !self.closes(b'}')? {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.begin(true)?;
                    if !self.closes(b']')? {
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            if self.after_value()? {
                return Ok(());
            }
        }
    }

    /// Closes what ends here and steps to the next value; true when the outermost value is complete.
    fn after_value(&mut self) -> Result<bool, ReadError> {
        loop {
            let Some(array) = self.open.last().copied() else { return Ok(true) };
            self.skip_blank();
            if self.take(b',') {
                if !array {
                    self.key()?;
                }
                return Ok(false);
            }
            if !self.closes(if array { b']' } else { b'}' })? {
                return self.fault(if array { "expected `,` or `]`" } else { "expected `,` or `}`" });
            }
        }
    }

    fn begin(&mut self, array: bool) -> Result<(), ReadError> {
        let at = At { start: self.at, end: self.at + 1, style: Style::Flow, decorated: false };
        self.builder.begin(array, at, None)?;
        self.open.push(array);
        self.at += 1;
        Ok(())
    }

    fn closes(&mut self, bracket: u8) -> Result<bool, ReadError> {
        self.skip_blank();
        if !self.take(bracket) {
            return Ok(false);
        }
        self.open.pop();
        self.builder.end(self.at)?;
        Ok(true)
    }

    fn key(&mut self) -> Result<(), ReadError> {
        self.skip_blank();
        if self.peek() != Some(b'"') {
            return self.fault("expected a key in double quotes");
        }
        self.string()?;
        self.skip_blank();
        if !self.take(b':') {
            return self.fault("expected `:` behind the key");
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return self.fault("expected a JSON value"),
            None => return self.fault("the JSON ends too early: a bracket is not closed"),
        };
        self.builder.value_of_json(value, At { start, end: self.at, style: Style::Plain, decorated: false })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ReadError> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return self.fault("expected a JSON value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, ReadError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return self.fault("expected a digit");
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            if self.digits() == 0 {
                return self.fault("expected a digit");
            }
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            let _sign = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return self.fault("expected a digit");
            }
        }
        let text = self.text.as_str().get(start..self.at).unwrap_or_default();
        if let Some(n) = text.parse::<i64>().ok().filter(|_| whole) {
            return Ok(u64::try_from(n).map_or_else(|_| Value::from(n), Value::from));
        }
        match text.parse::<f64>().ok().filter(|n| n.is_finite()) {
            Some(n) => Ok(Value::from(n)),
            None => {
                let at = Some(self.text.position(start));
                Err(ReadError { message: "this number is too large".to_owned(), at })
            }
        }
    }

    fn digits(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// A string: a key or a value, as the builder expects it.
    fn string(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        self.at += 1;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut escaped = false;
        loop {
            let from = self.at;
            let rest = self.bytes.get(from..).unwrap_or_default();
            self.at += rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=31)).count();
            let run = self.text.as_str().get(from..self.at).unwrap_or_default();
            if self.take(b'"') {
                if escaped {
                    buffer.push_str(run);
                }
                let text = if escaped { buffer.as_str() } else { run };
                let at = At { start, end: self.at, style: Style::Double, decorated: false };
                let done = self.builder.scalar(Scalar { text, tag: None, implicit: false, anchor: None }, at);
                self.buffer = buffer;
                return done;
            }
            escaped = true;
            buffer.push_str(run);
            match self.peek() {
                Some(b'\\') => self.escape(&mut buffer)?,
                Some(_) => return self.fault("a control character in a string: escape it"),
                None => {
                    self.at = start;
                    return self.fault("this string is never closed");
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), ReadError> {
        let c = match self.bytes.get(self.at + 1) {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(out),
            _ => return self.fault("this escape is not known in JSON"),
        };
        out.push(c);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, out: &mut String) -> Result<(), ReadError> {
        let Some(first) = self.hex(self.at) else { return self.fault("expected four hexadecimal digits") };
        self.at += 6;
        let second = if (0xd800..0xdc00).contains(&first) { self.hex(self.at).filter(|low| (0xdc00..0xe000).contains(low)) } else { None };
        let code = match second {
            Some(low) => {
                self.at += 6;
                0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)
            }
            None => first,
        };
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    /// The code unit of the `\uXXXX` at a byte offset.
    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_str().get(at..at + 6)?.strip_prefix("\\u")?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_blank(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    fn fault<T>(&mut self, message: &str) -> Result<T, ReadError> {
        self.syntax = true;
        Err(ReadError { message: message.to_owned(), at: Some(self.text.position(self.at)) })
    }
}
