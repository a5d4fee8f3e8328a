//! `kubelint.yaml`, suppressions, exemptions and the baseline: what a user decides about findings.
