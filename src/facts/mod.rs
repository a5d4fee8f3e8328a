//! Everything hard and exact about an object, computed once: the `input` document of the rules (`docs/facts.md`).
//! Reads no file, no environment, no clock; knows neither YAML text nor HTTP. Other objects come from an [`ObjectSet`].

mod affinity;
mod change;
mod container;
pub mod image;
mod need;
mod operator;
mod probe;
mod qos;
pub mod quantity;
mod record;
mod refs;
pub mod related;
mod resources;
mod scale;
pub mod schema;
mod security;
pub mod software;
mod state;
mod volume;
pub mod workload;

pub use need::Need;

use std::cell::{OnceCell, RefCell};
use std::sync::{Arc, LazyLock};

use self::record::{Fact, record};
use self::related::View;
use crate::objects::{Object, ObjectSet};
use crate::value::{Value, object};

/// The Kubernetes minor version that objects are judged for unless something says otherwise.
pub const KUBERNETES_MINOR: u32 = 37;

/// What the facts of all objects of a run share.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who else is there.
    pub set: &'a dyn ObjectSet,
    /// The minor version of the Kubernetes 1.x that the objects are for.
    pub kubernetes_minor: u32,
}

/// What is being done to the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: Arc<str>,
    /// `scale`, `status`, ...; empty for the object itself.
    pub subresource: Arc<str>,
    /// `userInfo` of the admission request, `Null` offline.
    pub user: Value,
    /// Is it a dry run?
    pub dry_run: bool,
    /// The options of the admission request, `Null` offline.
    pub options: Value,
}

impl Request {
    /// The request an object file stands for: CREATE, or UPDATE where the previous version is known.
    pub fn offline(updates: bool) -> Self {
        let operation = if updates { "UPDATE" } else { "CREATE" };
        Self { operation: operation.into(), subresource: "".into(), user: Value::Null, dry_run: false, options: Value::Null }
    }
}

/// The version of the input document.
static VERSION: LazyLock<Value> = LazyLock::new(|| Value::from(1));

/// The facts of one object. What relates it to others is computed when a rule first looks at it, and kept.
pub struct Facts<'a> {
    context: Context<'a>,
    object: &'a Arc<Object>,
    old: Option<&'a Arc<Object>>,
    request: &'a Request,
    workload: Value,
    families: Vec<Arc<str>>,
    /// What each need has yielded.
    yielded: RefCell<Vec<(Need, Vec<related::Entry>)>>,
    /// `related`, by needs.
    related: RefCell<Vec<(Vec<Need>, Value)>>,
    requested: OnceCell<Value>,
    kubernetes: OnceCell<Value>,
    set: OnceCell<Value>,
    schema: OnceCell<Value>,
    change: OnceCell<Value>,
}

impl<'a> Facts<'a> {
    /// Computes `workload`; what is related only once it is asked for.
    pub fn new(object: &'a Arc<Object>, old: Option<&'a Arc<Object>>, request: &'a Request, context: Context<'a>) -> Self {
        let workload = workload::build(object, &context);
        let families = workload::families(&workload);
        Self {
            context,
            object,
            old,
            request,
            workload,
            families,
            yielded: RefCell::default(),
            related: RefCell::default(),
            requested: OnceCell::new(),
            kubernetes: OnceCell::new(),
            set: OnceCell::new(),
            schema: OnceCell::new(),
            change: OnceCell::new(),
        }
    }

    /// The judged object.
    pub fn object(&self) -> &'a Arc<Object> {
        self.object
    }

    /// What is being done to the object.
    pub fn request(&self) -> &'a Request {
        self.request
    }

    /// `workload` of the input document; `Null` where there is none.
    pub fn workload(&self) -> &Value {
        &self.workload
    }

    /// The families of software that its containers run (`redis`, `postgres`, ...), servers and helpers alike.
    pub fn software(&self) -> &[Arc<str>] {
        &self.families
    }

    /// The input document for a rule that needs these related facts and has these parameters, a field at a time.
    pub fn fields<'f>(&'f self, needs: &'f [Need], params: &'f Value) -> Fields<'f> {
        Fields { facts: self, needs, params, related: OnceCell::new() }
    }

    /// The input document for a rule that needs these related facts and has these parameters.
    pub fn input(&self, needs: &[Need], params: &Value) -> Value {
        self.fields(needs, params).document()
    }

    fn view(&self) -> View<'_> {
        View { object: self.object, old: self.old, workload: &self.workload, context: self.context }
    }

    fn request_facts(&self) -> Value {
        let Request { operation, subresource, user, dry_run, options } = self.request;
        record! {
            "operation": Value::String(operation.clone()),
            "subresource": Value::String(subresource.clone()),
            "user": user,
            "dry_run": *dry_run,
            "options": options,
        }
    }

    /// `schema`: what the API server would refuse, and what becomes of the API version.
    fn schema_facts(&self) -> Value {
        let minor = self.context.kubernetes_minor;
        record! { "errors": schema::errors(self.object, minor, self.context.set), "api": schema::api(self.object, minor, self.context.set) }
    }

    fn change_facts(&self) -> Value {
        if self.old.is_some() { related::change(&self.view()) } else { Value::Null }
    }

    /// `related`: what these needs yielded, and how much of their kinds is known.
    fn related_facts(&self, needs: &[Need]) -> Value {
        if let Some((_, known)) = self.related.borrow().iter().find(|(known, _)| known == needs) {
            return known.clone();
        }
        let view = self.view();
        for need in needs {
            if !self.yielded.borrow().iter().any(|(known, _)| known == need) {
                let entries = related::compute(*need, &view);
                self.yielded.borrow_mut().push((*need, entries));
            }
        }
        let yielded = self.yielded.borrow();
        let entries = yielded.iter().filter(|(need, _)| needs.contains(need)).flat_map(|(_, entries)| entries.clone());
        let complete = needs.iter().flat_map(|need| related::complete(*need, &view)).map(|(kind, all)| (kind, Value::Bool(all)));
        let related = object(entries.chain([("complete", object(complete))]));
        self.related.borrow_mut().push((needs.to_vec(), related.clone()));
        related
    }
}

/// The input document of one rule. A field is computed when it is first looked at.
pub struct Fields<'f> {
    facts: &'f Facts<'f>,
    needs: &'f [Need],
    params: &'f Value,
    related: OnceCell<Value>,
}

impl Fields<'_> {
    /// A field of the document; `None` if it has no such field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let facts = self.facts;
        Some(match name {
            "object" => &facts.object.value,
            "workload" => &facts.workload,
            "params" => self.params,
            "related" => self.related.get_or_init(|| facts.related_facts(self.needs)),
            "old" => facts.old.map_or(&Value::Null, |old| &old.value),
            "change" => facts.change.get_or_init(|| facts.change_facts()),
            "set" => facts.set.get_or_init(|| record! { "partial": facts.context.set.is_partial() }),
            "request" => facts.requested.get_or_init(|| facts.request_facts()),
            "kubernetes" => facts.kubernetes.get_or_init(|| record! { "minor": i64::from(facts.context.kubernetes_minor) }),
            "schema" if self.needs.contains(&Need::Schemas) => facts.schema.get_or_init(|| facts.schema_facts()),
            "schema" => &Value::Null,
            "facts" => &VERSION,
            _ => return None,
        })
    }

    /// All of it.
    pub fn document(&self) -> Value {
        let field = |name| self.get(name).fact();
        record! {
            "facts": field("facts"),
            "object": field("object"),
            "old": field("old"),
            "request": field("request"),
            "kubernetes": field("kubernetes"),
            "set": field("set"),
            "workload": field("workload"),
            "related": field("related"),
            "schema": field("schema"),
            "change": field("change"),
            "params": field("params"),
        }
    }
}

#[cfg(test)]
mod tests;
