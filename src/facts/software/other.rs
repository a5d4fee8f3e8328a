//! Caps of other software.

use super::Subject;
use super::cap::Cap;
use super::files::View;
use super::recognise::Recognised;
use super::run::Run;
use super::text::At;

/// A language runtime that its variables or arguments give away.
pub(super) fn runtime(_subject: &Subject<'_>, _run: &Run) -> Option<Recognised> {
    None
}

/// Dragonfly's flag as a variable.
pub(super) fn dragonfly_variables(subject: &Subject<'_>) -> Vec<(Option<At>, String)> {
    let text = subject.environment.variables.get("DFLY_maxmemory");
    text.and_then(|text| Some((text.at().cloned(), text.plain()?))).into_iter().collect()
}

/// The cap of a server that is not of the Redis family.
pub(super) fn cap(_family: &str, _subject: &Subject<'_>, _run: &Run, _view: &View<'_>) -> Option<Cap> {
    None
}
