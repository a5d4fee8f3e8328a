//! Readers of some formats take so many results and no more: the worst ones are kept.

use std::collections::VecDeque;

use crate::finding::Severity;

/// At most so many items; where there are more, the last ones of the least severity go.
#[derive(Debug)]
pub(super) struct Worst<T> {
    limit: usize,
    next: usize,
    by_severity: [VecDeque<(usize, T)>; 3],
    /// How many went.
    pub(super) dropped: usize,
}

impl<T> Worst<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, next: 0, by_severity: Default::default(), dropped: 0 }
    }

    /// Takes an item; perhaps another goes.
    pub(super) fn push(&mut self, severity: Severity, item: T) {
        let [errors, warnings, infos] = &mut self.by_severity;
        let list = match severity {
            Severity::Error => &mut *errors,
            Severity::Warning => &mut *warnings,
            Severity::Info => &mut *infos,
        };
        list.push_back((self.next, item));
        self.next += 1;
        if errors.len() + warnings.len() + infos.len() > self.limit {
            let _ = infos.pop_back().or_else(|| warnings.pop_back()).or_else(|| errors.pop_back());
            self.dropped += 1;
        }
    }

    /// What was kept, in the order it came.
    pub(super) fn in_order(&mut self) -> Vec<T> {
        let mut all: Vec<(usize, T)> = std::mem::take(&mut self.by_severity).into_iter().flatten().collect();
        all.sort_by_key(|(nth, _)| *nth);
        all.into_iter().map(|(_, item)| item).collect()
    }

    /// What was kept, worst first, else in the order it came.
    pub(super) fn worst_first(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.by_severity).into_iter().flatten().map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Error, Info, Warning};

    #[test]
    fn the_worst_stay_in_order() {
        let fill = || {
            let mut worst = Worst::new(3);
            for (severity, item) in [(Info, 'a'), (Error, 'b'), (Warning, 'c'), (Error, 'd'), (Info, 'e'), (Warning, 'f')] {
                worst.push(severity, item);
            }
            worst
        };
        assert_eq!((fill().in_order(), fill().dropped), (vec!['b', 'c', 'd'], 3));
        assert_eq!(fill().worst_first().collect::<String>(), "bdc");
    }
}
