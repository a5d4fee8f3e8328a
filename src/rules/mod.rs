//! Rule headers, loading and Rego evaluation.
