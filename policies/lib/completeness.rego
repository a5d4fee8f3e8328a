# METADATA
# title: Completeness
# description: |
#   What the absence of an object proves: in a cluster, or with --complete, that it is not there; among some files, only that it is
#   not among them, which is worth an info.
package kubelint.lib.completeness

import rego.v1

# METADATA
# description: the severity of an absence
severity(kind) := "error" if input.related.complete[kind]

severity(kind) := "info" if not input.related.complete[kind]

# METADATA
# description: where it is not, to be put after "is not"
where(kind) := "there" if input.related.complete[kind]

where(kind) := "among the files given" if not input.related.complete[kind]

# METADATA
# description: what would make the absence harmless
reservation(kind) := "" if input.related.complete[kind]

reservation(kind) := ", unless the cluster has it" if not input.related.complete[kind]
