import msgspec
import pytest

from sbomgen.documents import WRITERS, WriteOptions, Writer, document_time
from sbomgen.errors import UsageError
from sbomgen.inventory import Inventory
from tests.support.inventories import alpine_inventory, image, inventory, reordered


def dated(created: str | None) -> Inventory:
    plain = image()
    return inventory(image=msgspec.structs.replace(plain, config=msgspec.structs.replace(plain.config, created=created)))


@pytest.mark.parametrize(
    ("created", "epoch", "time"),
    [
        ("2024-09-06T12:05:36.123456789Z", None, "2024-09-06T12:05:36Z"),
        ("2024-09-06T12:05:36+02:00", "", "2024-09-06T10:05:36Z"),
        ("2024-09-06T12:05:36", None, "2024-09-06T12:05:36Z"),
        ("1970-01-01T00:00:00Z", None, "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", None, None),
        ("9999-12-31T23:59:59-12:00", None, None),
        ("last tuesday", None, None),
        (None, None, None),
        ("2024-09-06T12:05:36Z", "1700000000", "2023-11-14T22:13:20Z"),
        (None, "0", "1970-01-01T00:00:00Z"),
    ],
)
def test_documents_are_dated_by_source_date_epoch_else_by_the_image(created: str | None, epoch: str | None, time: str | None) -> None:
    environ = {} if epoch is None else {"SOURCE_DATE_EPOCH": epoch}
    assert document_time(dated(created), environ) == time


@pytest.mark.parametrize("epoch", ["yesterday", "1e9", "99999999999999999999"])
def test_a_malformed_source_date_epoch_is_refused(epoch: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        document_time(inventory(), {"SOURCE_DATE_EPOCH": epoch})


def test_writers_have_names_and_suffixes_of_their_own() -> None:
    assert [writer.name for writer in WRITERS] == [
        "table",
        "cyclonedx-json",
        "cyclonedx-xml",
        "spdx-json",
        "spdx-tag-value",
        "spdx3-json",
        "purls",
    ]
    assert len({writer.suffix for writer in WRITERS}) == len(WRITERS)
    assert all(writer.title for writer in WRITERS)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
@pytest.mark.parametrize("all_layers", [False, True])
def test_the_same_inventory_gives_the_same_bytes_in_whatever_order(writer: Writer, all_layers: bool) -> None:
    options = WriteOptions(tool_version="1.0", all_layers=all_layers)
    document = writer.write(alpine_inventory(), options)
    assert document == writer.write(alpine_inventory(), options) == writer.write(reordered(alpine_inventory()), options)
    assert document.endswith(b"\n")


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_an_image_without_packages_has_documents_too(writer: Writer) -> None:
    document = writer.write(inventory(distro=None), WriteOptions(tool_version="1.0"))
    assert document.endswith(b"\n") or writer.name == "purls"
