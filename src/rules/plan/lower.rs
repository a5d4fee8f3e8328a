//! From regorus's syntax tree to a [`Plan`]. What is not covered becomes unknown, never an error.

use std::collections::BTreeMap;

use regorus::unstable::{
    ArithOp, AssignOp, BUILTINS, BinOp, BoolOp, Expr, Import, Literal, Module, Query, Ref, Rule as Syntax, RuleAssign, RuleBody, RuleHead,
};
use regorus::value::Object;
use rustc_hash::FxHashMap;

use super::{Body, Comparison, Definition, Definitions, Goal, Kind, Operator, Pattern, Plan, Term};
use crate::rules::names;
use crate::value::{Lookup, Value};

/// The plan of a rule: `findings` of a package, with all modules that it needs.
pub(in crate::rules) fn plan(modules: &[Ref<Module>], package: &str) -> Option<Plan> {
    let mut ids = FxHashMap::default();
    for module in modules {
        for name in module.policy.iter().filter_map(|syntax| names::full(module, syntax)) {
            let next = ids.len();
            ids.entry(name).or_insert(next);
        }
    }
    let findings = *ids.get(&format!("data.{package}.findings"))?;
    let mut rules: Vec<Definitions> = ids.iter().map(|_| Definitions::default()).collect();
    for module in modules {
        let scope = Scope { package: names::package(module), imports: imports(&module.imports), ids: &ids };
        for syntax in &module.policy {
            let place = names::full(module, syntax).and_then(|name| ids.get(&name)).and_then(|id| rules.get_mut(*id));
            if let Some(rule) = place {
                scope.add(syntax, rule);
            }
        }
    }
    Some(Plan { rules, findings })
}

/// The names under which other packages are known: `text` for `data.kubelint.lib.text`.
fn imports(imports: &[Import]) -> FxHashMap<String, String> {
    let named = |import: &Import| {
        let path = names::path(&import.refr)?;
        let name = import.r#as.as_ref().map_or_else(|| path.last().cloned(), |name| Some(name.text().to_owned()))?;
        Some((name, path.join(".")))
    };
    imports.iter().filter_map(named).collect()
}

/// What a module sees.
struct Scope<'a> {
    package: String,
    imports: FxHashMap<String, String>,
    ids: &'a FxHashMap<String, usize>,
}

impl Scope<'_> {
    fn add(&self, syntax: &Syntax, rule: &mut Definitions) {
        let covered = match syntax {
            Syntax::Default { refr, args, value, .. } if args.is_empty() && matches!(&**refr, Expr::Var { .. }) => {
                rule.default = constant(value);
                rule.default.is_some()
            }
            Syntax::Default { .. } => false,
            Syntax::Spec { head, bodies, .. } => self.definitions(head, bodies, rule).is_some(),
        };
        if !covered {
            rule.kind = Kind::Opaque;
        }
    }

    fn definitions(&self, head: &RuleHead, bodies: &[RuleBody], rule: &mut Definitions) -> Option<()> {
        let (RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. }) = head;
        if !matches!(&**refr, Expr::Var { .. }) || bodies.iter().any(|body| body.is_else || body.assign.is_some()) {
            return None;
        }
        let kind = if matches!(head, RuleHead::Set { .. }) { Kind::Set } else { Kind::Value };
        if rule.all.is_empty() && rule.kind == Kind::Value {
            rule.kind = kind;
        }
        if rule.kind != kind {
            return None;
        }
        let queries: Vec<Option<&Query>> =
            if bodies.is_empty() { vec![None] } else { bodies.iter().map(|body| Some(&*body.query)).collect() };
        for query in queries {
            rule.all.push(Lower { scope: self, names: Vec::new(), next: 0 }.definition(head, query)?);
        }
        Some(())
    }

    /// The longest beginning of a path that is a rule, and what follows it.
    fn resolve<'p>(&self, path: &'p [String]) -> Option<(usize, &'p [String])> {
        let (root, rest) = path.split_first()?;
        let mut full = match self.imports.get(root) {
            Some(import) => import.clone(),
            None if root == "data" => root.clone(),
            None => format!("{}.{root}", self.package),
        };
        if let Some(id) = self.ids.get(&full) {
            return Some((*id, rest));
        }
        for (at, part) in rest.iter().enumerate() {
            full = format!("{full}.{part}");
            if let Some(id) = self.ids.get(&full) {
                return Some((*id, rest.get(at + 1..)?));
            }
        }
        None
    }
}

/// One definition on its way.
struct Lower<'a> {
    scope: &'a Scope<'a>,
    /// The variables in sight, inner ones last; `None` for what nothing is known of.
    names: Vec<(String, usize)>,
    next: usize,
}

impl Lower<'_> {
    fn definition(mut self, head: &RuleHead, query: Option<&Query>) -> Option<Definition> {
        let params = match head {
            RuleHead::Func { args, .. } => args.iter().map(|arg| self.pattern(arg)).collect::<Option<Vec<_>>>()?,
            _ => Vec::new(),
        };
        let body = query.map(|query| self.body(query)).unwrap_or_default();
        let value = match head {
            RuleHead::Set { key, .. } => self.term(key.as_ref()?),
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => self.assigned(assign.as_ref()),
        };
        Some(Definition { params, body, value, slots: self.next })
    }

    fn assigned(&mut self, assign: Option<&RuleAssign>) -> Term {
        assign.map_or(Term::Is(Value::Bool(true)), |assign| self.term(&assign.value))
    }

    fn body(&mut self, query: &Query) -> Body {
        query
            .stmts
            .iter()
            .map(|statement| if statement.with_mods.is_empty() { self.goal(&statement.literal) } else { Goal::Unknown })
            .collect()
    }

    /// A body whose variables end with it.
    fn inner<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.names.len();
        let lowered = lower(self);
        self.names.truncate(outer);
        lowered
    }

    fn goal(&mut self, literal: &Literal) -> Goal {
        match literal {
            Literal::SomeVars { vars, .. } => {
                for name in vars {
                    self.name(name.text());
                }
                Goal::Unknown
            }
            Literal::SomeIn { key, value, collection, .. } => {
                let of = self.term(collection);
                let key = match key {
                    None => None,
                    Some(key) => match self.pattern(key) {
                        Some(key) => Some(key),
                        None => return Goal::Unknown,
                    },
                };
                match self.pattern(value) {
                    Some(value) => Goal::Each { key, value, of },
                    None => Goal::Unknown,
                }
            }
            Literal::Expr { expr, .. } => self.statement(expr),
            Literal::NotExpr { expr, .. } => Goal::Not(self.term(expr)),
            Literal::Every { key, value, domain, query, .. } => {
                let of = self.term(domain);
                self.inner(|this| {
                    let key = key.as_ref().map(|key| Pattern::Slot(this.name(key.text())));
                    let value = Pattern::Slot(this.name(value.text()));
                    Goal::Every { key, value, of, body: this.body(query) }
                })
            }
        }
    }

    fn statement(&mut self, expr: &Expr) -> Goal {
        let Expr::AssignExpr { op, lhs, rhs, .. } = expr else { return Goal::Test(self.term(expr)) };
        if *op == AssignOp::Eq {
            return Goal::Unknown;
        }
        let term = self.term(rhs);
        self.pattern(lhs).map_or(Goal::Unknown, |pattern| Goal::Let(pattern, term))
    }

    fn name(&mut self, name: &str) -> usize {
        let slot = self.next;
        self.next += 1;
        self.names.push((name.to_owned(), slot));
        slot
    }

    /// A pattern of new variables.
    fn pattern(&mut self, expr: &Expr) -> Option<Pattern> {
        match expr {
            Expr::Var { value, .. } => match value.text()? {
                "_" => Some(Pattern::Ignored),
                name => Some(Pattern::Slot(self.name(name))),
            },
            Expr::Array { items, .. } => items.iter().map(|item| self.pattern(item)).collect::<Option<Vec<_>>>().map(Pattern::Array),
            _ => constant(expr).map(Pattern::Equals),
        }
    }

    fn term(&mut self, expr: &Expr) -> Term {
        if let Some(value) = constant(expr) {
            return Term::Is(value);
        }
        match expr {
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::Array { items, .. } => Term::Array(self.terms(items)),
            Expr::Set { items, .. } => Term::Set(self.terms(items)),
            Expr::Object { fields, .. } => self.record(fields.iter().map(|(_, key, value)| (&**key, &**value))),
            Expr::ArrayCompr { term, query, .. } => self.inner(|this| {
                let body = this.body(query);
                Term::ArrayOf(Box::new(this.term(term)), body)
            }),
            Expr::SetCompr { term, query, .. } => self.inner(|this| {
                let body = this.body(query);
                Term::SetOf(Box::new(this.term(term)), body)
            }),
            Expr::ObjectCompr { key, value, query, .. } => self.inner(|this| {
                let body = this.body(query);
                let key = this.term(key);
                Term::ObjectOf(Box::new(key), Box::new(this.term(value)), body)
            }),
            Expr::Call { fcn, params, .. } => self.call(fcn, params),
            Expr::BoolExpr { op, lhs, rhs, .. } => Term::Compare(comparison(op), Box::new(self.term(lhs)), Box::new(self.term(rhs))),
            Expr::ArithExpr { op, lhs, rhs, .. } => Term::Arithmetic(operator(op), Box::new(self.term(lhs)), Box::new(self.term(rhs))),
            Expr::BinExpr { op: BinOp::Union, lhs, rhs, .. } => Term::Union(Box::new(self.term(lhs)), Box::new(self.term(rhs))),
            Expr::Membership { key: None, value, collection, .. } => Term::In(Box::new(self.term(value)), Box::new(self.term(collection))),
            _ => Term::Unknown,
        }
    }

    fn terms(&mut self, items: &[Ref<Expr>]) -> Vec<Term> {
        items.iter().map(|item| self.term(item)).collect()
    }

    fn record<'e>(&mut self, fields: impl Iterator<Item = (&'e Expr, &'e Expr)>) -> Term {
        let fields: Option<Vec<(Value, Term)>> = fields.map(|(key, value)| Some((constant(key)?, self.term(value)))).collect();
        let Some(fields) = fields else { return Term::Unknown };
        let blank: BTreeMap<Value, Value> = fields.iter().map(|(key, _)| (key.clone(), Value::Null)).collect();
        match Value::from(blank) {
            Value::Object(blank) if blank.len() == fields.len() => Term::Record(Object::clone(&blank), fields),
            _ => Term::Unknown,
        }
    }

    fn call(&mut self, function: &Expr, arguments: &[Ref<Expr>]) -> Term {
        let Some(path) = names::path(function) else { return Term::Unknown };
        if let ([pattern, text], ["regex", "match"]) = (arguments, path.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
            return Term::Match(Box::new(self.term(pattern)), Box::new(self.term(text)));
        }
        let arguments = self.terms(arguments);
        match self.scope.resolve(&path) {
            Some((id, [])) => Term::Call(id, arguments),
            Some(_) => Term::Unknown,
            None => match BUILTINS.get(path.join(".").as_str()) {
                Some(builtin) if usize::from(builtin.1) == arguments.len() => Term::Builtin(*builtin, arguments),
                _ => Term::Unknown,
            },
        }
    }

    /// `a.b[c].d`: a variable, `input`, or a rule, and the way from there.
    fn reference(&mut self, expr: &Expr) -> Term {
        let mut keys = Vec::new();
        let mut root = expr;
        loop {
            match root {
                Expr::RefDot { refr, field, .. } => {
                    keys.push(field.1.text().map_or(Term::Unknown, |key| Term::Is(Value::from(key))));
                    root = refr;
                }
                Expr::RefBrack { refr, index, .. } => {
                    keys.push(self.term(index));
                    root = refr;
                }
                _ => break,
            }
        }
        keys.reverse();
        let Expr::Var { value, .. } = root else {
            let root = self.term(root);
            return get(root, keys);
        };
        let Some(name) = value.text() else { return Term::Unknown };
        if let Some((_, slot)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return get(Term::Slot(*slot), keys);
        }
        if name == "input" {
            return match keys.first() {
                Some(Term::Is(Value::String(field))) => get(Term::Input(field.clone()), keys.split_off(1)),
                _ => Term::Unknown,
            };
        }
        let fixed = keys.iter().map_while(|key| if let Term::Is(key) = key { key.text() } else { None });
        let path: Vec<String> = [name].into_iter().chain(fixed).map(str::to_owned).collect();
        match self.scope.resolve(&path) {
            Some((id, rest)) => get(Term::Rule(id), keys.split_off(path.len() - 1 - rest.len())),
            None => Term::Unknown,
        }
    }
}

fn get(root: Term, keys: Vec<Term>) -> Term {
    if keys.is_empty() { root } else { Term::Get(Box::new(root), keys) }
}

/// The value of a literal, with everything in it.
fn constant(expr: &Expr) -> Option<Value> {
    match expr {
        // A text of its own: that of the tree is shared by all threads.
        Expr::String { value, .. } | Expr::RawString { value, .. } => value.text().map(Value::from),
        Expr::Number { value, .. } | Expr::Bool { value, .. } | Expr::Null { value, .. } => Some(value.clone()),
        Expr::Array { items, .. } => items.iter().map(|item| constant(item)).collect::<Option<Vec<_>>>().map(Value::from),
        Expr::Set { items, .. } => items.iter().map(|item| constant(item)).collect::<Option<regorus::value::Set>>().map(Value::from),
        Expr::Object { fields, .. } => {
            let pairs = fields.iter().map(|(_, key, value)| Some((constant(key)?, constant(value)?)));
            pairs.collect::<Option<BTreeMap<_, _>>>().map(Value::from)
        }
        _ => None,
    }
}

fn comparison(op: &BoolOp) -> Comparison {
    match op {
        BoolOp::Lt => Comparison::Less,
        BoolOp::Le => Comparison::AtMost,
        BoolOp::Eq => Comparison::Equal,
        BoolOp::Ne => Comparison::Unequal,
        BoolOp::Ge => Comparison::AtLeast,
        BoolOp::Gt => Comparison::More,
    }
}

fn operator(op: &ArithOp) -> Operator {
    match op {
        ArithOp::Add => Operator::Add,
        ArithOp::Sub => Operator::Subtract,
        ArithOp::Mul => Operator::Multiply,
        ArithOp::Div => Operator::Divide,
        ArithOp::Mod => Operator::Modulo,
    }
}
