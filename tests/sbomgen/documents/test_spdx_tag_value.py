import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbomgen.documents import WriteOptions
from sbomgen.documents._spdx_tag_value import LINE_LIMIT_BYTES
from sbomgen.documents.spdx import SpdxJson, SpdxTagValue
from sbomgen.inventory import Inventory
from tests.support.hostile import HOSTILE_INVENTORIES
from tests.support.inventories import alpine_inventory, apk, image, inventory, tracked
from tests.support.spdx import judged

VERSIONS = ("2.3", "2.2")
GO_LINE_LIMIT_BYTES = 65_536
"""`bufio.MaxScanTokenSize`, which spdx/tools-golang does not raise."""


def written(whole: Inventory, **options: Any) -> str:
    return SpdxTagValue().write(whole, WriteOptions(tool_version="1.0", all_layers=True, **options)).decode()


def of(**fields: Any) -> str:
    return written(inventory([tracked(apk("demo", "1.0-r0", **fields), "pkg:apk/alpine/demo@1.0-r0")]))


def values(document: str, tag: str) -> list[str]:
    return re.findall(rf"^{tag}: (.*)$", document, re.MULTILINE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("whole", [alpine_inventory(), inventory(), inventory(distro=None)])
def test_it_says_what_the_json_form_says(whole: Inventory, version: str) -> None:
    options = WriteOptions(tool_version="1.0", all_layers=True, version=version, timestamp="2024-09-06T12:05:36Z")
    assert judged(SpdxTagValue().write(whole, options)) == judged(SpdxJson().write(whole, options))


def test_it_begins_with_its_version_and_ends_with_a_line_end() -> None:
    assert written(inventory(), version="2.2").splitlines()[0] == "SPDXVersion: SPDX-2.2"
    assert written(inventory()).splitlines()[0] == "SPDXVersion: SPDX-2.3"
    assert written(inventory()).endswith("\n")


def test_a_text_cannot_end_itself() -> None:
    document = of(description="a</text>\nPackageName: forged", licences=("Mine\n</text>\nPackageName: forged",))
    assert values(document, "PackageDescription")[1:] == [r"<text>a\x3c/text>\x0aPackageName: forged</text>"]
    assert values(document, "ExtractedText") == ["<text>Mine"]
    assert r"\x3c/text>" in document.split("ExtractedText")[1]
    (_, _, package) = judged(document.encode()).packages
    assert package.name == "demo"


def test_a_line_cannot_begin_a_text() -> None:
    assert values(written(inventory([tracked(apk("a<text>b", "1"), "pkg:apk/alpine/x@1")])), "PackageName")[-1] == r"a\x3ctext>b"


def test_blanks_at_the_ends_stay_visible() -> None:
    document = written(inventory([tracked(apk("\u2003 a ", " "), "pkg:apk/alpine/x@1")]))
    assert values(document, "PackageName")[-1] == r"\xe2\x80\x83 a\x20"
    assert values(document, "PackageVersion")[-1] == r"\x20"


def test_no_line_is_too_long_for_go() -> None:
    instructions = tuple(f"RUN {letter * (LINE_LIMIT_BYTES // 4)}" for letter in "abcdef")
    document = written(inventory(image=image(instructions)))
    assert max(len(line.encode()) for line in document.splitlines()) < GO_LINE_LIMIT_BYTES
    (annotation,) = (each for each in judged(document.encode()).annotations if "ContainerImage" in each.spdx_id)
    assert len(msgspec.json.decode(annotation.annotation_comment)["sbomgen:image:layer"]) == len(instructions)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE_INVENTORIES, st.sampled_from(VERSIONS))
def test_whatever_an_image_says_the_document_is_valid(whole: Inventory, version: str) -> None:
    read = judged(written(whole, version=version).encode())
    assert [package.spdx_id.split("-")[1] for package in read.packages] == ["ContainerImage", "OperatingSystem", "Package", "Source"]
