#!/usr/bin/env python3
"""Writes src/facts/schema/kubernetes.zlib: which fields the objects of Kubernetes have, their types, which are required, by
which keys lists are merged. Read from the generated sources of the crate k8s-openapi, as Cargo.lock names it; no prose is taken.

The text, before compression, one definition a line, those that are equal in several minor versions once:

    .api.apps.v1.StatefulSetSpec 33-37 minReadySeconds=i selector!=@apimachinery...LabelSelector volumeClaimTemplates=[@...PersistentVolumeClaim ...
    =apps/v1/StatefulSet 33-37 api.apps.v1.StatefulSet n

A dot begins a type, = a kind (n: namespaced, c: of the cluster, -: no object). ! marks a required field.
Types: s text, i and l integers of 32 and 64 bits, n number, b boolean, y base64, t and m times, q quantity, x integer or text,
* anything, o any object, [T list, {T map, @D definition; |a,b after a list: the keys that make its items differ.
"""

import json
import pathlib
import re
import subprocess
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "src/facts/schema/kubernetes.zlib"
SPECIAL = {
    "apimachinery.pkg.apis.meta.v1.Time": "t",
    "apimachinery.pkg.apis.meta.v1.MicroTime": "m",
    "apimachinery.pkg.api.resource.Quantity": "q",
    "apimachinery.pkg.util.intstr.IntOrString": "x",
    "apimachinery.pkg.apis.meta.v1.FieldsV1": "o",
    "apimachinery.pkg.runtime.RawExtension": "*",
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON": "*",
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "*",
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "*",
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "*",
}
STRING = r'"(?:[^"\\]|\\.)*"'


def sources():
    metadata = subprocess.run(["cargo", "metadata", "--format-version=1", "--all-features"], cwd=ROOT, capture_output=True, check=True)
    found = [p for p in json.loads(metadata.stdout)["packages"] if p["name"] == "k8s-openapi"]
    if not found:
        sys.exit("k8s-openapi is not among the dependencies")
    return pathlib.Path(found[0]["manifest_path"]).parent / "src"


def schema(text):
    """The argument of json_schema!, as JSON."""
    reference = r'(?:let mut schema_obj = )?__gen\.subschema_for::<([^;()]*)>\(\)'
    wrapped = re.compile(r"\(\{\s*" + reference + r";.*?\n\s*schema_obj\s*\}\)", re.S)
    text = re.sub(r'"description": ' + STRING + ",?", "", text)
    text = wrapped.sub(lambda m: json.dumps({"$ref": m[1]}), text)
    text = re.sub(r"\(" + reference + r"\)|" + reference, lambda m: json.dumps({"$ref": m[1] or m[2]}), text)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    try:
        return json.loads(text)
    except ValueError as e:
        sys.exit(f"{e}\n{text[:1500]}")


def block(text, start):
    """The braces that open at or after start, with what is between them."""
    depth = 0
    for match in re.compile(STRING + r"|[{}]", re.S).finditer(text, start):
        if match[0] == "{":
            depth += 1
            begin = match.start() if depth == 1 else begin
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return text[begin:match.end()]
    raise ValueError("unbalanced braces")


def name(path):
    return path.replace("crate::", "").replace("::", ".").strip()


def kind_of_type(node, keys=()):
    if "$ref" in node:
        target = name(node["$ref"])
        return SPECIAL.get(target, "@" + target)
    what = node.get("type")
    if what == "array":
        return "[" + kind_of_type(node["items"]) + ("|" + ",".join(keys) if keys else "")
    if what == "object":
        return "{" + kind_of_type(node["additionalProperties"]) if "additionalProperties" in node else "o"
    if what == "integer":
        return "l" if node.get("format") == "int64" else "i"
    if what == "string":
        return {"byte": "y", "date-time": "t"}.get(node.get("format"), "s")
    return {"boolean": "b", "number": "n"}.get(what, "*")


def camel(field, properties):
    """The JSON name of a Rust field."""
    plain = field.removesuffix("_").replace("_", "").lower()
    return next((p for p in properties if p.replace("$", "").lower() == plain), field)


def merge_keys(text, properties):
    """By JSON name of a list: the JSON names of the keys that make its items differ."""
    found = {}
    for match in re.finditer(r"list::map\(\s*&mut self\.(\w+),.*?&\[(.*?)\],\s*\|", text, re.S):
        keys = re.findall(r"lhs(?:\.\w+)*\.(\w+) == rhs", match[2])
        found[camel(match[1], properties)] = [re.sub(r"_(\w)", lambda m: m[1].upper(), key) for key in keys]
    return found


def read(directory):
    lines = {}
    for file in sorted(directory.rglob("*.rs")):
        text = file.read_text()
        module = ".".join(file.relative_to(directory).parts[:-1])
        for match in re.finditer(r"impl crate::schemars::JsonSchema for (\w+) \{", text):
            begin = text.index("json_schema!(", match.end())
            parsed = schema(block(text, begin))
            full = f"{module}.{match[1]}"
            if full in SPECIAL:
                continue
            properties = parsed.get("properties")
            if properties is None:
                lines["." + full] = ""
                continue
            keys = merge_keys(text, properties)
            required = set(parsed.get("required", []))
            fields = [f"{field}{'!' if field in required else ''}={kind_of_type(node, keys.get(field, ()))}" for field, node in sorted(properties.items())]
            lines["." + full] = " ".join(fields)
        for match in re.finditer(r"impl crate::Resource for (\w+) \{(.*?)\n\}", text, re.S):
            constants = dict(re.findall(r'const (\w+): &\'static str = "(.*?)";', match[2]))
            scope = re.search(r"type Scope = crate::(\w+)", match[2])[1]
            short = {"NamespaceResourceScope": "n", "ClusterResourceScope": "c"}.get(scope, "-")
            lines[f"={constants['API_VERSION']}/{constants['KIND']}"] = f"{module}.{match[1]} {short}"
    return lines


def main():
    directory = sources()
    versions = {int(d.name[3:]): read(d) for d in directory.glob("v1_*")}
    out = []
    for key in sorted(set().union(*versions.values())):
        runs = []
        for minor in sorted(versions):
            line = versions[minor].get(key)
            if line is None:
                continue
            if runs and runs[-1][2] == line and runs[-1][1] == minor - 1:
                runs[-1][1] = minor
            else:
                runs.append([minor, minor, line])
        out += [f"{key} {first}-{last} {line}".rstrip() + "\n" for first, last, line in runs]
    text = "".join(out).encode()
    packed = zlib.compress(text, 9)
    OUT.parent.mkdir(exist_ok=True)
    if "--check" in sys.argv[1:]:
        if zlib.decompress(OUT.read_bytes()) != text:
            sys.exit(f"{OUT.name} is not what the sources say: run tools/schemas.py")
        return
    OUT.write_bytes(packed)
    print(f"{len(out)} lines, {len(text)} bytes, {len(packed)} compressed")


if __name__ == "__main__":
    main()
