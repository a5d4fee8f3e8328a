//! The annotation that breaks the glass: for one emergency, for at most a day, said and audited (design 9).

use jiff::{SignedDuration, Timestamp};

use crate::objects::Object;
use crate::value::{Lookup, Value};

/// `kubelint.dev/break-glass: "reason; until=RFC3339"`.
pub(super) const ANNOTATION: &str = "kubelint.dev/break-glass";

/// Longest time ahead.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What the annotation of an object means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Glass {
    /// There is none.
    Whole,
    /// It holds, for this reason.
    Broken(String),
    /// It is there and does not hold; why, and what to write.
    Refused(String),
}

/// Reads the annotation. `groups` may use it; empty: everybody.
pub(super) fn read(object: &Object, user: &Value, groups: &[String], now: Timestamp) -> Glass {
    let Some(text) = object.value.dig(&["metadata", "annotations"]).at(ANNOTATION).text() else { return Glass::Whole };
    let refused = |why: &str| Glass::Refused(format!("{ANNOTATION} does not hold: {why}"));
    let Some((reason, until)) = text.rsplit_once(';') else { return refused("write \"reason; until=2027-01-31T12:00:00Z\"") };
    let Some(until) = until.trim().strip_prefix("until=") else { return refused("write \"reason; until=2027-01-31T12:00:00Z\"") };
    let Ok(until) = until.trim().parse::<Timestamp>() else { return refused("`until` is no RFC 3339 time") };
    if reason.trim().is_empty() {
        return refused("it gives no reason");
    }
    if until <= now {
        return refused("`until` has passed");
    }
    if until.duration_since(now) > LONGEST {
        return refused("`until` is more than 24 hours ahead");
    }
    let theirs = user.at("groups").items();
    if !groups.is_empty() && !theirs.iter().filter_map(Lookup::text).any(|group| groups.iter().any(|may| may == group)) {
        return refused("the user is in none of the groups of webhook.breakGlass");
    }
    Glass::Broken(reason.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Origin;

    #[test]
    fn only_a_reason_a_near_end_and_the_right_group_break_it() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let user = Value::from_json_str(r#"{"groups":["dev"]}"#).unwrap();
        for (text, group, broken) in [
            ("disk full; until=2026-11-21T14:00:00Z", None, true),
            ("disk; full; until=2026-11-22T12:00:00+00:00", Some("dev"), true),
            ("disk full; until=2026-11-22T12:00:01Z", None, false),
            ("disk full; until=2026-11-21T12:00:00Z", None, false),
            ("disk full; until=soon", None, false),
            ("disk full", None, false),
            ("; until=2026-11-21T14:00:00Z", None, false),
            ("disk full; until=2026-11-21T14:00:00Z", Some("sre"), false),
        ] {
            let object = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {ANNOTATION: text}}});
            let object = Object::new(Value::from_json_str(&object.to_string()).unwrap(), Origin::Cluster).unwrap();
            let groups: Vec<String> = group.into_iter().map(str::to_owned).collect();
            assert_eq!(matches!(read(&object, &user, &groups, now), Glass::Broken(_)), broken, "{text} {group:?}");
        }
    }
}
