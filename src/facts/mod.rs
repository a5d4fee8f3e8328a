//! Everything hard and exact about an object, computed once: the `input` document of the rules (`docs/facts.md`).
//! Reads no file, no environment, no clock; knows neither YAML text nor HTTP. Other objects come from an [`ObjectSet`].

mod affinity;
mod change;
mod container;
pub mod image;
mod need;
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

use std::sync::Arc;

use self::record::{Fact, record, word};
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
const VERSION: i64 = 1;

/// The facts of one object. What relates it to others is computed when a rule first needs it, and kept.
pub struct Facts<'a> {
    context: Context<'a>,
    object: &'a Arc<Object>,
    old: Option<&'a Arc<Object>>,
    request: &'a Request,
    workload: Value,
    families: Vec<Arc<str>>,
    /// What each need has yielded.
    related: Vec<(Need, Vec<(&'static str, Value)>)>,
    /// `input` with no parameters, by needs.
    inputs: Vec<(Vec<Need>, Arc<regorus::value::Object>)>,
    change: Option<Value>,
}

impl<'a> Facts<'a> {
    /// Computes `workload`; what is related only once it is asked for.
    pub fn new(object: &'a Arc<Object>, old: Option<&'a Arc<Object>>, request: &'a Request, context: Context<'a>) -> Self {
        let workload = workload::build(object, &context);
        let families = workload::families(&workload);
        Self { context, object, old, request, workload, families, related: Vec::new(), inputs: Vec::new(), change: None }
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

    /// The input document for a rule that needs these related facts and has these parameters.
    pub fn input(&mut self, needs: &[Need], params: &Value) -> Value {
        let base = match self.inputs.iter().find(|(known, _)| known == needs) {
            Some((_, base)) => base.clone(),
            None => {
                let base = self.build(needs);
                self.inputs.push((needs.to_vec(), base.clone()));
                base
            }
        };
        if matches!(params, Value::Object(params) if params.is_empty()) {
            return Value::Object(base);
        }
        let mut input = regorus::value::Object::clone(&base);
        if let Some(slot) = input.get_mut(&word!("params")) {
            *slot = params.fact();
        }
        Value::from(input)
    }

    /// The input document with no parameters.
    fn build(&mut self, needs: &[Need]) -> Arc<regorus::value::Object> {
        for need in needs {
            if !self.related.iter().any(|(known, _)| known == need) {
                let entries = related::compute(*need, &self.view());
                self.related.push((*need, entries));
            }
        }
        if self.change.is_none() {
            self.change = Some(if self.old.is_some() { related::change(&self.view()) } else { Value::Null });
        }
        let input = record! {
            "facts": VERSION,
            "object": &self.object.value,
            "old": self.old.map(|old| old.value.clone()),
            "request": self.request_facts(),
            "kubernetes": record! { "minor": i64::from(self.context.kubernetes_minor) },
            "set": record! { "partial": self.context.set.is_partial() },
            "workload": &self.workload,
            "related": self.related_facts(needs),
            "schema": needs.contains(&Need::Schemas).then(|| self.schema_facts()),
            "change": self.change.clone(),
            "params": Value::new_object(),
        };
        match input {
            Value::Object(input) => input,
            _ => Arc::default(),
        }
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

    /// `related`: what these needs yielded, and how much of their kinds is known.
    fn related_facts(&self, needs: &[Need]) -> Value {
        let yielded = self.related.iter().filter(|(need, _)| needs.contains(need)).flat_map(|(_, entries)| entries.clone());
        let view = self.view();
        let complete = needs.iter().flat_map(|need| related::complete(*need, &view)).map(|(kind, all)| (kind, Value::Bool(all)));
        object(yielded.chain([("complete", object(complete))]))
    }
}

#[cfg(test)]
mod tests;
