"""SPDX 2.3 and 2.2, as JSON and as tag-value."""

import msgspec

from sbomgen.documents import _spdx_model as spdx
from sbomgen.documents._spdx_document import spdx_document
from sbomgen.documents._spdx_facts import NOT_SAID
from sbomgen.documents._spdx_tag_value import tag_value
from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.content import named_by_content
from sbomgen.inventory import Inventory

_VERSIONS = {version.name: version for version in spdx.VERSIONS}


class _SpdxWriter:
    """What both forms share."""

    versions: tuple[str, ...] = tuple(_VERSIONS)

    def losses(self, version: str | None) -> tuple[str, ...]:
        """What documents of a version do not say, in words."""
        chosen = _version(version)
        purposes = () if chosen.purposes else ("the purpose of a package (container, operating system, library, source)",)
        dates = () if chosen.dates else ("the time at which the image was built",)
        return (*NOT_SAID, *purposes, *dates)


class SpdxJson(_SpdxWriter):
    """Writes SPDX JSON."""

    name = "spdx-json"
    title = "SPDX, the JSON form"
    suffix = ".spdx.json"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The document, indented."""
        return msgspec.json.format(named_by_content(msgspec.json.encode(_document(inventory, options))), indent=2) + b"\n"


class SpdxTagValue(_SpdxWriter):
    """Writes SPDX tag-value."""

    name = "spdx-tag-value"
    title = "SPDX, the tag-value form"
    suffix = ".spdx"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The document, a blank line between its parts; in the namespace of its JSON form, which says the same."""
        document = _document(inventory, options)
        return named_by_content(tag_value(document).encode(), msgspec.json.encode(document))


def _document(inventory: Inventory, options: WriteOptions) -> spdx.Document:
    return spdx_document(inventory, options, _version(options.version))


def _version(name: str | None) -> spdx.Version:
    return _VERSIONS[name] if name else spdx.VERSIONS[0]
