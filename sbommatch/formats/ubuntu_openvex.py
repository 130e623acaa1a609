"""Ubuntu's VEX: OpenVEX documents for each CVE and each notice (security-metadata.canonical.com/vex).

- A product is a source package in a release, and all its binary packages, which follow it; the source stands for them here.
- The version is the one that the release had when the document was written. *Affected* and *not affected* speak of the package in that
  release, whatever its version; what will be done is told by the action statement.
- *Fixed* in a CVE's document clears that version and all after it: which one brought the fix is not said. In a notice's (USN) document it
  is the version that brought it.
- ESM and FIPS are channels: `distro=esm-infra/xenial`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, Range, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._openvex import Statement, advisories
from sbommatch.formats._packages import package_of
from sbommatch.problem import Problem
from sbommatch.purl import Purl

NOTICES = ("USN-", "LSN-")

FIX_STATES = (("decided to not fix it", FixState.WONT_FIX), ("no longer supported", FixState.EOL))
"""What action statements say; of all others a fix is to come."""


class UbuntuOpenVexFormat:
    """The format `ubuntu-openvex`."""

    name = "ubuntu-openvex"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory, under the name of the CVE or notice."""
        yield from advisories(document, where, context, _rows)


def _rows(statement: Statement, purls: Sequence[Purl], identifier: str, unplaced: "Counter[str]") -> Iterator[Affected]:
    for purl in purls:
        if purl.qualifiers.get("arch") != "source":
            continue
        package = package_of(purl)
        if statement.status == "under_investigation":
            unplaced[statement.status] += 1
        elif package is None or purl.version is None:
            unplaced[f"of the release {purl.qualifiers.get('distro')!r}"] += 1
        else:
            events, raw = _versions(statement.status, purl.version, is_notice=identifier.startswith(NOTICES))
            cleared = statement.status != "affected" and raw[0] != "<"
            yield Affected(
                namespace=package.namespace,
                name=package.name,
                name_kind=NameKind.SOURCE,
                scheme=package.scheme,
                ranges=(Range(package.scheme, events, raw),),
                state=State.NOT_AFFECTED if cleared else State.AFFECTED,
                fix_state=_fix_state(statement) if statement.status == "affected" else None,
                channel=package.channel,
            )


def _versions(status: str, version: str, *, is_notice: bool) -> tuple[tuple[Event, ...], str]:
    """Of which versions it is said, and that as a text."""
    if status != "fixed":
        return (Event(EventKind.INTRODUCED, "0"),), "*"
    if is_notice:
        return (Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, version)), f"<{version}"
    return (Event(EventKind.INTRODUCED, version),), f">={version}"


def _fix_state(statement: Statement) -> FixState:
    said = statement.action_statement or ""
    return next((state for words, state in FIX_STATES if words in said), FixState.NOT_FIXED)
