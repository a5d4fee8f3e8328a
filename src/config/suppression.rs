//! Suppressions in place: comments and annotations. Parsing only; what they cover is decided where lines are known.

use crate::objects::{Object, template};
use crate::place::Path;
use crate::value::{Lookup, Value};

/// The annotation, on an object or on its pod template.
pub const ANNOTATION: &str = "kubelint.dev/ignore";

/// One suppression, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Rule ids.
    pub rules: Vec<String>,
    /// Why; empty if not said.
    pub reason: String,
}

/// One line of the annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationLine {
    /// Where the annotation is in its object.
    pub path: Path,
    /// The rule's id.
    pub rule: String,
    /// Only in this container.
    pub container: Option<String>,
    /// Why; empty if not said.
    pub reason: String,
}

/// `# kubelint: ignore[rule, rule] reason`. `None` for every other comment; `Some(Err)` for one that speaks to
/// kubelint and is not understood.
pub fn parse_comment(comment: &str) -> Option<Result<Directive, String>> {
    let text = comment.trim_start_matches('#').trim();
    let text = text.strip_prefix("kubelint:")?.trim_start();
    Some(parse_directive(text))
}

fn parse_directive(text: &str) -> Result<Directive, String> {
    const FORM: &str = "expected `# kubelint: ignore[rule] reason`";
    let rest = text.strip_prefix("ignore").ok_or(FORM)?.trim_start();
    let (rules, reason) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or(FORM)?;
    let rules: Vec<String> = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(Into::into).collect();
    if rules.is_empty() {
        return Err(FORM.into());
    }
    let reason = reason.trim().trim_start_matches([':', '-']).trim();
    Ok(Directive { rules, reason: reason.into() })
}

/// All lines of the annotation on an object and on its pod template: one `rule[@container]: reason` a line.
pub fn annotation_lines(object: &Object) -> Vec<AnnotationLine> {
    let mut lines = Vec::new();
    let mut read = |keys: &[&str]| {
        let path = Path::root().keys(keys).keys(&["metadata", "annotations", ANNOTATION]);
        let Some(text) = object.value.at_path(path.steps()).text() else { return };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (what, reason) = line.split_once(':').unwrap_or((line, ""));
            let (rule, container) =
                what.split_once('@').map_or((what, None), |(rule, container)| (rule, Some(container.trim().to_owned())));
            lines.push(AnnotationLine { path: path.clone(), rule: rule.trim().to_owned(), container, reason: reason.trim().to_owned() });
        }
    };
    if matches!(object.value.at("metadata").at("annotations"), Value::Object(_)) {
        read(&[]);
    }
    if let Some(keys) = template::pod_template_path(object.group_kind())
        && !keys.is_empty()
    {
        read(keys);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Origin;

    #[test]
    fn comments_name_rules_and_a_reason() {
        let parsed = |text| parse_comment(text).map(|r| r.map(|d| (d.rules.join(" "), d.reason)));
        let ok = |rules: &str, reason: &str| Some(Ok((rules.to_owned(), reason.to_owned())));
        assert_eq!(parsed("# kubelint: ignore[a-b] batch only"), ok("a-b", "batch only"));
        assert_eq!(parsed("#kubelint:ignore[a,  b]"), ok("a b", ""));
        assert_eq!(parsed("# kubelint: ignore[a]: why"), ok("a", "why"));
        assert_eq!(parsed("# kubelint is nice"), None);
        assert!(parsed("# kubelint: ignore").unwrap().is_err());
        assert!(parsed("# kubelint: ignore[]").unwrap().is_err());
        assert!(parsed("# kubelint: off").unwrap().is_err());
    }

    #[test]
    fn annotations_are_read_from_the_object_and_its_template() {
        let json = r#"{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s","annotations":{"kubelint.dev/ignore":"a: one\nb@c: two\n\nd"}},
                      "spec":{"template":{"metadata":{"annotations":{"kubelint.dev/ignore":"e: three"}}}}}"#;
        let object = Object::new(Value::from_json_str(json).unwrap(), Origin::Cluster).unwrap();
        let lines: Vec<_> = annotation_lines(&object)
            .into_iter()
            .map(|l| (l.rule, l.container.unwrap_or_default(), l.reason, l.path.steps().len()))
            .collect();
        let line = |rule: &str, container: &str, reason: &str, depth| (rule.to_owned(), container.to_owned(), reason.to_owned(), depth);
        assert_eq!(lines, [line("a", "", "one", 3), line("b", "c", "two", 3), line("d", "", "", 3), line("e", "", "three", 5)]);
    }
}
