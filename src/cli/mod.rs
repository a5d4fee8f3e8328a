//! Flags, commands and exit codes.
