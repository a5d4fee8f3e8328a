//! New text into an old file: whole or not at all, and never over what someone else wrote meanwhile.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::Refusal;
use crate::yaml::{Encoding, Text};

/// Why a file was left as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// The system refused.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
    /// Not what was judged any more.
    #[error("changed while it was being fixed: run kubelint again")]
    Changed,
    /// A device, a pipe, or a file that may not be written.
    #[error("is read-only or no regular file: it was left as it was")]
    Forbidden,
}

/// A text as the bytes of the file that it was read from.
///
/// # Errors
/// When the file is in an encoding that is not written.
pub fn encoded(text: &str, encoding: Encoding) -> Result<Vec<u8>, Refusal> {
    match encoding {
        Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
        Encoding::Utf8Bom => Ok(["\u{feff}", text].concat().into_bytes()),
        Encoding::Wide => Err(Refusal::Encoding),
    }
}

/// Puts `new` in the place of the file that `old` was read from: a file beside it takes its name, so that nobody ever sees
/// half of it. A symbolic link stays one; the mode stays.
///
/// # Errors
/// When it cannot be written, or is not what `old` was read from.
pub fn replace(path: &Path, old: &Text, new: &str) -> Result<(), WriteFailure> {
    let (Ok(before), Ok(after)) = (encoded(old.as_str(), old.encoding()), encoded(new, old.encoding())) else {
        return Err(WriteFailure::Forbidden);
    };
    let path = fs::canonicalize(path)?;
    let metadata = fs::metadata(&path)?;
    if !metadata.is_file() || metadata.permissions().readonly() {
        return Err(WriteFailure::Forbidden);
    }
    let mut file = tempfile::Builder::new().prefix(".kubelint-").tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(&after)?;
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    if fs::read(&path)? != before {
        return Err(WriteFailure::Changed);
    }
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
