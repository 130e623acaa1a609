"""What differs between two images, and how it is told."""

from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import pytest

from sbomgen.diff import Change, diff_inventories
from sbomgen.documents.diff import diff_json, diff_markdown, diff_table
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, Package, TrackedPackage
from tests.support.images import ImageSpec, LayerSpec, file, write_oci_layout
from tests.support.inventories import alpine_inventory, apk, image, introduced, inventory, tracked
from tests.support.run import run

SCHEMA = msgspec.json.decode((files("sbomgen") / "schemas" / "diff-1.schema.json").read_bytes())


def of(*packages: Package, **changes: object) -> Inventory:
    return inventory([tracked(one, f"pkg:{one.type}/{one.name}@{one.raw_version}") for one in packages], **changes)


def site(name: str, version: str, root: str) -> Package:
    return Package(type="pypi", name=name, raw_version=version, root=root)


def changes(before: Inventory, after: Inventory) -> list[tuple[Change, str, str | None, str | None]]:
    def version(found: TrackedPackage | None) -> str | None:
        return found.package.raw_version if found else None

    found = diff_inventories(before, after).packages
    return [(one.change, one.package.package.name, version(one.before), version(one.after)) for one in found]


def test_packages_are_told_apart_by_slot_and_version() -> None:
    before = of(apk("curl", "8.9-r0"), apk("musl", "1.2.5-r0"), apk("zlib", "1.3-r0"), apk("nano", "8.0-r0"))
    after = of(apk("curl", "8.10-r0"), apk("musl", "1.2.4-r0"), apk("zlib", "1.3-r0"), apk("jq", "1.7-r0"))
    assert changes(before, after) == [
        (Change.ADDED, "jq", None, "1.7-r0"),
        (Change.REMOVED, "nano", "8.0-r0", None),
        (Change.UPGRADED, "curl", "8.9-r0", "8.10-r0"),
        (Change.DOWNGRADED, "musl", "1.2.5-r0", "1.2.4-r0"),
    ]
    assert diff_inventories(before, after).unchanged == 1


def test_a_package_that_moved_with_pythons_version_was_upgraded() -> None:
    before = of(site("rich", "13.0", "usr/lib/python3.11/site-packages"), site("six", "1.16", "usr/lib/python3.11/site-packages"))
    after = of(site("rich", "14.0", "usr/lib/python3.12/site-packages"), site("six", "1.16", "usr/lib/python3.12/site-packages"))
    assert changes(before, after) == [(Change.UPGRADED, "rich", "13.0", "14.0")]


def test_of_several_versions_in_a_slot_the_same_ones_stay() -> None:
    before = of(site("ms", "2.0.0", "app"), site("ms", "2.1.3", "app"))
    after = of(site("ms", "2.1.2", "app"), site("ms", "2.1.3", "app"))
    assert changes(before, after) == [(Change.UPGRADED, "ms", "2.0.0", "2.1.2")]


def test_what_a_later_layer_removed_does_not_count() -> None:
    hidden = inventory([tracked(apk("curl", "8.9-r0"), "pkg:apk/curl", visible=False)])
    assert changes(hidden, of()) == []
    assert changes(of(apk("curl", "8.9-r0")), hidden) == [(Change.REMOVED, "curl", "8.9-r0", None)]


def test_layers_are_shared_from_the_bottom() -> None:
    long = inventory(image=image(("ADD base", "RUN a", "RUN b")))
    assert diff_inventories(inventory(image=image(("ADD base", "RUN x"))), long).shared_layers == 2
    assert diff_inventories(long, long).shared_layers == 3


def test_the_json_holds_against_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for one, other in ((of(), alpine_inventory()), (alpine_inventory(), of(apk("curl", "1-r0"))), (of(), of(distro=None))):
        document = msgspec.json.decode(diff_json(diff_inventories(one, other)))
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_tables_say_what_changed_and_what_is_shared() -> None:
    before = of(apk("curl", "8.9-r0"))
    after = of(apk("curl", "8.10-r0"), distro=Distro("alpine", "3.21.0"))
    assert diff_table(diff_inventories(before, after)).decode().splitlines() == [
        "CHANGE    TYPE  PACKAGE  BEFORE  AFTER    LAYER  INSTRUCTION",
        "upgraded  apk   curl     8.9-r0  8.10-r0  0      ADD rootfs.tar.gz / # buildkit",
        "",
        "registry.example:5000/team/Demo:1.2 → registry.example:5000/team/Demo:1.2: 1 upgraded; 0 unchanged",
        "Layers: 1 → 1, the lowest 1 shared",
        "Distribution: alpine 3.20.3 → alpine 3.21.0",
    ]
    assert diff_table(diff_inventories(before, before)).decode().startswith("registry.example:5000/team/Demo:1.2 →")


def test_markdown_takes_text_for_text() -> None:
    hostile = apk("<b>|x", "1\x1b[31m`")
    text = diff_markdown(diff_inventories(of(), inventory([tracked(hostile, "pkg:apk/x", events=introduced(0, "1"))]))).decode()
    assert "| added | apk | &lt;b&gt;\\|x |  | 1\\\\x1b\\[31m\\` | 0 |" in text
    assert "\x1b" not in text
    assert text.splitlines()[0].startswith("**registry.example")


@pytest.mark.parametrize("output", ["table", "json", "markdown"])
def test_the_command_compares_two_images(tmp_path: Path, output: str) -> None:
    def layout(version: str) -> Path:
        metadata = file("usr/lib/python3/dist-packages/six.dist-info/METADATA", f"Name: six\nVersion: {version}\n")
        return write_oci_layout(ImageSpec((LayerSpec((metadata,)),), tags=("app:1",)), tmp_path / version)

    ran = run("sbomgen", "diff", layout("1.15"), layout("1.16"), "-o", output)
    assert ran.code == 0, ran.stderr
    assert "upgraded" in ran.text
    assert "1.16" in ran.text
