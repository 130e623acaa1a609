"""OpenVEX documents of your vendors, or your own, as advisories: of packages that a PURL names.

A product with a version is that version alone, one without is all versions. *Fixed* says that a version is not affected; it is not said
since which one. *Under investigation* affects nothing yet and is counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sbommatch.advisory import Advisory, Affected, Event, EventKind, Range, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._openvex import Statement, advisories
from sbommatch.formats._packages import package_of
from sbommatch.problem import Problem
from sbommatch.purl import Purl


class OpenVexFormat:
    """The format `openvex`."""

    name = "openvex"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each vulnerability that the document speaks of."""
        yield from advisories(document, where, context, _rows)


def _rows(statement: Statement, purls: Sequence[Purl], _identifier: str, unplaced: "Counter[str]") -> Iterator[Affected]:
    for purl in purls:
        package = package_of(purl)
        if statement.status == "under_investigation":
            unplaced[statement.status] += 1
        elif package is None:
            unplaced[f"of PURL type {purl.type}"] += 1
        else:
            arch = purl.qualifiers.get("arch")
            yield Affected(
                namespace=package.namespace,
                name=package.name,
                name_kind=package.name_kind,
                scheme=package.scheme,
                ranges=() if purl.version else (Range(package.scheme, (Event(EventKind.INTRODUCED, "0"),), "*"),),
                versions=(_version(purl.version, purl.qualifiers.get("epoch")),) if purl.version else (),
                state=State.AFFECTED if statement.status == "affected" else State.NOT_AFFECTED,
                arch=None if arch in {"all", "any", "noarch", "source", "src"} else arch,
                channel=package.channel,
            )


def _version(version: str, epoch: str | None) -> str:
    return f"{epoch}:{version}" if epoch else version
