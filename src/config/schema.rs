//! The JSON Schema of `kubelint.yaml`, from the same structure that checks it.

use serde_json::{Map, Value as Json, json};

use super::KnownRule;
use super::shape::{FILE, RULE_KEYS, SEVERITIES, Shape, type_of};

/// JSON Schema (draft 2020-12) for editors.
pub fn json_schema(rules: &[KnownRule]) -> Json {
    let mut schema = of(&FILE, rules);
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".into(), json!("kubelint.yaml"));
    }
    schema
}

fn of(shape: &Shape, rules: &[KnownRule]) -> Json {
    match shape {
        Shape::Choice(choices) => json!({"enum": choices}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::ByRule(item) => {
            let properties: Map<String, Json> =
                rules.iter().map(|rule| (rule.id.clone(), described(of(item, rules), &rule.title))).collect();
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        }
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Date => json!({"type": "string", "format": "date"}),
        Shape::Rule => json!({"enum": rules.iter().map(|rule| rule.id.as_str()).chain(["*"]).collect::<Vec<_>>()}),
        Shape::Version(version) => json!({"const": version}),
        Shape::List(item) => json!({"type": "array", "items": of(item, rules)}),
        Shape::Map(keys) => {
            let properties: Map<String, Json> =
                keys.iter().map(|key| (key.name.to_owned(), described(of(&key.shape, rules), key.doc))).collect();
            let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
        Shape::Rules => {
            let properties: Map<String, Json> = rules.iter().map(|rule| (rule.id.clone(), described(setting(rule), &rule.title))).collect();
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        }
    }
}

fn described(mut schema: Json, text: &str) -> Json {
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".into(), json!(text));
    }
    schema
}

fn severity() -> Json {
    let names: Vec<Json> = SEVERITIES.iter().map(|name| json!(name)).chain([json!(false)]).collect();
    json!({"enum": names})
}

fn setting(rule: &KnownRule) -> Json {
    let params: Map<String, Json> = rule
        .params
        .iter()
        .map(|param| {
            let default = serde_json::to_value(&param.default).unwrap_or(Json::Null);
            (param.name.clone(), described(json!({"type": type_of(&param.default).0, "default": default}), &param.description))
        })
        .collect();
    let [(_, severity_doc), (_, params_doc)] = RULE_KEYS;
    let params = described(json!({"type": "object", "properties": params, "additionalProperties": false}), params_doc);
    let map = json!({"type": "object", "properties": {"severity": described(severity(), severity_doc), "params": params}, "additionalProperties": false});
    json!({"anyOf": [severity(), map]})
}
