//! Fixes as changes of text. An object's JSON Patch becomes splices of its document's text; every splice is proved by
//! reading the result again: the document must have become exactly what the patch makes of its value, every comment must
//! still be there, and no other document may differ. What cannot be proved is refused, and the finding stays.
//! Knows no rules and no Rego; `lint` brings findings, `cli` says what is wanted.
//!
//! ```text
//!  ops -> narrow (small ops) -> page (candidate splices) -> document (read again, compare, next candidate) -> text
//!                                                              sheet (documents of a file, conflicts) -> write (atomic)
//! ```
//!
//! The crate `yaml-edit` was looked at and left: its own YAML 1.2 grammar would have to agree with the libyaml that
//! decides what kubectl sees, and the proof by reading again would be needed all the same.

mod document;
mod narrow;
mod page;
mod render;
mod sheet;
#[cfg(test)]
mod tests;
mod write;

pub use document::edit;
pub use sheet::{Change, Creation, Sheets, Tried};
pub use write::{WriteFailure, encoded, replace};

use crate::rules::PatchError;

/// Why a fix was not applied. Each message says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The patch itself does not fit.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The text serves several places.
    #[error("{0} is written through an alias (`*`), whose text serves several places: change it by hand")]
    Alias(String),
    /// The text serves several places.
    #[error("{0} comes from a merge key (`<<`), whose text serves several places: change it by hand")]
    Merge(String),
    /// No way to write it kept the comments.
    #[error("a comment at {0} would be lost: change it by hand")]
    Comment(String),
    /// No way to write it changed what is meant and nothing else.
    #[error("the text around {0} is written so that changing it would change more: change it by hand")]
    Layout(String),
    /// The text is no single document that can be read.
    #[error("the document cannot be read on its own: change it by hand")]
    Document,
    /// The text is what something else made.
    #[error("the text was rendered from {0}: change that instead")]
    Rendered(String),
    /// UTF-16, UTF-32, or not text at all.
    #[error("the file is not plain UTF-8: save it as UTF-8 first")]
    Encoding,
    /// JSON has no document separator.
    #[error("the new object cannot be added to a JSON file: add it by hand")]
    JsonCreate,
    /// The object is not in a text, or not exactly once.
    #[error("{0} is not found exactly once in the files: change it by hand")]
    Unknown(String),
}
