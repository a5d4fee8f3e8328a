//! The offline door: inputs to findings.
