//! Which containers hold the state of a workload: those that the promises for StatefulSets are about.

use super::software::ContainerSoftware;
use super::volume::Sources;
use crate::value::{Lookup, Value};

/// What matters about one container.
pub(super) struct Candidate<'a> {
    pub(super) spec: &'a Value,
    /// An app container: neither an init container of any sort nor an ephemeral one.
    pub(super) app: bool,
    /// Or a native sidecar, which runs as long.
    pub(super) runs: bool,
    pub(super) software: &'a ContainerSoftware,
}

/// One answer per container. The first of these that yields any: datastore servers; then, in a StatefulSet, app containers
/// that write a claim, that declare a port, all of them. Sentinels, exporters and clients only ever count in the last.
pub(super) fn holders(stateful_set: bool, containers: &[Candidate<'_>], volumes: &Sources) -> Vec<bool> {
    let rungs: [&dyn Fn(&Candidate<'_>) -> bool; 4] = [
        &|c| c.runs && c.software.datastore,
        &|c| c.app && !c.software.helper && volumes.writes_a_claim(c.spec),
        &|c| c.app && !c.software.helper && !c.spec.at("ports").items().is_empty(),
        &|c| c.app,
    ];
    let reachable = if stateful_set { rungs.len() } else { 1 };
    for rung in rungs.iter().take(reachable) {
        let holders: Vec<bool> = containers.iter().map(rung).collect();
        if holders.contains(&true) {
            return holders;
        }
    }
    vec![false; containers.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holders_of(stateful_set: bool, containers: &[(&str, &str, bool, bool)]) -> Vec<usize> {
        let specs: Vec<_> = containers.iter().map(|(spec, ..)| Value::from_json_str(spec).unwrap()).collect();
        let software: Vec<_> = containers
            .iter()
            .map(|(_, _, datastore, helper)| ContainerSoftware {
                server: *datastore,
                datastore: *datastore,
                ..ContainerSoftware::nothing(*helper)
            })
            .collect();
        let candidates: Vec<_> = specs
            .iter()
            .zip(containers)
            .zip(&software)
            .map(|((spec, (_, role, ..)), software)| Candidate {
                spec,
                app: *role == "app",
                runs: matches!(*role, "app" | "sidecar"),
                software,
            })
            .collect();
        let pod = r#"{"volumes":[{"name":"ro","persistentVolumeClaim":{"claimName":"c","readOnly":true}},{"name":"tmp","emptyDir":{}}]}"#;
        let templates = r#"[{"metadata":{"name":"data"}}]"#;
        let sources = Sources::of(&Value::from_json_str(pod).unwrap(), &Value::from_json_str(templates).unwrap());
        let held = holders(stateful_set, &candidates, &sources);
        held.iter().enumerate().filter(|(_, holds)| **holds).map(|(index, _)| index).collect()
    }

    #[test]
    fn the_first_rung_that_yields_any_wins() {
        let mounts = |name: &str| format!(r#"{{"volumeMounts":[{{"name":"{name}"}}]}}"#);
        let (data, ro, tmp) = (mounts("data"), mounts("ro"), mounts("tmp"));
        let read_only_mount = r#"{"volumeMounts":[{"name":"data","readOnly":true}]}"#;
        let port = r#"{"ports":[{"containerPort":1}]}"#;
        let device = r#"{"volumeDevices":[{"name":"data"}]}"#;
        for (why, stateful_set, containers, expected) in [
            ("a server beats what mounts", true, vec![(&*data, "app", false, false), ("{}", "app", true, false)], vec![1]),
            ("a server holds elsewhere too", false, vec![("{}", "app", true, false), (port, "app", false, false)], vec![0]),
            ("a sidecar may serve", false, vec![("{}", "sidecar", true, false)], vec![0]),
            ("an init container never", true, vec![("{}", "init", true, false), ("{}", "app", false, false)], vec![1]),
            ("a claim beats a port", true, vec![(port, "app", false, false), (&data, "app", false, false)], vec![1]),
            ("a device is a claim", true, vec![(port, "app", false, false), (device, "app", false, false)], vec![1]),
            ("helpers do not hold", true, vec![(&data, "app", false, true), (port, "app", false, false)], vec![1]),
            (
                "reading is not holding",
                true,
                vec![
                    (read_only_mount, "app", false, false),
                    (&ro, "app", false, false),
                    (&tmp, "app", false, false),
                    (port, "app", false, false),
                ],
                vec![3],
            ),
            ("else all", true, vec![("{}", "app", false, true), ("{}", "app", false, false), ("{}", "sidecar", false, false)], vec![0, 1]),
            ("but only in a StatefulSet", false, vec![(&data, "app", false, false)], vec![]),
        ] {
            assert_eq!(holders_of(stateful_set, &containers), expected, "{why}");
        }
    }
}
