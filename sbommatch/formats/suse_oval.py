"""SUSE and openSUSE: OVAL documents for each product (ftp.suse.com/pub/projects/security/oval), by CVE or by patch.

- A package is `less than` the version that fixes, `is not affected`, or `is affected` without a fix yet; the first is told by its test, the
  others by the criterion's comment over a test for version 0.
- Products that share a service pack share its packages: SUSE Linux Enterprise Server, Desktop, its modules and extensions of 15 SP3 are
  all `sles:15.3`. LTSS and other long terms get updates that the others do not: channels (`ltss:15.1`).
"""

import re
from collections.abc import Iterator

import msgspec

from sbommatch.advisory import Advisory, Affected, FixState, NameKind, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._oval import CVE, Alternative, Definition, Vendor, advisories, rpms
from sbommatch.problem import Problem

_SLE = re.compile(r"SUSE Linux Enterprise .*?\b(\d+)(?: SP(\d+)|\.(\d+))?(?:-(LTSS|ESPOS|BCL|TERADATA|CLIENT-TOOLS)\S*)? is installed")
_LEAP = re.compile(r"openSUSE Leap (\d+\.\d+)(?: NonFree)? is installed")
_TUMBLEWEED = re.compile(r"openSUSE Tumbleweed is installed")
_MICRO = re.compile(r"\bMicro\b")
_UNAFFECTED = " is not affected"


class SuseOvalFormat:
    """The format `suse-oval`."""

    name = "suse-oval"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each definition: under the CVE's name, or a patch's."""
        yield from advisories(document, where, context, Vendor(_identifier, _affected))


def _identifier(definition: Definition) -> str:
    """The CVE of its title, else the notice that it refers to, else the definition's own identifier."""
    if found := CVE.match(definition.title):
        return found[0]
    notices = (
        one.attributes.get("ref_id", "") for one in definition.metadata.all("reference") if one.attributes.get("source") == "SUSE-SU"
    )
    return next(notices, definition.identifier)


def _affected(definition: Definition) -> Iterator[Affected | str]:
    for alternative in definition.alternatives:
        places = [place for one in alternative.conditions if (place := place_of(one))]
        if not places:
            yield f"no product of it has packages here: {', '.join(alternative.conditions)[:80] or 'no condition'}"
        for namespace, channel in places:
            for row in rpms(alternative, namespace, NameKind.BINARY, None, channel):
                yield _with_state(row, alternative) if isinstance(row, Affected) else row


def place_of(condition: str) -> tuple[str, str | None] | None:
    """Namespace and channel of `SUSE Linux Enterprise Server 15 SP1-LTSS is installed`."""
    if match := _LEAP.fullmatch(condition):
        return f"opensuse-leap:{match[1]}", None
    if _TUMBLEWEED.fullmatch(condition):
        return "opensuse-tumbleweed:rolling", None
    match = _SLE.fullmatch(condition)
    if match is None or _MICRO.search(condition):
        return None
    release = f"{match[1]}.{match[2] or match[3] or '0'}"
    return f"sles:{release}", f"{match[4].lower()}:{release}" if match[4] else None


def _with_state(row: Affected, alternative: Alternative) -> Affected:
    test = next(test for test in alternative.packages if test.package == row.name)
    if test.operator:
        return row
    if test.comment.endswith(_UNAFFECTED):
        return msgspec.structs.replace(row, state=State.NOT_AFFECTED)
    return msgspec.structs.replace(row, fix_state=FixState.NOT_FIXED)
