//! Kinds that no API server knows: a kind of Kubernetes misspelt, or under the wrong group or version. A group that may be that of
//! a CustomResourceDefinition is left alone: such a group has a dot (the API server asks for one), and is none of Kubernetes' own.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::table::{FIRST_MINOR, Table};
use super::{CRD, defines, removed};
use crate::objects::{Object, ObjectSet};
use crate::value::{Lookup, Value, nullable, object};

/// Kinds of group "" that are read by other programs than an API server, or were an OpenShift API server's before groups.
#[rustfmt::skip]
const ELSEWHERE: &[&str] = &[
    "Config", "List", "Template", "DeploymentConfig", "BuildConfig", "Build", "Route", "ImageStream", "ImageStreamTag", "Project",
    "SecurityContextConstraints", "RoleBinding", "ClusterRoleBinding", "OAuthClient", "Group", "User",
];

/// `(group, version, kind)` of everything that some version has.
static SERVED: LazyLock<Vec<(&'static str, &'static str, &'static str)>> = LazyLock::new(|| {
    let names = Table::get().kind_names().filter_map(|name| {
        let (version, kind) = name.rsplit_once('/')?;
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        Some((group, version, kind))
    });
    let mut all: Vec<_> = names.collect();
    // The best one first: v1 before v2, and both before betas and alphas.
    all.sort_by_key(|(group, version, kind)| (version.contains("beta"), version.contains("alpha"), *version, *group, *kind));
    all
});
static GROUPS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let gone = removed::REMOVED.iter().filter_map(|(version, ..)| version.split_once('/'));
    SERVED.iter().map(|(group, ..)| *group).chain(gone.map(|(group, _)| group)).collect()
});

/// What is wrong with the apiVersion and kind of an object that the target version does not serve and no table of removed versions
/// has, as `input.schema.api.stranger`: `{field: "kind"|"apiVersion", message, api_version, kind}`, the last two what was probably
/// meant or `null`. `Null` where some API server may know it.
pub(super) fn stranger(of: &Object, minor: u32, crds: &dyn ObjectSet) -> Value {
    let identity = &of.identity;
    let (version, kind) = (&*identity.api_version, &*identity.kind);
    let (group, short) = version.split_once('/').unwrap_or(("", version));
    // Tables of older versions there are none.
    if minor < FIRST_MINOR || crds.of_kind(CRD, None).iter().any(|crd| defines(crd.value.at("spec"), group, kind)) {
        return Value::Null;
    }
    if GROUPS.contains(group) {
        return in_known_group(group, short, kind);
    }
    in_unknown_group(group, kind).map_or(Value::Null, |(meant, why)| say("apiVersion", why, Some(meant)))
}

type Served = (&'static str, &'static str, &'static str);

fn in_known_group(group: &str, version: &str, kind: &str) -> Value {
    if group.is_empty() && ELSEWHERE.contains(&kind) {
        return Value::Null;
    }
    let here = |(of, ..): &&Served| *of == group;
    let exact = |(_, _, known): &&Served| *known == kind;
    // Other version, other group, another kind of the group: in this order.
    if let Some(meant) = SERVED.iter().filter(here).find(exact) {
        let same = meant.1 == version;
        let why =
            if same { "the target version of Kubernetes does not serve it".to_owned() } else { format!("{kind} has no version {version}") };
        return say("apiVersion", why, (!same).then_some(*meant));
    }
    if let Some(meant) = SERVED.iter().find(exact) {
        return say("apiVersion", format!("{} has no {kind}", named(group, version)), Some(*meant));
    }
    let kinds = |near: &dyn Fn(&Served) -> bool| super::nearest(kind, SERVED.iter().filter(|one| near(one)).map(|(.., kind)| *kind));
    let near = kinds(&|(of, ..)| *of == group).or_else(|| kinds(&|_| true));
    let meant = near.and_then(|near| SERVED.iter().filter(here).chain(SERVED.iter()).find(|(.., known)| *known == near));
    say("kind", format!("{} has no {kind}", named(group, version)), meant.copied())
}

/// A group without a dot is nobody's; one with a dot must be a misspelling beyond doubt.
fn in_unknown_group(group: &str, kind: &str) -> Option<(Served, String)> {
    let known: Vec<_> = SERVED.iter().filter(|(.., known)| known.eq_ignore_ascii_case(kind)).collect();
    let distance = |of: &str| strsim::damerau_levenshtein(of, group);
    let near = |(of, ..): &&&Served| !of.is_empty() && distance(of) <= 2;
    let meant = if group.contains('.') { known.iter().find(near) } else { known.iter().find(near).or_else(|| known.first()) };
    meant.map(|meant| (**meant, format!("there is no API group {group}")))
}

fn named(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn say(field: &str, why: String, meant: Option<Served>) -> Value {
    object([
        ("field", Value::from(field)),
        ("message", Value::from(why)),
        ("api_version", nullable(meant.map(|(group, version, _)| named(group, version)))),
        ("kind", nullable(meant.map(|(.., kind)| kind))),
    ])
}
