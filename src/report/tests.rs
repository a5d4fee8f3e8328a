//! Whatever names and messages hold, each format stays what its readers expect.

use proptest::prelude::*;
use quick_xml::events::Event;
use serde_json::Value as Json;

use super::testing::{self, Texts, report};
use super::{Format, Located, Suppressed};

/// Text with what hurts: line breaks, quotes, escapes, markup, commands, directions.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\n",
        "\r\n",
        "\r",
        "%0a",
        "%",
        "::error::",
        ",",
        ":",
        "]]>",
        "<!--",
        "<script>",
        "</article>",
        "&",
        "&#0;",
        "\"",
        "'",
        "\u{1b}[31m",
        "\u{0}",
        "\u{9b}",
        "\u{202e}",
        "\u{fffe}",
        "\u{ffff}",
        "](1)",
        "[",
        "\\",
        "|",
        "`",
        "../",
        "\u{2028}",
        "é🚀",
        " ",
    ]);
    prop::collection::vec(
        prop_oneof![nasty.prop_map(str::to_owned), any::<char>().prop_map(String::from), "[a-z]{1,4}".prop_map(|s| s)],
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

prop_compose! {
    fn any_located()(parts in prop::array::uniform8(hostile()), suppressed in any::<bool>()) -> Located {
        let mut located = testing::located("m", testing::TEXT, "{privileged: true}");
        let [message, name, namespace, container, file, related, fix, reason] = parts;
        located.finding.message = message;
        located.finding.object.name = name.into();
        located.finding.object.namespace = Some(namespace.into());
        located.finding.container = Some(container.as_str().into());
        located.finding.path = located.finding.path.child(container.as_str());
        located.location.file = file.into();
        located.finding.related[0].message = related;
        located.finding.fix.as_mut().unwrap().title = fix;
        located.suppressed = suppressed.then_some(Suppressed { by: "comment", reason });
        located
    }
}

/// Reads XML to the end; gives the elements' names.
fn elements(xml: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut names = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) | Event::Empty(start) => {
                for attribute in start.attributes() {
                    attribute.unwrap();
                }
                names.push(String::from_utf8(start.name().as_ref().to_vec()).unwrap());
            }
            Event::Eof => return names,
            _ => {}
        }
    }
}

/// Every character that XML 1.0 allows (production 2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The tags of a page, and how many quotes there are: what no text may change.
fn skeleton(page: &str) -> (Vec<String>, usize) {
    let tag = |part: &str| part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect::<String>();
    let body = &page[page.find("<main").unwrap()..page.find("<script").unwrap()];
    (body.split('<').skip(1).map(tag).collect(), body.matches('"').count())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn json_formats_parse(located in any_located(), rendered in any::<bool>()) {
        let texts = Texts::new(testing::TEXT, rendered.then_some("{{ x }}"));
        super::sarif::tests::check(&report(Format::Sarif, std::slice::from_ref(&located), &texts));
        let rows: Vec<Json> = serde_json::from_str(&report(Format::Gitlab, std::slice::from_ref(&located), &texts)).unwrap();
        prop_assert_eq!(rows.len(), 2 - usize::from(located.suppressed.is_some()));
        for row in &rows {
            prop_assert!(!row["description"].as_str().unwrap().chars().any(char::is_control));
        }
    }

    #[test]
    fn xml_formats_parse(located in any_located()) {
        for format in [Format::Junit, Format::Checkstyle] {
            let xml = report(format, std::slice::from_ref(&located), &Texts::new(testing::TEXT, None));
            prop_assert!(xml.chars().all(is_xml));
            let (count, shown) = (elements(&xml), located.suppressed.is_none());
            let cases = count.iter().filter(|name| matches!(name.as_str(), "testcase")).count();
            match format {
                Format::Junit => prop_assert_eq!(cases, 2),
                _ => prop_assert_eq!(count.iter().filter(|name| *name == "error").count(), 1 + usize::from(shown)),
            }
        }
    }

    #[test]
    fn github_gets_one_command_a_line(mut located in any_located()) {
        located.suppressed = None;
        let log = report(Format::Github, &[located], &Texts::new(testing::TEXT, None));
        let lines: Vec<&str> = log.split(['\n', '\r', '\u{2028}', '\u{85}']).collect();
        prop_assert_eq!(lines.len(), 3);
        let (head, _) = lines[1].strip_prefix("::error ").unwrap().split_once("::").unwrap();
        let keys: Vec<&str> = head.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        prop_assert_eq!(keys, ["file", "line", "endLine", "col", "endColumn", "title"]);
    }

    #[test]
    fn no_text_changes_the_page(located in any_located()) {
        let mut plain = testing::located("m", testing::TEXT, "{privileged: true}");
        plain.suppressed = located.suppressed.is_some().then(|| Suppressed { by: "comment", reason: "r".to_owned() });
        let texts = Texts::new(testing::TEXT, None);
        let page = report(Format::Html, std::slice::from_ref(&located), &texts);
        prop_assert_eq!(skeleton(&page), skeleton(&report(Format::Html, &[plain], &texts)));
        prop_assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
    }
}

#[test]
fn values_of_secrets_are_in_no_format() {
    let text = "kind: Secret\nstringData:\n  conf: hunter2\n";
    for template in [None, Some("{{ x }}"), Some("  conf: hunter2")] {
        let texts = Texts::new(text, template).with_secret(text, "hunter2");
        for format in Format::ALL {
            let report = report(*format, &[testing::located("m", text, "hunter2")], &texts);
            assert!(!report.contains("hunter2"), "{}: {report}", format.as_str());
        }
    }
}
