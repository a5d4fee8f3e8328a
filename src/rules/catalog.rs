//! All rules of a run: built-in ones, embedded, and users' own. Refuses what could silence or hurt an evaluation.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use regorus::rvm::program::Program;
use regorus::unstable::{Module, Ref};
use rustc_hash::FxHashMap;

use super::rule::{Door, Rule};
use super::{check, compile, header, native};
use crate::finding::Severity;
use crate::value::Value;

/// Name and text of every policy, by name.
const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// Why a policy file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct LoadError {
    /// As named to the loader.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// Everything that was refused, in order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadErrors(pub Vec<LoadError>);

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for LoadErrors {}

/// A rule to evaluate, with what the configuration says about it.
#[derive(Debug, Clone)]
pub struct Selected {
    /// Index into [`Catalog::rules`].
    pub rule: usize,
    /// [`Rule::params_with`].
    pub params: Value,
    /// What the configuration makes of the rule's findings; a finding's own severity then does not count.
    pub severity: Option<Severity>,
}

/// The rules of a run, by id.
pub struct Catalog {
    rules: Vec<Arc<Rule>>,
    ids: FxHashMap<Arc<str>, usize>,
    libraries: Vec<Library>,
    /// By the index of the rule, made when first asked for.
    programs: Vec<OnceLock<Result<Arc<Program>, LoadError>>>,
    /// The same for syntax trees; `None` where one cannot be read.
    modules: Vec<OnceLock<Option<Vec<Ref<Module>>>>>,
}

/// A file of functions that every rule may import: package `kubelint.lib.*`.
#[derive(Debug, Clone)]
pub(super) struct Library {
    pub(super) file: Arc<str>,
    pub(super) source: Cow<'static, str>,
    /// Its syntax tree, once a plan needed it; none if it cannot be read.
    pub(super) module: OnceLock<Option<Ref<Module>>>,
}

impl Library {
    pub(super) fn new(file: Arc<str>, source: Cow<'static, str>) -> Self {
        Self { file, source, module: OnceLock::new() }
    }
}

/// Is it a library? They live in a folder `lib`.
fn is_library(file: &str) -> bool {
    header::stem_and_family(file).1 == "lib"
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| &rule.id)).finish()
    }
}

impl Catalog {
    /// The rules that are part of kubelint. Their headers are read; their bodies were checked when kubelint was tested.
    pub fn builtin() -> Result<Self, LoadErrors> {
        Self::from_sources(BUILTIN.iter().map(|(file, source)| (*file, Cow::Borrowed(*source))))
    }

    /// Files that are to be read as kubelint's own rules: what a test of changed policies loads, without building kubelint again.
    pub fn from_sources<'a>(files: impl IntoIterator<Item = (&'a str, Cow<'static, str>)>) -> Result<Self, LoadErrors> {
        let rules = native::rules().map(Arc::new).collect();
        let mut catalog = Self { rules, ids: FxHashMap::default(), libraries: Vec::new(), programs: Vec::new(), modules: Vec::new() };
        let mut errors = Vec::new();
        for (file, source) in files {
            if is_library(file) {
                catalog.libraries.push(Library::new(file.into(), source));
                continue;
            }
            match header::parse(file, source, true) {
                Ok(rule) => catalog.rules.push(Arc::new(rule)),
                Err(found) => errors.extend(located(file, found)),
            }
        }
        catalog.index(&mut errors);
        if errors.is_empty() { Ok(catalog) } else { Err(LoadErrors(errors)) }
    }

    /// Adds users' rules: names and texts of `.rego` files. A file in a folder `lib` is a library (package `kubelint.lib.*`).
    /// Every one is checked and compiled; all errors are reported, and none is loaded if there is one.
    pub fn with_user(mut self, files: &[(String, String)]) -> Result<Self, LoadErrors> {
        let mut errors = Vec::new();
        for (file, source) in files.iter().filter(|(file, _)| is_library(file)) {
            self.libraries.push(Library::new(file.as_str().into(), Cow::Owned(source.clone())));
        }
        for (file, source) in files.iter().filter(|(file, _)| !is_library(file)) {
            match header::parse(file, Cow::Owned(source.clone()), false) {
                Ok(rule) => self.rules.push(Arc::new(rule)),
                Err(found) => errors.extend(located(file, found)),
            }
        }
        self.index(&mut errors);
        errors.extend(self.check_bodies(|rule| !rule.builtin));
        if errors.is_empty() { Ok(self) } else { Err(LoadErrors(errors)) }
    }

    /// Parses, checks and compiles the bodies of the built-in rules: what [`Self::builtin`] leaves to the tests.
    pub fn check_builtin(&self) -> Result<(), LoadErrors> {
        let errors = self.check_bodies(|rule| rule.builtin);
        if errors.is_empty() { Ok(()) } else { Err(LoadErrors(errors)) }
    }

    fn check_bodies(&self, which: impl Fn(&Rule) -> bool) -> Vec<LoadError> {
        let rules = self.rules.iter().filter(|rule| rule.is_rego() && which(rule));
        rules.flat_map(|rule| check::rule(rule, &self.libraries).err().unwrap_or_else(|| compile::dry_run(rule, &self.libraries))).collect()
    }

    /// Sorts by id and refuses an id that occurs twice.
    fn index(&mut self, errors: &mut Vec<LoadError>) {
        self.rules.sort_by(|a, b| a.id.cmp(&b.id).then(b.builtin.cmp(&a.builtin)));
        for pair in self.rules.windows(2) {
            if let [first, second] = pair
                && first.id == second.id
            {
                let other = if first.file.is_empty() { "kubelint's own code" } else { &first.file };
                let message = format!("a rule called {} is in {other} already: choose another name for file and package", second.id);
                errors.push(LoadError { file: second.file.to_string(), line: 1, message });
            }
        }
        self.programs = self.rules.iter().map(|_| OnceLock::new()).collect();
        self.modules = self.rules.iter().map(|_| OnceLock::new()).collect();
        self.ids = self.rules.iter().enumerate().map(|(index, rule)| (rule.id.clone(), index)).collect();
    }

    /// All rules by id, kubelint's own findings included ([`Rule::is_rego`] is false for those).
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// A rule by its id.
    pub fn get(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.get(self.position(id)?)
    }

    /// The index of a rule in [`Self::rules`].
    pub fn position(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// What runs at a door without any configuration: Rego rules that are on, with their defaults.
    pub fn defaults(&self, door: Door) -> Vec<Selected> {
        let on = |rule: &Rule| rule.is_rego() && rule.default_on && rule.doors.open(door);
        let selected = |(index, rule): (usize, &Arc<Rule>)| Selected { rule: index, params: rule.default_params(), severity: None };
        self.rules.iter().enumerate().filter(|(_, rule)| on(rule)).map(selected).collect()
    }

    /// Name and text of the libraries that every rule may import.
    pub fn library_sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.libraries.iter().map(|library| (&*library.file, &*library.source))
    }

    /// The program of a rule, for the RVM.
    pub(super) fn program(&self, index: usize) -> Result<Arc<Program>, LoadError> {
        let missing = || LoadError { file: String::new(), line: 1, message: "the rule is not of this catalog".to_owned() };
        let (rule, program) = self.rules.get(index).zip(self.programs.get(index)).ok_or_else(missing)?;
        program.get_or_init(|| compile::program(rule, &self.libraries)).clone()
    }

    /// The syntax trees of a built-in rule and of the libraries that it imports.
    pub(super) fn modules(&self, index: usize) -> Option<&[Ref<Module>]> {
        let (rule, modules) = self.rules.get(index).zip(self.modules.get(index)).filter(|(rule, _)| rule.builtin)?;
        modules.get_or_init(|| compile::modules(rule, &self.libraries)).as_deref()
    }

    pub(super) fn libraries(&self) -> &[Library] {
        &self.libraries
    }
}

fn located(file: &str, errors: Vec<header::HeaderError>) -> impl Iterator<Item = LoadError> {
    errors.into_iter().map(move |error| LoadError { file: file.to_owned(), line: error.line, message: error.message })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "# METADATA\n# title: T\n# description: D\n# custom:\n#   severity: warning\n#   kinds: [Pod]\n";

    fn load(file: &str, text: &str) -> Result<Catalog, LoadErrors> {
        Catalog::builtin().unwrap().with_user(&[(file.to_owned(), text.to_owned())])
    }

    fn refused(text: &str) -> String {
        load("mine/x.rego", text).expect_err(text).to_string()
    }

    #[test]
    fn built_in_rules_pass_the_loader() {
        Catalog::builtin().unwrap_or_else(|errors| panic!("{errors}")).check_builtin().unwrap_or_else(|errors| panic!("{errors}"));
    }

    #[test]
    fn every_fault_of_a_header_is_named_with_its_line() {
        let body = "package kubelint.x\nimport rego.v1\nfindings contains 1 if input.object\n";
        for (header, said) in [
            (
                HEADER.replace("severity: warning", "severity: bad"),
                "mine/x.rego:5: `custom.severity` must be one of info | warning | error",
            ),
            (HEADER.replace("kinds:", "kinsd:"), "mine/x.rego:6: unknown key `custom.kinsd`; did you mean `kinds`?"),
            (HEADER.replace("[Pod]", "[Pods]"), "did you mean `Pod`?"),
            (HEADER.replace("# title: T\n", ""), "mine/x.rego:1: `title` is missing"),
            (HEADER.replace("[Pod]", "[Pod]\n#   deny: [Job]"), "mine/x.rego:7: `deny` names Job, which `kinds` does not"),
            (HEADER.replace("[Pod]", "[Pod]\n#   needs: [pdb]"), "`pdb` is none of configmaps"),
            (HEADER.replace("[Pod]", "[Pod]\n#   default: maybe"), "`custom.default` must be on or off"),
            (HEADER.replace("[Pod]", "[Pod]\n#   params:\n#     a: {default: 1}"), "parameter `a` has no description"),
            (HEADER.replace("# METADATA", "# Metadata"), "mine/x.rego:1: the first line must be `# METADATA`"),
        ] {
            let errors = refused(&format!("{header}{body}"));
            assert!(errors.contains(said), "{errors}");
        }
    }

    #[test]
    fn what_could_hurt_or_mislead_is_refused_with_its_line() {
        let good = "findings contains {\"path\": [], \"message\": \"m\"} if input.object\n";
        for (line, said) in [
            ("f(x) := f(x - 1)", "mine/x.rego:9: `kubelint.x.f` refers to `kubelint.x.f`"),
            ("f(x) := g(x)\ng(x) := f(x)", "recursion"),
            ("a := http.send({})", "mine/x.rego:9: `http.send` is not allowed"),
            ("a := time.now_ns()", "`time.now_ns` is not allowed"),
            ("a := opa.runtime()", "`opa.runtime` is not allowed"),
            ("a := sprintf(\"%1000000d\", [1])", "a width over 1000"),
            ("a := sprintf(\"%*d\", [1, 2])", "a width over 1000"),
            ("a := sprintf(input.x, [1])", "must be a literal"),
            ("a := numbers.range(1, input.x)", "takes two literals"),
            ("a := numbers.range(1, 100000000)", "takes two literals"),
            ("a := cuont(input.x)", "there is no function `cuont`: did you mean `count`?"),
            ("a := data.kubelint.other.findings", "there is no `kubelint.other.findings`"),
            ("import data.kubelint.lib.text\na := text.bites(1)", "there is no"),
            ("findings contains {\"path\": [], \"message\": b} if input.object", "mine/x.rego:9"),
            ("a :=", "mine/x.rego:"),
        ] {
            let errors = refused(&format!("{HEADER}package kubelint.x\nimport rego.v1\n{line}\n{good}"));
            assert!(errors.contains(said), "{line}: {errors}");
        }
    }

    #[test]
    fn what_rego_allows_is_not_refused() {
        let body = r#"
_limit := 3

_names := {name | some container in input.workload.containers; name := container.name}

_by_name[name] := container if {
	some container in input.workload.containers
	name := container.name
}

_pair(a, {"b": b}) := [a, b]

_is_long(text) if count(text) > _limit

_first(xs) := xs[0]

_empty := set()

findings contains finding if {
	[first, second] := _pair(1, {"b": 2})
	first < second
	some i, j
	input.object.spec.containers[i].ports[j].containerPort
	every name in _names { _is_long(name) }
	not _is_long(input.object.metadata.name)
	not "x" in _names
	"Pod" == input.object.kind
	total := sum([n | n := input.object.spec.containers[_].ports[_].containerPort; n > 0])
	ports := {key: value | some key, value in input.object.metadata.labels}
	x = ports.a
	input.object.metadata.annotations[x]
	array.concat(["a"], [j])[0] == data.kubelint.lib.text.bytes(1024)
	_by_name.b.image; count(_empty) == 0
	regex.match(`^a+$`, _first(["a"]))
	finding := {"path": ["spec", "containers", i], "message": sprintf("%d of %v", [total, object.get(input.params, "p", 1)])}
}
"#;
        load("mine/x.rego", &format!("{HEADER}package kubelint.x\nimport rego.v1\n{body}")).unwrap_or_else(|errors| panic!("{errors}"));
    }

    #[test]
    fn names_must_agree_and_be_new() {
        let text = |package: &str| format!("{HEADER}package {package}\nimport rego.v1\nfindings contains 1 if input.object\n");
        assert!(refused(&text("kubelint.y")).contains("mine/x.rego:7: the package of this file must be `kubelint.x`"));
        assert!(
            load("mine/privileged_container.rego", &text("kubelint.privileged_container")).unwrap_err().to_string().contains("already")
        );
        assert!(refused(&text("kubelint.x").replace("findings", "deny")).contains("no `findings contains"));
    }

    #[test]
    fn a_users_library_serves_users_rules() {
        let library = "package kubelint.lib.mine\nimport rego.v1\nshout(x) := upper(x)\n";
        let rule = format!(
            "{HEADER}package kubelint.x\nimport rego.v1\nimport data.kubelint.lib.mine\nfindings contains {{\"path\": [], \"message\": mine.shout(input.object.kind)}} if input.object\n"
        );
        let files = [("lib/mine.rego".to_owned(), library.to_owned()), ("x.rego".to_owned(), rule)];
        assert!(Catalog::builtin().unwrap().with_user(&files).unwrap_or_else(|errors| panic!("{errors}")).get("x").is_some());
    }
}
