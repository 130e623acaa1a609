"""Freexian's extended support of Debian (ELTS): OSV records, `ELA-1003-1`, of releases that Debian itself has given up.

Their fixes are for those who subscribe: they are a channel. `related` names the CVEs that a notice fixes.
"""

from collections.abc import Iterator

import msgspec

from sbommatch.advisory import Advisory
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.osv import OsvFormat

CHANNEL = "elts"


class DebianEltsFormat:
    """The format `debian-elts`."""

    name = "debian-elts"
    suffixes: tuple[str, ...] = (".json",)

    def __init__(self) -> None:
        self._osv = OsvFormat()

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Read]:
        """The advisory of one file."""
        for found in self._osv.read(document, where, context):
            yield _of_channel(found) if isinstance(found, Advisory) else found


def _of_channel(advisory: Advisory) -> Advisory:
    cves = tuple(sorted({*advisory.cves, *(name for name in advisory.related if name.startswith("CVE-"))}))
    affected = tuple(msgspec.structs.replace(one, channel=CHANNEL) for one in advisory.affected)
    return msgspec.structs.replace(advisory, cves=cves, related=(), affected=affected)
