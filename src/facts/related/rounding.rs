//! The arithmetic of PodDisruptionBudgets, exactly as the disruption controller does it
//! (kubernetes `pkg/controller/disruption/disruption.go`, `getExpectedPodCount`): both percentages round up.

use crate::value::{Lookup, Value};

/// A number of pods, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    /// So many.
    Count(i64),
    /// So many per cent of what is expected.
    Percent(i64),
}

impl Amount {
    /// From an `IntOrString`; `None` where it is unset or what the API server refuses (a text that is no `[0-9]+%`).
    pub(super) fn read(value: &Value) -> Option<Self> {
        if let Some(count) = value.int() {
            return Some(Self::Count(count));
        }
        let digits = value.text()?.strip_suffix('%')?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain { digits.parse().ok().map(Self::Percent) } else { None }
    }

    /// How many of `total` that is; a share is rounded up.
    pub(super) fn of(self, total: i64) -> i64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let hundredths = i128::from(percent) * i128::from(total.max(0));
                i64::try_from((hundredths + 99) / 100).unwrap_or(i64::MAX)
            }
        }
    }
}

/// What a budget demands. The API server refuses both at once; the controller then reads `maxUnavailable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    /// `spec.maxUnavailable`.
    MaxUnavailable(Amount),
    /// `spec.minAvailable`.
    MinAvailable(Amount),
    /// Neither: the controller expects no pod and so never allows a disruption.
    Missing,
}

impl Budget {
    /// Of the `spec` of a PodDisruptionBudget.
    pub(super) fn read(spec: &Value) -> Self {
        let max = Amount::read(spec.at("maxUnavailable")).map(Self::MaxUnavailable);
        max.or(Amount::read(spec.at("minAvailable")).map(Self::MinAvailable)).unwrap_or(Self::Missing)
    }

    /// How many pods have to stay healthy when `expected` are.
    pub(super) fn desired_healthy(self, expected: i64) -> i64 {
        match self {
            Self::MaxUnavailable(amount) => expected.saturating_sub(amount.of(expected)).max(0),
            Self::MinAvailable(amount) => amount.of(expected),
            Self::Missing => 0,
        }
    }

    /// How many pods may be evicted while all `expected` are healthy.
    pub(super) fn allowed(self, expected: i64) -> i64 {
        if expected <= 0 || self == Self::Missing { 0 } else { expected.saturating_sub(self.desired_healthy(expected)).max(0) }
    }

    /// Does it refuse every eviction although all pods are healthy? Without pods there is nothing to refuse.
    pub(super) fn blocks(self, expected: i64) -> bool {
        expected > 0 && self.allowed(expected) == 0
    }

    /// Does it refuse every eviction whatever the number of pods?
    pub(super) fn always_blocks(self) -> bool {
        match self {
            Self::MaxUnavailable(Amount::Count(amount) | Amount::Percent(amount)) => amount <= 0,
            Self::MinAvailable(Amount::Percent(percent)) => percent >= 100,
            Self::MinAvailable(Amount::Count(_)) => false,
            Self::Missing => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(spec: &str) -> Budget {
        Budget::read(&Value::from_json_str(spec).unwrap())
    }

    #[test]
    fn percentages_round_up() {
        for (spec, expected, desired, blocks) in [
            (r#"{"minAvailable":"67%"}"#, 3, 3, true),
            (r#"{"minAvailable":"66%"}"#, 3, 2, false),
            (r#"{"minAvailable":"90%"}"#, 3, 3, true),
            (r#"{"minAvailable":"1%"}"#, 1, 1, true),
            (r#"{"minAvailable":"0%"}"#, 3, 0, false),
            (r#"{"minAvailable":2}"#, 2, 2, true),
            (r#"{"minAvailable":5}"#, 3, 5, true),
            (r#"{"maxUnavailable":"1%"}"#, 1, 0, false),
            (r#"{"maxUnavailable":"1%"}"#, 300, 297, false),
            (r#"{"maxUnavailable":"0%"}"#, 3, 3, true),
            (r#"{"maxUnavailable":0}"#, 3, 3, true),
            (r#"{"maxUnavailable":9}"#, 3, 0, false),
            (r#"{"maxUnavailable":0}"#, 0, 0, false),
            (r#"{"maxUnavailable":1,"minAvailable":3}"#, 3, 2, false),
            ("{}", 3, 0, true),
            (r#"{"maxUnavailable":"ten"}"#, 3, 0, true),
        ] {
            let budget = budget(spec);
            assert_eq!((budget.desired_healthy(expected), budget.blocks(expected)), (desired, blocks), "{spec} of {expected}");
        }
    }

    proptest! {
        /// ceil(percent * expected / 100) is the smallest whole number that is not below the exact ratio.
        #[test]
        fn rounding_is_the_exact_ceiling(percent in 0_i64..=100, expected in 0_i64..100_000) {
            let rounded = i128::from(Amount::Percent(percent).of(expected));
            let exact = i128::from(percent) * i128::from(expected);
            prop_assert!(rounded * 100 >= exact);
            prop_assert!((rounded - 1) * 100 < exact);
        }

        /// It blocks exactly when, of n healthy pods, not one may go: n - 1 healthy pods are below the demand.
        #[test]
        fn blocks_when_the_first_eviction_breaks_the_budget(percent in 0_i64..=100, expected in 1_i64..5_000, count in 0_i64..50, kind in 0..4) {
            let (budget, broken) = match kind {
                0 => (Budget::MinAvailable(Amount::Percent(percent)), (expected - 1) * 100 < percent * expected),
                1 => (Budget::MinAvailable(Amount::Count(count)), expected - 1 < count),
                2 => (Budget::MaxUnavailable(Amount::Percent(percent)), percent * expected <= 0),
                _ => (Budget::MaxUnavailable(Amount::Count(count)), count < 1),
            };
            prop_assert_eq!(budget.blocks(expected), broken);
            if budget.always_blocks() {
                prop_assert!(budget.blocks(expected));
            }
        }
    }
}
