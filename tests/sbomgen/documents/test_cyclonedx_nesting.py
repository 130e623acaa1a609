"""CycloneDX with components in components, which `WriteOptions.nested` asks for: another arrangement of what is flat by default."""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbomgen.documents import WRITERS, WriteOptions
from sbomgen.documents._cyclonedx_nesting import NESTING_LIMIT, nested_within
from sbomgen.documents.conversion import convert
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.inventory import Inventory
from sbomgen.model import Edge, EdgeKind, Package
from sbomgen.sbom.bom import Bom, RelationKind
from sbomgen.sbom.document import document_of
from sbomgen.sbom.read import bom_of
from tests.sbomgen.documents.test_cyclonedx_versions import JSON_VALIDATORS, TIME, VERSIONS, XML_VALIDATORS, same_to_another_reader
from tests.support.inventories import inventory, nested_inventory, reordered, tracked

pytestmark = pytest.mark.filterwarnings("ignore::cyclonedx.schema.deprecation.SchemaDeprecationWarning1Dot5")

LEVELS_THAT_ALL_READ = 64
"""Of arrays and objects: the least of the readers' limits, that of .NET's JSON."""


DEEPEST = 54


def containing(*pairs: str, more: str = "") -> Inventory:
    """Packages of one letter each, of which the first of a pair contains the second."""
    return chained(sorted({*"".join(pairs), *more}), [(pair[0], pair[1]) for pair in pairs])


def chained(names: list[str], pairs: list[tuple[str, str]]) -> Inventory:
    packages = {name: Package(type="maven", name=name, raw_version="1", evidence=("app/a.jar",)) for name in names}
    edges = tuple(Edge(EdgeKind.CONTAINS, packages[start].slot, packages[end].slot) for start, end in pairs)
    return inventory([tracked(package, f"pkg:maven/{name}@1", cataloger="java") for name, package in packages.items()], edges=edges)


def one_in_the_other(count: int) -> Inventory:
    names = [f"n{number:03}" for number in range(count)]
    return chained(names, list(pairwise(names)))


def written(whole: Inventory, nested: bool = True, version: str | None = None) -> Any:
    return msgspec.json.decode(CycloneDxJson().write(whole, WriteOptions(tool_version="1.0", version=version, nested=nested)))


def flattened(components: list[Any]) -> Iterator[Any]:
    for one in components:
        inner = one.get("components", [])
        yield {name: value for name, value in one.items() if name != "components"}
        yield from flattened(inner)


def tree(components: list[Any]) -> dict[str, Any]:
    """The names of the packages, each with those within it."""
    return {one["name"]: tree(one.get("components", [])) for one in components if one["type"] == "library"}


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        (containing("ab", "bc", "bd", "ae", more="f"), {"a": {"b": {"c": {}, "d": {}}, "e": {}}, "f": {}}),
        (containing("ac", "bc", "cd"), {"a": {}, "b": {}, "c": {"d": {}}}),
        (containing("ab", "bc", "ca"), {"a": {"b": {"c": {}}}}),
        (containing("bc", "cb", "ca"), {"c": {"a": {}, "b": {}}}),
        (containing("ab", "ba", "cd", "dc"), {"a": {"b": {}}, "c": {"d": {}}}),
        (containing("aa"), {"a": {}}),
        (nested_inventory(), {"libc6": {}, "shop": {"core": {"io": {}}}}),
    ],
    ids=["a tree", "what lies in two", "a ring", "a ring with a tail", "two rings", "itself", "jars"],
)
def test_what_lies_in_one_other_package_stands_within_it(whole: Inventory, expected: Any) -> None:
    assert tree(written(whole)["components"]) == expected


WHOLES = [
    nested_inventory(), containing("ac", "bc", "cd"), containing("ab", "bc", "ca"), containing("bc", "cb", "ca"),
    one_in_the_other(2 * NESTING_LIMIT + 5),
]  # fmt: skip
of_every_kind = pytest.mark.parametrize("whole", WHOLES, ids=["jars", "several", "ring", "tail", "deep"])


@of_every_kind
@pytest.mark.parametrize("version", VERSIONS)
def test_all_else_is_as_in_the_flat_document(whole: Inventory, version: str) -> None:
    nested, flat = written(whole, version=version), written(whole, nested=False, version=version)
    assert all("components" not in one for one in flat["components"])
    order = {one["bom-ref"]: position for position, one in enumerate(flat["components"])}
    assert sorted(flattened(nested.pop("components")), key=lambda one: order[one["bom-ref"]]) == flat.pop("components")
    assert nested.pop("serialNumber") != flat.pop("serialNumber")
    assert nested == flat


@of_every_kind
@pytest.mark.parametrize("version", VERSIONS)
def test_both_forms_are_valid_and_the_same_to_another_reader(whole: Inventory, version: str) -> None:
    options = WriteOptions(tool_version="1.0", version=version, timestamp=TIME, nested=True)
    in_json, in_xml = CycloneDxJson().write(whole, options), CycloneDxXml().write(whole, options)
    assert JSON_VALIDATORS[version].validate_str(in_json.decode()) is None
    assert XML_VALIDATORS[version].validate_str(in_xml.decode()) is None
    assert same_to_another_reader(msgspec.json.decode(in_json), in_xml, version)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_where_nothing_lies_in_another_and_in_other_formats_the_bytes_are_the_same(writer: Any) -> None:
    whole = containing(more="ab") if writer.name.startswith("cyclonedx") else nested_inventory()
    flat, nested = (writer.write(whole, WriteOptions(tool_version="1.0", nested=nested)) for nested in (False, True))
    assert flat == nested


@of_every_kind
def test_the_order_of_the_scan_does_not_matter(whole: Inventory) -> None:
    assert written(whole) == written(reordered(whole))


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@pytest.mark.parametrize("version", VERSIONS)
def test_no_document_is_deeper_than_readers_go_and_what_lies_deeper_begins_again_at_the_top(version: str) -> None:
    document = written(one_in_the_other(2 * NESTING_LIMIT + 5), version=version)
    assert depth(document) <= DEEPEST < LEVELS_THAT_ALL_READ
    assert depth(document) == DEEPEST or version < "1.7"
    assert depth(tree(document["components"])) == NESTING_LIMIT + 1
    tops = [one for one in document["components"] if one["type"] == "library"]
    assert [one["name"] for one in tops] == [f"n{NESTING_LIMIT * number:03}" for number in range(3)]
    stated = [{one["name"]: one["value"] for one in top["properties"]}.get("sbomgen:contained_by") for top in tops]
    assert stated == [None, *(f"pkg:maven/n{NESTING_LIMIT * number - 1:03}@1" for number in (1, 2))]


def read(text: bytes) -> Bom:
    return bom_of(document_of(text, "x"))


def said(bom: Bom) -> Any:
    names = {one.ref: one.name for one in bom.components}
    relations = {(one.kind, names[one.from_ref], names[one.to_ref]) for one in bom.relations}
    components = {(one.name, one.version, one.purl, one.properties, one.paths) for one in bom.components}
    compositions = {(names[ref], known) for ref, known in (*bom.known, *bom.assembled)}
    return components, relations, compositions, {names[ref] for ref in bom.independent}


@of_every_kind
@pytest.mark.parametrize("writer", [CycloneDxJson(), CycloneDxXml()], ids=lambda writer: writer.name)
def test_our_reader_takes_both_for_the_same(whole: Inventory, writer: Any) -> None:
    flat, nested = (read(writer.write(whole, WriteOptions(tool_version="1.0", nested=nested))) for nested in (False, True))
    assert said(nested) == said(flat)
    assert (nested.unread, nested.wrong) == ((), ())


@of_every_kind
def test_nested_documents_stay_nested_in_cyclonedx_and_say_in_spdx_what_flat_ones_say(whole: Inventory) -> None:
    flat, nested = (read(CycloneDxJson().write(whole, WriteOptions(tool_version="1.0", nested=nested))) for nested in (False, True))
    for form, version in (("cyclonedx-json", "1.6"), ("cyclonedx-xml", "1.7")):
        converted = convert(nested, form, version, "1.0").document
        assert said(read(converted))[:2] == said(flat)[:2]
        assert {one.ref: one.place for one in read(converted).components if one.kind != "source"} == {
            one.ref: one.place for one in nested.components if one.kind != "source"
        }
    for form, version in (("spdx-json", "2.3"), ("spdx-tag-value", "2.2"), ("spdx3-json", "3.0.1")):
        there, other = (convert(bom, form, version, "1.0") for bom in (nested, flat))
        assert said(read(there.document)) == said(read(other.document))
        assert there.losses == other.losses
        back = convert(read(there.document), "cyclonedx-json", "1.6", "1.0").document
        contained = {one[1:] for one in said(read(back))[1] if one[0] is RelationKind.CONTAINS}
        assert contained == {one[1:] for one in said(flat)[1] if one[0] is RelationKind.CONTAINS}


@given(st.dictionaries(st.integers(0, 60), st.lists(st.integers(0, 60), min_size=1, max_size=2, unique=True), max_size=61))
def test_whatever_contains_whatever_every_way_up_ends_within_the_limit(stated: dict[int, list[int]]) -> None:
    holders = {str(ref): [str(one) for one in found if one != ref] for ref, found in stated.items() if found != [ref]}
    within = nested_within(holders)
    assert nested_within(dict(reversed(holders.items()))) == within
    assert all(holders[ref] == [holder] for ref, holder in within.items())
    for start in within:
        way = [start]
        while way[-1] in within:
            way.append(within[way[-1]])
            assert len(way) <= NESTING_LIMIT
    alone = {ref for ref, found in holders.items() if len(found) == 1}
    if len(holders) < NESTING_LIMIT:
        assert len(alone - within.keys()) == rings(holders)


def rings(holders: dict[str, list[str]]) -> int:
    """How many there are among packages that have one holder each."""
    found = set()
    for start in holders:
        way: list[str] = []
        one = start
        while len(holders.get(one, ())) == 1 and one not in way:
            way.append(one)
            (one,) = holders[one]
        if one in way:
            found.add(frozenset(way[way.index(one) :]))
    return len(found)


def test_a_chain_and_a_ring_of_very_many_take_no_time() -> None:
    names = [f"{number:06}" for number in range(100_000)]
    chain = {inner: [holder] for holder, inner in pairwise(names)}
    started = time.process_time()
    assert len(nested_within(chain)) == len(chain) - len(names[NESTING_LIMIT::NESTING_LIMIT])
    assert len(nested_within({**chain, names[0]: [names[-1]]})) == len(chain) - len(names[NESTING_LIMIT::NESTING_LIMIT])
    assert time.process_time() - started < 2
