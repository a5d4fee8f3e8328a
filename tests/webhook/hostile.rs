//! Bodies that nobody means well: every one gets a well-formed answer, and none costs a thread.

use serde_json::{Value as Json, json};

use super::bench::{ask, body, post, review, routes, stateful_set, taken};

const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// Numbers that look like chance and are the same in every run (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// Asks both doors; every answer is a 400 with a message, or a review that is taken.
async fn survive(bodies: impl Iterator<Item = Vec<u8>>) -> [usize; 2] {
    let (routes, app) = routes();
    let mut counts = [0, 0];
    for (nth, sent) in bodies.enumerate() {
        let path = if nth % 8 == 7 { "/mutate" } else { "/validate" };
        let response = ask(&routes, post(path, sent.clone())).await;
        let (status, answer) = (response.status().as_u16(), body(response).await);
        match status {
            200 => {
                let uid = serde_json::from_slice::<Json>(&answer).unwrap()["response"]["uid"].as_str().unwrap().to_owned();
                assert!(!uid.is_empty());
                taken(&answer, &uid, path == "/mutate");
                counts[0] += 1;
            }
            400 => {
                assert!(serde_json::from_slice::<Json>(&answer).unwrap()["message"].is_string());
                counts[1] += 1;
            }
            other => panic!("{other} for {}", String::from_utf8_lossy(&sent)),
        }
    }
    assert_eq!(app.metrics.panics.get(), 0, "an evaluation panicked");
    assert_eq!(app.metrics.inflight.get(), 0);
    counts
}

fn update() -> Json {
    let mut old = stateful_set();
    old["spec"]["replicas"] = json!(2);
    review("UPDATE", &stateful_set(), &old)
}

#[tokio::test]
async fn every_truncation_is_told() {
    let whole = update().to_string().into_bytes();
    let cuts = (0..whole.len()).map(|end| whole[..end].to_vec());
    assert_eq!(survive(cuts).await, [0, whole.len()]);
}

#[tokio::test]
async fn flipped_bytes_and_noise_are_answered() {
    let whole = update().to_string().into_bytes();
    let mut chance = Chance(1);
    let bodies: Vec<Vec<u8>> = (0..1_500)
        .map(|nth| {
            if nth % 4 == 0 {
                let length = chance.below(400);
                return (0..length).map(|_| chance.below(256) as u8).collect();
            }
            let mut body = whole.clone();
            for _ in 0..=chance.below(4) {
                let at = chance.below(body.len());
                body[at] = chance.below(256) as u8;
            }
            body
        })
        .collect();
    let [answered, refused] = survive(bodies.into_iter()).await;
    assert!(answered > 100 && refused > 500, "{answered} {refused}");
}

/// All places of a value, as JSON pointers.
fn places(value: &Json, at: String, found: &mut Vec<String>) {
    match value {
        Json::Object(entries) => entries.iter().for_each(|(key, child)| places(child, format!("{at}/{}", key.replace('/', "~1")), found)),
        Json::Array(items) => items.iter().enumerate().for_each(|(nth, child)| places(child, format!("{at}/{nth}"), found)),
        _ => {}
    }
    found.push(at);
}

#[tokio::test]
async fn every_value_may_be_of_every_wrong_type() {
    let review = review("UPDATE", &stateful_set(), &stateful_set());
    let mut found = Vec::new();
    places(&review, String::new(), &mut found);
    let wrong =
        [json!(null), json!([]), json!({}), json!(-1), json!(1e300), json!(""), json!("\u{0}\u{202e}\n"), json!([[null]]), json!(true)];
    let bodies = found.iter().enumerate().flat_map(|(nth, place)| {
        let review = &review;
        // Three of the types at each place, all of them at every third.
        wrong.iter().skip(nth % 3).step_by(3).map(move |wrong| {
            let mut body = review.clone();
            *body.pointer_mut(place).unwrap() = wrong.clone();
            body.to_string().into_bytes()
        })
    });
    let [answered, refused] = survive(bodies).await;
    assert!(answered > 150 && refused > 15, "{answered} {refused}");
}

#[tokio::test]
async fn depth_gets_a_verdict_and_no_stack() {
    let (routes, _) = routes();
    for (depth, allowed) in [(100, true), (500, true), (600, false), (9_990, false), (1_000_000, false)] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
            let nested = format!("{}1{}", open.repeat(depth / open.matches(['[', '{']).count()), close.repeat(depth / close.len()));
            let object =
                format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"deep","namespace":"shop"}},"data":{nested}}}"#);
            let text = review("CREATE", &json!("OBJECT"), &Json::Null).to_string().replace("\"OBJECT\"", &object);
            let answer = body(ask(&routes, post("/validate", text)).await).await;
            let response = taken(&answer, UID, false);
            assert_eq!(response["allowed"].as_bool(), Some(allowed), "{depth} {open}");
        }
    }
}

#[tokio::test]
async fn breadth_is_judged_in_bounded_time() {
    let mut object = stateful_set();
    let container = object["spec"]["template"]["spec"]["containers"][0].clone();
    let many: Vec<Json> = (0..300)
        .map(|nth| {
            let mut one = container.clone();
            one["name"] = json!(format!("c{nth}"));
            one
        })
        .collect();
    object["spec"]["template"]["spec"]["containers"] = many.into();
    let (routes, _) = routes();
    let answer = body(ask(&routes, post("/validate?timeout=10s", review("CREATE", &object, &Json::Null).to_string())).await).await;
    assert_eq!(taken(&answer, UID, false)["allowed"].as_bool(), Some(false));
    assert!(answer.len() < 64 << 10, "{} bytes", answer.len());
}
