# METADATA
# title: Words for messages
# description: Quantities and plurals as people write them. Pure functions, for the messages of findings.
package kubelint.lib.text

import rego.v1

# METADATA
# description: Bytes in the largest binary unit that is exact (`512Mi`, `1536Mi`, `3Gi`), else in bytes.
bytes(n) := sprintf("%dGi", [n / 1073741824]) if {
	n >= 1073741824
	n % 1073741824 == 0
}

bytes(n) := sprintf("%dMi", [n / 1048576]) if {
	n >= 1048576
	n % 1048576 == 0
	n % 1073741824 != 0
}

bytes(n) := sprintf("%dKi", [n / 1024]) if {
	n >= 1024
	n % 1024 == 0
	n % 1048576 != 0
}

bytes(n) := sprintf("%d", [n]) if n % 1024 != 0

bytes(0) := "0"

# METADATA
# description: Milli-CPU as Kubernetes writes it (`250m`, `2`).
cpu(n) := sprintf("%d", [n / 1000]) if n % 1000 == 0

cpu(n) := sprintf("%dm", [n]) if n % 1000 != 0

# METADATA
# description: A count with its noun (`1 replica`, `3 replicas`).
count_of(1, one, _) := sprintf("1 %s", [one])

count_of(n, _, many) := sprintf("%d %s", [n, many]) if n != 1
