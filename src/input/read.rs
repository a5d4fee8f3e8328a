//! Bytes of an input, never more than the limit.

use std::fs::File;
use std::io::{self, Read as _};

use super::{Input, Source};

/// Why an input has no bytes.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// The system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Larger than the limit.
    #[error("is larger than {limit} bytes: raise --max-file-size to read it")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
}

/// How many bytes an input has; 0 where nobody can say.
pub fn length(input: &Input) -> u64 {
    match &input.source {
        Source::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
        Source::Bytes(bytes) | Source::Edited(_, bytes) => bytes.len() as u64,
    }
}

/// All bytes of an input.
///
/// # Errors
/// When the system refuses, or there are more than `limit`.
pub fn bytes(input: &Input, limit: u64) -> Result<Vec<u8>, ReadFailure> {
    match &input.source {
        Source::File(path) => {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            if length > limit {
                return Err(ReadFailure::TooLarge { limit });
            }
            drain(file, limit, usize::try_from(length).unwrap_or(0))
        }
        Source::Bytes(bytes) | Source::Edited(_, bytes) => Ok(bytes.to_vec()),
    }
}

/// Reads to the end, but at most one byte more than the limit.
pub(super) fn drain(from: impl io::Read, limit: u64, expected: usize) -> Result<Vec<u8>, ReadFailure> {
    let mut bytes = Vec::with_capacity(expected.saturating_add(1));
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadFailure::TooLarge { limit });
    }
    Ok(bytes)
}
