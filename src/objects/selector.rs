//! Label selectors with all operators, exactly as `k8s.io/apimachinery/pkg/labels` evaluates them.

use crate::value::{Lookup, Value};

/// A label selector. An empty one matches everything; `None` (no selector) matches nothing and is not a `Selector`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

/// `NotIn` and `DoesNotExist` hold for a key that is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl Selector {
    /// From a `LabelSelector` (`matchLabels`, `matchExpressions`). `None` where it is `null`, absent, or what the API server
    /// would refuse (an unknown operator, `In` without values): such a selector selects nothing.
    pub fn from_label_selector(value: &Value) -> Option<Self> {
        if !matches!(value, Value::Object(_)) {
            return None;
        }
        let mut selector = Self::from_map(value.at("matchLabels")).unwrap_or_default();
        for expression in value.at("matchExpressions").items() {
            let values = || expression.at("values").items().iter().map(|v| v.text().map(str::to_owned)).collect::<Option<Vec<_>>>();
            let operator = match (expression.at("operator").text()?, values()?) {
                ("In", values) if !values.is_empty() => Operator::In(values),
                ("NotIn", values) if !values.is_empty() => Operator::NotIn(values),
                ("Exists", values) if values.is_empty() => Operator::Exists,
                ("DoesNotExist", values) if values.is_empty() => Operator::DoesNotExist,
                _ => return None,
            };
            selector.requirements.push(Requirement { key: expression.at("key").text()?.to_owned(), operator });
        }
        Some(selector)
    }

    /// From a plain map, as a Service or a ReplicationController has it. `None` where it is `null`, absent or empty:
    /// a Service without a selector selects nothing.
    pub fn from_map(value: &Value) -> Option<Self> {
        let requirement = |(key, value): (&str, &Value)| {
            Some(Requirement { key: key.to_owned(), operator: Operator::In(vec![value.text()?.to_owned()]) })
        };
        let requirements = value.entries().map(requirement).collect::<Option<Vec<_>>>()?;
        if requirements.is_empty() { None } else { Some(Self { requirements }) }
    }

    /// Does it match these labels?
    pub fn matches(&self, labels: &[(&str, &str)]) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.iter().find(|(key, _)| *key == requirement.key).map(|(_, value)| *value);
            match &requirement.operator {
                Operator::In(values) => value.is_some_and(|value| values.iter().any(|v| v == value)),
                Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|v| v != value)),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        })
    }

    /// Matches everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// A `key`, `value` pair without which it cannot match, if there is one: what an index files it under.
    pub fn needed_label(&self) -> Option<(&str, &str)> {
        self.requirements.iter().find_map(|requirement| match &requirement.operator {
            Operator::In(values) => match values.as_slice() {
                [value] => Some((requirement.key.as_str(), value.as_str())),
                _ => None,
            },
            _ => None,
        })
    }

    /// The keys it speaks of.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.requirements.iter().map(|requirement| requirement.key.as_str())
    }
}
