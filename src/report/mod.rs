//! What a lint found, written for people and machines.
