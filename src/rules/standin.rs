//! Reads the YAML of headers until `yaml::read_value` is there.
#![allow(clippy::unwrap_used, missing_docs, reason = "goes away with yaml::read_value")]

pub(super) fn read_value(text: &str) -> Result<crate::value::Value, String> {
    use crate::value::Value;
    use libyaml_safer::{Document, NodeData, Parser, ScalarStyle};
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    let mut doc = Document::load(&mut parser).map_err(|e| e.to_string())?;
    fn build(doc: &mut Document, id: i32) -> Value {
        let data = match &doc.get_node_mut(id).unwrap().data {
            NodeData::Scalar { value, style } => {
                if *style != ScalarStyle::Plain {
                    return Value::from(value.as_str());
                }
                return match value.as_str() {
                    "true" | "on" => Value::Bool(true),
                    "false" | "off" => Value::Bool(false),
                    "" | "null" => Value::Null,
                    v => v.parse::<i64>().map(Value::from).unwrap_or(Value::from(v)),
                };
            }
            NodeData::Sequence { items, .. } => {
                let items = items.clone();
                return Value::from(items.into_iter().map(|i| build(doc, i)).collect::<Vec<_>>());
            }
            NodeData::Mapping { pairs, .. } => pairs.clone(),
            NodeData::NoNode => return Value::Null,
        };
        crate::value::object(
            data.into_iter()
                .map(|p| {
                    let k = build(doc, p.key);
                    (crate::value::Lookup::text(&k).unwrap_or_default().to_owned(), build(doc, p.value))
                })
                .collect::<Vec<_>>(),
        )
    }
    doc.get_root_node().ok_or("empty")?;
    Ok(build(&mut doc, 1))
}
