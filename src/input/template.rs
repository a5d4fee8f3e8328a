//! Is a text an unrendered template? Asked only of text that is no YAML, so that Go templates in the strings of
//! rendered manifests (Prometheus rules, Alertmanager, Grafana) are never taken for one.

/// Does a template's mark stand where YAML expects structure: at the beginning of a line, a value or an item, outside
/// comments, quotes and block scalars? Gives the 1-based line.
pub(super) fn first_mark(text: &str) -> Option<usize> {
    let mut block: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if let Some(parent) = block {
            if line.trim().is_empty() || indent > parent {
                continue;
            }
            block = None;
        }
        if is_marked(line) {
            return Some(number + 1);
        }
        if opens_block(line) {
            block = Some(indent);
        }
    }
    None
}

fn is_marked(line: &str) -> bool {
    let Some(at) = ["{{", "{%"].iter().filter_map(|mark| line.find(mark)).min() else { return false };
    let before = line.get(..at).unwrap_or_default();
    let trimmed = before.trim_end();
    if trimmed.trim_start().starts_with('#') || before.contains(" #") {
        return false;
    }
    trimmed.is_empty() || trimmed.ends_with([':', '-', '[', ',']) || trimmed.ends_with("}}")
}

/// `key: |`, `- >-`, with their indicators and a comment behind.
fn opens_block(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or_default().trim_end();
    let head = code.trim_end_matches(|c: char| c == '-' || c == '+' || c.is_ascii_digit());
    let Some(before) = head.strip_suffix(['|', '>']) else { return false };
    before.trim_end().is_empty() || before.ends_with([' ', '\t']) && before.trim_end().ends_with([':', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_where_yaml_expects_structure() {
        for (text, line) in [
            ("kind: X\nmetadata:\n  name: {{ .Values.name }}\n", Some(3)),
            ("{{- if .Values.on }}\na: 1\n", Some(1)),
            ("a:\n  - {{ .x }}\n", Some(2)),
            ("{% if on %}\na: 1\n", Some(1)),
            ("a: \"{{ x }}\"\n", None),
            ("# {{ x }}\na: 1 # {{ y }}\n", None),
            ("a: |\n  {{ x }}\n\n  {{- end }}\nb: [\n", None),
            ("a:\n- >-  # why\n  {{ x }}\nb: {{ y }}\n", Some(4)),
            ("summary: Instance {{ $labels.instance }} is down\n", None),
        ] {
            assert_eq!(first_mark(text), line, "{text}");
        }
    }
}
