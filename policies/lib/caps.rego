# METADATA
# title: Memory caps
# description: Where the cap of a container comes from, for messages.
package kubelint.lib.caps

import rego.v1

# METADATA
# description: the place of the directive that takes effect, as a related place; empty where there is none
winner(container) := [object.union({"message": sprintf("%s takes effect here", [container.memory_cap.winner.text])}, container.memory_cap.winner.place)] if {
	container.memory_cap.winner != null
}

winner(container) := [] if container.memory_cap.winner == null
