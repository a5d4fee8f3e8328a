//! The definitions of `kubernetes.zlib`, which `tools/schemas.py` writes and explains: inflated at the first question,
//! each line read when it is first needed.

use std::sync::{LazyLock, OnceLock};

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use rustc_hash::FxHashMap;

use super::values::{Bound, Relation, asked_for, bound, relation};

/// The oldest minor version of Kubernetes with schemas; older targets are judged by it.
pub const FIRST_MINOR: u32 = 33;
/// The newest minor version with schemas; newer targets are judged by it.
pub const LAST_MINOR: u32 = 37;

const PACKED: &[u8] = include_bytes!("kubernetes.zlib");
/// More than the text will ever be.
const LIMIT: usize = 8 << 20;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let text = decompress_to_vec_zlib_with_limit(PACKED, LIMIT).unwrap_or_default();
    String::from_utf8(text).unwrap_or_default()
});
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(&TEXT));

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Int32,
    Int64,
    Number,
    Boolean,
    Base64,
    Time,
    MicroTime,
    Quantity,
    IntOrText,
    Anything,
    AnyObject,
    List(Box<Self>),
    Map(Box<Self>),
    /// Of [`Table::definition`].
    Definition(&'static str),
}

impl Type {
    /// From a code of the file; the keys of a list are behind `|`.
    fn parse(code: &'static str) -> Self {
        let code = code.split_once('|').map_or(code, |(code, _)| code);
        let inner = || Box::new(Self::parse(code.get(1..).unwrap_or_default()));
        match code.as_bytes().first() {
            Some(b's') => Self::Text,
            Some(b'i') => Self::Int32,
            Some(b'l') => Self::Int64,
            Some(b'n') => Self::Number,
            Some(b'b') => Self::Boolean,
            Some(b'y') => Self::Base64,
            Some(b't') => Self::Time,
            Some(b'm') => Self::MicroTime,
            Some(b'q') => Self::Quantity,
            Some(b'x') => Self::IntOrText,
            Some(b'o') => Self::AnyObject,
            Some(b'[') => Self::List(inner()),
            Some(b'{') => Self::Map(inner()),
            Some(b'@') => Self::Definition(code.get(1..).unwrap_or_default()),
            _ => Self::Anything,
        }
    }
}

/// A field of a definition.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) of: Type,
    /// What it may hold besides.
    pub(super) bound: Option<&'static Bound>,
}

/// The fields of an object, by name.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) fields: Vec<Field>,
    /// What its fields must agree on.
    pub(super) relation: Option<Relation>,
}

impl Definition {
    fn parse(name: &str, line: &'static str) -> Self {
        let mut fields: Vec<Field> = line
            .split(' ')
            .filter_map(|field| field.split_once('='))
            .map(|(field, code)| {
                let plain = field.trim_end_matches('!');
                Field {
                    name: plain,
                    required: plain.len() < field.len() || asked_for(name, plain),
                    of: Type::parse(code),
                    bound: bound(name, plain),
                }
            })
            .collect();
        fields.sort_by_key(|field| field.name);
        Self { fields, relation: relation(name) }
    }

    /// A field by its name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|field| field.name.cmp(name)).ok().and_then(|at| self.fields.get(at))
    }
}

/// What held from one minor version to another.
struct Span {
    first: u32,
    last: u32,
    line: &'static str,
    definition: OnceLock<Definition>,
}

/// All definitions and kinds.
pub(super) struct Table {
    definitions: FxHashMap<&'static str, Vec<Span>>,
    kinds: FxHashMap<&'static str, Vec<Span>>,
}

impl Table {
    /// The one table there is.
    pub(super) fn get() -> &'static Self {
        &TABLE
    }

    fn read(text: &'static str) -> Self {
        let mut table = Self { definitions: FxHashMap::default(), kinds: FxHashMap::default() };
        for line in text.lines() {
            let mut parts = line.splitn(3, ' ');
            let (Some(key), Some(minors)) = (parts.next(), parts.next()) else { continue };
            let Some((first, last)) = minors.split_once('-') else { continue };
            let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else { continue };
            let span = Span { first, last, line: parts.next().unwrap_or_default(), definition: OnceLock::new() };
            let (map, key) = match key.strip_prefix('.') {
                Some(key) => (&mut table.definitions, key),
                None => (&mut table.kinds, key.trim_start_matches('=')),
            };
            map.entry(key).or_default().push(span);
        }
        table
    }

    /// The definition of a kind that this minor version serves.
    pub(super) fn kind(&self, api_version: &str, kind: &str, minor: u32) -> Option<&Definition> {
        let spans = self.kinds.get(format!("{api_version}/{kind}").as_str())?;
        let name = at(spans, minor)?.line.split(' ').next()?;
        self.definition(name, minor)
    }

    /// The first minor version that has this kind no longer; `None` where it is still there, or never was.
    pub(super) fn gone(&self, api_version: &str, kind: &str) -> Option<u32> {
        let last = self.kinds.get(format!("{api_version}/{kind}").as_str())?.last()?.last;
        (last < LAST_MINOR).then_some(last + 1)
    }

    /// A definition that another one, or a kind, names.
    pub(super) fn definition(&self, name: &str, minor: u32) -> Option<&Definition> {
        let span = at(self.definitions.get(name)?, minor)?;
        Some(span.definition.get_or_init(|| Definition::parse(name, span.line)))
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.definitions.iter().flat_map(|(name, spans)| spans.iter().map(|span| (*name, span.line)))
    }

    /// `apiVersion/kind` of everything that some version has.
    pub(super) fn kind_names(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.keys().copied()
    }
}

fn at(spans: &[Span], minor: u32) -> Option<&Span> {
    let minor = minor.clamp(FIRST_MINOR, LAST_MINOR);
    spans.iter().find(|span| (span.first..=span.last).contains(&minor))
}
