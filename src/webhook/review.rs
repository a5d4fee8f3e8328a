//! One admission request, read: the review around it checked, the object in it still to be judged.

use std::sync::Arc;

use super::envelope::{Envelope, Raw, Unreadable};
use crate::facts::Request;
use crate::objects::{Identity, Object, Origin};
use crate::value::{Lookup, Value};

/// Why a body is no review; answered with HTTP 400, because no API server sends such a thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoReview {
    /// Not JSON, or cut off.
    #[error("{0}: send an admission.k8s.io/v1 AdmissionReview")]
    Malformed(#[from] super::envelope::Malformed),
    /// Something else.
    #[error("the body is no admission.k8s.io/v1 AdmissionReview: set apiVersion and kind")]
    Kind,
    /// No request in it.
    #[error("the AdmissionReview has no request with a uid: nothing can be answered")]
    NoUid,
    /// An operation that no API server sends.
    #[error("the operation of the request is none of CREATE, UPDATE, DELETE, CONNECT")]
    Operation,
    /// What is beside the object is no JSON.
    #[error("{0} of the request cannot be read: {1}")]
    Part(&'static str, Unreadable),
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A new object.
    Create,
    /// A changed one.
    Update,
    /// One that goes.
    Delete,
    /// `exec`, `portforward` and the like.
    Connect,
}

impl Operation {
    /// As in the request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Connect].into_iter().find(|operation| operation.as_str() == text)
    }
}

/// A request whose object is not read yet.
#[derive(Debug)]
pub struct Review<'a> {
    /// To be echoed.
    pub uid: String,
    /// What is being done.
    pub operation: Operation,
    /// Group and plural name: `apps/statefulsets`, `pods`.
    pub resource: String,
    /// `scale`, `status`; empty for the object itself.
    pub subresource: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// As in the request; empty with `generateName` and when a collection is deleted.
    pub name: String,
    /// Nothing will be stored.
    pub dry_run: bool,
    /// `userInfo`.
    pub user: Value,
    options: Raw<'a>,
    kind: Value,
    object: Raw<'a>,
    old: Raw<'a>,
}

impl<'a> Review<'a> {
    /// Reads what is around the object.
    ///
    /// # Errors
    /// When it is no review that an API server sends.
    pub fn read(body: &'a [u8]) -> Result<Self, NoReview> {
        let (envelope, whole) = Envelope::skim(body);
        whole?;
        Self::from_envelope(envelope)
    }

    fn from_envelope(envelope: Envelope<'a>) -> Result<Self, NoReview> {
        if envelope.api_version != "admission.k8s.io/v1" || envelope.kind != "AdmissionReview" {
            return Err(NoReview::Kind);
        }
        if !envelope.has_request || envelope.uid.is_empty() {
            return Err(NoReview::NoUid);
        }
        let operation = Operation::parse(&envelope.operation).ok_or(NoReview::Operation)?;
        let part = |name, raw: Raw<'_>| raw.parse().map_err(|error| NoReview::Part(name, error));
        let resource = part("resource", envelope.resource)?;
        let group = resource.at("group").text().unwrap_or_default();
        let plural = resource.at("resource").text().unwrap_or_default();
        Ok(Self {
            operation,
            resource: if group.is_empty() { plural.to_owned() } else { format!("{group}/{plural}") },
            kind: part("kind", envelope.request_kind)?,
            user: part("userInfo", envelope.user)?,
            options: envelope.options,
            uid: envelope.uid,
            subresource: envelope.subresource,
            namespace: envelope.namespace,
            name: envelope.name,
            dry_run: envelope.dry_run,
            object: envelope.object,
            old: envelope.old,
        })
    }

    /// The object; `None` where the request has none.
    ///
    /// # Errors
    /// When it is too deep, too large, or no JSON.
    pub fn object(&self) -> Result<Option<Arc<Object>>, Unreadable> {
        self.read_object(self.object)
    }

    /// The object as it was; `None` where the request has none.
    ///
    /// # Errors
    /// When it is too deep, too large, or no JSON.
    pub fn old(&self) -> Result<Option<Arc<Object>>, Unreadable> {
        self.read_object(self.old)
    }

    fn read_object(&self, raw: Raw<'_>) -> Result<Option<Arc<Object>>, Unreadable> {
        if raw.is_absent() {
            return Ok(None);
        }
        let value = raw.parse()?;
        let mut object = Object::new(value.clone(), Origin::Cluster).unwrap_or_else(|| self.nameless(value));
        let namespaced = !self.namespace.is_empty() && &*object.identity.kind != "Namespace";
        if object.identity.namespace.is_none() && namespaced && !crate::objects::cluster_scoped(object.group_kind()) {
            object.identity.namespace = Some(self.namespace.as_str().into());
        }
        if object.identity.name.is_empty() {
            object.identity.name = self.name.as_str().into();
        }
        Ok(Some(Arc::new(object)))
    }

    /// An object without `kind` or `apiVersion`: the request says what it is.
    fn nameless(&self, value: Value) -> Object {
        let text = |key| self.kind.at(key).text().unwrap_or_default();
        let (group, version) = (text("group"), text("version"));
        let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let name = value.dig(&["metadata", "name"]).text().unwrap_or_default().into();
        Object {
            identity: Identity { api_version: api_version.into(), kind: text("kind").into(), namespace: None, name },
            value,
            origin: Origin::Cluster,
        }
    }

    /// As the rules see it.
    pub fn request(&self) -> Request {
        Request {
            operation: self.operation.as_str().into(),
            subresource: self.subresource.as_str().into(),
            user: self.user.clone(),
            dry_run: self.dry_run,
            options: self.options.parse().unwrap_or(Value::Null),
        }
    }

    /// Who asks; empty where it is not said.
    pub fn username(&self) -> &str {
        self.user.at("username").text().unwrap_or_default()
    }
}
