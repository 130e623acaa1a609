"""Photon OS: one OVAL document for each release, of security notices (`PHSA-2020-3.0-0036`) and their binary packages."""

import re
from collections.abc import Iterator

from sbommatch.advisory import Advisory, Affected, NameKind
from sbommatch.formats._format import FeedContext
from sbommatch.formats._oval import Definition, Vendor, advisories, rpms
from sbommatch.problem import Problem

_TITLE = re.compile(r"PHSA-\d{4}[:-][\w.-]+")
_INSTALLED = re.compile(r"Photon(?: OS)? (\d+)(?:\.\d+)? is installed")


class PhotonOvalFormat:
    """The format `photon-oval`."""

    name = "photon-oval"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each notice."""
        yield from advisories(document, where, context, Vendor(_notice, _affected))


def _notice(definition: Definition) -> str:
    found = _TITLE.match(definition.title)
    return found[0] if found else ""


def _affected(definition: Definition) -> Iterator[Affected | str]:
    for alternative in definition.alternatives:
        release = next((match[1] for one in alternative.conditions if (match := _INSTALLED.fullmatch(one))), None)
        if release is None:
            yield f"it is of no release of Photon: {', '.join(alternative.conditions) or 'no condition'}"
        else:
            yield from rpms(alternative, f"photon:{release}.0", NameKind.BINARY)
