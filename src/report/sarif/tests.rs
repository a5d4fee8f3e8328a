use super::super::testing::{self, Texts, report};
use super::super::{Format, Replacement, Suppressed};
use super::*;
use crate::finding::Severity;
use crate::yaml::Text;

/// What GitHub's upload and SARIF's specification ask for. Panics with what is wrong.
pub(in super::super) fn check(report: &str) -> Json {
    let log: Json = serde_json::from_str(report).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-2.1.0.json"));
    let [run] = &log["runs"].as_array().unwrap()[..] else { panic!("one run") };
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(!rules.is_empty() && rules.len() <= 25_000);
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    rules.iter().for_each(check_rule);
    let results = run["results"].as_array().unwrap();
    assert!(results.len() <= RESULTS);
    for result in results {
        check_result(result, &ids);
    }
    ids.dedup();
    assert_eq!(ids.len(), rules.len(), "ids are sorted and differ");
    log
}

fn check_rule(rule: &Json) {
    let text = |pointer: &str| {
        let text = rule.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        assert!(!text.trim().is_empty(), "{pointer} of {rule}");
        text
    };
    assert!(text("/shortDescription/text").chars().count() <= 1024 && text("/fullDescription/text").chars().count() <= 1024);
    text("/help/text");
    text("/help/markdown");
    assert!(text("/helpUri").starts_with("https://"));
    assert!(["error", "warning", "note"].contains(&text("/defaultConfiguration/level")));
    assert!(["error", "warning", "recommendation"].contains(&text("/properties/problem.severity")));
    let tags = rule["properties"]["tags"].as_array().unwrap();
    assert!(tags.len() <= 10 && (1..tags.len()).all(|nth| !tags[..nth].contains(&tags[nth])), "{tags:?}");
    if let Some(score) = rule["properties"].get("security-severity") {
        assert!((0.0..=10.0).contains(&score.as_str().unwrap().parse::<f64>().unwrap()));
    }
}

fn check_result(result: &Json, rules: &[&str]) {
    let rule = result["ruleId"].as_str().unwrap();
    if let Some(index) = result.get("ruleIndex") {
        assert_eq!(rules[usize::try_from(index.as_u64().unwrap()).unwrap()], rule);
    }
    assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
    assert!(!result["message"]["text"].as_str().unwrap().trim().is_empty());
    assert!(!result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().is_empty());
    let (locations, none) = (result["locations"].as_array().unwrap(), Vec::new());
    let related = result.get("relatedLocations").map_or(&none, |related| related.as_array().unwrap());
    assert!(locations.len() == 1 && related.len() <= 1000);
    for (nth, location) in related.iter().enumerate() {
        assert_eq!(location["id"], nth + 1);
    }
    for location in locations.iter().chain(related) {
        check_place(&location["physicalLocation"]);
    }
    for suppression in result["suppressions"].as_array().unwrap() {
        assert!(["inSource", "external"].contains(&suppression["kind"].as_str().unwrap()));
    }
}

fn check_place(place: &Json) {
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%:".contains(&b)), "{uri}");
    assert!(uri.starts_with("file:///") || !uri.contains(':') && !uri.starts_with('/'), "{uri}");
    let number = |region: &Json, key: &str| region.get(key).map(|n| n.as_u64().unwrap());
    let region = &place["region"];
    let start = number(region, "startLine").unwrap();
    let end = number(region, "endLine").unwrap_or(start);
    assert!(start >= 1 && end >= start);
    if let (Some(from), Some(to)) = (number(region, "startColumn"), number(region, "endColumn")) {
        assert!(from >= 1 && to >= 1 && (end > start || to >= from), "{region}");
    }
    if let Some(context) = place.get("contextRegion") {
        assert!(number(context, "startLine").unwrap() <= start && number(context, "endLine").unwrap() >= end, "{place}");
    }
}

#[test]
fn a_result_has_all_that_code_scanning_shows() {
    let found = [testing::located("100% [bad](http://x) \u{1b}[31m", testing::TEXT, "{privileged: true}")];
    let log = check(&report(Format::Sarif, &found, &Texts::new(testing::TEXT, None)));
    let mut result = log["runs"][0]["results"][0].clone();
    assert!(result.as_object_mut().unwrap().remove("ruleIndex").is_some(), "it changes with every new rule");
    insta::assert_snapshot!(serde_json::to_string_pretty(&result).unwrap(), @r#"
    {
      "level": "error",
      "locations": [
        {
          "logicalLocations": [
            {
              "fullyQualifiedName": "apps/v1/StatefulSet/prod/store/spec/securityContext",
              "kind": "resource",
              "name": "store"
            }
          ],
          "physicalLocation": {
            "artifactLocation": {
              "uri": "deploy/a%20b.yaml"
            },
            "contextRegion": {
              "endLine": 4,
              "snippet": {
                "text": "      securityContext: {privileged: true}"
              },
              "startLine": 4
            },
            "region": {
              "endColumn": 42,
              "endLine": 4,
              "startColumn": 24,
              "startLine": 4
            }
          }
        }
      ],
      "message": {
        "text": "StatefulSet prod/store: 100% \\[bad\\](http://x) \\[31m\n[the other](1)\nFix: Remove it"
      },
      "partialFingerprints": {
        "kubelint/v1": "f00d",
        "primaryLocationLineHash": "f00d"
      },
      "relatedLocations": [
        {
          "id": 1,
          "message": {
            "text": "the other"
          },
          "physicalLocation": {
            "artifactLocation": {
              "uri": "deploy/a%20b.yaml"
            },
            "region": {
              "endColumn": 42,
              "endLine": 4,
              "startColumn": 24,
              "startLine": 4
            }
          }
        }
      ],
      "ruleId": "privileged-container",
      "suppressions": []
    }
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]["invocations"]).unwrap(), @r#"
    [
      {
        "executionSuccessful": false,
        "toolExecutionNotifications": [
          {
            "level": "error",
            "locations": [
              {
                "physicalLocation": {
                  "artifactLocation": {
                    "uri": "broken.yaml"
                  },
                  "region": {
                    "startColumn": 7,
                    "startLine": 3
                  }
                }
              }
            ],
            "message": {
              "text": "no [value] here"
            }
          }
        ]
      }
    ]
    "#);
}

#[test]
fn all_rules_are_described() {
    let log = check(&report(Format::Sarif, &[], &Texts::new("", None)));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Catalog::builtin().unwrap().rules().len());
    let privileged = rules.iter().find(|rule| rule["id"] == "privileged-container").unwrap();
    assert!(privileged["properties"]["security-severity"] == "8.0" && privileged["helpUri"].as_str().unwrap().contains("kubernetes.io"));
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn rendered_places_point_at_the_template_without_foreign_lines() {
    let found = [testing::located("bad", testing::TEXT, "{privileged: true}")];
    let mut texts = Texts::new(testing::TEXT, Some("{{ x }}"));
    texts.replacements.push(Replacement { file: "x".into(), span: found[0].location.span, text: String::new() });
    let log = check(&report(Format::Sarif, &found, &texts));
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    let expected = json!({ "artifactLocation": { "uri": "chart/templates/x.yaml" }, "region": { "startLine": 1 } });
    assert_eq!(*place, expected);
    assert!(result["message"]["text"].as_str().unwrap().contains("(rendered: `securityContext: {privileged: true}`)"));
    assert!(result.get("fixes").is_none(), "a rendered text is nobody's to change");
}

#[test]
fn fixes_are_changes_of_files() {
    let found = [testing::located("bad", testing::TEXT, "{privileged: true}")];
    let mut texts = Texts::new(testing::TEXT, None);
    let span = Text::new(testing::TEXT).span(5, 5);
    texts.replacements.push(Replacement { file: "./a b.yaml".into(), span: found[0].location.span, text: "{}".to_owned() });
    texts.replacements.push(Replacement { file: "./a b.yaml".into(), span, text: "\n".to_owned() });
    let log = check(&report(Format::Sarif, &found, &texts));
    insta::assert_snapshot!(log["runs"][0]["results"][0]["fixes"].to_string(), @r#"[{"artifactChanges":[{"artifactLocation":{"uri":"a%20b.yaml"},"replacements":[{"deletedRegion":{"endColumn":42,"endLine":4,"startColumn":24,"startLine":4},"insertedContent":{"text":"{}"}},{"deletedRegion":{"endColumn":6,"endLine":1,"startColumn":6,"startLine":1},"insertedContent":{"text":"\n"}}]}],"description":{"text":"Remove it"}}]"#);
}

#[test]
fn suppressed_results_say_so() {
    let mut located = testing::located("bad", testing::TEXT, "true");
    let kinds = ["comment", "annotation", "exemption", "baseline"].map(|by| {
        located.suppressed = Some(Suppressed { by, reason: "why".to_owned() });
        let log = check(&report(Format::Sarif, std::slice::from_ref(&located), &Texts::new(testing::TEXT, None)));
        log["runs"][0]["results"][0]["suppressions"][0]["kind"].as_str().unwrap().to_owned()
    });
    assert_eq!(kinds, ["inSource", "inSource", "external", "external"]);
}

#[test]
fn no_more_results_than_code_scanning_takes() {
    let mut found = vec![testing::located("m", testing::TEXT, "true"); RESULTS + 3];
    found.iter_mut().for_each(|located| located.finding.severity = Severity::Info);
    found[RESULTS + 2].finding.severity = Severity::Error;
    let log = check(&report(Format::Sarif, &found, &Texts::new(testing::TEXT, None)));
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[RESULTS - 1]["level"]), (RESULTS, &json!("error")));
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes.last().unwrap()["message"]["text"].as_str().unwrap().starts_with("3 findings of the least severity"));
}
