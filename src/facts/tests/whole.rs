use super::*;

/// Replaces every part of an object by nonsense in turn: nothing panics, and containers keep their places.
#[test]
fn malformed_objects_yield_null_and_never_panic() {
    fn mutate(value: &serde_json::Value, nonsense: &serde_json::Value, at: &mut usize) -> serde_json::Value {
        if *at == 0 {
            *at = usize::MAX;
            return nonsense.clone();
        }
        *at -= 1;
        match value {
            serde_json::Value::Object(map) => {
                map.iter().map(|(k, v)| (k.clone(), if *at == usize::MAX { v.clone() } else { mutate(v, nonsense, at) })).collect()
            }
            serde_json::Value::Array(items) => {
                items.iter().map(|v| if *at == usize::MAX { v.clone() } else { mutate(v, nonsense, at) }).collect()
            }
            other => other.clone(),
        }
    }
    let pod = r#"{"resources":{"limits":{"cpu":1}},"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]},"topologyKey":"x"}]}},
        "topologySpreadConstraints":[{"labelSelector":{}}],"volumes":[{"name":"v","configMap":{"name":"c","items":[{"key":"k"}]}},{"name":"p","projected":{"sources":[{"secret":{"name":"s"}}]}}],
        "initContainers":[{"name":"i","restartPolicy":"Always"}],
        "containers":[{"name":"c","image":"redis:7","args":["--maxmemory","1gb"],"resources":{"limits":{"memory":"1Gi"}},"ports":[{"name":"p","containerPort":1}],
          "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"envFrom":[{"configMapRef":{"name":"c"}}],"volumeMounts":[{"name":"v","mountPath":"/m"}],
          "securityContext":{"capabilities":{"add":["x"]}},"readinessProbe":{"httpGet":{"port":"p","httpHeaders":[{"name":"h","value":"v"}]},"periodSeconds":3},"livenessProbe":{"exec":{"command":["x"]}}}]}"#;
    let whole: serde_json::Value = serde_json::from_str(&stateful_set(pod)).unwrap();
    let nonsense = ["null", "7", "\"x\"", "[]", "{}", "true", "[null,7,\"x\",{}]", "1e300", r#"{"name":{},"x":[1]}"#];
    let mut built = 0;
    for nonsense in nonsense.map(|json| serde_json::from_str(json).unwrap()) {
        for place in 0.. {
            let mut at = place;
            let mutated = mutate(&whole, &nonsense, &mut at);
            if at != usize::MAX {
                break;
            }
            let Some(object) = Object::new(Value::from_json_str(&mutated.to_string()).unwrap(), Origin::Cluster).map(Arc::new) else {
                continue;
            };
            let set = UnitSet::new(vec![object.clone()], false);
            let request = Request::offline(true);
            let context = Context { set: &set, kubernetes_minor: 37 };
            let facts = Facts::new(&object, Some(&object), &request, context);
            let input = facts.input(Need::ALL, &Value::Null);
            assert_eq!(input.at("facts").int(), Some(1));
            let containers = facts.workload().at("containers").items();
            for container in containers {
                let path = crate::place::Path::from_value(container.at("path")).unwrap();
                assert!(matches!(object.value.at_path(path.steps()), found if found == container.at("spec") || found.is_absent()));
            }
            built += 1;
        }
    }
    assert!(built > 700, "only {built} objects were tried");
}

#[test]
fn the_input_document_is_shared_and_its_needs_are_computed_once() {
    let objects = [
        object(&stateful_set(r#"{"containers":[{"name":"a"}]}"#)),
        object(
            r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"b","namespace":"prod"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"a"}}}}"#,
        ),
    ];
    let set = UnitSet::new(objects.to_vec(), true);
    let request = Request::offline(false);
    let facts = Facts::new(&objects[0], None, &request, Context { set: &set, kubernetes_minor: 31 });
    let params = Value::from_json_str(r#"{"min":2}"#).unwrap();
    let bare = facts.input(&[], &params);
    check(
        &bare,
        &[
            ("facts", "1"),
            ("old", "null"),
            ("change", "null"),
            ("related", r#"{"complete":{}}"#),
            ("kubernetes.minor", "31"),
            ("request", r#"{"dry_run":false,"operation":"CREATE","options":null,"subresource":"","user":null}"#),
            ("params", r#"{"min":2}"#),
        ],
    );
    let first = facts.input(&[Need::Pdbs], &Value::Undefined);
    let second = facts.input(&[Need::Pdbs], &params);
    assert_eq!((read(&first, "params"), read(&second, "params.min")), ("null".to_owned(), "2".to_owned()));
    assert_eq!(first.at("related").at("pdbs").items().len(), 1);
    check(&first, &[("related.complete", r#"{"PodDisruptionBudget":true}"#)]);
    for shared in ["workload", "related", "object"] {
        let same = match (first.at(shared), second.at(shared)) {
            (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        assert!(same, "{shared} is not shared");
    }
}
