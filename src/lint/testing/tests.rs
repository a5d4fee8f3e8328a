//! The harness must notice: each case breaks one thing in a sound rule or its fixtures.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Fixture, check};
use crate::rules::Catalog;

const HEADER: &str = "# METADATA\n# title: T\n# description: D\n# related_resources: [https://example.org]\n# custom:\n#   severity: warning\n#   kinds: [ConfigMap]\n#   since: 0.1.0\n#   fix: safe\n#   params:\n#     word: {default: bad, description: d}\n";
const BODY: &str = r#"package kubelint.x

import rego.v1

findings contains finding if {
	some key, value in input.object.data
	value == input.params.word
	finding := {
		"path": ["data", key],
		"message": sprintf("%s is bad", [key]),
		"fix": {"title": "Mend", "edits": [{"ops": [{"op": "replace", "path": ["data", key], "value": "good"}]}]},
	}
}
"#;
const FAIL: &str = "# Two of three.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: bad # expect: a is bad\n  b: fine\n  c: bad # expect\n";
const PASS: &str = "# None.\n# params: {word: ugly}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: bad\n";

fn failures(body: &str, fail: &str, pass: &str) -> Vec<String> {
    let source = format!("{HEADER}{body}");
    let catalog = Arc::new(Catalog::from_sources([("policies/a/x.rego", Cow::Owned(source))]).unwrap_or_else(|errors| panic!("{errors}")));
    let fixture = |name: &str, text: &str| Fixture { name: name.to_owned(), text: text.to_owned(), old: None };
    check(&catalog, "x", &[fixture("fail.yaml", fail), fixture("pass.yaml", pass)])
}

#[test]
fn a_sound_rule_passes() {
    assert_eq!(failures(BODY, FAIL, PASS), Vec::<String>::new());
}

#[test]
fn every_fault_is_noticed() {
    let body = |from: &str, to: &str| {
        assert!(BODY.contains(from), "{from}");
        (BODY.replace(from, to), FAIL.to_owned(), PASS.to_owned())
    };
    let fail = |from: &str, to: &str| {
        assert!(FAIL.contains(from), "{from}");
        (BODY.to_owned(), FAIL.replace(from, to), PASS.to_owned())
    };
    let more = |lines: &str| (format!("{BODY}\n{lines}"), FAIL.to_owned(), PASS.to_owned());
    for ((body, fail, pass), said) in [
        (fail("a: bad # expect: a is bad", "a: bad"), "line 6 is not marked for `a is bad` (at data.a)"),
        (fail("b: fine", "b: fine # expect"), "line 7 expects a finding"),
        (fail("expect: a is bad", "expect: a is good"), "line 6 expects a finding that says `a is good`"),
        (fail(" # expect: a is bad", " # expect: a is bad ;;"), "line 6 expects a finding"),
        (fail("c: bad # expect", "c: bad # expect: a is bad"), "line 8 is not marked for `c is bad`"),
        (fail("kind: ConfigMap\n", ""), "document 1 has no apiVersion and kind"),
        (fail("data:", "data: ["), "cannot be read: line"),
        (body("input.object.data\n", "input.object.daat\n"), "expects a finding"),
        (body("[\"data\", key],\n\t\t\"message\"", "[\"dta\", key],\n\t\t\"message\""), "dta.a does not exist, and none of its parents"),
        (body("\"value\": \"good\"", "\"value\": \"bad\""), "the fix `Mend` leaves its finding: a is bad"),
        (body("\"replace\"", "\"remove\""), ""),
        (
            body("\"op\": \"replace\", \"path\": [\"data\", key]", "\"op\": \"replace\", \"path\": [\"dat\", key]"),
            "the fix `Mend` does not apply",
        ),
        (body("value == input.params.word", "startswith(value, input.params.word)\n\tcount(input.object.metadata.name) > 0"), ""),
        (
            body(
                "value == input.params.word",
                "value == input.params.word\n\tstartswith(object.get(input.object.data, \"b\", null), \"f\")",
            ),
            "the rule fails without data.b",
        ),
        (
            more("findings contains {\"path\": [\"data\"], \"message\": \"m\"} if {\n\tinput.object.never\n\tinput.object.reached\n}\n"),
            "no fixture reaches `input.object.reached`",
        ),
    ] {
        let found = failures(&body, &fail, &pass).join("\n");
        assert!(if said.is_empty() { found.is_empty() } else { found.contains(said) }, "expected `{said}`, got: {found}");
    }
    let pass = PASS.replace("ugly", "bad");
    assert!(failures(BODY, FAIL, &pass).join("\n").contains("pass.yaml: line 7 is not marked"));
    assert!(failures(BODY, PASS, PASS).join("\n").contains("a fail fixture has no mark"));
}

#[test]
fn a_mark_above_a_line_of_a_text_counts_for_the_line_below() {
    let body = BODY
        .replace("value == input.params.word", "contains(value, \"bad\")")
        .replace("\"message\"", "\"within\": {\"start\": indexof(value, \"bad\"), \"end\": indexof(value, \"bad\") + 3},\n\t\t\"message\"");
    let fail =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: |\n    first\n    # expect below: a is\n    is bad\n    last\n";
    assert_eq!(failures(&body, fail, PASS.replace("a: bad", "a: ok").as_str()), Vec::<String>::new());
}

#[test]
fn a_change_is_judged_with_both_versions() {
    let body = "package kubelint.x\n\nimport rego.v1\n\nfindings contains finding if {\n\tinput.request.operation == \"UPDATE\"\n\tinput.old.data.a != input.object.data.a\n\tfinding := {\"path\": [\"data\", \"a\"], \"message\": sprintf(\"was %s\", [input.old.data.a])}\n}\n";
    let object = |value: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  a: {value}\n");
    let source = format!("{HEADER}{body}");
    let catalog = Arc::new(Catalog::from_sources([("policies/a/x.rego", Cow::Owned(source))]).unwrap());
    let fixture = |name: &str, text: String, old| Fixture { name: name.to_owned(), text, old };
    let pass = fixture("pass.yaml", object("x"), None);
    let new = fixture("new.yaml", object("y # expect: was x"), Some(object("x")));
    assert_eq!(check(&catalog, "x", &[new, pass]), Vec::<String>::new());
}
