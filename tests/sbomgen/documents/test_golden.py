"""Whole documents, held against files that a reader of changes can look at.

To rewrite them after a wanted change: `SBOMPAIR_REWRITE_GOLDEN=1 python -m pytest tests/sbomgen/documents/test_golden.py`, then look at the
difference before it is kept.
"""

import os
from pathlib import Path

import msgspec
import pytest

from sbomgen.documents import WRITERS, WriteOptions
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.documents.inspect import inspect_json
from sbomgen.documents.layers import layers_json, layers_table
from sbomgen.inventory import Inventory
from tests.sbomgen.documents.test_inspect import INDEX
from tests.support.inventories import alpine_inventory, image, inventory, nested_inventory

GOLDEN = Path(__file__).parent / "golden"
REWRITE = bool(os.environ.get("SBOMPAIR_REWRITE_GOLDEN"))
SECOND_FORMS = {"cyclonedx-xml", "spdx-tag-value", "spdx3-json"}
"""Say what another form says: one file shows how."""

TIME = "2024-09-06T12:05:36Z"


def bare_inventory() -> Inventory:
    """An image of which next to nothing is known."""
    plain = image(("",), references=(), manifest_digest=None)
    config = msgspec.structs.replace(plain.config, os="", architecture="", created=None, labels={})
    return inventory(image=msgspec.structs.replace(plain, config=config), distro=None, name="demo")


def documents() -> dict[str, bytes]:
    """Every golden document by its file name."""
    found = {}
    whole, bare = alpine_inventory(), bare_inventory()
    for writer in WRITERS:
        found[f"alpine{writer.suffix}"] = writer.write(whole, WriteOptions(tool_version="1.0", timestamp=TIME))
        if writer.name in SECOND_FORMS:
            continue
        found[f"alpine-all-layers{writer.suffix}"] = writer.write(whole, WriteOptions(tool_version="1.0", timestamp=TIME, all_layers=True))
        if writer.name != "purls":
            found[f"bare{writer.suffix}"] = writer.write(bare, WriteOptions(tool_version="1.0"))
    found["shop.cdx.json"] = CycloneDxJson().write(nested_inventory(), WriteOptions(tool_version="1.0"))
    found["shop-nested.cdx.xml"] = CycloneDxXml().write(nested_inventory(), WriteOptions(tool_version="1.0", nested=True))
    found["alpine.layers.json"] = layers_json(whole)
    found["alpine.layers.txt"] = layers_table(whole)
    found["alpine.inspect.json"] = inspect_json(whole.image, INDEX, [layer.created_by for layer in whole.layers])
    return found


DOCUMENTS = documents()


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_documents_are_as_they_were(name: str) -> None:
    if REWRITE:
        (GOLDEN / name).write_bytes(DOCUMENTS[name])
    assert (GOLDEN / name).read_text("utf-8") == DOCUMENTS[name].decode()


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == DOCUMENTS.keys()
