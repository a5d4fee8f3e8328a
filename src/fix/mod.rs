//! Applies fixes to files.
