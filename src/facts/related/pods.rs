//! `related.pods` and `related.recreate`: what happens to pods that are already there when a StatefulSet of their name is created
//! again. Their template is that of the ControllerRevision they are labelled with; it is compared as the controller compares.

use std::sync::Arc;

use super::{Entry, View, entry};
use crate::facts::change::{self, Difference};
use crate::facts::record::record;
use crate::objects::{GroupKind, Object, Selector, template};
use crate::place::Path;
use crate::value::{Lookup, Value, array, nullable};

const CLAIM: GroupKind<'static> = GroupKind { group: "", kind: "PersistentVolumeClaim" };
const REVISION: GroupKind<'static> = GroupKind { group: "apps", kind: "ControllerRevision" };
/// The label that names a pod's revision.
const HASH: &str = "controller-revision-hash";

/// A pod of the judged StatefulSet.
struct Member {
    object: Arc<Object>,
    ordinal: i64,
    orphan: bool,
    deleting: bool,
    revision: Option<String>,
    /// From the pod's revision to the judged template; `None` where the revision is not known.
    differs: Option<Vec<Difference>>,
    missing: Vec<String>,
    extra: Vec<String>,
}

/// `pods` of a StatefulSet or a claim, `recreate` of a StatefulSet.
pub(super) fn entries(view: &View<'_>) -> Vec<Entry> {
    if view.object.group_kind() == CLAIM {
        let mut pods = view.context.set.workloads_using(CLAIM, view.object.namespace(), &view.object.identity.name);
        pods.retain(|user| entry::is(user, "", "Pod"));
        let record = |pod: &Arc<Object>| {
            record! {
                "place": entry::place(view, pod, &["metadata", "name"]),
                "name": Value::String(pod.identity.name.clone()),
                "deleting": Value::from(is_deleting(pod)),
            }
        };
        return vec![("pods", array(pods.iter().map(record))), ("recreate", Value::Null)];
    }
    let members = if entry::is(view.object, "apps", "StatefulSet") { members(view) } else { Vec::new() };
    vec![("pods", array(members.iter().map(|member| record(view, member)))), ("recreate", recreate(view, &members))]
}

/// The pods that match the selector and are named `<set>-<ordinal>`, by ordinal.
fn members(view: &View<'_>) -> Vec<Member> {
    let own = view.object;
    let Some(selector) = Selector::from_label_selector(own.value.dig(&["spec", "selector"])) else { return Vec::new() };
    let mut found = view.context.set.workloads_matching(&selector, own.namespace());
    found.retain(|object| entry::is(object, "", "Pod"));
    let template = template::pod_template(own).map_or(Value::Undefined, change::normal_template);
    let mut members: Vec<Member> = found.into_iter().filter_map(|pod| member(view, pod, &template)).collect();
    members.sort_by_key(|member| member.ordinal);
    members
}

fn member(view: &View<'_>, pod: Arc<Object>, template: &Value) -> Option<Member> {
    let digits = pod.identity.name.strip_prefix(&*view.object.identity.name)?.strip_prefix('-')?;
    let ordinal: i64 = digits.parse().ok().filter(|number: &i64| number.to_string() == digits)?;
    let owners = pod.value.dig(&["metadata", "ownerReferences"]).items();
    let revision = pod.value.dig(&["metadata", "labels", HASH]).text().map(str::to_owned);
    let before = revision.as_deref().and_then(|name| view.context.set.get(REVISION, view.object.namespace(), name));
    let differs = before.map(|before| {
        let before = change::normal_template(before.value.dig(&["data", "spec", "template"]));
        change::differences(&without_patch(&before), template, &Path::root().keys(&["spec", "template"]))
    });
    let (missing, extra) = claims(view.object, &pod);
    Some(Member {
        ordinal,
        orphan: owners.iter().all(|owner| owner.at("controller").flag() != Some(true)),
        deleting: is_deleting(&pod),
        revision,
        differs,
        missing,
        extra,
        object: pod,
    })
}

/// A revision says `$patch: replace` beside the template.
fn without_patch(template: &Value) -> Value {
    crate::value::object(template.entries().filter(|(key, _)| *key != "$patch").map(|(key, value)| (key, value.clone())))
}

fn is_deleting(pod: &Object) -> bool {
    !pod.value.dig(&["metadata", "deletionTimestamp"]).is_absent()
}

/// Claim templates whose volume the pod lacks, and claims of the set's naming that no template accounts for.
fn claims(set: &Object, pod: &Object) -> (Vec<String>, Vec<String>) {
    let templates = set.value.dig(&["spec", "volumeClaimTemplates"]).items().iter();
    let wanted: Vec<&str> = templates.filter_map(|claim| claim.dig(&["metadata", "name"]).text()).collect();
    let volumes = pod.value.dig(&["spec", "volumes"]).items().iter();
    let suffix = format!("-{}", pod.identity.name);
    let made = |volume: &Value| volume.dig(&["persistentVolumeClaim", "claimName"]).text()?.strip_suffix(&suffix).map(str::to_owned);
    let mounted: Vec<String> = volumes.filter_map(made).collect();
    let missing = wanted.iter().filter(|name| !mounted.iter().any(|known| known == **name)).map(|name| (*name).to_owned());
    let extra = mounted.iter().filter(|name| !wanted.contains(&name.as_str())).cloned();
    (missing.collect(), extra.collect())
}

fn record(view: &View<'_>, member: &Member) -> Value {
    let differs = member.differs.as_ref().map(|all| array(all.iter().map(Difference::to_value)));
    record! {
        "place": entry::place(view, &member.object, &["metadata", "name"]),
        "name": Value::String(member.object.identity.name.clone()),
        "ordinal": Value::from(member.ordinal),
        "orphan": Value::from(member.orphan),
        "deleting": Value::from(member.deleting),
        "revision": nullable(member.revision.as_deref()),
        "revision_known": Value::from(member.differs.is_some()),
        "template_diff": nullable(differs),
        "missing_claims": array(member.missing.iter().map(String::as_str)),
        "extra_claims": array(member.extra.iter().map(String::as_str)),
    }
}

/// What the judged StatefulSet does to the orphans that it will adopt. A pod whose revision is not known may restart.
fn recreate(view: &View<'_>, members: &[Member]) -> Value {
    let orphans: Vec<&Member> = members.iter().filter(|member| member.orphan && !member.deleting).collect();
    if orphans.is_empty() {
        return Value::Null;
    }
    let spec = view.object.value.at("spec");
    let strategy = spec.dig(&["updateStrategy", "type"]).text().unwrap_or("RollingUpdate");
    let first = spec.dig(&["ordinals", "start"]).int().unwrap_or(0);
    let last = first.saturating_add(spec.at("replicas").int().unwrap_or(1));
    let partition = match strategy {
        "OnDelete" => i64::MAX,
        "RollingUpdate" => first.saturating_add(spec.dig(&["updateStrategy", "rollingUpdate", "partition"]).int().unwrap_or(0)),
        _ => first,
    };
    let inside = |member: &&&Member| (first..last).contains(&member.ordinal);
    let restarts = |member: &&&Member| member.ordinal >= partition && member.differs.as_ref().is_none_or(|all| !all.is_empty());
    let mut affected: Vec<&Member> = orphans.iter().filter(inside).filter(restarts).copied().collect();
    affected.sort_by_key(|member| std::cmp::Reverse(member.ordinal));
    let known = affected.iter().all(|member| member.differs.is_some());
    let mut classes: Vec<&str> = affected.iter().flat_map(|member| member.differs.iter().flatten()).map(Difference::class).collect();
    classes.sort_unstable();
    classes.dedup();
    let surplus = orphans.iter().filter(|member| !(first..last).contains(&member.ordinal)).map(|member| member.ordinal);
    let mismatch = orphans.iter().any(|member| !member.missing.is_empty() || !member.extra.is_empty());
    record! {
        "pods": Value::from(orphans.len() as u64),
        "restarts": record! {
            "any": !affected.is_empty(),
            "ordinals": array(affected.iter().map(|member| member.ordinal)),
            "certainty": if known { "certain" } else { "possible" },
        },
        "volume_mismatch": mismatch,
        "surplus": array(surplus),
        "class": array(classes),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Unit, text};
    use crate::facts::Need;
    use crate::value::Lookup;

    fn set(spec: &str, template: &str) -> String {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{{"name":"s","namespace":"p"}},"spec":{{"replicas":3,{spec}"selector":{{"matchLabels":{{"app":"a"}}}},"template":{template}}}}}"#
        )
    }

    fn pod(ordinal: &str, more: &str, claim: &str) -> String {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"s-{ordinal}","namespace":"p","labels":{{"app":"a","controller-revision-hash":"s-1"}}{more}}},
                "spec":{{"volumes":[{{"name":"d","persistentVolumeClaim":{{"claimName":"{claim}-s-{ordinal}"}}}}]}}}}"#
        )
    }

    const REVISION: &str = r#"{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"s-1","namespace":"p"},"data":{"spec":{"template":{
        "$patch":"replace","metadata":{"creationTimestamp":null,"labels":{"app":"a"},"annotations":{"kubectl.kubernetes.io/restartedAt":"x"}},"spec":{"restartPolicy":"Always"}}}}}"#;
    const CLAIMS: &str = r#""volumeClaimTemplates":[{"metadata":{"name":"data"}}],"#;
    const SAME: &str = r#"{"metadata":{"labels":{"app":"a"},"annotations":{"kubectl.kubernetes.io/restartedAt":"x"}},"spec":{}}"#;
    const WITHOUT: &str = r#"{"metadata":{"labels":{"app":"a"}}}"#;

    #[test]
    fn orphans_restart_when_the_template_differs_from_their_revision() {
        let pods = ["0", "1", "2"].map(|ordinal| pod(ordinal, "", "data"));
        for (spec, template, revision, wanted) in [
            ("", SAME, true, "[] certain []"),
            ("", WITHOUT, true, r#"[2,1,0] certain ["restart"]"#),
            (r#""updateStrategy":{"type":"OnDelete"},"#, WITHOUT, true, "[] certain []"),
            (r#""updateStrategy":{"rollingUpdate":{"partition":2}},"#, WITHOUT, true, r#"[2] certain ["restart"]"#),
            ("", WITHOUT, false, "[2,1,0] possible []"),
        ] {
            let mut objects: Vec<&str> = pods.iter().map(String::as_str).collect();
            if revision {
                objects.push(REVISION);
            }
            let recreate = Unit::new(&objects).related_of(&set(&format!("{CLAIMS}{spec}"), template), Need::Pods).at("recreate").clone();
            let facts = [recreate.dig(&["restarts", "ordinals"]), recreate.dig(&["restarts", "certainty"]), recreate.at("class")];
            assert_eq!(facts.map(text).join(" "), wanted, "{spec} {template}");
            assert_eq!(text(recreate.at("volume_mismatch")), "false");
        }
    }

    #[test]
    fn claims_that_do_not_fit_and_pods_too_many_are_told() {
        let pods = [pod("0", "", "data"), pod("4", "", "data")];
        let objects: Vec<&str> = pods.iter().map(String::as_str).collect();
        let recreate = Unit::new(&objects).related_of(&set(r#""volumeClaimTemplates":[{"metadata":{"name":"other"}}],"#, SAME), Need::Pods);
        assert_eq!(text(recreate.dig(&["recreate", "volume_mismatch"])), "true");
        assert_eq!(text(recreate.dig(&["recreate", "surplus"])), "[4]");
        let first = recreate.at("pods").items().first().unwrap().clone();
        assert_eq!((text(first.at("missing_claims")), text(first.at("extra_claims"))), (r#"["other"]"#.into(), r#"["data"]"#.into()));
    }

    #[test]
    fn pods_that_are_owned_deleted_or_of_another_name_are_no_orphans() {
        let owned = pod("0", r#","ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","controller":true}]"#, "data");
        let deleted = pod("1", r#","deletionTimestamp":"x""#, "data");
        let other = pod("01", "", "data");
        let related = Unit::new(&[&owned, &deleted, &other]).related_of(&set("", WITHOUT), Need::Pods);
        assert!(related.at("recreate").is_absent());
        assert_eq!(related.at("pods").items().len(), 2);
    }
}
