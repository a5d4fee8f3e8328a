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
        let (labels, expressions) = (value.at("matchLabels"), value.at("matchExpressions"));
        let mut selector = match labels {
            Value::Null | Value::Undefined => Self::default(),
            Value::Object(map) if map.is_empty() => Self::default(),
            labels => Self::from_map(labels)?,
        };
        if !expressions.is_absent() && !matches!(expressions, Value::Array(_)) {
            return None;
        }
        for expression in expressions.items() {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Labels = BTreeMap<&'static str, &'static str>;
    type Expression = (&'static str, &'static str, Vec<&'static str>);

    const KEYS: [&str; 3] = ["app", "tier", "role"];
    const VALUES: [&str; 3] = ["a", "b", ""];
    const OPERATORS: [&str; 6] = ["In", "NotIn", "Exists", "DoesNotExist", "in", "Gt"];

    fn labels() -> impl Strategy<Value = Labels> {
        prop::collection::btree_map(prop::sample::select(&KEYS), prop::sample::select(&VALUES), 0..4)
    }

    fn expressions() -> impl Strategy<Value = Vec<Expression>> {
        let values = prop::collection::vec(prop::sample::select(&VALUES), 0..3);
        prop::collection::vec((prop::sample::select(&KEYS), prop::sample::select(&OPERATORS), values), 0..4)
    }

    fn label_selector(labels: &Labels, expressions: &[Expression]) -> serde_json::Value {
        let expression = |(key, operator, values): &Expression| serde_json::json!({"key": key, "operator": operator, "values": values});
        serde_json::json!({"matchLabels": labels, "matchExpressions": expressions.iter().map(expression).collect::<Vec<_>>()})
    }

    fn selector(json: &serde_json::Value) -> Option<Selector> {
        Selector::from_label_selector(&Value::from_json_str(&json.to_string()).unwrap())
    }

    /// The documentation of `LabelSelectorRequirement`, word for word; `None` where the API server refuses it.
    fn expected(wanted: &Labels, expressions: &[Expression], labels: &Labels) -> Option<bool> {
        let mut all = wanted.iter().all(|(key, value)| labels.get(key) == Some(value));
        for (key, operator, values) in expressions {
            let label = labels.get(key);
            all &= match (*operator, values.is_empty()) {
                ("In", false) => label.is_some_and(|label| values.contains(label)),
                ("NotIn", false) => !label.is_some_and(|label| values.contains(label)),
                ("Exists", true) => label.is_some(),
                ("DoesNotExist", true) => label.is_none(),
                _ => return None,
            };
        }
        Some(all)
    }

    proptest! {
        #[test]
        fn selectors_match_as_documented(wanted in labels(), expressions in expressions(), labels in labels()) {
            let selector = selector(&label_selector(&wanted, &expressions));
            let pairs: Vec<_> = labels.iter().map(|(key, value)| (*key, *value)).collect();
            let matched = selector.as_ref().map(|selector| selector.matches(&pairs));
            prop_assert_eq!(matched, expected(&wanted, &expressions, &labels));
            // What an index files a selector under must be among the labels of everything that it matches.
            if let (Some(true), Some(needed)) = (matched, selector.as_ref().and_then(Selector::needed_label)) {
                prop_assert!(pairs.contains(&needed));
            }
        }
    }

    #[test]
    fn no_selector_and_an_empty_one_are_opposites() {
        let parse = |json: &str| Value::from_json_str(json).unwrap();
        for (json, matches) in [
            ("null", None),
            ("\"app=a\"", None),
            ("[]", None),
            ("{}", Some(true)),
            (r#"{"matchLabels":null,"matchExpressions":null}"#, Some(true)),
            (r#"{"matchLabels":{}}"#, Some(true)),
            (r#"{"matchLabels":{"app":1}}"#, None),
            (r#"{"matchLabels":"app"}"#, None),
            (r#"{"matchExpressions":"app"}"#, None),
            (r#"{"matchLabels":{"app":"a"}}"#, Some(true)),
            (r#"{"matchLabels":{"app":"A"}}"#, Some(false)),
        ] {
            let selector = Selector::from_label_selector(&parse(json));
            assert_eq!(selector.map(|selector| selector.matches(&[("app", "a")])), matches, "{json}");
        }
        for (json, matches) in [("null", None), ("{}", None), (r#"{"app":1}"#, None), (r#"{"app":"a"}"#, Some(true))] {
            let selector = Selector::from_map(&parse(json));
            assert_eq!(selector.map(|selector| selector.matches(&[("app", "a")])), matches, "{json}");
        }
    }
}
