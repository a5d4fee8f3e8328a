//! What people keep in objects is told to nobody: not in logs of any level, not in metrics, and of a Secret not in answers either.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tracing_subscriber::fmt::MakeWriter;

use super::bench::{ask, body, post, review, routes, stateful_set};

const CANARY: &str = "canary-4f7c";

/// Everything that is logged, by any thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn with(mut object: Json, pointer: &str, value: Json) -> Json {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[key] = value;
    object
}

#[tokio::test]
async fn no_value_of_an_object_is_logged_or_counted() {
    let log = Log::default();
    let logs = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).with_ansi(false);
    tracing::subscriber::set_global_default(logs.finish()).unwrap();
    let (routes, app) = routes();
    let container = "/spec/template/spec/containers/0";
    let secret =
        |key: &str, value: Json| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, key: value});
    let objects = [
        with(stateful_set(), &format!("{container}/env"), json!([{"name": "PASSWORD", "value": CANARY}])),
        with(stateful_set(), &format!("{container}/args"), json!(["--requirepass", CANARY, "--maxmemory", "3gb"])),
        with(stateful_set(), "/metadata/annotations", json!({"note": CANARY, "kubelint.dev/break-glass": format!("{CANARY}; until=soon")})),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"},
            "data": {"redis.conf": format!("requirepass {CANARY}\nmaxmemory 3gb\n")}}),
        secret("data", json!({"password": data_encoding::BASE64.encode(CANARY.as_bytes())})),
        secret("stringData", json!({"redis.conf": format!("requirepass {CANARY}\nmaxmemory 3gb\n")})),
        // What cannot be judged is not shown either.
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, "data": [CANARY, {CANARY: CANARY}]}),
    ];
    for object in &objects {
        for (operation, old) in [("CREATE", Json::Null), ("UPDATE", object.clone()), ("DELETE", object.clone())] {
            let new = if operation == "DELETE" { Json::Null } else { object.clone() };
            let mut request = review(operation, &new, &old);
            request["request"]["userInfo"]["extra"] = json!({"token": [CANARY]});
            for path in ["/validate", "/mutate"] {
                let text = request.to_string();
                let answers = [text.clone(), text[..text.len() - 3].to_owned()].map(|text| post(path, text));
                for asked in answers {
                    let answer = String::from_utf8(body(ask(&routes, asked).await).await).unwrap();
                    let told = answer.contains(CANARY) || answer.contains(&data_encoding::BASE64.encode(CANARY.as_bytes()));
                    assert!(!told, "{operation} {path}: {answer}");
                }
            }
        }
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("answered") && logged.contains("store"), "nothing is logged any more");
    assert!(!logged.contains(CANARY), "{logged}");
    assert!(!app.metrics.text().contains(CANARY));
}
