//! The outside of an `AdmissionReview`: which bytes are the uid, the object, the old object. Iterative, so that nesting
//! of any depth costs no stack, and forgiving: what stands before the first mistake is found, because an answer needs the
//! uid even of a body that cannot be read. Knows nothing of rules or HTTP.

use crate::value::Value;
use crate::yaml::{self, Limits};

/// Deepest object that is judged; deeper ones get a verdict by their depth alone (design 3). Levels of containers.
pub const MAX_DEPTH: usize = 512;
/// Most values an object may have. 3 MiB, the largest request that the API server takes, can hold about this many numbers.
pub const MAX_VALUES: usize = 1_600_000;

/// A part of the request that is still text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raw<'a> {
    /// JSON, not yet checked.
    pub bytes: &'a [u8],
    /// Levels of containers; a scalar has 0.
    pub depth: usize,
    /// Scalars and containers, about.
    pub values: usize,
}

/// Why a part of a request cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nested too deep.
    #[error("it is nested {0} levels deep; kubelint judges up to {MAX_DEPTH}")]
    Deep(usize),
    /// Too many values.
    #[error("it has about {0} values; kubelint judges up to {MAX_VALUES}")]
    Large(usize),
    /// Not JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
}

impl Raw<'_> {
    /// Is it left out, or `null`?
    pub fn is_absent(&self) -> bool {
        self.bytes.is_empty() || self.bytes == b"null"
    }

    /// The value; `Undefined` for what was left out.
    ///
    /// # Errors
    /// When it is too deep, too large or not JSON.
    pub fn parse(&self) -> Result<Value, Unreadable> {
        if self.bytes.is_empty() {
            return Ok(Value::Undefined);
        }
        if self.depth > MAX_DEPTH {
            return Err(Unreadable::Deep(self.depth));
        }
        if self.values > MAX_VALUES {
            return Err(Unreadable::Large(self.values));
        }
        let limits = Limits { depth: MAX_DEPTH, nodes: 2 * MAX_VALUES, ..Limits::default() };
        yaml::read_json(self.bytes, &limits).map_err(|error| {
            let at = error.at.map_or_else(String::new, |at| format!(" at byte {}", at.offset));
            Unreadable::Json(format!("{}{at}", error.message))
        })
    }
}

/// The parts of an `AdmissionReview`. What is missing or could not be found is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope<'a> {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Is there a `request` that is a mapping?
    pub has_request: bool,
    /// `request.uid`.
    pub uid: String,
    /// `request.operation`.
    pub operation: String,
    /// `request.namespace`.
    pub namespace: String,
    /// `request.name`.
    pub name: String,
    /// `request.subResource`.
    pub subresource: String,
    /// `request.dryRun`.
    pub dry_run: bool,
    /// `request.kind`.
    pub request_kind: Raw<'a>,
    /// `request.resource`.
    pub resource: Raw<'a>,
    /// `request.userInfo`.
    pub user: Raw<'a>,
    /// `request.object`.
    pub object: Raw<'a>,
    /// `request.oldObject`.
    pub old: Raw<'a>,
    /// `request.options`.
    pub options: Raw<'a>,
}

/// The text has no JSON structure from this byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not JSON at byte {0}")]
pub struct Malformed(pub usize);

impl<'a> Envelope<'a> {
    /// Everything up to the first mistake, and the mistake.
    pub fn skim(body: &'a [u8]) -> (Self, Result<(), Malformed>) {
        let mut found = Self::default();
        let mut cursor = Cursor { bytes: body, at: 0 };
        let whole = found.review(&mut cursor).ok_or(()).and_then(|()| if cursor.at_end() { Ok(()) } else { Err(()) });
        (found, whole.map_err(|()| Malformed(cursor.at)))
    }

    fn review(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        cursor.mapping(|key, cursor| {
            match key {
                "apiVersion" => self.api_version = cursor.scalar_text()?,
                "kind" => self.kind = cursor.scalar_text()?,
                "request" if cursor.peek() == Some(b'{') => {
                    self.has_request = true;
                    self.request(cursor)?;
                }
                _ => {
                    cursor.value()?;
                }
            }
            Some(())
        })
    }

    fn request(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        cursor.mapping(|key, cursor| {
            match key {
                "uid" => self.uid = cursor.scalar_text()?,
                "operation" => self.operation = cursor.scalar_text()?,
                "namespace" => self.namespace = cursor.scalar_text()?,
                "name" => self.name = cursor.scalar_text()?,
                "subResource" => self.subresource = cursor.scalar_text()?,
                "dryRun" => self.dry_run = cursor.value()?.bytes == b"true",
                "kind" => self.request_kind = cursor.value()?,
                "resource" => self.resource = cursor.value()?,
                "userInfo" => self.user = cursor.value()?,
                "object" => self.object = cursor.value()?,
                "oldObject" => self.old = cursor.value()?,
                "options" => self.options = cursor.value()?,
                _ => {
                    cursor.value()?;
                }
            }
            Some(())
        })
    }
}

/// A position in JSON text. Every method yields `None` at what is no JSON, and stays there.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !byte.is_ascii_whitespace() {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Walks over the entries of a mapping.
    fn mapping(&mut self, mut entry: impl FnMut(&str, &mut Self) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.text()?;
            self.take(b':')?;
            self.peek()?;
            entry(&key, self)?;
            if self.take(b'}').is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    /// A string, decoded.
    fn text(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at;
        self.string()?;
        serde_json::from_slice(self.bytes.get(start..self.at)?).ok()
    }

    /// The text of a value that should be a string; empty for every other value.
    fn scalar_text(&mut self) -> Option<String> {
        if self.peek()? == b'"' { self.text() } else { self.value().map(|_| String::new()) }
    }

    /// Steps over a string; the position is at its quote.
    fn string(&mut self) -> Option<()> {
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(())
    }

    /// Steps over a value.
    fn value(&mut self) -> Option<Raw<'a>> {
        self.peek()?;
        let start = self.at;
        let mut raw = Raw { values: 1, ..Raw::default() };
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                bracket @ (b'{' | b'[') => {
                    open.push(if bracket == b'{' { b'}' } else { b']' });
                    raw.depth = raw.depth.max(open.len());
                    raw.values += 1;
                    self.at += 1;
                    continue;
                }
                bracket @ (b'}' | b']') => {
                    (open.pop()? == bracket).then(|| self.at += 1)?;
                }
                b',' | b':' => {
                    open.last()?;
                    raw.values += 1;
                    self.at += 1;
                    continue;
                }
                _ => self.literal(),
            }
            if open.is_empty() {
                raw.bytes = self.bytes.get(start..self.at)?;
                return Some(raw);
            }
        }
    }

    /// Steps over a number, `true`, `false` or `null`, unchecked; at least one byte.
    fn literal(&mut self) {
        self.at += 1;
        while self
            .bytes
            .get(self.at)
            .is_some_and(|byte| !matches!(byte, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"') && !byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Lookup;

    const BODY: &str = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\u00fc","kind":{"kind":"Pod"},
        "operation":"UPDATE","userInfo":{"username":"a\"}"},"object":{"a":[1,{"b":null}]},"oldObject":null,"dryRun":true}}"#;

    #[test]
    fn parts_are_found_without_reading_them() {
        let (found, whole) = Envelope::skim(BODY.as_bytes());
        assert_eq!(whole, Ok(()));
        assert_eq!((found.uid.as_str(), found.operation.as_str(), found.dry_run), ("ü", "UPDATE", true));
        assert_eq!(found.user.parse().unwrap().at("username").text(), Some("a\"}"));
        assert_eq!((found.object.bytes, found.object.depth), (br#"{"a":[1,{"b":null}]}"#.as_slice(), 3));
        assert!(found.old.is_absent() && found.options.is_absent());
    }

    #[test]
    fn every_cut_yields_a_mistake_and_keeps_what_came_before() {
        for end in 0..BODY.len() {
            let (found, whole) = Envelope::skim(&BODY.as_bytes()[..end]);
            assert!(whole.is_err(), "{end}");
            assert_eq!(found.uid.is_empty(), end < BODY.find(",\"kind\":{").unwrap(), "{end}");
        }
    }

    #[test]
    fn depth_costs_no_stack_and_is_counted() {
        let deep = format!(r#"{{"request":{{"uid":"u","object":{}{}}}}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
        let (found, whole) = Envelope::skim(deep.as_bytes());
        assert_eq!((whole, found.object.depth), (Ok(()), 1 << 20));
        assert_eq!(found.object.parse(), Err(Unreadable::Deep(1 << 20)));
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is() {
        for junk in ["", "{", "[]", "{}x", "{\"a\":}", "{\"a\":1,}", "{\"request\":{\"object\":{]}}", "{\"a\" 1}", "\"\\", "{\"a\":[}"] {
            assert!(Envelope::skim(junk.as_bytes()).1.is_err(), "{junk}");
        }
        for object in ["{\"a\":tru}", "{\"a\" \"b\"}", "[1 2]", "{\"a\":01}"] {
            let body = format!(r#"{{"request":{{"object":{object}}}}}"#);
            let (found, _) = Envelope::skim(body.as_bytes());
            assert!(matches!(found.object.parse(), Err(Unreadable::Json(_))), "{object}");
        }
    }
}
