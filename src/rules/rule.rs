//! What a rule says about itself in its header.

use std::borrow::Cow;
use std::sync::Arc;

use super::kinds::KindPattern;
use crate::facts::Need;
use crate::finding::Severity;
use crate::objects::GroupKind;
use crate::value::{Lookup, Value, object};

/// Where objects come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// Files.
    Offline,
    /// Requests of a cluster.
    Admission,
}

impl Door {
    /// The name in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Admission => "admission",
        }
    }
}

/// At which doors a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doors {
    /// Files.
    pub offline: bool,
    /// Requests of a cluster.
    pub admission: bool,
}

impl Doors {
    /// Does it run at this one?
    pub const fn open(self, door: Door) -> bool {
        match door {
            Door::Offline => self.offline,
            Door::Admission => self.admission,
        }
    }
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A new object.
    Create,
    /// A change.
    Update,
    /// A removal: `object` is the last version.
    Delete,
    /// `exec`, `portforward`, ...
    Connect,
}

impl Operation {
    /// All there are.
    pub const ALL: &'static [Self] = &[Self::Create, Self::Update, Self::Delete, Self::Connect];

    /// The name in headers and admission requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// What a rule that could not be evaluated does at admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnError {
    /// Admit, with a warning.
    Warn,
    /// Refuse.
    Deny,
}

impl OnError {
    /// The name in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// Does a rule offer fixes, and may they be applied without asking?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FixKind {
    /// It offers none.
    None,
    /// Applied by `--fix`.
    Safe,
    /// Applied by `--unsafe-fixes` only.
    Unsafe,
}

impl FixKind {
    /// The name in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A parameter that the configuration can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// `snake_case`.
    pub name: Arc<str>,
    /// An integer, a boolean, a string or a list of those. Ratios are integer percent.
    pub default: Value,
    /// What it means, with its unit.
    pub description: String,
}

/// A rule, or a finding of kubelint's own that configuration and reports treat as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Kebab-case; equal to the file's name and the package's last part.
    pub id: Arc<str>,
    /// The folder below `policies/`; `custom` for users' rules, `kubelint` for what is not Rego.
    pub family: Arc<str>,
    /// One line.
    pub title: String,
    /// Why it matters.
    pub description: String,
    /// Links; at least one for a built-in rule.
    pub related_resources: Vec<String>,
    /// Unless the finding or the configuration says otherwise.
    pub severity: Severity,
    /// Which objects it judges.
    pub kinds: Vec<KindPattern>,
    /// Families of software of which one must run in the workload; empty: any. `redis` stands for its whole family.
    pub software: Vec<Arc<str>>,
    /// Related facts it reads.
    pub needs: Vec<Need>,
    /// Which operations it judges.
    pub operations: Vec<Operation>,
    /// Where it runs.
    pub doors: Doors,
    /// Does it run unless configured?
    pub default_on: bool,
    /// Kinds of which an object with an error finding is refused at admission.
    pub deny: Vec<KindPattern>,
    /// What it does at admission when it could not be evaluated.
    pub on_error: OnError,
    /// Named sets of rules it belongs to.
    pub profiles: Vec<Arc<str>>,
    /// Does it offer fixes?
    pub fix: FixKind,
    /// The version that brought it; empty for users' rules.
    pub since: String,
    /// What the configuration can set.
    pub params: Vec<Param>,
    /// Its file as named to the loader.
    pub file: Arc<str>,
    /// The text of the `.rego` file; empty for what is not Rego.
    pub source: Cow<'static, str>,
    /// The package, `kubelint.` and the id in `snake_case`; empty for what is not Rego.
    pub package: String,
    /// Is it part of kubelint?
    pub builtin: bool,
}

/// What is wrong with a parameter in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// The rule has no such parameter.
    #[error("rule {rule} has no parameter {name}{}", hint(.known))]
    Unknown {
        /// The rule.
        rule: Arc<str>,
        /// As written.
        name: String,
        /// What it has.
        known: Vec<Arc<str>>,
    },
    /// A value of another type than the default's.
    #[error("parameter {name} of rule {rule} must be {expected}, like its default {default}")]
    Type {
        /// The rule.
        rule: Arc<str>,
        /// The parameter.
        name: Arc<str>,
        /// What it must be.
        expected: &'static str,
        /// The default, as JSON.
        default: String,
    },
}

fn hint(known: &[Arc<str>]) -> String {
    if known.is_empty() { "; it has none: remove `params`".to_owned() } else { format!("; it has: {}", known.join(", ")) }
}

impl Rule {
    /// Is it Rego, to be evaluated? Otherwise the finding is made in Rust.
    pub fn is_rego(&self) -> bool {
        !self.source.is_empty()
    }

    /// Does it judge objects of this kind?
    pub fn judges(&self, kind: GroupKind<'_>) -> bool {
        self.kinds.iter().any(|pattern| pattern.matches(kind))
    }

    /// Is an object of this kind with an error finding of this rule refused at admission?
    pub fn denies(&self, kind: GroupKind<'_>) -> bool {
        self.deny.iter().any(|pattern| pattern.matches(kind))
    }

    /// The parameters' defaults.
    pub fn default_params(&self) -> Value {
        object(self.params.iter().map(|param| (&*param.name, param.default.clone())))
    }

    /// The defaults, with what the configuration sets in their place. `Undefined` or `Null`: nothing set.
    pub fn params_with(&self, configured: &Value) -> Result<Value, Vec<ParamError>> {
        let mut errors = Vec::new();
        for (name, value) in configured.entries() {
            match self.params.iter().find(|param| &*param.name == name) {
                None => errors.push(ParamError::Unknown {
                    rule: self.id.clone(),
                    name: name.to_owned(),
                    known: self.params.iter().map(|param| param.name.clone()).collect(),
                }),
                Some(param) if !same_type(&param.default, value) => errors.push(ParamError::Type {
                    rule: self.id.clone(),
                    name: param.name.clone(),
                    expected: type_name(&param.default),
                    default: param.default.to_string(),
                }),
                Some(_) => {}
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let value = |param: &Param| match configured.at(&param.name) {
            Value::Undefined => param.default.clone(),
            set => set.clone(),
        };
        Ok(object(self.params.iter().map(|param| (&*param.name, value(param)))))
    }

    /// As `rules --format json` shows it (design 8.1).
    pub fn to_value(&self) -> Value {
        let texts = |items: Vec<&str>| Value::from(items.into_iter().map(Value::from).collect::<Vec<_>>());
        let params = self.params.iter().map(|param| {
            object([
                ("name", Value::from(&*param.name)),
                ("default", param.default.clone()),
                ("description", Value::from(param.description.as_str())),
            ])
        });
        let doors = [Door::Offline, Door::Admission].into_iter().filter(|door| self.doors.open(*door));
        object([
            ("id", Value::from(&*self.id)),
            ("family", Value::from(&*self.family)),
            ("title", Value::from(self.title.as_str())),
            ("description", Value::from(self.description.as_str())),
            ("related_resources", texts(self.related_resources.iter().map(String::as_str).collect())),
            ("severity", Value::from(self.severity.as_str())),
            ("kinds", texts(self.kinds.iter().map(KindPattern::as_str).collect())),
            ("software", texts(self.software.iter().map(|s| &**s).collect())),
            ("needs", texts(self.needs.iter().map(|need| need.as_str()).collect())),
            ("operations", texts(self.operations.iter().map(|operation| operation.as_str()).collect())),
            ("doors", texts(doors.map(Door::as_str).collect())),
            ("default", Value::from(if self.default_on { "on" } else { "off" })),
            ("deny", texts(self.deny.iter().map(KindPattern::as_str).collect())),
            ("on_error", Value::from(self.on_error.as_str())),
            ("profiles", texts(self.profiles.iter().map(|s| &**s).collect())),
            ("fix", Value::from(self.fix.as_str())),
            ("since", Value::from(self.since.as_str())),
            ("params", Value::from(params.collect::<Vec<_>>())),
            ("builtin", Value::from(self.builtin)),
            ("rego", Value::from(self.is_rego())),
        ])
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "an integer",
        Value::Bool(_) => "true or false",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        _ => "a value",
    }
}

fn same_type(default: &Value, value: &Value) -> bool {
    match (default, value) {
        (Value::Number(_), Value::Number(_)) => value.int().is_some(),
        (Value::Bool(_), Value::Bool(_)) | (Value::String(_), Value::String(_)) => true,
        (Value::Array(defaults), Value::Array(items)) => {
            defaults.first().is_none_or(|first| items.iter().all(|item| same_type(first, item)))
        }
        _ => false,
    }
}
