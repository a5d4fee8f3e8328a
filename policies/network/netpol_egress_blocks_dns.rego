# METADATA
# title: Egress denied without DNS
# description: |
#   A policy that isolates egress closes port 53 too. Policies add up, so one that allows DNS for the same pods is enough;
#   without it the default-deny policy that was meant to protect the namespace takes it down.
# related_resources:
# - https://kubernetes.io/docs/concepts/services-networking/network-policies/
# custom:
#   severity: error
#   kinds: [NetworkPolicy]
#   needs: [networkpolicies, workloads]
#   fix: none
#   since: 0.1.0
package kubelint.netpol_egress_blocks_dns

import rego.v1

# METADATA
# description: a policy that isolates egress where no policy lets pods ask for names
findings contains finding if {
	self := input.related.self
	self.egress_isolates
	not self.dns_allowed_by_union
	finding := {
		"path": _path,
		"message": sprintf("%s egress is denied and no policy allows DNS (port 53 UDP to kube-system): every name lookup times out, and with it every connection made by name; allow it in a policy of its own", [_whose(self)]),
		"related": [object.union({"message": "cut off from DNS"}, pod.place) | some pod in self.blocks_dns_for],
	}
}

_path := ["spec", "policyTypes"] if input.object.spec.policyTypes

_path := ["spec", "egress"] if not input.object.spec.policyTypes

_whose(self) := "the" if count(self.blocks_dns_for) == 0

_whose(self) := sprintf("%s's", [concat(", ", [pod.name | some pod in self.blocks_dns_for])]) if count(self.blocks_dns_for) > 0
