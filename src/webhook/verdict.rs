//! A verdict and how it is told: one message with every finding, worst first, within the limits of the API server
//! (reference: `kube-apiserver` cuts or drops warnings with control characters, and all of them above 4,096 characters).

use std::sync::Arc;

use crate::finding::{Finding, Severity};
use crate::objects::Identity;

/// Longest warning, in characters: what kubectl shows on a line.
const WARNING: usize = 120;
/// All warnings together, in characters: half of what the API server shares among all webhooks.
const WARNINGS: usize = 2_048;
/// Longest line of a refusal, in characters.
const LINE: usize = 400;
/// Most lines of a refusal.
const LINES: usize = 30;
/// Longest value of an audit annotation, in bytes.
const AUDIT: usize = 1_024;

/// What is to be answered, before it is put into words.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Why it is refused; empty: admitted.
    pub denied: Vec<Finding>,
    /// Reasons to refuse that are no finding.
    pub refusals: Vec<String>,
    /// What the user is warned of.
    pub warned: Vec<Finding>,
    /// Warnings that are no finding.
    pub notes: Vec<String>,
    /// What the audit log says about findings.
    pub audited: Vec<Finding>,
    /// Further audit annotations.
    pub audit: Vec<(&'static str, String)>,
    /// The rules that would have refused, but for the grace for what is missing.
    pub graced: Vec<Arc<str>>,
    /// What could not be evaluated.
    pub failed_rules: Vec<Arc<str>>,
    /// Denials that an annotation broke.
    pub broken_glass: bool,
    /// The rules of those.
    pub broken: Vec<Arc<str>>,
}

impl Verdict {
    /// An admission with nothing to say.
    pub fn allow() -> Self {
        Self::default()
    }

    /// A refusal for a reason that is no finding.
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self { refusals: vec![reason.into()], ..Self::default() }
    }

    /// Is it admitted?
    pub fn allowed(&self) -> bool {
        self.denied.is_empty() && self.refusals.is_empty()
    }

    /// For metrics and logs: `denied`, `broken-glass`, `warned` or `allowed`.
    pub fn name(&self) -> &'static str {
        if !self.allowed() {
            "denied"
        } else if self.broken_glass {
            "broken-glass"
        } else if self.warned.is_empty() && self.notes.is_empty() {
            "allowed"
        } else {
            "warned"
        }
    }

    /// The refusal as the user reads it, after the API server's own prefix.
    pub fn message(&self, object: Option<&Identity>) -> String {
        let mut findings: Vec<&Finding> = self.denied.iter().collect();
        findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let lines = self.refusals.iter().map(|reason| plain(reason, LINE)).chain(findings.iter().map(|finding| line(finding, LINE)));
        let lines: Vec<String> = lines.collect();
        let subject = object.map_or_else(|| "the request".to_owned(), |object| plain(&object.to_string(), 200));
        let count = lines.len();
        let mut message = format!("{subject} is refused for {count} {}:", if count == 1 { "reason" } else { "reasons" });
        for text in lines.iter().take(LINES) {
            message.push_str("\n- ");
            message.push_str(text);
        }
        if count > LINES {
            message.push_str(&format!("\n- and {} more", count - LINES));
        }
        if let Some(finding) = findings.first() {
            message.push_str(&format!(
                "\n`kubelint explain {}` says more about a rule; `kubelint lint FILE` finds the same offline.",
                finding.rule
            ));
        }
        message
    }

    /// Warnings, most severe first, each one line.
    pub fn warnings(&self) -> Vec<String> {
        let mut findings: Vec<&Finding> = self.warned.iter().collect();
        findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let mut all: Vec<String> = self.notes.iter().map(|note| plain(note, WARNING)).collect();
        all.extend(findings.iter().map(|finding| line(finding, WARNING)));
        all.dedup();
        let mut room = WARNINGS - WARNING;
        let fitting = all.iter().take_while(|warning| {
            let length = warning.chars().count();
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        });
        let kept = fitting.count();
        let left = all.len() - kept;
        all.truncate(kept);
        if left > 0 {
            all.push(format!("and {left} more findings; `kubelint lint` shows them all"));
        }
        all
    }

    /// Audit annotations: names without the webhook's prefix.
    pub fn audit_annotations(&self) -> Vec<(&'static str, String)> {
        let mut annotations = self.audit.clone();
        let mut tell = |key, findings: &[Finding]| {
            let mut rules: Vec<&str> = findings.iter().map(|finding| &*finding.rule).collect();
            rules.sort_unstable();
            rules.dedup();
            if !rules.is_empty() {
                annotations.push((key, within(&rules.join(","), AUDIT)));
            }
        };
        tell("denied", &self.denied);
        tell("warned", &self.warned);
        tell("found", &self.audited);
        if !self.failed_rules.is_empty() {
            let rules: Vec<&str> = self.failed_rules.iter().map(|rule| &**rule).collect();
            annotations.push(("not-evaluated", within(&rules.join(","), AUDIT)));
        }
        for (_, value) in &mut annotations {
            *value = within(&plain(value, AUDIT), AUDIT);
        }
        annotations
    }
}

/// Worst first, then in a stable order.
fn rank(finding: &Finding) -> (std::cmp::Reverse<Severity>, &str, Option<&str>, &str) {
    (std::cmp::Reverse(finding.severity), &finding.rule, finding.container.as_deref(), &finding.message)
}

/// `rule: container name: message`.
fn line(finding: &Finding, most: usize) -> String {
    let container = finding.container.as_deref().filter(|name| !finding.message.contains(*name));
    let text = match container {
        Some(name) => format!("{}: container {name}: {}", finding.rule, finding.message),
        None => format!("{}: {}", finding.rule, finding.message),
    };
    plain(&text, most)
}

/// One line that a terminal shows as it is: no control characters, no marks that change the direction of text; at most so many characters.
pub fn plain(text: &str, most: usize) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}'..='\u{ffff}')
    };
    let mut shown: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !hidden(*c)).take(most + 1).collect();
    if let Some((end, _)) = shown.char_indices().nth(most) {
        shown.truncate(end);
        shown.pop();
        shown.push('…');
    }
    shown
}

/// At most so many bytes, cut between characters.
fn within(text: &str, bytes: usize) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= bytes).last().unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::place::Path;

    fn finding(severity: Severity, message: &str) -> Finding {
        Finding {
            rule: "some-rule".into(),
            severity,
            object: Identity { api_version: "v1".into(), kind: "Pod".into(), namespace: None, name: "p".into() },
            container: None,
            path: Path::root(),
            within: None,
            message: message.into(),
            related: Vec::new(),
            fix: None,
        }
    }

    #[test]
    fn the_worst_comes_first_and_all_in_one_message() {
        let verdict = Verdict { denied: vec![finding(Severity::Warning, "mild"), finding(Severity::Error, "bad")], ..Verdict::default() };
        let message = verdict.message(Some(&verdict.denied[0].object));
        assert!(message.starts_with("Pod p is refused for 2 reasons:\n- some-rule: bad\n- some-rule: mild\n"), "{message}");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let verdict = Verdict {
            warned: (0..500).map(|n| finding(Severity::Error, &format!("{n} {}", "x".repeat(200)))).collect(),
            ..Verdict::default()
        };
        let warnings = verdict.warnings();
        let shown = warnings.len() - 1;
        assert_eq!(warnings.last().unwrap(), &format!("and {} more findings; `kubelint lint` shows them all", 500 - shown));
    }

    proptest! {
        #[test]
        fn whatever_is_said_fits_and_shows(messages in prop::collection::vec(any::<String>(), 0..60)) {
            let verdict = Verdict {
                denied: messages.iter().map(|m| finding(Severity::Error, m)).collect(),
                warned: messages.iter().map(|m| finding(Severity::Warning, m)).collect(),
                audit: vec![("x", messages.concat())],
                ..Verdict::default()
            };
            let warnings = verdict.warnings();
            prop_assert!(warnings.iter().map(|w| w.chars().count()).sum::<usize>() <= WARNINGS);
            prop_assert!(warnings.iter().all(|w| w.chars().count() <= WARNING && !w.chars().any(char::is_control)));
            prop_assert!(!verdict.message(None).chars().any(|c| c.is_control() && c != '\n'));
            prop_assert!(verdict.audit_annotations().iter().all(|(_, value)| value.len() <= AUDIT));
        }
    }
}
