# METADATA
# title: LimitRanges
# description: Where an amount comes from that a container does not set itself, for messages.
package kubelint.lib.limitranges

import data.kubelint.lib.text
import rego.v1

# METADATA
# description: the LimitRanges whose default memory limit is this amount, as related places
giving(amount) := [object.union({"message": sprintf("the default of %s%s", [text.bytes(amount), assumed(range)])}, range.place) |
	some range in input.related.limit_ranges
	range["default"].memory == amount
]

# METADATA
# description: names of those LimitRanges, with what was assumed, for a sentence
named(amount) := concat(" or ", sort([sprintf("%s%s", [range.name, assumed(range)]) |
	some range in input.related.limit_ranges
	range["default"].memory == amount
]))

# METADATA
# description: an object without a namespace may be applied to any; that it is the LimitRange's is then an assumption
assumed(range) := "" if _namespace(range) == object.get(input.object.metadata, "namespace", null)

assumed(range) := sprintf(" (assuming namespace %s, which this manifest does not say)", [_namespace(range)]) if {
	_namespace(range) != null
	object.get(input.object.metadata, "namespace", null) == null
}

assumed(range) := " (assuming its namespace, which its manifest does not say)" if {
	_namespace(range) == null
	object.get(input.object.metadata, "namespace", null) != null
}

_namespace(range) := range.place.object.namespace if range.place.object.namespace != ""

_namespace(range) := null if object.get(range.place.object, "namespace", "") in {"", null}
