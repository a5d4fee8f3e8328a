//! Everything hard and exact about an object, computed once: the `input` document of the rules (`docs/facts.md`).
//! Reads no file, no environment, no clock; knows neither YAML text nor HTTP. Other objects come from an [`ObjectSet`].

mod need;
pub mod quantity;
pub mod related;
pub mod software;
pub mod workload;

pub use need::Need;

use std::sync::Arc;

use crate::objects::{Object, ObjectSet};
use crate::value::{Value, object};

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

/// The facts of one object. What relates it to others is computed when a rule first needs it, and kept.
pub struct Facts<'a> {
    context: Context<'a>,
    object: &'a Arc<Object>,
    old: Option<&'a Arc<Object>>,
    request: &'a Request,
}

impl<'a> Facts<'a> {
    /// Computes what needs no other object.
    pub fn new(object: &'a Arc<Object>, old: Option<&'a Arc<Object>>, request: &'a Request, context: Context<'a>) -> Self {
        Self { context, object, old, request }
    }

    /// The judged object.
    pub fn object(&self) -> &'a Arc<Object> {
        self.object
    }

    /// `workload` of the input document; `Null` where there is none.
    pub fn workload(&self) -> &Value {
        &Value::Null
    }

    /// The families of software that its containers run (`redis`, `postgres`, ...), servers and helpers alike.
    pub fn software(&self) -> &[Arc<str>] {
        &[]
    }

    /// The input document for a rule that needs these related facts and has these parameters.
    pub fn input(&mut self, _needs: &[Need], params: &Value) -> Value {
        let _ = (&self.context.set, self.old, self.request);
        object([("facts", Value::from(1_u64)), ("object", self.object.value.clone()), ("params", params.clone())])
    }
}
