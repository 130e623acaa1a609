import msgspec
import pytest

from sbomgen.documents.properties import RELATED_VERSIONS_LIMIT, history_line, layer_facts, listed_packages, package_facts, relations
from sbomgen.model import DeliveredFile, Edge, EdgeKind, EventKind, PackageEvent
from tests.support.inventories import alpine_inventory, apk, inventory, nested_inventory, reordered, tracked


def test_hidden_packages_are_listed_only_with_all_layers() -> None:
    whole = alpine_inventory()
    assert {found.package.name for found in listed_packages(whole, all_layers=True)} - {
        found.package.name for found in listed_packages(whole, all_layers=False)
    } == {"curl"}


def test_layer_facts_stand_under_their_promised_names() -> None:
    own = alpine_inventory().layers[1]
    assert layer_facts(own) == [
        ("sbomgen:layer:index", "1"),
        ("sbomgen:layer:diff_id", own.layer.diff_id),
        ("sbomgen:layer:digest", own.layer.digest),
        ("sbomgen:layer:created_by", "RUN apk upgrade && apk del curl"),
        ("sbomgen:layer:dockerfile", "Dockerfile:3-4"),
        ("sbomgen:layer:origin", "own"),
    ]


def test_layer_facts_that_are_not_known_are_absent() -> None:
    layer = inventory().layers[0]
    bare = msgspec.structs.replace(layer, layer=msgspec.structs.replace(layer.layer, digest=None), created_by="")
    assert [name for name, _ in layer_facts(bare)] == ["sbomgen:layer:index", "sbomgen:layer:diff_id"]


def test_package_facts_stand_under_their_promised_names() -> None:
    found = {found.package.name: found for found in alpine_inventory().packages}
    assert package_facts(found["curl"], None) == [
        ("sbomgen:visible", "false"),
        ("sbomgen:history", "introduced 0 8.9.0-r0"),
        ("sbomgen:history", "removed 1 8.9.0-r0"),
    ]
    assert package_facts(found["libssl3"], "pkg:deb/owner") == [
        ("sbomgen:history", "introduced 0 3.3.1-r0"),
        ("sbomgen:history", "upgraded 1 3.3.2-r1 3.3.1-r0"),
        ("sbomgen:source:name", "openssl"),
        ("sbomgen:source:version", "3.3.2-r1"),
        ("sbomgen:owned_by", "pkg:deb/owner"),
    ]
    assert package_facts(found["musl"], None)[-1] == ("sbomgen:source:name", "musl")


def test_a_delivered_file_is_described_in_the_words_of_the_bsi() -> None:
    found = {found.package.name: found for found in nested_inventory().packages}
    said = {name: {key.removeprefix("bsi:component:"): value for key, value in package_facts(one, None) if key.startswith("bsi:")}
            for name, one in found.items()}  # fmt: skip
    assert said == {
        "libc6": {},
        "org.example:shop": {"filename": "shop.jar", "executable": "executable", "archive": "archive", "structured": "structured"},
        "org.example:core": {"filename": "core.jar", "archive": "archive", "structured": "structured"},
        "org.example:io": {},
    }
    plain = msgspec.structs.replace(found["libc6"].package, file=DeliveredFile("a", executable=False, archive=False, structured=False))
    stated = package_facts(msgspec.structs.replace(found["libc6"], package=plain), None)
    assert [value for name, value in stated if name.startswith("bsi:")] == ["a", "non-executable", "no archive", "unstructured"]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (PackageEvent(EventKind.DOWNGRADED, 3, "1", "2"), "downgraded 3 1 2"),
        (PackageEvent(EventKind.REINTRODUCED, 12, "1~rc1+b2"), "reintroduced 12 1~rc1+b2"),
        (PackageEvent(EventKind.UPGRADED, 1, "2 beta", "1\n0"), "upgraded 1 2\\x20beta 1\\x0a0"),
    ],
)
def test_a_history_line_has_as_many_words_as_it_has_facts(event: PackageEvent, line: str) -> None:
    assert history_line(event) == line


def test_relations_are_by_ref_and_sorted() -> None:
    whole = alpine_inventory()
    refs = {found.package.name: found.ref for found in whole.packages}
    found = relations(whole)
    assert found.depends_on == {
        refs["libssl3"]: [refs["musl"]],
        refs["py3-idna"]: [refs["libssl3"], refs["musl"]],
    }
    assert found.owned_by == {refs["idna"]: refs["py3-idna"]}
    assert relations(reordered(whole)) == found


def test_hidden_packages_have_no_relations() -> None:
    hidden = tracked(apk("curl", "8"), "pkg:apk/alpine/curl@8", visible=False)
    musl = tracked(apk("musl", "1"), "pkg:apk/alpine/musl@1")
    edges = tuple(Edge(kind, hidden.package.slot, musl.package.slot) for kind in EdgeKind)
    assert relations(inventory([hidden, musl], edges=edges)) == relations(inventory())


def test_versions_of_one_slot_share_its_edges_up_to_a_limit() -> None:
    kernels = [
        tracked(apk("linux", f"6.{number:03}"), f"pkg:apk/alpine/linux@6.{number:03}") for number in range(RELATED_VERSIONS_LIMIT + 3)
    ]
    musl = tracked(apk("musl", "1"), "pkg:apk/alpine/musl@1")
    edges = (
        Edge(EdgeKind.DEPENDS_ON, kernels[0].package.slot, musl.package.slot),
        Edge(EdgeKind.DEPENDS_ON, musl.package.slot, kernels[0].package.slot),
        Edge(EdgeKind.DEPENDS_ON, musl.package.slot, musl.package.slot),
    )
    depends_on = relations(inventory([*kernels, musl], edges=edges)).depends_on
    assert len(depends_on) == RELATED_VERSIONS_LIMIT + 1
    assert depends_on[musl.ref] == [kernels[0].ref], "no package depends on itself, and the first version stands for the slot"


def test_an_edge_may_say_which_versions_of_its_slots_it_means() -> None:
    old, new, user = (
        tracked(apk(name, version), f"pkg:apk/alpine/{name}@{version}") for name, version in (("a", "1"), ("a", "2"), ("b", "1"))
    )
    edges = (
        Edge(EdgeKind.DEPENDS_ON, user.package.slot, new.package.slot, to_version="2"),
        Edge(EdgeKind.DEPENDS_ON, old.package.slot, user.package.slot, from_version="1"),
    )
    assert relations(inventory([old, new, user], edges=edges)).depends_on == {user.ref: [new.ref], old.ref: [user.ref]}
