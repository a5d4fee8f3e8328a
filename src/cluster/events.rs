//! Kubernetes Events about what was refused, so that whoever owns a workload sees it with `kubectl get events`. They are a
//! courtesy: never waited for, limited in rate, dropped when they cannot be written. They name an object and rules, and hold
//! nothing else of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};
use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The same thing about the same object is said once in this time.
const AGAIN: Duration = Duration::from_secs(300);
/// Events that may be written at once.
const BURST: f64 = 50.0;
/// Events a second after that.
const RATE: f64 = 5.0;
/// Objects that are remembered; what happens to more of them within [`AGAIN`] is not said.
const REMEMBERED: usize = 4_096;
/// Events that wait to be written; more are dropped.
const WAITING: usize = 256;
/// Time for one to be written.
const TIME: Duration = Duration::from_secs(5);
/// Longest note, in bytes: the API server's limit.
const NOTE: usize = 1_024;
/// Where Events about cluster-scoped objects are.
const DEFAULT_NAMESPACE: &str = "default";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happening {
    /// A request was refused.
    Refused,
    /// A request would have been refused, and an annotation broke the glass.
    GlassBroken,
    /// What was admitted because something related could still come is still missing.
    StillMissing,
}

impl Happening {
    /// The Event's reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Refused => "AdmissionRefused",
            Self::GlassBroken => "BreakGlass",
            Self::StillMissing => "RelatedObjectMissing",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Refused => "was refused by",
            Self::GlassBroken => "was admitted by the annotation kubelint.dev/break-glass in spite of",
            Self::StillMissing => "was admitted, and what it needs is still missing:",
        }
    }
}

/// What an Event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub happening: Happening,
    /// `CREATE` and so on.
    pub operation: &'static str,
    /// Of the object.
    pub api_version: String,
    /// Of the object.
    pub kind: String,
    /// Of the object; empty for cluster-scoped ones.
    pub namespace: String,
    /// Of the object; without one (`generateName`) there is nothing to attach an Event to.
    pub name: String,
    /// The rules that refused.
    pub rules: Vec<Arc<str>>,
}

impl Notice {
    fn note(&self) -> String {
        let rules = if self.rules.is_empty() { "kubelint itself".to_owned() } else { self.rules.join(", ") };
        let mut note = format!("{} {} {rules}", self.operation, self.happening.words());
        if note.len() > NOTE {
            let end = (0..NOTE - 3).rev().find(|at| note.is_char_boundary(*at)).unwrap_or_default();
            note.truncate(end);
            note.push('…');
        }
        note
    }

    fn event(&self, reporter: &str, now: Timestamp) -> Event {
        let namespace = if self.namespace.is_empty() { DEFAULT_NAMESPACE } else { &self.namespace };
        Event {
            metadata: ObjectMeta {
                generate_name: Some("kubelint-".into()),
                namespace: Some(namespace.to_owned()),
                ..ObjectMeta::default()
            },
            action: Some("Admission".into()),
            event_time: Some(MicroTime(now)),
            note: Some(self.note()),
            reason: Some(self.happening.reason().into()),
            regarding: Some(ObjectReference {
                api_version: Some(self.api_version.clone()),
                kind: Some(self.kind.clone()),
                namespace: (!self.namespace.is_empty()).then(|| self.namespace.clone()),
                name: Some(self.name.clone()),
                ..ObjectReference::default()
            }),
            reporting_controller: Some("kubelint.dev/webhook".into()),
            reporting_instance: Some(reporter.to_owned()),
            type_: Some("Warning".into()),
            ..Event::default()
        }
    }
}

/// Takes notices, and never waits.
#[derive(Debug, Clone)]
pub struct Announcer(mpsc::Sender<Notice>);

impl Announcer {
    /// An announcer, and what writes its Events until the last copy of it is dropped. `reporter` is the name of this replica.
    pub fn new(client: Client, reporter: String) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (sender, notices) = mpsc::channel(WAITING);
        (Self(sender), write(client, reporter, notices))
    }

    /// Announces, unless too much waits already.
    pub fn tell(&self, notice: Notice) {
        if !notice.name.is_empty() {
            let _ = self.0.try_send(notice);
        }
    }
}

async fn write(client: Client, reporter: String, mut notices: mpsc::Receiver<Notice>) {
    let mut limit = Limit::new(Instant::now());
    while let Some(notice) = notices.recv().await {
        if !limit.lets(&notice, Instant::now()) {
            continue;
        }
        let event = notice.event(&reporter, Timestamp::now());
        let api: Api<Event> = Api::namespaced(client.clone(), event.metadata.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE));
        match timeout(TIME, api.create(&PostParams::default(), &event)).await {
            Ok(Ok(_)) => {}
            Ok(Err(kube::Error::Api(status))) => tracing::debug!(code = status.code, reason = status.reason, "an Event was not written"),
            Ok(Err(_)) | Err(_) => tracing::debug!("an Event was not written"),
        }
    }
}

/// What was said lately, and how much more may be said.
struct Limit {
    said: FxHashMap<(Happening, String, String, String), Instant>,
    tokens: f64,
    counted: Instant,
}

impl Limit {
    fn new(now: Instant) -> Self {
        Self { said: FxHashMap::default(), tokens: BURST, counted: now }
    }

    fn lets(&mut self, notice: &Notice, now: Instant) -> bool {
        self.tokens = (self.tokens + now.duration_since(self.counted).as_secs_f64() * RATE).min(BURST);
        self.counted = now;
        if self.said.len() >= REMEMBERED {
            self.said.retain(|_, said| now.duration_since(*said) < AGAIN);
        }
        let key = (notice.happening, notice.kind.clone(), notice.namespace.clone(), notice.name.clone());
        let lately = self.said.get(&key).is_some_and(|said| now.duration_since(*said) < AGAIN);
        if lately || self.tokens < 1.0 || self.said.len() >= REMEMBERED {
            return false;
        }
        self.tokens -= 1.0;
        self.said.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(name: &str) -> Notice {
        Notice {
            happening: Happening::Refused,
            operation: "CREATE",
            api_version: "apps/v1".into(),
            kind: "StatefulSet".into(),
            namespace: "shop".into(),
            name: name.into(),
            rules: vec!["pdb-missing".into(), "readiness-probe-missing".into()],
        }
    }

    #[test]
    fn an_event_names_the_object_and_the_rules() {
        let event = notice("store").event("kubelint-0", Timestamp::UNIX_EPOCH);
        assert_eq!(event.note.as_deref(), Some("CREATE was refused by pdb-missing, readiness-probe-missing"));
        assert_eq!((event.reason.as_deref(), event.type_.as_deref()), (Some("AdmissionRefused"), Some("Warning")));
        let regarding = event.regarding.unwrap();
        assert_eq!((regarding.kind.as_deref(), regarding.name.as_deref()), (Some("StatefulSet"), Some("store")));
        assert_eq!(event.metadata.namespace.as_deref(), Some("shop"));
        let many = Notice { namespace: String::new(), rules: vec!["é".repeat(900).into()], ..notice("store") };
        let event = many.event("kubelint-0", Timestamp::UNIX_EPOCH);
        assert_eq!(event.metadata.namespace.as_deref(), Some("default"));
        assert!(event.note.unwrap().len() <= NOTE);
    }

    #[test]
    fn a_flood_is_cut_and_the_same_is_not_said_again() {
        let begin = Instant::now();
        let mut limit = Limit::new(begin);
        assert!(limit.lets(&notice("same"), begin));
        assert!(!limit.lets(&notice("same"), begin + AGAIN / 2));
        assert!(limit.lets(&Notice { happening: Happening::GlassBroken, ..notice("same") }, begin + AGAIN / 2));
        assert!(limit.lets(&notice("same"), begin + AGAIN));
        let later = begin + 2 * AGAIN;
        let let_through = (0..10_000).filter(|nth| limit.lets(&notice(&nth.to_string()), later)).count();
        assert_eq!(let_through, 50);
        let a_second_later = (0..100).filter(|nth| limit.lets(&notice(&format!("b{nth}")), later + Duration::from_secs(1))).count();
        assert_eq!(a_second_later, 5);
    }

    #[test]
    fn memory_of_what_was_said_is_bounded() {
        let begin = Instant::now();
        let mut limit = Limit::new(begin);
        for nth in 0..20_000_u32 {
            limit.lets(&notice(&nth.to_string()), begin + Duration::from_secs(1) * nth / 5);
        }
        assert!(limit.said.len() <= REMEMBERED);
    }
}
