//! Bodies that nobody means well, to a live process.

use bytes::Bytes;

use super::client::{Endpoint, call, usable};
use super::objects::{review, stateful_set};

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

fn body(whole: &[u8], nth: u64, chance: &mut Chance) -> Bytes {
    match nth % 8 {
        0 => whole[..chance.below(whole.len())].to_vec().into(),
        1 => (0..chance.below(4_000)).map(|_| chance.below(256) as u8).collect(),
        2 => {
            let depth = 1 + chance.below(10_000);
            let open = [&b"["[..], br#"{"a":"#][chance.below(2)];
            let text = [
                br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE","object":"#,
                &*open.repeat(depth),
            ]
            .concat();
            text.into()
        }
        3 if nth % 400 == 3 => vec![b' '; 33 << 20].into(),
        _ => {
            let mut body = whole.to_vec();
            for _ in 0..=chance.below(6) {
                let at = chance.below(body.len());
                body[at] = chance.below(256) as u8;
            }
            body.into()
        }
    }
}

/// Sends so many, one after another; how many, and how many got no answer.
pub(crate) async fn send(endpoint: &Endpoint, count: u64) -> (u64, u64) {
    let whole = review(&stateful_set(), "statefulsets").to_string().into_bytes();
    let (mut chance, mut kept, mut unanswered) = (Chance(1), None, 0);
    for nth in 0..count {
        let Some(mut connection) = usable(kept.take(), endpoint).await else {
            unanswered += 1;
            continue;
        };
        match call(&mut connection, &body(&whole, nth, &mut chance)).await {
            Some(200 | 400) => {}
            _ => unanswered += 1,
        }
        kept = Some(connection);
    }
    (count, unanswered)
}
