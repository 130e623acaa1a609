"""Red Hat: OVAL documents of its security data API (`com.redhat.rhsa`, version 2; withdrawn by Red Hat in 2025, kept by many sites).

- Patch definitions are notices (`RHSA-2020:0134`) with the versions that fix.
- Vulnerability definitions (`…cve:def…`) name packages without a fix; `resolution` says of each component whether one will come.
- `…unaffected:def…` names packages that are not affected, which clears them.
- Documents of minor releases (EUS, AUS, TUS, E4S, ELS) say so by the CPEs of their definitions; each is a channel, `eus:8.4`.
"""

import re
from collections.abc import Iterator

import msgspec

from sbommatch.advisory import Advisory, Affected, FixState, NameKind, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._oval import CVE, Definition, Vendor, advisories, rpms
from sbommatch.problem import Problem

_TITLE = re.compile(r"(RH[SBE]A-\d{4}:\d+)\b")
_INSTALLED = re.compile(r"Red Hat (?:Enterprise Linux|CoreOS) (\d+) is installed")
_MODULE = re.compile(r"Module ([\w.+-]+:[\w.+-]+) is enabled")
_CHANNEL = re.compile(r"cpe:/[ao]:redhat:rhel_(eus|aus|tus|e4s|els)(?:_long_life)?:(\d+(?:\.\d+)?)")

_RESOLUTIONS = {
    "affected": FixState.NOT_FIXED,
    "fix deferred": FixState.NOT_FIXED,
    "under investigation": FixState.UNKNOWN,
    "will not fix": FixState.WONT_FIX,
    "out of support scope": FixState.WONT_FIX,
}


class RedHatOvalFormat:
    """The format `redhat-oval`."""

    name = "redhat-oval"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each definition: under the notice's number, or the CVE's."""
        yield from advisories(document, where, context, Vendor(_identifier, _affected))


def _identifier(definition: Definition) -> str:
    found = _TITLE.match(definition.title)
    if found:
        return found[1]
    return definition.cves[0] if definition.cves else next(iter(CVE.findall(definition.title)), "")


def _affected(definition: Definition) -> Iterator[Affected | str]:
    unaffected = ".unaffected:" in definition.identifier
    resolutions = dict(_resolutions(definition))
    channel = _channel(definition)
    for alternative in definition.alternatives:
        release = next((match[1] for one in alternative.conditions if (match := _INSTALLED.fullmatch(one))), None)
        if release is None:
            continue  # "must be installed": the document is of no other system
        module = next((match[1] for one in alternative.conditions if (match := _MODULE.fullmatch(one))), None)
        for row in rpms(alternative, f"rhel:{release}", NameKind.BINARY, module, channel):
            if not isinstance(row, Affected):
                yield row
            elif unaffected:
                yield msgspec.structs.replace(row, state=State.NOT_AFFECTED)
            else:
                yield msgspec.structs.replace(row, fix_state=_fix_state(row, definition, resolutions))


def _resolutions(definition: Definition) -> Iterator[tuple[str, FixState]]:
    for resolution in definition.metadata.descendants("resolution"):
        state = _RESOLUTIONS.get(resolution.attributes.get("state", "").lower())
        for component in resolution.all("component") if state else ():
            assert state is not None
            yield component.text.strip().rpartition("/")[2], state


def _fix_state(row: Affected, definition: Definition, resolutions: dict[str, FixState]) -> FixState | None:
    """A notice's own bounds say it; of a package without a fix its component's resolution, else that of all others where they agree."""
    if definition.element.attributes.get("class") == "patch":
        return None
    agreed = set(resolutions.values())
    return resolutions.get(row.name) or (agreed.pop() if len(agreed) == 1 else FixState.NOT_FIXED)


def _channel(definition: Definition) -> str | None:
    """The channel that all its CPEs are of; a definition of the release itself has other CPEs."""
    cpes = [cpe.text.strip() for cpe in definition.metadata.descendants("cpe")]
    found = {f"{match[1]}:{match[2]}" for cpe in cpes if (match := _CHANNEL.match(cpe))}
    return found.pop() if len(found) == 1 and all(map(_CHANNEL.match, cpes)) else None
