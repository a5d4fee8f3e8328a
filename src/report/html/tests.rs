use super::super::testing::{self, Texts, report};
use super::super::{Format, Suppressed};

fn article(page: &str) -> &str {
    let from = page.find("<article").unwrap();
    &page[from..page.find("</article>").unwrap()]
}

#[test]
fn a_finding_shows_its_lines_and_nothing_runs() {
    let mut located = testing::located("<b>bad</b> \u{1b}[31m'x'\n\"y\"", testing::TEXT, "{privileged: true}");
    located.suppressed = Some(Suppressed { by: "comment", reason: "<script>".to_owned() });
    located.location.file = "a\"><script>alert(1)</script>.yaml".into();
    let page = report(Format::Html, &[located], &Texts::new(testing::TEXT, None));
    insta::assert_snapshot!(article(&page), @r##"
    <article class="finding error suppressed" data-rule="privileged-container" data-severity="error" data-namespace="prod" data-object="StatefulSet prod/store">
    <header><span class="badge">error</span> <a class="rule" href="#rule-privileged-container">privileged-container</a> <span class="in">container store</span> <span class="where"><code>a&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;.yaml:4:24</code></span></header>
    <p class="message">&lt;b&gt;bad&lt;/b&gt; [31m&apos;x&apos; &quot;y&quot;</p>
    <p class="note">Does not count: comment, &lt;script&gt;</p>
    <pre class="snippet"><code><span class="line" data-n="4">      securityContext: <mark>{privileged: true}</mark></span></code></pre>
    <ul class="related">
    <li>the other <span class="where"><code>deploy/a b.yaml:4:24</code></span><pre class="snippet"><code><span class="line" data-n="4">      securityContext: <mark>{privileged: true}</mark></span></code></pre>
    </li>
    </ul>
    <p class="fix"><b>Fix</b> Remove it <code>--fix</code></p>
    "##);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("broken.yaml:3:7</code> no [value] here") && page.contains("values.yaml</code> values of a chart"));
}

#[test]
fn secrets_stay_secret() {
    let text = "kind: Secret\ndata:\n  pass: hunter2\n";
    let found = [testing::located("m", text, "hunter2")];
    let page = report(Format::Html, &found, &Texts::new(text, None).with_secret(text, "hunter2"));
    assert!(page.contains("<mark>&lt;redacted&gt;</mark>") && !page.contains("hunter2"));
}

#[test]
fn places_of_several_lines_are_marked_line_by_line() {
    let text = "a:\n  b: 1\n  c: 2\n";
    let page = report(Format::Html, &[testing::located("m", text, "b: 1\n  c: 2")], &Texts::new(text, None));
    assert!(page.contains("data-n=\"2\">  <mark>b: 1</mark></span>\n<span class=\"line\" data-n=\"3\"><mark>  c: 2</mark></span>"));
}

#[test]
fn nothing_comes_from_a_network() {
    let page = report(Format::Html, &[], &Texts::new("", None));
    assert!(page.contains("default-src 'none'") && page.contains("Nothing was found."));
    for outside in ["src=", "@import", "url(", "<link", "fetch("] {
        assert!(!page.contains(outside), "{outside}");
    }
}
